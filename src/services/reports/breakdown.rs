//! Use over a range, told apart by one or two dimensions: the largest groups, and all the rest as one.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{UsageFilter, coarse};
use crate::{
    domain::{
        actor::{Actor, Deed},
        ids::{AssetId, LicenseId, OrgId},
        metering::{Grain, Range, Side, Totals},
        report::{Dimension, Dimensions, Metric},
        terms::Scope,
    },
    services::{Result, Services},
};

/// The most groups named.
const GROUPS_MAX: u8 = 100;

/// What a group has in common in one dimension.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    pub dimension: Dimension,
    /// The id of a work, license or organization, else what was said; empty where nobody said.
    pub value: String,
    /// What a person calls it: the title of a work, that of a license's work and its other party, the
    /// name of an organization.
    pub label: String,
}

/// Use that has the keys in common.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// One for each dimension, in order.
    pub keys: Vec<Key>,
    pub totals: Totals,
}

/// The groups with the most of a metric, and what all others add up to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Breakdown {
    pub groups: Vec<Group>,
    pub other: Totals,
    /// How many groups that is.
    pub others: usize,
}

/// Use over a range from one side, by one or two dimensions: the `top` groups by `metric`, then by
/// calls.
pub async fn breakdown(
    services: &Services,
    actor: &Actor,
    side: Side,
    filter: &UsageFilter,
    range: &Range,
    dimensions: Dimensions,
    (metric, top): (Metric, u8),
) -> Result<Breakdown> {
    let member = actor.may(Deed::ReadUsage)?;
    let org_id = member.org_id;
    let mut rows = match (side, range.grain()) {
        (Side::Creator, _) if member.sees_coarsely(side) => {
            coarse::apart(dimensions.iter())?;
            match coarse::days(filter, range, services.now())? {
                Some(days) => days_as_creator(services, org_id, filter, &days, dimensions).await,
                None => Ok(Vec::new()),
            }
        }
        (Side::Creator, Grain::Hour) => {
            hours_as_creator(services, org_id, filter, range, dimensions).await
        }
        (Side::Creator, Grain::Day | Grain::Month) => {
            days_as_creator(services, org_id, filter, range, dimensions).await
        }
        (Side::Buyer, Grain::Hour) => {
            hours_as_buyer(services, org_id, filter, range, dimensions).await
        }
        (Side::Buyer, Grain::Day | Grain::Month) => {
            days_as_buyer(services, org_id, filter, range, dimensions).await
        }
    }?;
    rows.sort_unstable_by(|a, b| {
        let size = |row: &Row| (metric.of(&row.totals), row.totals.calls);
        size(b).cmp(&size(a)).then_with(|| a.id().cmp(&b.id()))
    });
    let others = rows.split_off(rows.len().min(usize::from(top.clamp(1, GROUPS_MAX))));
    let mut other = Totals::default();
    for row in &others {
        other += row.totals;
    }
    let names = names(services, org_id, &rows).await?;
    let groups = rows
        .iter()
        .map(|row| Group {
            keys: dimensions.iter().map(|dimension| row.key(dimension, &names)).collect(),
            totals: row.totals,
        })
        .collect();
    Ok(Breakdown { groups, other, others: others.len() })
}

/// A group as it is found; only what it is told apart by is there.
struct Row {
    asset_id: Option<AssetId>,
    license_id: Option<LicenseId>,
    counterparty: Option<OrgId>,
    scope: Option<Scope>,
    region: Option<String>,
    model: Option<String>,
    consumer_class: Option<String>,
    totals: Totals,
}

impl Row {
    fn id(&self) -> impl Ord + '_ {
        (
            (self.asset_id, self.license_id, self.counterparty, self.scope),
            (&self.region, &self.model, &self.consumer_class),
        )
    }

    fn key(&self, dimension: Dimension, names: &HashMap<Uuid, String>) -> Key {
        let named =
            |id: Option<Uuid>| id.and_then(|id| names.get(&id)).cloned().unwrap_or_default();
        let said = |text: &Option<String>| {
            let text = text.clone().unwrap_or_default();
            (text.clone(), text)
        };
        let (value, label) = match dimension {
            Dimension::Asset => (
                self.asset_id.map(|id| id.to_string()).unwrap_or_default(),
                named(self.asset_id.map(AssetId::uuid)),
            ),
            Dimension::License => (
                self.license_id.map(|id| id.to_string()).unwrap_or_default(),
                named(self.license_id.map(LicenseId::uuid)),
            ),
            Dimension::Counterparty => (
                self.counterparty.map(|id| id.to_string()).unwrap_or_default(),
                named(self.counterparty.map(OrgId::uuid)),
            ),
            Dimension::Scope => (
                self.scope.map(Scope::as_str).unwrap_or_default().to_owned(),
                self.scope.map(Scope::in_words).unwrap_or_default().to_owned(),
            ),
            Dimension::Region => said(&self.region),
            Dimension::Model => said(&self.model),
            Dimension::ConsumerClass => said(&self.consumer_class),
        };
        Key { dimension, value, label }
    }
}

