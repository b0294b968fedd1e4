//! Calendar months (UTC), written `2026-11`.

use std::{fmt, str::FromStr};

use chrono::{DateTime, Datelike as _, Months, NaiveDate, Utc};

use super::error::Refusal;

/// A calendar month (UTC).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Month(NaiveDate);

impl Month {
    /// The month that holds the instant.
    pub fn of(at: DateTime<Utc>) -> Self {
        let date = at.date_naive();
        Self(date.with_day(1).unwrap_or(date))
    }

    /// Its first day.
    pub const fn first_day(self) -> NaiveDate {
        self.0
    }

    /// Its first instant.
    pub fn from(self) -> DateTime<Utc> {
        self.0.and_time(chrono::NaiveTime::MIN).and_utc()
    }

    /// The first instant after it.
    pub fn until(self) -> DateTime<Utc> {
        self.next().from()
    }

    /// The month before it.
    #[must_use]
    pub fn previous(self) -> Self {
        Self(self.0.checked_sub_months(Months::new(1)).unwrap_or(self.0))
    }

    /// How many months it is after another; none where it is not.
    pub fn since(self, earlier: Self) -> u32 {
        let months =
            |month: Self| month.0.year() * 12 + i32::try_from(month.0.month()).unwrap_or(0);
        u32::try_from(months(self) - months(earlier)).unwrap_or(0)
    }

    /// The month after it.
    pub fn next(self) -> Self {
        Self(self.0.checked_add_months(Months::new(1)).unwrap_or(self.0))
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.0.year(), self.0.month())
    }
}

impl FromStr for Month {
    type Err = Refusal;

    fn from_str(text: &str) -> Result<Self, Refusal> {
        let read = || {
            let (year, month) = text.split_once('-')?;
            let digits = |part: &str, length| {
                part.len() == length && part.bytes().all(|byte| byte.is_ascii_digit())
            };
            if !digits(year, 4) || !digits(month, 2) {
                return None;
            }
            NaiveDate::from_ymd_opt(year.parse().ok()?, month.parse().ok()?, 1)
        };
        read().map(Self).ok_or_else(|| {
            Refusal::invalid("month", t!("Write the month as year and month: 2026-11."))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_reads_as_it_is_written_and_ends_where_the_next_begins() {
        let month: Month = "2026-12".parse().unwrap();
        assert_eq!(month.to_string(), "2026-12");
        assert_eq!(month.until().to_rfc3339(), "2027-01-01T00:00:00+00:00");
        assert_eq!(Month::of(month.until() - chrono::TimeDelta::microseconds(1)), month);
        assert_eq!(Month::of(month.until()), month.next());
        for bad in ["", "2026", "2026-13", "2026-1", "26-01", "2026-01-01", "+026-01", "2026_01"] {
            assert!(bad.parse::<Month>().is_err(), "{bad}");
        }
        assert_eq!(month.next().previous(), month);
        let earlier = "2025-11".parse().unwrap();
        assert_eq!((month.since(earlier), earlier.since(month), month.since(month)), (13, 0, 0));
    }
}
