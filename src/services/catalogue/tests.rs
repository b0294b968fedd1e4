//! The catalogue on a real database: what is on offer, page by page.

use sqlx::PgPool;

use super::*;
use crate::{
    domain::actor::Who,
    services::{
        mint,
        testing::{self, code, offered, owner, work},
    },
};

#[sqlx::test]
async fn pages_show_every_work_on_offer_once_newest_first(pool: PgPool) {
    let (services, _) = testing::services(pool);
    let mira = owner(&services, "mira").await;
    let hidden = work(&services, &mira, "Not on offer.").await;
    let mut all = Vec::new();
    for _ in 0..PAGE_LENGTH + 3 {
        all.push(offered(&services, &mira, "training").await);
    }
    all.sort();
    all.reverse();
    let visitor = Actor { who: Who::Visitor, request_id: mint() };
    let first = page(&services, &visitor, None, None).await.unwrap();
    let second = page(&services, &visitor, None, first.next).await.unwrap();
    assert_eq!(second.next, None);
    let shown: Vec<_> = first.works.iter().chain(&second.works).map(|work| work.asset_id).collect();
    assert_eq!(shown, all);
    assert_eq!(first.works[0].creator, "mira");
    assert_eq!(code(super::work(&services, &visitor, hidden).await), "not_found");

    let texts = page(&services, &visitor, Some(AssetKind::Text), None).await.unwrap();
    assert_eq!(texts.works.len(), first.works.len());
    let images = page(&services, &visitor, Some(AssetKind::Image), None).await.unwrap();
    assert!(images.works.is_empty() && images.next.is_none());
}

#[sqlx::test]
async fn a_full_page_that_is_the_last_leads_nowhere(pool: PgPool) {
    let (services, _) = testing::services(pool);
    let mira = owner(&services, "mira").await;
    for _ in 0..PAGE_LENGTH {
        offered(&services, &mira, "training").await;
    }
    let only = page(&services, &mira, None, None).await.unwrap();
    assert_eq!((only.works.len(), only.next), (24, None));
}
