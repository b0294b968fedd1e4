//! What a tier and a cap leave, and what happens at their end.

use proptest::prelude::*;

use super::*;

/// Tiers with a rate nobody reaches: standard and premium as the design has them, in small.
fn two_tiers(overrun: Overrun) -> Licensed {
    let overage = (overrun == Overrun::Charge).then_some(5_000_000);
    let wide = |tier| TierLimits { rate_per_minute: 1_000_000, ..tier };
    let base = |base_micros, included_units, overage_micros| Price::Subscription {
        base_micros,
        included_units,
        overage_micros,
    };
    licensed(vec![
        wide(tier(2, "Standard", base(2_500_000_000, 50, overage), overrun)),
        wide(tier(3, "Premium", base(5_000_000_000, 100, Some(3_000_000)), Overrun::Charge)),
    ])
}

#[test]
fn each_policy_does_its_own_at_the_end_of_the_quota() {
    for (overrun, expected) in [
        (Overrun::Stop, Err("quota_exceeded")),
        (Overrun::Charge, Ok("Standard")),
        (Overrun::Upgrade, Ok("Premium")),
    ] {
        let (license, mut meter) = (two_tiers(overrun), used(49));
        let (grant, ask) = (grant(), scoped(Scope::Inference));
        let mut served = || {
            decide(&grant, &license, &mut meter, &ask, now(), |_, _, _| false)
                .map(|decision| decision.tier.name.clone())
                .map_err(|denial| denial.refusal.code)
        };
        assert_eq!(served().as_deref(), Ok("Standard"), "the last included unit");
        assert_eq!(served().as_deref().map_err(|code| *code), expected, "{overrun}");
        assert_eq!(served().as_deref().map_err(|code| *code), expected, "{overrun}");
    }
}

#[test]
fn a_license_that_moves_up_is_under_the_next_tier_from_then_on() {
    let mut license = two_tiers(Overrun::Upgrade);
    let (mut meter, at) = (used(50), now());
    assert_eq!(meter.tier(&license, at).name, "Standard");
    let refused = code(&grant(), &license, &mut meter, &scoped(Scope::Preview));
    assert_eq!(refused, "quota_exceeded", "what is free moves nothing up");
    let repeat = decide(&grant(), &license, &mut meter, &ask(), at, |_, _, _| true).unwrap();
    assert_eq!((repeat.tier.name.as_str(), repeat.reserved), ("Standard", None));
    for used in 51..=101 {
        assert_eq!(code(&grant(), &license, &mut meter, &ask()), "delivered");
        assert_eq!(
            (meter.tier(&license, at).name.as_str(), meter.used(at).used),
            ("Premium", used)
        );
    }
    // Written down, it is the same; a larger tier that stops is the last.
    license.tier = Arc::clone(&license.tiers[1]);
    assert_eq!(code(&grant(), &license, &mut meter, &ask()), "delivered");
    let december = at + TimeDelta::days(10);
    assert_eq!(meter.tier(&license, december).name, "Premium");
    let alone = licensed(vec![tier(1, "Standard", price(0, None), Overrun::Upgrade)]);
    assert_eq!(code(&grant(), &alone, &mut Meter::default(), &ask()), "quota_exceeded");
}

#[test]
fn a_spend_cap_stops_what_would_cost_more() {
    for (overrun, cap, units) in [
        // The base fee alone: the included units are paid for.
        (Overrun::Charge, 2_500_000_000, 50),
        (Overrun::Charge, 2_504_999_999, 50),
        // One more thousand was started; it is used up to its end.
        (Overrun::Charge, 2_505_000_000, 1_050),
        (Overrun::Charge, 2_510_000_000, 2_050),
        (Overrun::Upgrade, 4_999_999_999, 50),
        (Overrun::Upgrade, 5_000_000_000, 100),
        (Overrun::Upgrade, 5_003_000_000, 1_100),
    ] {
        let license = Licensed { spend_cap_micros: Some(cap), ..two_tiers(overrun) };
        let mut meter = Meter::default();
        for _ in 0..units {
            assert_eq!(code(&grant(), &license, &mut meter, &ask()), "delivered");
        }
        let refused = decide(&grant(), &license, &mut meter, &ask(), now(), |_, _, _| false);
        let refused = refused.unwrap_err();
        assert_eq!(
            (refused.refusal.code, refused.refusal.kind.status()),
            ("spend_cap_reached", 429)
        );
        assert!(refused.retry_after.is_some_and(|seconds| seconds > 86_400));
        assert_eq!(meter.used(now()).used, units, "{overrun} {cap}");
        let preview = scoped(Scope::Preview);
        let free = code(&grant(), &license, &mut meter, &preview);
        assert_eq!(free == "delivered", meter.tier(&license, now()).overrun == Overrun::Charge);
        let repeat = decide(&grant(), &license, &mut meter, &ask(), now(), |_, _, _| true);
        assert!(repeat.unwrap().reserved.is_none());
    }
}

