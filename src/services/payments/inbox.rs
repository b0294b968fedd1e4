//! What the provider tells us. A letter is kept as it came, once, and answered at once; a worker
//! applies it later by reading again what it is about. So letters may come in any order, any number
//! of times, or not at all: what was missed is fetched from the provider's list.

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

use super::{
    Account, AccountId, Chargeback, ChargebackId, Checkout, CheckoutId, Customer, CustomerId,
    Invoice, InvoiceId, Notice, NoticeId, Outcome, Payments, Payout, PayoutId, Refund, RefundId,
    Transfer, TransferId, parties,
};
use crate::{
    domain::error::{Kind, Refusal},
    services::{Error, Result, Services},
};

/// Events that one turn of the worker applies.
const AT_ONCE: i64 = 50;
/// The longest wait until an event that could not be applied is tried again.
const RETRY_SECONDS_MAX: i32 = 3_600;
/// How far back missed events are looked for; the provider keeps them for thirty days.
const LOOK_BACK: TimeDelta = TimeDelta::days(3);

/// Something at the provider, as it was just read.
#[derive(Clone, Debug, PartialEq)]
pub enum Seen {
    Customer(Customer),
    Checkout(Checkout),
    Invoice(Invoice),
    Refund(Refund),
    Chargeback(Chargeback),
    Account(Account),
    Transfer(Transfer),
    Payout { account: AccountId, payout: Payout },
}

/// Whoever wants to know. It may be told the same thing any number of times, and older things after
/// newer ones are impossible: each is read when it is told.
#[async_trait]
pub trait Listener: Send + Sync {
    /// Takes note of it; an error has it told again later.
    async fn seen(&self, services: &Services, seen: &Seen) -> Result<()>;
}

/// Reads a letter whose signature is right.
pub fn read(body: &[u8]) -> std::result::Result<Notice, Refusal> {
    let unreadable =
        || Refusal::new(Kind::Malformed, "letter_unreadable", "This letter is no event.");
    let raw: Value = serde_json::from_slice(body).map_err(|_| unreadable())?;
    notice(raw).ok_or_else(unreadable)
}

/// An event as the provider writes it.
pub fn notice(raw: Value) -> Option<Notice> {
    let text = |value: &Value| value.as_str().filter(|text| text.len() <= 255).map(str::to_owned);
    Some(Notice {
        id: NoticeId(text(&raw["id"])?),
        kind: text(&raw["type"])?,
        account: text(&raw["account"]).map(AccountId),
        object: text(&raw["data"]["object"]["id"]),
        created_at: DateTime::from_timestamp(raw["created"].as_i64()?, 0)?,
        raw,
    })
}

/// Keeps an event; answers whether it is new.
pub async fn keep(services: &Services, notice: &Notice, is_letter: bool) -> Result<bool> {
    let now = services.now();
    let raw = notice.raw.to_string();
    let livemode = notice.raw["livemode"].as_bool().unwrap_or_default();
    let kept = sqlx::query!(
        "insert into stripe_event
             (event_id, kind, account, object_id, livemode, raw, source, created_at, received_at, next_try_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)
         on conflict (event_id) do update set letters = stripe_event.letters + 1
         returning letters",
        notice.id.as_str(),
        notice.kind,
        notice.account.as_ref().map(AccountId::as_str),
        notice.object,
        livemode,
        raw,
        if is_letter { "letter" } else { "list" },
        notice.created_at,
        now,
    )
    .fetch_one(&services.pool)
    .await?;
    Ok(kept.letters == 1)
}

/// Applies what is due; answers how many events are done with.
pub async fn apply(
    services: &Services,
    payments: &dyn Payments,
    listeners: &[&dyn Listener],
) -> Result<u64> {
    let mut done = 0;
    for event in take_due(services).await? {
        match apply_one(services, payments, listeners, &event).await {
            Ok(()) => {
                mark_applied(services, &event.event_id).await?;
                done += 1;
            }
            Err(error) => {
                tracing::warn!(event.id = %event.event_id, %error, "An event of the provider waits");
                mark_failed(services, &event.event_id, &error.to_string()).await?;
            }
        }
    }
    Ok(done)
}

/// Fetches events that no letter has brought, of our own account and of those we pay.
pub async fn catch_up(services: &Services, payments: &dyn Payments) -> Result<u64> {
    let since = services.now() - LOOK_BACK;
    let mut new = 0;
    let mut whose = vec![None];
    whose.extend(parties::accounts(services).await?.into_iter().map(Some));
    for account in whose {
        let mut after = None;
        loop {
            let page = match payments.events(account.as_ref(), since, after.as_ref()).await {
                Outcome::Done(page) => page,
                Outcome::Refused(refused) => {
                    return Err(Error::fault("listing the provider's events", refused.message));
                }
                Outcome::Unknown(why) => {
                    return Err(Error::fault("listing the provider's events", why));
                }
            };
            for notice in &page.rows {
                new += u64::from(keep_unless_known(services, notice).await?);
            }
            after = page.rows.last().map(|notice| notice.id.clone());
            if !page.more || after.is_none() {
                break;
            }
        }
    }
    Ok(new)
}

