//! Where money is counted, and how much there is: the table `ledger_account`.

use std::collections::{BTreeMap, HashMap};

use sqlx::PgConnection;
use uuid::Uuid;

use super::{missing, not_enough};
use crate::{
    domain::{
        ids::OrgId,
        ledger::{Account, AccountKind},
        money::Currency,
    },
    services::{Error, OnConstraint as _, Result},
};

/// Accounts by what they are for, made where they are missing, and kept from moving until the
/// transaction is over.
pub(super) async fn lock(
    tx: &mut PgConnection,
    wanted: impl Iterator<Item = Account>,
) -> Result<BTreeMap<Account, Uuid>> {
    let wanted: Vec<Account> = wanted.collect();
    let kinds: Vec<String> = wanted.iter().map(|each| each.kind().to_string()).collect();
    let owners: Vec<Uuid> =
        wanted.iter().map(|each| each.org_id().map_or(Uuid::nil(), OrgId::uuid)).collect();
    let currencies: Vec<String> = wanted.iter().map(|each| each.currency().to_string()).collect();
    let mut found = select(tx, &kinds, &owners, &currencies).await?;
    if found.len() < wanted.len() {
        insert(tx, &kinds, &owners, &currencies).await?;
        found = select(tx, &kinds, &owners, &currencies).await?;
    }
    wanted
        .into_iter()
        .map(|account| {
            let owner = account.org_id().map_or(Uuid::nil(), OrgId::uuid);
            let key = (account.kind(), owner, account.currency());
            Ok((account, *found.get(&key).ok_or_else(missing)?))
        })
        .collect()
}

/// Adds sums to the balances of accounts that are locked.
pub(super) async fn add(
    tx: &mut PgConnection,
    accounts: &BTreeMap<Account, Uuid>,
    sums: &BTreeMap<Account, i128>,
) -> Result<()> {
    let mut ids = Vec::with_capacity(sums.len());
    let mut micros = Vec::with_capacity(sums.len());
    for (account, sum) in sums.iter().filter(|(_, sum)| **sum != 0) {
        ids.push(*accounts.get(account).ok_or_else(missing)?);
        let sum = i64::try_from(*sum);
        micros.push(sum.map_err(|error| Error::fault("posting to the ledger", error))?);
    }
    sqlx::query!(
        "update ledger_account set balance_micros = balance_micros + brought.micros
         from unnest($1::uuid[], $2::bigint[]) brought (account_id, micros)
         where ledger_account.account_id = brought.account_id",
        &ids,
        &micros,
    )
    .execute(tx)
    .await
    .on_constraint("ledger_account_bounds_check", not_enough)?;
    Ok(())
}

/// What an organization has on its accounts, as people read it.
pub(crate) async fn balances(
    tx: &mut PgConnection,
    org_id: OrgId,
) -> Result<HashMap<(AccountKind, Currency), i64>> {
    let rows = sqlx::query!(
        "select kind, currency, balance_micros from ledger_account where org_id = $1",
        org_id.uuid()
    )
    .fetch_all(tx)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| ((row.kind, row.currency), row.kind.reads(row.balance_micros)))
        .collect())
}

// SQL

type Key = (AccountKind, Uuid, Currency);

async fn select(
    tx: &mut PgConnection,
    kinds: &[String],
    owners: &[Uuid],
    currencies: &[String],
) -> Result<HashMap<Key, Uuid>> {
    let rows = sqlx::query!(
        r#"select account_id, kind, owner as "owner!", currency from ledger_account
           where (owner, kind, currency) in
               (select owner, kind, currency
                from unnest($1::text[], $2::uuid[], $3::text[]) wanted (kind, owner, currency))
           order by account_id for no key update"#,
        kinds,
        owners,
        currencies,
    )
    .fetch_all(tx)
    .await?;
    Ok(rows.into_iter().map(|row| ((row.kind, row.owner, row.currency), row.account_id)).collect())
}

async fn insert(
    tx: &mut PgConnection,
    kinds: &[String],
    owners: &[Uuid],
    currencies: &[String],
) -> Result<()> {
    let ids: Vec<Uuid> = kinds.iter().map(|_| ulid::Ulid::new().into()).collect();
    sqlx::query!(
        "insert into ledger_account (account_id, kind, org_id, currency)
         select id, kind, nullif(owner, '00000000-0000-0000-0000-000000000000'::uuid), currency
         from unnest($1::uuid[], $2::text[], $3::uuid[], $4::text[])
             wanted (id, kind, owner, currency)
         order by owner, kind, currency
         on conflict (owner, kind, currency) do nothing",
        &ids,
        kinds,
        owners,
        currencies,
    )
    .execute(tx)
    .await?;
    Ok(())
}
