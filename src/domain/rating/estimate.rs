//! What a month of so much use would cost on each tier of an offer, in words: the price calculator.
//!
//! It asks `on_tiers`, so it cannot disagree with what bills are made by.

use super::{Usage, on_tiers, total};
use crate::domain::{
    error::Refusal,
    money::{Money, grouped},
    pricing::Tier,
};

/// The most units a month can be estimated for.
const UNITS_MAX: i64 = 1_000_000_000_000;

/// The use of a month, as typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TypedUse {
    pub units: String,
    /// What is earned with the work; nothing where empty.
    pub revenue: String,
}

/// What the calculator says of one tier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Estimate {
    pub tier: String,
    /// How the sums come about, one short line each.
    pub lines: Vec<String>,
    /// With fees that are due once or a year in advance.
    pub first_month: String,
    pub later_month: String,
}

/// Estimates a month on each of the tiers that are paid for, as if it were the one chosen.
///
/// # Errors
///
/// Refuses, at its field, what cannot be read.
pub fn estimates(tiers: &[Tier], typed: &TypedUse) -> Result<Vec<Estimate>, Refusal> {
    let units = units(&typed.units)?;
    (0..tiers.len())
        .filter(|at| !tiers[*at].is_free())
        .map(|at| estimate(&tiers[at..], units, &typed.revenue))
        .collect()
}

fn estimate(tiers: &[Tier], units: i64, revenue: &str) -> Result<Estimate, Refusal> {
    let none = || Refusal::invalid("units", t!("No tier of this offer is paid for."));
    let chosen = tiers.first().ok_or_else(none)?;
    let revenue_micros = match revenue.trim() {
        "" => 0,
        typed => Money::parse("revenue", typed, chosen.currency)?.micros,
    };
    let of_month = |month| {
        let usage = Usage { units, carried_units: 0, revenue_micros, month };
        on_tiers(tiers, &usage)?.ok_or_else(none)
    };
    let (first, later) = (of_month(0)?, of_month(1)?);
    let moved =
        (first.tier.name != chosen.name).then(|| t!("Moves up to {name}", name = first.tier.name));
    let stopped = (first.stopped_units > 0).then(|| {
        let units = grouped(&first.stopped_units.to_string());
        t!("{units} more would not be delivered")
    });
    let charges = first.charges.iter().map(|charge| {
        format!("{}: {}", charge.in_words(first.tier), first.tier.money(charge.micros))
    });
    Ok(Estimate {
        tier: chosen.name.clone(),
        lines: moved.into_iter().chain(charges).chain(stopped).collect(),
        first_month: total(first.tier, &first.charges)?.to_string(),
        later_month: total(later.tier, &later.charges)?.to_string(),
    })
}

/// Reads a count of units; people may group its digits.
fn units(typed: &str) -> Result<i64, Refusal> {
    let digits: String =
        typed.chars().filter(|c| !matches!(c, ',' | ' ' | '\u{a0}' | '\u{202f}')).collect();
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(Refusal::invalid("units", t!("Write a whole number, like 50,000.")));
    }
    digits.parse().ok().filter(|units| *units <= UNITS_MAX).ok_or_else(|| {
        Refusal::invalid(
            "units",
            t!("Use at most {value}.", value = grouped(&UNITS_MAX.to_string())),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        money::Currency,
        pricing::{Overrun, Price},
    };
    use proptest::prelude::*;

    fn subscription(name: &str, base: i64, included_units: i64, overrun: Overrun) -> Tier {
        let overage_micros = (overrun == Overrun::Charge).then_some(5_000_000);
        let base_micros = base * 1_000_000;
        let price = Price::Subscription { base_micros, included_units, overage_micros };
        Tier { name: name.into(), price, overrun, ..Tier::free(0, 1, Currency::Usd) }
    }

    fn of(tiers: &[Tier], units: &str) -> Vec<Estimate> {
        let typed = TypedUse { units: units.into(), revenue: String::new() };
        estimates(tiers, &typed).unwrap()
    }

    #[test]
    fn the_reference_tier_costs_what_the_design_says() {
        let standard = subscription("Standard", 2500, 50_000, Overrun::Charge);
        let said = &of(&[standard], "70,001")[0];
        assert_eq!(said.later_month, "$2,605.00");
        assert_eq!(said.first_month, said.later_month);
        let lines =
            ["Fee for the month: $2,500.00", "21 × 1,000 started beyond those included: $105.00"];
        assert_eq!(said.lines, lines);
    }

    #[test]
    fn a_tier_that_moves_up_or_stops_says_so() {
        let tiers = [
            subscription("Small", 100, 10, Overrun::Upgrade),
            subscription("Large", 500, 100, Overrun::Stop),
        ];
        let said = of(&tiers, "120");
        assert_eq!(said[0].lines[0], "Moves up to Large");
        assert_eq!(said[0].lines.last().unwrap(), "20 more would not be delivered");
        assert_eq!(
            (said[0].later_month.as_str(), said[1].later_month.as_str()),
            ("$500.00", "$500.00")
        );
    }

    #[test]
    fn a_fee_that_is_due_once_is_in_the_first_month_alone() {
        let price =
            Price::Upfront { fee_micros: 9_000_000, price_micros: 1_000_000, per: 1, quota: None };
        let upfront = Tier { price, ..subscription("Up-front", 0, 0, Overrun::Charge) };
        let said = &of(&[upfront], "2")[0];
        assert_eq!((said.first_month.as_str(), said.later_month.as_str()), ("$11.00", "$2.00"));
    }

    proptest! {
        #[test]
        fn what_is_typed_is_read_or_refused_at_its_field(units in ".{0,20}", revenue in ".{0,20}") {
            let tiers = [subscription("Standard", 2500, 50_000, Overrun::Charge)];
            if let Err(refusal) = estimates(&tiers, &TypedUse { units, revenue }) {
                prop_assert!(matches!(refusal.field.as_deref(), Some("units" | "revenue" | "price")));
            }
        }

        #[test]
        fn more_use_never_costs_less_on_a_tier(few in 0..1_000_000_i64, more in 0..1_000_000_i64) {
            let tiers = [subscription("Standard", 2500, 50_000, Overrun::Charge)];
            let cents = |units: i64| -> u64 {
                let said = of(&tiers, &units.to_string());
                said[0].later_month.chars().filter(char::is_ascii_digit).collect::<String>().parse().unwrap()
            };
            prop_assert!(cents(few) <= cents(few + more));
        }
    }
}
