//! Collections over HTTP: from ticked works to a page that strangers find, and back.

use imprimatur::domain::ids::AssetId;
use sqlx::PgPool;

use crate::{
    visitor::{Visitor, input, inputs, shown, unescaped},
    world::World,
};

async fn on_offer(visitor: &mut Visitor, titles: &[&str]) -> Vec<AssetId> {
    let mut ids = Vec::new();
    for title in titles {
        let asset_id = visitor.register(title, title).await;
        visitor.publish_offer(asset_id).await;
        ids.push(asset_id);
    }
    ids
}

#[sqlx::test(migrator = "imprimatur::MIGRATOR")]
async fn ticked_works_become_a_collection_that_strangers_find(pool: PgPool) {
    let world = World::new(pool).await;
    let mut mira = world.creator("mira").await;
    let empty = shown(&mira.open("/assets/collections").await);
    assert!(empty.contains("No collections yet"), "{empty}");
    let ids = on_offer(&mut mira, &["The Salt Roads", "The Reed Roads", "The Eel Roads"]).await;
    let kept = mira.register("The Kept Roads", "Kept.").await;

    // Ticked in the list, they lead to the form that makes a collection of them.
    let list = mira.open("/assets").await;
    assert_eq!(inputs(&list, "work").len(), 4);
    let [salt, reed, eel] = [ids[0], ids[1], ids[2]].map(|id| id.to_string());
    let kept = kept.to_string();
    let form = [("form", "collect"), ("work", reed.as_str()), ("work", &kept), ("into", "new")];
    let led = mira.post("/assets", &form).await.location().to_owned();
    assert_eq!(led, format!("/assets/collections/new?works={reed},{kept}"));
    let page = mira.open(&led).await;
    assert!(page.contains("It begins with the 2 works you ticked"));
    let (id, works) = (input(&page, "id"), input(&page, "works"));
    let form = [
        ("id", id.as_str()),
        ("works", works.as_str()),
        ("title", "Roads of the fens"),
        ("description", "How people went.\n\nAnd what they carried."),
        ("visibility", "listed"),
    ];
    let own = mira.post("/assets/collections/new", &form).await.location().to_owned();
    let page = shown(&mira.open(&own).await);
    assert!(page.contains("2 works, one of which strangers do not see."), "{page}");

    // More of them, and another order.
    let form = [
        ("form", "collect"),
        ("work", salt.as_str()),
        ("work", eel.as_str()),
        ("work", reed.as_str()),
        ("into", id.as_str()),
    ];
    let added = mira.post("/assets", &form).await.location().to_owned();
    assert_eq!(added, format!("{own}?done=added&of=2"));
    let page = mira.open(&added).await;
    assert!(shown(&page).contains("2 works added."));
    assert_eq!(inputs(&page, "asset"), [reed.as_str(), &kept, &salt, &eel]);
    let (stands, arrangement) = (inputs(&page, "asset"), input(&page, "arrangement"));
    let mut form = vec![("form", "works"), ("do", "arrange"), ("arrangement", &arrangement)];
    for (asset, place) in stands.iter().zip(["3", "4", "1", "2"]) {
        form.extend([("asset", asset.as_str()), ("place", place)]);
    }
    assert_eq!(mira.post(&own, &form).await.location(), format!("{own}?done=saved"));
    assert_eq!(inputs(&mira.open(&own).await, "asset"), [salt.as_str(), &eel, &reed, &kept]);

    // Strangers see what is listed and on offer, in that order, and find it everywhere.
    let mut visitor = world.visitor();
    let address = format!("/collections/{id}");
    let page = shown(&visitor.open(&address).await);
    let at = |title: &str| page.find(&format!(">{title}</a>"));
    let places = ["The Salt Roads", "The Eel Roads", "The Reed Roads"].map(at);
    assert!(places.is_sorted() && places[0].is_some(), "{page}");
    assert!(!page.contains("The Kept Roads") && !page.contains("This is your collection"));
    assert!(page.contains("How people went.") && page.contains("$2,500"), "{page}");
    assert!(page.contains("Training (3)"), "the facets count: {page}");
    assert!(!shown(&visitor.open(&format!("{address}?kind=text&sort=title")).await).is_empty());
    let none = shown(&visitor.open(&format!("{address}?kind=image")).await);
    assert!(none.contains("No work of it fits all of this"), "{none}");
    for path in [
        "/collections".to_owned(),
        "/catalogue?q=roads+fens".to_owned(),
        format!("/catalogue/{salt}"),
        "/creators/mira".to_owned(),
        "/find?q=roads+of".to_owned(),
    ] {
        let page = shown(&visitor.open(&path).await);
        assert!(page.contains(&address) && page.contains("Roads of the fens"), "{path}: {page}");
    }
    let sitemap = visitor.browser.get("/sitemap.xml").await.body;
    assert!(sitemap.contains(&address), "{sitemap}");
    let mine = shown(&mira.open(&address).await);
    assert!(mine.contains("This is your collection"), "{mine}");
    let work = shown(&mira.open(&format!("/assets/{salt}")).await);
    assert!(work.contains(&own), "{work}");

    // Taken out and apart, nothing of the works is lost.
    let form = [("form", "works"), ("do", "take-out"), ("work", salt.as_str()), ("work", &eel)];
    assert_eq!(mira.post(&own, &form).await.location(), format!("{own}?done=taken&of=2"));
    let removed = mira.post(&own, &[("form", "remove")]).await;
    assert_eq!(removed.location(), "/assets/collections?done=removed");
    assert_eq!(visitor.browser.get(&address).await.status, 404);
    assert!(visitor.open(&format!("/catalogue/{reed}")).await.contains("The Reed Roads"));
    world.gate.close().await;
}

