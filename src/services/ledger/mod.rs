//! The ledger: the tables `ledger_transaction` and `ledger_entry`, append-only.
//!
//! A cause posts once, however often it is brought. What is posted together touches each account
//! once, so an account that is in every transaction costs no more than any other. Locks are taken in
//! one order: causes, then accounts, each sorted.

mod accounts;
mod check;
mod statement;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

pub(crate) use accounts::balances;
pub use check::{Check, check};
pub use statement::{
    AccountLine, Chosen, Line, account_statement, transactions_about, trial_balance,
};

use super::{Error, Result, mint};
use crate::domain::{
    error::Refusal,
    ids::TransactionId,
    ledger::{Account, NoTransaction, Transaction},
};

/// A transaction, the row that causes it, and why.
#[derive(Clone, Debug)]
pub struct Posting {
    pub cause_id: Uuid,
    /// In a sentence, for whoever asks later.
    pub reason: String,
    pub transaction: Transaction,
}

impl Posting {
    /// What a row causes. Nothing where nothing would move.
    pub fn of(
        cause_id: Uuid,
        reason: impl Into<String>,
        booked: std::result::Result<Transaction, NoTransaction>,
    ) -> Result<Option<Self>> {
        match booked {
            Ok(transaction) => Ok(Some(Self { cause_id, reason: reason.into(), transaction })),
            Err(NoTransaction::Nothing) => Ok(None),
            Err(fault) => Err(Error::fault("booking what happened", fault)),
        }
    }
}

/// Posts what has not been posted yet, and answers the causes that are new. Sums are netted: every
/// account is touched once.
///
/// # Errors
///
/// Refuses to spend, hold or send what is not there (`not_enough`).
pub async fn post(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    mut postings: Vec<Posting>,
) -> Result<BTreeSet<Uuid>> {
    if postings.is_empty() {
        return Ok(BTreeSet::new());
    }
    postings.sort_by_key(|each| (each.cause_id, each.transaction.code()));
    let ids: Vec<TransactionId> = postings.iter().map(|_| mint()).collect();
    let new = insert_transactions(tx, now, &ids, &postings).await?;
    let posted: Vec<(TransactionId, Posting)> =
        ids.into_iter().zip(postings).filter(|(id, _)| new.contains(id)).collect();
    let mut sums: BTreeMap<Account, i128> = BTreeMap::new();
    for entry in posted.iter().flat_map(|(_, each)| each.transaction.entries()) {
        *sums.entry(entry.account).or_default() += i128::from(entry.micros);
    }
    let accounts = accounts::lock(tx, sums.keys().copied()).await?;
    insert_entries(tx, &posted, &accounts).await?;
    accounts::add(tx, &accounts, &sums).await?;
    Ok(posted.into_iter().map(|(_, each)| each.cause_id).collect())
}

/// Posts one.
pub(crate) async fn post_one(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    posting: Option<Posting>,
) -> Result<bool> {
    Ok(!post(tx, now, posting.into_iter().collect()).await?.is_empty())
}

fn not_enough() -> Refusal {
    Refusal::conflict("not_enough", t!("There is not enough money there for this."))
}

fn missing() -> Error {
    Error::fault("posting to the ledger", "an account is not there")
}

// SQL

/// Answers which were not there.
async fn insert_transactions(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    ids: &[TransactionId],
    postings: &[Posting],
) -> Result<BTreeSet<TransactionId>> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
    let codes: Vec<String> =
        postings.iter().map(|each| each.transaction.code().to_string()).collect();
    let causes: Vec<Uuid> = postings.iter().map(|each| each.cause_id).collect();
    let reasons: Vec<String> = postings.iter().map(|each| each.reason.clone()).collect();
    let new = sqlx::query_scalar!(
        "insert into ledger_transaction (transaction_id, code, cause_id, reason, posted_at)
         select id, code, cause_id, reason, $5
         from unnest($1::uuid[], $2::text[], $3::uuid[], $4::text[])
             brought (id, code, cause_id, reason)
         on conflict (cause_id, code) do nothing
         returning transaction_id",
        &ids,
        &codes,
        &causes,
        &reasons,
        now,
    )
    .fetch_all(tx)
    .await?;
    Ok(new.into_iter().collect())
}

async fn insert_entries(
    tx: &mut PgConnection,
    posted: &[(TransactionId, Posting)],
    accounts: &BTreeMap<Account, Uuid>,
) -> Result<()> {
    let mut ids = Vec::new();
    let mut owners = Vec::new();
    let mut currencies = Vec::new();
    let mut sums = Vec::new();
    for (id, posting) in posted {
        for entry in posting.transaction.entries() {
            ids.push(id.uuid());
            owners.push(*accounts.get(&entry.account).ok_or_else(missing)?);
            currencies.push(entry.account.currency().as_str().to_owned());
            sums.push(entry.micros);
        }
    }
    sqlx::query!(
        "insert into ledger_entry (transaction_id, account_id, currency, micros)
         select * from unnest($1::uuid[], $2::uuid[], $3::text[], $4::bigint[])",
        &ids,
        &owners,
        &currencies,
        &sums,
    )
    .execute(tx)
    .await?;
    Ok(())
}

#[cfg(test)]
mod tests;
