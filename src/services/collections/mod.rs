//! Collections: works of one creator that are shown together. A work may be in several.
//!
//! Always true: a collection holds works of its own organization only, each once. Adding and taking out
//! are about single works and never collide; what is said about a collection, and the order of its
//! works, is changed by one person at a time, and the second is told.

mod edit;
mod fill;
mod read;

use chrono::{DateTime, Utc};
use serde_json::json;
use sqlx::PgConnection;

pub use edit::{EditCollection, edit, remove};
pub use fill::{Arrangement, add, arrange, take_out};
pub use read::{Collection, CollectionRow, Part, get, list, with_work};

use self::fill::insert_works;
use super::{Result, Services, events, sent_before::was_sent};
use crate::domain::{
    actor::{Actor, Deed, Member},
    collection::{About, TypedAbout},
    error::Refusal,
    event::EventName,
    ids::{AssetId, CollectionId, OrgId},
};

/// A collection to make. The id is made by the form, so that sending it twice makes one.
#[derive(Clone, Debug)]
pub struct NewCollection {
    pub collection_id: CollectionId,
    pub typed: TypedAbout,
    /// What it holds from the start, in this order.
    pub works: Vec<AssetId>,
}

/// Whether this actor may make and change collections at all.
pub fn may_collect(actor: &Actor) -> Result<Member> {
    Ok(actor.may_as_creator(Deed::EditAsset)?)
}

/// Makes a collection.
///
/// # Errors
///
/// "Not found" if a work is not the organization's own, or the id is somebody else's.
pub async fn make(services: &Services, actor: &Actor, new: NewCollection) -> Result<()> {
    let member = may_collect(actor)?;
    let about = new.typed.parse()?;
    let now = services.now();
    let mut tx = services.pool.begin().await?;
    if !insert(&mut tx, member.org_id, new.collection_id, &about, now).await? {
        let found = owner(&mut tx, new.collection_id).await?;
        was_sent("collection", member.org_id, &(), found.map(|org_id| (org_id, ())))?;
        return Ok(());
    }
    let works = insert_works(&mut tx, member.org_id, new.collection_id, &new.works, now).await?;
    let (org_id, made) = (Some(member.org_id), EventName::CollectionMade);
    let detail = json!({ "title": about.title, "works": works });
    events::record(&mut tx, actor, now, made, org_id, new.collection_id.uuid(), detail).await?;
    tx.commit().await?;
    Ok(())
}

// SQL

async fn insert(
    tx: &mut PgConnection,
    org_id: OrgId,
    collection_id: CollectionId,
    about: &About,
    now: DateTime<Utc>,
) -> Result<bool> {
    let inserted = sqlx::query!(
        "insert into collection (collection_id, org_id, title, description, visibility, created_at)
         values ($1, $2, $3, $4, $5, $6) on conflict do nothing",
        collection_id.uuid(),
        org_id.uuid(),
        about.title,
        about.description,
        about.visibility.as_str(),
        now,
    )
    .execute(tx)
    .await?;
    Ok(inserted.rows_affected() == 1)
}

async fn owner(tx: &mut PgConnection, collection_id: CollectionId) -> Result<Option<OrgId>> {
    let row = sqlx::query!(
        "select org_id from collection where collection_id = $1",
        collection_id.uuid()
    )
    .fetch_optional(tx)
    .await?;
    Ok(row.map(|row| row.org_id))
}

/// A collection as it stands, held until the transaction ends.
struct Held {
    about: About,
    revision: i32,
    arrangement: i32,
}

async fn lock(tx: &mut PgConnection, org_id: OrgId, collection_id: CollectionId) -> Result<Held> {
    let row = sqlx::query!(
        "select title, description, visibility, revision, arrangement
         from collection where org_id = $1 and collection_id = $2
         for no key update",
        org_id.uuid(),
        collection_id.uuid(),
    )
    .fetch_optional(tx)
    .await?
    .ok_or_else(|| Refusal::not_found("collection"))?;
    Ok(Held {
        about: About { title: row.title, description: row.description, visibility: row.visibility },
        revision: row.revision,
        arrangement: row.arrangement,
    })
}

#[cfg(test)]
mod tests;
