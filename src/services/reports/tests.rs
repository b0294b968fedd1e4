use super::*;
use crate::{
    domain::{
        actor::{Actor, Role},
        gate::AskedScope,
        ids::ReceiptId,
        metering::{Grain, JobName, Range, Side, Totals},
        pricing::Price,
        receipt::stated,
        terms::Scope,
    },
    services::{
        gate::{
            Keeper,
            fixtures::{Sale, World, seal_whole},
        },
        mint,
    },
};
use chrono::{Datelike as _, TimeDelta};
use sqlx::PgPool;

/// Deliveries of three instants, several at each: 12 events, two works.
struct Told {
    world: World,
    sales: [Sale; 2],
    buyer: Actor,
    creator: Actor,
    key: CursorKey,
    receipts: Vec<ReceiptId>,
}

async fn told(pool: PgPool) -> Told {
    let world = World::new(pool).await;
    let sales = [world.sale(100, None).await, world.sale(100, None).await];
    let keeper = Keeper::open(world.services.clone(), world.settings());
    let keeper = keeper.await.unwrap();
    let mut receipts = Vec::new();
    for _ in 0..3 {
        for sale in &sales {
            for scope in [Scope::Training, Scope::Preview] {
                let mut ask = sale.ask(AskedScope::Named(scope));
                ask.job = JobName::parse("run-1").map(Some);
                let admission = keeper.admit(&keeper.bearer(Some(&sale.secret)), &ask).unwrap();
                let delivery = seal_whole(&keeper, admission).unwrap();
                receipts.push(delivery.receipt.receipt_id);
                keeper.record(delivery).await.unwrap();
            }
        }
        world.pass(TimeDelta::hours(30));
    }
    keeper.close().await;
    let (buyer, creator) =
        (world.member(world.buyer, Role::Viewer), world.member(world.creator, Role::Viewer));
    Told { world, sales, buyer, creator, key: CursorKey::new(&[7; 32]), receipts }
}

impl Told {
    async fn page(&self, filter: &EventFilter, cursor: Option<&str>, limit: u8) -> EventPage {
        events(&self.world.services, &self.key, &self.creator, Side::Creator, filter, cursor, limit)
            .await
            .unwrap()
    }
}

#[sqlx::test]
async fn the_feed_reads_the_same_in_pages_of_any_size_and_both_ways(pool: PgPool) {
    let told = told(pool).await;
    let filter = EventFilter::default();
    let all = told.page(&filter, None, 100).await;
    assert_eq!((all.lines.len(), &all.newer, &all.older), (12, &None, &None));
    assert!(all.lines.is_sorted_by(|a, b| {
        a.occurred_at > b.occurred_at
            || (a.occurred_at == b.occurred_at && a.usage_event_id < b.usage_event_id)
    }));
    assert!(all.lines.iter().all(|line| line.counterparty == "acme"));
    for limit in 1..=12 {
        let mut forward = Vec::new();
        let mut page = told.page(&filter, None, limit).await;
        assert_eq!(page.newer, None);
        let mut backward = loop {
            forward.extend(page.lines.clone());
            let Some(older) = page.older.clone() else { break page };
            page = told.page(&filter, Some(&older), limit).await;
        };
        assert_eq!(forward, all.lines, "in pages of {limit}");
        let mut seen = backward.lines.len();
        while let Some(newer) = backward.newer.clone() {
            backward = told.page(&filter, Some(&newer), limit).await;
            seen += backward.lines.len();
        }
        assert_eq!(backward, told.page(&filter, None, limit).await);
        assert!(seen >= 12);
    }
}

#[sqlx::test]
async fn a_page_between_others_leads_both_ways(pool: PgPool) {
    let told = told(pool).await;
    let filter = EventFilter::default();
    let first = told.page(&filter, None, 4).await;
    let second = told.page(&filter, first.older.as_deref(), 4).await;
    let third = told.page(&filter, second.older.as_deref(), 4).await;
    assert_eq!(third.older, None);
    let back = told.page(&filter, third.newer.as_deref(), 4).await;
    assert_eq!(back.lines, second.lines);
    assert!(back.newer.is_some() && back.older.is_some());
}

