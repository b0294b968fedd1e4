//! What use costs: the one function that turns the billable use of a month and a price into charges.
//!
//! The preview on an offer, the gate's spend cap and the bill all ask it, so they cannot disagree.
//! Whole numbers only; what is not a whole micro is left to the buyer. A rule that changes gets a new
//! `VERSION`, and what was rated keeps the number it was rated by.

mod estimate;
mod split;

use serde::{Deserialize, Serialize};

pub use estimate::{Estimate, TypedUse, estimates};
pub use split::split;

use super::{
    error::Refusal,
    money::{Money, grouped},
    pricing::{Overrun, Price, Tier},
    text::text_enum,
};

/// Of the rules below.
pub const VERSION: u32 = 1;

/// Units of a started price beyond the included ones.
const STARTED: i128 = 1000;
/// The months of a prepaid year.
pub const YEAR: u32 = 12;

/// What counts of one license in one calendar month.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Billable units.
    pub units: i64,
    /// Prepaid units left over from earlier months of the year, as `carried` says.
    pub carried_units: i64,
    /// What the buyer earned with the work, in micros, as reported.
    pub revenue_micros: i64,
    /// Of the license: 0 is the calendar month it began in.
    pub month: u32,
}

text_enum! {
    /// What a charge is for.
    pub enum ChargeKind("charge") {
        /// The fee of the month.
        Base = "base",
        /// Units beyond those included, by the started thousand.
        Overage = "overage",
        /// Each unit used.
        Use = "use",
        /// A part of what the buyer earned.
        Share = "share",
        /// The fee that is due once.
        Upfront = "upfront",
        /// The fee of a year in advance.
        Prepayment = "prepayment",
    }
}

/// One line of what a month costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Charge {
    pub kind: ChargeKind,
    /// What it was counted from: started thousands, units, or nothing for a fee.
    pub quantity: i64,
    pub micros: i64,
}

impl Charge {
    /// As a line of a bill says it.
    pub fn in_words(&self, tier: &Tier) -> String {
        let quantity = grouped(&self.quantity.to_string());
        match self.kind {
            ChargeKind::Base => t!("Fee for the month").to_owned(),
            ChargeKind::Overage => t!("{quantity} × 1,000 started beyond those included"),
            ChargeKind::Use => tier.unit.counted(self.quantity),
            ChargeKind::Share => {
                t!("Share of {quantity} earned", quantity = tier.money(self.quantity))
            }
            ChargeKind::Upfront => t!("Fee, once").to_owned(),
            ChargeKind::Prepayment => t!("Fee for a year in advance").to_owned(),
        }
    }
}

/// The charges of a month, those of nothing left out.
///
/// # Errors
///
/// Refuses what comes to more than an amount can hold.
pub fn rate(price: &Price, usage: &Usage) -> Result<Vec<Charge>, Refusal> {
    let too_much = || {
        Refusal::invalid(
            "price",
            t!("This comes to more than an amount can hold. Lower the price."),
        )
    };
    lines(price, usage)
        .into_iter()
        .filter(|(_, _, micros)| *micros != 0)
        .map(|(kind, quantity, micros)| {
            let quantity = i64::try_from(quantity).map_err(|_| too_much())?;
            let micros = i64::try_from(micros).map_err(|_| too_much())?;
            Ok(Charge { kind, quantity, micros })
        })
        .collect()
}

/// The sum of charges, in the currency of the tier.
pub fn total(tier: &Tier, charges: &[Charge]) -> Result<Money, Refusal> {
    let sum: i128 = charges.iter().map(|charge| i128::from(charge.micros)).sum();
    i64::try_from(sum)
        .map(|micros| tier.money(micros))
        .map_err(|_| Refusal::invalid("price", t!("This comes to more than an amount can hold.")))
}

/// What a month costs for its use alone, in micros: what a buyer's cap is held against. Fees that are
/// due once or a year in advance were agreed to with the license, and a share has no use to stop.
/// The type holds every such sum.
pub fn month_spend(price: &Price, units: i64, carried_units: i64) -> i128 {
    let usage = Usage { units, carried_units, revenue_micros: 0, month: 1 };
    lines(price, &usage).into_iter().map(|(_, _, micros)| micros).sum()
}

