//! Tiers: what a buyer gets and what it costs.
//!
//! A tier is written down when an offer is published and never changes; a new price is a new offer.
//! What a price comes to is said by `rating`, and nowhere else.

mod typed;
mod words;

use serde::{Deserialize, Serialize};

pub use typed::{TypedPaths, TypedTiers};
pub use words::PriceWords;

use super::{
    gate::PathRules,
    metering::Unit,
    money::{Currency, Money},
    terms::Scope,
    text::text_enum,
};

/// The most requests a minute a tier may promise.
pub const RATE_PER_MINUTE_MAX: i32 = 100_000;

text_enum! {
    /// What happens when the units of a month are used up.
    pub enum Overrun("overrun") {
        /// Deliveries stop until the next month.
        Stop = "stop",
        /// They go on, and cost what the price says.
        Charge = "charge",
        /// The license moves to the next larger tier; on the largest, deliveries stop.
        Upgrade = "upgrade",
    }
}

text_enum! {
    /// How a price works.
    pub enum PriceModel("model") {
        /// A fee a month with units included, and a price for more.
        Subscription = "subscription",
        /// So much for each unit used.
        PerUse = "per_use",
        /// A part of what the buyer earns with the work.
        RevenueShare = "revenue_share",
        /// A fee once, and a smaller price for each unit used.
        Upfront = "upfront",
        /// A fee a year in advance, with units every month.
        Prepaid = "prepaid",
    }
}

impl PriceModel {
    /// As a choice says it.
    pub fn in_words(self) -> &'static str {
        match self {
            Self::Subscription => t!("Subscription"),
            Self::PerUse => t!("Per use"),
            Self::RevenueShare => t!("Revenue share"),
            Self::Upfront => t!("Up-front plus residuals"),
            Self::Prepaid => t!("Annual prepaid"),
        }
    }
}

/// What a tier costs, in micros of one currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "model", rename_all = "snake_case")]
pub enum Price {
    /// A fee a month with units included, and a price for each 1,000 started beyond them.
    Subscription { base_micros: i64, included_units: i64, overage_micros: Option<i64> },
    /// A price for every `per` units, in proportion.
    PerUse { price_micros: i64, per: i64, quota: Option<i64> },
    /// Hundredths of a percent of what the buyer earns with the work.
    RevenueShare { basis_points: i32, quota: Option<i64> },
    /// A fee once, and a price for every `per` units, in proportion.
    Upfront { fee_micros: i64, price_micros: i64, per: i64, quota: Option<i64> },
    /// A fee for twelve months in advance, units included in each of them, and a price for each
    /// 1,000 started beyond them. Units left over go on to the next month of the year where they
    /// roll over, else they expire.
    Prepaid { year_micros: i64, included_units: i64, overage_micros: Option<i64>, rolls_over: bool },
}

impl Price {
    /// How it works.
    pub const fn model(&self) -> PriceModel {
        match self {
            Self::Subscription { .. } => PriceModel::Subscription,
            Self::PerUse { .. } => PriceModel::PerUse,
            Self::RevenueShare { .. } => PriceModel::RevenueShare,
            Self::Upfront { .. } => PriceModel::Upfront,
            Self::Prepaid { .. } => PriceModel::Prepaid,
        }
    }

    /// The units of a month before its policy for more comes to bear; without end where missing.
    pub const fn month_units(&self) -> Option<i64> {
        match *self {
            Self::Subscription { included_units, .. } | Self::Prepaid { included_units, .. } => {
                Some(included_units)
            }
            Self::PerUse { quota, .. }
            | Self::RevenueShare { quota, .. }
            | Self::Upfront { quota, .. } => quota,
        }
    }

    /// What every month costs, used or not, in micros.
    pub const fn monthly_fee(&self) -> i64 {
        match *self {
            Self::Subscription { base_micros, .. } => base_micros,
            Self::PerUse { .. }
            | Self::RevenueShare { .. }
            | Self::Upfront { .. }
            | Self::Prepaid { .. } => 0,
        }
    }

    /// Whether nothing is ever charged.
    pub const fn is_free(&self) -> bool {
        matches!(self, Self::Subscription { base_micros: 0, overage_micros: None, .. })
    }
}

/// One way to take an offer: a price, and what it buys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tier {
    pub name: String,
    pub currency: Currency,
    pub price: Price,
    /// What a use for inference or display is counted by. A use for training is one unit.
    pub unit: Unit,
    /// What happens when the units of a month are used up; they go on where there is no end to them.
    pub overrun: Overrun,
    pub rate_per_minute: i32,
    pub scopes: Vec<Scope>,
    /// Which paths of a site it covers; registered works have none.
    pub paths: PathRules,
}

impl Tier {
    /// The free tier of an offer: previews only, with a hard stop.
    pub fn free(included_units: i64, rate_per_minute: i32, currency: Currency) -> Self {
        Self {
            name: "Preview".into(),
            currency,
            price: Price::Subscription { base_micros: 0, included_units, overage_micros: None },
            unit: Unit::Call,
            overrun: Overrun::Stop,
            rate_per_minute,
            scopes: vec![Scope::Preview],
            paths: PathRules::default(),
        }
    }

    /// Whether nothing is ever charged.
    pub const fn is_free(&self) -> bool {
        self.price.is_free()
    }

    /// An amount in the currency of the tier.
    pub const fn money(&self, micros: i64) -> Money {
        Money::new(micros, self.currency)
    }
}

#[cfg(test)]
mod tests;