#[sqlx::test]
async fn filters_narrow_the_feed_and_bind_its_cursors(pool: PgPool) {
    let told = told(pool).await;
    let asset = EventFilter { asset_id: Some(told.sales[0].asset_id), ..EventFilter::default() };
    let license =
        EventFilter { license_id: Some(told.sales[1].license_id), ..EventFilter::default() };
    let scope = EventFilter { scope: Some(Scope::Preview), ..EventFilter::default() };
    let billable = EventFilter { cost: Some(Cost::Billable), ..EventFilter::default() };
    for (filter, expected) in [(&asset, 6), (&license, 6), (&scope, 6), (&billable, 2)] {
        assert_eq!(told.page(filter, None, 100).await.lines.len(), expected, "{filter:?}");
    }
    let cursor = told.page(&asset, None, 2).await.older.unwrap();
    let open = async |key: &CursorKey, actor: &Actor, side, filter: &EventFilter, cursor: &str| {
        let page = events(&told.world.services, key, actor, side, filter, Some(cursor), 2).await;
        page.map(|_| "read").unwrap_or_else(|error| error.refusal().unwrap().code)
    };
    let (key, creator, buyer) = (&told.key, &told.creator, &told.buyer);
    assert_eq!(open(key, creator, Side::Creator, &asset, &cursor).await, "read");
    let other_key = CursorKey::new(&[8; 32]);
    for code in [
        open(key, creator, Side::Creator, &scope, &cursor).await,
        open(key, creator, Side::Buyer, &asset, &cursor).await,
        open(key, buyer, Side::Creator, &asset, &cursor).await,
        open(&other_key, creator, Side::Creator, &asset, &cursor).await,
        open(key, creator, Side::Creator, &asset, &cursor[1..]).await,
    ] {
        assert_eq!(code, "invalid_cursor");
    }
    told.world.pass(TimeDelta::hours(73));
    assert_eq!(open(key, creator, Side::Creator, &asset, &cursor).await, "expired_cursor");
}

#[sqlx::test]
async fn use_is_filled_with_zeros_and_adds_up(pool: PgPool) {
    let told = told(pool).await;
    let services = &told.world.services;
    let range = Range::last_days(services.now(), 7, Grain::Day).unwrap();
    let all = UsageFilter::default();
    let report = usage(services, &told.creator, Side::Creator, &all, &range).await.unwrap();
    assert_eq!(report.buckets.len(), 7);
    assert!(report.buckets.is_sorted_by_key(|bucket| bucket.at));
    assert_eq!(report.totals, Totals { calls: 12, bytes: 84, billable_units: 2, ..report.totals });
    let calls: Vec<i64> = report.buckets.iter().map(|bucket| bucket.totals.calls).collect();
    assert_eq!(calls, [0, 0, 4, 4, 4, 0, 0]);

    let buyer = usage(services, &told.buyer, Side::Buyer, &all, &range).await.unwrap();
    assert_eq!(buyer, report);
    let none = usage(services, &told.buyer, Side::Creator, &all, &range).await.unwrap();
    assert_eq!(none.totals, Totals::default());
    let one = UsageFilter { asset_id: Some(told.sales[0].asset_id), ..all.clone() };
    let one = usage(services, &told.creator, Side::Creator, &one, &range).await.unwrap();
    assert_eq!(one.totals, Totals { calls: 6, bytes: 42, billable_units: 1, ..one.totals });

    let hours = Range::last_days(services.now(), 7, Grain::Hour).unwrap();
    let hourly = usage(services, &told.creator, Side::Creator, &all, &hours).await.unwrap();
    assert_eq!((hourly.buckets.len(), hourly.totals), (168, report.totals));

    let months = Range::new(range.from(), range.until(), Grain::Month).unwrap();
    let monthly = usage(services, &told.creator, Side::Creator, &all, &months).await.unwrap();
    assert_eq!(monthly.totals, report.totals);
}

#[sqlx::test]
async fn the_deliveries_of_one_token_are_found(pool: PgPool) {
    let told = told(pool).await;
    let services = &told.world.services;
    let token_id = receipt(services, &told.buyer, told.receipts[0]).await.unwrap().token_id;
    let one = EventFilter { token_id: Some(token_id), ..EventFilter::default() };
    let page = told.page(&one, None, 100).await;
    assert_eq!(page.lines.len(), 6);
    assert!(page.lines.iter().all(|line| line.asset_id == told.sales[0].asset_id));
    let license_id = Some(told.sales[1].license_id);
    let elsewhere = EventFilter { license_id, ..one.clone() };
    assert!(told.page(&elsewhere, None, 100).await.lines.is_empty());
    let cursor = told.page(&one, None, 2).await.older.unwrap();
    let other = EventFilter { token_id: Some(mint()), ..EventFilter::default() };
    let side = Side::Creator;
    let reused = events(services, &told.key, &told.creator, side, &other, Some(&cursor), 2).await;
    assert_eq!(reused.unwrap_err().refusal().unwrap().code, "invalid_cursor");
}

/// Nothing is included, so what is started counts.
fn by_the_thousand() -> Price {
    Price::Subscription { base_micros: 5, included_units: 0, overage_micros: Some(7) }
}

