//! What use adds up to, from the hourly sums: over time, in total, and by work.
//!
//! A bucket without use is there and holds zero, so that a chart needs no gaps filled.

use chrono::{DateTime, Utc};

use crate::{
    domain::{
        actor::{Actor, Deed},
        ids::{AssetId, LicenseId, OrgId},
        metering::{Range, Side, Totals, month_start},
    },
    services::{Result, Services},
};

/// The most works `top_works` names.
const WORKS_MAX: i64 = 100;

/// Which use to add up; everything where nothing is named.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UsageFilter {
    pub asset_id: Option<AssetId>,
    pub license_id: Option<LicenseId>,
}

/// What the uses of one hour or day add up to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bucket {
    pub at: DateTime<Utc>,
    pub totals: Totals,
}

/// Use over a range: every bucket of it in order, and their sum.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsageReport {
    pub buckets: Vec<Bucket>,
    pub totals: Totals,
}

/// Use of one work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkUse {
    pub asset_id: AssetId,
    pub title: String,
    pub totals: Totals,
}

/// Use over time, from one side.
pub async fn usage(
    services: &Services,
    actor: &Actor,
    side: Side,
    filter: &UsageFilter,
    range: &Range,
) -> Result<UsageReport> {
    let member = actor.may(Deed::ReadUsage)?;
    let found = match side {
        Side::Creator => sums_as_creator(services, member.org_id, filter, range).await?,
        Side::Buyer => sums_as_buyer(services, member.org_id, filter, range).await?,
    };
    Ok(filled(range, &found))
}

/// The works used most over a range, from one side: most billable units first, then most calls.
pub async fn top_works(
    services: &Services,
    actor: &Actor,
    side: Side,
    range: &Range,
    limit: u8,
) -> Result<Vec<WorkUse>> {
    let member = actor.may(Deed::ReadUsage)?;
    let limit = i64::from(limit).clamp(1, WORKS_MAX);
    match side {
        Side::Creator => works_as_creator(services, member.org_id, range, limit).await,
        Side::Buyer => works_as_buyer(services, member.org_id, range, limit).await,
    }
}

/// How many units of its monthly quota a license has used in this calendar month (UTC): everything
/// counts but repeats. Both parties may ask.
pub async fn quota_used(services: &Services, actor: &Actor, license_id: LicenseId) -> Result<i64> {
    let member = actor.may(Deed::ReadUsage)?;
    quota_units(services, member.org_id, license_id, month_start(services.now())).await
}

fn filled(range: &Range, found: &[Bucket]) -> UsageReport {
    let mut found = found.iter().peekable();
    let mut report = UsageReport { buckets: Vec::new(), totals: Totals::default() };
    let mut at = range.from();
    while at < range.until() {
        let totals = found.next_if(|bucket| bucket.at == at).map(|bucket| bucket.totals);
        report.buckets.push(Bucket { at, totals: totals.unwrap_or_default() });
        report.totals += totals.unwrap_or_default();
        let Some(next) = range.grain().next(at) else { break };
        at = next;
    }
    report
}

// SQL

struct SumRow {
    at: DateTime<Utc>,
    calls: i64,
    bytes: i64,
    billable_units: i64,
}

/// One statement for each side, so that each can use its own index.
macro_rules! sums {
    ($name:ident, $party:tt) => {
        async fn $name(
            services: &Services,
            org_id: OrgId,
            filter: &UsageFilter,
            range: &Range,
        ) -> Result<Vec<Bucket>> {
            let rows = sqlx::query_as!(
                SumRow,
                r#"select date_trunc($4, bucket, 'UTC') as "at!", sum(calls)::bigint as "calls!",
                          sum(bytes)::bigint as "bytes!", sum(billable_units)::bigint as "billable_units!"
                   from usage_hour where "# + $party + r#" = $1
                     and bucket >= $2 and bucket < $3
                     and ($5::uuid is null or asset_id = $5)
                     and ($6::uuid is null or license_id = $6)
                   group by 1 order by 1"#,
                org_id.uuid(),
                range.from(),
                range.until(),
                range.grain().as_str(),
                filter.asset_id.map(AssetId::uuid),
                filter.license_id.map(LicenseId::uuid),
            )
            .fetch_all(&services.pool)
            .await?;
            let bucket = |row: SumRow| Bucket {
                at: row.at,
                totals: Totals {
                    calls: row.calls,
                    bytes: row.bytes,
                    billable_units: row.billable_units,
                    ..Totals::default()
                },
            };
            Ok(rows.into_iter().map(bucket).collect())
        }
    };
}
sums!(sums_as_creator, "creator_org_id");
sums!(sums_as_buyer, "org_id");

struct WorkRow {
    asset_id: AssetId,
    title: String,
    calls: i64,
    bytes: i64,
    billable_units: i64,
}

macro_rules! works {
    ($name:ident, $party:tt) => {
        async fn $name(
            services: &Services,
            org_id: OrgId,
            range: &Range,
            limit: i64,
        ) -> Result<Vec<WorkUse>> {
            let rows = sqlx::query_as!(
                WorkRow,
                r#"select asset.asset_id, asset.title, used.calls as "calls!",
                          used.bytes as "bytes!", used.billable_units as "billable_units!"
                   from (select asset_id, sum(calls)::bigint as calls, sum(bytes)::bigint as bytes,
                                sum(billable_units)::bigint as billable_units
                         from usage_hour where "# + $party + r#" = $1
                           and bucket >= $2 and bucket < $3
                         group by asset_id) used
                   join asset using (asset_id)
                   order by used.billable_units desc, used.calls desc, asset.asset_id
                   limit $4"#,
                org_id.uuid(),
                range.from(),
                range.until(),
                limit,
            )
            .fetch_all(&services.pool)
            .await?;
            let work = |row: WorkRow| WorkUse {
                asset_id: row.asset_id,
                title: row.title,
                totals: Totals {
                    calls: row.calls,
                    bytes: row.bytes,
                    billable_units: row.billable_units,
                    ..Totals::default()
                },
            };
            Ok(rows.into_iter().map(work).collect())
        }
    };
}
works!(works_as_creator, "creator_org_id");
works!(works_as_buyer, "org_id");

async fn quota_units(
    services: &Services,
    org_id: OrgId,
    license_id: LicenseId,
    since: DateTime<Utc>,
) -> Result<i64> {
    let units = sqlx::query_scalar!(
        r#"select coalesce(sum(case when scope = 'preview' then calls else billable_units end), 0)::bigint as "units!"
           from usage_hour
           where license_id = $2 and (org_id = $1 or creator_org_id = $1) and bucket >= $3"#,
        org_id.uuid(),
        license_id.uuid(),
        since,
    )
    .fetch_one(&services.pool)
    .await?;
    Ok(units)
}
