//! New bytes of a work. They become its newest version; the ones before stay as they are, and
//! licenses reach them all.

use serde_json::json;
use sqlx::PgConnection;

use super::{Registered, claims, edit::may_edit, rows};
use crate::{
    domain::{
        actor::{Actor, Member},
        asset::AssetKind,
        error::Refusal,
        event::EventName,
        ids::{AssetId, OrgId, VersionId},
    },
    services::{Error, Result, Services, content::Staged, events},
};

/// New bytes of a work. The id is made by the form, so that sending it twice adds them once.
#[derive(Debug)]
pub struct NewVersion {
    pub version_id: VersionId,
    pub asset_id: AssetId,
    pub file_name: String,
    pub staged: Staged,
}

/// Adds a version to one of one's own works. Bytes that another organization has registered raise
/// a claim instead.
///
/// # Errors
///
/// Refuses bytes that one's own organization has registered already.
pub async fn add_version(
    services: &Services,
    actor: &Actor,
    new: NewVersion,
) -> Result<Registered> {
    let (member, title) = match admit(services, actor, &new).await {
        Ok(Admitted::Fresh(member, title)) => (member, title),
        done_or_refused => {
            services.content.drop_staged(&new.staged).await?;
            return match done_or_refused? {
                Admitted::Before => Ok(Registered::Work(new.asset_id)),
                Admitted::Fresh(member, title) | Admitted::Foreign(member, title) => {
                    claim(services, actor, member, &new, &title).await
                }
            };
        }
    };
    // A task of its own ends what it began, even if nobody waits for the answer any more.
    let (services, actor) = (services.clone(), actor.clone());
    let adding = tokio::spawn(async move {
        services.content.keep(&new.staged).await?;
        insert(&services, &actor, member, &new, &title).await
    });
    adding.await.map_err(|error| Error::fault("adding a version", error))?
}

/// What is to be done with bytes, and the title of their work.
enum Admitted {
    Fresh(Member, String),
    Before,
    Foreign(Member, String),
}

async fn admit(services: &Services, actor: &Actor, new: &NewVersion) -> Result<Admitted> {
    let member = may_edit(actor)?;
    let mut connection = services.pool.acquire().await?;
    let title = title_of(&mut connection, member.org_id, new.asset_id).await?;
    let owner = rows::owner(&mut connection, &new.staged.content_id).await?;
    if was_added(&mut connection, new).await? {
        return Ok(Admitted::Before);
    }
    match owner {
        None => Ok(Admitted::Fresh(member, title)),
        Some(owner) if owner.org_id == member.org_id => Err(owner.registered_before().into()),
        Some(_) => Ok(Admitted::Foreign(member, title)),
    }
}

async fn insert(
    services: &Services,
    actor: &Actor,
    member: Member,
    new: &NewVersion,
    title: &str,
) -> Result<Registered> {
    let now = services.now();
    let mut tx = services.pool.begin().await?;
    let number = lock_newest(&mut tx, new.asset_id).await? + 1;
    let version = rows::NewRow {
        version_id: new.version_id,
        asset_id: new.asset_id,
        number,
        file_name: &new.file_name,
        staged: &new.staged,
    };
    if !rows::insert_version(&mut tx, version, now).await? {
        // Somebody was faster: the same form, or the same bytes.
        let owner = rows::owner(&mut tx, &new.staged.content_id).await?;
        if was_added(&mut tx, new).await? {
            return Ok(Registered::Work(new.asset_id));
        }
        tx.rollback().await?;
        return match owner {
            Some(owner) if owner.org_id == member.org_id => Err(owner.registered_before().into()),
            _ => claim(services, actor, member, new, title).await,
        };
    }
    events::record(
        &mut tx,
        actor,
        now,
        EventName::VersionAdded,
        Some(member.org_id),
        new.asset_id.uuid(),
        json!({ "number": number, "content_id": new.staged.content_id }),
    )
    .await?;
    tx.commit().await?;
    Ok(Registered::Work(new.asset_id))
}

async fn claim(
    services: &Services,
    actor: &Actor,
    member: Member,
    new: &NewVersion,
    title: &str,
) -> Result<Registered> {
    let content_id = &new.staged.content_id;
    let said = claims::Said { content_id, title, file_name: &new.file_name };
    Ok(Registered::Claim(claims::raise(services, actor, member, said).await?))
}

// SQL

/// The title of one's own work that has versions.
async fn title_of(tx: &mut PgConnection, org_id: OrgId, asset_id: AssetId) -> Result<String> {
    sqlx::query_scalar!(
        "select title from asset where org_id = $1 and asset_id = $2 and kind <> $3",
        org_id.uuid(),
        asset_id.uuid(),
        AssetKind::Site.as_str(),
    )
    .fetch_optional(tx)
    .await?
    .ok_or_else(|| Refusal::not_found("work").into())
}

/// Whether the form was sent before.
async fn was_added(tx: &mut PgConnection, new: &NewVersion) -> Result<bool> {
    let found = sqlx::query!(
        "select asset_id, content_id from asset_version where version_id = $1",
        new.version_id.uuid(),
    )
    .fetch_optional(tx)
    .await?;
    match found {
        None => Ok(false),
        Some(row)
            if row.asset_id == new.asset_id && row.content_id == new.staged.content_id.as_str() =>
        {
            Ok(true)
        }
        Some(_) => Err(Refusal::conflict(
            "form_sent_before",
            t!("This form was sent before, with another file. Open a new form."),
        )
        .into()),
    }
}

/// The number of the newest version; no other is added until the transaction is over.
async fn lock_newest(tx: &mut PgConnection, asset_id: AssetId) -> Result<i32> {
    sqlx::query!("select from asset where asset_id = $1 for no key update", asset_id.uuid())
        .fetch_one(&mut *tx)
        .await?;
    let newest = sqlx::query_scalar!(
        r#"select coalesce(max(number), 0) as "number!" from asset_version where asset_id = $1"#,
        asset_id.uuid(),
    )
    .fetch_one(tx)
    .await?;
    Ok(newest)
}
