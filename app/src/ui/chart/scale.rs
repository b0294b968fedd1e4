//! A chart's scale: where the axis ends, what its ticks say, how high a value
//! stands. Integers throughout, so the same figures always draw the same line.

use super::super::text;

/// What a measure counts, and so how it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unit {
    Count,
    /// Values are micros of this currency.
    Money {
        currency: String,
    },
    Bytes,
}

impl Unit {
    #[must_use]
    pub fn money(currency: impl Into<String>) -> Self {
        Self::Money { currency: currency.into() }
    }

    /// A value beside the line: money in cents, where it comes to a cent.
    pub(super) fn write_short(&self, value: i64) -> String {
        match self {
            Self::Money { currency } if value == 0 || value.unsigned_abs() >= 10_000 => {
                text::money_in_cents(value, currency).joined()
            }
            Self::Count | Self::Money { .. } | Self::Bytes => self.write(value),
        }
    }

    /// A value as it stands in the table, exact.
    pub(super) fn write(&self, value: i64) -> String {
        match self {
            Self::Count => text::quantity(value),
            Self::Money { currency } => text::money(value, currency, 2).joined(),
            Self::Bytes => text::bytes(u64::try_from(value).unwrap_or(0)),
        }
    }

    /// A round value on the axis, as short as it can be.
    fn write_tick(&self, value: i64) -> String {
        match self {
            Self::Money { currency } => {
                let places = if value % 1_000_000 == 0 { 0 } else { 2 };
                text::money(value, currency, places).joined()
            }
            Self::Count | Self::Bytes => self.write(value),
        }
    }
}

/// Heights run from 0 at the top of a panel to `HEIGHT` at its foot.
pub(super) const HEIGHT: i64 = 1_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Scale {
    step: i64,
}

impl Scale {
    /// Two steps of a round number that reach over the highest value.
    pub fn over(values: &[i64]) -> Self {
        let highest = values.iter().copied().max().unwrap_or(0).max(1);
        Self { step: round_step(highest) }
    }

    pub fn top(self) -> i64 {
        self.step.saturating_mul(2)
    }

    /// Top, middle, foot.
    pub fn ticks(self, unit: &Unit) -> [String; 3] {
        [self.top(), self.step, 0].map(|value| unit.write_tick(value))
    }

    pub fn height(self, value: i64) -> i64 {
        let value = i128::from(value.clamp(0, self.top()));
        let down = i128::from(HEIGHT) - value * i128::from(HEIGHT) / i128::from(self.top());
        i64::try_from(down).unwrap_or(HEIGHT)
    }
}

/// The smallest round number of which two reach over `highest`.
fn round_step(highest: i64) -> i64 {
    const TENTHS: [i64; 10] = [10, 15, 20, 25, 30, 40, 50, 60, 80, 100];
    let half = highest / 2 + highest % 2;
    let mut power: i64 = 1;
    while power.saturating_mul(10) < half {
        power = power.saturating_mul(10);
    }
    TENTHS
        .into_iter()
        .map(|tenths| power.saturating_mul(tenths))
        .filter(|scaled| scaled % 10 == 0)
        .map(|scaled| scaled / 10)
        .find(|step| *step >= half)
        .unwrap_or(half)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_axis_ends_on_a_round_number_over_the_highest_value() {
        assert_eq!(Scale::over(&[700, 1_578, 1_699]).top(), 2_000);
        assert_eq!(Scale::over(&[18_900_000, 4]).top(), 20_000_000);
        assert_eq!(Scale::over(&[21_000_000]).top(), 30_000_000);
        assert_eq!(Scale::over(&[]).top(), 2);
        assert_eq!(Scale::over(&[3]).top(), 4);
        assert_eq!(Scale::over(&[0, 0]).top(), 2);
        assert!(Scale::over(&[i64::MAX]).top() > 0);
    }

    #[test]
    fn ticks_are_written_in_the_unit() {
        let scale = Scale::over(&[21_000_000]);
        assert_eq!(scale.ticks(&Unit::money("USD")), ["$30", "$15", "$0"]);
        let scale = Scale::over(&[1_700]);
        assert_eq!(scale.ticks(&Unit::Count), ["2,000", "1,000", "0"]);
    }

    #[test]
    fn a_value_stands_between_top_and_foot() {
        let scale = Scale::over(&[1_700]);
        assert_eq!(scale.height(0), HEIGHT);
        assert_eq!(scale.height(2_000), 0);
        assert_eq!(scale.height(1_000), 500);
        assert_eq!(scale.height(-5), HEIGHT);
    }
}
