//! Sites in the portal: claimed, proved, offered by path, and tried before any machine asks.

use imprimatur::domain::{ids::AssetId, metering::JobName};
use sqlx::PgPool;

use crate::{
    browser::Answer,
    visitor::{Tier, Visitor, input, shown, unescaped, with},
    world::World,
};

fn site(id: &str) -> Vec<(&str, &str)> {
    vec![
        ("id", id),
        ("host", "Archive.TEST"),
        ("origin", "http://127.0.0.1:9999"),
        ("title", "The Archive"),
        ("description", "Every page."),
        ("attribution", "Mira Holm"),
    ]
}

/// A verified site with an offer: previews of the news, everything but drafts for money.
async fn offered(mira: &mut Visitor) -> AssetId {
    let id = input(&mira.open("/sites/new").await, "id");
    let claimed = mira.post("/sites/new", &site(&id)).await;
    assert_eq!(claimed.location(), format!("/sites/{id}"), "{}", shown(&claimed.body));
    let path = format!("/sites/{id}");
    let page = mira.open(&path).await;
    assert!(
        page.contains("_imprimatur.archive.test") && page.contains("imprimatur-site="),
        "{page}"
    );
    let verified = mira.post(&path, &[("form", "verify")]).await;
    assert_eq!(verified.location(), format!("{path}?done=verified"), "{}", shown(&verified.body));
    let asset_id = id.parse().unwrap();
    let rules = [("free_allowed", "/news/**"), ("paid_forbidden", "/drafts/**")];
    mira.publish_offer_with(asset_id, &rules).await;
    asset_id
}

async fn attempt(mira: &mut Visitor, asset_id: AssetId, form: &[(&str, &str)]) -> Answer {
    mira.post(&format!("/sites/{asset_id}/try"), form).await
}

/// What is said of an attempt that was answered.
async fn verdict(mira: &mut Visitor, asset_id: AssetId, form: &[(&str, &str)]) -> String {
    let answer = attempt(mira, asset_id, form).await;
    assert_eq!(answer.status, 200, "{}", shown(&answer.body));
    let page = unescaped(&shown(&answer.body));
    crate::visitor::between(&page, "The answer</h2>", "</section>").to_owned()
}

#[sqlx::test(migrator = "imprimatur::MIGRATOR")]
async fn a_creator_claims_a_site_and_tries_its_paths(pool: PgPool) {
    let world = World::new(pool).await;
    let mut mira = world.creator("mira").await;
    assert!(mira.open("/sites").await.contains("No sites yet"));
    let asset_id = offered(&mut mira).await;
    let page = mira.open(&format!("/sites/{asset_id}")).await;
    assert!(page.contains("Verified and on offer.") && page.contains("/drafts/**"), "{page}");
    assert!(mira.open("/sites").await.contains("archive.test"));

    let page = mira.open(&format!("/sites/{asset_id}/try")).await;
    let tiers: Vec<String> = page
        .split("<option")
        .filter(|option| option.contains("A license on"))
        .map(|option| crate::visitor::between(option, "value=\"", "\"").to_owned())
        .collect();
    let [free, paid] = tiers.as_slice() else { panic!("{page}") };
    let mut acme = world.buyer("acme").await;
    let license_id = acme.accept(asset_id, Tier::Free).await;
    let token = acme.create_token(license_id).await;
    let before = world.rows().await;
    for (path, asker, expected) in [
        ("/robots.txt", "nobody", "as everybody gets it"),
        ("/news/today", "nobody", "402"),
        ("/news/today", free.as_str(), "under the tier Preview"),
        ("/about", free, "tier_required"),
        ("https://archive.test/about?x=1", paid, "under the tier Standard"),
        ("/drafts/secret", paid, "path_not_allowed"),
        ("/drafts%2Fsecret", paid, "invalid_path"),
        ("about", paid, "invalid_path"),
        ("/news/a/../../drafts/x", paid, "path_not_allowed"),
    ] {
        let said = verdict(&mut mira, asset_id, &[("path", path), ("asker", asker)]).await;
        assert!(said.contains(expected), "{path} as {asker}: {said}");
    }
    for (secret, path, scope, expected) in [
        (token.secret.as_str(), "/news/today", "", "under the tier Preview"),
        (&token.secret, "/news/today", "training", "scope_not_granted"),
        (&token.secret, "/about", "", "tier_required"),
        ("sk_test_nobody", "/about", "", "invalid_token"),
    ] {
        let form = [("path", path), ("asker", "token"), ("token", secret), ("scope", scope)];
        let answer = attempt(&mut mira, asset_id, &form).await;
        let page = shown(&answer.body);
        assert!(page.contains(expected), "{path} {scope}: {page}");
        assert!(!page.contains(secret), "the secret is shown again");
    }
    assert_eq!(before, world.rows().await, "trying changes nothing");

    acme.revoke_token(license_id, token.token_id).await;
    let form = [("path", "/news/x"), ("asker", "token"), ("token", token.secret.as_str())];
    assert!(verdict(&mut mira, asset_id, &form).await.contains("invalid_token"));
    world.gate.close().await;
}

