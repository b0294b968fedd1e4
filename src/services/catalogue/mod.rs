//! What anybody may see: works on offer. Reads only, and needs no organization.
//!
//! A work that is private is there for its own organization alone; one that is unlisted is found by
//! its link and in no list.

mod collections;
mod creator;
mod find;

use chrono::{DateTime, Utc};
use uuid::Uuid;

pub use collections::{
    Collection, LISTED_MAX as COLLECTIONS_MAX, Shown, collection, collections, collections_with,
    matching,
};
pub use creator::{Creator, creator};
pub use find::{Facets, PAGE_LENGTH, Page, facets, page};

use super::{
    Result, Services,
    offers::{self, Offer, PriceRow, TierRow},
};
use crate::domain::{
    actor::Actor,
    asset::{AssetKind, Visibility},
    error::Refusal,
    ids::{AssetId, OrgId},
    pricing::PriceWords,
};

/// A work on offer.
#[derive(Debug)]
pub struct Work {
    pub asset_id: AssetId,
    pub title: String,
    pub kind: AssetKind,
    pub tags: Vec<String>,
    pub language: Option<String>,
    pub creator: String,
    pub creator_slug: String,
    /// Of its newest version; a site has none.
    pub bytes: Option<i64>,
    /// Of a site.
    pub host: Option<String>,
    pub terms_name: String,
    /// Of its lowest tier that is paid for, in its parts.
    pub price: PriceWords,
    pub published_at: DateTime<Utc>,
}

/// A work's own page.
#[derive(Debug)]
pub struct WorkDetail {
    pub asset_id: AssetId,
    pub org_id: OrgId,
    pub title: String,
    pub description: String,
    pub attribution: String,
    pub kind: AssetKind,
    pub rights: String,
    pub tags: Vec<String>,
    pub language: Option<String>,
    pub visibility: Visibility,
    pub creator: String,
    pub creator_slug: String,
    /// Nothing for a site.
    pub newest: Option<Newest>,
    /// Of a site.
    pub host: Option<String>,
    pub created_at: DateTime<Utc>,
    pub offer: Offer,
}

/// The newest version of a work.
#[derive(Clone, Debug)]
pub struct Newest {
    pub content_id: String,
    pub bytes: i64,
    pub media_type: String,
    pub file_name: String,
}

/// How many works beside another one are like it.
const SIMILAR_MAX: i64 = 4;

/// These works, in this order, as the organization that asks may have them; those that it may not
/// are left out.
async fn works(services: &Services, org_id: Option<OrgId>, ids: &[AssetId]) -> Result<Vec<Work>> {
    let ids: Vec<Uuid> = ids.iter().copied().map(AssetId::uuid).collect();
    let rows = sqlx::query!(
        r#"select asset.asset_id, asset.title, asset.kind, asset.tags, asset.language,
                  organization.name as creator, organization.slug as creator_slug,
                  version.bytes as "bytes?", site.host as "host?", terms.name as terms_name,
                  offer.published_at,
                  tier.name as tier_name, tier.currency, tier.base_micros, tier.included_units,
                  tier.overrun, tier.overage_micros, tier.rate_per_minute, tier.unit, tier.model,
                  tier.use_micros, tier.use_per, tier.share_bp, tier.rolls_over
           from offer
           join asset on asset.asset_id = offer.asset_id
           join organization on organization.org_id = asset.org_id
           join terms on terms.terms_id = offer.terms_id
           join lateral (
               select * from tier
               where tier.offer_id = offer.offer_id
               order by model = 'subscription' and base_micros = 0 and overage_micros is null, position
               limit 1
           ) tier on true
           left join lateral (
               select bytes from asset_version
               where asset_version.asset_id = asset.asset_id order by number desc limit 1
           ) version on true
           left join site on site.asset_id = asset.asset_id
           where offer.ended_at is null
             and asset.visibility = 'listed'
             and asset.asset_id = any ($1)
             and (offer.buyer_org_id = $2 or offer.buyer_org_id is null and not exists (
                 select from offer contract
                 where contract.asset_id = offer.asset_id and contract.ended_at is null
                   and contract.buyer_org_id = $2))
           order by array_position($1, asset.asset_id)"#,
        &ids,
        org_id.map(OrgId::uuid),
    )
    .fetch_all(&services.pool)
    .await?;
    let mut works = Vec::with_capacity(rows.len());
    for row in rows {
        let tier = TierRow {
            name: row.tier_name,
            currency: row.currency,
            unit: row.unit,
            price: PriceRow {
                model: row.model,
                base_micros: row.base_micros,
                included_units: row.included_units,
                overrun: row.overrun,
                overage_micros: row.overage_micros,
                use_micros: row.use_micros,
                use_per: row.use_per,
                share_bp: row.share_bp,
                rolls_over: row.rolls_over,
            },
            rate_per_minute: row.rate_per_minute,
            scopes: Vec::new(),
            allowed_paths: Vec::new(),
            forbidden_paths: Vec::new(),
        };
        works.push(Work {
            asset_id: row.asset_id,
            title: row.title,
            kind: row.kind,
            tags: row.tags,
            language: row.language,
            creator: row.creator,
            creator_slug: row.creator_slug,
            bytes: row.bytes,
            host: row.host,
            terms_name: row.terms_name,
            price: tier.read()?.price_words(),
            published_at: row.published_at,
        });
    }
    Ok(works)
}

