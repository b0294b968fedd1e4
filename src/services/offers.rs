//! Offers: terms and tiers put on a work. A published offer never changes; another one ends it.

use chrono::{DateTime, Utc};
use serde_json::json;
use sqlx::PgConnection;

use super::{Error, Result, Services, events, mint, sent_before::was_sent};
use crate::domain::{
    actor::{Actor, Deed},
    asset::ContentId,
    error::Refusal,
    event::EventName,
    gate::{PathRules, Pattern},
    ids::{AssetId, OfferId, OrgId, TermsId, TierId},
    money::{Currency, Money},
    pricing::{Overrun, Tier, TypedTiers},
    terms::{self, Scope, Terms},
};

/// An offer to publish. The id is made by the form, so that sending it twice publishes once.
#[derive(Debug)]
pub struct NewOffer {
    pub offer_id: OfferId,
    pub asset_id: AssetId,
    /// The key of a terms template.
    pub template: String,
    pub tiers: TypedTiers,
}

/// A published offer.
#[derive(Debug)]
pub struct Offer {
    pub offer_id: OfferId,
    pub published_at: DateTime<Utc>,
    pub terms: PublishedTerms,
    pub tiers: Vec<OfferedTier>,
}

/// Terms as they were published.
#[derive(Clone, Debug)]
pub struct PublishedTerms {
    pub terms_id: TermsId,
    pub digest: String,
    pub terms: Terms,
}

/// A tier of a published offer.
#[derive(Clone, Debug)]
pub struct OfferedTier {
    pub tier_id: TierId,
    pub tier: Tier,
}

/// One's own published terms, with how many live offers stand on them.
#[derive(Debug)]
pub struct TermsRow {
    pub terms: PublishedTerms,
    pub offers: i64,
    pub created_at: DateTime<Utc>,
}

/// Publishes an offer for one of one's own works; the offer before it ends.
pub async fn publish(services: &Services, actor: &Actor, new: NewOffer) -> Result<OfferId> {
    let member = actor.may_as_creator(Deed::PublishOffer)?;
    let terms = terms::template(&new.template)?.terms;
    let tiers = new.tiers.parse(&terms)?;
    let now = services.now();
    let mut tx = services.pool.begin().await?;
    // Two offers published at once for one work would both see no offer to end; the lock lets the
    // second see the first.
    lock_asset(&mut tx, member.org_id, new.asset_id).await?;
    if is_published(&mut tx, member.org_id, &new).await? {
        return Ok(new.offer_id);
    }
    let terms_id = keep_terms(&mut tx, member.org_id, &terms, now).await?;
    end_offer(&mut tx, new.asset_id, now).await?;
    insert_offer(&mut tx, member.org_id, &new, terms_id, now).await?;
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
        json!({ "asset_id": new.asset_id, "terms_digest": terms.digest()? }),
    )
    .await?;
    tx.commit().await?;
    Ok(new.offer_id)
}

/// The offer now standing on a work, whoever asks: offers are public.
pub async fn current(services: &Services, asset_id: AssetId) -> Result<Option<Offer>> {
    let Some(row) = sqlx::query!(
        "select offer_id, published_at, terms_id, digest, document
         from offer join terms using (terms_id)
         where asset_id = $1 and ended_at is null",
        asset_id.uuid(),
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
    }))
}

/// The terms one's own offers stand on, newest first.
pub async fn list_terms(services: &Services, actor: &Actor) -> Result<Vec<TermsRow>> {
    let member = actor.may(Deed::ReadAssets)?;
    let rows = sqlx::query!(
        r#"select terms_id, digest, document, created_at,
                  (select count(*) from offer
                   where offer.terms_id = terms.terms_id and ended_at is null) as "offers!"
           from terms where org_id = $1 order by terms_id desc limit 500"#,
        member.org_id.uuid(),
    )
    .fetch_all(&services.pool)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(TermsRow {
                terms: published(row.terms_id, row.digest, row.document)?,
                offers: row.offers,
                created_at: row.created_at,
            })
        })
        .collect()
}

/// Published terms by their digest; they are public, for a license names them by it.
pub async fn terms_by_digest(services: &Services, digest: &str) -> Result<PublishedTerms> {
    let digest: ContentId = digest.parse().map_err(|_| Refusal::not_found("terms"))?;
    let row = sqlx::query!(
        "select terms_id, digest, document from terms where digest = $1 order by terms_id limit 1",
        digest.as_str(),
    )
    .fetch_optional(&services.pool)
    .await?
    .ok_or_else(|| Refusal::not_found("terms"))?;
    published(row.terms_id, row.digest, row.document)
}

pub(crate) fn published(
    terms_id: TermsId,
    digest: String,
    document: serde_json::Value,
) -> Result<PublishedTerms> {
    let terms: Terms = serde_json::from_value(document)
        .map_err(|error| Error::fault("reading published terms", error))?;
    Ok(PublishedTerms { terms_id, digest, terms })
}

/// The tiers of an offer, in their order.
pub(crate) async fn tiers(services: &Services, offer_id: OfferId) -> Result<Vec<OfferedTier>> {
    let rows = sqlx::query!(
        "select tier_id, name, currency, base_micros, included_units, overrun, overage_micros,
                rate_per_minute, scopes, allowed_paths, forbidden_paths
         from tier where offer_id = $1 order by position",
        offer_id.uuid(),
    )
    .fetch_all(&services.pool)
    .await?;
    rows.into_iter()
        .map(|row| {
            let tier = TierRow {
                name: row.name,
                currency: row.currency,
                base_micros: row.base_micros,
                included_units: row.included_units,
                overrun: row.overrun,
                overage_micros: row.overage_micros,
                rate_per_minute: row.rate_per_minute,
                scopes: row.scopes,
                allowed_paths: row.allowed_paths,
                forbidden_paths: row.forbidden_paths,
            };
            Ok(OfferedTier { tier_id: row.tier_id, tier: tier.read()? })
        })
        .collect()
}

