//! Coarse reports: they hold what the days that are over add up to, and nothing else of what was sold;
//! of what was bought they leave out nothing.

use chrono::{DateTime, Utc};
use rand::{SeedableRng as _, rngs::StdRng};
use sqlx::PgPool;

use super::*;
use crate::{
    domain::{
        actor::{Actor, Role, Who},
        gate::AskedScope,
        ids::ReceiptId,
        metering::{Grain, Range, Side, month_start},
        pricing::Price,
        profile::Reporting,
        report::{Dimension, Dimensions, Metric},
        terms::Scope,
    },
    services::{
        gate::{
            Keeper,
            fixtures::{Sale, World, seal_whole},
        },
        metering::Observed,
        testing::code,
    },
};

struct Told {
    world: World,
    sales: [Sale; 2],
    told: Vec<Observed>,
    receipt_id: ReceiptId,
    key: CursorKey,
}

async fn told(pool: PgPool) -> Told {
    let world = World::new(pool).await;
    let sales = [world.sale(1000, None).await, world.sale(1000, None).await];
    let keeper = Keeper::open(world.services.clone(), world.settings()).await.unwrap();
    let ask = sales[0].ask(AskedScope::Named(Scope::Training));
    let admission = keeper.admit(&keeper.bearer(Some(&sales[0].secret)), &ask).unwrap();
    let delivery = seal_whole(&keeper, admission).unwrap();
    let receipt_id = delivery.receipt.receipt_id;
    keeper.record(delivery).await.unwrap();
    keeper.close().await;
    let mut rng = StdRng::seed_from_u64(11);
    let instants = fixtures::instants(&world, &[0, 1, 2, 9, 33, 64], 6);
    let told: Vec<Observed> =
        (0..240).map(|_| fixtures::draw(&mut rng, &world, &sales, &instants)).collect();
    fixtures::write(&world, &told).await;
    Told { world, sales, told, receipt_id, key: CursorKey::new(&[7; 32]) }
}

impl Told {
    fn coarse(&self, side: Side) -> Actor {
        let org_id = match side {
            Side::Creator => self.world.creator,
            Side::Buyer => self.world.buyer,
        };
        let mut actor = self.world.member(org_id, Role::Owner);
        if let Who::Member(member) = &mut actor.who {
            member.reporting = Reporting::Coarse;
        }
        actor
    }

    /// Calls of the days that are over, from an instant on, of those let through.
    fn calls(&self, from: DateTime<Utc>, of: impl Fn(&Observed) -> bool) -> i64 {
        let today = Grain::Day.start(self.world.services.now());
        let over = |at: DateTime<Utc>| from <= at && at < today;
        let counted = self.told.iter().filter(|event| over(event.occurred_at) && of(event));
        counted.map(|event| event.measures.calls).sum()
    }
}

#[sqlx::test]
async fn coarse_sums_are_those_of_days_that_are_over(pool: PgPool) {
    let told = told(pool).await;
    let (services, creator) = (&told.world.services, told.coarse(Side::Creator));
    let (side, every, now) = (Side::Creator, UsageFilter::default(), services.now());
    for range in [
        Range::last_days(now, 90, Grain::Day).unwrap(),
        Range::last_days(now, 2, Grain::Day).unwrap(),
        Range::last_days(now, 1, Grain::Day).unwrap(),
        Range::last_months(now, 4).unwrap(),
    ] {
        let report = usage(services, &creator, side, &every, &range).await.unwrap();
        assert_eq!(report.totals.calls, told.calls(range.from(), |_| true), "{range:?}");
        assert!(report.buckets.iter().map(|bucket| bucket.at).eq(range.buckets()));
        if range.grain() == Grain::Day {
            assert_eq!(report.buckets.last().unwrap().totals.calls, 0, "today is not over");
        }
        for bucket in &report.buckets {
            let start = |at| range.grain().start(at);
            let calls = told.calls(range.from(), |event| start(event.occurred_at) == bucket.at);
            assert_eq!(bucket.totals.calls, calls, "{range:?} {bucket:?}");
        }
        for by in [Dimension::Asset, Dimension::Scope] {
            let most = (Metric::Calls, 10);
            let by = Dimensions::one(by);
            let found = breakdown(services, &creator, side, &every, &range, by, most).await;
            let found = found.unwrap();
            let calls: i64 = found.groups.iter().map(|group| group.totals.calls).sum();
            assert_eq!(calls, report.totals.calls, "{range:?} {by:?}");
            let keys: Vec<&Key> = found.groups.iter().map(|group| &group.keys[0]).collect();
            let lines = trends(services, &creator, side, &every, &range, &keys).await.unwrap();
            for (line, group) in lines.iter().zip(&found.groups) {
                assert_eq!(line.len(), range.buckets().count());
                assert_eq!(line.iter().sum::<i64>(), group.totals.calls);
            }
        }
    }
    let one = UsageFilter { asset_id: Some(told.sales[1].asset_id), ..every.clone() };
    let range = Range::last_days(now, 90, Grain::Day).unwrap();
    let report = usage(services, &creator, side, &one, &range).await.unwrap();
    let calls = told.calls(range.from(), |event| event.license_id == told.sales[1].license_id);
    assert_eq!(report.totals.calls, calls);
    refusals(services, &creator, side, &every, &range).await.unwrap();
}

