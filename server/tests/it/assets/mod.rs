//! What creators do with their works, over HTTP.

mod importing;
mod several;

use axum::http::{Request, header};
use imprimatur::domain::{
    actor::Role,
    asset::ContentId,
    ids::{AssetId, VersionId},
};
use imprimatur::services::mint;
use serde_json::Value;
use sqlx::PgPool;

use crate::{
    browser::Answer,
    visitor::{Tier, Visitor, input, inputs, multipart, multipart_type, shown, unescaped, with},
    world::World,
};

/// A good form that edits a work.
fn edit<'a>(revision: &'a str, title: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![
        ("revision", revision),
        ("title", title),
        ("kind", "text"),
        ("description", "About salt."),
        ("tags", "salt, fens"),
        ("language", "en"),
        ("attribution", "Mira Holm"),
        ("rights", "All rights reserved."),
        ("visibility", "listed"),
    ]
}

async fn set_visibility(visitor: &mut Visitor, asset_id: AssetId, visibility: &str) {
    let path = format!("/assets/{asset_id}/edit");
    let revision = input(&visitor.open(&path).await, "revision");
    let form = with(&edit(&revision, "The Salt Roads"), &[("visibility", visibility)]);
    let answer = visitor.post(&path, &form).await;
    assert_eq!(answer.status, 303, "{}", shown(&answer.body));
}

async fn get(visitor: &mut Visitor, path: &str, range: Option<&str>) -> Answer {
    let mut request = Request::get(path);
    if let Some(range) = range {
        request = request.header(header::RANGE, range);
    }
    visitor.browser.send(request.body(axum::body::Body::empty()).unwrap()).await
}

#[sqlx::test(migrator = "imprimatur::MIGRATOR")]
async fn two_who_edit_one_work_lose_nothing(pool: PgPool) {
    let world = World::new(pool).await;
    let mut mira = world.creator("mira").await;
    let mut nils = world.colleague(&mut mira, Role::Developer, "nils").await;
    let asset_id = mira.register("The Salt Roads", "Salt.").await;
    let path = format!("/assets/{asset_id}/edit");
    let revision = input(&mira.open(&path).await, "revision");
    assert_eq!(input(&nils.open(&path).await, "revision"), revision);
    assert_eq!(nils.post(&path, &edit(&revision, "Salt, by Nils")).await.status, 303);

    let late = with(&edit(&revision, "Salt, by Mira"), &[("description", "Mine & \"long\"")]);
    let answer = mira.post(&path, &late).await;
    assert_eq!(answer.status, 409);
    let page = unescaped(&shown(&answer.body));
    assert!(page.contains("nils saved this work while you were typing"), "{page}");
    assert!(page.contains("Salt, by Nils") && page.contains("Salt, by Mira"), "{page}");
    assert!(page.contains("Mine & \"long\""), "{page}");
    assert!(page.contains("About salt."), "what they saved is shown: {page}");

    // What came back is saved by sending it again.
    let now = input(&shown(&answer.body), "revision");
    assert_ne!(now, revision);
    let again = with(&late, &[("revision", &now)]);
    assert_eq!(mira.post(&path, &again).await.status, 303);
    assert!(nils.open(&format!("/assets/{asset_id}")).await.contains("Salt, by Mira"));
    world.gate.close().await;
}

