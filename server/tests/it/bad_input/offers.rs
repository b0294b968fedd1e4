//! The forms of terms and offers: whatever is wrong is said beside its field.

use imprimatur::domain::{asset::ContentId, ids::TermsId};
use imprimatur::services::mint;
use sqlx::PgPool;

use super::{
    Refused,
    forms::{INCOMPLETE, bad_lines, invalid},
    refused,
};
use crate::{
    visitor::{input, offer, shown, terms, with},
    world::World,
};

#[sqlx::test(migrator = "imprimatur::MIGRATOR")]
async fn an_offer_names_the_field_to_mend(pool: PgPool) {
    let world = World::new(pool).await;
    let mut mira = world.creator("mira").await;
    let asset_id = mira.register("The Salt Roads", "Salt.").await;
    let path = format!("/assets/{asset_id}/offer");
    let id = input(&mira.open(&path).await, "id");
    let good = offer(&id);
    let (listed, whole) = ("Choose one of the", "Write a whole number");
    for (field, typed, says) in [
        ("terms", "", listed),
        ("terms", "everything", listed),
        ("currency", "", listed),
        ("currency", "DOGE", listed),
        ("free_units", "", whole),
        ("free_units", "-1", whole),
        ("free_units", "1e9", whole),
        ("free_units", "1\0", whole),
        ("free_units", "99999999999999999999", "Use at most"),
        ("free_rate", "0", "Allow at least one request a minute."),
        ("free_rate", "ten", whole),
        ("paid_name", "preview", "“Preview” is the free tier"),
        ("paid_base", "", ""),
        ("paid_base", "1,000", ""),
        ("paid_base", "-5", ""),
        ("paid_base", "0.0000001", ""),
        ("paid_base", "99999999999999999999", ""),
        ("paid_units", "many", whole),
        ("paid_overage", "0", "Write a price above zero"),
        ("paid_overage", "free", ""),
        ("paid_rate", "100001", "Use at most 100,000."),
        ("paid_rate", "", whole),
    ] {
        let form = with(&good, &[(field, typed)]);
        refused(&world, &mut mira, &path, &form, invalid(field, says)).await;
    }
    for (text, says) in bad_lines(60) {
        let form = with(&good, &[("paid_name", &text)]);
        refused(&world, &mut mira, &path, &form, invalid("paid_name", &says)).await;
    }
    let free = with(&good, &[("paid_base", "0"), ("paid_overage", "")]);
    let expected = invalid("paid_base", "Write a price above zero");
    refused(&world, &mut mira, &path, &free, expected).await;
    refused(&world, &mut mira, &path, &good[1..], INCOMPLETE).await;
    for (changes, field, says) in [
        (vec![("model", "barter")], "", listed),
        (vec![("model", "per_use")], "paid_price", "Write an amount"),
        (vec![("model", "per_use"), ("unit", "word")], "unit", listed),
        (vec![("model", "per_use"), ("unit", "token")], "unit", "These terms allow training"),
        (
            vec![
                ("model", "per_use"),
                ("unit", "image"),
                ("paid_price", "1"),
                ("paid_overrun", "stop"),
            ],
            "unit",
            "This work is no image.",
        ),
        (vec![("model", "per_use"), ("per", "12")], "per", "Choose one of those listed."),
        (
            vec![("model", "revenue_share"), ("paid_share", "101")],
            "paid_share",
            "Write a percentage",
        ),
        (vec![("model", "upfront"), ("paid_base", "0")], "paid_base", ""),
        (vec![("model", "prepaid"), ("paid_base", "0")], "paid_base", "Write a price above zero."),
        (vec![("buyer", "nobody")], "buyer", "No other organization that buys"),
        (vec![("buyer", "mira\0")], "buyer", ""),
    ] {
        for deed in ["", "preview"] {
            if deed == "preview" && (field == "buyer" || says.contains("image")) {
                continue;
            }
            let form = with(&with(&good, &changes), &[("do", deed)]);
            refused(&world, &mut mira, &path, &form, invalid(field, says)).await;
        }
    }
    assert_eq!(mira.post(&path, &good).await.status, 303);
}

