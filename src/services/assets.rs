//! Works: registering them, and reading one's own.
//!
//! A work is registered whole or not at all: its bytes are kept before its row is written, never
//! after. Bytes whose row was refused all the same are removed a day later, by `sweep`.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use futures::TryStreamExt as _;
use serde_json::json;
use sqlx::PgConnection;

use super::{
    Error, OnConstraint as _, Result, Services, content::Staged, events, media_type, mint,
};
use crate::domain::{
    actor::{Actor, Deed, Member},
    asset::{AssetKind, ContentId, Particulars},
    error::Refusal,
    event::EventName,
    ids::{AssetId, OrgId, VersionId},
};

/// How many contents the sweep asks the database about at once.
const SWEPT_AT_ONCE: usize = 500;

/// A work to register. The id is made by the form, so that sending it twice registers once.
#[derive(Debug)]
pub struct NewAsset {
    pub asset_id: AssetId,
    pub particulars: Particulars,
    pub file_name: String,
    pub staged: Staged,
}

/// A row of one's own works.
#[derive(Debug)]
pub struct AssetRow {
    pub asset_id: AssetId,
    pub title: String,
    pub kind: AssetKind,
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
    pub created_at: DateTime<Utc>,
    /// Of a site.
    pub host: Option<String>,
    /// Newest first; a site has none, everything else has one at least.
    pub versions: Vec<Version>,
}

/// An immutable state of a work's bytes.
#[derive(Debug)]
pub struct Version {
    pub version_id: VersionId,
    pub number: i32,
    pub content_id: String,
    pub bytes: i64,
    pub media_type: String,
    pub file_name: String,
    pub created_at: DateTime<Utc>,
}

/// Whether this actor may register a work at all: asked before any byte of an upload is read.
pub fn may_register(actor: &Actor) -> Result<Member> {
    Ok(actor.may_as_creator(Deed::RegisterAsset)?)
}

/// Registers a work with its first version.
///
/// # Errors
///
/// Refuses bytes that are registered already, by whoever.
pub async fn register(services: &Services, actor: &Actor, new: NewAsset) -> Result<AssetId> {
    let member = match admit(services, actor, &new).await {
        Ok(Some(member)) => member,
        done_or_refused => {
            services.content.drop_staged(&new.staged).await?;
            return done_or_refused.map(|_| new.asset_id);
        }
    };
    // A task of its own ends what it began, even if nobody waits for the answer any more.
    let (services, actor) = (services.clone(), actor.clone());
    let registering = tokio::spawn(async move {
        services.content.keep(&new.staged).await?;
        insert(&services, &actor, member, &new).await
    });
    registering.await.map_err(|error| Error::fault("registering a work", error))?
}

/// Whether there is anything to register; nothing if the same form was sent before.
async fn admit(services: &Services, actor: &Actor, new: &NewAsset) -> Result<Option<Member>> {
    let member = may_register(actor)?;
    let mut connection = services.pool.acquire().await?;
    let registered = registered(&mut connection, std::slice::from_ref(&new.staged.content_id));
    let registered = registered.await?;
    // Asked second: the same form sent at the same instant may have registered these bytes between.
    if is_used(&mut connection, new.asset_id).await? {
        answer_again(&mut connection, member.org_id, new).await?;
        return Ok(None);
    }
    if !registered.is_empty() {
        return Err(content_registered().into());
    }
    Ok(Some(member))
}

/// Removes bytes that no upload and no work needs: what was cut off, and what was refused too late.
/// Answers how many.
pub async fn sweep(services: &Services) -> Result<u64> {
    let now = services.now();
    let mut swept = services.content.sweep_staging(now).await?;
    let mut settled = services.content.settled(now).try_chunks(SWEPT_AT_ONCE);
    while let Some(content_ids) = settled.try_next().await.map_err(|error| error.1)? {
        let mut connection = services.pool.acquire().await?;
        let owned = registered(&mut connection, &content_ids).await?;
        for content_id in content_ids.iter().filter(|id| !owned.contains(id.as_str())) {
            // Asked again right before: a work may have been registered since.
            let owned = registered(&mut connection, std::slice::from_ref(content_id)).await?;
            if owned.is_empty() && services.content.remove_settled(content_id, now).await? {
                swept += 1;
            }
        }
    }
    Ok(swept)
}

async fn insert(
    services: &Services,
    actor: &Actor,
    member: Member,
    new: &NewAsset,
) -> Result<AssetId> {
    let now = services.now();
    let mut tx = services.pool.begin().await?;
    if !insert_asset(&mut tx, member.org_id, new.asset_id, &new.particulars, now).await? {
        return answer_again(&mut tx, member.org_id, new).await;
    }
    insert_version(&mut tx, new, now).await?;
    events::record(
        &mut tx,
        actor,
        now,
        EventName::AssetRegistered,
        Some(member.org_id),
        new.asset_id.uuid(),
        json!({ "title": new.particulars.title, "content_id": new.staged.content_id }),
    )
    .await?;
    tx.commit().await?;
    Ok(new.asset_id)
}

