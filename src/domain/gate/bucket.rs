//! How many requests a license may send: a token bucket for each.

use chrono::{DateTime, TimeDelta, Utc};

const MINUTE_NANOS: i64 = 60_000_000_000;

/// Where a bucket stands after a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Requests a minute; a full bucket holds as many.
    pub limit: u32,
    /// Requests left in the bucket.
    pub remaining: u32,
    /// Seconds until it is full again, if nothing is taken.
    pub reset_seconds: u64,
}

/// A bucket without a request left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Empty {
    pub rate: Rate,
    /// Until there is one again.
    pub wait: TimeDelta,
}

/// A token bucket that holds a minute's worth of requests and refills evenly, kept as the one
/// instant at which it would be full again (GCRA).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bucket {
    /// Nanoseconds since the epoch.
    full_at: i64,
}

impl Bucket {
    /// Takes one request out. A bucket that is empty stays as it is.
    ///
    /// # Errors
    ///
    /// How long to wait for the next.
    pub fn take(&mut self, rate_per_minute: u32, now: DateTime<Utc>) -> Result<Rate, Empty> {
        let limit = rate_per_minute.max(1);
        let interval = MINUTE_NANOS / i64::from(limit);
        let capacity = interval.saturating_mul(i64::from(limit));
        let now = now.timestamp_nanos_opt().unwrap_or(i64::MAX / 2);
        let before = self.full_at.max(now);
        let full_at = before.saturating_add(interval);
        let missing = full_at - now;
        if missing > capacity {
            let reset_seconds = whole_seconds(TimeDelta::nanoseconds(before - now));
            return Err(Empty {
                rate: Rate { limit, remaining: 0, reset_seconds },
                wait: TimeDelta::nanoseconds(missing - capacity),
            });
        }
        self.full_at = full_at;
        Ok(Rate {
            limit,
            remaining: u32::try_from((capacity - missing) / interval).unwrap_or(0),
            reset_seconds: whole_seconds(TimeDelta::nanoseconds(missing)),
        })
    }
}

/// Rounded up, and at least one.
pub(super) fn whole_seconds(wait: TimeDelta) -> u64 {
    let up = wait + TimeDelta::nanoseconds(999_999_999);
    u64::try_from(up.num_seconds()).unwrap_or(0).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn now() -> DateTime<Utc> {
        "2026-11-22T07:50:00Z".parse().unwrap()
    }

    #[test]
    fn a_bucket_says_what_is_left_and_when_it_is_full() {
        let mut bucket = Bucket::default();
        let rate = |remaining, reset_seconds| Rate { limit: 2, remaining, reset_seconds };
        assert_eq!(bucket.take(2, now()), Ok(rate(1, 30)));
        assert_eq!(bucket.take(2, now()), Ok(rate(0, 60)));
        let wait = TimeDelta::seconds(30);
        assert_eq!(bucket.take(2, now()), Err(Empty { rate: rate(0, 60), wait }));
        let later = now() + TimeDelta::milliseconds(15_500);
        let wait = TimeDelta::milliseconds(14_500);
        assert_eq!(bucket.take(2, later), Err(Empty { rate: rate(0, 45), wait }));
        assert_eq!(bucket.take(2, now() + TimeDelta::seconds(30)), Ok(rate(0, 60)));
    }

    /// A minute of asking as often as possible grants the burst and a minute's worth, within a
    /// thousandth.
    #[test]
    fn a_minute_is_met_within_a_thousandth() {
        for rate in [1, 7, 10, 60, 100, 200, 997, 6_000] {
            let (mut bucket, mut granted) = (Bucket::default(), 0_i64);
            let step = TimeDelta::microseconds(1_000);
            for tick in 0..=60_000 {
                while bucket.take(rate, now() + step * tick).is_ok() {
                    granted += 1;
                }
            }
            let expected = 2 * i64::from(rate);
            assert!((granted - expected).abs() * 1000 <= expected, "{rate}: {granted}");
        }
    }

    proptest! {
        /// Over any span of time, a bucket lets through at most its capacity and what flows in
        /// within the span.
        #[test]
        fn no_window_has_more_than_the_burst_and_its_share(
            rate in 1..500_u32,
            waits in proptest::collection::vec(0..5_000_i64, 1..200),
        ) {
            let (mut bucket, mut at, mut granted) = (Bucket::default(), now(), Vec::new());
            for wait in waits {
                at += TimeDelta::milliseconds(wait);
                if bucket.take(rate, at).is_ok() {
                    granted.push(at);
                }
            }
            for (first, from) in granted.iter().enumerate() {
                for (last, until) in granted.iter().enumerate().skip(first) {
                    let count = i64::try_from(last - first + 1).unwrap();
                    let flowed = (*until - *from).num_milliseconds() * i64::from(rate) / 60_000;
                    // One more: the interval is cut to whole nanoseconds.
                    prop_assert!(count <= i64::from(rate) + flowed + 1);
                }
            }
        }

        #[test]
        fn waiting_as_told_is_enough(rate in 1..1000_u32, taken in 0..1000_u32) {
            let mut bucket = Bucket::default();
            for _ in 0..taken {
                let _ = bucket.take(rate, now());
            }
            if let Err(empty) = bucket.take(rate, now()) {
                prop_assert!(bucket.take(rate, now() + empty.wait).is_ok());
            }
        }

        #[test]
        fn a_bucket_at_rest_counts_down_from_its_rate(rate in 1..200_u32) {
            let mut bucket = Bucket::default();
            for left in (0..rate).rev() {
                prop_assert_eq!(bucket.take(rate, now()).unwrap().remaining, left);
            }
            prop_assert!(bucket.take(rate, now()).is_err());
        }
    }
}
