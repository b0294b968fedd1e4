//! What buyers are asked to pay and creators have earned, as they see it. Reads only.

use chrono::{DateTime, Utc};

use crate::{
    domain::{
        actor::{Actor, Deed},
        error::Refusal,
        ids::{AssetId, ChargeId, CreditNoteId, InvoiceId, LicenseId},
        money::{Currency, Money},
        month::Month,
    },
    services::{Result, Services},
};

/// The most rows of a list.
const ROWS_MAX: i64 = 500;

/// An invoice in a list.
#[derive(Clone, Debug)]
pub struct InvoiceRow {
    pub invoice_id: InvoiceId,
    pub month: Month,
    /// Whether it is for the fees of a license at its start.
    pub is_for_fees: bool,
    pub total: Money,
    pub due: Money,
    pub issued_at: DateTime<Utc>,
    pub settled_at: Option<DateTime<Utc>>,
}

/// One charge on an invoice, or on a credit note of it.
#[derive(Clone, Debug)]
pub struct InvoiceLine {
    pub license_id: LicenseId,
    pub title: String,
    pub month: Month,
    pub words: String,
    pub units: i64,
    pub sum: Money,
    pub credit_note_id: Option<CreditNoteId>,
}

/// Money that came in for an invoice.
#[derive(Clone, Debug)]
pub struct PaymentRow {
    pub sum: Money,
    pub from_wallet: bool,
    pub paid_at: DateTime<Utc>,
    pub returned_at: Option<DateTime<Utc>>,
}

/// An invoice with what it is made of.
#[derive(Clone, Debug)]
pub struct Invoice {
    pub row: InvoiceRow,
    pub lines: Vec<InvoiceLine>,
    /// Less than a cent, left over from earlier invoices.
    pub brought: Money,
    pub tax: Money,
    pub payments: Vec<PaymentRow>,
    /// Where the payment service shows it, and keeps it as a document.
    pub page_url: Option<String>,
    pub pdf_url: Option<String>,
}

fn month_of(date: chrono::NaiveDate) -> Month {
    Month::of(date.and_time(chrono::NaiveTime::MIN).and_utc())
}

/// One's own invoices, newest first.
pub async fn invoices(services: &Services, actor: &Actor) -> Result<Vec<InvoiceRow>> {
    let org_id = actor.may_as_buyer(Deed::ReadMoney)?.org_id;
    let rows = sqlx::query!(
        r#"select invoice_id, month, license_id is not null as "is_for_fees!", currency,
                  total_micros, due_micros, issued_at, settled_at
           from invoice where org_id = $1 order by issued_at desc, invoice_id desc limit $2"#,
        org_id.uuid(),
        ROWS_MAX,
    )
    .fetch_all(&services.pool)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| InvoiceRow {
            invoice_id: row.invoice_id,
            month: month_of(row.month),
            is_for_fees: row.is_for_fees,
            total: Money::new(row.total_micros, row.currency),
            due: Money::new(row.due_micros, row.currency),
            issued_at: row.issued_at,
            settled_at: row.settled_at,
        })
        .collect())
}

/// One of one's own invoices, with what it is made of.
pub async fn invoice(services: &Services, actor: &Actor, invoice_id: InvoiceId) -> Result<Invoice> {
    let org_id = actor.may_as_buyer(Deed::ReadMoney)?.org_id;
    let found = sqlx::query!(
        r#"select month, license_id is not null as "is_for_fees!", currency, total_micros, due_micros,
                  brought_micros, tax_micros, issued_at, settled_at, page_url, pdf_url
           from invoice where org_id = $1 and invoice_id = $2"#,
        org_id.uuid(),
        invoice_id.uuid(),
    )
    .fetch_optional(&services.pool)
    .await?
    .ok_or_else(|| Refusal::not_found("invoice"))?;
    let money = |micros| Money::new(micros, found.currency);
    let row = InvoiceRow {
        invoice_id,
        month: month_of(found.month),
        is_for_fees: found.is_for_fees,
        total: money(found.total_micros),
        due: money(found.due_micros),
        issued_at: found.issued_at,
        settled_at: found.settled_at,
    };
    let lines = sqlx::query!(
        r#"select charge.license_id, asset.title, charge.month, charge.words, charge.units,
                  charge.gross_micros, line.credit_note_id
           from invoice_line line
           join charge on charge.charge_id = line.charge_id
           join asset on asset.asset_id = charge.asset_id
           where line.invoice_id = $1
           order by line.credit_note_id nulls first, asset.title, charge.month, charge.charge_id"#,
        invoice_id.uuid(),
    )
    .fetch_all(&services.pool)
    .await?;
    let payments = sqlx::query!(
        r#"select micros, external_id is null as "from_wallet!", paid_at, returned_at
           from payment where invoice_id = $1 order by paid_at, payment_id"#,
        invoice_id.uuid(),
    )
    .fetch_all(&services.pool)
    .await?;
    Ok(Invoice {
        row,
        lines: lines
            .into_iter()
            .map(|line| InvoiceLine {
                license_id: line.license_id,
                title: line.title,
                month: month_of(line.month),
                words: line.words,
                units: line.units,
                sum: money(line.gross_micros),
                credit_note_id: line.credit_note_id,
            })
            .collect(),
        brought: money(found.brought_micros),
        tax: money(found.tax_micros),
        payments: payments
            .into_iter()
            .map(|payment| PaymentRow {
                sum: money(payment.micros),
                from_wallet: payment.from_wallet,
                paid_at: payment.paid_at,
                returned_at: payment.returned_at,
            })
            .collect(),
        page_url: found.page_url,
        pdf_url: found.pdf_url,
    })
}

