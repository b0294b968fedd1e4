//! Licenses on a real database: what was accepted holds, whatever is offered later.

use sqlx::PgPool;

use super::*;
use crate::{
    domain::{
        access_token::TypedLimits,
        actor::{Actor, Who},
        ids::{AssetId, LicenseId},
        license::State,
        month::Month,
        terms::Scope,
    },
    services::{
        Services, mint, offers,
        testing::{self, acceptance, code, offer, offered, owner},
        tokens::{self, NewToken},
    },
};

/// The acceptance of the free tier of the offer that stands.
async fn preview(services: &Services, asset_id: AssetId) -> Acceptance {
    let standing = offers::current(services, asset_id).await.unwrap().unwrap();
    let tier_id = standing.tiers[0].tier_id;
    Acceptance { tier_id, ..acceptance(services, asset_id).await }
}

fn token(license_id: LicenseId, scope: Scope) -> NewToken {
    NewToken {
        token_id: mint(),
        license_id,
        name: "crawler".into(),
        scopes: vec![scope],
        expires_in_days: None,
        limits: TypedLimits::default(),
    }
}

async fn ended(services: &Services) -> i64 {
    let count = sqlx::query_scalar!(
        r#"select count(*) as "count!" from event where name = 'license.ended'"#
    );
    count.fetch_one(&services.pool).await.unwrap()
}

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
    assert_eq!(license.tier.money(license.tier.price.monthly_fee()).to_string(), "$2,500.00");
    assert_eq!((license.accepted_by.as_str(), license.accepted_at), ("acme", services.now()));
    let held = for_work(&services, &acme, asset_id).await.unwrap().unwrap();
    assert_eq!((held.license_id, held.tier_name.as_str()), (license_id, "Standard"));
    assert!(!held.gives_way);
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

#[sqlx::test]
async fn a_license_past_its_end_is_over_and_the_work_can_be_licensed_again(pool: PgPool) {
    let (services, clock) = testing::services(pool);
    let (mira, acme) = (owner(&services, "mira").await, owner(&services, "acme").await);
    let asset_id = offered(&services, &mira, "evaluation").await;
    let first = accept(&services, &acme, acceptance(&services, asset_id).await).await.unwrap();
    clock.advance(std::time::Duration::from_secs(30 * 24 * 3600));

    assert_eq!(for_work(&services, &acme, asset_id).await.unwrap(), None);
    assert_eq!(get(&services, &acme, first).await.unwrap().state, State::Expired);
    assert_eq!(list(&services, &acme).await.unwrap()[0].state, State::Expired);
    let late = get(&services, &acme, first).await.unwrap().tier.scopes[0];
    assert_eq!(code(tokens::create(&services, &acme, token(first, late)).await), "license_over");

    let again = accept(&services, &acme, acceptance(&services, asset_id).await).await.unwrap();
    let held = for_work(&services, &acme, asset_id).await.unwrap().unwrap();
    assert_eq!(held.license_id, again);
    let states: Vec<_> = list(&services, &acme).await.unwrap();
    let mut states: Vec<_> =
        states.iter().map(|row| (row.license_id == again, row.state)).collect();
    states.sort_unstable();
    assert_eq!(states, [(false, State::Expired), (true, State::Active)]);
    assert_eq!(ended(&services).await, 0, "it came to its end by itself");
}

