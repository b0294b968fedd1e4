//! What is said about a work, changed by one person and by two; and new bytes for it.

use sqlx::PgPool;

use super::*;
use crate::domain::{
    actor::{Actor, Who},
    asset::{TypedParticulars, Visibility},
    ids::AssetId,
};
use crate::services::{catalogue, licenses, offers, testing::acceptance};

fn typed(title: &str) -> TypedParticulars {
    TypedParticulars {
        title: title.into(),
        description: "Three essays.".into(),
        attribution: "Mira Holm".into(),
        kind: "text".into(),
        rights: "All rights with the author since 2019.".into(),
        tags: "Salt, fens".into(),
        language: "en-gb".into(),
        visibility: "unlisted".into(),
    }
}

fn editing(asset_id: AssetId, revision: i32, typed: TypedParticulars) -> Edit {
    Edit { asset_id, revision, typed }
}

#[sqlx::test]
async fn what_is_said_about_a_work_is_changed_whole(pool: PgPool) {
    let (services, _) = testing::services(pool);
    let (mira, theo) = (owner(&services, "mira").await, owner(&services, "theo").await);
    let asset_id = work(&services, &mira, "Salt.").await;
    let foreign = edit(&services, &theo, editing(asset_id, 1, typed("Mine"))).await;
    assert_eq!(code(foreign), "not_found");
    edit(&services, &mira, editing(asset_id, 1, typed("Salt"))).await.unwrap();
    let asset = get(&services, &mira, asset_id).await.unwrap();
    assert_eq!(asset.particulars, typed("Salt").parse().unwrap());
    assert_eq!(asset.particulars.language.as_deref(), Some("en-GB"));
    assert_eq!((asset.revision, asset.edited.unwrap().1.as_str()), (2, "mira"));
}

#[sqlx::test]
async fn whoever_edits_second_is_told(pool: PgPool) {
    let (services, _) = testing::services(pool);
    let mira = owner(&services, "mira").await;
    let asset_id = work(&services, &mira, "Salt.").await;
    edit(&services, &mira, editing(asset_id, 1, typed("First"))).await.unwrap();
    let second = edit(&services, &mira, editing(asset_id, 1, typed("Second"))).await;
    assert_eq!(code(second), "edited_meanwhile");
    let asset = get(&services, &mira, asset_id).await.unwrap();
    assert_eq!((asset.revision, asset.particulars.title.as_str()), (2, "First"));

    // The same form sent twice is no quarrel, and is one edit.
    edit(&services, &mira, editing(asset_id, 1, typed("First"))).await.unwrap();
    assert_eq!(get(&services, &mira, asset_id).await.unwrap().revision, 2);
    edit(&services, &mira, editing(asset_id, 2, typed("Second"))).await.unwrap();
    assert_eq!(get(&services, &mira, asset_id).await.unwrap().particulars.title, "Second");
}

#[sqlx::test]
async fn of_many_edits_at_once_one_is_saved(pool: PgPool) {
    let (services, _) = testing::services(pool);
    let mira = owner(&services, "mira").await;
    let asset_id = work(&services, &mira, "Salt.").await;
    let at_once = (0..6).map(|number| {
        edit(&services, &mira, editing(asset_id, 1, typed(&format!("Title {number}"))))
    });
    let answers = futures::future::join_all(at_once).await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
    assert_eq!(get(&services, &mira, asset_id).await.unwrap().revision, 2);
}

