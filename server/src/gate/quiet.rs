//! A log that stays readable under attack: so many lines a second of each sort, then how many more.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

/// Lines of one sort in one second.
const LINES_A_SECOND: u64 = 10;

/// Counts what is logged, by sort. Sorts are code, so there are few.
#[derive(Default)]
pub(super) struct Quiet(Mutex<HashMap<&'static str, Second>>);

#[derive(Default)]
struct Second {
    at: i64,
    seen: u64,
}

impl Quiet {
    /// Whether one more line of this sort may be written in the second of `now`, and how many of an
    /// earlier one were not.
    pub fn admits(&self, sort: &'static str, now: i64) -> (bool, u64) {
        let mut sorts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let second = sorts.entry(sort).or_default();
        let mut left_out = 0;
        if second.at != now {
            left_out = second.seen.saturating_sub(LINES_A_SECOND);
            *second = Second { at: now, seen: 0 };
        }
        second.seen += 1;
        (second.seen <= LINES_A_SECOND, left_out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_ten_lines_and_a_sum() {
        let quiet = Quiet::default();
        let written = (0..1000).filter(|_| quiet.admits("invalid_token", 7).0).count();
        assert_eq!(written, 10);
        assert_eq!(quiet.admits("rate_limited", 7), (true, 0));
        assert_eq!(quiet.admits("invalid_token", 8), (true, 990));
        assert_eq!(quiet.admits("invalid_token", 8), (true, 0));
    }
}
