//! A payee's part of a charge: the table `earning`.
//!
//! It is pending until its invoice is paid and seven days have gone; then it can be paid out.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    domain::{
        ids::{ChargeId, EarningId, InvoiceId, OrgId},
        ledger::{self as book, Payees},
        money::Money,
    },
    services::{
        Error, Result, Services,
        ledger::{self, Posting},
        mint,
    },
};

/// What was paid for can be taken back by a bank for a while.
const CLEARANCE_DAYS: i64 = 7;
/// Made available in one transaction.
const PER_BATCH: i64 = 5_000;

/// A payee's part, before it is written.
#[derive(Clone, Copy, Debug)]
pub(super) struct NewEarning {
    pub charge_id: ChargeId,
    pub org_id: OrgId,
    pub share_bp: u32,
    pub net: Money,
}

/// Makes earnings available whose time has come, and answers how many. Run again it goes on where it
/// was.
pub async fn mature(services: &Services) -> Result<u64> {
    let mut matured = 0;
    loop {
        let now = services.now();
        let mut tx = services.pool.begin().await?;
        let due = lock_due(&mut tx, now).await?;
        if due.is_empty() {
            return Ok(matured);
        }
        let mut postings = Vec::new();
        for (earning_id, org_id, net, words) in &due {
            let booked = book::earning_matured(*org_id, *net);
            postings.extend(Posting::of(earning_id.uuid(), words.as_str(), booked)?);
        }
        ledger::post(&mut tx, now, postings).await?;
        let ids: Vec<Uuid> = due.iter().map(|(earning_id, ..)| earning_id.uuid()).collect();
        mark_matured(&mut tx, &ids, now).await?;
        tx.commit().await?;
        matured += u64::try_from(due.len()).unwrap_or(0);
    }
}

// SQL

pub(super) async fn insert(tx: &mut PgConnection, parts: &[NewEarning]) -> Result<()> {
    let ids: Vec<Uuid> = parts.iter().map(|_| mint::<EarningId>().uuid()).collect();
    let charges: Vec<Uuid> = parts.iter().map(|each| each.charge_id.uuid()).collect();
    let orgs: Vec<Uuid> = parts.iter().map(|each| each.org_id.uuid()).collect();
    let shares: Vec<i32> =
        parts.iter().map(|each| i32::try_from(each.share_bp).unwrap_or(0)).collect();
    let nets: Vec<i64> = parts.iter().map(|each| each.net.micros).collect();
    let currencies: Vec<String> = parts.iter().map(|each| each.net.currency.to_string()).collect();
    sqlx::query!(
        "insert into earning (earning_id, charge_id, org_id, share_bp, net_micros, currency)
         select * from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::int[], $5::bigint[], $6::text[])",
        &ids,
        &charges,
        &orgs,
        &shares,
        &nets,
        &currencies,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Who shared in a charge.
pub(super) async fn payees(tx: &mut PgConnection, charge_id: ChargeId) -> Result<Payees> {
    let rows = sqlx::query!(
        "select org_id, share_bp from earning where charge_id = $1 order by earning_id",
        charge_id.uuid(),
    )
    .fetch_all(tx)
    .await?;
    let share = |share_bp: i32| u32::try_from(share_bp).unwrap_or(0);
    let shares = rows.into_iter().map(|row| (row.org_id, share(row.share_bp))).collect();
    Payees::new(shares).map_err(|fault| Error::fault("reading payees", fault))
}

/// The invoice is paid: its earnings, credited ones too, become available after the clearance.
pub(super) async fn settle(
    tx: &mut PgConnection,
    invoice_id: InvoiceId,
    paid_at: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "update earning set available_at = $2
         from invoice_line line
         where line.invoice_id = $1 and line.charge_id = earning.charge_id
           and earning.available_at is null",
        invoice_id.uuid(),
        paid_at + TimeDelta::days(CLEARANCE_DAYS),
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// The payment was taken back: what has not become available waits for another one.
pub(super) async fn unsettle(tx: &mut PgConnection, invoice_id: InvoiceId) -> Result<()> {
    sqlx::query!(
        "update earning set available_at = null
         from invoice_line line
         where line.invoice_id = $1 and line.charge_id = earning.charge_id
           and earning.matured_at is null",
        invoice_id.uuid(),
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// What a credit takes from payees is taken when their part of the charge becomes available; at once
/// where it has.
pub(super) async fn settle_like(
    tx: &mut PgConnection,
    credit_id: ChargeId,
    charge_id: ChargeId,
) -> Result<()> {
    sqlx::query!(
        "update earning set available_at = original.available_at
         from earning original
         where earning.charge_id = $1 and original.charge_id = $2
           and original.org_id = earning.org_id",
        credit_id.uuid(),
        charge_id.uuid(),
    )
    .execute(tx)
    .await?;
    Ok(())
}

async fn lock_due(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
) -> Result<Vec<(EarningId, OrgId, Money, String)>> {
    let rows = sqlx::query!(
        r#"select earning.earning_id, earning.org_id, earning.net_micros, earning.currency,
                  to_char(charge.month, 'YYYY-MM') || ': ' || charge.words || '.' as "words!"
           from earning join charge on charge.charge_id = earning.charge_id
           where earning.matured_at is null and earning.available_at <= $1
           order by earning.available_at, earning.earning_id limit $2
           for no key update of earning skip locked"#,
        now,
        PER_BATCH,
    )
    .fetch_all(tx)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let net = Money::new(row.net_micros, row.currency);
            (row.earning_id, row.org_id, net, row.words)
        })
        .collect())
}

async fn mark_matured(tx: &mut PgConnection, ids: &[Uuid], now: DateTime<Utc>) -> Result<()> {
    sqlx::query!("update earning set matured_at = $2 where earning_id = any($1)", ids, now)
        .execute(tx)
        .await?;
    Ok(())
}
