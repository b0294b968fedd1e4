//! Changing what is said about a collection, and taking it apart. Its works are not touched.

use serde_json::json;
use sqlx::PgConnection;

use super::{lock, may_collect};
use crate::{
    domain::{
        actor::Actor, collection::TypedAbout, error::Refusal, event::EventName, ids::CollectionId,
    },
    services::{Result, Services, events},
};

/// What is to be said about a collection from now on.
#[derive(Clone, Debug)]
pub struct EditCollection {
    pub collection_id: CollectionId,
    /// The one the person had before them while they typed.
    pub revision: i32,
    pub typed: TypedAbout,
}

/// Changes what is said about one of one's own collections.
///
/// # Errors
///
/// Refuses an edit of what somebody else has changed since it was read, unless both say the same.
pub async fn edit(services: &Services, actor: &Actor, edit: EditCollection) -> Result<()> {
    let member = may_collect(actor)?;
    let now = services.now();
    let mut tx = services.pool.begin().await?;
    let held = lock(&mut tx, member.org_id, edit.collection_id).await?;
    let after = edit.typed.parse()?;
    let changed = held.about.differing(&after);
    if changed.is_empty() {
        return Ok(());
    }
    if held.revision != edit.revision {
        return Err(Refusal::conflict(
            "edited_meanwhile",
            t!(
                "Somebody else saved this collection while you were typing. What you typed is kept \
             here, and what they saved stands above it. Save again to replace theirs with yours."
            ),
        )
        .into());
    }
    sqlx::query!(
        "update collection
         set title = $2, description = $3, visibility = $4, revision = revision + 1, edited_at = $5,
             edited_by = $6
         where collection_id = $1",
        edit.collection_id.uuid(),
        after.title,
        after.description,
        after.visibility.as_str(),
        now,
        member.person_id.uuid(),
    )
    .execute(&mut *tx)
    .await?;
    let (org_id, edited) = (Some(member.org_id), EventName::CollectionEdited);
    let detail = json!({ "changed": changed, "revision": held.revision + 1 });
    events::record(&mut tx, actor, now, edited, org_id, edit.collection_id.uuid(), detail).await?;
    tx.commit().await?;
    Ok(())
}

/// Takes a collection apart; its works stay as they are.
pub async fn remove(services: &Services, actor: &Actor, collection_id: CollectionId) -> Result<()> {
    let member = may_collect(actor)?;
    let now = services.now();
    let mut tx = services.pool.begin().await?;
    let held = lock(&mut tx, member.org_id, collection_id).await?;
    delete(&mut tx, collection_id).await?;
    let (org_id, removed) = (Some(member.org_id), EventName::CollectionRemoved);
    let detail = json!({ "title": held.about.title });
    events::record(&mut tx, actor, now, removed, org_id, collection_id.uuid(), detail).await?;
    tx.commit().await?;
    Ok(())
}

// SQL

async fn delete(tx: &mut PgConnection, collection_id: CollectionId) -> Result<()> {
    sqlx::query!("delete from collection_work where collection_id = $1", collection_id.uuid())
        .execute(&mut *tx)
        .await?;
    sqlx::query!("delete from collection where collection_id = $1", collection_id.uuid())
        .execute(tx)
        .await?;
    Ok(())
}