#[sqlx::test(migrator = "imprimatur::MIGRATOR")]
async fn visibility_decides_who_finds_a_work(pool: PgPool) {
    let world = World::new(pool).await;
    let mut mira = world.creator("mira").await;
    let asset_id = mira.register("The Salt Roads", "Salt was the first road.").await;
    mira.publish_offer(asset_id).await;
    let mut acme = world.buyer("acme").await;
    let license_id = acme.accept(asset_id, Tier::Paid).await;
    let token = acme.create_token(license_id).await;
    let content_id = ContentId::of(b"Salt was the first road.");
    acme.fetch_until(&content_id, &token.secret, 200).await;
    let mut visitor = world.visitor();
    let work = format!("/catalogue/{asset_id}");
    for (visibility, listed, found) in
        [("unlisted", false, true), ("private", false, false), ("listed", true, true)]
    {
        set_visibility(&mut mira, asset_id, visibility).await;
        let catalogue = visitor.open("/catalogue").await;
        assert_eq!(catalogue.contains("The Salt Roads"), listed, "{visibility}");
        for path in [work.clone(), format!("{work}/provenance.json")] {
            let answer = visitor.browser.get(&path).await;
            assert_eq!(answer.status == 200, found, "{visibility} {path}: {}", answer.status);
        }
        if !found {
            // Offers are remembered for some seconds, so this is asked only once.
            let unlicensed = visitor.ask_gate(&format!("/c/{content_id}"), None).await;
            assert_eq!(unlicensed.status, 401, "nobody is told of an offer");
        }
        assert_eq!(mira.browser.get(&work).await.status, 200, "their own");
        assert_eq!(acme.fetch(&content_id, &token.secret).await.status, 200, "{visibility}");
        acme.open(&format!("/licenses/{license_id}")).await;
    }
    world.gate.close().await;
}

#[sqlx::test(migrator = "imprimatur::MIGRATOR")]
async fn a_version_is_added_and_every_one_can_be_had_by_members(pool: PgPool) {
    let world = World::new(pool).await;
    let mut mira = world.creator("mira").await;
    let mut stranger = world.creator("stranger").await;
    let asset_id = mira.register("The Salt Roads", "Salt.").await;
    let path = format!("/assets/{asset_id}/versions/new");
    let id = input(&mira.open(&path).await, "id");
    let gif = b"GIF89a and so on";
    let body = multipart(&[("id", &id)], Some(("salt.txt", gif)));
    for _ in 0..2 {
        let answer = mira.send(&path, &multipart_type(), body.clone()).await;
        assert_eq!(answer.status, 303, "{}", shown(&answer.body));
        assert_eq!(answer.location(), format!("/assets/{asset_id}"));
    }
    let page = mira.open(&format!("/assets/{asset_id}")).await;
    assert!(page.contains("Version 2") && page.contains("Version 1"), "{page}");
    assert!(page.contains(&format!(" src=\"/assets/{asset_id}/versions/2\"")), "{page}");

    let second = format!("/assets/{asset_id}/versions/2");
    let whole = get(&mut mira, &second, None).await;
    assert_eq!(
        (whole.status.as_u16(), whole.headers["content-type"].to_str().unwrap()),
        (200, "image/gif")
    );
    assert_eq!(whole.headers["content-security-policy"], "sandbox; default-src 'none'");
    let part = get(&mut mira, &second, Some("bytes=1-3")).await;
    assert_eq!((part.status.as_u16(), part.body.as_str()), (206, "IF8"));
    assert_eq!(part.headers["content-range"], format!("bytes 1-3/{}", gif.len()));
    assert_eq!(get(&mut mira, &second, Some("bytes=900-")).await.status, 416);
    let first = get(&mut mira, &format!("/assets/{asset_id}/versions/1"), None).await;
    assert_eq!(first.body, "Salt.");
    assert_eq!(first.headers["content-type"], "application/octet-stream");
    assert!(first.headers["content-disposition"].to_str().unwrap().starts_with("attachment"));
    for path in [&second, &format!("/assets/{asset_id}/provenance.json")] {
        assert_eq!(stranger.browser.get(path).await.status, 404, "{path}");
    }
    for number in ["0", "3", "x", "%FF", "99999999999"] {
        let answer = mira.browser.get(&format!("/assets/{asset_id}/versions/{number}")).await;
        assert_eq!(answer.status, 404, "{number}");
    }
    assert_eq!((world.count("asset_version").await, world.kept().len()), (2, 2));
    world.gate.close().await;
}

