//! What a buyer is asked to pay, and what lowers that: the tables `invoice`, `invoice_line` and
//! `credit_note`.
//!
//! An invoice asks for whole cents. What is less stays unbilled until it is a cent.

use chrono::{DateTime, Utc};
use serde_json::json;
use sqlx::PgConnection;
use uuid::Uuid;

use super::{charges::NewCharge, payments};
use crate::{
    domain::{
        actor::Actor,
        event::EventName,
        ids::{ChargeId, CreditNoteId, InvoiceId, LicenseId, OrgId},
        ledger as book,
        money::{Currency, Money},
        month::Month,
    },
    services::{
        Result, events,
        ledger::{self, Posting},
        mint,
    },
};

/// Payment services count in hundredths.
pub(super) const MICROS_PER_CENT: i64 = 10_000;

/// Whose invoice it is, and what it is for.
#[derive(Clone, Copy, Debug)]
pub(super) struct For {
    pub org_id: OrgId,
    pub currency: Currency,
    pub month: Month,
    /// Where it is for the fees of one license.
    pub license_id: Option<LicenseId>,
}

/// Puts everything unbilled of a buyer on an invoice, and pays it from the wallet as far as that goes.
/// Nothing where that comes to less than a cent, or the invoice is there already.
pub(super) async fn issue(
    tx: &mut PgConnection,
    actor: &Actor,
    now: DateTime<Utc>,
    buyer: For,
) -> Result<Option<InvoiceId>> {
    lock_buyer(tx, buyer.org_id).await?;
    let unbilled = unbilled(tx, buyer).await?;
    let owed = unbilled.charged_micros.saturating_add(unbilled.brought_micros);
    let total = owed / MICROS_PER_CENT * MICROS_PER_CENT;
    if total <= 0 || unbilled.charges.is_empty() {
        return Ok(None);
    }
    let invoice_id: InvoiceId = mint();
    if !insert_invoice(tx, invoice_id, buyer, &unbilled, total, now).await? {
        return Ok(None);
    }
    insert_lines(tx, &unbilled.charges, invoice_id, None).await?;
    let sum = Money::new(total, buyer.currency);
    let reason = match buyer.license_id {
        Some(_) => format!("The fees of a license, from {}.", buyer.month),
        None => format!("The invoice of {}.", buyer.month),
    };
    let booked = book::invoice_issued(buyer.org_id, sum, 0);
    ledger::post_one(tx, now, Posting::of(invoice_id.uuid(), reason, booked)?).await?;
    events::record(
        tx,
        actor,
        now,
        EventName::InvoiceIssued,
        Some(buyer.org_id),
        invoice_id.uuid(),
        json!({
            "month": buyer.month.to_string(),
            "total": sum.decimal(),
            "currency": buyer.currency,
            "license_id": buyer.license_id,
        }),
    )
    .await?;
    payments::spend_wallet(tx, actor, now, invoice_id, buyer.org_id, sum).await?;
    Ok(Some(invoice_id))
}

/// Lowers an invoice by charges that were rated with negative amounts and are on no invoice. Nothing
/// where they come to less than a cent: the next invoice takes them up.
pub(super) async fn lower(
    tx: &mut PgConnection,
    actor: &Actor,
    now: DateTime<Utc>,
    invoice_id: InvoiceId,
    charges: &[(ChargeId, i64)],
    reason: &str,
) -> Result<Option<CreditNoteId>> {
    let Some(invoice) = lock(tx, invoice_id).await? else { return Ok(None) };
    let credited: i64 = charges.iter().map(|(_, micros)| micros.saturating_neg()).sum();
    let micros = credited / MICROS_PER_CENT * MICROS_PER_CENT;
    if micros <= 0 {
        return Ok(None);
    }
    let sum = Money::new(micros, invoice.currency);
    let unpaid = invoice.due_micros.min(micros);
    let credit_note_id: CreditNoteId = mint();
    insert_credit_note(tx, credit_note_id, invoice_id, &invoice, sum, unpaid, reason, now).await?;
    let ids: Vec<Uuid> = charges.iter().map(|(charge_id, _)| charge_id.uuid()).collect();
    insert_lines(tx, &ids, invoice_id, Some(credit_note_id)).await?;
    let booked = book::credit_note_issued(invoice.org_id, sum, 0, invoice.due_micros);
    ledger::post_one(tx, now, Posting::of(credit_note_id.uuid(), reason, booked)?).await?;
    take_off(tx, invoice_id, unpaid, now).await?;
    events::record(
        tx,
        actor,
        now,
        EventName::CreditNoteIssued,
        Some(invoice.org_id),
        credit_note_id.uuid(),
        json!({ "invoice_id": invoice_id, "total": sum.decimal(), "currency": invoice.currency }),
    )
    .await?;
    Ok(Some(credit_note_id))
}

/// An invoice that is kept from changing until the transaction is over.
#[derive(Clone, Copy, Debug)]
pub(super) struct Locked {
    pub org_id: OrgId,
    pub currency: Currency,
    pub due_micros: i64,
}

// SQL

/// One invoice of a buyer at a time.
async fn lock_buyer(tx: &mut PgConnection, org_id: OrgId) -> Result<()> {
    sqlx::query_scalar!(
        "select org_id from organization where org_id = $1 for no key update",
        org_id.uuid()
    )
    .fetch_one(tx)
    .await?;
    Ok(())
}

struct Unbilled {
    charges: Vec<Uuid>,
    charged_micros: i64,
    /// Less than a cent that was left over before.
    brought_micros: i64,
}