#[sqlx::test]
async fn a_quota_is_what_this_month_used_of_it(pool: PgPool) {
    let told = told(pool).await;
    let services = &told.world.services;
    let seen = async |actor: &Actor, side, license_id| {
        quotas(services, actor, side, license_id, 10).await.unwrap()
    };
    for (actor, side, other) in
        [(&told.buyer, Side::Buyer, "mira"), (&told.creator, Side::Creator, "acme")]
    {
        let found = seen(actor, side, None).await;
        assert_eq!(found.len(), 2, "{side}");
        for quota in &found {
            let used = quota_used(services, actor, quota.license_id).await.unwrap();
            assert_eq!((quota.used_units, quota.included_units), (used, 100));
            assert_eq!(quota.counterparty, other);
            let (price, now) = (by_the_thousand(), services.now());
            let month = month_so_far(services, actor, quota.license_id, &price, now).await.unwrap();
            assert_eq!(month.days.iter().sum::<i64>(), used);
            assert_eq!(month.days.len(), usize::try_from(now.day()).unwrap());
            let spend = if month.billable_units > 0 { 5 + 7 } else { 5 };
            assert_eq!(month.spend_micros(&price), spend);
        }
        let one = seen(actor, side, Some(told.sales[1].license_id)).await;
        assert_eq!((one.len(), one[0].license_id), (1, told.sales[1].license_id));
    }
    let stranger = told.world.member(mint(), Role::Owner);
    for side in [Side::Buyer, Side::Creator] {
        assert!(seen(&stranger, side, None).await.is_empty());
        assert!(seen(&stranger, side, Some(told.sales[0].license_id)).await.is_empty());
    }
    // From the side it is not on, a party sees nothing.
    assert!(seen(&told.buyer, Side::Creator, None).await.is_empty());
}

#[sqlx::test]
async fn a_receipt_is_seen_by_its_parties_and_by_nobody_else(pool: PgPool) {
    let told = told(pool).await;
    let services = &told.world.services;
    let id = told.receipts[0];
    for actor in [&told.buyer, &told.creator] {
        let found = receipt(services, actor, id).await.unwrap();
        assert_eq!((found.buyer.as_str(), found.creator.as_str()), ("acme", "mira"));
        assert_eq!((found.billable_units, found.free_reason), (Some(1), None));
    }
    let stranger = told.world.member(crate::services::mint(), Role::Owner);
    let refused = receipt(services, &stranger, id).await.unwrap_err();
    assert_eq!(refused.refusal().unwrap().code, "not_found");
    let other = receipt_of_license(services, told.sales[1].license_id, id).await.unwrap_err();
    assert_eq!(other.refusal().unwrap().code, "not_found");
}

#[sqlx::test]
async fn either_party_fetches_its_receipts_by_the_batch(pool: PgPool) {
    let told = told(pool).await;
    let (services, key) = (&told.world.services, &told.key);
    let all = ReceiptFilter::default();
    let ids = |jws: &[String]| -> Vec<ReceiptId> {
        jws.iter().map(|jws| stated(jws).unwrap().1.receipt_id).collect()
    };
    for (actor, side) in [(&told.buyer, Side::Buyer), (&told.creator, Side::Creator)] {
        let (mut fetched, mut cursor) = (Vec::new(), None);
        loop {
            let batch = receipts(services, key, actor, side, &all, cursor.as_deref(), 5);
            let batch = batch.await.unwrap();
            assert!(batch.receipts.len() <= 5);
            fetched.extend(ids(&batch.receipts));
            let Some(next) = batch.next else { break };
            cursor = Some(next);
        }
        let mut expected = told.receipts.clone();
        expected.chunks_mut(4).for_each(|at_once| at_once.sort());
        assert_eq!(fetched, expected, "{side}");
        let other = ReceiptFilter { license_id: Some(told.sales[0].license_id), ..all };
        let reused = receipts(services, key, actor, side, &other, cursor.as_deref(), 5).await;
        assert_eq!(reused.unwrap_err().refusal().unwrap().code, "invalid_cursor");
    }
    // A party sees nothing from the side it is not on.
    let nothing = receipts(services, key, &told.buyer, Side::Creator, &all, None, 9).await.unwrap();
    assert_eq!(nothing, ReceiptBatch { receipts: Vec::new(), next: None });

    let since = told.world.services.now() - TimeDelta::hours(35);
    for (filter, expected) in [
        (ReceiptFilter { license_id: Some(told.sales[0].license_id), ..all }, 6),
        (ReceiptFilter { asset_id: Some(told.sales[1].asset_id), ..all }, 6),
        (ReceiptFilter { asset_id: Some(mint()), ..all }, 0),
        (ReceiptFilter { from: Some(since), ..all }, 4),
        (ReceiptFilter { until: Some(since), ..all }, 8),
    ] {
        let side = Side::Creator;
        let found = receipts(services, key, &told.creator, side, &filter, None, 1000).await;
        assert_eq!(found.unwrap().receipts.len(), expected, "{filter:?}");
    }

    let mut named = told.receipts[2..5].to_vec();
    named.sort();
    let known = named.clone();
    named.push(mint());
    let found = receipts_named(services, &told.buyer, &named).await.unwrap();
    assert_eq!(ids(&found), known);
    let stranger = told.world.member(mint(), Role::Owner);
    assert!(receipts_named(services, &stranger, &named).await.unwrap().is_empty());
    let many: Vec<ReceiptId> = (0..1001).map(|_| mint()).collect();
    assert!(receipts_named(services, &told.buyer, &many).await.is_err());
}
