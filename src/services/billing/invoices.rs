//! What a buyer is asked to pay: the tables `invoice` and `invoice_line`.
//!
//! An invoice asks for whole cents. What is less stays unbilled until it is a cent.

use chrono::{DateTime, TimeDelta, Utc};
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
        Result, Services, events,
        ledger::{self, Posting},
        mint, payments as external,
    },
};

/// Payment services count in hundredths.
pub(super) const MICROS_PER_CENT: i64 = 10_000;

/// Until an invoice is tried again that nobody has answered for.
const RETRY_MINUTES: i64 = 5;

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

/// An invoice that is kept from changing until the transaction is over.
#[derive(Clone, Copy, Debug)]
pub(super) struct Locked {
    pub org_id: OrgId,
    pub currency: Currency,
    pub due_micros: i64,
}

/// An invoice that is to be charged.
#[derive(Clone, Debug)]
pub(super) struct Due {
    pub invoice_id: InvoiceId,
    pub org_id: OrgId,
    pub due: Money,
    pub external_id: Option<String>,
    pub generation: u32,
    pub declines: i32,
    pub first_try_at: DateTime<Utc>,
}

/// Why an invoice was not charged.
#[derive(Clone, Copy, Debug)]
pub(super) enum Collected<'a> {
    /// Nobody was asked.
    Waits(&'a str),
    /// The card was declined, so the next call is another one.
    Declined(&'a str),
}

// SQL

/// Takes the invoice that has waited longest to be charged, and says when it is tried again if nothing
/// more is heard.
pub(super) async fn claim(services: &Services) -> Result<Option<Due>> {
    let now = services.now();
    let row = sqlx::query!(
        r#"update invoice
           set first_try_at = coalesce(first_try_at, $1), next_try_at = $2
           where invoice_id = (
               select invoice_id from invoice
               where settled_at is null and next_try_at <= $1
               order by next_try_at, invoice_id limit 1
               for no key update skip locked
           )
           returning invoice_id, org_id, currency, due_micros, external_id, generation, declines,
                     first_try_at as "first_try_at!""#,
        now,
        now + TimeDelta::minutes(RETRY_MINUTES),
    )
    .fetch_optional(&services.pool)
    .await?;
    Ok(row.map(|row| Due {
        invoice_id: row.invoice_id,
        org_id: row.org_id,
        due: Money::new(row.due_micros, row.currency),
        external_id: row.external_id,
        generation: u32::try_from(row.generation).unwrap_or(0),
        declines: row.declines,
        first_try_at: row.first_try_at,
    }))
}

/// It is tried again after so long; never by itself where nothing is said.
pub(super) async fn put_off(
    services: &Services,
    due: &Due,
    after: Option<TimeDelta>,
    why: Collected<'_>,
) -> Result<()> {
    let (declined, why) = match why {
        Collected::Waits(why) => (0, why),
        Collected::Declined(why) => (1, why),
    };
    sqlx::query!(
        "update invoice
         set next_try_at = $2, generation = generation + $3, declines = declines + $3, failure = $4
         where invoice_id = $1",
        due.invoice_id.uuid(),
        after.map(|after| services.now() + after),
        declined,
        why,
    )
    .execute(&services.pool)
    .await?;
    Ok(())
}

/// The buyer has left another card: what could not be charged is tried again; of `given_up` only what
/// is not tried by itself any more.
pub(super) async fn try_again(services: &Services, org_id: OrgId, given_up: bool) -> Result<()> {
    sqlx::query!(
        "update invoice set next_try_at = $2
         where org_id = $1 and settled_at is null and failure is not null
           and (next_try_at is null or not $3)",
        org_id.uuid(),
        services.now(),
        given_up,
    )
    .execute(&services.pool)
    .await?;
    Ok(())
}

/// Keeps what the provider calls it and where it shows it; false where it is none of ours.
pub(super) async fn note(
    services: &Services,
    invoice_id: InvoiceId,
    seen: &external::Invoice,
) -> Result<bool> {
    let noted = sqlx::query!(
        "update invoice
         set external_id = coalesce(external_id, $2), external_number = coalesce($3, external_number),
             page_url = coalesce($4, page_url), pdf_url = coalesce($5, pdf_url)
         where invoice_id = $1",
        invoice_id.uuid(),
        seen.id.as_str(),
        seen.number,
        seen.page_url,
        seen.pdf_url,
    )
    .execute(&services.pool)
    .await?;
    Ok(noted.rows_affected() == 1)
}

/// What the provider's invoice says: each charge with its words.
pub(super) async fn charges(
    services: &Services,
    invoice_id: InvoiceId,
) -> Result<Vec<(String, i64)>> {
    let rows = sqlx::query!(
        r#"select to_char(charge.month, 'YYYY-MM') || ', ' || asset.title || ': ' || charge.words
                      as "words!", charge.gross_micros
           from invoice_line line
           join charge on charge.charge_id = line.charge_id
           join asset on asset.asset_id = charge.asset_id
           where line.invoice_id = $1 and line.credit_note_id is null
           order by asset.title, charge.month, charge.charge_id"#,
        invoice_id.uuid(),
    )
    .fetch_all(&services.pool)
    .await?;
    Ok(rows.into_iter().map(|row| (row.words, row.gross_micros)).collect())
}

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
                              brought_micros, total_micros, due_micros, issued_at, next_try_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $8, $9, $9)
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

pub(super) async fn insert_lines(
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
