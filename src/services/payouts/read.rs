//! What a creator has, and what was sent, as they see it. Reads only.

use chrono::{DateTime, Utc};

use crate::{
    domain::{
        actor::{Actor, Deed},
        error::Refusal,
        ids::PayoutId,
        ledger::AccountKind,
        money::{Currency, Money},
        payout::State,
    },
    services::{Result, Services, ledger},
};

/// The most rows of a list.
const ROWS_MAX: i64 = 500;

/// What a creator has in one currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Balance {
    pub pending: Money,
    pub available: Money,
    pub held: Money,
    pub in_transit: Money,
}

/// What a run decided, and what became of it.
#[derive(Clone, Debug)]
pub struct DecisionRow {
    pub run_at: DateTime<Utc>,
    pub available: Money,
    /// Why nothing was sent, or not more.
    pub why: Option<String>,
    pub payout: Option<PayoutRow>,
}

/// A payout, and when it got where.
#[derive(Clone, Debug)]
pub struct PayoutRow {
    pub payout_id: PayoutId,
    pub sum: Money,
    pub state: State,
    /// Why it failed.
    pub failure: Option<String>,
    pub created_at: DateTime<Utc>,
    pub transferred_at: Option<DateTime<Utc>>,
    pub paid_at: Option<DateTime<Utc>>,
    pub failed_at: Option<DateTime<Utc>>,
    pub ended_at: Option<DateTime<Utc>>,
}

/// What made up the balance a payout was sent from, since the one before it.
#[derive(Clone, Debug)]
pub struct Part {
    pub posted_at: DateTime<Utc>,
    pub code: String,
    pub reason: String,
    pub sum: Money,
}

/// What one's own organization has, by currency; its first one where it has nothing.
pub async fn balances(services: &Services, actor: &Actor) -> Result<Vec<Balance>> {
    let org_id = actor.may_as_creator(Deed::ReadMoney)?.org_id;
    let mut conn = services.pool.acquire().await?;
    let balances = ledger::balances(&mut conn, org_id).await?;
    let in_currency = |currency: Currency| {
        let reads = |kind| balances.get(&(kind, currency)).copied();
        let all = [
            AccountKind::CreatorPending,
            AccountKind::CreatorAvailable,
            AccountKind::CreatorHeld,
            AccountKind::CreatorInTransit,
        ]
        .map(reads);
        let is_used = all.iter().any(Option::is_some) || currency == Currency::Usd;
        let [pending, available, held, in_transit] =
            all.map(|micros| Money::new(micros.unwrap_or(0), currency));
        is_used.then_some(Balance { pending, available, held, in_transit })
    };
    let of_all: Vec<Balance> = Currency::ALL.iter().copied().filter_map(in_currency).collect();
    Ok(of_all)
}

/// What runs have decided about one's own organization, newest first.
pub async fn decisions(services: &Services, actor: &Actor) -> Result<Vec<DecisionRow>> {
    let org_id = actor.may_as_creator(Deed::ReadMoney)?.org_id;
    let rows = sqlx::query!(
        r#"select made.run_at, made.currency, made.available_micros, made.why,
                  payout.payout_id as "payout_id?", payout.micros as "micros?",
                  payout.state as "state?: State", payout.failure, payout.created_at as "created_at?",
                  payout.transferred_at, payout.paid_at, payout.failed_at, payout.ended_at
           from payout_decision made left join payout on payout.payout_id = made.payout_id
           where made.org_id = $1 order by made.run_at desc, made.currency limit $2"#,
        org_id.uuid(),
        ROWS_MAX,
    )
    .fetch_all(&services.pool)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| DecisionRow {
            run_at: row.run_at,
            available: Money::new(row.available_micros, row.currency),
            why: row.why,
            payout: (|| {
                Some(PayoutRow {
                    payout_id: row.payout_id?,
                    sum: Money::new(row.micros?, row.currency),
                    state: row.state?,
                    failure: row.failure,
                    created_at: row.created_at?,
                    transferred_at: row.transferred_at,
                    paid_at: row.paid_at,
                    failed_at: row.failed_at,
                    ended_at: row.ended_at,
                })
            })(),
        })
        .collect())
}

/// One of one's own payouts, with what it is made of.
pub async fn payout(
    services: &Services,
    actor: &Actor,
    payout_id: PayoutId,
) -> Result<(PayoutRow, Vec<Part>)> {
    let org_id = actor.may_as_creator(Deed::ReadMoney)?.org_id;
    let row = sqlx::query!(
        "select currency, micros, state, failure, created_at, transferred_at, paid_at, failed_at,
                ended_at
         from payout where org_id = $1 and payout_id = $2",
        org_id.uuid(),
        payout_id.uuid(),
    )
    .fetch_optional(&services.pool)
    .await?
    .ok_or_else(|| Refusal::not_found("payout"))?;
    let currency = row.currency;
    let parts = sqlx::query!(
        r#"with own as (
               select made.transaction_id, made.posted_at, made.code, made.cause_id, made.reason,
                      entry.micros
               from ledger_account account
               join ledger_entry entry on entry.account_id = account.account_id
               join ledger_transaction made on made.transaction_id = entry.transaction_id
               where account.org_id = $1 and account.kind = 'creator_available'
                 and account.currency = $2),
           this as (select transaction_id from own where cause_id = $3 and code = 'payout.reserved')
           select own.posted_at as "posted_at!", own.code as "code!", own.reason as "reason!",
                  own.micros as "micros!"
           from own, this
           where own.transaction_id < this.transaction_id
             and own.transaction_id > coalesce(
                 (select max(before.transaction_id::text)::uuid from own before
                  where before.code = 'payout.reserved'
                    and before.transaction_id < this.transaction_id),
                 '00000000-0000-0000-0000-000000000000'::uuid)
           order by own.transaction_id limit 1000"#,
        org_id.uuid(),
        currency.as_str(),
        payout_id.uuid(),
    )
    .fetch_all(&services.pool)
    .await?;
    let payout = PayoutRow {
        payout_id,
        sum: Money::new(row.micros, currency),
        state: row.state,
        failure: row.failure,
        created_at: row.created_at,
        transferred_at: row.transferred_at,
        paid_at: row.paid_at,
        failed_at: row.failed_at,
        ended_at: row.ended_at,
    };
    let parts = parts
        .into_iter()
        .map(|part| Part {
            posted_at: part.posted_at,
            code: part.code,
            reason: part.reason,
            sum: Money::new(AccountKind::CreatorAvailable.reads(part.micros), currency),
        })
        .collect();
    Ok((payout, parts))
}
