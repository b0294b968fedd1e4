//! What is public about content: who made it, when it was registered, under which terms.
//!
//! Content is known to the public while its work is offered and not private, and to a consumer who has licensed it
//! also afterwards. To everybody else there is no such content.

use chrono::{DateTime, Utc};

use crate::{
    domain::{
        asset::ContentId,
        error::Refusal,
        ids::{AssetId, OrgId},
    },
    services::{Result, Services},
};

/// What is public about content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    pub content_id: ContentId,
    pub creator_id: OrgId,
    /// Of the terms it is offered under, or of those the asking consumer has accepted.
    pub terms_digest: String,
    pub uploaded_at: DateTime<Utc>,
    pub attribution: String,
    /// Every version of the work up to this content, the first one first.
    pub provenance: Vec<Origin>,
}

/// One version in the history of a work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    pub content_id: String,
    pub version: i32,
    pub uploaded_at: DateTime<Utc>,
}

/// The manifest of content, for a consumer or, without one, for the public.
pub async fn manifest(
    services: &Services,
    content_id: &ContentId,
    consumer: Option<OrgId>,
) -> Result<Manifest> {
    let found = find(services, content_id, consumer).await?;
    let found = found.ok_or_else(|| Refusal::not_found("content"))?;
    Ok(Manifest {
        content_id: content_id.clone(),
        creator_id: found.org_id,
        terms_digest: found.terms_digest,
        uploaded_at: found.created_at,
        attribution: found.attribution,
        provenance: versions_until(services, found.asset_id, found.number).await?,
    })
}

// SQL

struct Found {
    asset_id: AssetId,
    org_id: OrgId,
    number: i32,
    attribution: String,
    created_at: DateTime<Utc>,
    terms_digest: String,
}

async fn find(
    services: &Services,
    content_id: &ContentId,
    consumer: Option<OrgId>,
) -> Result<Option<Found>> {
    let found = sqlx::query_as!(
        Found,
        r#"select version.asset_id, asset.org_id, version.number, asset.attribution,
                  version.created_at, named.terms_digest as "terms_digest!"
           from asset_version version
           join asset using (asset_id)
           cross join lateral (
               select coalesce(
                   (select terms_digest from license
                    where license.asset_id = version.asset_id and license.org_id = $2
                    order by license_id desc limit 1),
                   (select terms.digest from offer join terms using (terms_id)
                    where offer.asset_id = version.asset_id and offer.ended_at is null
                      and asset.visibility <> 'private')
               ) as terms_digest
           ) named
           where version.content_id = $1 and named.terms_digest is not null"#,
        content_id.as_str(),
        consumer.map(OrgId::uuid),
    )
    .fetch_optional(&services.pool)
    .await?;
    Ok(found)
}

async fn versions_until(
    services: &Services,
    asset_id: AssetId,
    number: i32,
) -> Result<Vec<Origin>> {
    let versions = sqlx::query_as!(
        Origin,
        "select content_id, number as version, created_at as uploaded_at from asset_version
         where asset_id = $1 and number <= $2 order by number",
        asset_id.uuid(),
        number,
    )
    .fetch_all(&services.pool)
    .await?;
    Ok(versions)
}
