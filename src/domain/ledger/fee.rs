//! What the platform keeps of a charge.

use serde::{Deserialize, Serialize};

/// A part of every charge, with its least and its most. Several add up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeeRule {
    /// In basis points, at most 10,000.
    pub rate_bp: u32,
    pub least_micros: i64,
    pub most_micros: Option<i64>,
}

/// The fee on what a charge comes to: never more than all of it, and none where there is nothing.
/// What is not a whole micro is left to the payees.
pub fn fee(gross_micros: i64, rules: &[FeeRule]) -> i64 {
    let gross = i128::from(gross_micros.max(0));
    let of_rule = |rule: &FeeRule| {
        let exact = gross * i128::from(rule.rate_bp) / 10_000;
        let raised = exact.max(rule.least_micros.max(0).into());
        rule.most_micros.map_or(raised, |most| raised.min(most.max(0).into()))
    };
    let sum: i128 = rules.iter().map(of_rule).sum();
    i64::try_from(sum.min(gross)).unwrap_or(gross_micros.max(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TENTH: FeeRule = FeeRule { rate_bp: 1_000, least_micros: 0, most_micros: None };

    #[test]
    fn a_fee_has_its_least_and_its_most_and_several_add_up() {
        let bounded = FeeRule { rate_bp: 100, least_micros: 50, most_micros: Some(80) };
        assert_eq!(fee(2_505_000_000, &[TENTH]), 250_500_000);
        assert_eq!(fee(19, &[TENTH]), 1);
        for (gross, kept) in [(0, 0), (30, 30), (1_000, 50), (6_000, 60), (1_000_000, 80)] {
            assert_eq!(fee(gross, &[bounded]), kept, "{gross}");
        }
        assert_eq!(fee(6_000, &[TENTH, bounded]), 660);
        assert_eq!(fee(6_000, &[]), 0);
    }

    proptest! {
        #[test]
        fn a_fee_is_never_negative_and_never_more_than_all(
            gross in any::<i64>(),
            rules in prop::collection::vec((0..=10_000u32, any::<i64>(), any::<Option<i64>>()), 0..4),
        ) {
            let rules: Vec<FeeRule> = rules
                .into_iter()
                .map(|(rate_bp, least_micros, most_micros)| FeeRule { rate_bp, least_micros, most_micros })
                .collect();
            prop_assert!((0..=gross.max(0)).contains(&fee(gross, &rules)));
        }
    }
}
