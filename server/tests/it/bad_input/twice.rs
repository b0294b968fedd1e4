//! The same form sent again, one after the other and eight at once: one result.

use imprimatur::domain::{
    actor::Role,
    ids::{AssetId, CollectionId, InvitationId, OrgId, TermsId, TokenId},
};
use imprimatur::services::mint;
use sqlx::PgPool;

use crate::{
    browser::Answer,
    visitor::{Tier, Visitor, input, offer, pairs, shown, terms, work},
    world::World,
};

const AT_ONCE: usize = 8;

/// Sends the form eight times at once and then once more; answers with all answers.
async fn again_and_again(visitor: &Visitor, path: &str, form: &[(&str, &str)]) -> Vec<Answer> {
    let at_once = (0..AT_ONCE).map(|_| {
        let mut visitor = visitor.clone();
        async move { visitor.post(path, form).await }
    });
    let mut answers = futures::future::join_all(at_once).await;
    answers.push(visitor.clone().post(path, form).await);
    answers
}

fn assert_all_lead_to(answers: &[Answer], location: &str) {
    for answer in answers {
        assert_eq!(answer.status, 303, "{}", shown(&answer.body));
        assert_eq!(answer.location(), location);
    }
}

#[sqlx::test(migrator = "imprimatur::MIGRATOR")]
async fn every_form_sent_many_times_has_one_result(pool: PgPool) {
    let world = World::new(pool).await;

    let nils = world.person("nils").await;
    let id = mint::<OrgId>().to_string();
    let form = [("id", id.as_str()), ("name", "Nils & Co"), ("sides", "creator")];
    assert_all_lead_to(&again_and_again(&nils, "/welcome", &form).await, "/overview");
    assert_eq!((world.count("organization").await, world.count("member").await), (1, 1));

    let mut mira = world.creator("mira").await;
    let id = mint::<AssetId>().to_string();
    let form = work(&id, "The Salt Roads");
    let at_once = (0..AT_ONCE).map(|_| {
        let (mut visitor, form) = (mira.clone(), form.clone());
        async move { visitor.upload(&form, Some(("work.txt", b"Salt."))).await }
    });
    let mut answers = futures::future::join_all(at_once).await;
    answers.push(mira.upload(&form, Some(("work.txt", b"Salt."))).await);
    assert_all_lead_to(&answers, &format!("/assets/{id}"));
    assert_eq!((world.count("asset").await, world.count("asset_version").await), (1, 1));
    assert_eq!(world.kept().len(), 1);
    let other = mira.upload(&form, Some(("other.txt", b"Pepper."))).await;
    assert_eq!(other.status, 409);
    assert!(shown(&other.body).contains("sent before, with another file"));
    assert_eq!(world.kept().len(), 1);

    let asset_id: AssetId = id.parse().unwrap();
    let path = format!("/assets/{asset_id}/edit");
    let form = [
        ("revision", "1"),
        ("title", "The Salt Roads, revised"),
        ("kind", "text"),
        ("attribution", "Mira Holm"),
    ];
    let answers = again_and_again(&mira, &path, &form).await;
    assert_all_lead_to(&answers, &format!("/assets/{asset_id}"));
    let id = mint::<CollectionId>().to_string();
    let (own, work) = (format!("/assets/collections/{id}"), asset_id.to_string());
    let form = [("id", id.as_str()), ("title", "Salt"), ("works", work.as_str())];
    let answers = again_and_again(&mira, "/assets/collections/new", &form).await;
    assert_all_lead_to(&answers, &own);
    let form = [("revision", "1"), ("title", "Salt and water")];
    let answers = again_and_again(&mira, &format!("{own}/edit"), &form).await;
    assert_all_lead_to(&answers, &format!("{own}?done=saved"));
    let form = [("form", "works"), ("do", "take-out"), ("work", work.as_str())];
    let answers = again_and_again(&mira, &own, &form).await;
    assert_eq!(
        answers.iter().filter(|each| each.location().ends_with("done=taken&of=1")).count(),
        1
    );
    let form = [("form", "collect"), ("work", work.as_str()), ("into", id.as_str())];
    let answers = again_and_again(&mira, "/assets", &form).await;
    assert_eq!(
        answers.iter().filter(|each| each.location().ends_with("done=added&of=1")).count(),
        1
    );
    assert_eq!((world.count("collection").await, world.count("collection_work").await), (1, 1));

    let saved = "/settings/profile?done=saved";
    for form in [
        vec![("form", "about"), ("revision", "0"), ("about", "A press.")],
        vec![("form", "consent"), ("training", "given"), ("commercial", "open")],
        vec![("form", "reporting"), ("reporting", "coarse")],
    ] {
        assert_all_lead_to(&again_and_again(&mira, "/settings/profile", &form).await, saved);
    }
    assert_eq!((world.count("profile").await, world.count("consent").await), (1, 1));

    let path = format!("/assets/{asset_id}/offer");
    let id = input(&mira.open(&path).await, "id");
    let answers = again_and_again(&mira, &path, &offer(&id)).await;
    assert_all_lead_to(&answers, &format!("/assets/{asset_id}"));
    assert_eq!((world.count("offer").await, world.count("tier").await), (1, 2));

    let id = mint::<TermsId>().to_string();
    let form = terms(&id);
    let answers = again_and_again(&mira, "/terms/new", &form).await;
    let address = answers[0].location().to_owned();
    assert!(address.starts_with("/terms/sha256:"), "{address}");
    assert_all_lead_to(&answers, &address);
    assert_eq!(world.count("terms").await, 2, "those of the offer, and these");

    let mut acme = world.buyer("acme").await;
    let form = acme.acceptance(asset_id, Tier::Paid).await;
    let path = format!("/catalogue/{asset_id}/license");
    let answers = again_and_again(&acme, &path, &pairs(&form)).await;
    assert_all_lead_to(&answers, &format!("/licenses/{}", form[0].1));
    assert_eq!(world.count("license").await, 1);

    let id = mint::<TokenId>().to_string();
    let path = format!("/licenses/{}/tokens/new", form[0].1);
    let form = [("id", id.as_str()), ("name", "crawl"), ("scopes", "training"), ("expires", "")];
    let answers = again_and_again(&acme, &path, &form).await;
    assert_shown_once(&answers, "sk_test_", "This token was created before");
    assert_eq!(world.count("access_token").await, 1);

    let path = path.trim_end_matches("/tokens/new");
    let form = [("form", "revoke"), ("token_id", id.as_str())];
    let answers = again_and_again(&acme, path, &form).await;
    assert_all_lead_to(&answers, &format!("{path}?done=revoked"));

    let id = mint::<InvitationId>().to_string();
    let form = [("form", "invite"), ("id", id.as_str()), ("role", "viewer")];
    let answers = again_and_again(&acme, "/settings/members", &form).await;
    assert_shown_once(&answers, "/join/", "This invitation was made before");
    let form = [("form", "withdraw"), ("invitation_id", id.as_str())];
    let answers = again_and_again(&acme, "/settings/members", &form).await;
    assert_all_lead_to(&answers, "/settings/members?done=withdrawn");

    let code = acme.invite(Role::Developer).await;
    let answers = again_and_again(&nils, &format!("/join/{code}"), &[]).await;
    assert_all_lead_to(&answers, "/overview");
    assert_eq!(world.count("member").await, 4);
    let nils_id = nils.person_id.unwrap().to_string();
    let form = [
        ("form", "role"),
        ("person_id", nils_id.as_str()),
        ("was", "developer"),
        ("role", "finance"),
    ];
    let answers = again_and_again(&acme, "/settings/members", &form).await;
    let location = format!("/settings/members?done=role&of={nils_id}&before=developer");
    assert_all_lead_to(&answers, &location);

    // Each deed left one trace, however often it was asked for.
    let traces: Vec<(String, i64)> = sqlx::query_as(
        "select name, count(*) from event where name not in ('session.started', 'person.joined')
         group by name order by name",
    )
    .fetch_all(&world.services.pool)
    .await
    .unwrap();
    let traces: Vec<_> = traces.iter().map(|(name, count)| (name.as_str(), *count)).collect();
    assert_eq!(
        traces,
        [
            ("asset.edited", 1),
            ("asset.registered", 1),
            ("collection.edited", 1),
            ("collection.made", 1),
            ("collection.works_added", 1),
            ("collection.works_removed", 1),
            ("invitation.withdrawn", 1),
            ("license.accepted", 1),
            ("member.invited", 2),
            ("member.joined", 1),
            ("member.role_changed", 1),
            ("offer.published", 1),
            ("organization.consent_recorded", 1),
            ("organization.founded", 3),
            ("organization.profile_edited", 1),
            ("organization.reporting_chosen", 1),
            ("terms.published", 1),
            ("token.created", 1),
            ("token.revoked", 1),
        ]
    );
}

