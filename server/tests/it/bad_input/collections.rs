//! Collections and profiles, typed badly.

use imprimatur::domain::ids::{AssetId, CollectionId};
use imprimatur::services::mint;
use sqlx::PgPool;

use super::{
    Refused,
    forms::{INCOMPLETE, bad_lines, invalid},
    refused,
};
use crate::{
    visitor::{Visitor, with},
    world::World,
};

/// A collection of these works; answers with the address of its page.
async fn collected(visitor: &mut Visitor, works: &[AssetId]) -> String {
    let id = mint::<CollectionId>().to_string();
    let works: Vec<String> = works.iter().map(AssetId::to_string).collect();
    let works = works.join(",");
    let form = [("id", id.as_str()), ("title", "Salt and water"), ("works", &works)];
    let made = visitor.post("/assets/collections/new", &form).await;
    assert_eq!(made.location(), format!("/assets/collections/{id}"));
    made.location().to_owned()
}

#[sqlx::test(migrator = "imprimatur::MIGRATOR")]
async fn a_collection_names_the_field_to_mend(pool: PgPool) {
    let world = World::new(pool).await;
    let mut mira = world.creator("mira").await;
    let asset_id = mira.register("The Salt Roads", "Salt.").await;
    let own = collected(&mut mira, &[asset_id]).await;
    let id = mint::<CollectionId>().to_string();
    let new = [("id", id.as_str()), ("title", "Salt"), ("description", "All of it.")];
    let edit = [("revision", "1"), ("title", "Salt"), ("description", "All of it.")];
    let endless = "å".repeat(10_000);
    let (make, change) = ("/assets/collections/new", format!("{own}/edit"));
    for (text, says) in bad_lines(200) {
        for (path, good) in [(make, &new), (change.as_str(), &edit)] {
            let form = with(good, &[("title", &text)]);
            refused(&world, &mut mira, path, &form, invalid("title", &says)).await;
        }
    }
    for (field, typed, says) in [
        ("description", endless.as_str(), "Shorten this to 4000 characters"),
        ("description", "a\0b", "U+0000"),
        ("visibility", "secret", "Choose one of the listed values"),
    ] {
        for (path, good) in [(make, &new), (change.as_str(), &edit)] {
            let form = with(good, &[(field, typed)]);
            refused(&world, &mut mira, path, &form, invalid(field, says)).await;
        }
    }
    for id in ["", "x", "7ZZZZZZZZZZZZZZZZZZZZZZZZZ"] {
        let form = with(&new, &[("id", id)]);
        refused(&world, &mut mira, make, &form, INCOMPLETE).await;
    }
    for revision in ["", "x", "99999999999"] {
        let form = with(&edit, &[("revision", revision)]);
        refused(&world, &mut mira, &change, &form, INCOMPLETE).await;
    }
    let stale = with(&edit, &[("revision", "7")]);
    let expected = Refused { status: 409, field: "", says: "Somebody else saved this collection" };
    refused(&world, &mut mira, &change, &stale, expected).await;
    assert_eq!(mira.post(&change, &edit).await.status, 303);
}

