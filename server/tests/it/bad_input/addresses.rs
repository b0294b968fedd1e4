//! What stands in addresses and headers: filters, cursors, ids and tokens.

use chrono::TimeDelta;
use imprimatur::domain::{asset::ContentId, ids::ReceiptId};
use imprimatur::services::mint;
use serde_json::Value;
use sqlx::PgPool;

use crate::{
    visitor::{Tier, Visitor, between, shown, unescaped},
    world::World,
};

const TEXT: &str = "Salt was the first road.";

/// A delivered work: who sold it, who fetched it, and with which secret.
async fn delivered(world: &World) -> (Visitor, Visitor, String) {
    let mut mira = world.creator("mira").await;
    let asset_id = mira.register("The Salt Roads", TEXT).await;
    mira.publish_offer(asset_id).await;
    let mut acme = world.buyer("acme").await;
    let license_id = acme.accept(asset_id, Tier::Paid).await;
    let token = acme.create_token(license_id).await;
    acme.fetch_until(&ContentId::of(TEXT.as_bytes()), &token.secret, 200).await;
    (mira, acme, token.secret)
}

#[sqlx::test(migrator = "imprimatur::MIGRATOR")]
async fn a_cursor_opens_only_where_and_while_it_belongs(pool: PgPool) {
    let world = World::new(pool).await;
    let (mut mira, mut acme, secret) = delivered(&world).await;
    let content_id = ContentId::of(TEXT.as_bytes());
    for _ in 0..55 {
        assert_eq!(acme.fetch(&content_id, &secret).await.status, 200);
    }
    let page = acme.open("/feed").await;
    let older = page.split("href=\"").find(|rest| rest.contains("cursor=")).unwrap();
    let older = unescaped(older.split('"').next().unwrap());
    let second = acme.open(&older).await;
    assert_eq!(second.matches("/feed/0").count(), 6);
    let cursor = older.split_once("cursor=").unwrap().1;

    let swapped = |at: usize| {
        let other = if &cursor[at..=at] == "A" { "B" } else { "A" };
        format!("{}{other}{}", &cursor[..at], &cursor[at + 1..])
    };
    for tampered in
        [swapped(0), swapped(20), swapped(80), cursor[1..].into(), "x".into(), "%00".into()]
    {
        let path = format!("/feed?side=buyer&cursor={tampered}");
        assert_no_cursor(&mut acme, &path, "invalid_cursor").await;
    }
    for foreign in ["side=creator", "side=buyer&scope=training", "side=buyer&outcome=billable"] {
        let path = format!("/feed?{foreign}&cursor={cursor}");
        assert_no_cursor(&mut acme, &path, "invalid_cursor").await;
    }
    assert_no_cursor(&mut mira, &older, "invalid_cursor").await;
    world.clock.advance(TimeDelta::hours(72));
    assert_no_cursor(&mut acme, &older, "expired_cursor").await;
    world.gate.close().await;
}

async fn assert_no_cursor(visitor: &mut Visitor, path: &str, code: &str) {
    let answer = visitor.browser.get(path).await;
    let page = shown(&answer.body);
    assert_eq!(answer.status, 400, "{path}: {page}");
    assert!(page.contains(code) && page.contains("Start again from the first page."), "{page}");
    assert!(!page.contains("The Salt Roads"));
}