#[sqlx::test]
async fn visibility_says_who_finds_a_work_and_ends_no_license(pool: PgPool) {
    let (services, _) = testing::services(pool);
    let (mira, acme) = (owner(&services, "mira").await, owner(&services, "acme").await);
    let asset_id = testing::offered(&services, &mira, "training").await;
    let license = acceptance(&services, asset_id).await;
    let license_id = licenses::accept(&services, &acme, license).await.unwrap();
    let late = owner(&services, "late").await;
    let visitor = Actor { who: Who::Visitor, request_id: mint() };
    for (revision, visibility, listed, found) in [
        (1, Visibility::Unlisted, false, true),
        (2, Visibility::Private, false, false),
        (3, Visibility::Listed, true, true),
    ] {
        let typed =
            TypedParticulars { visibility: visibility.as_str().into(), ..typed("The Salt Roads") };
        edit(&services, &mira, editing(asset_id, revision, typed)).await.unwrap();
        let page = testing::catalogue(&services, &visitor).await.unwrap();
        assert_eq!(page.works.len() == 1, listed, "{visibility}");
        assert_eq!(catalogue::work(&services, &visitor, asset_id).await.is_ok(), found);
        assert!(catalogue::work(&services, &mira, asset_id).await.is_ok(), "it is their own");
        let versions = get(&services, &mira, asset_id).await.unwrap().versions;
        let content_id: ContentId = versions[0].content_id.parse().unwrap();
        let manifest = crate::services::gate::manifest(&services, &content_id, None).await;
        assert_eq!(manifest.is_ok(), found, "{visibility}");
        let licensed = crate::services::gate::manifest(&services, &content_id, acme.org_id()).await;
        assert!(licensed.is_ok(), "{visibility}");
        assert!(licenses::get(&services, &acme, license_id).await.is_ok());
        let new = acceptance(&services, asset_id).await;
        if visibility == Visibility::Private {
            assert_eq!(code(licenses::accept(&services, &late, new).await), "not_found");
        }
    }
    assert!(offers::current(&services, asset_id).await.unwrap().is_some());
}

async fn new_bytes(services: &Services, asset_id: AssetId, text: &str) -> NewVersion {
    let NewAsset { staged, file_name, .. } = uploaded(services, mint(), text).await;
    NewVersion { version_id: mint(), asset_id, file_name, staged }
}

#[sqlx::test]
async fn new_bytes_make_a_version_and_old_ones_stay(pool: PgPool) {
    let (services, _) = testing::services(pool);
    let (mira, theo) = (owner(&services, "mira").await, owner(&services, "theo").await);
    let asset_id = work(&services, &mira, "Salt.").await;
    let new = new_bytes(&services, asset_id, "Salt, again.").await;
    let version_id = new.version_id;
    let added = add_version(&services, &mira, new).await.unwrap();
    assert_eq!(added, Registered::Work(asset_id));

    let twice = NewVersion { version_id, ..new_bytes(&services, asset_id, "Salt, again.").await };
    assert_eq!(add_version(&services, &mira, twice).await.unwrap(), added);
    let other = NewVersion { version_id, ..new_bytes(&services, asset_id, "Pepper.").await };
    assert_eq!(code(add_version(&services, &mira, other).await), "form_sent_before");
    let old = new_bytes(&services, asset_id, "Salt.").await;
    assert_eq!(code(add_version(&services, &mira, old).await), "content_registered");
    let foreign = new_bytes(&services, asset_id, "Pepper.").await;
    assert_eq!(code(add_version(&services, &theo, foreign).await), "not_found");
    assert!(!is_kept(&services, "Pepper.").await);

    let versions = get(&services, &mira, asset_id).await.unwrap().versions;
    let numbers: Vec<_> = versions.iter().map(|version| version.number).collect();
    assert_eq!(numbers, [2, 1]);
    assert!(is_kept(&services, "Salt.").await && is_kept(&services, "Salt, again.").await);
}

#[sqlx::test]
async fn versions_added_at_once_are_numbered_without_a_gap(pool: PgPool) {
    let (services, _) = testing::services(pool);
    let mira = owner(&services, "mira").await;
    let asset_id = work(&services, &mira, "Salt.").await;
    let at_once = (0..8).map(|number| {
        let (services, mira) = (&services, &mira);
        async move {
            let new = new_bytes(services, asset_id, &format!("Salt {number}.")).await;
            add_version(services, mira, new).await.unwrap()
        }
    });
    futures::future::join_all(at_once).await;
    let versions = get(&services, &mira, asset_id).await.unwrap().versions;
    let numbers: Vec<_> = versions.iter().rev().map(|version| version.number).collect();
    assert_eq!(numbers, (1..=9).collect::<Vec<_>>());
}
