//! The tables of attempts: written here, swept after 90 days.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::pending::{Pending, Row, StrangerCount};
use crate::services::{Result, Services};

/// How long attempts are kept.
const KEEP_DAYS: i64 = 90;

/// Writes everything in one transaction.
pub(super) async fn write(
    services: &Services,
    pending: &Pending,
    strangers: &[StrangerCount],
) -> Result<()> {
    let mut tx = services.pool.begin().await?;
    insert_rows(&mut tx, &pending.rows).await?;
    add_refusals(&mut tx, pending).await?;
    add_clients(&mut tx, pending).await?;
    add_strangers(&mut tx, strangers).await?;
    tx.commit().await?;
    Ok(())
}

/// Forgets attempts older than 90 days; of each token the last use is kept.
pub async fn sweep(services: &Services) -> Result<u64> {
    let before = services.now() - TimeDelta::days(KEEP_DAYS);
    let mut tx = services.pool.begin().await?;
    let attempts =
        sqlx::query!("delete from gate_attempt where at < $1", before).execute(&mut *tx).await?;
    let refusals = sqlx::query!("delete from gate_refusal_hour where hour < $1", before)
        .execute(&mut *tx)
        .await?;
    let strangers =
        sqlx::query!("delete from stranger_hour where hour < $1", before).execute(&mut *tx).await?;
    let clients = sqlx::query!(
        "delete from token_client_hour old where hour < $1
           and exists (select from token_client_hour newer
                       where newer.token_id = old.token_id and newer.last_at > old.last_at)",
        before
    )
    .execute(&mut *tx)
    .await?;
    tx.commit().await?;
    let swept = [attempts, refusals, strangers, clients];
    Ok(swept.iter().map(sqlx::postgres::PgQueryResult::rows_affected).sum())
}

// SQL

fn column<R, T>(rows: &[R], of: impl Fn(&R) -> T) -> Vec<T> {
    rows.iter().map(of).collect()
}

async fn insert_rows(tx: &mut PgConnection, rows: &[Row]) -> Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "insert into gate_attempt (attempt_id, at, code, license_id, token_id, org_id,
             creator_org_id, asset_id, subject, scope, job_id, address, network, client, bytes_out,
             receipt_id)
         select * from unnest($1::uuid[], $2::timestamptz[], $3::text[], $4::uuid[], $5::uuid[],
             $6::uuid[], $7::uuid[], $8::uuid[], $9::text[], $10::text[], $11::text[], $12::bytea[],
             $13::bytea[], $14::bytea[], $15::bigint[], $16::uuid[])",
        &column(rows, |_| Uuid::from(ulid::Ulid::new())),
        &column(rows, |row| row.attempt.at) as &[DateTime<Utc>],
        &column(rows, |row| row.attempt.code.to_owned()),
        &column(rows, |row| row.attempt.known.license.license_id.uuid()),
        &column(rows, |row| row.attempt.known.token_id.uuid()),
        &column(rows, |row| row.attempt.known.license.org_id.uuid()),
        &column(rows, |row| row.attempt.known.license.creator_org_id.uuid()),
        &column(rows, |row| row.attempt.known.license.asset_id.uuid()),
        &column(rows, |row| row.attempt.subject.clone()),
        &column(rows, |row| row.attempt.scope.map(str::to_owned)) as &[Option<String>],
        &column(rows, |row| row.attempt.job.clone()) as &[Option<String>],
        &column(rows, |row| row.address.to_vec()),
        &column(rows, |row| row.network.to_vec()),
        &column(rows, |row| row.client.to_vec()),
        &column(rows, |row| i64::try_from(row.attempt.bytes_out).unwrap_or(i64::MAX)),
        &column(rows, |row| row.attempt.receipt_id.map(|id| id.uuid())) as &[Option<Uuid>],
    )
    .execute(tx)
    .await?;
    Ok(())
}

async fn add_refusals(tx: &mut PgConnection, pending: &Pending) -> Result<()> {
    let counts: Vec<_> = pending.refusals.iter().collect();
    if counts.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "insert into gate_refusal_hour (hour, token_id, code, license_id, org_id, creator_org_id, attempts)
         select * from unnest($1::timestamptz[], $2::uuid[], $3::text[], $4::uuid[], $5::uuid[],
             $6::uuid[], $7::bigint[])
         order by 2, 1, 3
         on conflict (token_id, hour, code)
             do update set attempts = gate_refusal_hour.attempts + excluded.attempts",
        &column(&counts, |((hour, ..), _)| *hour) as &[DateTime<Utc>],
        &column(&counts, |((_, token_id, _), _)| token_id.uuid()),
        &column(&counts, |((.., code), _)| (*code).to_owned()),
        &column(&counts, |(_, count)| count.known.license.license_id.uuid()),
        &column(&counts, |(_, count)| count.known.license.org_id.uuid()),
        &column(&counts, |(_, count)| count.known.license.creator_org_id.uuid()),
        &column(&counts, |(_, count)| count.attempts),
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// In the order of the key, so that two gates that write at once do not lock each other out.
async fn add_clients(tx: &mut PgConnection, pending: &Pending) -> Result<()> {
    let counts: Vec<_> = pending.clients.iter().collect();
    if counts.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "insert into token_client_hour (hour, token_id, network, client, deliveries, bytes, last_at)
         select * from unnest($1::timestamptz[], $2::uuid[], $3::bytea[], $4::bytea[], $5::bigint[],
             $6::bigint[], $7::timestamptz[])
         order by 2, 1, 3, 4
         on conflict (token_id, hour, network, client) do update
             set deliveries = token_client_hour.deliveries + excluded.deliveries,
                 bytes = token_client_hour.bytes + excluded.bytes,
                 last_at = greatest(token_client_hour.last_at, excluded.last_at)",
        &column(&counts, |((hour, ..), _)| *hour) as &[DateTime<Utc>],
        &column(&counts, |((_, token_id, _), _)| token_id.uuid()),
        &column(&counts, |((.., client), _)| client.map(|(network, _)| network.to_vec()).unwrap_or_default()),
        &column(&counts, |((.., client), _)| client.map(|(_, agent)| agent.to_vec()).unwrap_or_default()),
        &column(&counts, |(_, count)| count.deliveries),
        &column(&counts, |(_, count)| count.bytes),
        &column(&counts, |(_, count)| count.last_at) as &[DateTime<Utc>],
    )
    .execute(tx)
    .await?;
    Ok(())
}

async fn add_strangers(tx: &mut PgConnection, counts: &[StrangerCount]) -> Result<()> {
    if counts.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "insert into stranger_hour (hour, code, attempts, networks)
         select * from unnest($1::timestamptz[], $2::text[], $3::bigint[], $4::bigint[])
         order by 1, 2
         on conflict (hour, code) do update
             set attempts = stranger_hour.attempts + excluded.attempts,
                 networks = greatest(stranger_hour.networks, excluded.networks)",
        &column(counts, |count| count.hour) as &[DateTime<Utc>],
        &column(counts, |count| count.code.to_owned()),
        &column(counts, |count| count.attempts),
        &column(counts, |count| count.networks),
    )
    .execute(tx)
    .await?;
    Ok(())
}
