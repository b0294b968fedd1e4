//! Money that comes in for invoices: the table `payment`. A payment counts once, however often it is
//! told of.

use chrono::{DateTime, Utc};
use serde_json::json;
use sqlx::PgConnection;

use super::{earnings, invoices};
use crate::{
    domain::{
        actor::{Actor, Who},
        error::Refusal,
        event::EventName,
        ids::{InvoiceId, OrgId, PaymentId},
        ledger::{self as book, AccountKind},
        money::Money,
    },
    services::{
        Result, Services, events,
        ledger::{self, Posting},
        mint,
    },
};

/// A payment of an invoice, as the payment service tells of it.
#[derive(Clone, Debug)]
pub struct Paid {
    pub invoice_id: InvoiceId,
    /// As the payment service knows it.
    pub external_id: String,
    pub sum: Money,
    pub paid_at: DateTime<Utc>,
}

/// A payment was made. What is more than was due is in the wallet. Answers whether it was news.
///
/// # Errors
///
/// Only the product itself hears of payments; to everybody else there is no such invoice.
pub async fn payment_received(services: &Services, actor: &Actor, paid: &Paid) -> Result<bool> {
    let none = || Refusal::not_found("invoice");
    if actor.who != Who::System {
        return Err(none().into());
    }
    let now = services.now();
    let mut tx = services.pool.begin().await?;
    let invoice = invoices::lock(&mut tx, paid.invoice_id).await?.ok_or_else(none)?;
    if invoice.currency != paid.sum.currency || paid.sum.micros <= 0 {
        return Err(Refusal::invalid("sum", t!("This is no payment of this invoice.")).into());
    }
    let money = |micros| Money::new(micros, paid.sum.currency);
    let taken = money(paid.sum.micros.min(invoice.due_micros));
    let more = money(paid.sum.micros.saturating_sub(taken.micros));
    let payment_id: PaymentId = mint();
    let row = New {
        payment_id,
        invoice_id: paid.invoice_id,
        org_id: invoice.org_id,
        external_id: Some(paid.external_id.as_str()),
        extra_micros: more.micros,
    };
    if !insert(&mut tx, row, taken, paid.paid_at).await? {
        return Ok(false);
    }
    let received = book::payment_received(invoice.org_id, taken);
    let top_up = book::top_up_received(invoice.org_id, more);
    let postings = [
        Posting::of(payment_id.uuid(), "An invoice was paid.", received)?,
        Posting::of(payment_id.uuid(), "More was paid than was due.", top_up)?,
    ];
    ledger::post(&mut tx, now, postings.into_iter().flatten().collect()).await?;
    let of = (paid.invoice_id, invoice.org_id);
    apply(&mut tx, actor, now, of, taken, paid.paid_at).await?;
    tx.commit().await?;
    Ok(true)
}

/// A payment was taken back: its invoice is open again. Answers whether it was news.
///
/// # Errors
///
/// Only the product itself hears of that; to everybody else there is no such payment.
pub async fn payment_returned(
    services: &Services,
    actor: &Actor,
    external_id: &str,
) -> Result<bool> {
    let none = || Refusal::not_found("payment");
    if actor.who != Who::System {
        return Err(none().into());
    }
    let now = services.now();
    let mut tx = services.pool.begin().await?;
    let row = sqlx::query!(
        "select payment_id, invoice_id, org_id, currency, micros, extra_micros, returned_at from payment
         where external_id = $1 for no key update",
        external_id,
    )
    .fetch_optional(&mut *tx)
    .await?
    .ok_or_else(none)?;
    if row.returned_at.is_some() {
        return Ok(false);
    }
    sqlx::query!(
        "update payment set returned_at = $2 where payment_id = $1",
        row.payment_id.uuid(),
        now
    )
    .execute(&mut *tx)
    .await?;
    let invoice = invoices::lock(&mut tx, row.invoice_id).await?.ok_or_else(none)?;
    let sum = Money::new(row.micros, row.currency);
    let extra = Money::new(row.extra_micros, row.currency);
    let reason = "A payment was taken back.";
    let postings = [
        Posting::of(row.payment_id.uuid(), reason, book::payment_returned(row.org_id, sum))?,
        // What went to the wallet may be spent.
        Posting::of(row.payment_id.uuid(), reason, book::chargeback_taken(row.org_id, extra))?,
    ];
    ledger::post(&mut tx, now, postings.into_iter().flatten().collect()).await?;
    invoices::put_back(&mut tx, row.invoice_id, sum.micros).await?;
    earnings::unsettle(&mut tx, row.invoice_id).await?;
    events::record(
        &mut tx,
        actor,
        now,
        EventName::PaymentReturned,
        Some(invoice.org_id),
        row.invoice_id.uuid(),
        json!({ "sum": sum.decimal(), "currency": sum.currency }),
    )
    .await?;
    tx.commit().await?;
    Ok(true)
}

