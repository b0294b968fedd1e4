//! How much a creator sees of the use of its works, by every door; and what receipts say of a buyer.

use axum::{body::Body, http::Request};
use chrono::TimeDelta;
use imprimatur::domain::{asset::ContentId, ids::ReceiptId, receipt};
use sqlx::PgPool;

use crate::{
    browser::HOST,
    visitor::{Tier, Visitor, shown},
    world::World,
};

const TEXT: &str = "Salt was the first road.";

async fn choose(visitor: &mut Visitor, reporting: &str) {
    let form = [("form", "reporting"), ("reporting", reporting)];
    let chosen = visitor.post("/settings/profile", &form).await;
    assert_eq!(chosen.location(), "/settings/profile?done=saved");
}

async fn live(world: &World, visitor: &Visitor, path: &str) -> u16 {
    let cookie = visitor.browser.cookie.clone().unwrap_or_default();
    let request = Request::get(path).header("host", HOST).header("cookie", cookie);
    world.front.answer(request.body(Body::empty()).unwrap(), None).await.status().as_u16()
}

#[sqlx::test(migrator = "imprimatur::MIGRATOR")]
async fn coarse_reports_hold_days_that_are_over_by_every_door(pool: PgPool) {
    let world = World::new(pool).await;
    let mut mira = world.creator("mira").await;
    let asset_id = mira.register("The Salt Roads", TEXT).await;
    mira.publish_offer_as(asset_id, "answers").await;
    let mut acme = world.buyer("Acme Models").await;
    let license_id = acme.accept(asset_id, Tier::Paid).await;
    let token = acme.create_token(license_id).await;
    let content_id = ContentId::of(TEXT.as_bytes());
    let first = acme.fetch_until(&content_id, &token.secret, 200).await;
    let jws = first.headers["imprimatur-receipt"].to_str().unwrap();
    let receipt_id: ReceiptId = receipt::stated(jws).unwrap().1.receipt_id;
    acme.fetch(&content_id, &token.secret).await;

    let receipt = format!("/feed/{receipt_id}");
    assert!(mira.open(&receipt).await.contains("Acme Models"));
    assert!(mira.open("/feed").await.contains("Acme Models"));
    assert_eq!(live(&world, &mira, "/live?side=creator").await, 200);
    choose(&mut mira, "coarse").await;

    let fine = [
        "/feed".to_owned(),
        "/feed?side=creator&outcome=refused".to_owned(),
        format!("/feed?side=creator&license={license_id}"),
        receipt.clone(),
        "/usage?grain=hour".to_owned(),
        "/usage?by=counterparty".to_owned(),
        "/usage?by=license".to_owned(),
        "/usage?by=region".to_owned(),
        format!("/usage?license={license_id}"),
        format!("/usage?party={}", acme.org_id.unwrap()),
        "/usage?region=eu".to_owned(),
        "/usage?model=small".to_owned(),
        "/usage?class=lab".to_owned(),
        "/usage.csv?grain=hour".to_owned(),
        "/usage.csv?table=groups&by=counterparty".to_owned(),
        "/usage.csv?table=groups&by=model".to_owned(),
        format!("/usage.csv?license={license_id}"),
    ];
    let refused = async |visitor: &mut Visitor| {
        for path in &fine {
            let answer = visitor.browser.get(path).await;
            let page = shown(&answer.body);
            assert_eq!(answer.status, 403, "{path}: {page}");
            assert!(page.contains("reports_coarse"), "{path}: {page}");
            assert!(!page.contains("Acme Models"), "{path}: {page}");
        }
    };
    refused(&mut mira).await;
    let mut viewer =
        world.colleague(&mut mira, imprimatur::domain::actor::Role::Viewer, "a viewer").await;
    refused(&mut viewer).await;
    // A figure that moves would tell each delivery.
    assert_eq!(live(&world, &mira, "/live?side=creator").await, 204);
    let overview = shown(&mira.open("/overview").await);
    assert!(overview.contains("coarse reports") && overview.contains("Yesterday"), "{overview}");
    let coarse = ["/overview", "/usage", "/usage?by=scope", "/usage?days=365", "/usage.csv"];
    for path in coarse {
        let page = shown(&mira.browser.get(path).await.body);
        for secret in ["Acme Models", &license_id.to_string(), &receipt_id.to_string(), "/feed"] {
            assert!(!page.contains(secret), "{path} tells {secret}: {page}");
        }
    }
    // Today is not over: nothing of it is told.
    let today = world.services.now().date_naive();
    let calls = |csv: &str| -> Vec<String> {
        let rows = csv.lines().skip(1).filter(|row| !row.contains(",0,0,0,0,0,0,0,"));
        rows.map(|row| row.split(',').take(2).collect::<Vec<_>>().join(",")).collect()
    };
    assert_eq!(calls(&mira.browser.get("/usage.csv").await.body), Vec::<String>::new());
    world.clock.advance(TimeDelta::days(1));
    let told = calls(&mira.browser.get("/usage.csv").await.body);
    assert_eq!(told, [format!("{today}T00:00:00Z,2")]);
    assert!(mira.open("/usage?by=asset").await.contains("The Salt Roads"));

    // What the buyer and its machines see is theirs.
    assert!(acme.open(&receipt).await.contains("Acme Models"));
    assert!(acme.open("/usage?by=license").await.contains("The Salt Roads"));
    let bearer = format!("Bearer {}", token.secret);
    let kept = acme.ask_gate(&format!("/receipts/{receipt_id}"), Some(&bearer)).await;
    assert_eq!((kept.status.as_u16(), kept.body.as_str()), (200, jws));

    // Nothing was forgotten.
    choose(&mut mira, "full").await;
    assert!(mira.open(&receipt).await.contains("Acme Models"));
    assert!(mira.open("/usage?by=counterparty").await.contains("Acme Models"));
    world.gate.close().await;
}

