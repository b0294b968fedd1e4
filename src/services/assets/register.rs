//! Registering a work with its first version.

use chrono::{DateTime, Utc};
use serde_json::json;
use sqlx::PgConnection;

use super::{
    Registered, claims,
    rows::{self, Owner},
};
use crate::{
    domain::{
        actor::{Actor, Deed, Member},
        asset::Particulars,
        error::Refusal,
        event::EventName,
        ids::{AssetId, OrgId},
    },
    services::{Error, Result, Services, content::Staged, events, mint},
};

/// A work to register. The id is made by the form, so that sending it twice registers once.
#[derive(Debug)]
pub struct NewAsset {
    pub asset_id: AssetId,
    pub particulars: Particulars,
    pub file_name: String,
    pub staged: Staged,
}

/// Whether this actor may register a work at all: asked before any byte of an upload is read.
pub fn may_register(actor: &Actor) -> Result<Member> {
    Ok(actor.may_as_creator(Deed::RegisterAsset)?)
}

/// Registers a work with its first version. Bytes that another organization has registered raise a
/// claim instead.
///
/// # Errors
///
/// Refuses bytes that one's own organization has registered already.
pub async fn register(services: &Services, actor: &Actor, new: NewAsset) -> Result<Registered> {
    let member = match admit(services, actor, &new).await {
        Ok(Admitted::Fresh(member)) => member,
        done_or_refused => {
            services.content.drop_staged(&new.staged).await?;
            return match done_or_refused? {
                Admitted::Before => Ok(Registered::Work(new.asset_id)),
                Admitted::Fresh(member) | Admitted::Foreign(member) => {
                    claim(services, actor, member, &new).await
                }
            };
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

/// What is to be done with a work that somebody brings.
enum Admitted {
    /// It is to be registered.
    Fresh(Member),
    /// The same form was sent before.
    Before,
    /// Its bytes belong to another organization.
    Foreign(Member),
}

async fn admit(services: &Services, actor: &Actor, new: &NewAsset) -> Result<Admitted> {
    let member = may_register(actor)?;
    let mut connection = services.pool.acquire().await?;
    let owner = rows::owner(&mut connection, &new.staged.content_id).await?;
    // Asked second: the same form sent at the same instant may have registered these bytes between.
    if is_used(&mut connection, new.asset_id).await? {
        answer_again(&mut connection, member.org_id, new).await?;
        return Ok(Admitted::Before);
    }
    match owner {
        None => Ok(Admitted::Fresh(member)),
        Some(owner) if owner.org_id == member.org_id => Err(owner.registered_before().into()),
        Some(_) => Ok(Admitted::Foreign(member)),
    }
}

async fn insert(
    services: &Services,
    actor: &Actor,
    member: Member,
    new: &NewAsset,
) -> Result<Registered> {
    let now = services.now();
    let mut tx = services.pool.begin().await?;
    let org_id = member.org_id;
    if !rows::insert_asset(&mut tx, org_id, new.asset_id, &new.particulars, now).await? {
        answer_again(&mut tx, org_id, new).await?;
        return Ok(Registered::Work(new.asset_id));
    }
    if !insert_first(&mut tx, new, now).await? {
        tx.rollback().await?;
        return taken(services, actor, member, new).await;
    }
    events::record(
        &mut tx,
        actor,
        now,
        EventName::AssetRegistered,
        Some(org_id),
        new.asset_id.uuid(),
        json!({ "title": new.particulars.title, "content_id": new.staged.content_id }),
    )
    .await?;
    tx.commit().await?;
    Ok(Registered::Work(new.asset_id))
}

/// Somebody registered the same bytes at the same instant, and was faster.
async fn taken(
    services: &Services,
    actor: &Actor,
    member: Member,
    new: &NewAsset,
) -> Result<Registered> {
    let mut connection = services.pool.acquire().await?;
    match rows::owner(&mut connection, &new.staged.content_id).await? {
        Some(Owner { org_id, .. }) if org_id != member.org_id => {
            claim(services, actor, member, new).await
        }
        Some(owner) => Err(owner.registered_before().into()),
        None => {
            Err(Error::fault("registering a work", "bytes are registered and belong to nobody"))
        }
    }
}

async fn claim(
    services: &Services,
    actor: &Actor,
    member: Member,
    new: &NewAsset,
) -> Result<Registered> {
    let said = claims::Said {
        content_id: &new.staged.content_id,
        title: &new.particulars.title,
        file_name: &new.file_name,
    };
    Ok(Registered::Claim(claims::raise(services, actor, member, said).await?))
}

/// The answer to a form whose id is in use.
async fn answer_again(tx: &mut PgConnection, org_id: OrgId, new: &NewAsset) -> Result<()> {
    if first_version(tx, org_id, new.asset_id).await? == new.staged.content_id.as_str() {
        return Ok(());
    }
    Err(Refusal::conflict(
        "form_sent_before",
        t!("This form was sent before, with another file. Open a new form."),
    )
    .into())
}

// SQL

async fn insert_first(tx: &mut PgConnection, new: &NewAsset, now: DateTime<Utc>) -> Result<bool> {
    let version = rows::NewRow {
        version_id: mint(),
        asset_id: new.asset_id,
        number: 1,
        file_name: &new.file_name,
        staged: &new.staged,
    };
    rows::insert_version(tx, version, now).await
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