/// In one statement, so that charges and balance are of the same instant.
async fn unbilled(tx: &mut PgConnection, buyer: For) -> Result<Unbilled> {
    let row = sqlx::query!(
        r#"with open as (
               select charge_id, license_id, gross_micros from charge
               where org_id = $1 and currency = $2
                 and not exists (select from invoice_line line where line.charge_id = charge.charge_id)),
           asked as (select * from open where $3::uuid is null or license_id = $3)
           select array(select charge_id from asked order by charge_id) as "charges!: Vec<Uuid>",
                  coalesce((select sum(gross_micros) from asked), 0)::bigint as "charged!",
                  (coalesce((select balance_micros from ledger_account
                             where org_id = $1 and currency = $2 and kind = 'buyer_unbilled'), 0)
                   - coalesce((select sum(gross_micros) from open), 0))::bigint as "brought!""#,
        buyer.org_id.uuid(),
        buyer.currency.as_str(),
        buyer.license_id.map(LicenseId::uuid),
    )
    .fetch_one(tx)
    .await?;
    Ok(Unbilled { charges: row.charges, charged_micros: row.charged, brought_micros: row.brought })
}

async fn insert_invoice(
    tx: &mut PgConnection,
    invoice_id: InvoiceId,
    buyer: For,
    unbilled: &Unbilled,
    total: i64,
    now: DateTime<Utc>,
) -> Result<bool> {
    let inserted = sqlx::query!(
        "insert into invoice (invoice_id, org_id, currency, month, license_id, charged_micros,
                              brought_micros, total_micros, due_micros, issued_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $8, $9)
         on conflict (org_id, currency, month, license_id) do nothing",
        invoice_id.uuid(),
        buyer.org_id.uuid(),
        buyer.currency.as_str(),
        buyer.month.first_day(),
        buyer.license_id.map(LicenseId::uuid),
        unbilled.charged_micros,
        unbilled.brought_micros,
        total,
        now,
    )
    .execute(tx)
    .await?;
    Ok(inserted.rows_affected() == 1)
}

async fn insert_lines(
    tx: &mut PgConnection,
    charges: &[Uuid],
    invoice_id: InvoiceId,
    credit_note_id: Option<CreditNoteId>,
) -> Result<()> {
    sqlx::query!(
        "insert into invoice_line (charge_id, invoice_id, credit_note_id)
         select charge_id, $2, $3 from unnest($1::uuid[]) charge_id",
        charges,
        invoice_id.uuid(),
        credit_note_id.map(CreditNoteId::uuid),
    )
    .execute(tx)
    .await?;
    Ok(())
}

pub(super) async fn lock(tx: &mut PgConnection, invoice_id: InvoiceId) -> Result<Option<Locked>> {
    let locked = sqlx::query_as!(
        Locked,
        "select org_id, currency, due_micros from invoice where invoice_id = $1 for no key update",
        invoice_id.uuid(),
    )
    .fetch_optional(tx)
    .await?;
    Ok(locked)
}

/// Less is due; answers whether nothing is.
pub(super) async fn take_off(
    tx: &mut PgConnection,
    invoice_id: InvoiceId,
    micros: i64,
    at: DateTime<Utc>,
) -> Result<bool> {
    let due = sqlx::query_scalar!(
        "update invoice set due_micros = due_micros - $2,
                settled_at = case when due_micros = $2 then coalesce(settled_at, $3) end
         where invoice_id = $1 returning due_micros",
        invoice_id.uuid(),
        micros,
        at,
    )
    .fetch_one(tx)
    .await?;
    Ok(due == 0)
}

/// More is due again, because a payment was taken back.
pub(super) async fn put_back(
    tx: &mut PgConnection,
    invoice_id: InvoiceId,
    micros: i64,
) -> Result<()> {
    sqlx::query!(
        "update invoice set due_micros = due_micros + $2, settled_at = null where invoice_id = $1",
        invoice_id.uuid(),
        micros,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// The invoice a charge is on.
pub(super) async fn of_charge(
    tx: &mut PgConnection,
    charge_id: ChargeId,
) -> Result<Option<InvoiceId>> {
    let found = sqlx::query_scalar!(
        "select invoice_id from invoice_line where charge_id = $1",
        charge_id.uuid()
    )
    .fetch_optional(tx)
    .await?;
    Ok(found)
}

/// The first charge of the same kind, month and license that is on an invoice, and that invoice.
pub(super) async fn of_first(
    tx: &mut PgConnection,
    charge: &NewCharge,
) -> Result<Option<(ChargeId, InvoiceId)>> {
    let found = sqlx::query!(
        "select charge.charge_id, line.invoice_id
         from charge join invoice_line line on line.charge_id = charge.charge_id
         where charge.license_id = $1 and charge.month = $2 and charge.kind = $3
           and charge.revision < $4
         order by charge.revision limit 1",
        charge.license_id.uuid(),
        charge.month.first_day(),
        charge.kind.as_str(),
        charge.revision,
    )
    .fetch_optional(tx)
    .await?;
    Ok(found.map(|row| (row.charge_id, row.invoice_id)))
}

#[expect(clippy::too_many_arguments, reason = "a row has as many columns")]
async fn insert_credit_note(
    tx: &mut PgConnection,
    credit_note_id: CreditNoteId,
    invoice_id: InvoiceId,
    invoice: &Locked,
    sum: Money,
    unpaid_micros: i64,
    reason: &str,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "insert into credit_note (credit_note_id, invoice_id, org_id, currency, micros,
                                  unpaid_micros, reason, issued_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8)",
        credit_note_id.uuid(),
        invoice_id.uuid(),
        invoice.org_id.uuid(),
        sum.currency.as_str(),
        sum.micros,
        unpaid_micros,
        reason,
        now,
    )
    .execute(tx)
    .await?;
    Ok(())
}
