//! Reading one's own collections.

use chrono::{DateTime, Utc};

use crate::{
    domain::{
        actor::{Actor, Deed},
        asset::{AssetKind, Visibility},
        collection::About,
        error::Refusal,
        ids::{AssetId, CollectionId},
    },
    services::{Result, Services},
};

/// The most collections that are listed at once.
const LISTED_MAX: i64 = 500;

/// A row of one's own collections.
#[derive(Clone, Debug)]
pub struct CollectionRow {
    pub collection_id: CollectionId,
    pub title: String,
    pub visibility: Visibility,
    /// Works in it.
    pub works: i64,
    /// Those of them that strangers see: listed, and on offer to everybody.
    pub shown: i64,
    pub created_at: DateTime<Utc>,
}

/// One of one's own collections.
#[derive(Debug)]
pub struct Collection {
    pub collection_id: CollectionId,
    pub about: About,
    /// Counts the edits; the first state is 1.
    pub revision: i32,
    /// Counts the orders its works were in; the first is 1.
    pub arrangement: i32,
    /// When what is said about it was last edited, and by whom.
    pub edited: Option<(DateTime<Utc>, String)>,
    pub created_at: DateTime<Utc>,
    /// In their order.
    pub works: Vec<Part>,
}

/// A work of a collection.
#[derive(Clone, Debug)]
pub struct Part {
    pub asset_id: AssetId,
    pub title: String,
    pub kind: AssetKind,
    pub visibility: Visibility,
    /// Whether everybody may license it now.
    pub offered: bool,
}

impl Part {
    /// Whether strangers see it in the collection.
    pub fn is_shown(&self) -> bool {
        self.offered && self.visibility == Visibility::Listed
    }
}

/// One's own collections, the newest first.
pub async fn list(services: &Services, actor: &Actor) -> Result<Vec<CollectionRow>> {
    let member = actor.may(Deed::ReadAssets)?;
    let rows = sqlx::query_as!(
        CollectionRow,
        r#"select collection.collection_id, collection.title, collection.visibility,
                  collection.created_at, held.works as "works!", held.shown as "shown!"
           from collection
           cross join lateral (
               select count(*) as works,
                      count(*) filter (where asset.visibility = 'listed' and exists (
                          select from offer
                          where offer.asset_id = asset.asset_id and offer.ended_at is null
                            and offer.buyer_org_id is null)) as shown
               from collection_work part join asset on asset.asset_id = part.asset_id
               where part.collection_id = collection.collection_id
           ) held
           where collection.org_id = $1
           order by collection.collection_id desc limit $2"#,
        member.org_id.uuid(),
        LISTED_MAX,
    )
    .fetch_all(&services.pool)
    .await?;
    Ok(rows)
}

/// One of one's own collections.
pub async fn get(
    services: &Services,
    actor: &Actor,
    collection_id: CollectionId,
) -> Result<Collection> {
    let member = actor.may(Deed::ReadAssets)?;
    let row = sqlx::query!(
        r#"select title, description, visibility, revision, arrangement, edited_at,
                  person.name as "editor?", collection.created_at
           from collection left join person on person.person_id = collection.edited_by
           where collection.org_id = $1 and collection_id = $2"#,
        member.org_id.uuid(),
        collection_id.uuid(),
    )
    .fetch_optional(&services.pool)
    .await?
    .ok_or_else(|| Refusal::not_found("collection"))?;
    Ok(Collection {
        collection_id,
        about: About { title: row.title, description: row.description, visibility: row.visibility },
        revision: row.revision,
        arrangement: row.arrangement,
        edited: row.edited_at.zip(row.editor),
        created_at: row.created_at,
        works: parts(services, collection_id).await?,
    })
}

/// One's own collections that a work of one's own is in: each by its title.
pub async fn with_work(
    services: &Services,
    actor: &Actor,
    asset_id: AssetId,
) -> Result<Vec<(CollectionId, String)>> {
    let member = actor.may(Deed::ReadAssets)?;
    let rows = sqlx::query!(
        "select collection.collection_id, collection.title
         from collection_work part
         join collection on collection.collection_id = part.collection_id
         where collection.org_id = $1 and part.asset_id = $2
         order by collection.collection_id",
        member.org_id.uuid(),
        asset_id.uuid(),
    )
    .fetch_all(&services.pool)
    .await?;
    Ok(rows.into_iter().map(|row| (row.collection_id, row.title)).collect())
}

async fn parts(services: &Services, collection_id: CollectionId) -> Result<Vec<Part>> {
    let parts = sqlx::query_as!(
        Part,
        r#"select asset.asset_id, asset.title, asset.kind, asset.visibility,
                  exists (select from offer
                          where offer.asset_id = asset.asset_id and offer.ended_at is null
                            and offer.buyer_org_id is null) as "offered!"
           from collection_work part join asset on asset.asset_id = part.asset_id
           where part.collection_id = $1 order by part.place"#,
        collection_id.uuid(),
    )
    .fetch_all(&services.pool)
    .await?;
    Ok(parts)
}
