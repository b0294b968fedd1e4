//! A session that ends in the middle of a form: what was typed survives the way through sign-in.

use chrono::TimeDelta;
use sqlx::PgPool;

use crate::{
    visitor::{Visitor, input, multipart, multipart_type, shown, unescaped, work},
    world::World,
};

const SAID: &str = "You had been signed out when you sent this.";

/// Somebody whose form is sent after their session has ended.
async fn signed_out(world: &World, name: &str, form: &[(&str, &str)]) -> Visitor {
    let mut visitor = world.visitor();
    visitor.sign_in(&world.issuer, name, "").await;
    visitor.found(name, &["creator", "buyer"]).await;
    let id = input(&visitor.open("/sites/new").await, "id");
    visitor.browser.cookie = None;
    let form = [form, &[("id", id.as_str())]].concat();
    let answer = visitor.post("/sites/new", &form).await;
    assert_eq!((answer.status.as_u16(), answer.location()), (303, "/sign-in?next=%2Fsites%2Fnew"));
    visitor
}

fn site() -> Vec<(&'static str, &'static str)> {
    vec![
        ("host", "archive.test"),
        ("origin", "https://www.example.com"),
        ("title", "“The Archive” <b>& more"),
        ("description", "Line one.\n\nLine two."),
        ("attribution", "Mira"),
    ]
}

#[sqlx::test(migrator = "imprimatur::MIGRATOR")]
async fn what_was_typed_survives_sign_in(pool: PgPool) {
    let world = World::new(pool).await;
    let mut mira = signed_out(&world, "mira", &site()).await;
    assert_eq!(world.count("site").await, 0);
    let landed = mira.sign_in(&world.issuer, "mira", "/sites/new").await;
    assert_eq!(landed, "/sites/new");
    // It stays until it is sent, whatever else is looked at meanwhile.
    for _ in 0..2 {
        let page = mira.open("/sites/new").await;
        assert!(page.contains(SAID), "{page}");
        let page = unescaped(&page);
        for (_, typed) in site() {
            assert!(page.contains(typed), "{typed}: {page}");
        }
        assert!(!mira.open("/assets/new").await.contains("The Archive"));
    }
    let id = input(&mira.open("/sites/new").await, "id");
    let form = [&site()[..], &[("id", id.as_str())]].concat();
    let sent = mira.post("/sites/new", &form).await;
    assert_eq!((sent.status.as_u16(), sent.location()), (303, format!("/sites/{id}").as_str()));
    let page = mira.open("/sites/new").await;
    assert!(!page.contains(SAID) && !page.contains("The Archive"), "{page}");
}

#[sqlx::test(migrator = "imprimatur::MIGRATOR")]
async fn it_is_forgotten_in_time_and_elsewhere_and_holds_no_secret(pool: PgPool) {
    let world = World::new(pool).await;
    let secret = format!("sk_test_{}", "ab".repeat(32));
    let form = [&site()[..], &[("token", secret.as_str()), ("odd", "a\0b")]].concat();
    let mut mira = signed_out(&world, "mira", &form).await;
    let kept: Vec<String> = sqlx::query_scalar("select data::text from session")
        .fetch_all(&world.services.pool)
        .await
        .unwrap();
    let kept = kept.join(" ");
    assert!(kept.contains("archive.test") && !kept.contains(&secret), "{kept}");
    // Whoever goes elsewhere from the sign-in takes nothing along.
    let mut elsewhere = mira.clone();
    elsewhere.sign_in(&world.issuer, "mira", "/overview").await;
    assert!(!elsewhere.open("/sites/new").await.contains(SAID));

    mira.sign_in(&world.issuer, "mira", "/sites/new").await;
    let long = [("description", "å".repeat(70_000))];
    let long = [(long[0].0, long[0].1.as_str())];
    let mut acme = signed_out(&world, "acme", &long).await;
    acme.sign_in(&world.issuer, "acme", "/sites/new").await;
    assert!(!acme.open("/sites/new").await.contains(SAID), "too long to keep");
    world.clock.advance(TimeDelta::minutes(31));
    assert!(!mira.open("/sites/new").await.contains(SAID));
}

#[sqlx::test(migrator = "imprimatur::MIGRATOR")]
async fn the_texts_beside_a_file_survive_too(pool: PgPool) {
    let world = World::new(pool).await;
    let mut mira = world.visitor();
    mira.sign_in(&world.issuer, "mira", "").await;
    mira.found("mira", &["creator"]).await;
    let id = input(&mira.open("/assets/new").await, "id");
    mira.browser.cookie = None;
    let form = work(&id, "The Salt Roads");
    for path in ["/assets/several", "/assets/new"] {
        let body = multipart(&form, Some(("work.txt", &[b'x'; 200_000])));
        let answer = mira.send(path, &multipart_type(), body).await;
        assert_eq!(answer.status, 303, "{}", shown(&answer.body));
    }
    let landed = mira.sign_in(&world.issuer, "mira", "/assets/new").await;
    assert_eq!(landed, "/assets/new");
    let page = mira.open("/assets/new").await;
    assert!(page.contains(SAID) && page.contains("The Salt Roads"), "{page}");
    assert_eq!(input(&page, "id"), id);
    assert_eq!((world.count("asset").await, world.kept().len()), (0, 0));
}