#[sqlx::test]
async fn nothing_finer_leaves_by_any_door(pool: PgPool) {
    let told = told(pool).await;
    let (services, creator) = (&told.world.services, told.coarse(Side::Creator));
    let (side, every, now) = (Side::Creator, UsageFilter::default(), services.now());
    let days = Range::last_days(now, 30, Grain::Day).unwrap();
    let hours = Range::last_days(now, 2, Grain::Hour).unwrap();
    let said = || Some("eu".to_owned());
    let license_id = told.sales[0].license_id;
    let fine = [
        UsageFilter { license_id: Some(license_id), ..every.clone() },
        UsageFilter { counterparty: Some(told.world.buyer), ..every.clone() },
        UsageFilter { region: said(), ..every.clone() },
        UsageFilter { model: said(), ..every.clone() },
        UsageFilter { consumer_class: said(), ..every.clone() },
    ];
    let most = (Metric::Calls, 10);
    let by_work = Dimensions::one(Dimension::Asset);
    let asked = fine.iter().map(|filter| (filter, &days)).chain([(&every, &hours)]);
    for (filter, range) in asked {
        let answers = [
            code(usage(services, &creator, side, filter, range).await),
            code(breakdown(services, &creator, side, filter, range, by_work, most).await),
            code(refusals(services, &creator, side, filter, range).await),
        ];
        assert_eq!(answers, ["reports_coarse"; 3], "{filter:?} {range:?}");
    }
    for by in Dimension::ALL.iter().filter(|by| !by.is_coarse()) {
        let key = Key { dimension: *by, value: "eu".into(), label: String::new() };
        let answers = [
            code(
                breakdown(services, &creator, side, &every, &days, Dimensions::one(*by), most)
                    .await,
            ),
            code(
                breakdown(
                    services,
                    &creator,
                    side,
                    &every,
                    &days,
                    Dimensions::two(Dimension::Asset, *by).unwrap(),
                    most,
                )
                .await,
            ),
            code(trends(services, &creator, side, &every, &days, &[&key]).await),
        ];
        assert_eq!(answers, ["reports_coarse"; 3], "{by}");
    }
    let key = &told.key;
    let all = FailureFilter::of(Failed::Refused);
    let batch = ReceiptFilter::default();
    let single = EventFilter::default();
    let answers = [
        code(events(services, key, &creator, side, &single, None, 9).await),
        code(failures(services, key, &creator, side, &all, None, 9).await),
        code(receipts(services, key, &creator, side, &batch, None, 9).await),
        code(receipt(services, &creator, told.receipt_id).await),
        code(quotas(services, &creator, side, None, 9).await),
        code(quotas(services, &creator, side, Some(license_id), 9).await),
    ];
    assert_eq!(answers, ["reports_coarse"; 6]);
    let named = receipts_named(services, &creator, &[told.receipt_id]).await.unwrap();
    assert_eq!(named, Vec::<String>::new());
    assert_eq!(quota_used(services, &creator, license_id).await.unwrap(), 0);
    let price = Price::Subscription { base_micros: 5, included_units: 0, overage_micros: Some(7) };
    let month = month_so_far(services, &creator, license_id, &price, month_start(now)).await;
    assert_eq!(month.unwrap().days.iter().sum::<i64>(), 0);
}

#[sqlx::test]
async fn what_was_bought_is_seen_in_full(pool: PgPool) {
    let told = told(pool).await;
    let (services, buyer, key) = (&told.world.services, told.coarse(Side::Buyer), &told.key);
    let side = Side::Buyer;
    let hours = Range::last_days(services.now(), 2, Grain::Hour).unwrap();
    let by_license =
        UsageFilter { license_id: Some(told.sales[0].license_id), ..UsageFilter::default() };
    assert!(usage(services, &buyer, side, &by_license, &hours).await.unwrap().totals.calls > 0);
    let single = EventFilter::default();
    assert!(!events(services, key, &buyer, side, &single, None, 9).await.unwrap().lines.is_empty());
    assert_eq!(
        receipt(services, &buyer, told.receipt_id).await.unwrap().receipt_id,
        told.receipt_id
    );
    assert_eq!(receipts_named(services, &buyer, &[told.receipt_id]).await.unwrap().len(), 1);
    assert!(quota_used(services, &buyer, told.sales[0].license_id).await.unwrap() > 0);
}
