//! Letters of the payment provider: kept once as they came, or not taken at all.

use axum::{
    body::Body,
    http::{Request, StatusCode},
};
use sqlx::PgPool;
use stripe_sandbox::delivery::sign;

use crate::world::{CONNECT_LETTERS_SECRET, LETTERS_SECRET, World};

const LETTER: &str = r#"{"id":"evt_1","object":"event","type":"payout.paid","created":1772445600,
    "livemode":false,"account":"acct_1","data":{"object":{"id":"po_1"}}}"#;

async fn send(world: &World, path: &str, signature: &str, letter: &str) -> StatusCode {
    let request = Request::post(path)
        .header("host", "portal.test")
        .header("stripe-signature", signature)
        .body(Body::from(letter.to_owned()))
        .unwrap();
    let mut visitor = world.visitor();
    visitor.browser.send(request).await.status
}

async fn kept(world: &World) -> Vec<(String, String, i32)> {
    sqlx::query_as("select event_id, raw, letters from stripe_event")
        .fetch_all(&world.services.pool)
        .await
        .unwrap()
}

#[sqlx::test(migrator = "imprimatur::MIGRATOR")]
async fn a_genuine_letter_is_kept_once(pool: PgPool) {
    let world = World::new(pool).await;
    let now = world.services.now().timestamp();
    for _ in 0..3 {
        let signature = sign(CONNECT_LETTERS_SECRET, now, LETTER);
        assert_eq!(send(&world, "/hooks/stripe/connect", &signature, LETTER).await, 200);
    }
    let kept = kept(&world).await;
    assert_eq!(kept.len(), 1);
    assert_eq!((kept[0].0.as_str(), kept[0].2), ("evt_1", 3));
    let raw: serde_json::Value = serde_json::from_str(&kept[0].1).unwrap();
    assert_eq!(raw, serde_json::from_str::<serde_json::Value>(LETTER).unwrap());
    world.gate.close().await;
}

#[sqlx::test(migrator = "imprimatur::MIGRATOR")]
async fn nothing_else_is_taken(pool: PgPool) {
    let world = World::new(pool).await;
    let now = world.services.now().timestamp();
    let (own, connect) = ("/hooks/stripe", "/hooks/stripe/connect");
    let live = LETTER.replace("\"livemode\":false", "\"livemode\":true");
    for (path, signature, letter) in [
        (own, String::new(), LETTER),
        (own, "t=1,v1=00".to_owned(), LETTER),
        (own, sign(CONNECT_LETTERS_SECRET, now, LETTER), LETTER),
        (connect, sign(LETTERS_SECRET, now, LETTER), LETTER),
        (own, sign(LETTERS_SECRET, now - 301, LETTER), LETTER),
        (own, sign(LETTERS_SECRET, now + 301, LETTER), LETTER),
        (own, sign(LETTERS_SECRET, now, LETTER), "{}"),
        (own, sign(LETTERS_SECRET, now, "{}"), "{}"),
        (own, sign(LETTERS_SECRET, now, "\u{0}"), "\u{0}"),
        (own, sign(LETTERS_SECRET, now, &live), &live),
    ] {
        assert_eq!(send(&world, path, &signature, letter).await, 400, "{path} {signature}");
    }
    let huge = "x".repeat((1 << 20) + 1);
    assert_eq!(send(&world, own, &sign(LETTERS_SECRET, now, &huge), &huge).await, 413);
    assert!(kept(&world).await.is_empty());
    world.gate.close().await;
}
