//! Where payouts stand: the table `payout`. What is seen moves one on, and books what that means, in
//! one transaction.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use sqlx::PgConnection;

use crate::{
    domain::{
        actor::Actor,
        event::EventName,
        ids::{OrgId, PayoutId},
        money::Money,
        payout::{self, State},
    },
    services::{
        Error, Result, Services, events,
        ledger::{self, Posting},
        payments::{self, Payments, Transfer},
    },
};

/// Something that was seen of a payout.
#[derive(Clone, Debug)]
pub struct News {
    pub state: State,
    /// The transfer that sends it, where that was seen.
    pub transfer: Option<Transfer>,
    /// Why it failed, for the creator.
    pub failure: Option<String>,
}

/// What is to be sent, or taken back.
#[derive(Clone, Debug)]
pub(super) struct Due {
    pub payout_id: PayoutId,
    pub sum: Money,
    pub state: State,
    pub account_id: String,
    pub generation: u32,
    pub first_try_at: DateTime<Utc>,
    pub transfer_id: Option<String>,
}

/// Moves a payout on, and answers whether that was news.
pub(super) async fn apply(
    services: &Services,
    actor: &Actor,
    payout_id: PayoutId,
    news: &News,
) -> Result<bool> {
    let now = services.now();
    let mut tx = services.pool.begin().await?;
    let (org_id, sum, known) = lock(&mut tx, payout_id).await?;
    let steps = payout::steps(known, news.state)
        .map_err(|fault| Error::fault("following a payout", fault))?;
    if let Some(transfer) = &news.transfer {
        write_transfer(&mut tx, payout_id, transfer).await?;
    }
    if steps.state() == known {
        tx.commit().await?;
        return Ok(false);
    }
    let mut postings = Vec::new();
    for code in steps.codes() {
        let booked = payout::booking(*code, org_id, sum);
        postings.extend(Posting::of(payout_id.uuid(), code.sentence(), booked)?);
    }
    ledger::post(&mut tx, now, postings).await?;
    write_state(&mut tx, payout_id, steps.state(), news.failure.as_deref(), now).await?;
    let name = match steps.state() {
        State::Reserved | State::Transferred => EventName::PayoutSent,
        State::Paid => EventName::PayoutPaid,
        State::Refused | State::Failed => EventName::PayoutFailed,
        State::Returned => EventName::PayoutReturned,
    };
    let detail = json!({ "sum": sum.decimal(), "currency": sum.currency, "why": news.failure });
    events::record(&mut tx, actor, now, name, Some(org_id), payout_id.uuid(), detail).await?;
    tx.commit().await?;
    Ok(true)
}

/// A transfer of ours was read: its payout is at least on its way, and back where all of it was taken
/// back. One that is none of ours means nothing.
pub async fn transfer_seen(
    services: &Services,
    actor: &Actor,
    transfer: &Transfer,
) -> Result<bool> {
    let Some(reference) = transfer.reference.as_ref().filter(|it| it.kind == "payout") else {
        return Ok(false);
    };
    let Ok(payout_id) = reference.id.parse::<PayoutId>() else { return Ok(false) };
    if !is_known(services, payout_id).await? {
        return Ok(false);
    }
    let is_back = transfer.reversed == transfer.amount;
    let state = if is_back { State::Returned } else { State::Transferred };
    let news = News { state, transfer: Some(transfer.clone()), failure: None };
    apply(services, actor, payout_id, &news).await
}

/// Something happened to money between a creator's account and their bank: every payout of ours that
/// was in it is moved on. Answers how many that was news for.
///
/// # Errors
///
/// A fault where the payment service does not answer; then it is asked again later.
pub async fn arrivals_seen(
    services: &Services,
    payments: &dyn Payments,
    actor: &Actor,
    account: &payments::AccountId,
    bank_payout: &payments::Payout,
) -> Result<usize> {
    let state = match bank_payout.state {
        payments::PayoutState::Paid => State::Paid,
        payments::PayoutState::Failed | payments::PayoutState::Canceled => State::Failed,
        payments::PayoutState::Pending | payments::PayoutState::InTransit => return Ok(0),
    };
    let entries = payments.payout_entries(account, &bank_payout.id).await.or_sentence()?;
    let arrivals: Vec<String> = entries.into_iter().filter_map(|entry| entry.source).collect();
    let failure = bank_payout.failure.as_ref().map(|(_, sentence)| sentence.clone());
    let mut news = 0;
    for payout_id in by_arrival(services, account, &arrivals).await? {
        let seen = News { state, transfer: None, failure: failure.clone() };
        if apply(services, actor, payout_id, &seen).await? {
            news += 1;
        }
    }
    Ok(news)
}

// SQL

