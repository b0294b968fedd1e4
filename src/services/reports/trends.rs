//! How the largest groups of a breakdown went over time: calls by bucket, for a line beside each.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{Key, UsageFilter, coarse};
use crate::{
    domain::{
        actor::{Actor, Deed},
        ids::{AssetId, LicenseId, OrgId},
        metering::{Grain, Range, Side},
        report::Dimension,
        terms::Scope,
    },
    services::{Result, Services},
};

/// The calls of each of these groups, one for every bucket of the range. The keys are of one
/// dimension, as `breakdown` answered with them.
pub async fn trends(
    services: &Services,
    actor: &Actor,
    side: Side,
    filter: &UsageFilter,
    range: &Range,
    keys: &[&Key],
) -> Result<Vec<Vec<i64>>> {
    let member = actor.may(Deed::ReadUsage)?;
    let org_id = member.org_id;
    let Some(by) = keys.first().map(|key| key.dimension) else { return Ok(Vec::new()) };
    let stored: Vec<String> = keys.iter().map(|key| stored(key)).collect();
    let asked = Asked { filter, range, by, keys: &stored };
    let mut rows = match (side, range.grain()) {
        (Side::Creator, _) if member.sees_coarsely(side) => {
            coarse::apart([by].into_iter())?;
            match coarse::days(filter, range, services.now())? {
                Some(days) => {
                    days_as_creator(services, org_id, &Asked { range: &days, ..asked }).await
                }
                None => Ok(Vec::new()),
            }
        }
        (Side::Creator, Grain::Hour) => hours_as_creator(services, org_id, &asked).await,
        (Side::Creator, Grain::Day) => days_as_creator(services, org_id, &asked).await,
        (Side::Creator, Grain::Month) => months_as_creator(services, org_id, &asked).await,
        (Side::Buyer, Grain::Hour) => hours_as_buyer(services, org_id, &asked).await,
        (Side::Buyer, Grain::Day) => days_as_buyer(services, org_id, &asked).await,
        (Side::Buyer, Grain::Month) => months_as_buyer(services, org_id, &asked).await,
    }?;
    for row in &mut rows {
        row.at = range.grain().start(row.at);
    }
    let mut calls: HashMap<(&str, DateTime<Utc>), i64> = HashMap::new();
    for row in &rows {
        *calls.entry((&row.key, row.at)).or_default() += row.calls;
    }
    let buckets: Vec<DateTime<Utc>> = range.buckets().collect();
    Ok(stored
        .iter()
        .map(|key| {
            let of = |at: &DateTime<Utc>| calls.get(&(key.as_str(), *at)).copied();
            buckets.iter().map(|at| of(at).unwrap_or_default()).collect()
        })
        .collect())
}

/// A key's value as the tables have it: ids are uuids there.
fn stored(key: &Key) -> String {
    let id = |id: Option<Uuid>| id.map(|id| id.to_string()).unwrap_or_default();
    match key.dimension {
        Dimension::Asset => id(key.value.parse().ok().map(AssetId::uuid)),
        Dimension::License => id(key.value.parse().ok().map(LicenseId::uuid)),
        Dimension::Counterparty => id(key.value.parse().ok().map(OrgId::uuid)),
        Dimension::Scope | Dimension::Region | Dimension::Model | Dimension::ConsumerClass => {
            key.value.clone()
        }
    }
}

#[derive(Clone, Copy)]
struct Asked<'a> {
    filter: &'a UsageFilter,
    range: &'a Range,
    by: Dimension,
    keys: &'a [String],
}

// SQL

struct Row {
    at: DateTime<Utc>,
    key: String,
    calls: i64,
}

macro_rules! trends_in {
    ($name:ident, $table:tt, $party:tt, $counterparty:tt) => {
        async fn $name(services: &Services, org_id: OrgId, asked: &Asked<'_>) -> Result<Vec<Row>> {
            let Asked { filter, range, by, keys } = asked;
            let rows = sqlx::query_as!(
                Row,
                r#"select at as "at!", key as "key!", sum(calls)::bigint as "calls!"
                   from (select bucket as at, calls,
                                case $11
                                    when 'asset' then asset_id::text
                                    when 'license' then license_id::text
                                    when 'counterparty' then "#
                    + $counterparty
                    + r#"::text
                                    when 'scope' then scope
                                    when 'region' then region
                                    when 'model' then model
                                    else consumer_class
                                end as key
                         from "#
                    + $table
                    + " where "
                    + $party
                    + r#" = $1 and bucket >= $2 and bucket < $3
                           and ($4::uuid is null or asset_id = $4)
                           and ($5::uuid is null or license_id = $5)
                           and ($6::uuid is null or "#
                    + $counterparty
                    + r#" = $6)
                           and ($7::text is null or scope = $7)
                           and ($8::text is null or region = $8)
                           and ($9::text is null or model = $9)
                           and ($10::text is null or consumer_class = $10)) used
                   where key = any($12)
                   group by at, key"#,
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
                by.as_str(),
                *keys,
            )
            .fetch_all(&services.pool)
            .await?;
            Ok(rows)
        }
    };
}
trends_in!(hours_as_creator, "usage_hour", "creator_org_id", "org_id");
trends_in!(days_as_creator, "usage_day", "creator_org_id", "org_id");
trends_in!(months_as_creator, "usage_month", "creator_org_id", "org_id");
trends_in!(hours_as_buyer, "usage_hour", "org_id", "creator_org_id");
trends_in!(days_as_buyer, "usage_day", "org_id", "creator_org_id");
trends_in!(months_as_buyer, "usage_month", "org_id", "creator_org_id");
