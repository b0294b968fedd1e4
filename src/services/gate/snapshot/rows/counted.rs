//! What was used up before: units, windows of jobs, nonces.

use std::{collections::HashMap, sync::Arc};

use chrono::{DateTime, Utc};
use futures::stream::BoxStream;
use sqlx::PgConnection;

use super::uuids;
use crate::{
    domain::{
        gate::{Mark, NONCE_REMEMBERED, NonceRoom, Units, UsedNonces},
        ids::{LicenseId, OrgId},
        metering::JobName,
    },
    services::{Result, gate::meters::PAID_MAX},
};

/// Everything counts but repeats; a preview costs nothing and counts all the same.
pub(in crate::services::gate::snapshot) async fn units_used(
    tx: &mut PgConnection,
    licenses: &[LicenseId],
    since: DateTime<Utc>,
) -> Result<HashMap<LicenseId, Units>> {
    if licenses.is_empty() {
        return Ok(HashMap::new());
    }
    let rows = sqlx::query!(
        r#"select license_id,
                  sum(case when scope = 'preview' then calls else billable_units end)::bigint as "used!",
                  sum(billable_units)::bigint as "billable!"
           from usage_month where license_id = any($1) and bucket >= $2
           group by license_id"#,
        &uuids(licenses),
        since,
    )
    .fetch_all(tx)
    .await?;
    let units = |used, billable| Units { used, billable };
    Ok(rows.into_iter().map(|row| (row.license_id, units(row.used, row.billable))).collect())
}

/// Billable units of the months since then and before `until`, by license and month.
pub(in crate::services::gate::snapshot) async fn units_by_month(
    tx: &mut PgConnection,
    licenses: &[LicenseId],
    since: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<HashMap<(LicenseId, DateTime<Utc>), i64>> {
    if licenses.is_empty() {
        return Ok(HashMap::new());
    }
    let rows = sqlx::query!(
        r#"select license_id, bucket, sum(billable_units)::bigint as "billable!"
           from usage_month where license_id = any($1) and bucket >= $2 and bucket < $3
           group by license_id, bucket"#,
        &uuids(licenses),
        since,
        until,
    )
    .fetch_all(tx)
    .await?;
    Ok(rows.into_iter().map(|row| ((row.license_id, row.bucket), row.billable)).collect())
}

pub(in crate::services::gate::snapshot) struct WindowRow {
    pub org_id: OrgId,
    pub content_id: String,
    pub job_id: Option<String>,
    pub occurred_at: DateTime<Utc>,
}

/// At most so many windows of a kind are read at once: as many as are surely kept in mind.
fn windows_max() -> i64 {
    i64::try_from(PAID_MAX / 2).unwrap_or(i64::MAX)
}

/// The uses that paid for windows of the month since then; the newest, and of these the oldest
/// first, since what comes first is forgotten first.
pub(in crate::services::gate::snapshot) fn months_paid<'a>(
    tx: &'a mut PgConnection,
    licenses: &[LicenseId],
    since: DateTime<Utc>,
) -> BoxStream<'a, std::result::Result<WindowRow, sqlx::Error>> {
    sqlx::query_as!(
        WindowRow,
        r#"select org_id as "org_id!", content_id as "content_id!", job_id,
                  occurred_at as "occurred_at!"
           from (select org_id, content_id, job_id, occurred_at from usage_event
                 where license_id = any($1) and scope = 'training' and billable_units > 0
                   and occurred_at >= $2 and job_id is null
                 order by occurred_at desc limit $3) newest
           order by occurred_at"#,
        &uuids(licenses),
        since,
        windows_max(),
    )
    .fetch(tx)
}

/// The same of jobs, whose windows last as long as the job.
pub(in crate::services::gate::snapshot) fn jobs_paid<'a>(
    tx: &'a mut PgConnection,
    licenses: &[LicenseId],
    since: DateTime<Utc>,
) -> BoxStream<'a, std::result::Result<WindowRow, sqlx::Error>> {
    sqlx::query_as!(
        WindowRow,
        r#"select org_id as "org_id!", content_id as "content_id!", job_id,
                  occurred_at as "occurred_at!"
           from (select org_id, content_id, job_id, occurred_at from usage_event
                 where license_id = any($1) and scope = 'training' and billable_units > 0
                   and occurred_at >= $2 and job_id is not null
                 order by occurred_at desc limit $3) newest
           order by occurred_at"#,
        &uuids(licenses),
        since,
        windows_max(),
    )
    .fetch(tx)
}

/// The consumers' own nonces that may not be used again yet; those that gates made have a dot.
pub(in crate::services::gate::snapshot) async fn nonces(
    tx: &mut PgConnection,
    licenses: &[LicenseId],
    now: DateTime<Utc>,
    room: &Arc<NonceRoom>,
) -> Result<HashMap<LicenseId, UsedNonces>> {
    if licenses.is_empty() {
        return Ok(HashMap::new());
    }
    let rows = sqlx::query!(
        "select license_id, job_id, nonce, delivered_at from receipt
         where strpos(nonce, '.') = 0 and delivered_at > $2 and license_id = any($1)",
        &uuids(licenses),
        now - NONCE_REMEMBERED,
    )
    .fetch_all(tx)
    .await?;
    let mut nonces: HashMap<LicenseId, UsedNonces> = HashMap::new();
    for row in rows {
        let job = row.job_id.and_then(|job| JobName::parse(&job).ok());
        nonces
            .entry(row.license_id)
            .or_insert_with(|| UsedNonces::new(Arc::clone(room)))
            .keep(Mark::new(job.as_ref(), &row.nonce), row.delivered_at);
    }
    Ok(nonces)
}
