//! Cancelling a license and taking that back, renewing it, and undoing a cap: as a person does it,
//! without a script.

use imprimatur::{
    domain::{asset::ContentId, month::Month},
    services::licenses,
};
use sqlx::PgPool;

use crate::{
    visitor::{Tier, input, shown},
    world::World,
};

const TEXT: &str = "Salt was the first road.";

#[sqlx::test(migrator = "imprimatur::MIGRATOR")]
async fn a_license_is_cancelled_and_goes_on_until_the_month_is_over(pool: PgPool) {
    let world = World::new(pool).await;
    let mut mira = world.creator("mira").await;
    let asset_id = mira.register("The Salt Roads", TEXT).await;
    mira.publish_offer(asset_id).await;
    let mut acme = world.buyer("acme").await;
    let license_id = acme.accept(asset_id, Tier::Paid).await;
    let token = acme.create_token(license_id).await;
    let content_id = ContentId::of(TEXT.as_bytes());
    let path = format!("/licenses/{license_id}");

    let done = acme.post(&path, &[("form", "cancel")]).await;
    assert_eq!(
        (done.status.as_u16(), done.location()),
        (303, format!("{path}?done=cancelled").as_str())
    );
    let page = acme.open(done.location()).await;
    assert!(page.contains("Cancelled. The license works until 1\u{a0}Apr."), "{page}");
    assert!(page.contains(">Undo</button>") && !page.contains("Cancel this license"), "{page}");
    assert_eq!(acme.fetch_until(&content_id, &token.secret, 200).await.status, 200);

    let done = acme.post(&path, &[("form", "resume")]).await;
    let page = acme.open(done.location()).await;
    assert!(page.contains("The cancellation is undone."), "{page}");
    // The toast is said once: the page by itself does not repeat it.
    assert!(!acme.open(&path).await.contains("The cancellation is undone."));

    acme.post(&path, &[("form", "cancel")]).await;
    let end = Month::of(world.services.now()).until();
    world.clock.advance(end - world.services.now());
    let refused = acme.fetch_until(&content_id, &token.secret, 403).await;
    assert!(refused.body.contains("license_inactive"), "{}", refused.body);
    // The session ended long before the month.
    acme.sign_in(&world.issuer, "acme", "").await;
    let page = acme.open(&path).await;
    assert!(page.contains("See what is offered now"), "{page}");
    let late = acme.post(&path, &[("form", "resume")]).await;
    assert_eq!(late.status, 409);
    assert!(shown(&late.body).contains("This license is over"), "{}", shown(&late.body));
    world.gate.close().await;
}

#[sqlx::test(migrator = "imprimatur::MIGRATOR")]
async fn a_license_is_renewed_once_for_each_form(pool: PgPool) {
    let world = World::new(pool).await;
    let mut mira = world.creator("mira").await;
    let asset_id = mira.register("The Salt Roads", TEXT).await;
    mira.publish_offer(asset_id).await;
    let mut acme = world.buyer("acme").await;
    let license_id = acme.accept(asset_id, Tier::Paid).await;
    let path = format!("/licenses/{license_id}");
    let ends_at = input(&acme.open(&path).await, "ends_at");
    let form = [("form", "renew"), ("ends_at", ends_at.as_str())];
    let refused = acme.post(&path, &form).await;
    assert_eq!(refused.status, 422);
    assert!(shown(&refused.body).contains("Tick the box to accept the terms."));
    let form = [("form", "renew"), ("ends_at", ends_at.as_str()), ("agreed", "yes")];
    for _ in 0..2 {
        let done = acme.post(&path, &form).await;
        assert_eq!(done.location(), format!("{path}?done=renewed"), "{}", shown(&done.body));
    }
    let license = licenses::get(&world.services, &acme.actor().await, license_id).await.unwrap();
    assert_eq!((license.ends_at.unwrap() - license.starts_at).num_days(), 730);
    let broken = [("form", "renew"), ("ends_at", "tomorrow"), ("agreed", "yes")];
    assert_eq!(acme.post(&path, &broken).await.status, 400);
    let stale = [("form", "renew"), ("ends_at", "2027-01-01T00:00:00Z"), ("agreed", "yes")];
    assert_eq!(acme.post(&path, &stale).await.status, 409);
    world.gate.close().await;
}

#[sqlx::test(migrator = "imprimatur::MIGRATOR")]
async fn a_cap_can_be_undone(pool: PgPool) {
    let world = World::new(pool).await;
    let mut mira = world.creator("mira").await;
    let asset_id = mira.register("The Salt Roads", TEXT).await;
    mira.publish_offer(asset_id).await;
    let mut acme = world.buyer("acme").await;
    let license_id = acme.accept(asset_id, Tier::Paid).await;
    let path = format!("/licenses/{license_id}");
    acme.post(&path, &[("form", "cap"), ("spend_cap", "2600")]).await;
    let done = acme.post(&path, &[("form", "cap"), ("spend_cap", "")]).await;
    assert_eq!(done.location(), format!("{path}?done=capped&before=2600.00"));
    let page = acme.open(done.location()).await;
    assert!(page.contains("There is no cap any more."), "{page}");
    // What the toast's button sends.
    let before = input(&page, "spend_cap");
    assert_eq!(before, "2600.00");
    acme.post(&path, &[("form", "cap"), ("spend_cap", &before)]).await;
    assert!(acme.open(&path).await.contains("more than $2,600.00 in a month are refused"));
    // What stands in the address is only shown in a field.
    let odd = acme.open(&format!("{path}?done=capped&before=%22%3E%3Cb%3E")).await;
    assert!(!odd.contains("<b>"), "{odd}");
    world.gate.close().await;
}
