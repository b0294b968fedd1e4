//! Removing bytes that nobody needs.

use std::collections::HashSet;

use futures::TryStreamExt as _;
use sqlx::PgConnection;

use crate::{
    domain::asset::ContentId,
    services::{Result, Services},
};

/// How many contents the sweep asks the database about at once.
const SWEPT_AT_ONCE: usize = 500;

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

// SQL

/// Those of these contents that a work refers to.
pub(super) async fn registered(
    tx: &mut PgConnection,
    content_ids: &[ContentId],
) -> Result<HashSet<String>> {
    let content_ids: Vec<String> = content_ids.iter().map(ToString::to_string).collect();
    let found = sqlx::query_scalar!(
        "select content_id from asset_version where content_id = any($1)",
        &content_ids,
    )
    .fetch_all(tx)
    .await?;
    Ok(found.into_iter().collect())
}
