//! The rows of works and versions, as every deed about them writes and asks for them.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::{
    domain::{
        asset::{ContentId, Particulars},
        error::Refusal,
        ids::{AssetId, OrgId, VersionId},
    },
    services::{Error, Result, content::Staged, media_type},
};

/// Who has registered bytes, and as what.
pub(super) struct Owner {
    pub org_id: OrgId,
    title: String,
    number: i32,
}

impl Owner {
    /// What their owner is told who brings them again.
    pub fn registered_before(&self) -> Refusal {
        let Self { title, number, .. } = self;
        Refusal::conflict(
            "content_registered",
            t!(
                "Your organization has registered exactly these bytes already, as version {number} \
                 of “{title}”. Choose another file."
            ),
        )
        .on("file")
    }
}

/// The row of a version.
pub(super) struct NewRow<'a> {
    pub version_id: VersionId,
    pub asset_id: AssetId,
    pub number: i32,
    pub file_name: &'a str,
    pub staged: &'a Staged,
}

/// Who has registered these bytes.
pub(super) async fn owner(tx: &mut PgConnection, content_id: &ContentId) -> Result<Option<Owner>> {
    let found = sqlx::query_as!(
        Owner,
        "select asset.org_id, asset.title, version.number
         from asset_version version join asset using (asset_id)
         where version.content_id = $1",
        content_id.as_str(),
    )
    .fetch_optional(tx)
    .await?;
    Ok(found)
}

/// Writes the row of a work; false if its id is in use.
pub(in crate::services) async fn insert_asset(
    tx: &mut PgConnection,
    org_id: OrgId,
    asset_id: AssetId,
    particulars: &Particulars,
    now: DateTime<Utc>,
) -> Result<bool> {
    let inserted = sqlx::query!(
        "insert into asset (asset_id, org_id, title, description, attribution, kind, rights, tags,
                            language, visibility, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
         on conflict do nothing",
        asset_id.uuid(),
        org_id.uuid(),
        particulars.title,
        particulars.description,
        particulars.attribution,
        particulars.kind.as_str(),
        particulars.rights,
        &particulars.tags,
        particulars.language,
        particulars.visibility.as_str(),
        now,
    )
    .execute(tx)
    .await?;
    Ok(inserted.rows_affected() == 1)
}

/// Writes the row of a version; false if its bytes are registered already, or its id is in use.
pub(super) async fn insert_version(
    tx: &mut PgConnection,
    new: NewRow<'_>,
    now: DateTime<Utc>,
) -> Result<bool> {
    let bytes = i64::try_from(new.staged.bytes)
        .map_err(|error| Error::fault("counting the bytes of an upload", error))?;
    let inserted = sqlx::query!(
        "insert into asset_version
             (version_id, asset_id, number, content_id, bytes, media_type, file_name, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8)
         on conflict do nothing",
        new.version_id.uuid(),
        new.asset_id.uuid(),
        new.number,
        new.staged.content_id.as_str(),
        bytes,
        media_type::of(&new.staged.head, new.file_name),
        new.file_name,
        now,
    )
    .execute(tx)
    .await?;
    Ok(inserted.rows_affected() == 1)
}