#[sqlx::test(migrator = "imprimatur::MIGRATOR")]
async fn terms_name_the_field_to_mend(pool: PgPool) {
    let world = World::new(pool).await;
    let mut mira = world.creator("mira").await;
    let id = mint::<TermsId>().to_string();
    let good = terms(&id);
    for (text, says) in bad_lines(120) {
        let form = with(&good, &[("name", &text)]);
        refused(&world, &mut mira, "/terms/new", &form, invalid("name", &says)).await;
    }
    for (field, typed, says) in [
        ("intents", "sing", "Choose one of the"),
        ("territory", "Atlantis", "is no country code"),
        ("starts_on", "tomorrow", "Write a day like"),
        ("ends_on", "2027-02-30", "Write a day like"),
        ("duration_days", "-1", "Write a number of days"),
        ("retention_days", "99999999999999999999", "Use at most"),
        ("audits_per_year", "365", "Choose one of those listed."),
        ("revocation", "", "Choose one of the"),
        ("excluded_models", "a\0", "U+0000"),
    ] {
        let form = with(&good, &[(field, typed)]);
        refused(&world, &mut mira, "/terms/new", &form, invalid(field, says)).await;
    }
    let none: Vec<_> = good.iter().copied().filter(|(name, _)| *name != "intents").collect();
    let expected = invalid("intents", "Allow at least one use.");
    refused(&world, &mut mira, "/terms/new", &none, expected).await;
    refused(&world, &mut mira, "/terms/new", &good[1..], INCOMPLETE).await;

    // Reading back publishes nothing, whatever was typed, and keeps it.
    let before = world.rows().await;
    for (name, shown_words) in
        [("Ours", "Models may be trained on the work."), ("", "Fill this in.")]
    {
        let form = with(&good, &[("name", name), ("do", "read")]);
        let answer = mira.post("/terms/new", &form).await;
        assert_eq!(answer.status, 200);
        let page = shown(&answer.body);
        assert!(page.contains(shown_words), "{page}");
        assert_eq!(input(&page, "name"), name);
    }
    assert_eq!(before, world.rows().await);

    let published = mira.post("/terms/new", &good).await;
    assert_eq!(published.status, 303, "{}", shown(&published.body));
    let address = published.location().to_owned();
    let document = mira.browser.get(&format!("{address}/json")).await;
    assert_eq!(document.headers["content-type"], "application/json");
    let digest = address.strip_prefix("/terms/").unwrap();
    assert_eq!(ContentId::of(document.body.as_bytes()).as_str(), digest, "to the byte");
    let other = mint::<TermsId>().to_string();
    let same = terms(&other);
    let expected = Refused { status: 409, field: "", says: "published exactly these terms before" };
    refused(&world, &mut mira, "/terms/new", &same, expected).await;
    for (digest, status) in [("sha256:0", 404), ("x", 404), ("..%2F..", 404)] {
        let answer = mira.browser.get(&format!("/terms/{digest}/json")).await;
        assert_eq!(answer.status, status, "{digest}");
    }
    for replaces in ["x", "sha256:0", "a\0"] {
        let form = with(&terms(&other), &[("replaces", replaces), ("name", "Next")]);
        assert_eq!(mira.post("/terms/new", &form).await.status, 404, "{replaces:?}");
    }
    for from in ["nothing", "sha256:0"] {
        let answer = mira.browser.get(&format!("/terms/new?from={from}")).await;
        assert!(answer.status.is_client_error(), "{from}");
    }
}

#[sqlx::test(migrator = "imprimatur::MIGRATOR")]
async fn an_offer_is_previewed_and_withdrawn(pool: PgPool) {
    let world = World::new(pool).await;
    let mut mira = world.creator("mira").await;
    let asset_id = mira.register("The Salt Roads", "Salt.").await;
    let path = format!("/assets/{asset_id}/offer");
    let id = input(&mira.open(&path).await, "id");
    let before = world.rows().await;
    let form = with(&offer(&id), &[("do", "preview"), ("paid_units", "1000")]);
    let answer = mira.post(&path, &form).await;
    let page = shown(&answer.body);
    assert_eq!(answer.status, 200, "{page}");
    assert!(page.contains("Nobody used this work in") && page.contains("$2,745.00"), "{page}");
    assert_eq!((input(&page, "id"), input(&page, "paid_units")), (id, "1000".to_owned()));
    assert_eq!(before, world.rows().await, "nothing is published");

    mira.publish_offer(asset_id).await;
    let offer_id = input(&mira.open("/offers").await, "offer_id");
    for (form, status) in [
        (vec![("form", "withdraw"), ("offer_id", "x")], 404),
        (vec![("form", "destroy"), ("offer_id", offer_id.as_str())], 400),
    ] {
        assert_eq!(mira.post("/offers", &form).await.status, status);
    }
    let mut theo = world.creator("theo").await;
    let withdraw = [("form", "withdraw"), ("offer_id", offer_id.as_str())];
    assert_eq!(theo.post("/offers", &withdraw).await.status, 404);
    for _ in 0..2 {
        assert_eq!(mira.post("/offers", &withdraw).await.status, 303);
    }
    assert_eq!(mira.browser.get(&format!("/catalogue/{asset_id}")).await.status, 404);
    assert!(shown(&mira.open("/offers").await).contains("Nothing is on offer"));
}