#[sqlx::test(migrator = "imprimatur::MIGRATOR")]
async fn a_version_that_cannot_be_taken_leaves_nothing(pool: PgPool) {
    let world = World::new(pool).await;
    let mut mira = world.creator("mira").await;
    let mut stranger = world.creator("stranger").await;
    let asset_id = mira.register("The Salt Roads", "Salt.").await;
    let path = format!("/assets/{asset_id}/versions/new");
    let (before, kept) = (world.rows().await, world.kept());
    let id = mint::<VersionId>().to_string();
    let large = vec![b'x'; 64 * 1024 + 1];
    for (id, file, status, says) in [
        (id.as_str(), Some(("a.txt", &b"Salt."[..])), 409, "exactly these bytes already"),
        (&id, Some(("a.txt", &b""[..])), 422, "Choose a file that is not empty."),
        (&id, Some(("a.txt", &large[..])), 413, "Choose a file of at most 64 KiB."),
        (&id, None, 422, "Choose a file."),
        ("x", Some(("a.txt", &b"Pepper."[..])), 400, "Part of the form was missing."),
    ] {
        let answer = mira.send(&path, &multipart_type(), multipart(&[("id", id)], file)).await;
        assert_eq!(answer.status.as_u16(), status, "{}", shown(&answer.body));
        assert!(shown(&answer.body).contains(says), "{}", shown(&answer.body));
    }
    let body = multipart(&[("id", &id)], Some(("a.txt", b"Pepper.")));
    assert_eq!(stranger.send(&path, &multipart_type(), body).await.status, 404);
    assert_eq!((before, kept), (world.rows().await, world.kept()));
    world.gate.close().await;
}

#[sqlx::test(migrator = "imprimatur::MIGRATOR")]
async fn the_public_sees_the_beginning_and_never_the_whole(pool: PgPool) {
    let world = World::new(pool).await;
    let mut mira = world.creator("mira").await;
    let lines: Vec<String> =
        (0..60).map(|n| format!("<b>{n}</b> of sixty lines of salt")).collect();
    let text = mira.register("Lines", &lines.join("\n")).await;
    let rows: Vec<String> = (0..60).map(|n| format!("{n},<script>alert({n})</script>")).collect();
    let id = input(&mira.open("/assets/new").await, "id");
    let form = with(&crate::visitor::work(&id, "Rows"), &[("kind", "data")]);
    let table = format!("number,word\n{}\n", rows.join("\n"));
    assert_eq!(mira.upload(&form, Some(("rows.csv", table.as_bytes()))).await.status, 303);
    let short = mira.register("Short", "Salt.").await;
    let mut visitor = world.visitor();
    for (asset_id, first, last) in
        [(text, "<b>0</b> of", "<b>59</b> of"), (id.parse().unwrap(), "alert(0)", "alert(59)")]
    {
        mira.publish_offer(asset_id).await;
        let page = visitor.open(&format!("/catalogue/{asset_id}")).await;
        assert!(unescaped(&page).contains(first), "{page}");
        assert!(!unescaped(&page).contains(last), "{page}");
        assert!(!page.contains("<b>0") && !page.contains("<script>alert"), "{page}");
    }
    assert!(unescaped(&mira.open(&format!("/assets/{text}")).await).contains("<b>59</b> of"));
    mira.publish_offer(short).await;
    let page = visitor.open(&format!("/catalogue/{short}")).await;
    assert!(page.contains("too short for a preview") && !page.contains("Salt."), "{page}");
    world.gate.close().await;
}

