//! An amount as the provider counts it: whole cents. What is no whole number of cents is refused, so
//! rounding is decided before and never here.

use serde::{Deserialize, Serialize};

use crate::domain::{
    error::Refusal,
    money::{Currency, Money},
};

/// Micros in a hundredth of the unit; every currency we keep books in has hundredths.
const MICROS_PER_CENT: i64 = 10_000;

/// A whole number of hundredths of a currency's unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Amount {
    cents: i64,
    currency: Currency,
}

impl Amount {
    /// That many hundredths.
    pub const fn of_cents(cents: i64, currency: Currency) -> Self {
        Self { cents, currency }
    }

    /// Hundredths of the unit.
    pub const fn cents(self) -> i64 {
        self.cents
    }

    /// The currency.
    pub const fn currency(self) -> Currency {
        self.currency
    }

    /// The most whole cents that are in `money`, towards zero, and what is left over.
    pub const fn whole_cents(money: Money) -> (Self, Money) {
        let cents = money.micros / MICROS_PER_CENT;
        let left = Money::new(money.micros % MICROS_PER_CENT, money.currency);
        (Self { cents, currency: money.currency }, left)
    }

    /// The same amount in our books; none if it does not fit into them.
    pub fn money(self) -> Option<Money> {
        let micros = self.cents.checked_mul(MICROS_PER_CENT)?;
        Some(Money::new(micros, self.currency))
    }
}

impl TryFrom<Money> for Amount {
    type Error = Refusal;

    /// The same amount, exactly.
    fn try_from(money: Money) -> Result<Self, Refusal> {
        match Self::whole_cents(money) {
            (amount, left) if left.micros == 0 => Ok(amount),
            _ => Err(Refusal::invalid("amount", t!("{money} is not a whole number of cents."))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn cents_and_money_are_the_same_amount(cents in -1_000_000_000_000i64..1_000_000_000_000) {
            let amount = Amount::of_cents(cents, Currency::Eur);
            prop_assert_eq!(Amount::try_from(amount.money().unwrap()).unwrap(), amount);
        }

        #[test]
        fn nothing_is_rounded(micros in any::<i64>()) {
            let money = Money::new(micros, Currency::Usd);
            let (amount, left) = Amount::whole_cents(money);
            prop_assert_eq!(amount.money().unwrap().micros + left.micros, micros);
            prop_assert_eq!(Amount::try_from(money).is_ok(), micros % MICROS_PER_CENT == 0);
        }
    }

    #[test]
    fn what_does_not_fit_is_no_money() {
        assert!(Amount::of_cents(i64::MAX, Currency::Gbp).money().is_none());
    }
}