/// The columns of a tier.
pub(crate) struct TierRow {
    pub name: String,
    pub currency: Currency,
    pub base_micros: i64,
    pub included_units: i64,
    pub overrun: Overrun,
    pub overage_micros: Option<i64>,
    pub rate_per_minute: i32,
    pub scopes: Vec<String>,
    pub allowed_paths: Vec<String>,
    pub forbidden_paths: Vec<String>,
}

impl TierRow {
    /// The tier.
    pub(crate) fn read(self) -> Result<Tier> {
        let money = |micros| Money::new(micros, self.currency);
        Ok(Tier {
            base: money(self.base_micros),
            overage: self.overage_micros.map(money),
            name: self.name,
            included_units: self.included_units,
            overrun: self.overrun,
            rate_per_minute: self.rate_per_minute,
            scopes: read_scopes(&self.scopes)?,
            paths: read_paths(&self.allowed_paths, &self.forbidden_paths)?,
        })
    }
}

/// Path patterns as they are stored.
pub(crate) fn read_paths(allowed: &[String], forbidden: &[String]) -> Result<PathRules> {
    PathRules::parse(allowed, forbidden)
        .map_err(|refusal| Error::fault("reading path patterns", refusal))
}

/// Scopes from their stored names.
pub(crate) fn read_scopes(names: &[String]) -> Result<Vec<Scope>> {
    names
        .iter()
        .map(|name| name.parse().map_err(|error: Refusal| Error::fault("reading scopes", error)))
        .collect()
}

/// Scopes as they are stored.
pub(crate) fn write_scopes(scopes: &[Scope]) -> Vec<String> {
    scopes.iter().map(ToString::to_string).collect()
}

fn write_paths(patterns: &[Pattern]) -> Vec<String> {
    patterns.iter().map(|pattern| pattern.as_str().to_owned()).collect()
}

// SQL

async fn lock_asset(tx: &mut PgConnection, org_id: OrgId, asset_id: AssetId) -> Result<()> {
    sqlx::query!(
        "select asset_id from asset where org_id = $1 and asset_id = $2 for update",
        org_id.uuid(),
        asset_id.uuid(),
    )
    .fetch_optional(tx)
    .await?
    .ok_or_else(|| Refusal::not_found("work"))?;
    Ok(())
}

async fn is_published(tx: &mut PgConnection, org_id: OrgId, new: &NewOffer) -> Result<bool> {
    let found =
        sqlx::query!("select org_id, asset_id from offer where offer_id = $1", new.offer_id.uuid())
            .fetch_optional(tx)
            .await?;
    was_sent("offer", org_id, &new.asset_id, found.map(|row| (row.org_id, row.asset_id)))
}

async fn keep_terms(
    tx: &mut PgConnection,
    org_id: OrgId,
    terms: &Terms,
    now: DateTime<Utc>,
) -> Result<TermsId> {
    let digest = terms.digest()?;
    let document =
        serde_json::to_value(terms).map_err(|error| Error::fault("writing terms", error))?;
    sqlx::query!(
        "insert into terms (terms_id, org_id, digest, name, document, created_at)
         values ($1, $2, $3, $4, $5, $6)
         on conflict on constraint terms_digest_key do nothing",
        mint::<TermsId>().uuid(),
        org_id.uuid(),
        digest.as_str(),
        terms.name,
        document,
        now,
    )
    .execute(&mut *tx)
    .await?;
    let terms_id = sqlx::query_scalar!(
        "select terms_id from terms where org_id = $1 and digest = $2",
        org_id.uuid(),
        digest.as_str(),
    )
    .fetch_one(tx)
    .await?;
    Ok(terms_id)
}

async fn end_offer(tx: &mut PgConnection, asset_id: AssetId, now: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "update offer set ended_at = $2 where asset_id = $1 and ended_at is null",
        asset_id.uuid(),
        now,
    )
    .execute(tx)
    .await?;
    Ok(())
}

async fn insert_offer(
    tx: &mut PgConnection,
    org_id: OrgId,
    new: &NewOffer,
    terms_id: TermsId,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "insert into offer (offer_id, org_id, asset_id, terms_id, published_at)
         values ($1, $2, $3, $4, $5)",
        new.offer_id.uuid(),
        org_id.uuid(),
        new.asset_id.uuid(),
        terms_id.uuid(),
        now,
    )
    .execute(tx)
    .await?;
    Ok(())
}

async fn insert_tier(
    tx: &mut PgConnection,
    offer_id: OfferId,
    position: i32,
    tier: &Tier,
) -> Result<()> {
    sqlx::query!(
        "insert into tier (tier_id, offer_id, position, name, currency, base_micros, included_units,
                           overrun, overage_micros, rate_per_minute, scopes, allowed_paths,
                           forbidden_paths)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
        mint::<TierId>().uuid(),
        offer_id.uuid(),
        position,
        tier.name,
        tier.base.currency.as_str(),
        tier.base.micros,
        tier.included_units,
        tier.overrun.as_str(),
        tier.overage.map(|overage| overage.micros),
        tier.rate_per_minute,
        &write_scopes(&tier.scopes),
        &write_paths(&tier.paths.allowed),
        &write_paths(&tier.paths.forbidden),
    )
    .execute(tx)
    .await?;
    Ok(())
}

#[cfg(test)]
mod tests;
