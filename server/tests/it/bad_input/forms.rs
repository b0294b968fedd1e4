//! Forms that one types into: empty, too long, of the wrong type, with characters nobody sees.

use axum::http::{Request, header};
use imprimatur::domain::{
    actor::Role,
    ids::{InvitationId, LicenseId, OrgId, RequestId, TierId, TokenId},
};
use imprimatur::services::mint;
use sqlx::PgPool;

use super::{Refused, refused};
use crate::{
    visitor::{Tier, input, inputs, pairs, shown, with},
    world::World,
};

pub(super) const fn invalid<'a>(field: &'a str, says: &'a str) -> Refused<'a> {
    Refused { status: 422, field, says }
}

pub(super) const INCOMPLETE: Refused<'static> =
    Refused { status: 400, field: "", says: "Part of the form was missing." };

/// What no line of text may be, and what is said to it.
pub(super) fn bad_lines(length_max: usize) -> Vec<(String, String)> {
    vec![
        (String::new(), "Fill this in.".to_owned()),
        ("  \t".to_owned(), "Fill this in.".to_owned()),
        ("\u{200d}\u{200f}".to_owned(), "Fill this in.".to_owned()),
        ("å".repeat(length_max + 1), format!("Shorten this to {length_max} characters")),
        ("a\0b".to_owned(), "U+0000".to_owned()),
        ("a\u{1b}[2Jb".to_owned(), "U+001B".to_owned()),
        ("a\r\nSet-Cookie: b".to_owned(), "U+000D".to_owned()),
        ("Acme\u{200b}".to_owned(), "U+200B".to_owned()),
        ("\u{202e}emcA".to_owned(), "U+202E".to_owned()),
        ("\u{feff}Acme".to_owned(), "U+FEFF".to_owned()),
    ]
}

#[sqlx::test(migrator = "imprimatur::MIGRATOR")]
async fn an_organization_cannot_be_founded_or_renamed_badly(pool: PgPool) {
    let world = World::new(pool).await;
    let mut nils = world.person("nils").await;
    let mut owner = world.creator("mira").await;
    let id = mint::<OrgId>().to_string();
    let found = [("id", id.as_str()), ("person_name", "Nils"), ("name", "A"), ("sides", "buyer")];
    let edit = [("name", "A"), ("sides", "buyer")];
    for (text, says) in bad_lines(120) {
        for field in ["person_name", "name"] {
            let form = with(&found, &[(field, &text)]);
            refused(&world, &mut nils, "/welcome", &form, invalid(field, &says)).await;
        }
        let form = with(&edit, &[("name", &text)]);
        refused(&world, &mut owner, "/settings", &form, invalid("name", &says)).await;
    }
    for form in [&found[..3], &with(&found, &[("sides", "seller")])] {
        let expected = invalid("sides", "Choose creator, buyer or both.");
        refused(&world, &mut nils, "/welcome", form, expected).await;
        refused(&world, &mut owner, "/settings", &form[2..], expected).await;
    }
    for id in ["", "1", "01ARZ3NDEKTSV4RRFFQ69G5FA!", "\0"] {
        let form = with(&found, &[("id", id)]);
        refused(&world, &mut nils, "/welcome", &form, INCOMPLETE).await;
    }
    refused(&world, &mut nils, "/welcome", &found[1..], INCOMPLETE).await;
}

