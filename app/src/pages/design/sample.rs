//! Made-up figures, the same on every drawing of the page.

use chrono::{DateTime, Days, TimeDelta, Utc};

/// The moment the page pretends to be drawn: 21 November 2026, 14:00 UTC.
pub fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_795_269_600, 0).unwrap_or_default()
}

pub fn ago(seconds: i64) -> DateTime<Utc> {
    now() - TimeDelta::seconds(seconds)
}

const DAYS: u64 = 90;

pub fn dates() -> Vec<String> {
    (0..DAYS)
        .rev()
        .filter_map(|back| now().checked_sub_days(Days::new(back)))
        .map(|day| day.format("%-d %b").to_string())
        .collect()
}

/// Uses per day: a week's rhythm on a slow rise.
pub fn uses() -> Vec<i64> {
    const WEEK: [i64; 7] = [0, 180, 170, 110, -70, -120, 20];
    (0..i64::try_from(DAYS).unwrap_or(0))
        .map(|day| {
            let rhythm = usize::try_from(day % 7).ok().and_then(|at| WEEK.get(at)).unwrap_or(&0);
            880 + day * 6 + rhythm * 3 / 2 + (day * 37 % 11) * 9
        })
        .collect()
}

/// Uses per day in the 90 days before.
pub fn uses_before() -> Vec<i64> {
    uses().into_iter().map(|uses| uses * 4 / 5).collect()
}

/// Earned per day, in micros.
pub fn earned() -> Vec<i64> {
    uses().into_iter().map(|uses| uses * 10_400).collect()
}

/// A short run for a sparkline; `seed` makes each row's its own.
pub fn moved(seed: i64) -> Vec<i64> {
    (1..=13).map(|at| 40 + (at * at * seed * 31 + at * 17) % 19 + at / 2).collect()
}
