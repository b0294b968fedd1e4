//! What is on offer for something that a client without a license asked for.

use crate::{
    domain::{
        gate::{Ask, Subject},
        ids::AssetId,
    },
    services::{
        Result, Services,
        offers::{self, Offer},
    },
};

/// A work and the offer that stands on it.
#[derive(Debug)]
pub struct Offered {
    pub asset_id: AssetId,
    pub offer: Offer,
}

/// The offer that a license for this could be had by, whoever asks: offers are public, unless the
/// work is private.
pub async fn offered(services: &Services, ask: &Ask) -> Result<Option<Offered>> {
    let found = match &ask.subject {
        Subject::Content(Some(content_id)) => by_content(services, content_id.as_str()).await?,
        Subject::Page(_) => by_host(services, &ask.host).await?,
        Subject::Content(None) => None,
    };
    let Some(asset_id) = found else { return Ok(None) };
    let offer = offers::current(services, asset_id).await?;
    Ok(offer.map(|offer| Offered { asset_id, offer }))
}

// SQL

async fn by_content(services: &Services, content_id: &str) -> Result<Option<AssetId>> {
    let found = sqlx::query_scalar!(
        "select asset_id from asset_version join asset using (asset_id)
         where content_id = $1 and visibility <> 'private'",
        content_id,
    )
    .fetch_optional(&services.pool)
    .await?;
    Ok(found)
}

async fn by_host(services: &Services, host: &str) -> Result<Option<AssetId>> {
    let found = sqlx::query_scalar!(
        "select asset_id from site join asset using (asset_id)
         where host = $1 and state = 'verified' and visibility <> 'private'",
        host,
    )
    .fetch_optional(&services.pool)
    .await?;
    Ok(found)
}
