//! What the shop window says of the whole market: how much is on offer, how much was delivered, and
//! which pages search engines may list. Reads only, for anybody.
//!
//! Always true: nothing here names who bought or used anything, and works that are not listed are in
//! no figure and no list.

use std::sync::Mutex;

use chrono::{DateTime, TimeDelta, Utc};

use super::{Result, Services};
use crate::domain::{
    actor::Actor,
    ids::{AssetId, CollectionId},
};

/// Days that `Figures::deliveries` and `Figures::bytes` look back.
pub const FIGURES_DAYS: i64 = 30;
/// As many as one sitemap holds (sitemaps.org, protocol 0.9), less collections and the pages that are
/// always there.
const LISTED_MAX: i64 = 48_000;
/// The most collections among them.
const COLLECTIONS_MAX: i64 = 1_000;
/// The figures are sums over everybody, so they are read once a minute and not for every visitor.
const FRESH: TimeDelta = TimeDelta::seconds(60);

/// The market in numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Figures {
    /// Listed works that can be licensed now.
    pub works: i64,
    /// Organizations that offer them.
    pub creators: i64,
    /// Deliveries and other uses within the last days.
    pub deliveries: i64,
    pub bytes: i64,
}

/// A work that search engines may list.
#[derive(Debug)]
pub struct Listed {
    pub asset_id: AssetId,
    /// When its page last changed for certain: its present offer.
    pub published_at: DateTime<Utc>,
}

/// The figures, and when they were read.
#[derive(Debug, Default)]
pub struct Storefront(Mutex<Option<(DateTime<Utc>, Figures)>>);

impl Storefront {
    /// The market in numbers, at most a minute old.
    pub async fn figures(&self, services: &Services, _actor: &Actor) -> Result<Figures> {
        let now = services.now();
        if let Some(figures) = self.kept(now) {
            return Ok(figures);
        }
        let figures = read(services, now).await?;
        *self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some((now, figures));
        Ok(figures)
    }

    fn kept(&self, now: DateTime<Utc>) -> Option<Figures> {
        let kept = *self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        kept.filter(|(read_at, _)| now < *read_at + FRESH).map(|(_, figures)| figures)
    }
}

async fn read(services: &Services, now: DateTime<Utc>) -> Result<Figures> {
    let figures = sqlx::query_as!(
        Figures,
        r#"select offered.works as "works!", offered.creators as "creators!",
                  used.deliveries as "deliveries!", used.bytes as "bytes!"
           from (
               select count(distinct asset.asset_id) as works,
                      count(distinct asset.org_id) as creators
               from offer join asset on asset.asset_id = offer.asset_id
               where offer.ended_at is null and asset.visibility = 'listed'
           ) offered,
           (
               select coalesce(sum(calls), 0)::bigint as deliveries,
                      coalesce(sum(bytes), 0)::bigint as bytes
               from usage_day where bucket > $1
           ) used"#,
        now - TimeDelta::days(FIGURES_DAYS),
    )
    .fetch_one(&services.pool)
    .await?;
    Ok(figures)
}

/// A collection that search engines may list.
#[derive(Debug)]
pub struct ListedCollection {
    pub collection_id: CollectionId,
    /// The latest offer among its works.
    pub published_at: DateTime<Utc>,
}

/// The works on offer that may be found, the latest offers first, and the collections they are in.
pub async fn listed(
    services: &Services,
    _actor: &Actor,
) -> Result<(Vec<Listed>, Vec<ListedCollection>)> {
    let works = sqlx::query_as!(
        Listed,
        r#"select asset.asset_id, max(offer.published_at) as "published_at!"
           from offer join asset on asset.asset_id = offer.asset_id
           where offer.ended_at is null and asset.visibility = 'listed'
           group by asset.asset_id
           order by 2 desc, 1
           limit $1"#,
        LISTED_MAX,
    )
    .fetch_all(&services.pool)
    .await?;
    let collections = sqlx::query_as!(
        ListedCollection,
        r#"select collection_id as "collection_id!: CollectionId", published_at as "published_at!"
           from collection_on_show order by published_at desc, collection_id limit $1"#,
        COLLECTIONS_MAX,
    )
    .fetch_all(&services.pool)
    .await?;
    Ok((works, collections))
}

#[cfg(test)]
mod tests {
    use sqlx::PgPool;

    use super::*;
    use crate::{
        domain::actor::Who,
        services::{
            mint,
            testing::{self, offered, owner, work},
        },
    };

    #[sqlx::test]
    async fn only_what_everybody_may_find_is_counted_and_listed(pool: PgPool) {
        let (services, clock) = testing::services(pool);
        let visitor = Actor { who: Who::Visitor, request_id: mint() };
        let window = Storefront::default();
        let nothing = Figures { works: 0, creators: 0, deliveries: 0, bytes: 0 };
        assert_eq!(window.figures(&services, &visitor).await.unwrap(), nothing);

        let mira = owner(&services, "mira").await;
        work(&services, &mira, "Not on offer.").await;
        let shown = offered(&services, &mira, "training").await;
        let unlisted = offered(&services, &mira, "training").await;
        sqlx::query("update asset set visibility = 'unlisted' where asset_id = $1")
            .bind(unlisted.uuid())
            .execute(&services.pool)
            .await
            .unwrap();
        let (listed, _) = listed(&services, &visitor).await.unwrap();
        assert_eq!(listed.iter().map(|work| work.asset_id).collect::<Vec<_>>(), [shown]);

        // A minute is not over: the figures stand.
        assert_eq!(window.figures(&services, &visitor).await.unwrap(), nothing);
        clock.advance(FRESH.to_std().unwrap());
        let figures = window.figures(&services, &visitor).await.unwrap();
        assert_eq!(figures, Figures { works: 1, creators: 1, ..nothing });
    }
}