#[sqlx::test]
async fn a_preview_gives_way_to_a_paid_tier_and_to_nothing_else(pool: PgPool) {
    let (services, clock) = testing::services(pool);
    let (mira, acme) = (owner(&services, "mira").await, owner(&services, "acme").await);
    let asset_id = offered(&services, &mira, "training").await;
    let free = accept(&services, &acme, preview(&services, asset_id).await).await.unwrap();
    assert!(for_work(&services, &acme, asset_id).await.unwrap().unwrap().gives_way);
    tokens::create(&services, &acme, token(free, Scope::Preview)).await.unwrap();
    let same = preview(&services, asset_id).await;
    assert_eq!(code(accept(&services, &acme, same).await), "license_held");
    assert_eq!(ended(&services).await, 0, "a refused acceptance ends nothing");

    clock.advance(std::time::Duration::from_secs(60));
    let at_once = (0..4)
        .map(|_| async { accept(&services, &acme, acceptance(&services, asset_id).await).await });
    let answers = futures::future::join_all(at_once).await;
    let (accepted, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(Result::is_ok);
    assert_eq!((accepted.len(), refused.len()), (1, 3));
    assert!(refused.into_iter().all(|answer| code(answer) == "license_held"));
    let paid = for_work(&services, &acme, asset_id).await.unwrap().unwrap();
    assert_eq!((paid.tier_name.as_str(), paid.gives_way), ("Standard", false));
    let over = get(&services, &acme, free).await.unwrap();
    assert_eq!((over.state, over.ends_at), (State::Expired, Some(services.now())));
    let late = tokens::create(&services, &acme, token(free, Scope::Preview)).await;
    assert_eq!(code(late), "license_over");
    assert_eq!(ended(&services).await, 1);

    let back = preview(&services, asset_id).await;
    assert_eq!(code(accept(&services, &acme, back).await), "license_held");
}

#[sqlx::test]
async fn nobody_gets_out_of_a_suspension_by_taking_another_tier(pool: PgPool) {
    let (services, _) = testing::services(pool);
    let (mira, acme) = (owner(&services, "mira").await, owner(&services, "acme").await);
    let asset_id = offered(&services, &mira, "training").await;
    accept(&services, &acme, preview(&services, asset_id).await).await.unwrap();
    sqlx::query!("update license set state = 'suspended'").execute(&services.pool).await.unwrap();
    let other = acceptance(&services, asset_id).await;
    assert_eq!(code(accept(&services, &acme, other).await), "license_held");
}

#[sqlx::test]
async fn a_form_sent_again_for_another_work_or_tier_is_refused(pool: PgPool) {
    let (services, _) = testing::services(pool);
    let (mira, acme) = (owner(&services, "mira").await, owner(&services, "acme").await);
    let asset_id = offered(&services, &mira, "training").await;
    let other_id = offered(&services, &mira, "training").await;
    let first = acceptance(&services, asset_id).await;
    let license_id = accept(&services, &acme, first).await.unwrap();
    for other in [preview(&services, asset_id).await, acceptance(&services, other_id).await] {
        let again = Acceptance { license_id, ..other };
        assert_eq!(code(accept(&services, &acme, again).await), "form_sent_before");
    }
    assert_eq!(list(&services, &acme).await.unwrap().len(), 1);
}

async fn happened(services: &Services, name: &str) -> i64 {
    sqlx::query_scalar!(r#"select count(*) as "count!" from event where name = $1"#, name)
        .fetch_one(&services.pool)
        .await
        .unwrap()
}

#[sqlx::test]
async fn a_spend_cap_is_at_least_the_base_fee(pool: PgPool) {
    let (services, clock) = testing::services(pool);
    let (mira, acme) = (owner(&services, "mira").await, owner(&services, "acme").await);
    let asset_id = offered(&services, &mira, "evaluation").await;
    let held = accept(&services, &acme, acceptance(&services, asset_id).await).await.unwrap();
    let cap = async |typed| set_spend_cap(&services, &acme, held, typed).await;
    for typed in ["2499.999999", "-1", "much"] {
        let refused = cap(typed).await.unwrap_err();
        assert_eq!(refused.refusal().unwrap().field.as_deref(), Some("spend_cap"), "{typed}");
    }
    let shown = async || get(&services, &acme, held).await.unwrap().spend_cap;
    assert_eq!(shown().await, None);
    for (typed, expected) in [
        ("2500", Some("$2,500.00")),
        ("$2505.00", Some("$2,505.00")),
        ("2505", Some("$2,505.00")),
        ("", None),
    ] {
        cap(typed).await.unwrap();
        assert_eq!(shown().await.map(|cap| cap.to_string()).as_deref(), expected);
    }
    assert_eq!(
        happened(&services, "license.spend_cap_set").await,
        3,
        "the same again is no change"
    );
    assert_eq!(code(set_spend_cap(&services, &mira, held, "3000").await), "not_found");
    clock.advance(std::time::Duration::from_secs(30 * 24 * 3600));
    assert_eq!(code(cap("3000").await), "license_over");
}

#[sqlx::test]
async fn a_license_moves_up_once_and_only_by_itself(pool: PgPool) {
    let (services, _) = testing::services(pool);
    let (mira, acme) = (owner(&services, "mira").await, owner(&services, "acme").await);
    let asset_id = testing::work(&services, &mira, "Salt.").await;
    let mut new = offer(asset_id, "training");
    (new.tiers.paid_overrun, new.tiers.paid_overage) = ("upgrade".into(), String::new());
    new.tiers.larger_name = "Premium".into();
    new.tiers.larger_base = "5000".into();
    new.tiers.larger_units = "100000".into();
    new.tiers.larger_rate = "200".into();
    offers::publish(&services, &mira, new).await.unwrap();
    let tiers = offers::current(&services, asset_id).await.unwrap().unwrap().tiers;
    let [free, standard, premium] = [0, 1, 2].map(|n: usize| tiers[n].tier_id);
    let license_id = accept(&services, &acme, acceptance(&services, asset_id).await).await.unwrap();

    let system = Actor { who: Who::System, request_id: mint() };
    let up = MoveUp { license_id, from: standard, to: premium };
    assert_eq!(code(upgrade(&services, &acme, up).await), "not_found");
    for wrong in
        [MoveUp { to: free, ..up }, MoveUp { from: free, ..up }, MoveUp { to: standard, ..up }]
    {
        assert!(!upgrade(&services, &system, wrong).await.unwrap(), "{wrong:?}");
    }
    let at_once = futures::future::join_all((0..4).map(|_| upgrade(&services, &system, up))).await;
    assert_eq!(at_once.into_iter().filter(|moved| *moved.as_ref().unwrap()).count(), 1);
    assert_eq!(get(&services, &acme, license_id).await.unwrap().tier.name, "Premium");
    assert_eq!(happened(&services, "license.upgraded").await, 1);
}

#[sqlx::test]
async fn a_cancelled_license_goes_on_until_what_is_paid_for_is_over(pool: PgPool) {
    let (services, clock) = testing::services(pool);
    let (mira, acme) = (owner(&services, "mira").await, owner(&services, "acme").await);
    let asset_id = offered(&services, &mira, "training").await;
    let accepted = acceptance(&services, asset_id).await;
    let license_id = accept(&services, &acme, accepted).await.unwrap();
    let before = get(&services, &acme, license_id).await.unwrap();
    assert_eq!(code(cancel(&services, &mira, license_id).await), "not_found");

    let end = cancel(&services, &acme, license_id).await.unwrap();
    assert_eq!(end, Month::of(services.now()).until());
    assert_eq!(cancel(&services, &acme, license_id).await.unwrap(), end);
    let held = get(&services, &acme, license_id).await.unwrap();
    assert_eq!((held.state, held.ends_at, held.renewable_until), (State::Active, Some(end), None));
    let renewal = Renewal { license_id, ends_at: end, agreed: true };
    assert_eq!(code(renew(&services, &acme, renewal).await), "license_cancelled");

    resume(&services, &acme, license_id).await.unwrap();
    resume(&services, &acme, license_id).await.unwrap();
    let held = get(&services, &acme, license_id).await.unwrap();
    assert_eq!((held.ends_at, held.cancelled_at), (before.ends_at, None));

    cancel(&services, &acme, license_id).await.unwrap();
    clock.advance((end - services.now()).to_std().unwrap());
    let over = get(&services, &acme, license_id).await.unwrap();
    assert_eq!(over.state, State::Expired);
    assert_eq!(code(resume(&services, &acme, license_id).await), "license_over");
    assert_eq!(cancel(&services, &acme, license_id).await.unwrap(), end);
}

#[sqlx::test]
async fn a_license_is_renewed_under_its_own_terms_while_they_are_offered(pool: PgPool) {
    let (services, clock) = testing::services(pool);
    let (mira, acme) = (owner(&services, "mira").await, owner(&services, "acme").await);
    let asset_id = offered(&services, &mira, "training").await;
    let accepted = acceptance(&services, asset_id).await;
    let license_id = accept(&services, &acme, accepted).await.unwrap();
    let held = get(&services, &acme, license_id).await.unwrap();
    let (ends_at, longer) = (held.ends_at.unwrap(), held.renewable_until.unwrap());
    let renewal = Renewal { license_id, ends_at, agreed: true };
    let not_agreed = Renewal { agreed: false, ..renewal };
    assert_eq!(code(renew(&services, &acme, not_agreed).await), "invalid_field");
    assert_eq!(code(renew(&services, &mira, renewal).await), "not_found");
    // The same form, many times at once.
    let at_once = (0..5).map(|_| renew(&services, &acme, renewal));
    for answer in futures::future::join_all(at_once).await {
        assert_eq!(answer.unwrap(), longer);
    }
    let held = get(&services, &acme, license_id).await.unwrap();
    assert_eq!((held.ends_at, held.renewable_until), (Some(longer), None));
    let again = Renewal { ends_at: longer, ..renewal };
    assert_eq!(code(renew(&services, &acme, again).await), "license_renewed");

    clock.advance((ends_at - services.now()).to_std().unwrap());
    offers::publish(&services, &mira, offer(asset_id, "answers")).await.unwrap();
    assert_eq!(code(renew(&services, &acme, again).await), "offer_over");
    assert_eq!(get(&services, &acme, license_id).await.unwrap().renewable_until, None);
}
