//! Time cut into whole hours, days or months (UTC): the buckets uses are summed in.
//!
//! A range is never empty and never so long that a page could not show it.

use chrono::{DateTime, Datelike as _, Days, DurationRound as _, Months, TimeDelta, Utc};

use crate::domain::{error::Refusal, text::text_enum};

/// The most buckets one report has: 90 days by the hour, and some.
const BUCKETS_MAX: i64 = 2500;

text_enum! {
    /// How wide a bucket is. Days and calendar months are those of UTC.
    pub enum Grain("grain") {
        Hour = "hour",
        Day = "day",
        Month = "month",
    }
}

impl Grain {
    /// The first instant of the bucket that holds this one.
    pub fn start(self, at: DateTime<Utc>) -> DateTime<Utc> {
        match self {
            Self::Hour => at.duration_trunc(TimeDelta::hours(1)).unwrap_or(at),
            Self::Day => at.duration_trunc(TimeDelta::days(1)).unwrap_or(at),
            Self::Month => month_start(at),
        }
    }

    /// The first instant of the bucket after the one that starts here; nothing at the end of time.
    pub fn next(self, start: DateTime<Utc>) -> Option<DateTime<Utc>> {
        match self {
            Self::Hour => start.checked_add_signed(TimeDelta::hours(1)),
            Self::Day => start.checked_add_signed(TimeDelta::days(1)),
            Self::Month => start.checked_add_months(Months::new(1)),
        }
    }
}

/// Whole buckets, from the first to before `until`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    from: DateTime<Utc>,
    until: DateTime<Utc>,
    grain: Grain,
}

impl Range {
    /// The buckets that hold anything from `from` until before `until`.
    pub fn new(from: DateTime<Utc>, until: DateTime<Utc>, grain: Grain) -> Result<Self, Refusal> {
        let unreadable = || Refusal::invalid("from", t!("Choose an instant of this century."));
        // What chrono can cut into buckets.
        if from.timestamp_nanos_opt().is_none() || until.timestamp_nanos_opt().is_none() {
            return Err(unreadable());
        }
        let last = grain.start(until);
        let last = if last == until { last } else { grain.next(last).ok_or_else(unreadable)? };
        let range = Self { from: grain.start(from), until: last, grain };
        match range.count() {
            ..=0 => Err(Refusal::invalid("until", t!("Choose an end after the start."))),
            1..=BUCKETS_MAX => Ok(range),
            _ => Err(Refusal::invalid(
                "from",
                t!("Choose a shorter time, or days instead of hours."),
            )),
        }
    }

    /// The last `days` days up to now, today among them.
    pub fn last_days(now: DateTime<Utc>, days: u16, grain: Grain) -> Result<Self, Refusal> {
        let today = now.duration_trunc(TimeDelta::days(1)).unwrap_or(now);
        Self::new(today - TimeDelta::days(i64::from(days) - 1), today + TimeDelta::days(1), grain)
    }

    /// The first instant of it.
    pub const fn from(&self) -> DateTime<Utc> {
        self.from
    }

    /// The first instant after it.
    pub const fn until(&self) -> DateTime<Utc> {
        self.until
    }

    /// How wide its buckets are.
    pub const fn grain(&self) -> Grain {
        self.grain
    }

    /// The first instant of every bucket, in order.
    pub fn buckets(&self) -> impl Iterator<Item = DateTime<Utc>> + use<> {
        let Self { from, until, grain } = *self;
        std::iter::successors(Some(from), move |at| grain.next(*at))
            .take_while(move |at| *at < until)
    }

    /// The last `months` calendar months up to now, this one among them.
    pub fn last_months(now: DateTime<Utc>, months: u32) -> Result<Self, Refusal> {
        let until = Grain::Month.next(month_start(now));
        let from = until.and_then(|until| until.checked_sub_months(Months::new(months)));
        let (Some(from), Some(until)) = (from, until) else {
            return Err(Refusal::invalid("from", t!("Choose an instant of this century.")));
        };
        Self::new(from, until, Grain::Month)
    }

    /// As many buckets, right before these.
    pub fn previous(&self) -> Result<Self, Refusal> {
        let from = match self.grain {
            Grain::Hour | Grain::Day => self.from.checked_sub_signed(self.until - self.from),
            Grain::Month => u32::try_from(self.count())
                .ok()
                .and_then(|months| self.from.checked_sub_months(Months::new(months))),
        };
        let early = || Refusal::invalid("from", t!("Choose an instant of this century."));
        Self::new(from.ok_or_else(early)?, self.from, self.grain)
    }

