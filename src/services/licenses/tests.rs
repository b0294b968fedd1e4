//! Licenses on a real database: what was accepted holds, whatever is offered later.

use sqlx::PgPool;

use super::*;
use crate::services::testing::{self, acceptance, code, offer, offered, owner};

#[sqlx::test]
async fn an_acceptance_holds_after_the_offer_has_changed(pool: PgPool) {
    let (services, _) = testing::services(pool);
    let (mira, acme) = (owner(&services, "mira").await, owner(&services, "acme").await);
    let asset_id = offered(&services, &mira, "training").await;
    let accepted = acceptance(&services, asset_id).await;
    let digest = accepted.terms_digest.clone();
    let license_id = accept(&services, &acme, accepted).await.unwrap();
    let mut dearer = offer(asset_id, "answers");
    dearer.tiers.paid_base = "9000".into();
    offers::publish(&services, &mira, dearer).await.unwrap();

    let license = get(&services, &acme, license_id).await.unwrap();
    assert_eq!((license.terms.digest.as_str(), license.state), (digest.as_str(), State::Active));
    assert_eq!(license.terms.terms.digest().unwrap().as_str(), digest);
    assert_eq!(license.tier.base.to_string(), "$2,500.00");
    assert_eq!((license.accepted_by.as_str(), license.accepted_at), ("acme", services.now()));
    assert_eq!(for_work(&services, &acme, asset_id).await.unwrap(), Some(license_id));
    assert_eq!(code(get(&services, &mira, license_id).await), "not_found");
}

#[sqlx::test]
async fn a_license_lasts_as_long_as_its_terms_say(pool: PgPool) {
    let (services, _) = testing::services(pool);
    let (mira, acme) = (owner(&services, "mira").await, owner(&services, "acme").await);
    for (template, days) in
        [("training", Some(365)), ("evaluation", Some(30)), ("open-ended", None)]
    {
        let asset_id = offered(&services, &mira, template).await;
        let accepted = acceptance(&services, asset_id).await;
        let license_id = accept(&services, &acme, accepted).await.unwrap();
        let license = get(&services, &acme, license_id).await.unwrap();
        assert_eq!(license.starts_at, services.now());
        let lasts = license.ends_at.map(|end| (end - license.starts_at).num_days());
        assert_eq!(lasts, days, "{template}");
    }
}

#[sqlx::test]
async fn what_is_not_on_offer_cannot_be_accepted(pool: PgPool) {
    let (services, _) = testing::services(pool);
    let (mira, acme) = (owner(&services, "mira").await, owner(&services, "acme").await);
    let asset_id = offered(&services, &mira, "training").await;
    let other_id = offered(&services, &mira, "answers").await;
    let good = || acceptance(&services, asset_id);
    let other = acceptance(&services, other_id).await;
    let unoffered = testing::work(&services, &mira, "Pepper.").await;
    for (new, expected) in [
        (Acceptance { tier_id: other.tier_id, ..good().await }, "invalid_field"),
        (Acceptance { agreed: false, ..good().await }, "invalid_field"),
        (Acceptance { terms_digest: other.terms_digest, ..good().await }, "terms_changed"),
        (Acceptance { asset_id: unoffered, ..good().await }, "not_found"),
    ] {
        assert_eq!(code(accept(&services, &acme, new).await), expected);
    }
    assert_eq!(code(accept(&services, &mira, good().await).await), "own_work");
    accept(&services, &acme, good().await).await.unwrap();
    assert_eq!(code(accept(&services, &acme, good().await).await), "license_held");
    assert_eq!(list(&services, &acme).await.unwrap().len(), 1);
}

#[sqlx::test]
async fn one_form_accepted_many_times_at_once_is_one_license(pool: PgPool) {
    let (services, _) = testing::services(pool);
    let (mira, acme) = (owner(&services, "mira").await, owner(&services, "acme").await);
    for _ in 0..5 {
        let asset_id = offered(&services, &mira, "training").await;
        let first = acceptance(&services, asset_id).await;
        let at_once = (0..5).map(|_| {
            let again = Acceptance { terms_digest: first.terms_digest.clone(), ..first };
            accept(&services, &acme, again)
        });
        for answer in futures::future::join_all(at_once).await {
            assert_eq!(answer.unwrap(), first.license_id);
        }
    }
    assert_eq!(list(&services, &acme).await.unwrap().len(), 5);
}
