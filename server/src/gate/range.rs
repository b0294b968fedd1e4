//! Which part of content is asked for (RFC 9110, section 14).
//!
//! One range of bytes is served; several at once, another unit and what cannot be read are ignored,
//! as a server may, and the whole is sent.

use std::ops::Range;

use axum::http::{HeaderMap, header};
use bytes::Bytes;

/// What `Range` comes to, for content of a known length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Selection {
    Whole,
    Part(Part),
    /// Nothing of what was asked for is there.
    Unsatisfiable,
}

/// The first and the last byte of a part, counted from zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    first: u64,
    last: u64,
}

impl Part {
    /// From the first byte to before the end.
    pub const fn bytes(self) -> Range<u64> {
        self.first..self.last + 1
    }

    /// How many bytes it has.
    pub const fn length(self) -> u64 {
        self.last - self.first + 1
    }

    /// These bytes of the whole; nothing if it has not so many.
    pub fn of(self, whole: &Bytes) -> Option<Bytes> {
        let first = usize::try_from(self.first).ok()?;
        let end = usize::try_from(self.last).ok()?.checked_add(1)?;
        (end <= whole.len()).then(|| whole.slice(first..end))
    }

    /// As `Content-Range` says it: `bytes 0-499/1234`.
    pub fn content_range(self, whole: u64) -> String {
        format!("bytes {}-{}/{whole}", self.first, self.last)
    }
}

/// Reads `Range` for content of this length, which is never zero.
pub(crate) fn select(headers: &HeaderMap, length: u64) -> Selection {
    let mut values = headers.get_all(header::RANGE).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return Selection::Whole };
    value.to_str().ok().and_then(|value| read(value, length)).unwrap_or(Selection::Whole)
}

/// `None` where it is to be ignored.
fn read(value: &str, length: u64) -> Option<Selection> {
    let (unit, set) = value.split_once('=')?;
    if !unit.trim().eq_ignore_ascii_case("bytes") {
        return None;
    }
    let mut ranges = set.split(',').map(str::trim).filter(|range| !range.is_empty());
    let (Some(range), None) = (ranges.next(), ranges.next()) else { return None };
    let (first, last) = range.split_once('-')?;
    let end = length.checked_sub(1)?;
    let part = match (first.trim(), last.trim()) {
        ("", "") => return None,
        ("", count) => match number(count)? {
            0 => return Some(Selection::Unsatisfiable),
            count => Part { first: length.saturating_sub(count), last: end },
        },
        (first, "") => Part { first: number(first)?, last: end },
        (first, last) => {
            let (first, last) = (number(first)?, number(last)?);
            if last < first {
                return None;
            }
            Part { first, last: last.min(end) }
        }
    };
    Some(if part.first > end { Selection::Unsatisfiable } else { Selection::Part(part) })
}

/// Digits only; more than can be counted is as much as can be counted.
fn number(digits: &str) -> Option<u64> {
    let plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    plain.then(|| digits.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;
    use proptest::prelude::*;

    fn of(range: &str, length: u64) -> Selection {
        let mut headers = HeaderMap::new();
        headers.insert(header::RANGE, HeaderValue::from_str(range).unwrap());
        select(&headers, length)
    }

    #[test]
    fn every_form_of_a_range_is_read() {
        let part = |first, last| Selection::Part(Part { first, last });
        for (range, expected) in [
            ("bytes=0-0", part(0, 0)),
            ("bytes=0-499", part(0, 499)),
            ("Bytes = 10-", part(10, 999)),
            ("bytes=999-", part(999, 999)),
            ("bytes=-1", part(999, 999)),
            ("bytes=-5000", part(0, 999)),
            ("bytes=0-99999999999999999999999", part(0, 999)),
            ("bytes=,5-6,", part(5, 6)),
            ("bytes=1000-", Selection::Unsatisfiable),
            ("bytes=1000-2000", Selection::Unsatisfiable),
            ("bytes=99999999999999999999999-", Selection::Unsatisfiable),
            ("bytes=-0", Selection::Unsatisfiable),
            ("bytes=0-1,5-6", Selection::Whole),
            ("bytes=6-5", Selection::Whole),
            ("bytes=", Selection::Whole),
            ("bytes=-", Selection::Whole),
            ("bytes=a-b", Selection::Whole),
            ("bytes=+1-2", Selection::Whole),
            ("bytes", Selection::Whole),
            ("items=0-1", Selection::Whole),
        ] {
            assert_eq!(of(range, 1000), expected, "{range}");
        }
        assert_eq!(select(&HeaderMap::new(), 1000), Selection::Whole);
        assert_eq!(of("bytes=0-", 0), Selection::Whole);
    }

    #[test]
    fn two_headers_are_several_ranges() {
        let mut headers = HeaderMap::new();
        headers.append(header::RANGE, HeaderValue::from_static("bytes=0-1"));
        headers.append(header::RANGE, HeaderValue::from_static("bytes=2-3"));
        assert_eq!(select(&headers, 10), Selection::Whole);
    }

    proptest! {
        #[test]
        fn a_part_lies_within_the_whole(range in "bytes=[0-9]{0,20}-[0-9]{0,20}", length in 1..u64::MAX) {
            if let Selection::Part(part) = of(&range, length) {
                prop_assert!(part.bytes().start < part.bytes().end);
                prop_assert!(part.bytes().end <= length);
                prop_assert_eq!(part.length(), part.bytes().end - part.bytes().start);
            }
        }
    }
}
