use super::*;
use crate::domain::money::MICROS_PER_UNIT;
use proptest::prelude::*;

const STANDARD: Price = Price::Subscription {
    base_micros: 2_500 * MICROS_PER_UNIT,
    included_units: 50_000,
    overage_micros: Some(5 * MICROS_PER_UNIT),
};
const PREMIUM: Price = Price::Subscription {
    base_micros: 5_000 * MICROS_PER_UNIT,
    included_units: 100_000,
    overage_micros: Some(3 * MICROS_PER_UNIT),
};

fn of(units: i64) -> Usage {
    Usage { units, ..Usage::default() }
}

fn sum(price: &Price, usage: &Usage) -> i64 {
    rate(price, usage).unwrap().iter().map(|charge| charge.micros).sum()
}

#[test]
fn the_reference_figures() {
    for (price, units, cents) in [
        (STANDARD, 0, 250_000),
        (STANDARD, 50_000, 250_000),
        (STANDARD, 50_001, 250_500),
        (STANDARD, 51_000, 250_500),
        (STANDARD, 51_001, 251_000),
        (PREMIUM, 100_000, 500_000),
        (PREMIUM, 100_001, 500_300),
    ] {
        assert_eq!(sum(&price, &of(units)), cents * 10_000, "{units}");
        assert_eq!(month_spend(&price, units, 0), i128::from(cents * 10_000), "{units}");
    }
    let charges = rate(&STANDARD, &of(51_001)).unwrap();
    let lines: Vec<_> = charges.iter().map(|each| (each.kind, each.quantity)).collect();
    assert_eq!(lines, [(ChargeKind::Base, 0), (ChargeKind::Overage, 2)]);
}

#[test]
fn every_model_charges_what_it_says() {
    let per_use = Price::PerUse { price_micros: 2_000_000, per: 1_000_000, quota: None };
    assert_eq!(sum(&per_use, &of(1_500_000)), 3_000_000);
    assert_eq!(sum(&Price::PerUse { price_micros: 10_000, per: 1, quota: None }, &of(3)), 30_000);

    let share = Price::RevenueShare { basis_points: 750, quota: None };
    let earned = Usage { revenue_micros: 1_000 * MICROS_PER_UNIT, ..of(9) };
    assert_eq!(sum(&share, &earned), 75 * MICROS_PER_UNIT);
    assert!(rate(&share, &of(9)).unwrap().is_empty());

    let upfront = Price::Upfront {
        fee_micros: 10_000 * MICROS_PER_UNIT,
        price_micros: MICROS_PER_UNIT,
        per: 1000,
        quota: None,
    };
    assert_eq!(sum(&upfront, &of(500)), 10_000_500_000);
    assert_eq!(sum(&upfront, &Usage { month: 1, ..of(500) }), 500_000, "the fee is due once");
    assert_eq!(month_spend(&upfront, 500, 0), 500_000);
}

#[test]
fn a_prepaid_year_is_paid_once_and_its_units_roll_over_or_expire() {
    let prepaid = |rolls_over| Price::Prepaid {
        year_micros: 24_000 * MICROS_PER_UNIT,
        included_units: 1_000,
        overage_micros: Some(5 * MICROS_PER_UNIT),
        rolls_over,
    };
    let fees: Vec<u32> =
        (0..25).filter(|&month| sum(&prepaid(true), &Usage { month, ..of(0) }) > 0).collect();
    assert_eq!(fees, [0, 12, 24]);
    assert_eq!(carried(&prepaid(true), &[400, 900, 3_000, 250]), 750);
    assert_eq!(carried(&prepaid(false), &[400, 900]), 0);
    assert_eq!(carried(&STANDARD, &[400]), 0);
    let second = Usage { units: 1_601, carried_units: 600, month: 1, revenue_micros: 0 };
    assert_eq!(sum(&prepaid(true), &second), 5 * MICROS_PER_UNIT);
    assert_eq!(sum(&prepaid(true), &Usage { units: 1_600, ..second }), 0);
    assert_eq!(sum(&prepaid(false), &second), 5 * MICROS_PER_UNIT);
    assert_eq!(sum(&prepaid(false), &Usage { units: 2_001, ..second }), 10 * MICROS_PER_UNIT);
}

#[test]
fn what_no_amount_can_hold_is_refused() {
    let worst = Price::Subscription {
        base_micros: i64::MAX,
        included_units: 0,
        overage_micros: Some(i64::MAX),
    };
    assert!(rate(&worst, &of(i64::MAX)).is_err());
    assert!(month_spend(&worst, i64::MAX, 0) > i128::from(i64::MAX));
    assert_eq!(month_spend(&worst, i64::MIN, 0), i128::from(i64::MAX));
    let largest = Price::PerUse { price_micros: i64::MAX, per: 1, quota: None };
    assert!(rate(&largest, &of(i64::MAX)).is_err());
}

