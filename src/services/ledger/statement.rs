//! What the ledger says, for whoever may see all of it: the trial balance, and the statement of an
//! account. Reads only.

use chrono::{DateTime, Utc};
use sqlx::PgPool;
use uuid::Uuid;

use crate::{
    domain::{
        ids::{OrgId, TransactionId},
        ledger::AccountKind,
        money::{Currency, Money},
    },
    services::Result,
};

/// All accounts for one thing, in one currency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountLine {
    pub kind: AccountKind,
    pub accounts: i64,
    /// As people read it: positive on the side it stands on.
    pub balance: Money,
}

/// Every kind of account with what is on it. Debits less credits are nothing, at every commit.
pub async fn trial_balance(pool: &PgPool) -> Result<Vec<AccountLine>> {
    let rows = sqlx::query!(
        r#"select kind, currency, count(*) as "accounts!", sum(balance_micros)::bigint as "micros!"
           from ledger_account group by kind, currency order by currency, kind"#
    )
    .fetch_all(pool)
    .await?;
    let mut lines: Vec<AccountLine> = rows
        .into_iter()
        .map(|row| AccountLine {
            kind: row.kind,
            accounts: row.accounts,
            balance: Money::new(row.kind.reads(row.micros), row.currency),
        })
        .collect();
    lines.sort_by_key(|line| (line.balance.currency, line.kind));
    Ok(lines)
}

/// Which accounts are asked about, and since when.
#[derive(Clone, Copy, Debug)]
pub struct Chosen {
    pub kind: AccountKind,
    /// Everybody's unless told.
    pub org_id: Option<OrgId>,
    pub currency: Currency,
    pub from: Option<DateTime<Utc>>,
    pub until: Option<DateTime<Utc>>,
}

/// One entry, with what caused it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    pub transaction_id: TransactionId,
    pub posted_at: DateTime<Utc>,
    pub code: String,
    pub cause_id: Uuid,
    pub reason: String,
    pub kind: AccountKind,
    pub org_id: Option<OrgId>,
    /// As people read it on this account.
    pub sum: Money,
}

/// The most lines of one statement.
const LINES_MAX: i64 = 1_000;

/// The entries of accounts, latest first; the latest thousand of them.
pub async fn account_statement(pool: &PgPool, chosen: &Chosen) -> Result<Vec<Line>> {
    let rows = sqlx::query!(
        r#"select entry.transaction_id as "transaction_id: TransactionId", made.posted_at, made.code,
                  made.cause_id as "cause_id: Uuid", made.reason, account.kind, account.org_id,
                  account.currency, entry.micros
           from ledger_account account
           join ledger_entry entry on entry.account_id = account.account_id
           join ledger_transaction made on made.transaction_id = entry.transaction_id
           where account.kind = $1 and account.currency = $2
             and ($3::uuid is null or account.org_id = $3)
             and ($4::timestamptz is null or made.posted_at >= $4)
             and ($5::timestamptz is null or made.posted_at < $5)
           order by made.posted_at desc, entry.transaction_id desc, account.account_id limit $6"#,
        chosen.kind.as_str(),
        chosen.currency.as_str(),
        chosen.org_id.map(OrgId::uuid),
        chosen.from,
        chosen.until,
        LINES_MAX,
    )
    .fetch_all(pool)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| Line {
            transaction_id: row.transaction_id,
            posted_at: row.posted_at,
            code: row.code,
            cause_id: row.cause_id,
            reason: row.reason,
            kind: row.kind,
            org_id: row.org_id,
            sum: Money::new(row.kind.reads(row.micros), row.currency),
        })
        .collect())
}

/// Both sides of everything that one row has caused, earliest first.
pub async fn transactions_about(pool: &PgPool, cause_id: Uuid) -> Result<Vec<Line>> {
    let rows = sqlx::query!(
        r#"select entry.transaction_id as "transaction_id: TransactionId", made.posted_at, made.code,
                  made.cause_id as "cause_id: Uuid", made.reason, account.kind, account.org_id,
                  account.currency, entry.micros
           from ledger_transaction made
           join ledger_entry entry on entry.transaction_id = made.transaction_id
           join ledger_account account on account.account_id = entry.account_id
           where made.cause_id = $1
           order by made.posted_at, entry.transaction_id, account.kind, account.account_id"#,
        cause_id,
    )
    .fetch_all(pool)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| Line {
            transaction_id: row.transaction_id,
            posted_at: row.posted_at,
            code: row.code,
            cause_id: row.cause_id,
            reason: row.reason,
            kind: row.kind,
            org_id: row.org_id,
            sum: Money::new(row.kind.reads(row.micros), row.currency),
        })
        .collect())
}