/// What a creator earned in a month, in one currency.
#[derive(Clone, Debug)]
pub struct StatementRow {
    pub month: Month,
    pub lines: i64,
    pub net: Money,
    /// Of it, what has become available.
    pub matured: Money,
}

/// One line of a statement: a charge, and one's own part of it.
#[derive(Clone, Debug)]
pub struct StatementLine {
    pub charge_id: ChargeId,
    pub license_id: LicenseId,
    pub asset_id: AssetId,
    pub title: String,
    pub buyer: String,
    pub tier: String,
    pub words: String,
    pub units: i64,
    pub gross: Money,
    pub fee: Money,
    /// Of what is left of the gross, in basis points.
    pub share_bp: i32,
    pub net: Money,
    /// Missing until the invoice is paid.
    pub available_at: Option<DateTime<Utc>>,
    pub matured_at: Option<DateTime<Utc>>,
}

/// One's own months with earnings, newest first.
pub async fn statements(services: &Services, actor: &Actor) -> Result<Vec<StatementRow>> {
    let org_id = actor.may_as_creator(Deed::ReadMoney)?.org_id;
    let rows = sqlx::query!(
        r#"select charge.month, earning.currency as "currency!: Currency", count(*) as "lines!",
                  sum(net_micros)::bigint as "net!",
                  coalesce(sum(net_micros) filter (where matured_at is not null), 0)::bigint as "matured!"
           from earning join charge on charge.charge_id = earning.charge_id
           where earning.org_id = $1
           group by charge.month, earning.currency order by charge.month desc, earning.currency
           limit $2"#,
        org_id.uuid(),
        ROWS_MAX,
    )
    .fetch_all(&services.pool)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| StatementRow {
            month: month_of(row.month),
            lines: row.lines,
            net: Money::new(row.net, row.currency),
            matured: Money::new(row.matured, row.currency),
        })
        .collect())
}

/// What one's own organization earned in a month, line by line.
pub async fn statement(
    services: &Services,
    actor: &Actor,
    month: Month,
) -> Result<Vec<StatementLine>> {
    let org_id = actor.may_as_creator(Deed::ReadMoney)?.org_id;
    let rows = sqlx::query!(
        r#"select charge.charge_id, charge.license_id, charge.asset_id, asset.title,
                  buyer.name as buyer, tier.name as tier, charge.words, charge.units,
                  charge.currency, charge.gross_micros, charge.fee_micros, earning.share_bp,
                  earning.net_micros, earning.available_at, earning.matured_at
           from earning
           join charge on charge.charge_id = earning.charge_id
           join asset on asset.asset_id = charge.asset_id
           join organization buyer on buyer.org_id = charge.org_id
           join tier on tier.tier_id = charge.tier_id
           where earning.org_id = $1 and charge.month = $2
           order by asset.title, buyer.name, charge.charge_id"#,
        org_id.uuid(),
        month.first_day(),
    )
    .fetch_all(&services.pool)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let money = |micros| Money::new(micros, row.currency);
            StatementLine {
                charge_id: row.charge_id,
                license_id: row.license_id,
                asset_id: row.asset_id,
                title: row.title,
                buyer: row.buyer,
                tier: row.tier,
                words: row.words,
                units: row.units,
                gross: money(row.gross_micros),
                fee: money(row.fee_micros),
                share_bp: row.share_bp,
                net: money(row.net_micros),
                available_at: row.available_at,
                matured_at: row.matured_at,
            }
        })
        .collect())
}
