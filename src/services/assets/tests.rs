//! Works on a real database and content in memory: registered whole or not at all.

use futures::TryStreamExt as _;
use sqlx::PgPool;

use chrono::Utc;

use super::{sweep::registered, *};
use crate::{
    domain::asset::ContentId,
    services::{
        Services, mint,
        testing::{self, code, owner, uploaded, work},
    },
};

mod editing;
mod owning;

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
    let asset_id = register(&services, &mira, new).await.unwrap().work().unwrap();
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
    assert_eq!(code(register(&services, &mira, copy).await), "content_registered");
    assert!(is_kept(&services, "Salt.").await, "the owner's bytes stay");
    let same = uploaded(&services, asset_id, "Salt.").await;
    assert_eq!(register(&services, &mira, same).await.unwrap(), Registered::Work(asset_id));
    assert_eq!(list(&services, &theo).await.unwrap().len(), 0);
}

/// Moves the clock so far past the present that whatever was kept until now has settled.
fn a_day_later(services: &Services, clock: &testing::TestClock) {
    let ahead = Utc::now() - services.now() + chrono::TimeDelta::hours(25);
    clock.advance(ahead.to_std().unwrap());
}

async fn has_row(services: &Services, text: &str) -> bool {
    let content_id = ContentId::of(text.as_bytes());
    let mut connection = services.pool.acquire().await.unwrap();
    !registered(&mut connection, &[content_id]).await.unwrap().is_empty()
}

#[sqlx::test]
async fn whoever_registers_the_same_bytes_at_once_never_loses_them(pool: PgPool) {
    let (services, clock) = testing::services(pool);
    let owners = [owner(&services, "mira").await, owner(&services, "theo").await];
    let mut texts = Vec::new();
    for round in 0..10 {
        let text = format!("Salt {round}.");
        let used = work(&services, &owners[0], &format!("Pepper {round}.")).await;
        let same = mint();
        let at_once = (0..8).map(|number| {
            let (services, owner, text) = (&services, &owners[number % 2], &text);
            let asset_id = match number {
                0 | 1 => used,
                2 | 4 => same,
                _ => mint(),
            };
            async move { register(services, owner, uploaded(services, asset_id, text).await).await }
        });
        let answers = futures::future::join_all(at_once).await;
        for answer in answers.iter().filter_map(|answer| answer.as_ref().err()) {
            assert!(answer.refusal().is_some(), "{answer:?}");
        }
        assert!(answers.iter().any(Result::is_ok));
        assert!(has_row(&services, &text).await && is_kept(&services, &text).await);
        texts.push(text);

        // Two works by one form: the one that is refused may leave its bytes to the sweep.
        let form = mint();
        let at_once = ["Dill", "Sage"].map(|name| {
            let (services, text) = (&services, format!("{name} {round}."));
            texts.push(text.clone());
            let owner = &owners[0];
            async move { register(services, owner, uploaded(services, form, &text).await).await }
        });
        let answers = futures::future::join_all(at_once).await;
        assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
    }
    a_day_later(&services, &clock);
    sweep(&services).await.unwrap();
    for text in texts {
        assert_eq!(is_kept(&services, &text).await, has_row(&services, &text).await, "{text}");
    }
}

#[sqlx::test]
async fn what_is_left_behind_is_swept_after_a_day_and_nothing_else(pool: PgPool) {
    let (services, clock) = testing::services(pool);
    let mira = owner(&services, "mira").await;
    work(&services, &mira, "Salt.").await;
    let left = uploaded(&services, mint(), "Pepper.").await;
    services.content.keep(&left.staged).await.unwrap();
    uploaded(&services, mint(), "Cut off.").await;
    assert_eq!(sweep(&services).await.unwrap(), 0, "it may be registered yet");
    assert!(is_kept(&services, "Pepper.").await);
    a_day_later(&services, &clock);
    assert_eq!(sweep(&services).await.unwrap(), 2);
    assert!(is_kept(&services, "Salt.").await && !is_kept(&services, "Pepper.").await);
    assert_eq!(sweep(&services).await.unwrap(), 0);
}

#[sqlx::test]
async fn a_dropped_connection_leaves_no_half(pool: PgPool) {
    let (services, _) = testing::services(pool);
    let mira = owner(&services, "mira").await;
    for micros in (0..20).map(|step| step * 300) {
        let text = format!("Salt {micros}.");
        let new = uploaded(&services, mint(), &text).await;
        let cut = std::time::Duration::from_micros(micros);
        let _ = tokio::time::timeout(cut, register(&services, &mira, new)).await;
        let whole = async {
            while is_kept(&services, &text).await != has_row(&services, &text).await {
                tokio::task::yield_now().await;
            }
        };
        let patience = std::time::Duration::from_secs(60);
        tokio::time::timeout(patience, whole).await.expect("half of it stayed");
    }
}