#[sqlx::test(migrator = "imprimatur::MIGRATOR")]
async fn the_public_hears_the_beginning_of_a_recording(pool: PgPool) {
    let world = World::new(pool).await;
    let mut mira = world.creator("mira").await;
    let mut sound = b"RIFF\0\0\0\0WAVEfmt ".to_vec();
    sound.resize(8000, b's');
    let id = input(&mira.open("/assets/new").await, "id");
    let form = with(&crate::visitor::work(&id, "Tide"), &[("kind", "audio")]);
    assert_eq!(mira.upload(&form, Some(("tide.wav", &sound))).await.status, 303);
    let asset_id: AssetId = id.parse().unwrap();
    let mut visitor = world.visitor();
    let sample = format!("/catalogue/{asset_id}/sample");
    assert_eq!(visitor.browser.get(&sample).await.status, 404, "it is not on offer");
    mira.publish_offer(asset_id).await;
    let page = visitor.open(&format!("/catalogue/{asset_id}")).await;
    assert!(page.contains("<audio") && page.contains(&sample), "{page}");
    let answer = get(&mut visitor, &sample, Some("bytes=5000-")).await;
    assert_eq!((answer.status.as_u16(), answer.body.len()), (200, 1000), "never more than that");
    assert_eq!(answer.headers["content-type"], "audio/x-wav");
    world.gate.close().await;
}

#[sqlx::test(migrator = "imprimatur::MIGRATOR")]
async fn provenance_is_told_in_the_terms_of_prov(pool: PgPool) {
    let world = World::new(pool).await;
    let mut mira = world.creator("mira").await;
    let asset_id = mira.register("The Salt Roads", "Salt.").await;
    mira.publish_offer(asset_id).await;
    let mut documents = Vec::new();
    for side in ["assets", "catalogue"] {
        let answer = mira.browser.get(&format!("/{side}/{asset_id}/provenance.json")).await;
        assert_eq!(answer.status, 200);
        assert!(answer.headers["content-disposition"].to_str().unwrap().contains("attachment"));
        documents.push(serde_json::from_str::<Value>(&answer.body).unwrap());
    }
    assert_eq!(documents[0], documents[1]);
    let hex = ContentId::of(b"Salt.").hex().to_owned();
    assert!(documents[0]["entity"][format!("content:{hex}")].is_object(), "{}", documents[0]);
    assert!(documents[0]["entity"][format!("work:{asset_id}")].is_object());
    world.gate.close().await;
}

#[sqlx::test(migrator = "imprimatur::MIGRATOR")]
async fn both_sides_see_a_claim_and_its_raiser_takes_it_back(pool: PgPool) {
    let world = World::new(pool).await;
    let mut mira = world.creator("mira").await;
    let mut copier = world.creator("copier").await;
    mira.register("Hidden title", "Salt.").await;
    let id = mint::<AssetId>().to_string();
    let form = crate::visitor::work(&id, "Mine");
    let answer = copier.upload(&form, Some(("mine.txt", b"Salt."))).await;
    assert_eq!(answer.status, 303);
    let theirs = copier.open("/assets/claims").await;
    assert!(unescaped(&theirs).contains("You claim “Mine”"), "{theirs}");
    assert!(!theirs.contains("Hidden title") && !theirs.contains("mira"), "{theirs}");
    let ours = mira.open("/assets/claims").await;
    assert!(ours.contains("copier claims “Hidden title”"), "{ours}");
    assert!(mira.open("/assets").await.contains("A claim is open"));

    let claim_id = inputs(&theirs, "claim_id").pop().unwrap();
    assert!(inputs(&ours, "claim_id").is_empty(), "only its raiser takes it back");
    let form = [("form", "withdraw"), ("claim_id", claim_id.as_str())];
    assert_eq!(mira.post("/assets/claims", &form).await.status, 404);
    for _ in 0..2 {
        assert_eq!(copier.post("/assets/claims", &form).await.status, 303);
    }
    for claim_id in ["", "x", "\0"] {
        let form = [("form", "withdraw"), ("claim_id", claim_id)];
        assert_eq!(copier.post("/assets/claims", &form).await.status, 404);
    }
    assert!(mira.open("/assets/claims").await.contains("No claim is open."));
    world.gate.close().await;
}
