use chrono::TimeDelta;
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use sqlx::{PgPool, Row as _};

use super::{
    fixtures::{draw, instants, write},
    *,
};
use crate::{
    domain::{
        actor::{Actor, Role},
        metering::{Grain, Range, Side, Totals},
        report::{Dimension, Dimensions, Metric},
        terms::Scope,
    },
    services::{
        gate::fixtures::{Sale, World},
        metering::Observed,
        mint,
    },
};

const fn column(dimension: Dimension, side: Side) -> &'static str {
    match (dimension, side) {
        (Dimension::Asset, _) => "asset_id",
        (Dimension::License, _) => "license_id",
        (Dimension::Counterparty, Side::Creator) => "org_id",
        (Dimension::Counterparty, Side::Buyer) => "creator_org_id",
        (Dimension::Scope, _) => "scope",
        (Dimension::Region, _) => "region",
        (Dimension::Model, _) => "model",
        (Dimension::ConsumerClass, _) => "consumer_class",
    }
}

/// What the events themselves add up to, by size: calls and billable units, largest first.
async fn from_events(
    world: &World,
    side: Side,
    filter: &UsageFilter,
    range: &Range,
    by: Dimensions,
    metric: Metric,
) -> Vec<i64> {
    let columns: Vec<&str> = by.iter().map(|dimension| column(dimension, side)).collect();
    let sql = format!(
        "select sum({0})::bigint as size from usage_event where occurred_at >= $1 and occurred_at < $2
             and ($3::uuid is null or license_id = $3) and ($4::text is null or scope = $4)
         group by {1} order by 1 desc",
        metric.as_str(),
        columns.join(", "),
    );
    let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
        .bind(range.from())
        .bind(range.until())
        .bind(filter.license_id.map(|id| id.uuid()))
        .bind(filter.scope.map(Scope::as_str))
        .fetch_all(world.pool())
        .await
        .unwrap();
    rows.iter().map(|row| row.get("size")).collect()
}

#[sqlx::test]
async fn a_breakdown_is_what_the_events_add_up_to(pool: PgPool) {
    let world = World::new(pool).await;
    let sales: Vec<Sale> = vec![world.sale(9, None).await, world.sale(9, None).await];
    let mut rng = StdRng::seed_from_u64(21);
    let instants = instants(&world, &[0, 1, 7, 28, 35, 64, 65, 90], 9);
    let events: Vec<Observed> =
        (0..300).map(|_| draw(&mut rng, &world, &sales, &instants)).collect();
    write(&world, &events).await;
    let (creator, buyer) =
        (world.member(world.creator, Role::Viewer), world.member(world.buyer, Role::Viewer));
    for round in 0..60 {
        let (side, actor): (Side, &Actor) =
            if round % 2 == 0 { (Side::Creator, &creator) } else { (Side::Buyer, &buyer) };
        let draw_dimension =
            |rng: &mut StdRng| Dimension::ALL[rng.random_range(0..Dimension::ALL.len())];
        let first = draw_dimension(&mut rng);
        let by = Dimensions::two(first, draw_dimension(&mut rng))
            .unwrap_or_else(|_| Dimensions::one(first));
        let metric = [Metric::Calls, Metric::Tokens, Metric::BillableUnits][rng.random_range(0..3)];
        let grain = Grain::ALL[rng.random_range(0..3)];
        let from = world.services.now() - TimeDelta::hours(rng.random_range(24..2400));
        let until = from + TimeDelta::hours(rng.random_range(1..2000));
        let range = Range::new(from, until, grain).unwrap();
        let filter = UsageFilter {
            license_id: rng.random_bool(0.2).then_some(sales[0].license_id),
            scope: rng.random_bool(0.2).then_some(Scope::Training),
            ..UsageFilter::default()
        };
        let top = rng.random_range(1..6);
        let found = breakdown(&world.services, actor, side, &filter, &range, by, (metric, top))
            .await
            .unwrap();
        let expected = from_events(&world, side, &filter, &range, by, metric).await;
        let named: Vec<i64> = found.groups.iter().map(|group| metric.of(&group.totals)).collect();
        let cut = expected.len().min(usize::from(top));
        assert_eq!(named, expected[..cut], "{by:?} {range:?}");
        assert_eq!(found.others, expected.len() - cut);
        assert_eq!(metric.of(&found.other), expected[cut..].iter().sum::<i64>());
        // The same in total as over time.
        let mut sum = found.other;
        for group in &found.groups {
            sum += group.totals;
        }
        let over_time = usage(&world.services, actor, side, &filter, &range).await.unwrap();
        assert_eq!(sum, over_time.totals);

        // Each group over time is what it is in total, bucket by bucket.
        let alone = Dimensions::one(first);
        let found = breakdown(&world.services, actor, side, &filter, &range, alone, (metric, top))
            .await
            .unwrap();
        let keys: Vec<&Key> = found.groups.iter().map(|group| &group.keys[0]).collect();
        let trends = trends(&world.services, actor, side, &filter, &range, &keys).await.unwrap();
        assert_eq!(trends.len(), keys.len());
        for (group, trend) in found.groups.iter().zip(&trends) {
            assert_eq!(trend.len(), over_time.buckets.len());
            assert_eq!(trend.iter().sum::<i64>(), group.totals.calls, "{first:?} {range:?}");
        }
        if found.others == 0 {
            let each: Vec<i64> = (0..over_time.buckets.len())
                .map(|at| trends.iter().map(|trend| trend[at]).sum())
                .collect();
            let whole: Vec<i64> =
                over_time.buckets.iter().map(|bucket| bucket.totals.calls).collect();
            assert_eq!(each, whole);
        }
    }
}

