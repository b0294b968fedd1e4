//! What senders outside have sent before: the table `usage_key`.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    domain::{
        ids::UsageEventId,
        metering::{EVENT_AGE_DAYS_MAX, EVENT_AHEAD_HOURS_MAX},
    },
    services::{Result, Services},
};

/// The key of an event, and what it was said to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Sent {
    pub key_hash: Uuid,
    pub body_hash: Uuid,
    pub usage_event_id: UsageEventId,
}

/// Keeps keys, and answers those that were new. Sorted, so that two writers who send the same ones
/// wait instead of deadlocking. Each key comes once.
pub(super) async fn keep(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    mut sent: Vec<Sent>,
) -> Result<HashSet<Uuid>> {
    sent.sort_unstable();
    let keys: Vec<Uuid> = sent.iter().map(|each| each.key_hash).collect();
    let bodies: Vec<Uuid> = sent.iter().map(|each| each.body_hash).collect();
    let events: Vec<Uuid> = sent.iter().map(|each| each.usage_event_id.uuid()).collect();
    let new = sqlx::query_scalar!(
        "insert into usage_key (key_hash, body_hash, usage_event_id, recorded_at)
         select *, $4::timestamptz from unnest($1::uuid[], $2::uuid[], $3::uuid[])
         on conflict (key_hash) do nothing
         returning key_hash",
        &keys,
        &bodies,
        &events,
        now,
    )
    .fetch_all(tx)
    .await?;
    Ok(new.into_iter().collect())
}

/// Keys that were kept before, with what they were said to be.
pub(super) async fn kept(
    tx: &mut PgConnection,
    keys: &[Uuid],
) -> Result<HashMap<Uuid, (Uuid, UsageEventId)>> {
    if keys.is_empty() {
        return Ok(HashMap::new());
    }
    let rows = sqlx::query!(
        "select key_hash, body_hash, usage_event_id from usage_key where key_hash = any($1)",
        keys,
    )
    .fetch_all(tx)
    .await?;
    Ok(rows.into_iter().map(|row| (row.key_hash, (row.body_hash, row.usage_event_id))).collect())
}

/// How long a key is kept. Whoever sends an older one again is told that it comes too late.
const KEEP_DAYS: i64 = 90;
const _: () = assert!(KEEP_DAYS > EVENT_AGE_DAYS_MAX + EVENT_AHEAD_HOURS_MAX / 24);

/// Forgets keys that are no longer kept, and answers how many.
pub async fn sweep(services: &Services) -> Result<u64> {
    let before = services.now() - TimeDelta::days(KEEP_DAYS);
    let done = sqlx::query!("delete from usage_key where recorded_at < $1", before)
        .execute(&services.pool)
        .await?;
    Ok(done.rows_affected())
}
