//! The table `tier`, to and from what the domain calls a tier.

use sqlx::PgConnection;

use super::OfferedTier;
use crate::{
    domain::{
        error::Refusal,
        gate::{PathRules, Pattern},
        ids::{OfferId, TierId},
        metering::Unit,
        money::Currency,
        pricing::{Overrun, Price, PriceModel, Tier},
        terms::Scope,
    },
    services::{Error, Result, Services, mint},
};

/// The columns of a price.
#[derive(Clone, Copy)]
pub(crate) struct PriceRow {
    pub model: PriceModel,
    pub base_micros: i64,
    pub included_units: i64,
    pub overrun: Overrun,
    pub overage_micros: Option<i64>,
    pub use_micros: Option<i64>,
    pub use_per: Option<i64>,
    pub share_bp: Option<i32>,
    pub rolls_over: bool,
}

impl PriceRow {
    /// The price.
    pub(crate) fn read(self) -> Result<Price> {
        let missing = || Error::fault("reading a tier", "a figure of its price is missing");
        let Self { base_micros, included_units, overage_micros, rolls_over, .. } = self;
        let quota = (self.overrun != Overrun::Charge).then_some(included_units);
        let each = || self.use_micros.zip(self.use_per).ok_or_else(missing);
        Ok(match self.model {
            PriceModel::Subscription => {
                Price::Subscription { base_micros, included_units, overage_micros }
            }
            PriceModel::PerUse => {
                let (price_micros, per) = each()?;
                Price::PerUse { price_micros, per, quota }
            }
            PriceModel::RevenueShare => {
                let basis_points = self.share_bp.ok_or_else(missing)?;
                Price::RevenueShare { basis_points, quota }
            }
            PriceModel::Upfront => {
                let (price_micros, per) = each()?;
                Price::Upfront { fee_micros: base_micros, price_micros, per, quota }
            }
            PriceModel::Prepaid => Price::Prepaid {
                year_micros: base_micros,
                included_units,
                overage_micros,
                rolls_over,
            },
        })
    }

    fn of(price: &Price, overrun: Overrun) -> Self {
        let bare = Self {
            model: price.model(),
            base_micros: 0,
            included_units: price.month_units().unwrap_or(0),
            overrun,
            overage_micros: None,
            use_micros: None,
            use_per: None,
            share_bp: None,
            rolls_over: false,
        };
        match *price {
            Price::Subscription { base_micros, overage_micros, .. } => {
                Self { base_micros, overage_micros, ..bare }
            }
            Price::PerUse { price_micros, per, .. } => {
                Self { use_micros: Some(price_micros), use_per: Some(per), ..bare }
            }
            Price::RevenueShare { basis_points, .. } => {
                Self { share_bp: Some(basis_points), ..bare }
            }
            Price::Upfront { fee_micros, price_micros, per, .. } => Self {
                base_micros: fee_micros,
                use_micros: Some(price_micros),
                use_per: Some(per),
                ..bare
            },
            Price::Prepaid { year_micros, overage_micros, rolls_over, .. } => {
                Self { base_micros: year_micros, overage_micros, rolls_over, ..bare }
            }
        }
    }
}

/// The columns of a tier.
pub(crate) struct TierRow {
    pub name: String,
    pub currency: Currency,
    pub unit: Unit,
    pub price: PriceRow,
    pub rate_per_minute: i32,
    pub scopes: Vec<String>,
    pub allowed_paths: Vec<String>,
    pub forbidden_paths: Vec<String>,
}

impl TierRow {
    /// The tier.
    pub(crate) fn read(self) -> Result<Tier> {
        Ok(Tier {
            price: self.price.read()?,
            overrun: self.price.overrun,
            name: self.name,
            currency: self.currency,
            unit: self.unit,
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

/// The tiers of an offer, in their order.
pub(super) async fn tiers(services: &Services, offer_id: OfferId) -> Result<Vec<OfferedTier>> {
    let rows = sqlx::query!(
        "select tier_id, name, currency, base_micros, included_units, overrun, overage_micros,
                rate_per_minute, scopes, allowed_paths, forbidden_paths, unit, model, use_micros,
                use_per, share_bp, rolls_over
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
                unit: row.unit,
                price: PriceRow {
                    model: row.model,
                    base_micros: row.base_micros,
                    included_units: row.included_units,
                    overrun: row.overrun,
                    overage_micros: row.overage_micros,
                    use_micros: row.use_micros,
                    use_per: row.use_per,
                    share_bp: row.share_bp,
                    rolls_over: row.rolls_over,
                },
                rate_per_minute: row.rate_per_minute,
                scopes: row.scopes,
                allowed_paths: row.allowed_paths,
                forbidden_paths: row.forbidden_paths,
            };
            Ok(OfferedTier { tier_id: row.tier_id, tier: tier.read()? })
        })
        .collect()
}

pub(super) async fn insert_tier(
    tx: &mut PgConnection,
    offer_id: OfferId,
    position: i32,
    tier: &Tier,
) -> Result<()> {
    let price = PriceRow::of(&tier.price, tier.overrun);
    sqlx::query!(
        "insert into tier (tier_id, offer_id, position, name, currency, base_micros, included_units,
                           overrun, overage_micros, rate_per_minute, scopes, allowed_paths,
                           forbidden_paths, unit, model, use_micros, use_per, share_bp, rolls_over)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)",
        mint::<TierId>().uuid(),
        offer_id.uuid(),
        position,
        tier.name,
        tier.currency.as_str(),
        price.base_micros,
        price.included_units,
        price.overrun.as_str(),
        price.overage_micros,
        tier.rate_per_minute,
        &write_scopes(&tier.scopes),
        &write_paths(&tier.paths.allowed),
        &write_paths(&tier.paths.forbidden),
        tier.unit.as_str(),
        price.model.as_str(),
        price.use_micros,
        price.use_per,
        price.share_bp,
        price.rolls_over,
    )
    .execute(tx)
    .await?;
    Ok(())
}
