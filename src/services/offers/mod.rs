//! Offers: terms and tiers put on a work, for everybody or for one buyer. A published offer never
//! changes; another one ends it, or it is withdrawn. Licenses keep what they were accepted under.

mod preview;
mod read;
mod rows;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde_json::json;
use sqlx::PgConnection;

pub use preview::{Preview, PreviewLine, preview};
pub use read::{OfferRow, current, current_for, list};
pub(crate) use rows::{PriceRow, TierRow, read_paths, read_scopes, write_scopes};

use self::rows::{insert_tier, tiers};
use super::{
    Result, Services, events, identity,
    sent_before::was_sent,
    terms::{self, PublishedTerms},
};
use crate::domain::{
    actor::{Actor, Deed},
    asset::AssetKind,
    error::Refusal,
    event::EventName,
    ids::{AssetId, OfferId, OrgId, TermsId, TierId},
    metering::Unit,
    pricing::{Tier, TypedTiers},
    text,
};

/// The most characters of an organization's short name.
const SLUG_LENGTH_MAX: usize = 64;

/// An offer to publish. The id is made by the form, so that sending it twice publishes once.
#[derive(Debug)]
pub struct NewOffer {
    pub offer_id: OfferId,
    pub asset_id: AssetId,
    /// The key of a template, or the digest of one's own published terms.
    pub terms: String,
    pub tiers: TypedTiers,
    /// The short name of the only buyer it is for; empty where it is for everybody.
    pub buyer: String,
}

/// A published offer.
#[derive(Debug)]
pub struct Offer {
    pub offer_id: OfferId,
    pub published_at: DateTime<Utc>,
    pub terms: PublishedTerms,
    pub tiers: Vec<OfferedTier>,
    /// Whether it is for one buyer alone.
    pub contract: bool,
}

/// A tier of a published offer.
#[derive(Clone, Debug)]
pub struct OfferedTier {
    pub tier_id: TierId,
    pub tier: Tier,
}

/// Publishes an offer for one of one's own works; the one before it, for everybody or for the same
/// buyer, ends.
pub async fn publish(services: &Services, actor: &Actor, new: NewOffer) -> Result<OfferId> {
    let member = actor.may_as_creator(Deed::PublishOffer)?;
    let terms = terms::chosen(services, member.org_id, &new.terms).await?;
    let buyer_org_id = buyer(services, member.org_id, &new.buyer).await?;
    let typed = TypedTiers { for_one_buyer: buyer_org_id.is_some(), ..new.tiers.clone() };
    let tiers = typed.parse(&terms)?;
    let now = services.now();
    let mut tx = services.pool.begin().await?;
    // Two offers published at once for one work would both see no offer to end; the lock lets the
    // second see the first.
    let kind = lock_asset(&mut tx, member.org_id, new.asset_id).await?;
    sold_by(&tiers, kind)?;
    if is_published(&mut tx, member.org_id, &new).await? {
        return Ok(new.offer_id);
    }
    let consents = identity::consenting(&mut tx, member.org_id, &terms).await?;
    let terms_id = terms::keep(&mut tx, member.org_id, &terms, now).await?;
    end_before(&mut tx, new.asset_id, buyer_org_id, now).await?;
    insert_offer(&mut tx, member.org_id, &new, terms_id, buyer_org_id, now).await?;
    for (position, tier) in (1..).zip(&tiers) {
        insert_tier(&mut tx, new.offer_id, position, tier).await?;
    }
    events::record(
        &mut tx,
        actor,
        now,
        EventName::OfferPublished,
        Some(member.org_id),
        new.offer_id.uuid(),
        json!({
            "asset_id": new.asset_id,
            "terms_digest": terms.digest()?,
            "buyer_org_id": buyer_org_id,
            "consents": consents.into_iter().collect::<BTreeMap<_, _>>(),
            "tiers": tiers.iter().map(|tier| json!({
                "name": tier.name, "currency": tier.currency, "price": tier.price,
            })).collect::<Vec<_>>(),
        }),
    )
    .await?;
    tx.commit().await?;
    Ok(new.offer_id)
}

/// Withdraws one of one's own offers: nobody can accept it any more. Licenses stay as they are.
/// Withdrawn twice it is withdrawn once. Answers which work it was on.
pub async fn withdraw(services: &Services, actor: &Actor, offer_id: OfferId) -> Result<AssetId> {
    let member = actor.may_as_creator(Deed::PublishOffer)?;
    let now = services.now();
    let mut tx = services.pool.begin().await?;
    let (asset_id, ended) = lock_offer(&mut tx, member.org_id, offer_id).await?;
    if ended {
        return Ok(asset_id);
    }
    end_offer(&mut tx, offer_id, now).await?;
    events::record(
        &mut tx,
        actor,
        now,
        EventName::OfferWithdrawn,
        Some(member.org_id),
        offer_id.uuid(),
        json!({ "asset_id": asset_id }),
    )
    .await?;
    tx.commit().await?;
    Ok(asset_id)
}