/// Who made a payment, as the payment service knows it.
pub async fn payer(services: &Services, external_id: &str) -> Result<Option<OrgId>> {
    let found =
        sqlx::query_scalar!("select org_id from payment where external_id = $1", external_id)
            .fetch_optional(&services.pool)
            .await?;
    Ok(found)
}

/// Pays a new invoice with what is in the wallet, as far as that goes.
pub(super) async fn spend_wallet(
    tx: &mut PgConnection,
    actor: &Actor,
    now: DateTime<Utc>,
    invoice_id: InvoiceId,
    org_id: OrgId,
    total: Money,
) -> Result<()> {
    let balances = ledger::balances(tx, org_id).await?;
    let wallet = balances.get(&(AccountKind::BuyerWallet, total.currency)).copied().unwrap_or(0);
    let sum = Money::new(whole_cents(wallet.min(total.micros)), total.currency);
    if sum.micros <= 0 {
        return Ok(());
    }
    let payment_id: PaymentId = mint();
    insert(
        tx,
        New { payment_id, invoice_id, org_id, external_id: None, extra_micros: 0 },
        sum,
        now,
    )
    .await?;
    let booked = book::wallet_spent(org_id, sum);
    let reason = "An invoice was paid from the wallet.";
    ledger::post_one(tx, now, Posting::of(payment_id.uuid(), reason, booked)?).await?;
    apply(tx, actor, now, (invoice_id, org_id), sum, now).await
}

const fn whole_cents(micros: i64) -> i64 {
    micros / invoices::MICROS_PER_CENT * invoices::MICROS_PER_CENT
}

/// Less is due; where nothing is, what the invoice earned is on its way.
async fn apply(
    tx: &mut PgConnection,
    actor: &Actor,
    now: DateTime<Utc>,
    (invoice_id, org_id): (InvoiceId, OrgId),
    sum: Money,
    paid_at: DateTime<Utc>,
) -> Result<()> {
    if sum.micros > 0 && invoices::take_off(tx, invoice_id, sum.micros, paid_at).await? {
        earnings::settle(tx, invoice_id, paid_at).await?;
        let detail = json!({ "sum": sum.decimal(), "currency": sum.currency });
        let name = EventName::InvoicePaid;
        events::record(tx, actor, now, name, Some(org_id), invoice_id.uuid(), detail).await?;
    }
    Ok(())
}

// SQL

struct New<'a> {
    payment_id: PaymentId,
    invoice_id: InvoiceId,
    org_id: OrgId,
    external_id: Option<&'a str>,
    /// What was paid beyond what was due.
    extra_micros: i64,
}

async fn insert(
    tx: &mut PgConnection,
    new: New<'_>,
    sum: Money,
    paid_at: DateTime<Utc>,
) -> Result<bool> {
    let inserted = sqlx::query!(
        "insert into payment (payment_id, invoice_id, org_id, currency, micros, extra_micros,
                              external_id, paid_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8)
         on conflict (external_id) do nothing",
        new.payment_id.uuid(),
        new.invoice_id.uuid(),
        new.org_id.uuid(),
        sum.currency.as_str(),
        sum.micros,
        new.extra_micros,
        new.external_id,
        paid_at,
    )
    .execute(tx)
    .await?;
    Ok(inserted.rows_affected() == 1)
}
