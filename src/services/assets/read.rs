//! Reading one's own works.

use chrono::{DateTime, Utc};

use crate::{
    domain::{
        actor::{Actor, Deed},
        asset::{AssetKind, Particulars, Visibility},
        error::Refusal,
        ids::{AssetId, OrgId, VersionId},
    },
    services::{Result, Services},
};

/// Works on one page of one's own.
const PAGE_LENGTH: i64 = 100;
/// The most works that are listed at once.
const LISTED_MAX: i64 = 500;

/// A row of one's own works.
#[derive(Debug)]
pub struct AssetRow {
    pub asset_id: AssetId,
    pub title: String,
    pub kind: AssetKind,
    pub visibility: Visibility,
    /// Of its newest version; a site has none.
    pub content_id: Option<String>,
    pub bytes: Option<i64>,
    /// Of a site.
    pub host: Option<String>,
    /// The terms offered, if an offer is published.
    pub offered: Option<String>,
    pub created_at: DateTime<Utc>,
}

/// One of one's own works.
#[derive(Debug)]
pub struct Asset {
    pub asset_id: AssetId,
    pub particulars: Particulars,
    /// Counts the edits; the first state is 1.
    pub revision: i32,
    /// When it was last edited, and by whom.
    pub edited: Option<(DateTime<Utc>, String)>,
    pub created_at: DateTime<Utc>,
    /// Of a site.
    pub host: Option<String>,
    /// Newest first; a site has none, everything else has one at least.
    pub versions: Vec<Version>,
}

/// An immutable state of a work's bytes.
#[derive(Clone, Debug)]
pub struct Version {
    pub version_id: VersionId,
    pub number: i32,
    pub content_id: String,
    pub bytes: i64,
    pub media_type: String,
    pub file_name: String,
    pub created_at: DateTime<Utc>,
}

/// One page of one's own works, and how many of all have no offer.
#[derive(Debug)]
pub struct AssetPage {
    pub works: Vec<AssetRow>,
    /// Ask for works after this one to get the next page.
    pub next: Option<AssetId>,
    pub unoffered: i64,
}

/// One's own works, newest first.
pub async fn list(services: &Services, actor: &Actor) -> Result<Vec<AssetRow>> {
    let member = actor.may(Deed::ReadAssets)?;
    rows_after(services, member.org_id, None, LISTED_MAX).await
}

/// One page of one's own works, newest first.
pub async fn page(services: &Services, actor: &Actor, after: Option<AssetId>) -> Result<AssetPage> {
    let member = actor.may(Deed::ReadAssets)?;
    let mut works = rows_after(services, member.org_id, after, PAGE_LENGTH + 1).await?;
    let length = usize::try_from(PAGE_LENGTH).unwrap_or(usize::MAX);
    let next = (works.len() > length).then(|| {
        works.truncate(length);
        works.last().map(|work| work.asset_id)
    });
    let unoffered = count_unoffered(services, member.org_id).await?;
    Ok(AssetPage { works, next: next.flatten(), unoffered })
}

/// One of one's own works.
pub async fn get(services: &Services, actor: &Actor, asset_id: AssetId) -> Result<Asset> {
    let member = actor.may(Deed::ReadAssets)?;
    let row = sqlx::query!(
        r#"select title, description, attribution, asset.kind, rights, tags, language,
                  visibility, revision, edited_at,
                  person.name as "editor?", asset.created_at, site.host as "host?"
           from asset
           left join site on site.asset_id = asset.asset_id
           left join person on person.person_id = asset.edited_by
           where asset.org_id = $1 and asset.asset_id = $2"#,
        member.org_id.uuid(),
        asset_id.uuid(),
    )
    .fetch_optional(&services.pool)
    .await?
    .ok_or_else(|| Refusal::not_found("work"))?;
    Ok(Asset {
        asset_id,
        particulars: Particulars {
            title: row.title,
            description: row.description,
            attribution: row.attribution,
            kind: row.kind,
            rights: row.rights,
            tags: row.tags,
            language: row.language,
            visibility: row.visibility,
        },
        revision: row.revision,
        edited: row.edited_at.zip(row.editor),
        created_at: row.created_at,
        host: row.host,
        versions: versions(services, asset_id).await?,
    })
}

/// A version of one of one's own works.
pub async fn version(
    services: &Services,
    actor: &Actor,
    asset_id: AssetId,
    number: i32,
) -> Result<Version> {
    let member = actor.may(Deed::ReadAssets)?;
    let version = sqlx::query_as!(
        Version,
        "select version_id, number, content_id, bytes, media_type, file_name,
                version.created_at
         from asset_version version join asset using (asset_id)
         where asset.org_id = $1 and asset_id = $2 and number = $3",
        member.org_id.uuid(),
        asset_id.uuid(),
        number,
    )
    .fetch_optional(&services.pool)
    .await?;
    Ok(version.ok_or_else(|| Refusal::not_found("version"))?)
}

/// The versions of a work, newest first. Whoever asks has seen that the actor may see the work.
pub(in crate::services) async fn versions(
    services: &Services,
    asset_id: AssetId,
) -> Result<Vec<Version>> {
    let versions = sqlx::query_as!(
        Version,
        "select version_id, number, content_id, bytes, media_type, file_name, created_at
         from asset_version where asset_id = $1 order by number desc",
        asset_id.uuid(),
    )
    .fetch_all(&services.pool)
    .await?;
    Ok(versions)
}

// SQL

async fn rows_after(
    services: &Services,
    org_id: OrgId,
    after: Option<AssetId>,
    most: i64,
) -> Result<Vec<AssetRow>> {
    let rows = sqlx::query_as!(
        AssetRow,
        r#"select asset.asset_id, asset.title, asset.kind, asset.visibility,
                  version.content_id as "content_id?", version.bytes as "bytes?",
                  site.host as "host?", terms.name as "offered?", asset.created_at
           from asset
           left join lateral (
               select content_id, bytes from asset_version
               where asset_version.asset_id = asset.asset_id order by number desc limit 1
           ) version on true
           left join site on site.asset_id = asset.asset_id
           left join offer on offer.asset_id = asset.asset_id and offer.ended_at is null
           left join terms on terms.terms_id = offer.terms_id
           where asset.org_id = $1 and ($2::uuid is null or asset.asset_id < $2)
           order by asset.asset_id desc
           limit $3"#,
        org_id.uuid(),
        after.map(AssetId::uuid),
        most,
    )
    .fetch_all(&services.pool)
    .await?;
    Ok(rows)
}

async fn count_unoffered(services: &Services, org_id: OrgId) -> Result<i64> {
    let count = sqlx::query_scalar!(
        r#"select count(*) as "count!" from asset
           where org_id = $1 and not exists (
               select from offer where offer.asset_id = asset.asset_id and offer.ended_at is null)"#,
        org_id.uuid(),
    )
    .fetch_one(&services.pool)
    .await?;
    Ok(count)
}