#[sqlx::test(migrator = "imprimatur::MIGRATOR")]
async fn what_is_said_about_a_work_names_the_field_to_mend(pool: PgPool) {
    let world = World::new(pool).await;
    let mut mira = world.creator("mira").await;
    let asset_id = mira.register("The Salt Roads", "Salt.").await;
    let path = format!("/assets/{asset_id}/edit");
    let good = [
        ("revision", "1"),
        ("title", "Salt"),
        ("kind", "text"),
        ("description", "About salt."),
        ("tags", "salt"),
        ("language", "en"),
        ("attribution", "Mira"),
        ("rights", "All of them."),
        ("visibility", "private"),
    ];
    let (long, endless) = ("å".repeat(2001), "å".repeat(10_000));
    let many: String = (0..21).map(|number| format!("{number},")).collect();
    for (text, says) in bad_lines(200) {
        for field in ["title", "attribution"] {
            let form = with(&good, &[(field, &text)]);
            refused(&world, &mut mira, &path, &form, invalid(field, &says)).await;
        }
    }
    for (field, typed, says) in [
        ("title", endless.as_str(), "Shorten this to 200 characters"),
        ("kind", "site", "not uploaded"),
        ("kind", "song", "Choose one of the listed values"),
        ("description", endless.as_str(), "Shorten this to 4000 characters"),
        ("tags", many.as_str(), "Use at most 20 tags"),
        ("tags", long.as_str(), "Shorten this to 40 characters"),
        ("tags", "a\0b", "U+0000"),
        ("language", "english", "Write a language tag"),
        ("rights", long.as_str(), "Shorten this to 2000 characters"),
        ("visibility", "secret", "Choose one of the listed values"),
    ] {
        let form = with(&good, &[(field, typed)]);
        refused(&world, &mut mira, &path, &form, invalid(field, says)).await;
    }
    for revision in ["", "x", "99999999999"] {
        let form = with(&good, &[("revision", revision)]);
        refused(&world, &mut mira, &path, &form, INCOMPLETE).await;
    }
    let stale = with(&good, &[("revision", "7")]);
    let expected = Refused { status: 409, field: "", says: "Somebody else saved this work" };
    refused(&world, &mut mira, &path, &stale, expected).await;
    assert_eq!(mira.post(&path, &good).await.status, 303);
}

#[sqlx::test(migrator = "imprimatur::MIGRATOR")]
async fn an_acceptance_names_the_field_to_mend(pool: PgPool) {
    let world = World::new(pool).await;
    let mut mira = world.owner("mira", &["creator", "buyer"]).await;
    let asset_id = mira.register("The Salt Roads", "Salt.").await;
    mira.publish_offer(asset_id).await;
    let mut acme = world.buyer("acme").await;
    let path = format!("/catalogue/{asset_id}/license");
    let good = acme.acceptance(asset_id, Tier::Paid).await;
    let good = pairs(&good);
    let tier = "Choose one of the tiers listed.";
    let other = mint::<TierId>().to_string();
    for (field, typed, expected) in [
        ("tier", "", invalid("tier", tier)),
        ("tier", "paid", invalid("tier", tier)),
        ("tier", other.as_str(), invalid("tier", tier)),
        ("agreed", "", invalid("agreed", "Tick the box to accept the terms.")),
        ("id", "", INCOMPLETE),
        ("id", "x", INCOMPLETE),
    ] {
        let form = with(&good, &[(field, typed)]);
        refused(&world, &mut acme, &path, &form, expected).await;
    }
    for digest in ["", "x", "sha256:0\0"] {
        let form = with(&good, &[("terms_digest", digest)]);
        let says = "The creator published other terms while you were reading.";
        let expected = Refused { status: 409, field: "", says };
        refused(&world, &mut acme, &path, &form, expected).await;
    }
    let own = mira.acceptance(asset_id, Tier::Free).await;
    let expected = Refused { status: 409, field: "", says: "your organization's own" };
    refused(&world, &mut mira, &path, &pairs(&own), expected).await;

    assert_eq!(acme.post(&path, &good).await.status, 303);
    let again = acme.acceptance(asset_id, Tier::Paid).await;
    let expected = Refused { status: 409, field: "", says: "already holds a license" };
    refused(&world, &mut acme, &path, &pairs(&again), expected).await;
}

