//! Works on a real database and content in memory: registered whole or not at all.

use futures::TryStreamExt as _;
use sqlx::PgPool;

use super::*;
use crate::services::testing::{self, code, owner, uploaded, work};

async fn is_kept(services: &Services, text: &str) -> bool {
    services.content.read(&ContentId::of(text.as_bytes())).await.is_ok()
}

#[sqlx::test]
async fn a_work_is_registered_with_its_bytes(pool: PgPool) {
    let (services, _) = testing::services(pool);
    let mira = owner(&services, "mira").await;
    let asset_id = work(&services, &mira, "Salt was the first road.").await;
    let asset = get(&services, &mira, asset_id).await.unwrap();
    assert_eq!(asset.particulars.title, "The Salt Roads");
    let [version] = &asset.versions[..] else { panic!("{:?}", asset.versions) };
    assert_eq!((version.number, version.bytes), (1, 24));
    assert_eq!(version.media_type, "text/plain; charset=utf-8");
    let content_id: ContentId = version.content_id.parse().unwrap();
    let kept = services.content.read(&content_id).await.unwrap();
    let kept: Vec<bytes::Bytes> = kept.try_collect().await.unwrap();
    assert_eq!(kept.concat(), b"Salt was the first road.");
    let listed = list(&services, &mira).await.unwrap();
    assert_eq!(
        (listed.len(), listed[0].asset_id, listed[0].offered.as_deref()),
        (1, asset_id, None)
    );
}

#[sqlx::test]
async fn a_type_is_told_from_the_bytes_not_from_the_name(pool: PgPool) {
    let (services, _) = testing::services(pool);
    let mira = owner(&services, "mira").await;
    let mut new = uploaded(&services, mint(), "\u{89}PNG is not what this is").await;
    new.file_name = "picture.png".into();
    let asset_id = register(&services, &mira, new).await.unwrap();
    let asset = get(&services, &mira, asset_id).await.unwrap();
    assert_ne!(asset.versions[0].media_type, "image/png");
}

#[sqlx::test]
async fn a_refused_work_takes_its_bytes_with_it(pool: PgPool) {
    let (services, _) = testing::services(pool);
    let (mira, theo) = (owner(&services, "mira").await, owner(&services, "theo").await);
    let asset_id = work(&services, &mira, "Salt.").await;

    let again = uploaded(&services, asset_id, "Pepper.").await;
    assert_eq!(code(register(&services, &mira, again).await), "form_sent_before");
    let foreign = uploaded(&services, asset_id, "Pepper.").await;
    assert_eq!(code(register(&services, &theo, foreign).await), "not_found");
    assert!(!is_kept(&services, "Pepper.").await);

    let copy = uploaded(&services, mint(), "Salt.").await;
    assert_eq!(code(register(&services, &theo, copy).await), "content_registered");
    assert!(is_kept(&services, "Salt.").await, "the owner's bytes stay");
    let same = uploaded(&services, asset_id, "Salt.").await;
    assert_eq!(register(&services, &mira, same).await.unwrap(), asset_id);
    assert_eq!(list(&services, &theo).await.unwrap().len(), 0);
}
