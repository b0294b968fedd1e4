//! Observed uses, what each costs, and their hourly sums: written together or not at all.
//!
//! At every commit `usage_hour` is exactly what `usage_event` adds up to, and each training window
//! is billed exactly once, however many gates write at the same time.

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::Result;
use crate::domain::{
    asset::ContentId,
    ids::{AssetId, LicenseId, OrgId, ReceiptId, UsageEventId},
    metering::{self, JobName, Judgement, Totals, judge},
    terms::Scope,
};

/// A use, before it is known what it costs.
#[derive(Clone, Debug)]
pub(crate) struct Observed {
    pub usage_event_id: UsageEventId,
    /// Who reports it: `gate`, or a sender outside.
    pub sender: &'static str,
    /// The sender's own key for it: the same key again is the same event.
    pub sender_key: String,
    pub receipt_id: Option<ReceiptId>,
    pub license_id: LicenseId,
    pub org_id: OrgId,
    pub creator_org_id: OrgId,
    pub asset_id: AssetId,
    pub content_id: ContentId,
    pub scope: Scope,
    pub job: Option<JobName>,
    pub bytes: i64,
    pub occurred_at: DateTime<Utc>,
}

/// Writes uses and answers what each costs, in their order. A use written before is answered as
/// the first time and changes nothing.
pub(crate) async fn record(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    observed: &[Observed],
) -> Result<Vec<Judgement>> {
    let mut judged = judged_before(tx, observed).await?;
    let mut keys = HashSet::new();
    let fresh: Vec<&Observed> = observed
        .iter()
        .filter(|each| !judged.contains_key(&key(each)) && keys.insert(key(each)))
        .collect();
    let first = claim_windows(tx, &fresh).await?;
    let costs: Vec<(&Observed, Judgement)> = fresh
        .into_iter()
        .map(|each| (each, judge(each.scope, first.contains(&each.usage_event_id.uuid()))))
        .collect();
    insert_events(tx, now, &costs).await?;
    add_to_hours(tx, &costs).await?;
    judged.extend(costs.iter().map(|(each, judgement)| (key(each), *judgement)));
    Ok(observed.iter().filter_map(|each| judged.get(&key(each)).copied()).collect())
}

fn key(observed: &Observed) -> (String, String) {
    (observed.sender.to_owned(), observed.sender_key.clone())
}

/// What the uses of an hour add up to. Ordered, so that two writers lock the rows of `usage_hour`
/// in the same order.
fn sums<'a>(
    costs: &[(&'a Observed, Judgement)],
) -> BTreeMap<(LicenseId, Scope, DateTime<Utc>), (&'a Observed, Totals)> {
    let mut sums = BTreeMap::new();
    for (each, judgement) in costs {
        let hour = metering::hour(each.occurred_at);
        let (_, totals) = sums
            .entry((each.license_id, each.scope, hour))
            .or_insert_with(|| (*each, Totals::default()));
        *totals += Totals { calls: 1, bytes: each.bytes, billable_units: judgement.billable_units };
    }
    sums
}

// SQL

async fn judged_before(
    tx: &mut PgConnection,
    observed: &[Observed],
) -> Result<HashMap<(String, String), Judgement>> {
    let (senders, keys): (Vec<String>, Vec<String>) = observed.iter().map(key).unzip();
    let rows = sqlx::query!(
        "select sender, sender_key, billable_units, free_reason from usage_event
         join unnest($1::text[], $2::text[]) asked (sender, sender_key) using (sender, sender_key)",
        &senders,
        &keys,
    )
    .fetch_all(tx)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let judgement =
                Judgement { billable_units: row.billable_units, free_reason: row.free_reason };
            ((row.sender, row.sender_key), judgement)
        })
        .collect())
}

/// Claims the windows of uses that are billed once, and answers which uses were the first. The
/// claims are sorted, so that two writers who want the same ones wait instead of deadlocking, and of
/// several uses of a unit the earliest is the first.
async fn claim_windows(tx: &mut PgConnection, observed: &[&Observed]) -> Result<HashSet<Uuid>> {
    let mut claims: Vec<_> = observed
        .iter()
        .filter(|each| metering::once_per_window(each.scope))
        .map(|each| {
            let window = metering::window_key(each.job.as_ref(), each.occurred_at);
            (
                each.org_id.uuid(),
                each.content_id.as_str(),
                window,
                each.occurred_at,
                each.usage_event_id.uuid(),
            )
        })
        .collect();
    if claims.is_empty() {
        return Ok(HashSet::new());
    }
    claims.sort_unstable();
    let orgs: Vec<Uuid> = claims.iter().map(|claim| claim.0).collect();
    let contents: Vec<String> = claims.iter().map(|claim| claim.1.to_owned()).collect();
    let windows: Vec<String> = claims.iter().map(|claim| claim.2.clone()).collect();
    let events: Vec<Uuid> = claims.iter().map(|claim| claim.4).collect();
    let first = sqlx::query_scalar!(
        r#"insert into billed_unit (org_id, content_id, window_key, usage_event_id)
           select * from unnest($1::uuid[], $2::text[], $3::text[], $4::uuid[])
           on conflict (org_id, content_id, window_key) do nothing
           returning usage_event_id as "usage_event_id: Uuid""#,
        &orgs,
        &contents,
        &windows,
        &events,
    )
    .fetch_all(tx)
    .await?;
    Ok(first.into_iter().collect())
}