#[sqlx::test(migrator = "imprimatur::MIGRATOR")]
async fn terms_that_changed_are_read_and_agreed_to_again(pool: PgPool) {
    let world = World::new(pool).await;
    let mut mira = world.creator("mira").await;
    let asset_id = mira.register("The Salt Roads", "Salt.").await;
    mira.publish_offer(asset_id).await;
    let mut acme = world.buyer("acme").await;
    let path = format!("/catalogue/{asset_id}/license");
    let form = acme.acceptance(asset_id, Tier::Paid).await;
    mira.publish_offer_as(asset_id, "answers").await;
    let answer = acme.post(&path, &pairs(&form)).await;
    assert_eq!(answer.status, 409);

    // What came back shows the new terms, names them, and is not agreed to.
    let page = shown(&answer.body);
    assert!(page.contains("Answers with credit"), "{page}");
    assert_ne!(input(&page, "terms_digest"), form[2].1);
    let box_tag = page.split("<input").find(|tag| tag.contains("name=\"agreed\"")).unwrap();
    assert!(!box_tag.split('>').next().unwrap().contains("checked"), "{box_tag}");
    let tier = inputs(&page, "tier").pop().unwrap();
    let again = [
        ("id", input(&page, "id")),
        ("terms_digest", input(&page, "terms_digest")),
        ("tier", tier),
        ("agreed", "yes".to_owned()),
    ]
    .map(|(name, value)| (name.to_owned(), value));
    let accepted = acme.post(&path, &pairs(&again)).await;
    assert_eq!(accepted.status, 303, "{}", shown(&accepted.body));
}

#[sqlx::test(migrator = "imprimatur::MIGRATOR")]
async fn a_token_names_the_field_to_mend(pool: PgPool) {
    let world = World::new(pool).await;
    let mut mira = world.creator("mira").await;
    let asset_id = mira.register("The Salt Roads", "Salt.").await;
    mira.publish_offer(asset_id).await;
    let mut acme = world.buyer("acme").await;
    let license_id = acme.accept(asset_id, Tier::Free).await;
    let path = format!("/licenses/{license_id}/tokens/new");
    let id = mint::<TokenId>().to_string();
    let good = [("id", id.as_str()), ("name", "crawl"), ("scopes", "preview"), ("expires", "30")];
    for (text, says) in bad_lines(80) {
        let form = with(&good, &[("name", &text)]);
        refused(&world, &mut acme, &path, &form, invalid("name", &says)).await;
    }
    let times = "Choose one of the times listed.";
    for (field, typed, says) in [
        ("scopes", "training", "Choose only uses that the license grants."),
        ("scopes", "everything", "Choose one of the listed values"),
        ("scopes", "", "Choose one of the listed values"),
        ("expires", "0", times),
        ("expires", "-1", times),
        ("expires", "soon", times),
        ("expires", "3651", times),
        ("expires", "99999999999", times),
    ] {
        let form = with(&good, &[(field, typed)]);
        refused(&world, &mut acme, &path, &form, invalid(field, says)).await;
    }
    let none: Vec<_> = good.into_iter().filter(|(name, _)| *name != "scopes").collect();
    let expected = invalid("scopes", "Choose at least one use.");
    refused(&world, &mut acme, &path, &none, expected).await;
    refused(&world, &mut acme, &path, &good[1..], INCOMPLETE).await;
}

