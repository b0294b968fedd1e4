//! What lies in the archive, and which events go there next. Only this file writes `usage_archive`.

use std::time::Duration;

use chrono::{DateTime, Utc};
use object_store::path::Path;
use sqlx::{Connection as _, PgConnection};
use uuid::Uuid;

use super::{ArchivedEvent, Sums};
use crate::{
    domain::{
        ids::{LicenseId, OrgId, UsageEventId},
        month::Month,
    },
    services::{Error, Result, Services},
};

/// A place in a month: events are archived by license, then instant (newest first), then id.
pub(super) type Place = (LicenseId, DateTime<Utc>, UsageEventId);

/// A file of the archive.
#[derive(Clone, Debug)]
pub(super) struct Part {
    pub number: i32,
    pub path: Path,
    pub sha256: Vec<u8>,
    pub file_bytes: i64,
    pub sums: Sums,
    /// Its last event.
    pub last: Place,
}

/// Takes the lock of the one process that archives, for as long as the connection lives.
pub(super) async fn lock(services: &Services) -> Result<Option<PgConnection>> {
    let mut conn = services.pool.acquire().await?.detach();
    let taken = sqlx::query_scalar!(
        r#"select pg_try_advisory_lock(hashtextextended('usage_archive', 0)) as "taken!""#
    )
    .fetch_one(&mut conn)
    .await?;
    if taken {
        return Ok(Some(conn));
    }
    conn.close().await?;
    Ok(None)
}

/// Gives the lock back, so that it is free when this answers: a connection that is only dropped keeps
/// it until PostgreSQL notices.
pub(super) async fn unlock(mut conn: PgConnection) -> Result<()> {
    sqlx::query_scalar!(
        r#"select pg_advisory_unlock(hashtextextended('usage_archive', 0)) as "free!""#
    )
    .fetch_one(&mut conn)
    .await?;
    Ok(conn.close().await?)
}

/// The months whose events are in PostgreSQL, oldest first.
pub(super) async fn months_held(services: &Services) -> Result<Vec<Month>> {
    let names = sqlx::query_scalar!(
        r#"select part.relname::text as "name!" from pg_inherits
           join pg_class part on part.oid = inhrelid
           where inhparent = 'usage_event'::regclass order by 1"#
    )
    .fetch_all(&services.pool)
    .await?;
    let month = |name: &String| {
        let month = name.strip_prefix("usage_event_")?.replace('_', "-");
        month.parse().ok()
    };
    names
        .iter()
        .map(|name| {
            month(name).ok_or_else(|| Error::fault("reading partitions", format!("{name} is odd")))
        })
        .collect()
}

/// The next events of a month. Two statements, so that each walks the index from its place on.
pub(super) async fn events_after(
    services: &Services,
    month: Month,
    after: Option<Place>,
    limit: usize,
) -> Result<Vec<ArchivedEvent>> {
    let mut events = match after {
        Some(after) => events_of_license(services, month, after, limit).await?,
        None => Vec::new(),
    };
    let missing = limit.saturating_sub(events.len());
    if missing > 0 {
        let after = after.map(|(license_id, ..)| license_id.uuid());
        events.extend(events_of_later_licenses(services, month, after, missing).await?);
    }
    Ok(events)
}

macro_rules! events {
    ($beyond:tt, $($argument:expr),+) => {
        sqlx::query_as!(
            ArchivedEvent,
            r#"select usage_event_id, license_id, org_id, creator_org_id, asset_id,
                      sender_org_id as "sender_org_id: OrgId", occurred_at, recorded_at,
                      billable_units, calls, pages, tokens, bytes, training_examples,
                      inference_requests, attribution, cache_hit, scope, content_id, job_id,
                      region, model, consumer_class, free_reason
               from usage_event
               where occurred_at >= $1 and occurred_at < $2 and "#
                + $beyond
                + r#" order by license_id, occurred_at desc, usage_event_id limit $3"#,
            $($argument),+
        )
    };
}

async fn events_of_license(
    services: &Services,
    month: Month,
    (license_id, at, id): Place,
    limit: usize,
) -> Result<Vec<ArchivedEvent>> {
    Ok(events!(
        "license_id = $4 and occurred_at <= $5 and (occurred_at < $5 or usage_event_id > $6)",
        month.from(),
        month.until(),
        i64::try_from(limit).unwrap_or(i64::MAX),
        license_id.uuid(),
        at,
        id.uuid()
    )
    .fetch_all(&services.pool)
    .await?)
}

