//! What use adds up to: over time, and broken down. Read from the sums by hour, day or month, whichever
//! the range is cut into; never from the events, so it costs the same however many there were.
//!
//! A bucket without use is there and holds zero, so that a chart needs no gaps filled.

use chrono::{DateTime, Utc};

use super::coarse;
use crate::{
    domain::{
        actor::{Actor, Deed},
        ids::{AssetId, LicenseId, OrgId},
        metering::{Grain, Range, Side, Totals, month_start},
        terms::Scope,
    },
    services::{Result, Services},
};

/// Which use to add up; everything where nothing is named.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UsageFilter {
    pub asset_id: Option<AssetId>,
    pub license_id: Option<LicenseId>,
    /// The buyer for a creator, the creator for a buyer.
    pub counterparty: Option<OrgId>,
    pub scope: Option<Scope>,
    pub region: Option<String>,
    pub model: Option<String>,
    pub consumer_class: Option<String>,
}

/// What the uses of one hour, day or month add up to.
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

/// Use over time, from one side. For a comparison, ask again for `range.previous()`.
pub async fn usage(
    services: &Services,
    actor: &Actor,
    side: Side,
    filter: &UsageFilter,
    range: &Range,
) -> Result<UsageReport> {
    let member = actor.may(Deed::ReadUsage)?;
    let org_id = member.org_id;
    if member.sees_coarsely(side) {
        let found = coarse_days(services, org_id, filter, range).await?;
        return Ok(filled(range, &found));
    }
    let found = match (side, range.grain()) {
        (Side::Creator, Grain::Hour) => hours_as_creator(services, org_id, filter, range).await,
        (Side::Creator, Grain::Day) => days_as_creator(services, org_id, filter, range).await,
        (Side::Creator, Grain::Month) => months_as_creator(services, org_id, filter, range).await,
        (Side::Buyer, Grain::Hour) => hours_as_buyer(services, org_id, filter, range).await,
        (Side::Buyer, Grain::Day) => days_as_buyer(services, org_id, filter, range).await,
        (Side::Buyer, Grain::Month) => months_as_buyer(services, org_id, filter, range).await,
    };
    Ok(filled(range, &found?))
}

/// How many units of its monthly quota a license has used in this calendar month (UTC): everything
/// counts but repeats. Both parties may ask; to a creator with coarse reports it is nothing.
pub async fn quota_used(services: &Services, actor: &Actor, license_id: LicenseId) -> Result<i64> {
    let member = actor.may(Deed::ReadUsage)?;
    let sold_too = coarse::as_creator_too(&member);
    quota_units(services, member.org_id, license_id, sold_too, month_start(services.now())).await
}

/// What days that are over add up to, in the buckets of the range.
async fn coarse_days(
    services: &Services,
    org_id: OrgId,
    filter: &UsageFilter,
    range: &Range,
) -> Result<Vec<Bucket>> {
    let Some(days) = coarse::days(filter, range, services.now())? else { return Ok(Vec::new()) };
    let mut found: Vec<Bucket> = Vec::new();
    for Bucket { at, totals } in days_as_creator(services, org_id, filter, &days).await? {
        let at = range.grain().start(at);
        match found.last_mut().filter(|last| last.at == at) {
            Some(last) => last.totals += totals,
            None => found.push(Bucket { at, totals }),
        }
    }
    Ok(found)
}

fn filled(range: &Range, found: &[Bucket]) -> UsageReport {
    let mut found = found.iter().peekable();
    let mut report = UsageReport { buckets: Vec::new(), totals: Totals::default() };
    for at in range.buckets() {
        let totals = found.next_if(|bucket| bucket.at == at).map(|bucket| bucket.totals);
        report.buckets.push(Bucket { at, totals: totals.unwrap_or_default() });
        report.totals += totals.unwrap_or_default();
    }
    report
}

// SQL