/// Puts one of one's own offers back that was withdrawn, while no other has taken its place. Put back
/// twice it is put back once. Answers which work it is on.
pub async fn restore(services: &Services, actor: &Actor, offer_id: OfferId) -> Result<AssetId> {
    let member = actor.may_as_creator(Deed::PublishOffer)?;
    let now = services.now();
    let mut tx = services.pool.begin().await?;
    let asset_id = asset_of(&mut tx, member.org_id, offer_id).await?;
    // Whoever publishes another one at this moment holds the same lock.
    lock_asset(&mut tx, member.org_id, asset_id).await?;
    if !lock_offer(&mut tx, member.org_id, offer_id).await?.1 {
        return Ok(asset_id);
    }
    if !revive_offer(&mut tx, offer_id).await? {
        return Err(Refusal::conflict(
            "offer_replaced",
            t!("Another offer has taken its place, and stands. Withdraw that one first."),
        )
        .into());
    }
    events::record(
        &mut tx,
        actor,
        now,
        EventName::OfferRestored,
        Some(member.org_id),
        offer_id.uuid(),
        json!({ "asset_id": asset_id }),
    )
    .await?;
    tx.commit().await?;
    Ok(asset_id)
}

/// Refuses units that works of this kind do not come in.
fn sold_by(tiers: &[Tier], kind: AssetKind) -> Result<()> {
    let by_image = tiers.iter().any(|tier| tier.unit == Unit::Image);
    if by_image && !matches!(kind, AssetKind::Image | AssetKind::Site) {
        let sentence = t!("This work is no image. Choose another unit.");
        return Err(Refusal::invalid("unit", sentence).into());
    }
    Ok(())
}

// SQL

async fn buyer(services: &Services, own: OrgId, slug: &str) -> Result<Option<OrgId>> {
    let slug = text::optional_line("buyer", slug, SLUG_LENGTH_MAX)?;
    if slug.is_empty() {
        return Ok(None);
    }
    let found = sqlx::query!("select org_id, is_buyer from organization where slug = $1", slug)
        .fetch_optional(&services.pool)
        .await?
        .filter(|row| row.is_buyer && row.org_id != own);
    match found {
        Some(row) => Ok(Some(row.org_id)),
        None => Err(Refusal::invalid(
            "buyer",
            t!("No other organization that buys has this short name. The buyer finds theirs in Settings."),
        )
        .into()),
    }
}

async fn lock_asset(tx: &mut PgConnection, org_id: OrgId, asset_id: AssetId) -> Result<AssetKind> {
    let row = sqlx::query!(
        "select kind from asset where org_id = $1 and asset_id = $2 for update",
        org_id.uuid(),
        asset_id.uuid(),
    )
    .fetch_optional(tx)
    .await?
    .ok_or_else(|| Refusal::not_found("work"))?;
    Ok(row.kind)
}

async fn is_published(tx: &mut PgConnection, org_id: OrgId, new: &NewOffer) -> Result<bool> {
    let found =
        sqlx::query!("select org_id, asset_id from offer where offer_id = $1", new.offer_id.uuid())
            .fetch_optional(tx)
            .await?;
    was_sent("offer", org_id, &new.asset_id, found.map(|row| (row.org_id, row.asset_id)))
}

async fn end_before(
    tx: &mut PgConnection,
    asset_id: AssetId,
    buyer_org_id: Option<OrgId>,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "update offer set ended_at = $3
         where asset_id = $1 and ended_at is null and buyer_org_id is not distinct from $2",
        asset_id.uuid(),
        buyer_org_id.map(OrgId::uuid),
        now,
    )
    .execute(tx)
    .await?;
    Ok(())
}

async fn lock_offer(
    tx: &mut PgConnection,
    org_id: OrgId,
    offer_id: OfferId,
) -> Result<(AssetId, bool)> {
    let row = sqlx::query!(
        "select asset_id, ended_at from offer where org_id = $1 and offer_id = $2 for update",
        org_id.uuid(),
        offer_id.uuid(),
    )
    .fetch_optional(tx)
    .await?
    .ok_or_else(|| Refusal::not_found("offer"))?;
    Ok((row.asset_id, row.ended_at.is_some()))
}

async fn asset_of(tx: &mut PgConnection, org_id: OrgId, offer_id: OfferId) -> Result<AssetId> {
    let row = sqlx::query!(
        "select asset_id from offer where org_id = $1 and offer_id = $2",
        org_id.uuid(),
        offer_id.uuid(),
    )
    .fetch_optional(tx)
    .await?
    .ok_or_else(|| Refusal::not_found("offer"))?;
    Ok(row.asset_id)
}

/// The work is locked. Whether nothing stands in the offer's place.
async fn revive_offer(tx: &mut PgConnection, offer_id: OfferId) -> Result<bool> {
    let revived = sqlx::query!(
        "update offer set ended_at = null
         where offer_id = $1
           and not exists (
               select from offer other
               where other.asset_id = offer.asset_id and other.ended_at is null
                 and other.buyer_org_id is not distinct from offer.buyer_org_id)",
        offer_id.uuid(),
    )
    .execute(tx)
    .await?;
    Ok(revived.rows_affected() == 1)
}

async fn end_offer(tx: &mut PgConnection, offer_id: OfferId, now: DateTime<Utc>) -> Result<()> {
    sqlx::query!("update offer set ended_at = $2 where offer_id = $1", offer_id.uuid(), now)
        .execute(tx)
        .await?;
    Ok(())
}

async fn insert_offer(
    tx: &mut PgConnection,
    org_id: OrgId,
    new: &NewOffer,
    terms_id: TermsId,
    buyer_org_id: Option<OrgId>,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "insert into offer (offer_id, org_id, asset_id, terms_id, published_at, buyer_org_id)
         values ($1, $2, $3, $4, $5, $6)",
        new.offer_id.uuid(),
        org_id.uuid(),
        new.asset_id.uuid(),
        terms_id.uuid(),
        now,
        buyer_org_id.map(OrgId::uuid),
    )
    .execute(tx)
    .await?;
    Ok(())
}

#[cfg(test)]
mod tests;