#[sqlx::test(migrator = "imprimatur::MIGRATOR")]
async fn the_order_of_a_collection_takes_no_nonsense(pool: PgPool) {
    let world = World::new(pool).await;
    let mut mira = world.creator("mira").await;
    let first = mira.register("The Salt Roads", "Salt.").await;
    let second = mira.register("The Reed Roads", "Reed.").await;
    let own = collected(&mut mira, &[first, second]).await;
    let (first, second) = (first.to_string(), second.to_string());
    let works = [("form", "works"), ("do", "arrange"), ("arrangement", "1")];
    let placed = |asset: &'static str, place: &'static str| {
        let mut form: Vec<(&str, &str)> = works.to_vec();
        let asset = if asset == "first" { &first } else { &second };
        form.extend([("asset", asset.as_str()), ("place", place)]);
        form
    };
    let numbers = Refused { status: 422, field: "", says: "Write a place as a whole number" };
    for bad in ["", "0", "-1", "1.5", "first", "99999999", "1\0"] {
        refused(&world, &mut mira, &own, &placed("first", bad), numbers).await;
    }
    let page = crate::visitor::shown(&mira.post(&own, &placed("first", "last")).await.body);
    assert!(page.contains("value=\"last\"") && page.contains("aria-invalid"), "{page}");
    for arrangement in ["", "x"] {
        let form = with(&placed("second", "1"), &[("arrangement", arrangement)]);
        refused(&world, &mut mira, &own, &form, INCOMPLETE).await;
    }
    let stale = with(&placed("second", "1"), &[("arrangement", "7")]);
    let expected = Refused { status: 409, field: "", says: "Somebody else put the works" };
    refused(&world, &mut mira, &own, &stale, expected).await;
    let none = [("form", "works"), ("do", "take-out")];
    let expected = Refused { status: 422, field: "", says: "Tick what to take out first." };
    refused(&world, &mut mira, &own, &none, expected).await;
    assert_eq!(mira.post(&own, &placed("second", "1")).await.status, 303);

    // From the list of works.
    let tick = invalid("into", "Tick a work in the list first.");
    refused(&world, &mut mira, "/assets", &[("form", "collect"), ("into", "new")], tick).await;
    let nowhere = [("form", "collect"), ("work", first.as_str()), ("into", "elsewhere")];
    let expected = invalid("into", "Choose one of the listed collections.");
    refused(&world, &mut mira, "/assets", &nowhere, expected).await;
    for (path, form) in [("/assets", "delete"), (own.as_str(), "delete")] {
        let answer = mira.post(path, &[("form", form), ("work", &first)]).await;
        assert_eq!(answer.status, 400, "{path}");
    }
}

#[sqlx::test(migrator = "imprimatur::MIGRATOR")]
async fn a_profile_names_the_field_to_mend(pool: PgPool) {
    let world = World::new(pool).await;
    let mut mira = world.creator("mira").await;
    let path = "/settings/profile";
    let about = [
        ("form", "about"),
        ("revision", "0"),
        ("jurisdiction", "GB"),
        ("about", "A press."),
        ("website", "fen.example"),
    ];
    let endless = "å".repeat(10_000);
    for (field, typed, says) in [
        ("jurisdiction", "Atlantis", "Choose one of the listed countries."),
        ("jurisdiction", "EU", "Choose one of the listed countries."),
        ("about", endless.as_str(), "Shorten this to 2000 characters"),
        ("about", "a\0b", "U+0000"),
        ("website", "javascript:alert(1)", "Write a web address"),
        ("website", "https://user:secret@example.com", "Write a web address"),
        ("website", "a\u{202e}b", "U+202E"),
        ("website", endless.as_str(), "Shorten this to 200 characters"),
    ] {
        let form = with(&about, &[(field, typed)]);
        refused(&world, &mut mira, path, &form, invalid(field, says)).await;
    }
    for revision in ["", "x"] {
        let form = with(&about, &[("revision", revision)]);
        refused(&world, &mut mira, path, &form, INCOMPLETE).await;
    }
    let stale = with(&about, &[("revision", "7")]);
    let expected = Refused { status: 409, field: "", says: "Somebody else saved this profile" };
    refused(&world, &mut mira, path, &stale, expected).await;
    let consent = [("form", "consent"), ("training", "given"), ("commercial", "open")];
    for field in ["training", "commercial"] {
        for bad in ["", "perhaps", "given\0"] {
            let form = with(&consent, &[(field, bad)]);
            let expected = invalid(field, "Choose one of the listed values");
            refused(&world, &mut mira, path, &form, expected).await;
        }
    }
    for bad in ["", "vague"] {
        let form = [("form", "reporting"), ("reporting", bad)];
        let expected = invalid("reporting", "Choose one of the listed values");
        refused(&world, &mut mira, path, &form, expected).await;
    }
    assert_eq!(mira.post(path, &[("form", "other")]).await.status, 400);
    assert_eq!(mira.post(path, &about).await.status, 303);
}
