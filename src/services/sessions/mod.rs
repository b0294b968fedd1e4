//! Signed-in browsers: the store behind the cookie, and what a person may do with their own.
//!
//! The cookie's secret is kept only as its SHA-256. A session ends 14 days after it was last seen
//! and 90 days after it began, whatever happens; one that was revoked is gone at its next request.

mod rows;

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use chrono::{DateTime, Duration, Utc};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};
use sqlx::{PgConnection, PgPool};
use tower_sessions::{
    SessionStore,
    cookie::time::OffsetDateTime,
    session::{Id, Record},
    session_store::{Error as StoreError, Result as StoreResult},
};

use self::rows::{
    delete_by_secret, delete_expired, delete_one, delete_others, find_live, insert, is_there,
    list_live, touch, update_data,
};
use super::{Clock, Result, Services, events, mint};
use crate::domain::{
    actor::Actor,
    error::Refusal,
    event::EventName,
    ids::{PersonId, SessionId},
};

/// The data key that holds the person who signed in.
pub const PERSON_KEY: &str = "person_id";
/// The data key that holds the browser's `User-Agent` at sign-in.
pub const USER_AGENT_KEY: &str = "user_agent";
/// The data key that tells a loaded session its own public id; it is never stored.
pub const SESSION_KEY: &str = "session_id";

/// A session ends this long after it began.
pub const ABSOLUTE_DAYS: i64 = 90;
const IDLE_DAYS: i64 = 14;
/// A browser that has not signed in keeps only what the way to the provider and back needs.
const VISITOR_HOURS: i64 = 1;
/// When a session was seen is written at most this often.
const SEEN_SECONDS: i64 = 60;
const USER_AGENT_LENGTH_MAX: usize = 256;
/// How many expired rows one sweep removes at a time.
const SWEEP_ROWS: i64 = 1000;

/// Sessions in PostgreSQL, for `tower_sessions`.
#[derive(Clone)]
pub struct PostgresSessions {
    pool: PgPool,
    clock: Arc<dyn Clock>,
}

impl PostgresSessions {
    /// The sessions of these services.
    pub fn new(services: &Services) -> Self {
        Self { pool: services.pool.clone(), clock: services.clock.clone() }
    }
}

impl fmt::Debug for PostgresSessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PostgresSessions")
    }
}

#[async_trait]
impl SessionStore for PostgresSessions {
    async fn create(&self, record: &mut Record) -> StoreResult<()> {
        let now = self.clock.now();
        loop {
            let row = Row::of(record);
            if insert(&self.pool, mint(), &row, now, lifetime(&row, now, now))
                .await
                .map_err(backend)?
            {
                return Ok(());
            }
            record.id = Id::default();
        }
    }

    async fn save(&self, record: &Record) -> StoreResult<()> {
        // Never an upsert: a request under way must not bring back what was revoked meanwhile.
        update_data(&self.pool, &Row::of(record)).await.map_err(backend)
    }

    async fn load(&self, id: &Id) -> StoreResult<Option<Record>> {
        let now = self.clock.now();
        let hash = hash(id);
        let Some(found) = find_live(&self.pool, &hash, now).await.map_err(backend)? else {
            return Ok(None);
        };
        if now - found.last_seen_at >= Duration::seconds(SEEN_SECONDS) && found.person_id.is_some()
        {
            let expires_at = end(found.created_at, now);
            touch(&self.pool, &hash, now, expires_at).await.map_err(backend)?;
        }
        let Value::Object(data) = found.data else {
            return Err(StoreError::Decode("session data is not an object".to_owned()));
        };
        let mut data: std::collections::HashMap<String, Value> = data.into_iter().collect();
        data.insert(SESSION_KEY.to_owned(), json!(found.session_id));
        if let Some(person_id) = found.person_id {
            data.insert(PERSON_KEY.to_owned(), json!(person_id));
        }
        let expiry_date = OffsetDateTime::from_unix_timestamp(found.expires_at.timestamp())
            .map_err(|error| StoreError::Decode(error.to_string()))?;
        Ok(Some(Record { id: *id, data, expiry_date }))
    }

    async fn delete(&self, id: &Id) -> StoreResult<()> {
        delete_by_secret(&self.pool, &hash(id)).await.map_err(backend)
    }
}

