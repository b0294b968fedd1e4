//! Lines in whole cents that add up to a total in whole cents, for whoever counts in nothing smaller.

/// Micros in a hundredth of the unit.
const CENT: i64 = 10_000;

/// Each line to within a cent, and what is left between their sum and the total; that is less than a
/// cent for a sum of the same amount, and whatever was paid or brought over besides.
pub fn in_cents(lines: &[i64], total_micros: i64) -> (Vec<i64>, i64) {
    let mut exact = 0_i128;
    let mut said = 0_i128;
    let cents = lines
        .iter()
        .map(|micros| {
            exact += i128::from(*micros);
            let cents = exact.div_euclid(CENT.into()) - said;
            said += cents;
            i64::try_from(cents).unwrap_or(i64::MAX)
        })
        .collect();
    let rest = i128::from(total_micros / CENT) - said;
    (cents, i64::try_from(rest).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn lines_and_the_rest_are_the_total(
            lines in prop::collection::vec(-1_000_000_000..1_000_000_000_i64, 0..20),
            paid in 0..1_000_i64,
        ) {
            let sum: i64 = lines.iter().sum();
            let total = sum.div_euclid(CENT) * CENT - paid * CENT;
            let (cents, rest) = in_cents(&lines, total);
            prop_assert_eq!(rest, -paid);
            prop_assert_eq!(cents.iter().sum::<i64>() + rest, total / CENT);
            for (line, cents) in lines.iter().zip(cents) {
                prop_assert!((line - cents * CENT).abs() < CENT);
            }
        }
    }
}
