//! Which works a collection holds, and in which order.

use chrono::{DateTime, Utc};
use serde_json::json;
use sqlx::PgConnection;
use uuid::Uuid;

use super::{lock, may_collect};
use crate::{
    domain::{
        actor::Actor,
        collection::{WORKS_MAX, arranged},
        error::Refusal,
        event::EventName,
        ids::{AssetId, CollectionId, OrgId},
    },
    services::{Result, Services, events},
};

/// An order that works are to be put in.
#[derive(Clone, Debug)]
pub struct Arrangement {
    pub collection_id: CollectionId,
    /// The one the person had before them.
    pub arrangement: i32,
    /// The place of each work: 1 is the first.
    pub places: Vec<(AssetId, u32)>,
}

/// Adds works at the end; answers how many were not there yet.
///
/// # Errors
///
/// "Not found" if one of them is not the organization's own; then none is added.
pub async fn add(
    services: &Services,
    actor: &Actor,
    collection_id: CollectionId,
    works: &[AssetId],
) -> Result<usize> {
    let member = may_collect(actor)?;
    let now = services.now();
    let mut tx = services.pool.begin().await?;
    lock(&mut tx, member.org_id, collection_id).await?;
    let added = insert_works(&mut tx, member.org_id, collection_id, works, now).await?;
    if added.is_empty() {
        return Ok(0);
    }
    let (org_id, filled) = (Some(member.org_id), EventName::CollectionFilled);
    let detail = json!({ "works": added });
    events::record(&mut tx, actor, now, filled, org_id, collection_id.uuid(), detail).await?;
    tx.commit().await?;
    Ok(added.len())
}

/// Takes works out; those that are not there are passed over. Answers how many were.
pub async fn take_out(
    services: &Services,
    actor: &Actor,
    collection_id: CollectionId,
    works: &[AssetId],
) -> Result<usize> {
    let member = may_collect(actor)?;
    let now = services.now();
    let mut tx = services.pool.begin().await?;
    lock(&mut tx, member.org_id, collection_id).await?;
    let removed = delete_works(&mut tx, collection_id, works).await?;
    if removed.is_empty() {
        return Ok(0);
    }
    let (org_id, emptied) = (Some(member.org_id), EventName::CollectionEmptied);
    let detail = json!({ "works": removed });
    events::record(&mut tx, actor, now, emptied, org_id, collection_id.uuid(), detail).await?;
    tx.commit().await?;
    Ok(removed.len())
}

/// Puts the works in another order.
///
/// # Errors
///
/// Refuses it where somebody else has arranged them since they were read, unless both want the same.
pub async fn arrange(services: &Services, actor: &Actor, asked: Arrangement) -> Result<()> {
    let member = may_collect(actor)?;
    let now = services.now();
    let mut tx = services.pool.begin().await?;
    let held = lock(&mut tx, member.org_id, asked.collection_id).await?;
    let before = works(&mut tx, asked.collection_id).await?;
    let after = arranged(&before, &asked.places);
    if after == before {
        return Ok(());
    }
    if held.arrangement != asked.arrangement {
        return Err(Refusal::conflict(
            "arranged_meanwhile",
            t!("Somebody else put the works in another order while you did. What you typed is kept \
             here. Save again to replace their order with yours."),
        )
        .into());
    }
    write_order(&mut tx, asked.collection_id, &after).await?;
    let (org_id, arranged) = (Some(member.org_id), EventName::CollectionArranged);
    let detail = json!({ "works": after });
    events::record(&mut tx, actor, now, arranged, org_id, asked.collection_id.uuid(), detail)
        .await?;
    tx.commit().await?;
    Ok(())
}

/// Adds works that are not there yet, at the end and in their order. The collection is held.
pub(super) async fn insert_works(
    tx: &mut PgConnection,
    org_id: OrgId,
    collection_id: CollectionId,
    new: &[AssetId],
    now: DateTime<Utc>,
) -> Result<Vec<AssetId>> {
    let mut there = works(tx, collection_id).await?;
    let mut fresh: Vec<AssetId> = Vec::new();
    for asset_id in new {
        if !there.contains(asset_id) {
            there.push(*asset_id);
            fresh.push(*asset_id);
        }
    }
    if there.len() > WORKS_MAX {
        return Err(Refusal::invalid(
            "works",
            t!("A collection holds at most {WORKS_MAX} works. Make another one."),
        )
        .into());
    }
    insert_rows(tx, org_id, collection_id, &fresh, now).await?;
    Ok(fresh)
}

// SQL

/// The works of a collection, in their order.
async fn works(tx: &mut PgConnection, collection_id: CollectionId) -> Result<Vec<AssetId>> {
    let rows = sqlx::query!(
        "select asset_id from collection_work where collection_id = $1 order by place",
        collection_id.uuid(),
    )
    .fetch_all(tx)
    .await?;
    Ok(rows.into_iter().map(|row| row.asset_id).collect())
}

async fn insert_rows(
    tx: &mut PgConnection,
    org_id: OrgId,
    collection_id: CollectionId,
    works: &[AssetId],
    now: DateTime<Utc>,
) -> Result<()> {
    let ids: Vec<Uuid> = works.iter().map(|id| id.uuid()).collect();
    let inserted = sqlx::query!(
        "insert into collection_work (collection_id, asset_id, org_id, place, added_at)
         select $1, asset.asset_id, $2, last.place + wanted.ordinality::int, $4
         from unnest($3::uuid[]) with ordinality wanted (asset_id, ordinality)
         join asset on asset.asset_id = wanted.asset_id and asset.org_id = $2,
         (select coalesce(max(place), 0) as place from collection_work where collection_id = $1) last",
        collection_id.uuid(),
        org_id.uuid(),
        &ids,
        now,
    )
    .execute(tx)
    .await?;
    match usize::try_from(inserted.rows_affected()) {
        Ok(rows) if rows == works.len() => Ok(()),
        _ => Err(Refusal::not_found("work").into()),
    }
}

async fn delete_works(
    tx: &mut PgConnection,
    collection_id: CollectionId,
    works: &[AssetId],
) -> Result<Vec<AssetId>> {
    let ids: Vec<Uuid> = works.iter().map(|id| id.uuid()).collect();
    let rows = sqlx::query!(
        "delete from collection_work where collection_id = $1 and asset_id = any($2)
         returning asset_id",
        collection_id.uuid(),
        &ids,
    )
    .fetch_all(tx)
    .await?;
    Ok(rows.into_iter().map(|row| row.asset_id).collect())
}

async fn write_order(
    tx: &mut PgConnection,
    collection_id: CollectionId,
    works: &[AssetId],
) -> Result<()> {
    let ids: Vec<Uuid> = works.iter().map(|id| id.uuid()).collect();
    sqlx::query!(
        "update collection_work set place = wanted.place::int
         from unnest($2::uuid[]) with ordinality wanted (asset_id, place)
         where collection_id = $1 and collection_work.asset_id = wanted.asset_id",
        collection_id.uuid(),
        &ids,
    )
    .execute(&mut *tx)
    .await?;
    sqlx::query!(
        "update collection set arrangement = arrangement + 1 where collection_id = $1",
        collection_id.uuid(),
    )
    .execute(tx)
    .await?;
    Ok(())
}