struct SumRow {
    at: DateTime<Utc>,
    calls: i64,
    pages: i64,
    tokens: i64,
    bytes: i64,
    training_examples: i64,
    inference_requests: i64,
    billable_units: i64,
    cache_hits: i64,
    attribution_sum: i64,
    attribution_count: i64,
}

impl From<SumRow> for Bucket {
    fn from(row: SumRow) -> Self {
        let SumRow {
            at,
            calls,
            pages,
            tokens,
            bytes,
            training_examples,
            inference_requests,
            billable_units,
            cache_hits,
            attribution_sum,
            attribution_count,
        } = row;
        let totals = Totals {
            calls,
            pages,
            tokens,
            bytes,
            training_examples,
            inference_requests,
            billable_units,
            cache_hits,
            attribution_sum,
            attribution_count,
        };
        Self { at, totals }
    }
}

/// One statement for each side and table, so that each can use its own index.
macro_rules! sums {
    ($name:ident, $table:tt, $party:tt, $counterparty:tt) => {
        async fn $name(
            services: &Services,
            org_id: OrgId,
            filter: &UsageFilter,
            range: &Range,
        ) -> Result<Vec<Bucket>> {
            let rows = sqlx::query_as!(
                SumRow,
                r#"select bucket as at, sum(calls)::bigint as "calls!",
                          sum(pages)::bigint as "pages!", sum(tokens)::bigint as "tokens!",
                          sum(bytes)::bigint as "bytes!",
                          sum(training_examples)::bigint as "training_examples!",
                          sum(inference_requests)::bigint as "inference_requests!",
                          sum(billable_units)::bigint as "billable_units!",
                          sum(cache_hits)::bigint as "cache_hits!",
                          sum(attribution_sum)::bigint as "attribution_sum!",
                          sum(attribution_count)::bigint as "attribution_count!"
                   from "#
                    + $table
                    + " where "
                    + $party
                    + r#" = $1
                     and bucket >= $2 and bucket < $3
                     and ($4::uuid is null or asset_id = $4)
                     and ($5::uuid is null or license_id = $5)
                     and ($6::uuid is null or "#
                    + $counterparty
                    + r#" = $6)
                     and ($7::text is null or scope = $7)
                     and ($8::text is null or region = $8)
                     and ($9::text is null or model = $9)
                     and ($10::text is null or consumer_class = $10)
                   group by bucket order by bucket"#,
                org_id.uuid(),
                range.from(),
                range.until(),
                filter.asset_id.map(AssetId::uuid),
                filter.license_id.map(LicenseId::uuid),
                filter.counterparty.map(OrgId::uuid),
                filter.scope.map(Scope::as_str),
                filter.region,
                filter.model,
                filter.consumer_class,
            )
            .fetch_all(&services.pool)
            .await?;
            Ok(rows.into_iter().map(Bucket::from).collect())
        }
    };
}
sums!(hours_as_creator, "usage_hour", "creator_org_id", "org_id");
sums!(days_as_creator, "usage_day", "creator_org_id", "org_id");
sums!(months_as_creator, "usage_month", "creator_org_id", "org_id");
sums!(hours_as_buyer, "usage_hour", "org_id", "creator_org_id");
sums!(days_as_buyer, "usage_day", "org_id", "creator_org_id");
sums!(months_as_buyer, "usage_month", "org_id", "creator_org_id");

async fn quota_units(
    services: &Services,
    org_id: OrgId,
    license_id: LicenseId,
    sold_too: bool,
    since: DateTime<Utc>,
) -> Result<i64> {
    let units = sqlx::query_scalar!(
        r#"select coalesce(sum(case when scope = 'preview' then calls else billable_units end), 0)::bigint as "units!"
           from usage_month
           where license_id = $2 and (org_id = $1 or creator_org_id = $1 and $4) and bucket = $3"#,
        org_id.uuid(),
        license_id.uuid(),
        since,
        sold_too,
    )
    .fetch_one(&services.pool)
    .await?;
    Ok(units)
}
