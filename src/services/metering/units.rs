//! Which use was the first of its unit: the table `billed_unit`.
//!
//! A unit is claimed once, whoever comes first, and never given back.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::Observed;
use crate::{
    domain::{
        ids::OrgId,
        metering::{unit_hash, window_key},
    },
    services::Result,
};

/// A use that wants to be the first of its unit. Sorted by unit, then by time.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Claim {
    org_id: Uuid,
    unit_hash: Uuid,
    occurred_at: DateTime<Utc>,
    usage_event_id: Uuid,
    by_job: bool,
}

impl Claim {
    pub fn of(observed: &Observed, org_id: OrgId) -> Self {
        let window = window_key(observed.job.as_ref(), observed.occurred_at);
        Self {
            org_id: org_id.uuid(),
            unit_hash: unit_hash(org_id, &observed.content_id, &window),
            occurred_at: observed.occurred_at,
            usage_event_id: observed.usage_event_id.uuid(),
            by_job: observed.job.is_some(),
        }
    }
}

/// Claims units, and answers which events were the first of theirs. The claims are sorted, so that
/// two writers who want the same ones wait instead of deadlocking.
pub(super) async fn claim(tx: &mut PgConnection, mut claims: Vec<Claim>) -> Result<HashSet<Uuid>> {
    if claims.is_empty() {
        return Ok(HashSet::new());
    }
    claims.sort_unstable();
    claims.dedup_by_key(|claim| (claim.org_id, claim.unit_hash));
    let orgs: Vec<Uuid> = claims.iter().map(|claim| claim.org_id).collect();
    let units: Vec<Uuid> = claims.iter().map(|claim| claim.unit_hash).collect();
    let by_job: Vec<bool> = claims.iter().map(|claim| claim.by_job).collect();
    let instants: Vec<DateTime<Utc>> = claims.iter().map(|claim| claim.occurred_at).collect();
    let events: Vec<Uuid> = claims.iter().map(|claim| claim.usage_event_id).collect();
    let first = sqlx::query_scalar!(
        r#"insert into billed_unit (org_id, unit_hash, by_job, occurred_at, usage_event_id)
           select * from unnest($1::uuid[], $2::uuid[], $3::bool[], $4::timestamptz[], $5::uuid[])
           on conflict (org_id, unit_hash) do nothing
           returning usage_event_id as "usage_event_id: Uuid""#,
        &orgs,
        &units,
        &by_job,
        &instants,
        &events,
    )
    .fetch_all(tx)
    .await?;
    Ok(first.into_iter().collect())
}
