//! The SQL of sessions.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::{PgConnection, PgPool};

use super::{Row, SWEEP_ROWS, SessionRow};
use crate::{
    domain::{
        identity::browser_in_words,
        ids::{PersonId, SessionId},
    },
    services::Result,
};

pub(super) struct Live {
    pub session_id: SessionId,
    pub person_id: Option<PersonId>,
    pub data: Value,
    pub created_at: DateTime<Utc>,
    pub last_seen_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
}

pub(super) async fn find_live(
    pool: &PgPool,
    hash: &[u8; 32],
    now: DateTime<Utc>,
) -> Result<Option<Live>> {
    Ok(sqlx::query_as!(
        Live,
        "select session_id, person_id, data, created_at, last_seen_at, expires_at
         from session where secret_hash = $1 and expires_at > $2",
        hash.as_slice(),
        now,
    )
    .fetch_optional(pool)
    .await?)
}

pub(super) async fn is_there(
    pool: &PgPool,
    person_id: PersonId,
    session_id: SessionId,
    now: DateTime<Utc>,
) -> Result<bool> {
    Ok(sqlx::query_scalar!(
        r#"select exists (select from session
           where session_id = $1 and person_id = $2 and expires_at > $3) as "there!""#,
        session_id.uuid(),
        person_id.uuid(),
        now,
    )
    .fetch_one(pool)
    .await?)
}

pub(super) async fn insert(
    pool: &PgPool,
    session_id: SessionId,
    row: &Row,
    now: DateTime<Utc>,
    expires_at: DateTime<Utc>,
) -> Result<bool> {
    let done = sqlx::query!(
        "insert into session
             (session_id, secret_hash, person_id, data, user_agent, created_at, last_seen_at, expires_at)
         values ($1, $2, $3, $4, $5, $6, $6, $7) on conflict do nothing",
        session_id.uuid(),
        row.secret_hash.as_slice(),
        row.person_id.map(PersonId::uuid),
        row.data,
        row.user_agent,
        now,
        expires_at,
    )
    .execute(pool)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// A session never changes hands: whose it is was settled when it was created.
pub(super) async fn update_data(pool: &PgPool, row: &Row) -> Result<()> {
    sqlx::query!(
        "update session set data = $2 where secret_hash = $1",
        row.secret_hash.as_slice(),
        row.data,
    )
    .execute(pool)
    .await?;
    Ok(())
}

pub(super) async fn touch(
    pool: &PgPool,
    hash: &[u8; 32],
    now: DateTime<Utc>,
    expires_at: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "update session set last_seen_at = $2, expires_at = $3
         where secret_hash = $1 and last_seen_at < $2",
        hash.as_slice(),
        now,
        expires_at,
    )
    .execute(pool)
    .await?;
    Ok(())
}

pub(super) async fn list_live(
    pool: &PgPool,
    person_id: PersonId,
    now: DateTime<Utc>,
) -> Result<Vec<SessionRow>> {
    let rows = sqlx::query!(
        "select session_id, user_agent, created_at, last_seen_at
         from session where person_id = $1 and expires_at > $2",
        person_id.uuid(),
        now,
    )
    .fetch_all(pool)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| SessionRow {
            session_id: row.session_id,
            browser: browser_in_words(row.user_agent.as_deref().unwrap_or_default()),
            created_at: row.created_at,
            last_seen_at: row.last_seen_at,
            current: false,
        })
        .collect())
}

pub(super) async fn delete_by_secret(pool: &PgPool, hash: &[u8; 32]) -> Result<()> {
    sqlx::query!("delete from session where secret_hash = $1", hash.as_slice())
        .execute(pool)
        .await?;
    Ok(())
}

pub(super) async fn delete_one(
    tx: &mut PgConnection,
    person_id: PersonId,
    session_id: SessionId,
) -> Result<bool> {
    let done = sqlx::query!(
        "delete from session where person_id = $1 and session_id = $2",
        person_id.uuid(),
        session_id.uuid(),
    )
    .execute(tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

pub(super) async fn delete_others(
    tx: &mut PgConnection,
    person_id: PersonId,
    current: SessionId,
) -> Result<Vec<SessionId>> {
    Ok(sqlx::query_scalar!(
        "delete from session where person_id = $1 and session_id <> $2 returning session_id",
        person_id.uuid(),
        current.uuid(),
    )
    .fetch_all(tx)
    .await?)
}

pub(super) async fn delete_expired(pool: &PgPool, now: DateTime<Utc>) -> Result<u64> {
    let done = sqlx::query!(
        "delete from session where session_id in
             (select session_id from session where expires_at <= $1 limit $2)",
        now,
        SWEEP_ROWS,
    )
    .execute(pool)
    .await?;
    Ok(done.rows_affected())
}