#[sqlx::test(migrator = "imprimatur::MIGRATOR")]
async fn what_changes_a_license_a_site_or_an_offer_changes_it_once(pool: PgPool) {
    let world = World::new(pool).await;
    let mut mira = world.creator("mira").await;
    let asset_id = mira.register("The Salt Roads", "Salt.").await;
    mira.publish_offer(asset_id).await;
    let mut acme = world.buyer("acme").await;
    let license_id = acme.accept(asset_id, Tier::Paid).await;
    let path = format!("/licenses/{license_id}");

    let capped = again_and_again(&acme, &path, &[("form", "cap"), ("spend_cap", "9000")]).await;
    for answer in capped {
        assert_eq!(answer.status, 303, "{}", shown(&answer.body));
        assert!(answer.location().starts_with(&format!("{path}?done=capped&before=")));
    }
    let ends_at = input(&acme.open(&path).await, "ends_at");
    let renew = [("form", "renew"), ("ends_at", ends_at.as_str()), ("agreed", "yes")];
    let answers = again_and_again(&acme, &path, &renew).await;
    assert_all_lead_to(&answers, &format!("{path}?done=renewed"));
    for (form, done) in [("cancel", "cancelled"), ("resume", "resumed")] {
        let answers = again_and_again(&acme, &path, &[("form", form)]).await;
        assert_all_lead_to(&answers, &format!("{path}?done={done}"));
    }
    let token = acme.create_token(license_id).await;
    let rotate = format!("{path}/rotate?token={}", token.token_id);
    let id = input(&acme.open(&rotate).await, "id");
    let form = [("id", id.as_str()), ("overlap", "1")];
    let answers = again_and_again(&acme, &rotate, &form).await;
    assert_shown_once(&answers, "sk_test_", "This token was created before");
    assert_eq!(world.count("access_token").await, 2);

    let offer_id = input(&mira.open("/offers").await, "offer_id");
    for (form, done) in
        [("withdraw", format!("withdrawn&of={offer_id}")), ("restore", "restored".to_owned())]
    {
        let form = [("form", form), ("offer_id", offer_id.as_str())];
        let answers = again_and_again(&mira, "/offers", &form).await;
        assert_all_lead_to(&answers, &format!("/offers?done={done}"));
    }

    let id = mint::<AssetId>().to_string();
    let claim = [
        ("id", id.as_str()),
        ("host", "archive.test"),
        ("origin", "http://127.0.0.1:9999"),
        ("title", "The Archive"),
        ("description", ""),
        ("attribution", "Mira Holm"),
    ];
    let path = format!("/sites/{id}");
    assert_all_lead_to(&again_and_again(&mira, "/sites/new", &claim).await, &path);
    assert_eq!(world.count("site").await, 1);
    let answers = again_and_again(&mira, &path, &[("form", "verify")]).await;
    assert_all_lead_to(&answers, &format!("{path}?done=verified"));
    let origin =
        [("form", "origin"), ("was", "http://127.0.0.1:9999"), ("origin", "http://127.0.0.1:9998")];
    let answers = again_and_again(&mira, &path, &origin).await;
    let before = "http%3A%2F%2F127.0.0.1%3A9999";
    assert_all_lead_to(&answers, &format!("{path}?done=origin&before={before}"));

    let traces: Vec<(String, i64)> = sqlx::query_as(
        "select name, count(*) from event
         where name similar to '(license|token|offer|site).%' group by name order by name",
    )
    .fetch_all(&world.services.pool)
    .await
    .unwrap();
    let traces: Vec<_> = traces.iter().map(|(name, count)| (name.as_str(), *count)).collect();
    assert_eq!(
        traces,
        [
            ("license.accepted", 1),
            ("license.cancelled", 1),
            ("license.renewed", 1),
            ("license.resumed", 1),
            ("license.spend_cap_set", 1),
            ("offer.published", 1),
            ("offer.restored", 1),
            ("offer.withdrawn", 1),
            ("site.claimed", 1),
            ("site.origin_changed", 1),
            ("site.verified", 1),
            ("token.created", 1),
            ("token.rotated", 1),
        ]
    );
    world.gate.close().await;
}