#[sqlx::test(migrator = "imprimatur::MIGRATOR")]
async fn filters_that_cannot_be_read_are_refused_or_left_out(pool: PgPool) {
    let world = World::new(pool).await;
    let (mut mira, ..) = delivered(&world).await;
    let before = world.rows().await;
    for (path, status) in [
        ("/catalogue?kind=song", 422),
        ("/catalogue?cursor=x", 400),
        ("/catalogue?cursor=%00", 400),
        ("/catalogue?q=%00", 422),
        ("/catalogue?q=%3Cscript%3Ealert(1)%3C/script%3E+%27%22%25_%5C", 200),
        ("/catalogue?q=!!!&creator=nobody&language=xx", 200),
        ("/catalogue?creator=%2E%2E", 422),
        ("/catalogue?language=%3F", 422),
        ("/catalogue?size=huge&sort=price", 422),
        ("/catalogue?scope=everything", 422),
        ("/catalogue?model=free", 422),
        ("/catalogue?kind=%3Cscript%3E", 422),
        ("/assets?after=x", 404),
        ("/feed?scope=everything", 422),
        ("/feed?asset=x", 404),
        ("/feed?license=%FF", 404),
        ("/feed/x", 404),
        ("/feed/%FF", 404),
        ("/creators/x", 404),
        ("/collections/x", 404),
        ("/collections/%00", 404),
        ("/collections/01ARZ3NDEKTSV4RRFFQ69G5FAV?kind=song", 422),
        ("/collections/01ARZ3NDEKTSV4RRFFQ69G5FAV?cursor=x", 404),
        ("/catalogue?collection=x", 404),
        ("/assets?into=%3Cscript%3Ealert(1)%3C/script%3E", 200),
        ("/assets/collections/new?works=x,%00,%3Cscript%3Ealert(1)%3C/script%3E", 200),
        ("/assets/collections/x", 404),
        ("/creators/%00", 404),
        ("/creators/Mira%20Holm", 404),
        ("/terms/x", 404),
        ("/terms/%00", 404),
        ("/usage?days=36500&side=nobody", 200),
        ("/usage?days=-1", 200),
        ("/usage?from=2026-02-30", 422),
        ("/usage?from=2026-03-02&until=2026-03-01", 422),
        ("/usage?from=%2B262142-12-31", 422),
        ("/usage?from=-262143-01-01&until=2026-01-01", 422),
        ("/usage?from=2024-01-01&until=2026-03-01&grain=hour", 422),
        ("/usage?grain=year", 422),
        ("/usage?by=colour", 422),
        ("/usage?asset=x", 404),
        ("/usage?license=%FF", 404),
        ("/usage?party=%00", 404),
        ("/usage?scope=everything", 422),
        ("/usage?region=%3Cscript%3Ealert(1)%3C/script%3E&model=%22%3E", 200),
        ("/usage?model=%00", 422),
        ("/usage.csv?class=%0A", 422),
        ("/feed?code=%00", 422),
        ("/usage.csv?grain=year", 422),
        ("/usage.csv?asset=x", 404),
        ("/feed?outcome=lost", 422),
        ("/feed?token=x", 404),
        ("/feed?outcome=refused&cursor=x", 400),
        ("/feed?region=%3Cscript%3Ealert(1)%3C/script%3E&code=%22%3E", 200),
        ("/feed?until=%2B262142-12-31", 200),
        ("/live?license=x", 404),
        ("/feed?side=nobody", 200),
        ("/sign-in?next=//evil.example", 200),
        ("/find?q=%00", 200),
        ("/find?q=%FF", 200),
        ("/find?q=%3Cscript%3Ealert(1)%3C/script%3E", 200),
        ("/docs/nothing", 404),
        ("/nothing", 404),
        ("/%FF", 404),
        ("/assets/%2e%2e/offer", 404),
    ] {
        let answer = mira.browser.get(path).await;
        assert_eq!(answer.status.as_u16(), status, "{path}: {}", shown(&answer.body));
        assert!(answer.body.starts_with("<!DOCTYPE html>"), "{path}: {}", answer.body);
        assert!(!answer.body.contains("<script>alert"), "{path}");
    }
    assert_eq!(before, world.rows().await);
    world.gate.close().await;
}

#[sqlx::test(migrator = "imprimatur::MIGRATOR")]
async fn the_gate_takes_no_token_but_one_in_force(pool: PgPool) {
    let world = World::new(pool).await;
    let (_, acme, secret) = delivered(&world).await;
    let before = world.rows().await;
    let path = format!("/c/{}", ContentId::of(TEXT.as_bytes()));
    let last = if secret.ends_with('0') { "1" } else { "0" };
    let unknown = format!("Bearer {}{last}", &secret[..secret.len() - 1]);
    let upper = format!("Bearer {}", secret.to_uppercase());
    for (authorization, status, code) in [
        (None, 402, "license_required"),
        (Some("Basic bWlyYTpzYWx0"), 402, "license_required"),
        (Some(secret.as_str()), 402, "license_required"),
        (Some("Bearer "), 403, "invalid_token"),
        (Some("Bearer sk_test_"), 403, "invalid_token"),
        (Some("Bearer \u{e9}"), 403, "invalid_token"),
        (Some(upper.as_str()), 403, "invalid_token"),
        (Some(unknown.as_str()), 403, "invalid_token"),
    ] {
        let answer = acme.ask_gate(&path, authorization).await;
        assert_eq!(answer.status.as_u16(), status, "{authorization:?}: {}", answer.body);
        assert_eq!(answer.headers["content-type"], "application/problem+json");
        let document: Value = serde_json::from_str(&answer.body).unwrap();
        assert_eq!(document["code"], code, "{authorization:?}");
        assert!(!answer.headers.contains_key("imprimatur-receipt"));
    }
    let bearer = format!("Bearer {secret}");
    let nobodys = ContentId::of(b"nobody's");
    for path in [format!("/c/{nobodys}"), "/c/x".into(), "/c/%FF".into(), "/c/sha256:".into()] {
        let answer = acme.ask_gate(&path, Some(&bearer)).await;
        assert!(matches!(answer.status.as_u16(), 403 | 404), "{path}: {}", answer.status);
        let manifest = acme.ask_gate(&format!("{path}/manifest"), None).await;
        assert_eq!(manifest.status, 404, "{path}");
    }
    for receipt in [mint::<ReceiptId>().to_string(), "x".into(), "%00".into(), "%FF".into()] {
        let answer = acme.ask_gate(&format!("/receipts/{receipt}"), Some(&bearer)).await;
        assert_eq!(answer.status, 404);
        assert_eq!(between(&answer.body, "\"code\":\"", "\""), "not_found");
    }
    assert_eq!(before, world.rows().await);

    // A token that ends is over at that instant.
    world.clock.advance(TimeDelta::days(90));
    let answer = acme.ask_gate(&path, Some(&bearer)).await;
    assert_eq!((answer.status.as_u16(), answer.body.contains("token")), (403, true));
    world.gate.close().await;
}