#[test]
fn bytes_are_set_aside_whole_and_kept_as_far_as_they_went_out() {
    let by_byte = Price::PerUse { price_micros: 1_000, per: 1, quota: Some(10) };
    let wide = TierLimits {
        unit: Unit::Byte,
        rate_per_minute: 1_000_000,
        ..tier(1, "T", by_byte, Overrun::Stop)
    };
    let license = Licensed { spend_cap_micros: Some(8_000), ..licensed(vec![wide]) };
    let (mut meter, ask) = (Meter::default(), scoped(Scope::Inference));
    let mut reserved = || {
        decide(&grant(), &license, &mut meter, &ask, now(), |_, _, _| false)
            .map(|decision| decision.reserved.unwrap())
            .map_err(|denial| denial.refusal.code)
    };
    let (first, second) = (reserved().unwrap(), reserved().unwrap());
    assert_eq!((first.units, second.units), (3, 3), "the content has three bytes");
    assert_eq!(reserved(), Err("spend_cap_reached"), "nine would cost more than the cap");
    meter.keep(first, 1);
    meter.give_back(second);
    assert_eq!(meter.used(now()), Units { used: 1, billable: 1 });
    let uncapped = Licensed { spend_cap_micros: None, ..license };
    for expected in ["delivered", "delivered", "delivered", "quota_exceeded"] {
        assert_eq!(code(&grant(), &uncapped, &mut meter, &ask), expected);
    }
}

#[test]
fn tokens_that_were_reported_use_up_the_quota_and_the_cap() {
    let by_token = |quota| Price::PerUse { price_micros: 1_000, per: 1, quota };
    let of = |price, overrun, cap| {
        let wide = TierLimits {
            unit: Unit::Token,
            rate_per_minute: 1_000_000,
            ..tier(1, "T", price, overrun)
        };
        Licensed { spend_cap_micros: cap, ..licensed(vec![wide]) }
    };
    let ask = scoped(Scope::Inference);
    let ends = of(by_token(Some(10)), Overrun::Stop, None);
    let capped = of(by_token(None), Overrun::Charge, Some(9_999));
    for (license, refused) in [(ends, "quota_exceeded"), (capped, "spend_cap_reached")] {
        let mut meter = Meter::default();
        for _ in 0..20 {
            assert_eq!(code(&grant(), &license, &mut meter, &ask), "delivered");
        }
        assert_eq!(meter.used(now()), Units::default(), "only the consumer knows");
        meter.at_least(Units { used: 10, billable: 10 }, now());
        assert_eq!(code(&grant(), &license, &mut meter, &ask), refused);
    }
}

#[test]
fn prepaid_units_that_are_left_over_are_for_one_month() {
    let prepaid = |rolls_over| Price::Prepaid {
        year_micros: 1,
        included_units: 2,
        overage_micros: None,
        rolls_over,
    };
    for (rolls_over, delivered) in [(true, 5), (false, 2)] {
        let wide = TierLimits {
            rate_per_minute: 1_000_000,
            ..tier(1, "Year", prepaid(rolls_over), Overrun::Stop)
        };
        let carried = Carried { units: 3, month: month_start(now()) };
        let license = Licensed { carried, ..licensed(vec![wide]) };
        for (at, delivered) in [(now(), delivered), (now() + TimeDelta::days(10), 2)] {
            let mut meter = Meter::default();
            let served = (0..9).filter(|_| {
                decide(&grant(), &license, &mut meter, &ask(), at, |_, _, _| false).is_ok()
            });
            assert_eq!(served.count(), delivered, "{at}");
        }
    }
}

#[test]
fn a_unit_given_back_after_the_month_turned_changes_nothing() {
    let (license, mut meter) = (license(), Meter::default());
    let reserved = |meter: &mut Meter, at| {
        decide(&grant(), &license, meter, &ask(), at, |_, _, _| false).unwrap().reserved.unwrap()
    };
    let november = reserved(&mut meter, now());
    let december = now() + TimeDelta::days(10);
    let second = reserved(&mut meter, december);
    meter.give_back(november);
    assert_eq!(meter.used(december).used, 1);
    meter.give_back(second);
    assert_eq!(meter.used(december), Units::default());
}

proptest! {
    /// Whatever is reserved and given back in whatever order, no more is out than the quota, and
    /// nothing is charged beyond the cap.
    #[test]
    fn no_order_of_events_grants_more_than_quota_and_cap(
        included in 0..20_i64,
        overage in 1..5_i64,
        cap in proptest::option::of(0..8_i64),
        steps in proptest::collection::vec((0..3_usize, any::<bool>()), 1..80),
    ) {
        let overrun = if cap.is_some() { Overrun::Charge } else { Overrun::Stop };
        let price = price(included, cap.map(|_| overage));
        let wide = TierLimits { rate_per_minute: 1_000_000, ..tier(1, "T", price, overrun) };
        let license = Licensed { spend_cap_micros: cap, ..licensed(vec![wide]) };
        let (mut meter, mut out) = (Meter::default(), Vec::new());
        for (scope, give_back) in steps {
            if give_back && !out.is_empty() {
                meter.give_back(out.swap_remove(out.len() / 2));
                continue;
            }
            let asked = scoped(ALL[scope]);
            if let Ok(decision) = decide(&grant(), &license, &mut meter, &asked, now(), |_, _, _| false) {
                out.push(decision.reserved.unwrap());
            }
            let billable = i64::try_from(out.iter().filter(|unit| unit.billable).count()).unwrap();
            let units = i64::try_from(out.len()).unwrap();
            prop_assert_eq!(meter.used(now()), Units { used: units, billable });
            match cap {
                Some(cap) => {
                    let spend = crate::domain::rating::month_spend(&price, billable, 0);
                    prop_assert!(spend <= i128::from(cap.max(0)));
                }
                None => prop_assert!(units <= included),
            }
        }
    }
}
