//! Use as time passes: every hour has its own sum, every month its own quota.

use chrono::TimeDelta;
use imprimatur::domain::asset::ContentId;
use sqlx::PgPool;

use crate::{
    licensing::assert_sums_hold,
    visitor::{Tier, Visitor, between, shown},
    world::World,
};

/// The figure with this label.
async fn figure(visitor: &mut Visitor, path: &str, label: &str) -> String {
    let page = visitor.open(path).await;
    let (_, rest) = page.split_once(label).unwrap_or_else(|| panic!("no {label} in {page}"));
    between(rest, "quantity\">", "<").to_owned()
}

#[sqlx::test(migrator = "imprimatur::MIGRATOR")]
async fn a_free_tier_stops_at_its_quota_and_begins_anew_each_month(pool: PgPool) {
    let world = World::new(pool).await;
    let mut mira = world.creator("mira").await;
    let asset_id = mira.register("The Salt Roads", "Salt.").await;
    mira.publish_offer_with(asset_id, &[("free_units", "3")]).await;
    let mut acme = world.buyer("acme").await;
    let license_id = acme.accept(asset_id, Tier::Free).await;
    let license = format!("/licenses/{license_id}");
    let token = acme.create_token(license_id).await;
    let content_id = ContentId::of(b"Salt.");
    acme.fetch_until(&content_id, &token.secret, 200).await;
    for _ in 0..2 {
        world.clock.advance(TimeDelta::hours(1));
        assert_eq!(acme.fetch(&content_id, &token.secret).await.status, 200);
    }
    world.clock.advance(TimeDelta::hours(1));
    let refused = acme.fetch(&content_id, &token.secret).await;
    assert_eq!(refused.status, 429, "{}", refused.body);
    assert!(refused.body.contains("quota"), "{}", refused.body);
    // The buyer is told what stopped the machines; the creator sees the same reason.
    world.gate.attempts().flush().await;
    world.gate.settled().await;
    let overview = shown(&acme.open("/overview").await);
    assert!(overview.contains("“The Salt Roads” has used 100\u{a0}% of its month"), "{overview}");
    assert!(overview.contains("One request refused in the last 7 days"), "{overview}");
    for visitor in [&mut mira, &mut acme] {
        for path in
            ["/usage?days=7", "/feed?outcome=refused", "/feed?outcome=refused&code=quota_exceeded"]
        {
            let page = shown(&visitor.open(path).await);
            assert!(page.contains("The month's units were used up"), "{path}: {page}");
        }
        let page = shown(&visitor.open("/feed?outcome=refused&code=rate_limited").await);
        assert!(page.contains("Nothing of this kind"), "{page}");
        let page = shown(&visitor.open("/usage?days=7").await);
        assert!(page.contains("3 of 3"), "{page}");
    }
    assert_eq!(figure(&mut acme, &license, "Used this month").await, "3");
    assert_eq!(figure(&mut acme, &license, "Left of the included").await, "0");

    for _ in 0..3 {
        // Whoever does not come by for two weeks is signed out.
        world.clock.advance(TimeDelta::days(10));
        mira.open("/overview").await;
        acme.open("/overview").await;
    }
    assert_eq!(figure(&mut acme, &license, "Used this month").await, "0");
    assert_eq!(acme.fetch(&content_id, &token.secret).await.status, 200);
    assert_eq!(figure(&mut acme, &license, "Used this month").await, "1");
    assert_eq!(figure(&mut mira, "/usage?days=90", "Deliveries").await, "4");
    assert_eq!(figure(&mut mira, "/usage?days=90", "Billable units").await, "0");
    assert_eq!(world.count("usage_hour").await, 4);
    assert_sums_hold(&world).await;
    world.gate.close().await;
}