    fn count(&self) -> i64 {
        match self.grain {
            Grain::Hour => (self.until - self.from).num_hours(),
            Grain::Day => (self.until - self.from).num_days(),
            Grain::Month => months(self.until) - months(self.from),
        }
    }
}

/// The calendar months since the year 0.
fn months(at: DateTime<Utc>) -> i64 {
    i64::from(at.year()) * 12 + i64::from(at.month0())
}

/// The first instant of the calendar month (UTC).
pub fn month_start(at: DateTime<Utc>) -> DateTime<Utc> {
    let day = at.duration_trunc(TimeDelta::days(1)).unwrap_or(at);
    day.checked_sub_days(Days::new(at.day0().into())).unwrap_or(day)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn a_range_has_whole_buckets() {
        let range = Range::new(at("2026-11-01T10:30:00Z"), at("2026-11-01T12:00:01Z"), Grain::Hour)
            .unwrap();
        assert_eq!(range.from(), at("2026-11-01T10:00:00Z"));
        assert_eq!(range.until(), at("2026-11-01T13:00:00Z"));
        let range = Range::last_days(at("2026-11-22T07:50:07Z"), 90, Grain::Day).unwrap();
        assert_eq!(range.count(), 90);
        assert_eq!(range.until(), at("2026-11-23T00:00:00Z"));
        let range =
            Range::new(at("2025-12-31T23:59:59Z"), at("2026-02-01T00:00:01Z"), Grain::Month)
                .unwrap();
        assert_eq!(range.from(), at("2025-12-01T00:00:00Z"));
        assert_eq!((range.until(), range.count()), (at("2026-03-01T00:00:00Z"), 3));
    }

    #[test]
    fn the_time_before_is_as_long_and_ends_where_this_begins() {
        for (from, until, grain, before) in [
            ("2026-03-01T00:00:00Z", "2026-03-08T00:00:00Z", Grain::Day, "2026-02-22T00:00:00Z"),
            ("2026-03-01T00:00:00Z", "2026-03-01T05:00:00Z", Grain::Hour, "2026-02-28T19:00:00Z"),
            ("2026-03-01T00:00:00Z", "2026-06-01T00:00:00Z", Grain::Month, "2025-12-01T00:00:00Z"),
        ] {
            let range = Range::new(at(from), at(until), grain).unwrap();
            let previous = range.previous().unwrap();
            assert_eq!((previous.from(), previous.until()), (at(before), range.from()));
            assert_eq!(previous.count(), range.count());
        }
    }

    #[test]
    fn every_bucket_begins_where_the_one_before_ends() {
        let instant = at("2026-01-31T23:59:59.999999Z");
        for &grain in Grain::ALL {
            let start = grain.start(instant);
            let next = grain.next(start).unwrap();
            assert!(start <= instant && instant < next);
            assert_eq!((grain.start(start), grain.start(next)), (start, next));
        }
    }

    #[test]
    fn a_range_has_as_many_buckets_as_it_counts() {
        let now = at("2026-03-31T23:00:00Z");
        let year = Range::last_months(now, 12).unwrap();
        assert_eq!((year.from(), year.count()), (at("2025-04-01T00:00:00Z"), 12));
        for range in [year, Range::last_days(now, 3, Grain::Hour).unwrap()] {
            let buckets: Vec<_> = range.buckets().collect();
            assert_eq!(buckets.len(), usize::try_from(range.count()).unwrap());
            assert_eq!(buckets[0], range.from());
            assert!(buckets.is_sorted() && buckets.iter().all(|at| *at < range.until()));
        }
    }

    #[test]
    fn a_range_that_is_empty_or_too_long_is_refused() {
        let (start, end) = (at("2026-11-01T00:00:00Z"), at("2027-11-01T00:00:00Z"));
        for (from, until, grain, field) in [
            (start, start, Grain::Day, "until"),
            (end, start, Grain::Day, "until"),
            (start, end, Grain::Hour, "from"),
            (DateTime::<Utc>::MIN_UTC, end, Grain::Day, "from"),
        ] {
            let refusal = Range::new(from, until, grain).unwrap_err();
            assert_eq!(refusal.field.as_deref(), Some(field));
        }
    }

    #[test]
    fn a_month_starts_on_its_first_day() {
        assert_eq!(month_start(at("2026-02-28T23:59:59.999999Z")), at("2026-02-01T00:00:00Z"));
        assert_eq!(month_start(at("2026-03-01T00:00:00Z")), at("2026-03-01T00:00:00Z"));
    }
}
