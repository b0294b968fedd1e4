//! Money: a signed 64-bit count of micros (millionths of the currency unit) with its currency.
//!
//! Never a float. On the wire it is an exact decimal string.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{error::Refusal, text::text_enum};

text_enum! {
    /// A currency Imprimatur keeps books in (ISO 4217).
    pub enum Currency("currency") {
        Usd = "USD",
        Eur = "EUR",
        Gbp = "GBP",
    }
}

impl Currency {
    /// The sign that stands before an amount.
    pub const fn sign(self) -> &'static str {
        match self {
            Self::Usd => "$",
            Self::Eur => "€",
            Self::Gbp => "£",
        }
    }
}

/// An amount of one currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Money {
    /// Millionths of the currency unit.
    pub micros: i64,
    pub currency: Currency,
}

/// Micros in one currency unit.
pub const MICROS_PER_UNIT: i64 = 1_000_000;

/// The most that can be typed as a price: a hundred million units.
const TYPED_MICROS_MAX: i64 = 100_000_000 * MICROS_PER_UNIT;

impl Money {
    /// An amount in micros.
    pub const fn new(micros: i64, currency: Currency) -> Self {
        Self { micros, currency }
    }

    /// Reads a price that a person typed: digits, with at most six after a point, no sign.
    pub fn parse(field: &'static str, text: &str, currency: Currency) -> Result<Self, Refusal> {
        let text = text.trim().trim_start_matches(currency.sign());
        let unreadable = || {
            Refusal::invalid(
                field,
                t!("Write an amount like 2500 or 0.005, without a thousands mark."),
            )
        };
        let (units, fraction) = text.split_once('.').unwrap_or((text, ""));
        let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
        if units.is_empty() || !digits(units) || !digits(fraction) {
            return Err(unreadable());
        }
        if fraction.len() > 6 {
            return Err(Refusal::invalid(field, t!("Use at most six digits after the point.")));
        }
        let too_much = || Refusal::invalid(field, t!("Use an amount below 100,000,000."));
        let units: i64 = units.parse().map_err(|_| too_much())?;
        let fraction: i64 = format!("{fraction:0<6}").parse().map_err(|_| unreadable())?;
        let micros = units
            .checked_mul(MICROS_PER_UNIT)
            .and_then(|micros| micros.checked_add(fraction))
            .filter(|&micros| micros < TYPED_MICROS_MAX)
            .ok_or_else(too_much)?;
        Ok(Self { micros, currency })
    }

    /// The exact amount as a decimal, with at least two digits after the point: `2500.00`, `0.005`.
    pub fn decimal(self) -> String {
        let magnitude = self.micros.unsigned_abs();
        let unit = MICROS_PER_UNIT.unsigned_abs();
        let mut fraction = format!("{:06}", magnitude % unit);
        while fraction.len() > 2 && fraction.ends_with('0') {
            fraction.pop();
        }
        let sign = if self.micros < 0 { "-" } else { "" };
        format!("{sign}{}.{fraction}", magnitude / unit)
    }
}

impl fmt::Display for Money {
    /// For people: `$2,500.00`, `-$0.005`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let decimal = self.decimal();
        let (sign, decimal) = match decimal.strip_prefix('-') {
            Some(rest) => ("-", rest),
            None => ("", decimal.as_str()),
        };
        let (units, fraction) = decimal.split_once('.').unwrap_or((decimal, "00"));
        write!(f, "{sign}{}{}.{fraction}", self.currency.sign(), grouped(units))
    }
}

/// Digits in groups of three: `18,204`.
pub fn grouped(digits: &str) -> String {
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn money_reads_as_people_write_it() {
        for (text, micros, shown) in [
            ("2500", 2_500_000_000, "$2,500.00"),
            ("0.005", 5_000, "$0.005"),
            ("$12.5", 12_500_000, "$12.50"),
            ("0", 0, "$0.00"),
        ] {
            let money = Money::parse("price", text, Currency::Usd).unwrap();
            assert_eq!(money.micros, micros);
            assert_eq!(money.to_string(), shown);
        }
        assert_eq!(Money::new(-5_000, Currency::Eur).to_string(), "-€0.005");
    }

    #[test]
    fn what_is_not_a_price_is_refused() {
        for text in
            ["", ".", "-1", "1e3", "1,000", "0.0000001", "9999999999999999999", "1.2.3", "١"]
        {
            assert!(Money::parse("price", text, Currency::Usd).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_decimal_reads_back_exactly(micros in 0..TYPED_MICROS_MAX) {
            let money = Money::new(micros, Currency::Usd);
            prop_assert_eq!(Money::parse("price", &money.decimal(), Currency::Usd).unwrap(), money);
        }

        #[test]
        fn any_amount_can_be_shown(micros in any::<i64>()) {
            let shown = Money::new(micros, Currency::Gbp).to_string();
            prop_assert!(shown.contains('£'));
        }
    }
}
