//! Works: registering them, and reading one's own.
//!
//! A work is registered whole or not at all: its bytes are kept before its row is written, and
//! dropped again if the row is refused.

use chrono::{DateTime, Utc};
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
    pub content_id: String,
    pub bytes: i64,
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
    /// Newest first; never empty.
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
    let member = match may_register(actor) {
        Ok(member) => member,
        Err(refused) => {
            services.content.drop_staged(&new.staged).await?;
            return Err(refused);
        }
    };
    services.content.keep(&new.staged).await?;
    let registered = insert(services, actor, member, &new).await;
    if registered.is_err() && !is_registered(services, &new.staged.content_id).await? {
        services.content.remove(&new.staged.content_id).await?;
    }
    registered
}

async fn insert(
    services: &Services,
    actor: &Actor,
    member: Member,
    new: &NewAsset,
) -> Result<AssetId> {
    let now = services.now();
    let mut tx = services.pool.begin().await?;
    if !insert_asset(&mut tx, member.org_id, new, now).await? {
        let before = first_version(&mut tx, member.org_id, new.asset_id).await?;
        return if before == new.staged.content_id.as_str() {
            Ok(new.asset_id)
        } else {
            Err(Refusal::conflict(
                "form_sent_before",
                "This form was sent before, with another file. Open a new form.",
            )
            .into())
        };
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

/// One's own works, newest first.
pub async fn list(services: &Services, actor: &Actor) -> Result<Vec<AssetRow>> {
    let member = actor.may(Deed::ReadAssets)?;
    let rows = sqlx::query_as!(
        AssetRow,
        r#"select asset.asset_id, asset.title, asset.kind,
                  version.content_id, version.bytes, terms.name as "offered?", asset.created_at
           from asset
           join lateral (
               select content_id, bytes from asset_version
               where asset_version.asset_id = asset.asset_id order by number desc limit 1
           ) version on true
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
        r#"select asset_id, title, description, attribution, kind, created_at
           from asset where org_id = $1 and asset_id = $2"#,
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
        versions,
    })
}

// SQL

async fn insert_asset(
    tx: &mut PgConnection,
    org_id: OrgId,
    new: &NewAsset,
    now: DateTime<Utc>,
) -> Result<bool> {
    let inserted = sqlx::query!(
        "insert into asset (asset_id, org_id, title, description, attribution, kind, created_at)
         values ($1, $2, $3, $4, $5, $6, $7)
         on conflict (asset_id) do nothing",
        new.asset_id.uuid(),
        org_id.uuid(),
        new.particulars.title,
        new.particulars.description,
        new.particulars.attribution,
        new.particulars.kind.as_str(),
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
    .on_constraint("asset_version_content_id_key", || {
        Refusal::conflict(
            "content_registered",
            "A work with exactly these bytes is registered already. Choose another file.",
        )
        .on("file")
    })?;
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

async fn is_registered(services: &Services, content_id: &ContentId) -> Result<bool> {
    let found = sqlx::query_scalar!(
        r#"select exists (select from asset_version where content_id = $1) as "found!""#,
        content_id.as_str(),
    )
    .fetch_one(&services.pool)
    .await?;
    Ok(found)
}

#[cfg(test)]
mod tests;
