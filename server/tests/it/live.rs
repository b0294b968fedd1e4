//! Figures that move while a page is open, and the files of the usage page.

use std::time::Duration;

use axum::{
    body::Body,
    http::{Request, StatusCode},
};
use http_body_util::BodyExt as _;
use imprimatur::domain::{asset::ContentId, ids::LicenseId};
use serde_json::{Value, json};
use sqlx::PgPool;
use tokio::time::timeout;

use crate::{
    browser::HOST,
    visitor::{Tier, Visitor},
    world::World,
};

/// Longer than any figure may stand still.
const PATIENCE: Duration = Duration::from_secs(20);

/// A stream as a browser reads it.
struct Stream {
    body: Body,
    text: String,
}

impl Stream {
    async fn open(world: &World, visitor: &Visitor, path: &str) -> (StatusCode, Self) {
        let cookie = visitor.browser.cookie.clone().unwrap_or_default();
        let request = Request::get(path).header("host", HOST).header("cookie", cookie);
        let answer = world.front.answer(request.body(Body::empty()).unwrap(), None).await;
        let (parts, body) = answer.into_parts();
        if parts.status == StatusCode::OK {
            assert_eq!(parts.headers["content-type"], "text/event-stream");
            assert_eq!(parts.headers["cache-control"], "no-store");
        }
        (parts.status, Self { body, text: String::new() })
    }

    /// The next event's figures; nothing at the end.
    async fn next(&mut self) -> Option<Value> {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let data =
                    event.strip_prefix("data: ").map(|data| serde_json::from_str(data).unwrap());
                self.text = rest.to_owned();
                match data {
                    Some(data) => return Some(data),
                    None => continue,
                }
            }
            let frame = timeout(PATIENCE, self.body.frame()).await.expect("something is heard")?;
            let bytes = frame.unwrap().into_data().unwrap();
            self.text.push_str(std::str::from_utf8(&bytes).unwrap());
        }
    }
}

async fn licensed(world: &World, mira: &mut Visitor, acme: &mut Visitor) -> (LicenseId, String) {
    let asset_id = mira.register("The Salt Roads", "Salt.").await;
    mira.publish_offer(asset_id).await;
    let license_id = acme.accept(asset_id, Tier::Paid).await;
    let secret = acme.create_token(license_id).await.secret;
    assert!(world.count("license").await > 0);
    (license_id, secret)
}

#[sqlx::test(migrator = "imprimatur::MIGRATOR")]
async fn figures_move_with_every_delivery_and_stop_with_the_session(pool: PgPool) {
    let world = World::new(pool).await;
    let (mut mira, mut acme) = (world.creator("mira").await, world.buyer("acme").await);
    let (license_id, secret) = licensed(&world, &mut mira, &mut acme).await;
    let page = acme.open(&format!("/licenses/{license_id}")).await;
    assert!(page.contains("data-live=\"used\""), "{page}");

    let path = format!("/live?license={license_id}");
    let (_, mut of_license) = Stream::open(&world, &acme, &path).await;
    let (_, mut of_creator) = Stream::open(&world, &mira, "/live?side=creator").await;
    let first = of_license.next().await.unwrap();
    assert_eq!((&first["used"], &first["deliveries"]), (&json!("0"), &json!("0")));
    assert_eq!(of_creator.next().await.unwrap()["today"], "0");

    let content_id = ContentId::of(b"Salt.");
    acme.fetch_until(&content_id, &secret, 200).await;
    let moved = of_license.next().await.unwrap();
    assert_eq!((&moved["used"], &moved["deliveries"]), (&json!("1"), &json!("1")));
    assert_eq!(of_creator.next().await.unwrap()["today"], "1");

    // A license of somebody else is nothing to follow, and so is no license.
    for (visitor, path) in
        [(&mira, path.as_str()), (&acme, "/live?license=01ARZ3NDEKTSV4RRFFQ69G5FAV")]
    {
        assert_eq!(Stream::open(&world, visitor, path).await.0, StatusCode::NO_CONTENT);
    }
    let stranger = world.visitor();
    assert!(!Stream::open(&world, &stranger, &path).await.0.is_success());

    acme.post("/auth/sign-out", &[]).await;
    assert_eq!(of_license.next().await, None);
    world.gate.close().await;
}

#[sqlx::test(migrator = "imprimatur::MIGRATOR")]
async fn nobody_holds_every_stream(pool: PgPool) {
    let world = World::new(pool).await;
    let mira = world.creator("mira").await;
    let mut open = Vec::new();
    let refused = loop {
        let (status, stream) = Stream::open(&world, &mira, "/live").await;
        if status != StatusCode::OK {
            break status;
        }
        open.push(stream);
    };
    assert_eq!((refused, open.len()), (StatusCode::SERVICE_UNAVAILABLE, 8));
    open.pop();
    assert_eq!(Stream::open(&world, &mira, "/live").await.0, StatusCode::OK);
    world.gate.close().await;
}

#[sqlx::test(migrator = "imprimatur::MIGRATOR")]
async fn the_figures_of_a_chart_are_a_file_too(pool: PgPool) {
    let world = World::new(pool).await;
    let (mut mira, mut acme) = (world.creator("mira").await, world.buyer("acme").await);
    let (_, secret) = licensed(&world, &mut mira, &mut acme).await;
    acme.fetch_until(&ContentId::of(b"Salt."), &secret, 200).await;
    world.gate.settled().await;

    let file = mira.browser.get("/usage.csv?days=7").await;
    assert_eq!(file.status, 200);
    assert_eq!(file.headers["content-type"], "text/csv; charset=utf-8; header=present");
    let named = file.headers["content-disposition"].to_str().unwrap();
    assert_eq!(named, "attachment; filename=\"usage-creator-2026-02-24.csv\"");
    let lines: Vec<&str> = file.body.lines().collect();
    assert_eq!(lines.len(), 8);
    assert!(lines[0].starts_with("from_utc,calls,"), "{}", lines[0]);
    assert!(lines[1].starts_with("2026-02-24T00:00:00Z,0,"), "{}", lines[1]);
    assert!(lines[7].starts_with("2026-03-02T00:00:00Z,1,"), "{}", lines[7]);

    let file = acme.browser.get("/usage.csv?days=7&by=counterparty&table=groups").await;
    let lines: Vec<&str> = file.body.lines().collect();
    assert!(lines[0].starts_with("counterparty,name,calls,"), "{}", lines[0]);
    assert!(lines[1].contains(",mira,1,"), "{}", lines[1]);
    // Of the other side there is nothing.
    let file = acme.browser.get("/usage.csv?days=7&side=creator&table=groups").await;
    assert_eq!(file.body.lines().count(), 1);
    world.gate.close().await;
}