proptest! {
    /// Against a count of every unit on its own.
    #[test]
    fn each_unit_that_starts_a_thousand_costs_the_price_beyond(
        included_units in 0..3_000_i64,
        carried_units in 0..1_000_i64,
        units in 0..9_000_i64,
        overage in 1..1_000_000_i64,
        prepaid in any::<bool>(),
    ) {
        let overage_micros = Some(overage);
        let (price, free) = match prepaid {
            true => {
                let price = Price::Prepaid { year_micros: 7, included_units, overage_micros, rolls_over: true };
                (price, included_units + carried_units)
            }
            false => (Price::Subscription { base_micros: 7, included_units, overage_micros }, included_units),
        };
        let started = (1..=units).filter(|n| n > &free && (n - free) % 1000 == 1);
        let expected = i64::from(7) + i64::try_from(started.count()).unwrap() * overage;
        let usage = Usage { units, carried_units, revenue_micros: 0, month: 0 };
        prop_assert_eq!(sum(&price, &usage), expected);
    }

    /// A price for each single unit promises that parts cost what the whole costs.
    #[test]
    fn by_the_unit_the_parts_cost_what_the_whole_costs(
        price_micros in 1..1_000_000_000_i64,
        parts in proptest::collection::vec(0..1_000_000_i64, 1..12),
    ) {
        let price = Price::PerUse { price_micros, per: 1, quota: None };
        let of_parts: i64 = parts.iter().map(|units| sum(&price, &of(*units))).sum();
        prop_assert_eq!(of_parts, sum(&price, &of(parts.iter().sum())));
    }

    /// By the thousand or million the parts cost less than the whole by less than a micro each.
    #[test]
    fn in_proportion_nobody_pays_more_for_the_parts(
        price_micros in 1..1_000_000_000_i64,
        per in proptest::sample::select(vec![1_000_i64, 1_000_000]),
        parts in proptest::collection::vec(0..1_000_000_i64, 1..12),
    ) {
        let price = Price::PerUse { price_micros, per, quota: None };
        let of_parts: i64 = parts.iter().map(|units| sum(&price, &of(*units))).sum();
        let left = sum(&price, &of(parts.iter().sum())) - of_parts;
        prop_assert!((0..i64::try_from(parts.len()).unwrap()).contains(&left), "{left}");
    }

    /// More use never costs less, whatever the model.
    #[test]
    fn more_use_never_costs_less(units in 0..200_000_i64, more in 0..200_000_i64, month in 0..30_u32) {
        let quota = None;
        for price in [
            STANDARD,
            Price::PerUse { price_micros: 7, per: 1_000, quota },
            Price::RevenueShare { basis_points: 3, quota },
            Price::Upfront { fee_micros: 9, price_micros: 7, per: 1, quota },
            Price::Prepaid { year_micros: 9, included_units: 50, overage_micros: Some(3), rolls_over: false },
        ] {
            let at = |units| sum(&price, &Usage { month, ..of(units) });
            prop_assert!(at(units + more) >= at(units));
        }
    }

    #[test]
    fn splits_add_up(micros in any::<i64>(), shares in proptest::collection::vec(0..10_000_u32, 0..20)) {
        let sum: i128 = shares.iter().map(|share| i128::from(*share)).sum();
        let Some(parts) = split(micros, &shares) else {
            prop_assert_eq!(sum, 0);
            return Ok(());
        };
        prop_assert_eq!(parts.iter().map(|part| i128::from(*part)).sum::<i128>(), i128::from(micros));
        for (part, share) in parts.iter().zip(&shares) {
            let off = i128::from(*part) * sum - i128::from(micros) * i128::from(*share);
            prop_assert!(off.abs() < sum, "{part} for {share} of {sum}");
        }
    }

    #[test]
    fn a_price_reads_back_as_it_was_written(base in any::<i64>(), units in any::<i64>(), rolls in any::<bool>()) {
        let quota = Some(units);
        for price in [
            Price::Subscription { base_micros: base, included_units: units, overage_micros: None },
            Price::PerUse { price_micros: base, per: 1, quota },
            Price::RevenueShare { basis_points: 1, quota },
            Price::Upfront { fee_micros: base, price_micros: 1, per: 1_000, quota },
            Price::Prepaid { year_micros: base, included_units: units, overage_micros: None, rolls_over: rolls },
        ] {
            let written = serde_json::to_string(&price).unwrap();
            let named = format!("\"model\":\"{}\"", price.model());
            prop_assert!(written.contains(&named), "{}", written);
            prop_assert_eq!(serde_json::from_str::<Price>(&written).unwrap(), price);
        }
    }
}