#[sqlx::test]
async fn groups_have_names_and_others_see_none(pool: PgPool) {
    let world = World::new(pool).await;
    let sale = world.sale(9, None).await;
    let mut rng = StdRng::seed_from_u64(22);
    let event = draw(&mut rng, &world, std::slice::from_ref(&sale), &instants(&world, &[0], 1));
    write(&world, std::slice::from_ref(&event)).await;
    let range = Range::last_days(world.services.now(), 30, Grain::Day).unwrap();
    let by = |first, second| Dimensions::two(first, second).unwrap();
    let told = async |org_id, side, by| {
        let actor = world.member(org_id, Role::Viewer);
        let filter = UsageFilter::default();
        breakdown(&world.services, &actor, side, &filter, &range, by, (Metric::Calls, 5))
            .await
            .unwrap()
    };
    let works = by(Dimension::Asset, Dimension::Counterparty);
    let found = told(world.creator, Side::Creator, works).await;
    let labels: Vec<&str> = found.groups[0].keys.iter().map(|key| key.label.as_str()).collect();
    assert_eq!(labels, ["The Salt Roads", "acme"]);
    assert_eq!(found.groups[0].keys[0].value, sale.asset_id.to_string());
    let licenses = by(Dimension::License, Dimension::Scope);
    for (org_id, side, label) in [
        (world.creator, Side::Creator, "The Salt Roads, acme"),
        (world.buyer, Side::Buyer, "The Salt Roads, mira"),
    ] {
        let found = told(org_id, side, licenses).await;
        assert_eq!(found.groups[0].keys[0].label, label);
    }
    let uses = by(Dimension::Model, Dimension::Counterparty);
    let found = told(world.buyer, Side::Buyer, uses).await;
    let labels: Vec<&str> = found.groups[0].keys.iter().map(|key| key.label.as_str()).collect();
    assert_eq!(labels, [event.dimensions.model.as_str(), "mira"]);
    for (org_id, side) in [(mint(), Side::Creator), (world.buyer, Side::Creator)] {
        let found = told(org_id, side, works).await;
        assert_eq!((found.groups.len(), found.other), (0, Totals::default()));
    }
}