/// One answer shows the secret; all others say that it was shown.
fn assert_shown_once(answers: &[Answer], secret: &str, before: &str) {
    let pages: Vec<String> = answers.iter().map(|answer| shown(&answer.body)).collect();
    assert!(answers.iter().all(|answer| answer.status == 200), "{answers:?}");
    let showing = pages.iter().filter(|page| page.contains("secret__value\">"));
    assert_eq!(showing.filter(|page| page.contains(secret)).count(), 1);
    assert_eq!(pages.iter().filter(|page| page.contains(before)).count(), AT_ONCE);
}

#[sqlx::test(migrator = "imprimatur::MIGRATOR")]
async fn two_forms_for_one_work_end_in_one_license(pool: PgPool) {
    let world = World::new(pool).await;
    let mut mira = world.creator("mira").await;
    let asset_id = mira.register("The Salt Roads", "Salt.").await;
    mira.publish_offer(asset_id).await;
    let mut acme = world.buyer("acme").await;
    let path = format!("/catalogue/{asset_id}/license");
    let mut forms = Vec::new();
    for _ in 0..AT_ONCE {
        forms.push(acme.acceptance(asset_id, Tier::Paid).await);
    }
    let at_once = forms.iter().map(|form| {
        let (mut visitor, path) = (acme.clone(), &path);
        async move { visitor.post(path, &pairs(form)).await }
    });
    let answers = futures::future::join_all(at_once).await;
    let statuses: Vec<_> = answers.iter().map(|answer| answer.status.as_u16()).collect();
    assert_eq!(statuses.iter().filter(|status| **status == 303).count(), 1, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|status| **status == 409).count(), AT_ONCE - 1);
    assert_eq!(world.count("license").await, 1);
}

#[sqlx::test(migrator = "imprimatur::MIGRATOR")]
async fn the_same_bytes_from_many_owners_at_once_have_one(pool: PgPool) {
    let world = World::new(pool).await;
    let mut owners = Vec::new();
    for number in 0..4 {
        owners.push(world.creator(&format!("owner {number}")).await);
    }
    let at_once = owners.iter().cloned().map(|mut owner| async move {
        let id = mint::<AssetId>().to_string();
        owner.upload(&work(&id, "Mine"), Some(("work.txt", b"Salt."))).await.status.as_u16()
    });
    let mut statuses = futures::future::join_all(at_once).await;
    statuses.sort_unstable();
    assert_eq!(statuses, [303, 303, 303, 303]);
    assert_eq!((world.count("asset").await, world.kept().len()), (1, 1));
    assert_eq!(world.count("claim").await, 3, "whoever was slower has a claim");
}