/// Works on offer that are most like another one: of its kind, with its tags, in its language.
pub async fn similar(services: &Services, actor: &Actor, asset_id: AssetId) -> Result<Vec<Work>> {
    let ids = sqlx::query_scalar!(
        r#"select entry.asset_id as "asset_id!: AssetId"
           from on_offer entry
           join asset as liked on liked.asset_id = $1
           cross join lateral (
               select count(*) as tags from unnest(entry.tags) tag where tag = any (liked.tags)
           ) shared
           where entry.asset_id <> $1 and (entry.kind = liked.kind or shared.tags > 0)
             and (entry.buyer_org_id = $2 or entry.buyer_org_id is null and not exists (
                 select from offer contract
                 where contract.asset_id = entry.asset_id and contract.ended_at is null
                   and contract.buyer_org_id = $2))
           order by 2 * shared.tags + (entry.kind = liked.kind)::int
                    + (entry.language is not distinct from liked.language)::int
                    + similarity(entry.title, liked.title) desc,
                    entry.asset_id desc
           limit $3"#,
        asset_id.uuid(),
        actor.org_id().map(OrgId::uuid),
        SIMILAR_MAX,
    )
    .fetch_all(&services.pool)
    .await?;
    works(services, actor.org_id(), &ids).await
}

/// A work on offer, as the organization that asks may have it.
///
/// # Errors
///
/// "Not found" if it is private, unless it is the actor's own.
pub async fn work(services: &Services, actor: &Actor, asset_id: AssetId) -> Result<WorkDetail> {
    let offer = offers::current_for(services, actor.org_id(), asset_id)
        .await?
        .ok_or_else(|| Refusal::not_found("work"))?;
    let row = sqlx::query!(
        r#"select asset.asset_id, asset.org_id, asset.title, asset.description, asset.attribution,
                  asset.kind, asset.rights, asset.tags, asset.language, asset.visibility,
                  asset.created_at, organization.name as creator, organization.slug as creator_slug,
                  version.content_id as "content_id?", version.bytes as "bytes?",
                  version.media_type as "media_type?", version.file_name as "file_name?",
                  site.host as "host?"
           from asset
           join organization on organization.org_id = asset.org_id
           left join lateral (
               select content_id, bytes, media_type, file_name from asset_version
               where asset_version.asset_id = asset.asset_id order by number desc limit 1
           ) version on true
           left join site on site.asset_id = asset.asset_id
           where asset.asset_id = $1 and (asset.visibility <> 'private' or asset.org_id = $2)"#,
        asset_id.uuid(),
        actor.org_id().map(OrgId::uuid),
    )
    .fetch_optional(&services.pool)
    .await?
    .ok_or_else(|| Refusal::not_found("work"))?;
    Ok(WorkDetail {
        asset_id: row.asset_id,
        org_id: row.org_id,
        title: row.title,
        description: row.description,
        attribution: row.attribution,
        kind: row.kind,
        rights: row.rights,
        tags: row.tags,
        language: row.language,
        visibility: row.visibility,
        creator: row.creator,
        creator_slug: row.creator_slug,
        newest: newest(row.content_id, row.bytes, row.media_type, row.file_name),
        host: row.host,
        created_at: row.created_at,
        offer,
    })
}

fn newest(
    content_id: Option<String>,
    bytes: Option<i64>,
    media_type: Option<String>,
    file_name: Option<String>,
) -> Option<Newest> {
    Some(Newest {
        content_id: content_id?,
        bytes: bytes?,
        media_type: media_type?,
        file_name: file_name?,
    })
}

#[cfg(test)]
mod tests;
