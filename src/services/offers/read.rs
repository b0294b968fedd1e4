//! Reading offers. Nothing here writes.

use chrono::{DateTime, Utc};

use super::{Offer, OfferedTier, tiers};
use crate::{
    domain::{
        actor::{Actor, Deed},
        ids::{AssetId, OfferId, OrgId},
    },
    services::{
        Result, Services,
        terms::{PublishedTerms, published},
    },
};

/// One's own offer that stands.
#[derive(Debug)]
pub struct OfferRow {
    pub offer_id: OfferId,
    pub asset_id: AssetId,
    pub title: String,
    pub terms: PublishedTerms,
    /// The only buyer it is for.
    pub buyer: Option<String>,
    pub tiers: Vec<OfferedTier>,
    pub published_at: DateTime<Utc>,
    /// Licenses accepted under it that are live.
    pub licenses: i64,
}

/// The public offer now standing on a work, whoever asks.
pub async fn current(services: &Services, asset_id: AssetId) -> Result<Option<Offer>> {
    current_for(services, None, asset_id).await
}

/// The offer now standing on a work for an organization: a contract with it comes before what is
/// offered to everybody.
pub async fn current_for(
    services: &Services,
    org_id: Option<OrgId>,
    asset_id: AssetId,
) -> Result<Option<Offer>> {
    let Some(row) = sqlx::query!(
        r#"select offer_id, published_at, terms_id, digest, document,
                  buyer_org_id is not null as "contract!"
           from offer join terms using (terms_id)
           where asset_id = $1 and ended_at is null
             and (buyer_org_id is null or buyer_org_id = $2)
           order by buyer_org_id nulls last limit 1"#,
        asset_id.uuid(),
        org_id.map(OrgId::uuid),
    )
    .fetch_optional(&services.pool)
    .await?
    else {
        return Ok(None);
    };
    Ok(Some(Offer {
        offer_id: row.offer_id,
        published_at: row.published_at,
        terms: published(row.terms_id, row.digest, row.document)?,
        tiers: tiers(services, row.offer_id).await?,
        contract: row.contract,
    }))
}

/// One's own offers that stand, newest first; of one work where it is named.
pub async fn list(
    services: &Services,
    actor: &Actor,
    asset_id: Option<AssetId>,
) -> Result<Vec<OfferRow>> {
    let member = actor.may(Deed::ReadAssets)?;
    let rows = sqlx::query!(
        r#"select offer.offer_id, offer.asset_id, offer.published_at, asset.title, terms.terms_id,
                  terms.digest, terms.document, buyer.name as "buyer?",
                  (select count(*) from license
                   where license.offer_id = offer.offer_id
                     and license.state in ('pending', 'active', 'suspended')
                     and (license.ends_at is null or license.ends_at > $3)) as "licenses!"
           from offer
           join asset on asset.asset_id = offer.asset_id
           join terms on terms.terms_id = offer.terms_id
           left join organization buyer on buyer.org_id = offer.buyer_org_id
           where offer.org_id = $1 and offer.ended_at is null
             and ($2::uuid is null or offer.asset_id = $2)
           order by offer.offer_id desc limit 500"#,
        member.org_id.uuid(),
        asset_id.map(AssetId::uuid),
        services.now(),
    )
    .fetch_all(&services.pool)
    .await?;
    let mut offers = Vec::with_capacity(rows.len());
    for row in rows {
        offers.push(OfferRow {
            offer_id: row.offer_id,
            asset_id: row.asset_id,
            title: row.title,
            terms: published(row.terms_id, row.digest, row.document)?,
            buyer: row.buyer,
            tiers: tiers(services, row.offer_id).await?,
            published_at: row.published_at,
            licenses: row.licenses,
        });
    }
    Ok(offers)
}