#[sqlx::test(migrator = "imprimatur::MIGRATOR")]
async fn the_second_of_two_editors_sees_what_the_first_has_saved(pool: PgPool) {
    let world = World::new(pool).await;
    let mut mira = world.creator("mira").await;
    let page = mira.open("/assets/collections/new").await;
    let id = input(&page, "id");
    let form = [("id", id.as_str()), ("title", "Salt"), ("visibility", "private")];
    let own = mira.post("/assets/collections/new", &form).await.location().to_owned();
    let edit = format!("{own}/edit");
    let first = [
        ("revision", "1"),
        ("title", "Salt"),
        ("description", "Theirs."),
        ("visibility", "listed"),
    ];
    assert_eq!(mira.post(&edit, &first).await.status, 303);
    let second = [
        ("revision", "1"),
        ("title", "Mine <b>"),
        ("description", "Ours."),
        ("visibility", "listed"),
    ];
    let told = mira.post(&edit, &second).await;
    let page = unescaped(&shown(&told.body));
    assert_eq!(told.status, 409);
    assert!(page.contains("mira saved this collection while you were typing"), "{page}");
    assert!(page.contains("Theirs.") && page.contains("Mine <b>"), "{page}");
    let again = [("revision", input(&told.body, "revision"))];
    assert_eq!(again[0].1, "2");
    let second = [("revision", "2"), ("title", "Mine"), ("visibility", "listed")];
    assert_eq!(mira.post(&edit, &second).await.status, 303);

    // So it is with a profile.
    let first =
        [("form", "about"), ("revision", "0"), ("about", "Theirs."), ("jurisdiction", "PT")];
    assert_eq!(mira.post("/settings/profile", &first).await.status, 303);
    let second = [("form", "about"), ("revision", "0"), ("about", "Ours."), ("jurisdiction", "NO")];
    let told = mira.post("/settings/profile", &second).await;
    let page = unescaped(&shown(&told.body));
    assert_eq!(told.status, 409);
    assert!(page.contains("mira saved this profile while you were typing"), "{page}");
    assert!(
        page.contains("Theirs.") && page.contains("Portugal") && page.contains("Ours."),
        "{page}"
    );
    world.gate.close().await;
}

#[sqlx::test(migrator = "imprimatur::MIGRATOR")]
async fn its_owner_is_told_that_nobody_sees_a_collection(pool: PgPool) {
    let world = World::new(pool).await;
    let mut mira = world.creator("mira").await;
    let asset_id = mira.register("The Salt Roads", "Salt.").await.to_string();
    let id = input(&mira.open("/assets/collections/new").await, "id");
    let form = [("id", id.as_str()), ("title", "Roads"), ("visibility", "listed")];
    let own = mira.post("/assets/collections/new", &form).await.location().to_owned();
    let address = format!("/collections/{id}");
    assert!(shown(&mira.open(&own).await).contains("Nothing in it yet"));
    assert!(shown(&mira.open(&address).await).contains("It is empty, so nobody else sees"));
    let form = [("form", "collect"), ("work", asset_id.as_str()), ("into", id.as_str())];
    assert_eq!(mira.post("/assets", &form).await.status, 303);
    assert!(shown(&mira.open(&own).await).contains("Nobody else sees this collection"));
    assert!(shown(&mira.open(&address).await).contains("both listed and on offer"));
    assert!(shown(&mira.open("/assets/collections").await).contains("Nothing to show"));
    assert_eq!(world.visitor().browser.get(&address).await.status, 404);
    world.gate.close().await;
}

#[sqlx::test(migrator = "imprimatur::MIGRATOR")]
async fn a_creator_says_who_they_are_and_what_they_consent_to(pool: PgPool) {
    let world = World::new(pool).await;
    let mut mira = world.creator("mira").await;
    on_offer(&mut mira, &["The Salt Roads"]).await;
    let form = [
        ("form", "about"),
        ("revision", "0"),
        ("jurisdiction", "NL"),
        ("about", "A press.\n\n<script>alert(1)</script>"),
        ("website", "fen.example"),
    ];
    assert_eq!(mira.post("/settings/profile", &form).await.status, 303);
    let form = [("form", "consent"), ("training", "given"), ("commercial", "withheld")];
    assert_eq!(mira.post("/settings/profile", &form).await.status, 303);
    let page = world.visitor().open("/creators/mira").await;
    let page = shown(&page);
    for part in [
        "Netherlands",
        "A press.",
        "href=\"https://fen.example/\"",
        "Training of models",
        "Consent given",
        "Consent withheld",
    ] {
        assert!(page.contains(part), "no {part}: {page}");
    }
    assert!(!page.contains("<script>alert"), "{page}");

    // What is withheld, no new offer grants.
    let asset_id = mira.register("The Reed Roads", "Reed.").await;
    let path = format!("/assets/{asset_id}/offer");
    let id = input(&mira.open(&path).await, "id");
    let refused = mira.post(&path, &crate::visitor::offer(&id)).await;
    let page = shown(&refused.body);
    assert_eq!(refused.status, 409, "{page}");
    assert!(
        page.contains("profile withholds consent to it") || page.contains("withholds"),
        "{page}"
    );
    let form = [("form", "consent"), ("training", "given"), ("commercial", "given")];
    assert_eq!(mira.post("/settings/profile", &form).await.status, 303);
    assert_eq!(mira.post(&path, &crate::visitor::offer(&id)).await.status, 303);
    world.gate.close().await;
}
