//! What uses add up to: the tables `usage_hour`, `usage_day` and `usage_month`.
//!
//! The uses of a transaction are added up here first, so that a bucket is touched once in it.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::{Counted, Parties};
use crate::{
    domain::{
        ids::LicenseId,
        metering::{Dimensions, Grain, Totals},
        terms::Scope,
    },
    services::Result,
};

/// What a row of sums is about. Ordered, so that two writers lock rows in the same order.
type Key<'a> = (LicenseId, DateTime<Utc>, Scope, &'a Dimensions);

type Sums<'a> = BTreeMap<Key<'a>, (&'a Parties, Totals)>;

/// Adds uses to the sums of their hours, days and months, in this order.
pub(super) async fn add(tx: &mut PgConnection, counted: &[Counted<'_>]) -> Result<()> {
    let mut hours = Sums::new();
    for each in counted {
        let observed = each.observed;
        let hour = Grain::Hour.start(observed.occurred_at);
        let key = (observed.license_id, hour, observed.scope, &observed.dimensions);
        hours.entry(key).or_insert((each.parties, Totals::default())).1 += each.totals();
    }
    let days = coarser(&hours, Grain::Day);
    let months = coarser(&days, Grain::Month);
    add_to_hours(tx, &hours).await?;
    add_to_days(tx, &days).await?;
    add_to_months(tx, &months).await
}

fn coarser<'a>(finer: &Sums<'a>, grain: Grain) -> Sums<'a> {
    let mut sums = Sums::new();
    for (&(license_id, bucket, scope, dimensions), &(parties, totals)) in finer {
        let key = (license_id, grain.start(bucket), scope, dimensions);
        sums.entry(key).or_insert((parties, Totals::default())).1 += totals;
    }
    sums
}

// SQL

/// One statement for each table.
macro_rules! add {
    ($name:ident, $table:tt) => {
        async fn $name(tx: &mut PgConnection, sums: &Sums<'_>) -> Result<()> {
            let keys = || sums.keys();
            let parties = || sums.values().map(|(parties, _)| parties);
            let totals = |of: fn(&Totals) -> i64| -> Vec<i64> {
                sums.values().map(|(_, totals)| of(totals)).collect()
            };
            let buckets: Vec<DateTime<Utc>> = keys().map(|key| key.1).collect();
            let licenses: Vec<Uuid> = keys().map(|key| key.0.uuid()).collect();
            let scopes: Vec<&str> = keys().map(|key| key.2.as_str()).collect();
            let regions: Vec<&str> = keys().map(|key| key.3.region.as_str()).collect();
            let models: Vec<&str> = keys().map(|key| key.3.model.as_str()).collect();
            let classes: Vec<&str> = keys().map(|key| key.3.consumer_class.as_str()).collect();
            let orgs: Vec<Uuid> = parties().map(|each| each.org_id.uuid()).collect();
            let creators: Vec<Uuid> = parties().map(|each| each.creator_org_id.uuid()).collect();
            let assets: Vec<Uuid> = parties().map(|each| each.asset_id.uuid()).collect();
            sqlx::query!(
                "insert into " + $table + " as held (bucket, license_id, scope, region, model,
                     consumer_class, org_id, creator_org_id, asset_id, calls, pages, tokens, bytes,
                     training_examples, inference_requests, billable_units, cache_hits,
                     attribution_sum, attribution_count)
                 select * from unnest($1::timestamptz[], $2::uuid[], $3::text[], $4::text[],
                     $5::text[], $6::text[], $7::uuid[], $8::uuid[], $9::uuid[], $10::bigint[],
                     $11::bigint[], $12::bigint[], $13::bigint[], $14::bigint[], $15::bigint[],
                     $16::bigint[], $17::bigint[], $18::bigint[], $19::bigint[])
                 on conflict (license_id, bucket, scope, region, model, consumer_class) do update
                 set calls = held.calls + excluded.calls,
                     pages = held.pages + excluded.pages,
                     tokens = held.tokens + excluded.tokens,
                     bytes = held.bytes + excluded.bytes,
                     training_examples = held.training_examples + excluded.training_examples,
                     inference_requests = held.inference_requests + excluded.inference_requests,
                     billable_units = held.billable_units + excluded.billable_units,
                     cache_hits = held.cache_hits + excluded.cache_hits,
                     attribution_sum = held.attribution_sum + excluded.attribution_sum,
                     attribution_count = held.attribution_count + excluded.attribution_count",
                &buckets,
                &licenses,
                &scopes as &[&str],
                &regions as &[&str],
                &models as &[&str],
                &classes as &[&str],
                &orgs,
                &creators,
                &assets,
                &totals(|sum| sum.calls),
                &totals(|sum| sum.pages),
                &totals(|sum| sum.tokens),
                &totals(|sum| sum.bytes),
                &totals(|sum| sum.training_examples),
                &totals(|sum| sum.inference_requests),
                &totals(|sum| sum.billable_units),
                &totals(|sum| sum.cache_hits),
                &totals(|sum| sum.attribution_sum),
                &totals(|sum| sum.attribution_count),
            )
            .execute(tx)
            .await?;
            Ok(())
        }
    };
}
add!(add_to_hours, "usage_hour");
add!(add_to_days, "usage_day");
add!(add_to_months, "usage_month");
