//! The road walked once over HTTP: from a sign-in to a receipted delivery that both sides see.

use imprimatur::{
    domain::{
        asset::ContentId,
        receipt::{self, Jwks},
        terms::Scope,
    },
    services::metering,
};
use sqlx::PgPool;
use url::form_urlencoded;

use crate::{
    visitor::{Tier, between},
    world::World,
};

#[sqlx::test(migrator = "imprimatur::MIGRATOR")]
async fn the_road_leads_from_a_sign_in_to_a_receipt_both_sides_see(pool: PgPool) {
    let world = World::new(pool).await;

    let mut mira = world.visitor();
    assert_eq!(mira.sign_in(&world.issuer, "mira", "").await, "/welcome");
    mira.found("Hollow Fen Press", &["creator"]).await;
    let text = "Salt was the first road.";
    let asset_id = mira.register("The Salt Roads", text).await;
    assert!(mira.open("/assets").await.contains("The Salt Roads"));
    let content_id = ContentId::of(text.as_bytes());
    assert_eq!(world.kept().len(), 1);
    let nobody = world.visitor().browser.get(&format!("/catalogue/{asset_id}")).await;
    assert_eq!(nobody.status, 404, "a work is seen by nobody before it is offered");
    mira.publish_offer(asset_id).await;

    let mut acme = world.visitor();
    let catalogue = acme.open("/catalogue").await;
    assert!(catalogue.contains("The Salt Roads") && catalogue.contains("Hollow Fen Press"));
    let page = acme.open(&format!("/catalogue/{asset_id}")).await;
    assert!(page.contains("Models may be trained and fine-tuned on the work."), "{page}");
    let license_page = format!("/catalogue/{asset_id}/license");
    let asked = acme.browser.get(&license_page).await;
    assert_eq!(asked.status, 303);
    let next = form_urlencoded::byte_serialize(license_page.as_bytes()).collect::<String>();
    assert_eq!(asked.location(), format!("/sign-in?next={next}"));
    let welcome = acme.sign_in(&world.issuer, "acme", &license_page).await;
    assert_eq!(welcome, format!("/welcome?next={next}"));
    acme.found_at(&welcome, &license_page, "Cobalt Research", &["buyer"]).await;
    let license_id = acme.accept(asset_id, Tier::Paid).await;
    let page = acme.open(&format!("/licenses/{license_id}")).await;
    assert!(page.contains("acme") && page.contains("Standard tier"), "{page}");

    let token = acme.create_token(license_id).await;
    assert!(token.secret.starts_with("sk_test_"));
    let delivered = acme.fetch_until(&content_id, &token.secret, 200).await;
    assert_eq!(delivered.body, text);
    let jws = delivered.headers["imprimatur-receipt"].to_str().unwrap();
    let keys = acme.ask_gate("/.well-known/jwks.json", None).await;
    let keys: Jwks = serde_json::from_str(&keys.body).unwrap();
    let kid = receipt::kid_of(jws).unwrap();
    let key = keys.keys.iter().find(|key| key.kid == kid).unwrap().public_key().unwrap();
    let receipt = receipt::verify(jws, &key).unwrap();
    assert_eq!((receipt.license_id, receipt.token_id), (license_id, token.token_id));
    assert_eq!((receipt.content_id, receipt.bytes), (content_id.clone(), 24));
    assert_eq!(receipt.scope, Scope::Training);

    let again = acme.fetch(&content_id, &token.secret).await;
    assert_eq!(again.status, 200, "a repeat is served");
    for visitor in [&mut mira, &mut acme] {
        let feed = visitor.open("/feed").await;
        assert_eq!(feed.matches("/feed/0").count(), 2, "{feed}");
        assert!(feed.contains("Repeat, free"), "{feed}");
        let usage = visitor.open("/usage").await;
        assert!(usage.contains("The Salt Roads"), "{usage}");
        let deliveries = between(&usage, "Deliveries", "Billable units");
        assert!(deliveries.contains("quantity\">2<"), "{deliveries}");
        let page = visitor.open(&format!("/feed/{}", receipt.receipt_id)).await;
        assert!(page.contains(jws) && page.contains("The signature is valid"), "{page}");
    }
    let stranger = world.owner("stranger", &["creator", "buyer"]).await.browser;
    let hidden = stranger.clone().get(&format!("/feed/{}", receipt.receipt_id)).await;
    assert_eq!(hidden.status, 404);

    acme.revoke_token(license_id, token.token_id).await;
    let refused = acme.fetch_until(&content_id, &token.secret, 403).await;
    assert!(refused.body.contains("invalid_token"));
    assert_sums_hold(&world).await;
    world.gate.close().await;
}

#[sqlx::test(migrator = "imprimatur::MIGRATOR")]
async fn a_preview_leads_on_to_the_paid_tier(pool: PgPool) {
    let world = World::new(pool).await;
    let mut mira = world.creator("mira").await;
    let asset_id = mira.register("The Salt Roads", "Salt.").await;
    mira.publish_offer(asset_id).await;
    let mut acme = world.buyer("acme").await;
    let preview = acme.accept(asset_id, Tier::Free).await;
    let work = format!("/catalogue/{asset_id}");
    let sentence = "Taking another tier ends your Preview license; its tokens stop.";
    let page = acme.open(&work).await;
    assert!(page.contains(sentence) && page.contains("License Standard"), "{page}");
    assert!(!page.contains("License Preview"), "{page}");

    let paid = acme.accept(asset_id, Tier::Paid).await;
    let page = acme.open(&work).await;
    assert!(page.contains(&format!("/licenses/{paid}")), "{page}");
    assert!(!page.contains(sentence) && !page.contains("License Standard"), "{page}");
    let over = acme.open(&format!("/licenses/{preview}")).await;
    assert!(over.contains("Expired") && over.contains("Ended"), "{over}");
    assert!(!over.contains("/tokens/new"), "{over}");
    world.gate.close().await;
}

/// Sums, events, billed units and receipts agree.
pub async fn assert_sums_hold(world: &World) {
    world.gate.settled().await;
    assert_sums_of(&world.services.pool).await;
    assert_eq!(world.count("usage_event").await, world.count("receipt").await);
}

/// The same of any books.
pub async fn assert_sums_of(pool: &PgPool) {
    let proof = metering::reconcile(pool, None, None).await.unwrap();
    assert!(proof.holds(), "{proof:#?}");
}
