//! What everybody meets first: the landing page, what search engines read, and what the palette finds.

use serde_json::Value;
use sqlx::PgPool;

use crate::{
    browser::HOST,
    visitor::{Tier, shown},
    world::World,
};

#[sqlx::test(migrator = "imprimatur::MIGRATOR")]
async fn search_engines_find_what_is_listed_and_nothing_else(pool: PgPool) {
    let world = World::new(pool).await;
    let mut mira = world.creator("mira").await;
    let listed = mira.register("The Salt Roads", "One.").await;
    let unlisted = mira.register("The Hidden Roads", "Two.").await;
    let unoffered = mira.register("The Kept Roads", "Three.").await;
    mira.publish_offer(listed).await;
    mira.publish_offer(unlisted).await;
    sqlx::query("update asset set visibility = 'unlisted' where asset_id = $1")
        .bind(unlisted.uuid())
        .execute(&world.services.pool)
        .await
        .unwrap();

    let mut visitor = world.visitor();
    let robots = visitor.browser.get("/robots.txt").await;
    assert_eq!(robots.headers["content-type"], "text/plain; charset=utf-8");
    assert!(robots.body.contains(&format!("Sitemap: http://{HOST}/sitemap.xml")));
    let sitemap = visitor.browser.get("/sitemap.xml").await;
    assert_eq!(sitemap.headers["content-type"], "application/xml; charset=utf-8");
    let address = |id| format!("http://{HOST}/catalogue/{id}");
    assert!(sitemap.body.contains(&format!("<loc>{}</loc><lastmod>2026-03-02<", address(listed))));
    assert!(!sitemap.body.contains(&unlisted.to_string()));
    assert!(!sitemap.body.contains(&unoffered.to_string()));

    // Every page that is listed shows itself well where it is linked, and names its one address.
    for location in sitemap.body.split("<loc>").skip(1) {
        let location = location.split("</loc>").next().unwrap();
        let path = location.strip_prefix(&format!("http://{HOST}")).unwrap();
        let page = visitor.browser.get(path).await;
        assert_eq!(page.status, 200, "{path}");
        let head = page.body.split("</head>").next().unwrap();
        for part in [
            "<title>",
            "name=\"description\"",
            "rel=\"canonical\"",
            "property=\"og:title\"",
            "property=\"og:description\"",
            "property=\"og:image\"",
            &format!("content=\"{location}\""),
        ] {
            assert!(head.contains(part), "{path} has no {part}: {head}");
        }
        assert!(!head.contains("noindex"), "{path}");
    }
    for path in [&format!("/catalogue/{unlisted}"), "/find", "/nothing"] {
        let page = visitor.browser.get(path).await;
        assert!(page.body.contains("content=\"noindex\""), "{path}");
        assert!(!page.body.contains("og:title"), "{path}");
    }
    let card = visitor.browser.send(
        axum::http::Request::head("/social-card.png").body(axum::body::Body::empty()).unwrap(),
    );
    let card = card.await;
    assert_eq!(
        (card.status.as_u16(), card.headers["content-type"].as_bytes()),
        (200, &b"image/png"[..])
    );
    world.gate.close().await;
}

#[sqlx::test(migrator = "imprimatur::MIGRATOR")]
async fn the_landing_page_tells_figures_from_the_books(pool: PgPool) {
    let world = World::new(pool.clone()).await;
    let page = shown(&world.visitor().open("/").await);
    assert!(!page.contains("Works on offer"), "an empty market says nothing about itself: {page}");

    let mut mira = world.creator("mira").await;
    let asset_id = mira.register("The Salt Roads", "Salt was the first road.").await;
    mira.publish_offer(asset_id).await;
    let mut acme = world.buyer("acme").await;
    let license_id = acme.accept(asset_id, Tier::Paid).await;
    let token = acme.create_token(license_id).await;
    let content_id = imprimatur::domain::asset::ContentId::of(b"Salt was the first road.");
    acme.fetch_until(&content_id, &token.secret, 200).await;
    world.clock.advance(chrono::TimeDelta::seconds(61));
    let page = shown(&world.visitor().open("/").await);
    for part in ["Works on offer", "Uses on record", "24 bytes"] {
        assert!(page.contains(part), "no {part}: {page}");
    }
    world.gate.close().await;
}

#[sqlx::test(migrator = "imprimatur::MIGRATOR")]
async fn the_palette_finds_ones_own_and_what_is_on_offer(pool: PgPool) {
    let world = World::new(pool).await;
    let mut mira = world.creator("mira").await;
    let asset_id = mira.register("The Salt Roads", "Salt was the first road.").await;
    let kept = mira.register("Salt, unpublished", "Nobody else sees this.").await;
    mira.publish_offer(asset_id).await;
    let mut acme = world.buyer("acme").await;
    let license_id = acme.accept(asset_id, Tier::Paid).await;
    acme.create_token(license_id).await;

    let found = async |visitor: &mut crate::visitor::Visitor, text: &str| -> Vec<String> {
        let answer = visitor.browser.get(&format!("/find.json?q={text}")).await;
        assert_eq!(
            (answer.status.as_u16(), &answer.headers["cache-control"]),
            (200, &"private, no-store".parse().unwrap())
        );
        let places: Vec<Value> = serde_json::from_str(&answer.body).unwrap();
        places.iter().map(|place| place["href"].as_str().unwrap().to_owned()).collect()
    };
    let work = format!("/catalogue/{asset_id}");
    let (own, hidden) = (format!("/assets/{asset_id}"), format!("/assets/{kept}"));
    let license = format!("/licenses/{license_id}");
    assert_eq!(found(&mut mira, "salt").await, [hidden, own, work.clone()]);
    assert_eq!(found(&mut acme, "SALT").await, [license.clone(), work.clone()]);
    assert_eq!(found(&mut acme, "nightly").await, [license]);
    assert_eq!(found(&mut world.visitor(), "salt").await, [work]);
    assert_eq!(found(&mut acme, "licens").await, ["/licenses"]);
    assert!(found(&mut world.visitor(), "licens").await.is_empty());
    // Every page it names is there for whoever is told of it.
    for visitor in [&mut mira, &mut acme, &mut world.visitor()] {
        for href in found(visitor, "").await {
            let answer = visitor.browser.get(&href).await;
            assert_eq!(answer.status, 200, "{href}");
        }
    }
    let page = shown(&acme.open("/find?q=salt").await);
    assert!(page.contains("The Salt Roads") && page.contains("On offer by mira"), "{page}");
    world.gate.close().await;
}
