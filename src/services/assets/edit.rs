//! Changing what is said about a work. Its bytes and its licenses are not touched.

use chrono::{DateTime, Utc};
use serde_json::json;
use sqlx::PgConnection;

use crate::{
    domain::{
        actor::{Actor, Deed, Member},
        asset::{AssetKind, Particulars, TypedParticulars},
        error::Refusal,
        event::EventName,
        ids::{AssetId, OrgId, PersonId},
    },
    services::{Result, Services, events},
};

/// What is to be said about a work from now on.
#[derive(Debug)]
pub struct Edit {
    pub asset_id: AssetId,
    /// The one the person had before them while they typed.
    pub revision: i32,
    pub typed: TypedParticulars,
}

/// Whether this actor may change works at all.
pub fn may_edit(actor: &Actor) -> Result<Member> {
    Ok(actor.may_as_creator(Deed::EditAsset)?)
}

/// Changes what is said about one of one's own works.
///
/// # Errors
///
/// Refuses an edit of what somebody else has changed since it was read, unless both say the same.
pub async fn edit(services: &Services, actor: &Actor, edit: Edit) -> Result<()> {
    let member = may_edit(actor)?;
    let now = services.now();
    let mut tx = services.pool.begin().await?;
    let (revision, before) = lock(&mut tx, member.org_id, edit.asset_id).await?;
    let after = match before.kind {
        AssetKind::Site => edit.typed.parse_site()?,
        _ => edit.typed.parse()?,
    };
    let changed = before.differing(&after);
    if changed.is_empty() {
        return Ok(());
    }
    if revision != edit.revision {
        return Err(Refusal::conflict(
            "edited_meanwhile",
            t!("Somebody else saved this work while you were typing. What you typed is kept here, and \
             what they saved stands above it. Save again to replace theirs with yours."),
        )
        .into());
    }
    update(&mut tx, edit.asset_id, &after, member.person_id, now).await?;
    events::record(
        &mut tx,
        actor,
        now,
        EventName::AssetEdited,
        Some(member.org_id),
        edit.asset_id.uuid(),
        json!({ "changed": changed, "revision": revision + 1 }),
    )
    .await?;
    tx.commit().await?;
    Ok(())
}

// SQL

async fn lock(
    tx: &mut PgConnection,
    org_id: OrgId,
    asset_id: AssetId,
) -> Result<(i32, Particulars)> {
    let row = sqlx::query!(
        r#"select title, description, attribution, kind, rights, tags, language,
                  visibility, revision
           from asset where org_id = $1 and asset_id = $2
           for no key update"#,
        org_id.uuid(),
        asset_id.uuid(),
    )
    .fetch_optional(tx)
    .await?
    .ok_or_else(|| Refusal::not_found("work"))?;
    let particulars = Particulars {
        title: row.title,
        description: row.description,
        attribution: row.attribution,
        kind: row.kind,
        rights: row.rights,
        tags: row.tags,
        language: row.language,
        visibility: row.visibility,
    };
    Ok((row.revision, particulars))
}

async fn update(
    tx: &mut PgConnection,
    asset_id: AssetId,
    after: &Particulars,
    person_id: PersonId,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "update asset
         set title = $2, description = $3, attribution = $4, kind = $5, rights = $6, tags = $7,
             language = $8, visibility = $9, revision = revision + 1, edited_at = $10, edited_by = $11
         where asset_id = $1",
        asset_id.uuid(),
        after.title,
        after.description,
        after.attribution,
        after.kind.as_str(),
        after.rights,
        &after.tags,
        after.language,
        after.visibility.as_str(),
        now,
        person_id.uuid(),
    )
    .execute(tx)
    .await?;
    Ok(())
}
