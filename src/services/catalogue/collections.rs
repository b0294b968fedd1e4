//! Collections as anybody may see them: of their works those that are listed and on offer.
//!
//! One that holds nothing of that kind is there for its own organization alone, however visible it is.

use chrono::{DateTime, Utc};

use super::{Page, page};
use crate::{
    domain::{
        actor::Actor,
        asset::Visibility,
        catalogue::Search,
        error::Refusal,
        ids::{AssetId, CollectionId, OrgId},
    },
    services::{Result, Services, reports::CursorKey},
};

/// The most collections that are listed at once.
pub const LISTED_MAX: i64 = 200;
/// How many collections a search of the catalogue shows beside works.
const MATCHING_MAX: i64 = 4;

/// A collection in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    pub collection_id: CollectionId,
    pub title: String,
    pub description: String,
    pub creator: String,
    pub creator_slug: String,
    /// How many of its works everybody may license.
    pub works: i64,
    /// The latest of their offers.
    pub published_at: DateTime<Utc>,
}

/// A collection's own page.
#[derive(Debug)]
pub struct Collection {
    pub collection_id: CollectionId,
    pub title: String,
    pub description: String,
    pub visibility: Visibility,
    pub creator: String,
    pub creator_slug: String,
    /// Whether it is the actor's own.
    pub own: bool,
    /// Works in it, whoever may see them.
    pub holds: i64,
    /// Those that whoever asks may license.
    pub works: Page,
}

/// A collection, as the organization that asks may have its works; of them those that `search` lets
/// through.
///
/// # Errors
///
/// "Not found" if it is private or holds nothing that is listed and on offer, unless it is the actor's
/// own.
pub async fn collection(
    services: &Services,
    key: &CursorKey,
    actor: &Actor,
    search: &Search,
    collection_id: CollectionId,
    cursor: Option<&str>,
) -> Result<Collection> {
    let none = || Refusal::not_found("collection");
    let row = sqlx::query!(
        r#"select collection.org_id, title, description, visibility, organization.name as creator,
                  organization.slug as creator_slug,
                  (select count(*) from collection_work part
                   where part.collection_id = collection.collection_id) as "holds!"
           from collection join organization on organization.org_id = collection.org_id
           where collection_id = $1 and (visibility <> 'private' or collection.org_id = $2)"#,
        collection_id.uuid(),
        actor.org_id().map(OrgId::uuid),
    )
    .fetch_optional(&services.pool)
    .await?
    .ok_or_else(none)?;
    let own = actor.org_id() == Some(row.org_id);
    let within = Search { collection: Some(collection_id), ..search.clone() };
    let works = page(services, key, actor, &within, cursor).await?;
    let all = Search { collection: Some(collection_id), ..Search::default() };
    if !own && works.total == 0 && page(services, key, actor, &all, None).await?.total == 0 {
        return Err(none().into());
    }
    Ok(Collection {
        collection_id,
        title: row.title,
        description: row.description,
        visibility: row.visibility,
        creator: row.creator,
        creator_slug: row.creator_slug,
        own,
        holds: row.holds,
        works,
    })
}

/// Every listed collection, the newest first.
pub async fn collections(services: &Services, _actor: &Actor) -> Result<Vec<Shown>> {
    let shown = sqlx::query_as!(
        Shown,
        r#"select collection_id as "collection_id!: CollectionId", title as "title!",
                  description as "description!", creator_name as "creator!",
                  creator_slug as "creator_slug!", works as "works!",
                  published_at as "published_at!"
           from collection_on_show order by collection_id desc limit $1"#,
        LISTED_MAX,
    )
    .fetch_all(&services.pool)
    .await?;
    Ok(shown)
}

/// Listed collections with all of these words, as they are or nearly so: what fits best comes first.
pub async fn matching(services: &Services, _actor: &Actor, search: &Search) -> Result<Vec<Shown>> {
    let words = search.words();
    if words.is_empty() {
        return Ok(Vec::new());
    }
    let shown = sqlx::query_as!(
        Shown,
        r#"select collection_id as "collection_id!: CollectionId", title as "title!",
                  description as "description!", creator_name as "creator!",
                  creator_slug as "creator_slug!", works as "works!",
                  published_at as "published_at!"
           from collection_on_show entry
           where not exists (
                     select from unnest($1::text[]) word
                     where not (entry.search @@ plainto_tsquery('simple', word)
                                or spelt_like(word, entry.words)))
             and ($2::text is null or creator_slug = $2)
           order by (select sum(ts_rank(entry.search, plainto_tsquery('simple', word))
                                + word_similarity(word, entry.words))
                     from unnest($1::text[]) word) desc,
                    collection_id desc
           limit $3"#,
        &words,
        search.creator.as_deref(),
        MATCHING_MAX,
    )
    .fetch_all(&services.pool)
    .await?;
    Ok(shown)
}

/// The listed collections that a work is in.
pub async fn collections_with(
    services: &Services,
    _actor: &Actor,
    asset_id: AssetId,
) -> Result<Vec<Shown>> {
    let shown = sqlx::query_as!(
        Shown,
        r#"select entry.collection_id as "collection_id!: CollectionId", title as "title!",
                  description as "description!", creator_name as "creator!",
                  creator_slug as "creator_slug!", works as "works!",
                  published_at as "published_at!"
           from collection_on_show entry
           join collection_work part on part.collection_id = entry.collection_id
           where part.asset_id = $1 order by entry.collection_id limit $2"#,
        asset_id.uuid(),
        LISTED_MAX,
    )
    .fetch_all(&services.pool)
    .await?;
    Ok(shown)
}

/// The listed collections of a creator, the newest first.
pub(super) async fn collections_of(services: &Services, slug: &str) -> Result<Vec<Shown>> {
    let shown = sqlx::query_as!(
        Shown,
        r#"select collection_id as "collection_id!: CollectionId", title as "title!",
                  description as "description!", creator_name as "creator!",
                  creator_slug as "creator_slug!", works as "works!",
                  published_at as "published_at!"
           from collection_on_show where creator_slug = $1
           order by collection_id desc limit $2"#,
        slug,
        LISTED_MAX,
    )
    .fetch_all(&services.pool)
    .await?;
    Ok(shown)
}