#[sqlx::test(migrator = "imprimatur::MIGRATOR")]
async fn members_and_sessions_take_no_nonsense(pool: PgPool) {
    let world = World::new(pool).await;
    let mut mira = world.creator("mira").await;
    let mut colleague = world.colleague(&mut mira, Role::Admin, "colleague").await;
    let path = "/settings/members";
    let id = mint::<InvitationId>().to_string();
    let invite = [("form", "invite"), ("id", id.as_str()), ("role", "viewer")];
    for role in ["", "king", "owner\0"] {
        let form = with(&invite, &[("role", role)]);
        refused(&world, &mut mira, path, &form, invalid("role", "Choose one of the")).await;
    }
    let no_id = [invite[0], invite[2]];
    refused(&world, &mut mira, path, &no_id, INCOMPLETE).await;
    let beyond = with(&invite, &[("role", "owner")]);
    let expected = Refused { status: 403, field: "", says: "cannot give or take away that role" };
    refused(&world, &mut colleague, path, &beyond, expected).await;

    // A refusal about one row is said once, and every row still speaks of its own member.
    let mira_id = mira.person_id.unwrap().to_string();
    let colleague_id = colleague.person_id.unwrap().to_string();
    for form in [
        vec![("form", "remove"), ("person_id", mira_id.as_str())],
        vec![("form", "role"), ("person_id", mira_id.as_str()), ("role", "viewer")],
    ] {
        let expected = Refused { status: 409, field: "", says: "An organization needs an owner." };
        refused(&world, &mut mira, path, &form, expected).await;
        let page = shown(&mira.post(path, &form).await.body);
        assert_eq!(page.matches("An organization needs an owner.").count(), 1, "{page}");
        let people = inputs(&page, "person_id");
        assert_eq!(people.iter().filter(|id| **id == mira_id).count(), 2, "{people:?}");
        assert_eq!(people.iter().filter(|id| **id == colleague_id).count(), 2, "{people:?}");
    }
    let form = [("form", "role"), ("person_id", colleague_id.as_str()), ("role", "king")];
    let expected = Refused { status: 422, field: "", says: "Choose one of the" };
    refused(&world, &mut mira, path, &form, expected).await;

    for schedule in ["", "hourly", "weekly\0"] {
        let form = [("form", "schedule"), ("schedule", schedule)];
        let expected = invalid("schedule", "Choose one of those listed.");
        refused(&world, &mut mira, "/payouts", &form, expected).await;
    }
    let form = [("form", "request"), ("currency", "XXX")];
    let expected = Refused { status: 422, field: "", says: "Choose one of the listed values" };
    refused(&world, &mut mira, "/payouts", &form, expected).await;

    let attempt = mint::<RequestId>().to_string();
    for (path, form) in [
        (path, vec![("form", "promote")]),
        (path, vec![]),
        ("/settings/sessions", vec![("form", "revoke-everything")]),
        ("/settings/payment", vec![("form", "pay"), ("id", &attempt)]),
        ("/payouts", vec![("form", "everything")]),
    ] {
        let before = world.rows().await;
        let answer = mira.post(path, &form).await;
        assert_eq!(answer.status, 400, "{path}");
        let page = shown(&answer.body);
        assert!(page.contains("This form is not known.") && page.contains("unknown_form"));
        assert_eq!(before, world.rows().await);
    }
}

#[sqlx::test(migrator = "imprimatur::MIGRATOR")]
async fn what_is_no_form_is_refused_at_every_door(pool: PgPool) {
    let world = World::new(pool).await;
    let mut mira = world.owner("mira", &["creator", "buyer"]).await;
    let asset_id = mira.register("The Salt Roads", "Salt.").await;
    let license = mint::<LicenseId>();
    let huge = format!("name={}", "a".repeat(3 * 1024 * 1024)).into_bytes();
    for path in [
        "/welcome".to_owned(),
        "/settings".to_owned(),
        "/settings/members".to_owned(),
        "/settings/sessions".to_owned(),
        "/settings/payment".to_owned(),
        "/settings/payouts".to_owned(),
        "/payouts".to_owned(),
        "/join/nothing".to_owned(),
        format!("/assets/{asset_id}/offer"),
        "/terms/new".to_owned(),
        "/offers".to_owned(),
        format!("/catalogue/{asset_id}/license"),
        format!("/licenses/{license}"),
        format!("/licenses/{license}/tokens/new"),
        "/assets/new".to_owned(),
    ] {
        let before = world.rows().await;
        for media_type in ["application/json", "text/plain", "multipart/form-data", "\u{7f}"] {
            let Ok(media_type) = header::HeaderValue::from_str(media_type) else { continue };
            let media_type = media_type.to_str().unwrap();
            let answer = mira.send(&path, media_type, b"{\"name\":\"x\"}".to_vec()).await;
            assert_eq!(answer.status, 415, "{path} {media_type}");
            let page = shown(&answer.body);
            assert!(page.contains("This did not come from a form here."), "{path}: {page}");
        }
        let bare = Request::post(&path).header("sec-fetch-site", "same-origin");
        let bare = mira.browser.send(bare.body(axum::body::Body::empty()).unwrap()).await;
        assert_eq!(bare.status, 415, "{path}");
        if path != "/assets/new" {
            let form = "application/x-www-form-urlencoded";
            let answer = mira.send(&path, form, huge.clone()).await;
            assert_eq!(answer.status, 413, "{path}");
            assert!(shown(&answer.body).contains("more than a form takes"), "{path}");
        }
        assert_eq!(before, world.rows().await, "{path}");
    }
}