async fn apply_one(
    services: &Services,
    payments: &dyn Payments,
    listeners: &[&dyn Listener],
    event: &Due,
) -> Result<()> {
    let Some(seen) = look(payments, event).await? else { return Ok(()) };
    parties::note(services, &seen).await?;
    for listener in listeners {
        listener.seen(services, &seen).await?;
    }
    Ok(())
}

/// Reads again what an event is about; nothing, if it is about nothing we keep an eye on.
async fn look(payments: &dyn Payments, event: &Due) -> Result<Option<Seen>> {
    let id = event.object_id.clone().unwrap_or_default();
    let account = event.account.clone().map(AccountId);
    let noun = event.kind.rsplit_once('.').map_or(event.kind.as_str(), |(noun, _)| noun);
    let looked = match (noun, account) {
        ("customer", None) => payments.customer(&CustomerId(id)).await.map(Seen::Customer),
        ("checkout.session", None) => payments.checkout(&CheckoutId(id)).await.map(Seen::Checkout),
        ("invoice", None) => payments.invoice(&InvoiceId(id)).await.map(Seen::Invoice),
        ("refund", None) => payments.refund_now(&RefundId(id)).await.map(Seen::Refund),
        ("charge.dispute" | "charge.dispute.funds", None) => {
            payments.chargeback(&ChargebackId(id)).await.map(Seen::Chargeback)
        }
        ("transfer", None) => payments.transfer(&TransferId(id)).await.map(Seen::Transfer),
        ("account" | "capability" | "account.external_account", Some(account)) => {
            payments.account(&account).await.map(Seen::Account)
        }
        ("payout", Some(account)) => {
            let looked = payments.payout(&account, &PayoutId(id)).await;
            looked.map(|payout| Seen::Payout { account, payout })
        }
        _ => return Ok(None),
    };
    match looked {
        Outcome::Done(seen) => Ok(Some(seen)),
        // What is gone there says nothing any more.
        Outcome::Refused(refused) if refused.code == "resource_missing" => Ok(None),
        Outcome::Refused(refused) => {
            Err(Error::fault("reading again what an event is about", refused.message))
        }
        Outcome::Unknown(why) => Err(Error::fault("reading again what an event is about", why)),
    }
}

// SQL

/// An event whose turn it is.
struct Due {
    event_id: String,
    kind: String,
    account: Option<String>,
    object_id: Option<String>,
}

/// Takes events that are due, so that no other worker does; one that is not marked as applied comes
/// again, each time later.
async fn take_due(services: &Services) -> Result<Vec<Due>> {
    let now = services.now();
    let due = sqlx::query_as!(
        Due,
        "update stripe_event
         set attempts = attempts + 1,
             next_try_at = $1 + interval '1 second' * least(5 * (1 << least(attempts, 12)), $3)
         where event_id in (
             select event_id from stripe_event
             where applied_at is null and next_try_at <= $1
             order by next_try_at, created_at, event_id limit $2
             for update skip locked
         )
         returning event_id, kind, account, object_id",
        now,
        AT_ONCE,
        RETRY_SECONDS_MAX,
    )
    .fetch_all(&services.pool)
    .await?;
    Ok(due)
}

async fn mark_applied(services: &Services, event_id: &str) -> Result<()> {
    sqlx::query!(
        "update stripe_event set applied_at = coalesce(applied_at, $2), last_error = null
         where event_id = $1",
        event_id,
        services.now(),
    )
    .execute(&services.pool)
    .await?;
    Ok(())
}

async fn mark_failed(services: &Services, event_id: &str, error: &str) -> Result<()> {
    sqlx::query!(
        "update stripe_event set last_error = $2 where event_id = $1 and applied_at is null",
        event_id,
        error,
    )
    .execute(&services.pool)
    .await?;
    Ok(())
}

/// Keeps an event of the list; one that is here already is not counted as another letter.
async fn keep_unless_known(services: &Services, notice: &Notice) -> Result<bool> {
    let is_known = sqlx::query_scalar!(
        r#"select exists (select from stripe_event where event_id = $1) as "known!""#,
        notice.id.as_str(),
    )
    .fetch_one(&services.pool)
    .await?;
    if is_known { Ok(false) } else { keep(services, notice, false).await }
}

/// When the oldest event that waits was received, for whoever watches over the lag.
pub async fn oldest_waiting(services: &Services) -> Result<Option<DateTime<Utc>>> {
    let oldest =
        sqlx::query_scalar!("select min(received_at) from stripe_event where applied_at is null",)
            .fetch_one(&services.pool)
            .await?;
    Ok(oldest)
}