/// Prepaid units that are left over for the next month of a year, where this many were used in its
/// months so far. Elsewhere nothing is left over.
pub fn carried(price: &Price, used: &[i64]) -> i64 {
    let Price::Prepaid { included_units, rolls_over: true, .. } = *price else { return 0 };
    used.iter()
        .fold(0_i64, |left, used| left.saturating_add(included_units).saturating_sub(*used).max(0))
}

/// How many months of its prepaid year have gone before this month of a license.
pub const fn months_into_year(month: u32) -> u32 {
    month % YEAR
}

/// What a month would have cost on the tiers of an offer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rated<'a> {
    /// The tier it would have ended on.
    pub tier: &'a Tier,
    pub charges: Vec<Charge>,
    /// Units that would not have been delivered, because the tier stops before them.
    pub stopped_units: i64,
}

/// Rates a month on the tiers of an offer: on the first that is paid for, or on the one that moving
/// up leads to. Nothing where no tier is paid for.
pub fn on_tiers<'a>(tiers: &'a [Tier], usage: &Usage) -> Result<Option<Rated<'a>>, Refusal> {
    let mut paid = tiers.iter().filter(|tier| !tier.is_free());
    let Some(mut tier) = paid.next() else { return Ok(None) };
    let beyond = |tier: &Tier| {
        let end = tier.price.month_units().filter(|_| tier.overrun != Overrun::Charge);
        end.map_or(0, |end| {
            usage.units.saturating_sub(end.saturating_add(usage.carried_units)).max(0)
        })
    };
    while tier.overrun == Overrun::Upgrade && beyond(tier) > 0 {
        let Some(next) = paid.next() else { break };
        tier = next;
    }
    let stopped_units = beyond(tier);
    let usage = Usage { units: usage.units.saturating_sub(stopped_units), ..*usage };
    Ok(Some(Rated { tier, charges: rate(&tier.price, &usage)?, stopped_units }))
}

/// Kind, quantity and micros of each charge.
fn lines(price: &Price, usage: &Usage) -> Vec<(ChargeKind, i128, i128)> {
    let units = i128::from(usage.units.max(0));
    let beyond = |included: i64, carried: i64, overage: Option<i64>| {
        let included = i128::from(included.max(0)) + i128::from(carried.max(0));
        let started = ((units - included).max(0) + STARTED - 1) / STARTED;
        (ChargeKind::Overage, started, started * i128::from(overage.unwrap_or(0)))
    };
    let used = |price_micros: i64, per: i64| {
        (ChargeKind::Use, units, units * i128::from(price_micros) / i128::from(per.max(1)))
    };
    let fee = |kind, micros: i64| (kind, 0, i128::from(micros));
    match *price {
        Price::Subscription { base_micros, included_units, overage_micros } => {
            vec![fee(ChargeKind::Base, base_micros), beyond(included_units, 0, overage_micros)]
        }
        Price::PerUse { price_micros, per, .. } => vec![used(price_micros, per)],
        Price::RevenueShare { basis_points, .. } => {
            let revenue = i128::from(usage.revenue_micros.max(0));
            vec![(ChargeKind::Share, revenue, revenue * i128::from(basis_points) / 10_000)]
        }
        Price::Upfront { fee_micros, price_micros, per, .. } => {
            let due = if usage.month == 0 { fee_micros } else { 0 };
            vec![fee(ChargeKind::Upfront, due), used(price_micros, per)]
        }
        Price::Prepaid { year_micros, included_units, overage_micros, rolls_over } => {
            let due = if months_into_year(usage.month) == 0 { year_micros } else { 0 };
            let carried = if rolls_over { usage.carried_units } else { 0 };
            vec![fee(ChargeKind::Prepayment, due), beyond(included_units, carried, overage_micros)]
        }
    }
}

#[cfg(test)]
mod tests;