/// The answer to a form whose id is in use.
async fn answer_again(tx: &mut PgConnection, org_id: OrgId, new: &NewAsset) -> Result<AssetId> {
    if first_version(tx, org_id, new.asset_id).await? == new.staged.content_id.as_str() {
        return Ok(new.asset_id);
    }
    Err(Refusal::conflict(
        "form_sent_before",
        "This form was sent before, with another file. Open a new form.",
    )
    .into())
}

fn content_registered() -> Refusal {
    Refusal::conflict(
        "content_registered",
        "A work with exactly these bytes is registered already. Choose another file.",
    )
    .on("file")
}

/// One's own works, newest first.
pub async fn list(services: &Services, actor: &Actor) -> Result<Vec<AssetRow>> {
    let member = actor.may(Deed::ReadAssets)?;
    let rows = sqlx::query_as!(
        AssetRow,
        r#"select asset.asset_id, asset.title, asset.kind,
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
           where asset.org_id = $1
           order by asset.asset_id desc
           limit 500"#,
        member.org_id.uuid(),
    )
    .fetch_all(&services.pool)
    .await?;
    Ok(rows)
}

/// One of one's own works.
pub async fn get(services: &Services, actor: &Actor, asset_id: AssetId) -> Result<Asset> {
    let member = actor.may(Deed::ReadAssets)?;
    let row = sqlx::query!(
        r#"select asset.asset_id, title, description, attribution, asset.kind, created_at,
                  site.host as "host?"
           from asset left join site on site.asset_id = asset.asset_id
           where asset.org_id = $1 and asset.asset_id = $2"#,
        member.org_id.uuid(),
        asset_id.uuid(),
    )
    .fetch_optional(&services.pool)
    .await?
    .ok_or_else(|| Refusal::not_found("work"))?;
    let versions = sqlx::query_as!(
        Version,
        "select version_id, number, content_id, bytes, media_type, file_name, created_at
         from asset_version where asset_id = $1 order by number desc",
        asset_id.uuid(),
    )
    .fetch_all(&services.pool)
    .await?;
    Ok(Asset {
        asset_id: row.asset_id,
        particulars: Particulars {
            title: row.title,
            description: row.description,
            attribution: row.attribution,
            kind: row.kind,
        },
        created_at: row.created_at,
        host: row.host,
        versions,
    })
}

// SQL

/// Writes the row of a work; false if its id is in use.
pub(super) async fn insert_asset(
    tx: &mut PgConnection,
    org_id: OrgId,
    asset_id: AssetId,
    particulars: &Particulars,
    now: DateTime<Utc>,
) -> Result<bool> {
    let inserted = sqlx::query!(
        "insert into asset (asset_id, org_id, title, description, attribution, kind, created_at)
         values ($1, $2, $3, $4, $5, $6, $7)
         on conflict (asset_id) do nothing",
        asset_id.uuid(),
        org_id.uuid(),
        particulars.title,
        particulars.description,
        particulars.attribution,
        particulars.kind.as_str(),
        now,
    )
    .execute(tx)
    .await?;
    Ok(inserted.rows_affected() == 1)
}

async fn insert_version(tx: &mut PgConnection, new: &NewAsset, now: DateTime<Utc>) -> Result<()> {
    let bytes = i64::try_from(new.staged.bytes)
        .map_err(|error| Error::fault("counting the bytes of an upload", error))?;
    sqlx::query!(
        "insert into asset_version
             (version_id, asset_id, number, content_id, bytes, media_type, file_name, created_at)
         values ($1, $2, 1, $3, $4, $5, $6, $7)",
        mint::<VersionId>().uuid(),
        new.asset_id.uuid(),
        new.staged.content_id.as_str(),
        bytes,
        media_type::of(&new.staged.head, &new.file_name),
        new.file_name,
        now,
    )
    .execute(tx)
    .await
    .on_constraint("asset_version_content_id_key", content_registered)?;
    Ok(())
}

async fn first_version(tx: &mut PgConnection, org_id: OrgId, asset_id: AssetId) -> Result<String> {
    sqlx::query_scalar!(
        "select content_id from asset_version
         join asset using (asset_id)
         where asset.org_id = $1 and asset_id = $2 and number = 1",
        org_id.uuid(),
        asset_id.uuid(),
    )
    .fetch_optional(tx)
    .await?
    .ok_or_else(|| Refusal::not_found("work").into())
}

async fn is_used(tx: &mut PgConnection, asset_id: AssetId) -> Result<bool> {
    let used = sqlx::query_scalar!(
        r#"select exists (select from asset where asset_id = $1) as "used!""#,
        asset_id.uuid(),
    )
    .fetch_one(tx)
    .await?;
    Ok(used)
}

/// Those of these contents that a work refers to.
async fn registered(tx: &mut PgConnection, content_ids: &[ContentId]) -> Result<HashSet<String>> {
    let content_ids: Vec<String> = content_ids.iter().map(ToString::to_string).collect();
    let found = sqlx::query_scalar!(
        "select content_id from asset_version where content_id = any($1)",
        &content_ids,
    )
    .fetch_all(tx)
    .await?;
    Ok(found.into_iter().collect())
}

#[cfg(test)]
mod tests;
