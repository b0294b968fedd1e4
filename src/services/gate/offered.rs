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

/// The offer that a license for this could be had by, whoever asks: offers are public.
pub async fn offered(services: &Services, ask: &Ask) -> Result<Option<Offered>> {
    let found = match &ask.subject {
        Subject::Content(Some(content_id)) => by_content(services, content_id.as_str()).await?,
        Subject::Content(None) | Subject::Page(_) => None,
    };
    let Some(asset_id) = found else { return Ok(None) };
    let offer = offers::current(services, asset_id).await?;
    Ok(offer.map(|offer| Offered { asset_id, offer }))
}

// SQL

async fn by_content(services: &Services, content_id: &str) -> Result<Option<AssetId>> {
    let found = sqlx::query_scalar!(
        r#"select asset_id as "asset_id: AssetId" from asset_version where content_id = $1"#,
        content_id,
    )
    .fetch_optional(&services.pool)
    .await?;
    Ok(found)
}