#[sqlx::test(migrator = "imprimatur::MIGRATOR")]
async fn bad_sites_and_attempts_are_answered_beside_their_field(pool: PgPool) {
    let world = World::new(pool).await;
    let mut mira = world.creator("mira").await;
    let asset_id = offered(&mut mira).await;
    let id = input(&mira.open("/sites/new").await, "id");
    let good = with(&site(&id), &[("host", "other.test")]);
    let try_path = format!("/sites/{asset_id}/try");
    let site_path = format!("/sites/{asset_id}");
    let long_job = "x".repeat(1000);
    assert!(JobName::parse(&long_job).is_err());
    let before = world.rows().await;
    for (path, form, status, says) in [
        ("/sites/new", with(&good, &[("host", "")]), 422, "Fill in the host"),
        ("/sites/new", with(&good, &[("host", "https://a.test/")]), 422, "Give only the host"),
        ("/sites/new", with(&good, &[("host", "127.0.0.1")]), 422, "an address is no site"),
        ("/sites/new", with(&good, &[("origin", "x")]), 422, "Give the origin with its scheme"),
        ("/sites/new", with(&good, &[("origin", "http://u:p@a.test")]), 422, "name and password"),
        ("/sites/new", with(&good, &[("title", "")]), 422, "Fill this in."),
        ("/sites/new", with(&good, &[("title", "<script>\u{202e}")]), 422, "U+202E"),
        ("/sites/new", with(&good, &[("host", "archive.test")]), 409, "claimed this host already"),
        ("/sites/new", with(&good, &[("id", "x")]), 400, "Part of the form was missing."),
        (&site_path, vec![("form", "origin"), ("origin", "ftp://a")], 422, "https://"),
        (&site_path, vec![("form", "x")], 400, "not known"),
        (&try_path, vec![("path", "/"), ("asker", "x")], 422, "Choose one of those listed."),
        (&try_path, vec![("path", "/"), ("asker", &id)], 422, "Choose one of those listed."),
        (&try_path, vec![("path", "/"), ("asker", "token")], 422, "Paste the token."),
        (&try_path, vec![("path", "/"), ("asker", "nobody"), ("scope", "x")], 422, "listed values"),
        (&try_path, vec![("path", "/"), ("asker", "nobody"), ("job", &long_job)], 400, "printable"),
    ] {
        let answer = mira.post(path, &form).await;
        let page = unescaped(&shown(&answer.body));
        assert_eq!(answer.status.as_u16(), status, "{path} {form:?}: {page}");
        assert!(page.contains(says), "{path} {form:?}: {page}");
    }
    assert_eq!(before, world.rows().await);

    // Others see nothing of it.
    let mut stranger = world.creator("stranger").await;
    for path in [&site_path, &try_path] {
        assert_eq!(stranger.browser.get(path).await.status, 404);
        let form = [("form", "verify"), ("path", "/"), ("asker", "nobody")];
        assert_eq!(stranger.post(path, &form).await.status, 404, "{path}");
    }
    world.gate.close().await;
}