async fn insert_events(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    costs: &[(&Observed, Judgement)],
) -> Result<()> {
    if costs.is_empty() {
        return Ok(());
    }
    fn column<T>(
        costs: &[(&Observed, Judgement)],
        of: impl Fn(&Observed, &Judgement) -> T,
    ) -> Vec<T> {
        costs.iter().map(|(each, judgement)| of(each, judgement)).collect()
    }
    sqlx::query!(
        "insert into usage_event (usage_event_id, sender, sender_key, receipt_id, license_id, org_id,
             creator_org_id, asset_id, content_id, scope, job_id, bytes, billable_units, free_reason,
             occurred_at, recorded_at)
         select *, $16::timestamptz
         from unnest($1::uuid[], $2::text[], $3::text[], $4::uuid[], $5::uuid[], $6::uuid[],
             $7::uuid[], $8::uuid[], $9::text[], $10::text[], $11::text[], $12::bigint[],
             $13::bigint[], $14::text[], $15::timestamptz[])",
        &column(costs, |each, _| each.usage_event_id.uuid()),
        &column(costs, |each, _| each.sender.to_owned()),
        &column(costs, |each, _| each.sender_key.clone()),
        &column(costs, |each, _| each.receipt_id.map(ReceiptId::uuid)) as &[Option<Uuid>],
        &column(costs, |each, _| each.license_id.uuid()),
        &column(costs, |each, _| each.org_id.uuid()),
        &column(costs, |each, _| each.creator_org_id.uuid()),
        &column(costs, |each, _| each.asset_id.uuid()),
        &column(costs, |each, _| each.content_id.to_string()),
        &column(costs, |each, _| each.scope.as_str().to_owned()),
        &column(costs, |each, _| each.job.as_ref().map(|job| job.as_str().to_owned()))
            as &[Option<String>],
        &column(costs, |each, _| each.bytes),
        &column(costs, |_, judgement| judgement.billable_units),
        &column(costs, |_, judgement| judgement.free_reason.map(|why| why.as_str().to_owned()))
            as &[Option<String>],
        &column(costs, |each, _| each.occurred_at),
        now,
    )
    .execute(tx)
    .await?;
    Ok(())
}

async fn add_to_hours(tx: &mut PgConnection, costs: &[(&Observed, Judgement)]) -> Result<()> {
    let sums = sums(costs);
    if sums.is_empty() {
        return Ok(());
    }
    let hours: Vec<DateTime<Utc>> = sums.keys().map(|(_, _, hour)| *hour).collect();
    let licenses: Vec<Uuid> = sums.keys().map(|(license_id, _, _)| license_id.uuid()).collect();
    let scopes: Vec<String> = sums.keys().map(|(_, scope, _)| scope.as_str().to_owned()).collect();
    let orgs: Vec<Uuid> = sums.values().map(|(each, _)| each.org_id.uuid()).collect();
    let creators: Vec<Uuid> = sums.values().map(|(each, _)| each.creator_org_id.uuid()).collect();
    let assets: Vec<Uuid> = sums.values().map(|(each, _)| each.asset_id.uuid()).collect();
    let calls: Vec<i64> = sums.values().map(|(_, totals)| totals.calls).collect();
    let bytes: Vec<i64> = sums.values().map(|(_, totals)| totals.bytes).collect();
    let units: Vec<i64> = sums.values().map(|(_, totals)| totals.billable_units).collect();
    sqlx::query!(
        "insert into usage_hour (hour, license_id, scope, org_id, creator_org_id, asset_id, calls, bytes, billable_units)
         select * from unnest($1::timestamptz[], $2::uuid[], $3::text[], $4::uuid[], $5::uuid[],
             $6::uuid[], $7::bigint[], $8::bigint[], $9::bigint[])
         on conflict (license_id, scope, hour) do update
         set calls = usage_hour.calls + excluded.calls,
             bytes = usage_hour.bytes + excluded.bytes,
             billable_units = usage_hour.billable_units + excluded.billable_units",
        &hours,
        &licenses,
        &scopes,
        &orgs,
        &creators,
        &assets,
        &calls,
        &bytes,
        &units,
    )
    .execute(tx)
    .await?;
    Ok(())
}

#[cfg(test)]
mod tests;