/// A signed-in browser, as its owner sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionRow {
    pub session_id: SessionId,
    /// As in "Firefox on Linux".
    pub browser: String,
    pub created_at: DateTime<Utc>,
    pub last_seen_at: DateTime<Utc>,
    /// Whether it is the one that asks.
    pub current: bool,
}

/// The person's signed-in browsers, the current one first, then the one seen last.
pub async fn list(
    services: &Services,
    actor: &Actor,
    current: Option<SessionId>,
) -> Result<Vec<SessionRow>> {
    let person_id = actor.person()?;
    let mut rows = list_live(&services.pool, person_id, services.now()).await?;
    for row in &mut rows {
        row.current = Some(row.session_id) == current;
    }
    rows.sort_by_key(|row| (!row.current, std::cmp::Reverse(row.last_seen_at)));
    Ok(rows)
}

/// Whether the person is still signed in with this session.
pub async fn is_live(
    services: &Services,
    person_id: PersonId,
    session_id: SessionId,
) -> Result<bool> {
    is_there(&services.pool, person_id, session_id, services.now()).await
}

/// Signs one of the person's browsers out.
pub async fn revoke(services: &Services, actor: &Actor, session_id: SessionId) -> Result<()> {
    let person_id = actor.person()?;
    let mut tx = services.pool.begin().await?;
    if !delete_one(&mut tx, person_id, session_id).await? {
        return Err(Refusal::not_found("session").into());
    }
    record_revoked(&mut tx, actor, session_id, services.now()).await?;
    tx.commit().await?;
    Ok(())
}

/// Signs all of the person's browsers out, except the current one. Answers how many.
pub async fn revoke_all_others(
    services: &Services,
    actor: &Actor,
    current: SessionId,
) -> Result<usize> {
    let person_id = actor.person()?;
    let now = services.now();
    let mut tx = services.pool.begin().await?;
    let revoked = delete_others(&mut tx, person_id, current).await?;
    for session_id in &revoked {
        record_revoked(&mut tx, actor, *session_id, now).await?;
    }
    tx.commit().await?;
    Ok(revoked.len())
}

/// Removes what has expired. Answers how many.
pub async fn sweep(services: &Services) -> Result<u64> {
    let now = services.now();
    let mut swept = 0;
    loop {
        let rows = delete_expired(&services.pool, now).await?;
        swept += rows;
        if rows == 0 {
            return Ok(swept);
        }
    }
}

async fn record_revoked(
    tx: &mut PgConnection,
    actor: &Actor,
    session_id: SessionId,
    now: DateTime<Utc>,
) -> Result<()> {
    let name = EventName::SessionRevoked;
    events::record(tx, actor, now, name, None, session_id.uuid(), json!({})).await
}

fn end(created_at: DateTime<Utc>, seen_at: DateTime<Utc>) -> DateTime<Utc> {
    (created_at + Duration::days(ABSOLUTE_DAYS)).min(seen_at + Duration::days(IDLE_DAYS))
}

fn lifetime(row: &Row, created_at: DateTime<Utc>, now: DateTime<Utc>) -> DateTime<Utc> {
    match row.person_id {
        Some(_) => end(created_at, now),
        None => now + Duration::hours(VISITOR_HOURS),
    }
}

fn hash(id: &Id) -> [u8; 32] {
    Sha256::digest(id.to_string().as_bytes()).into()
}

fn backend(error: impl Into<super::Error>) -> StoreError {
    let error: super::Error = error.into();
    let source = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
    StoreError::Backend(format!("{error}: {source}"))
}

/// What a record holds, in columns.
struct Row {
    secret_hash: [u8; 32],
    person_id: Option<PersonId>,
    user_agent: Option<String>,
    data: Value,
}

impl Row {
    fn of(record: &Record) -> Self {
        let text = |key| record.data.get(key).and_then(Value::as_str);
        let data: Map<String, Value> = record
            .data
            .iter()
            .filter(|(key, _)| !matches!(key.as_str(), SESSION_KEY | PERSON_KEY | USER_AGENT_KEY))
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect();
        Self {
            secret_hash: hash(&record.id),
            person_id: text(PERSON_KEY).and_then(|id| id.parse().ok()),
            user_agent: text(USER_AGENT_KEY).map(|text| {
                text.chars().filter(|c| !c.is_control()).take(USER_AGENT_LENGTH_MAX).collect()
            }),
            data: Value::Object(data),
        }
    }
}

#[cfg(test)]
mod tests;