/// A payout that was decided on.
pub(super) async fn insert(
    tx: &mut PgConnection,
    payout_id: PayoutId,
    org_id: OrgId,
    sum: Money,
    account_id: &str,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "insert into payout (payout_id, org_id, currency, micros, state, account_id, next_try_at,
                             created_at)
         values ($1, $2, $3, $4, 'reserved', $5, $6, $6)",
        payout_id.uuid(),
        org_id.uuid(),
        sum.currency.as_str(),
        sum.micros,
        account_id,
        now,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Takes the payout that has waited longest for a call, and says when it is tried next if nothing
/// more is heard of this one.
pub(super) async fn claim(services: &Services) -> Result<Option<Due>> {
    let now = services.now();
    let row = sqlx::query!(
        r#"update payout
           set tries = tries + 1, first_try_at = coalesce(first_try_at, $1),
               next_try_at = $1 + least(tries + 1, 60) * $2::interval
           where payout_id = (
               select payout_id from payout
               where state in ('reserved', 'failed') and next_try_at <= $1
               order by next_try_at, payout_id limit 1
               for no key update skip locked
           )
           returning payout_id, currency, micros, state, account_id, generation,
                     first_try_at as "first_try_at!", transfer_id"#,
        now,
        sqlx::postgres::types::PgInterval { months: 0, days: 0, microseconds: 60_000_000 },
    )
    .fetch_optional(&services.pool)
    .await?;
    Ok(row.map(|row| Due {
        payout_id: row.payout_id,
        sum: Money::new(row.micros, row.currency),
        state: row.state,
        account_id: row.account_id,
        generation: u32::try_from(row.generation).unwrap_or(0),
        first_try_at: row.first_try_at,
        transfer_id: row.transfer_id,
    }))
}

/// The last call is known to have moved nothing: the next one has another key.
pub(super) async fn next_generation(
    services: &Services,
    due: &Due,
    after: TimeDelta,
) -> Result<()> {
    let now = services.now();
    sqlx::query!(
        "update payout set generation = generation + 1, first_try_at = null, next_try_at = $3
         where payout_id = $1 and generation = $2",
        due.payout_id.uuid(),
        i32::try_from(due.generation).unwrap_or(i32::MAX),
        now + after,
    )
    .execute(&services.pool)
    .await?;
    Ok(())
}

async fn is_known(services: &Services, payout_id: PayoutId) -> Result<bool> {
    let found = sqlx::query_scalar!(
        r#"select exists (select from payout where payout_id = $1) as "found!""#,
        payout_id.uuid(),
    )
    .fetch_one(&services.pool)
    .await?;
    Ok(found)
}

async fn lock(tx: &mut PgConnection, payout_id: PayoutId) -> Result<(OrgId, Money, State)> {
    let row = sqlx::query!(
        "select org_id, currency, micros, state from payout where payout_id = $1 for no key update",
        payout_id.uuid(),
    )
    .fetch_one(tx)
    .await?;
    Ok((row.org_id, Money::new(row.micros, row.currency), row.state))
}

async fn write_transfer(
    tx: &mut PgConnection,
    payout_id: PayoutId,
    transfer: &Transfer,
) -> Result<()> {
    sqlx::query!(
        "update payout set transfer_id = $2, arrival = coalesce($3, arrival) where payout_id = $1",
        payout_id.uuid(),
        transfer.id.as_str(),
        transfer.arrival,
    )
    .execute(tx)
    .await?;
    Ok(())
}

async fn write_state(
    tx: &mut PgConnection,
    payout_id: PayoutId,
    state: State,
    failure: Option<&str>,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "update payout
         set state = $2, failure = coalesce($3, failure),
             generation = case when $2 = 'failed' then 0 else generation end,
             next_try_at = case when $2 = 'failed' then $4 else next_try_at end,
             first_try_at = case when $2 = 'failed' then null else first_try_at end,
             transferred_at = case when $2 not in ('refused', 'reserved')
                                   then coalesce(transferred_at, $4) end,
             paid_at = case when $2 = 'paid' then $4 else paid_at end,
             failed_at = case when $2 in ('failed', 'returned') then coalesce(failed_at, $4) end,
             ended_at = case when $2 in ('refused', 'returned') then $4 end
         where payout_id = $1",
        payout_id.uuid(),
        state.as_str(),
        failure,
        now,
    )
    .execute(tx)
    .await?;
    Ok(())
}

async fn by_arrival(
    services: &Services,
    account: &payments::AccountId,
    arrivals: &[String],
) -> Result<Vec<PayoutId>> {
    let found = sqlx::query_scalar!(
        "select payout_id from payout where account_id = $1 and arrival = any($2) order by payout_id",
        account.as_str(),
        arrivals,
    )
    .fetch_all(&services.pool)
    .await?;
    Ok(found)
}
