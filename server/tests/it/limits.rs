//! What a buyer keeps in hand, in the browser: what a token is limited to, its secret, the spend.

use imprimatur::domain::asset::ContentId;
use sqlx::PgPool;

use crate::{
    visitor::{Tier, input, shown},
    world::World,
};

#[sqlx::test(migrator = "imprimatur::MIGRATOR")]
async fn a_buyer_limits_a_token_rotates_it_and_caps_the_spend(pool: PgPool) {
    let world = World::new(pool).await;
    let mut mira = world.creator("mira").await;
    let asset_id = mira.register("The Salt Roads", "Salt.").await;
    mira.publish_offer(asset_id).await;
    let mut acme = world.buyer("acme").await;
    let license_id = acme.accept(asset_id, Tier::Paid).await;
    let license = format!("/licenses/{license_id}");
    let content_id = ContentId::of(b"Salt.");

    // A limit that cannot be read comes back as typed, with the fold open.
    let new_token = format!("{license}/tokens/new");
    let page = acme.open(&new_token).await;
    assert!(page.contains("<summary>Limits</summary>"), "{page}");
    let id = input(&page, "id");
    let form = |jobs| {
        [
            ("id", id.as_str()),
            ("name", "crawl"),
            ("expires", "90"),
            ("scopes", "training"),
            ("jobs", jobs),
        ]
    };
    let refused = acme.post(&new_token, &form("rün-1")).await;
    assert_eq!(refused.status, 422);
    let page = shown(&refused.body);
    let fold = page.split("<details").find(|fold| fold.contains("<summary>Limits")).unwrap();
    let (tag, inside) = fold.split_once('>').unwrap();
    assert!(tag.contains(" open") && inside.contains("rün-1"), "{page}");
    let created = acme.post(&new_token, &form("run-1")).await;
    assert_eq!(created.status, 200, "{}", shown(&created.body));
    let page = acme.open(&license).await;
    assert!(page.contains("Limited to job run-1"), "{page}");

    // Rotating shows a new secret once, and the old one goes on for a day.
    let rotate = format!("{license}/rotate?token={id}");
    assert!(page.contains(&rotate.replace('&', "&amp;")), "{page}");
    let page = acme.open(&rotate).await;
    let fresh = input(&page, "id");
    let odd = acme.post(&rotate, &[("id", &fresh), ("overlap", "8")]).await;
    assert_eq!(odd.status, 422);
    let turned = acme.post(&rotate, &[("id", &fresh), ("overlap", "1")]).await;
    assert_eq!(turned.status, 200, "{}", shown(&turned.body));
    let secret = turned.body.split("secret__value\">").nth(1).unwrap().split('<').next().unwrap();
    let again = acme.post(&rotate, &[("id", &fresh), ("overlap", "1")]).await;
    assert!(shown(&again.body).contains("created before"), "{}", shown(&again.body));
    let answer = acme.fetch_until(&content_id, secret, 403).await;
    assert!(answer.body.contains("invalid_token") || answer.body.contains("job_not_allowed"));
    let page = acme.open(&license).await;
    assert!(page.contains("Ending") && !page.contains(&rotate), "{page}");
    let unknown = acme.browser.get(&format!("{license}/rotate?token={license_id}")).await;
    assert_eq!(unknown.status, 404);

    // A cap below the base fee is refused beside its field; a good one is shown.
    let low = acme.post(&license, &[("form", "cap"), ("spend_cap", "100")]).await;
    assert_eq!(low.status, 422);
    assert!(shown(&low.body).contains("The base fee alone is $2,500.00"), "{}", shown(&low.body));
    let set = acme.post(&license, &[("form", "cap"), ("spend_cap", "2600")]).await;
    assert_eq!(set.location(), format!("{license}?done=capped&before="));
    let page = acme.open(&license).await;
    assert!(page.contains("more than $2,600.00 in a month are refused"), "{page}");
    world.gate.close().await;
}

#[sqlx::test(migrator = "imprimatur::MIGRATOR")]
async fn an_offer_has_a_larger_tier_to_move_to(pool: PgPool) {
    let world = World::new(pool).await;
    let mut mira = world.creator("mira").await;
    let asset_id = mira.register("The Salt Roads", "Salt.").await;
    let path = format!("/assets/{asset_id}/offer");
    let page = mira.open(&path).await;
    assert!(page.contains("<summary>A larger tier</summary>"), "{page}");
    let id = input(&page, "id");
    let mut form = crate::visitor::offer(&id);
    form.retain(|(name, _)| *name != "paid_overage");
    form.push(("paid_overrun", "upgrade"));
    let alone = mira.post(&path, &form).await;
    assert_eq!(alone.status, 422);
    assert!(shown(&alone.body).contains("There is no larger tier"), "{}", shown(&alone.body));
    form.extend([
        ("larger_name", "Premium"),
        ("larger_base", "5000"),
        ("larger_units", "100000"),
        ("larger_overage", "3"),
        ("larger_rate", "200"),
    ]);
    assert_eq!(mira.post(&path, &form).await.status, 303);
    let page = mira.open(&format!("/catalogue/{asset_id}")).await;
    assert!(
        page.contains("Premium") && page.contains("moves to the next larger tier, at its price"),
        "{page}"
    );
    world.gate.close().await;
}