/// The part of a range that is whole buckets of a coarser grain; empty, at its start, if there are none.
fn whole(range: &Range, grain: Grain) -> (DateTime<Utc>, DateTime<Utc>) {
    let start = grain.start(range.from());
    let from = if start == range.from() { Some(start) } else { grain.next(start) };
    let until = grain.start(range.until());
    match from {
        Some(from) if from < until => (from, until),
        _ => (range.from(), range.from()),
    }
}

// SQL

/// Only the dimensions asked for are there; the others are null in every row and group nothing. What
/// lies in whole coarse buckets is read from their sums, only the edges of the range from the fine ones.
macro_rules! groups {
    ($name:ident, $coarse_grain:expr, $coarse:tt, $fine:tt, $party:tt, $counterparty:tt) => {
        async fn $name(
            services: &Services,
            org_id: OrgId,
            filter: &UsageFilter,
            range: &Range,
            by: Dimensions,
        ) -> Result<Vec<Row>> {
            let (from, until) = whole(range, $coarse_grain);
            let rows = sqlx::query!(
                r#"select case when $11 then asset_id end as "asset_id: AssetId",
                          case when $12 then license_id end as "license_id: LicenseId",
                          case when $13 then "#
                    + $counterparty
                    + r#" end as "counterparty: OrgId",
                          case when $14 then scope end as "scope: Scope",
                          case when $15 then region end as region,
                          case when $16 then model end as model,
                          case when $17 then consumer_class end as consumer_class,
                          sum(calls)::bigint as "calls!", sum(pages)::bigint as "pages!",
                          sum(tokens)::bigint as "tokens!", sum(bytes)::bigint as "bytes!",
                          sum(training_examples)::bigint as "training_examples!",
                          sum(inference_requests)::bigint as "inference_requests!",
                          sum(billable_units)::bigint as "billable_units!",
                          sum(cache_hits)::bigint as "cache_hits!",
                          sum(attribution_sum)::bigint as "attribution_sum!",
                          sum(attribution_count)::bigint as "attribution_count!"
                   from (select * from "#
                    + $coarse
                    + " where "
                    + $party
                    + r#" = $1
                             and bucket >= $18 and bucket < $19
                         union all
                         select * from "#
                    + $fine
                    + " where "
                    + $party
                    + r#" = $1
                             and bucket >= $2 and bucket < $18
                         union all
                         select * from "#
                    + $fine
                    + " where "
                    + $party
                    + r#" = $1
                             and bucket >= $19 and bucket < $3) used
                   where ($4::uuid is null or asset_id = $4)
                     and ($5::uuid is null or license_id = $5)
                     and ($6::uuid is null or "#
                    + $counterparty
                    + r#" = $6)
                     and ($7::text is null or scope = $7)
                     and ($8::text is null or region = $8)
                     and ($9::text is null or model = $9)
                     and ($10::text is null or consumer_class = $10)
                   group by 1, 2, 3, 4, 5, 6, 7"#,
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
                by.has(Dimension::Asset),
                by.has(Dimension::License),
                by.has(Dimension::Counterparty),
                by.has(Dimension::Scope),
                by.has(Dimension::Region),
                by.has(Dimension::Model),
                by.has(Dimension::ConsumerClass),
                from,
                until,
            )
            .fetch_all(&services.pool)
            .await?;
            Ok(rows
                .into_iter()
                .map(|row| Row {
                    asset_id: row.asset_id,
                    license_id: row.license_id,
                    counterparty: row.counterparty,
                    scope: row.scope,
                    region: row.region,
                    model: row.model,
                    consumer_class: row.consumer_class,
                    totals: Totals {
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
                })
                .collect())
        }
    };
}
groups!(hours_as_creator, Grain::Day, "usage_day", "usage_hour", "creator_org_id", "org_id");
groups!(hours_as_buyer, Grain::Day, "usage_day", "usage_hour", "org_id", "creator_org_id");
groups!(days_as_creator, Grain::Month, "usage_month", "usage_day", "creator_org_id", "org_id");
groups!(days_as_buyer, Grain::Month, "usage_month", "usage_day", "org_id", "creator_org_id");

/// What works, licenses and organizations of these groups are called.
async fn names(services: &Services, org_id: OrgId, rows: &[Row]) -> Result<HashMap<Uuid, String>> {
    let assets: Vec<Uuid> = rows.iter().filter_map(|row| Some(row.asset_id?.uuid())).collect();
    let licenses: Vec<Uuid> = rows.iter().filter_map(|row| Some(row.license_id?.uuid())).collect();
    let orgs: Vec<Uuid> = rows.iter().filter_map(|row| Some(row.counterparty?.uuid())).collect();
    if assets.is_empty() && licenses.is_empty() && orgs.is_empty() {
        return Ok(HashMap::new());
    }
    let names = sqlx::query!(
        r#"select asset_id as "id!: Uuid", title as "name!" from asset where asset_id = any($1)
           union all
           select license_id, asset.title || ', ' || other.name
           from license
           join asset on asset.asset_id = license.asset_id
           join organization other on other.org_id =
               case when license.org_id = $4 then license.creator_org_id else license.org_id end
           where license_id = any($2)
           union all
           select org_id, name from organization where org_id = any($3)"#,
        &assets,
        &licenses,
        &orgs,
        org_id.uuid(),
    )
    .fetch_all(&services.pool)
    .await?;
    Ok(names.into_iter().map(|row| (row.id, row.name)).collect())
}