async fn events_of_later_licenses(
    services: &Services,
    month: Month,
    license_id: Option<Uuid>,
    limit: usize,
) -> Result<Vec<ArchivedEvent>> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let events = match license_id {
        Some(license_id) => {
            events!("license_id > $4", month.from(), month.until(), limit, license_id)
                .fetch_all(&services.pool)
                .await?
        }
        None => {
            events!("true", month.from(), month.until(), limit).fetch_all(&services.pool).await?
        }
    };
    Ok(events)
}

/// The number of the next file of a month.
pub(super) async fn next_number(services: &Services, month: Month) -> Result<i32> {
    let number = sqlx::query_scalar!(
        r#"select coalesce(max(part), 0) + 1 as "number!" from usage_archive where month = $1"#,
        month.first_day(),
    )
    .fetch_one(&services.pool)
    .await?;
    Ok(number)
}

/// Lists a file that was read back.
pub(super) async fn add(services: &Services, month: Month, part: &Part) -> Result<()> {
    let Part { number, path, sha256, file_bytes, sums, last: (license_id, at, id) } = part;
    sqlx::query!(
        "insert into usage_archive (month, part, path, sha256, file_bytes, events, calls, pages,
             tokens, bytes, training_examples, inference_requests, billable_units, cache_hits,
             attribution_sum, attribution_count, last_license_id, last_occurred_at, last_event_id,
             written_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18,
             $19, $20)",
        month.first_day(),
        number,
        path.as_ref(),
        sha256,
        file_bytes,
        sums.events,
        sums.calls,
        sums.pages,
        sums.tokens,
        sums.bytes,
        sums.training_examples,
        sums.inference_requests,
        sums.billable_units,
        sums.cache_hits,
        sums.attribution_sum,
        sums.attribution_count,
        license_id.uuid(),
        at,
        id.uuid(),
        services.now(),
    )
    .execute(&services.pool)
    .await?;
    Ok(())
}

/// The files of a month whose events are in PostgreSQL still, in order.
pub(super) async fn unreleased(services: &Services, month: Month) -> Result<Vec<Part>> {
    parts(services, month, false).await
}

/// The files of a month whose events are nowhere else, in order.
pub(super) async fn released(services: &Services, month: Month) -> Result<Vec<Part>> {
    parts(services, month, true).await
}

async fn parts(services: &Services, month: Month, released: bool) -> Result<Vec<Part>> {
    let rows = sqlx::query!(
        r#"select part, path, sha256, file_bytes, events, calls, pages, tokens, bytes,
                  training_examples, inference_requests, billable_units, cache_hits,
                  attribution_sum, attribution_count, last_license_id as "license_id: LicenseId",
                  last_occurred_at, last_event_id as "event_id: UsageEventId"
           from usage_archive where month = $1 and (released_at is not null) = $2 order by part"#,
        month.first_day(),
        released,
    )
    .fetch_all(&services.pool)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| Part {
            number: row.part,
            path: Path::from(row.path),
            sha256: row.sha256,
            file_bytes: row.file_bytes,
            sums: Sums {
                events: row.events,
                calls: row.calls,
                pages: row.pages,
                tokens: row.tokens,
                bytes: row.bytes,
                training_examples: row.training_examples,
                inference_requests: row.inference_requests,
                billable_units: row.billable_units,
                cache_hits: row.cache_hits,
                attribution_sum: row.attribution_sum,
                attribution_count: row.attribution_count,
            },
            last: (row.license_id, row.last_occurred_at, row.event_id),
        })
        .collect())
}

/// Forgets files whose events are in PostgreSQL still.
pub(super) async fn forget_unreleased(services: &Services, month: Month) -> Result<()> {
    sqlx::query!(
        "delete from usage_archive where month = $1 and released_at is null",
        month.first_day(),
    )
    .execute(&services.pool)
    .await?;
    Ok(())
}

/// Lets go of a month's events if the files hold exactly them; waits so long at most for others.
pub(super) async fn release(services: &Services, month: Month, patience: Duration) -> Result<bool> {
    let mut tx = services.pool.begin().await?;
    sqlx::query_scalar!(
        "select set_config('lock_timeout', $1, true)",
        patience.as_millis().to_string(),
    )
    .fetch_one(&mut *tx)
    .await?;
    let released = sqlx::query_scalar!(
        r#"select release_archived_usage($1, $2) as "released!""#,
        month.first_day(),
        services.now(),
    )
    .fetch_one(&mut *tx)
    .await?;
    tx.commit().await?;
    Ok(released)
}
