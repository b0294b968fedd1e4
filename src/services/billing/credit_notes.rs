//! What lowers an invoice: the table `credit_note`, append-only.

use chrono::{DateTime, Utc};
use serde_json::json;
use sqlx::PgConnection;
use uuid::Uuid;

use super::invoices;
use crate::{
    domain::{
        actor::Actor,
        event::EventName,
        ids::{ChargeId, CreditNoteId, InvoiceId},
        ledger as book,
        money::Money,
    },
    services::{
        Result, events,
        ledger::{self, Posting},
        mint,
    },
};

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
    let Some(invoice) = invoices::lock(tx, invoice_id).await? else { return Ok(None) };
    let credited: i64 = charges.iter().map(|(_, micros)| micros.saturating_neg()).sum();
    let micros = credited / invoices::MICROS_PER_CENT * invoices::MICROS_PER_CENT;
    if micros <= 0 {
        return Ok(None);
    }
    let sum = Money::new(micros, invoice.currency);
    let unpaid = invoice.due_micros.min(micros);
    let credit_note_id: CreditNoteId = mint();
    insert(tx, credit_note_id, invoice_id, &invoice, sum, unpaid, reason, now).await?;
    let ids: Vec<Uuid> = charges.iter().map(|(charge_id, _)| charge_id.uuid()).collect();
    invoices::insert_lines(tx, &ids, invoice_id, Some(credit_note_id)).await?;
    let booked = book::credit_note_issued(invoice.org_id, sum, 0, invoice.due_micros);
    ledger::post_one(tx, now, Posting::of(credit_note_id.uuid(), reason, booked)?).await?;
    invoices::take_off(tx, invoice_id, unpaid, now).await?;
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

// SQL

#[expect(clippy::too_many_arguments, reason = "a row has as many columns")]
async fn insert(
    tx: &mut PgConnection,
    credit_note_id: CreditNoteId,
    invoice_id: InvoiceId,
    invoice: &invoices::Locked,
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