#[sqlx::test(migrator = "imprimatur::MIGRATOR")]
async fn whoever_sells_and_buys_sees_what_it_buys_in_full(pool: PgPool) {
    let world = World::new(pool).await;
    let mut mira = world.creator("mira").await;
    let asset_id = mira.register("The Salt Roads", TEXT).await;
    mira.publish_offer(asset_id).await;
    let mut ada = world.owner("ada", &["creator", "buyer"]).await;
    let license_id = ada.accept(asset_id, Tier::Paid).await;
    let token = ada.create_token(license_id).await;
    ada.fetch_until(&ContentId::of(TEXT.as_bytes()), &token.secret, 200).await;
    choose(&mut ada, "coarse").await;
    assert!(ada.open("/feed").await.contains("The Salt Roads"));
    assert!(ada.open("/usage?side=buyer&by=counterparty").await.contains("mira"));
    assert!(ada.open(&format!("/licenses/{license_id}")).await.contains("data-live=\"used\""));
    assert_eq!(live(&world, &ada, "/live?side=buyer").await, 200);
    assert_eq!(ada.browser.get("/feed?side=creator").await.status, 403);
    world.gate.close().await;
}

#[sqlx::test(migrator = "imprimatur::MIGRATOR")]
async fn receipts_do_not_name_the_buyer(pool: PgPool) {
    let world = World::new(pool).await;
    let mut creators = [world.creator("mira").await, world.creator("theo").await];
    let (mut acme, mut kiln) = (world.buyer("acme").await, world.buyer("kiln").await);
    let mut works = Vec::new();
    for (creator, text) in [(0, "One."), (0, "Two."), (1, "Three.")] {
        let creator = &mut creators[creator];
        let asset_id = creator.register(text, text).await;
        creator.publish_offer(asset_id).await;
        works.push((asset_id, ContentId::of(text.as_bytes())));
    }
    let mut seen = Vec::new();
    for buyer in [&mut acme, &mut kiln] {
        for (asset_id, content_id) in &works {
            let license_id = buyer.accept(*asset_id, Tier::Paid).await;
            let token = buyer.create_token(license_id).await;
            let answer = buyer.fetch_until(content_id, &token.secret, 200).await;
            let jws = answer.headers["imprimatur-receipt"].to_str().unwrap();
            let (_, receipt) = receipt::stated(jws).unwrap();
            let said = receipt.canonical().unwrap();
            assert!(!said.contains(&buyer.org_id.unwrap().to_string()), "{said}");
            seen.push(receipt.consumer_id);
        }
    }
    // The same for one creator, another for each creator and for each buyer.
    assert_eq!((seen[0], seen[3]), (seen[1], seen[4]));
    let different = [seen[0], seen[2], seen[3], seen[5]];
    for (at, one) in different.iter().enumerate() {
        assert!(different[at + 1..].iter().all(|other| other != one));
    }
    // The books know whose each is.
    let parties: Vec<(uuid::Uuid, i64)> =
        sqlx::query_as("select org_id, count(*) from receipt group by org_id order by org_id")
            .fetch_all(&world.services.pool)
            .await
            .unwrap();
    let mut buyers = [acme.org_id.unwrap().uuid(), kiln.org_id.unwrap().uuid()];
    buyers.sort();
    assert_eq!(parties, [(buyers[0], 3), (buyers[1], 3)]);
    world.gate.close().await;
}
