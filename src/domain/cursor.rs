//! An opaque place in a feed: signed, bound to the feed it belongs to, good for 72 hours.
//!
//! A cursor holds only a place. What the feed shows is never taken from it: the binding (the
//! organization and the filters) is signed with it, so a cursor of another feed does not open.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::error::{Kind, Refusal};

/// How long a cursor opens.
const LIFETIME: TimeDelta = TimeDelta::hours(72);
const TAG_LENGTH: usize = 32;
/// Direction, instant, id, expiry.
const PLACE_LENGTH: usize = 1 + 8 + 16 + 8;

/// Which way to read on. A feed shows the newest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    Older,
    Newer,
}

/// A place in a feed ordered by instant (newest first), then id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    pub direction: Direction,
    pub at: DateTime<Utc>,
    pub id: Uuid,
}

/// What a cursor belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Binding([u8; 32]);

impl Binding {
    /// The binding to a feed, given every part that says what the feed shows. Parts are counted, so
    /// no two lists of parts read the same.
    pub fn of(parts: &[&str]) -> Self {
        let mut hasher = Sha256::new();
        for part in parts {
            hasher.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            hasher.update(part.as_bytes());
        }
        Self(hasher.finalize().into())
    }
}

impl Cursor {
    /// The text handed out. `tag` is the HMAC-SHA256 of its argument under the server's secret.
    pub fn seal(
        &self,
        binding: &Binding,
        now: DateTime<Utc>,
        tag: impl FnOnce(&[u8]) -> [u8; TAG_LENGTH],
    ) -> String {
        let mut bytes = Vec::with_capacity(PLACE_LENGTH + TAG_LENGTH);
        bytes.push(match self.direction {
            Direction::Older => 0,
            Direction::Newer => 1,
        });
        bytes.extend(self.at.timestamp_micros().to_be_bytes());
        bytes.extend(self.id.as_bytes());
        bytes.extend((now + LIFETIME).timestamp().to_be_bytes());
        let tag = tag(&signed(&bytes, binding));
        bytes.extend(tag);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Reads a cursor that came back. `tag_fits` compares, in constant time, the HMAC-SHA256 of its
    /// first argument with its second.
    pub fn open(
        text: &str,
        binding: &Binding,
        now: DateTime<Utc>,
        tag_fits: impl FnOnce(&[u8], &[u8]) -> bool,
    ) -> Result<Self, Refusal> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| invalid())?;
        let (place, tag) = bytes.split_at_checked(PLACE_LENGTH).ok_or_else(invalid)?;
        if tag.len() != TAG_LENGTH || !tag_fits(&signed(place, binding), tag) {
            return Err(invalid());
        }
        Self::read(place, now)
    }

    fn read(place: &[u8], now: DateTime<Utc>) -> Result<Self, Refusal> {
        let (&direction, rest) = place.split_first().ok_or_else(invalid)?;
        let (at, rest) = rest.split_first_chunk().ok_or_else(invalid)?;
        let (id, rest) = rest.split_first_chunk().ok_or_else(invalid)?;
        let (expires, _) = rest.split_first_chunk().ok_or_else(invalid)?;
        if now.timestamp() >= i64::from_be_bytes(*expires) {
            return Err(Refusal::new(
                Kind::Malformed,
                "expired_cursor",
                t!("This cursor is older than 72 hours. Start again from the first page."),
            ));
        }
        Ok(Self {
            direction: if direction == 0 { Direction::Older } else { Direction::Newer },
            at: DateTime::from_timestamp_micros(i64::from_be_bytes(*at)).ok_or_else(invalid)?,
            id: Uuid::from_bytes(*id),
        })
    }
}

fn signed(place: &[u8], binding: &Binding) -> Vec<u8> {
    [b"imprimatur cursor 1".as_slice(), place, &binding.0].concat()
}

fn invalid() -> Refusal {
    Refusal::new(
        Kind::Malformed,
        "invalid_cursor",
        t!("This cursor does not belong to this list. Start again from the first page."),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Stands in for HMAC: what matters here is what is signed, not with what.
    fn tag(bytes: &[u8]) -> [u8; 32] {
        Sha256::digest([b"secret", bytes].concat()).into()
    }

    fn open(text: &str, binding: &Binding, now: DateTime<Utc>) -> Result<Cursor, Refusal> {
        Cursor::open(text, binding, now, |bytes, given| tag(bytes) == given)
    }

    fn cursor() -> Cursor {
        Cursor {
            direction: Direction::Newer,
            at: "2026-11-22T07:50:07.123456Z".parse().unwrap(),
            id: Uuid::from_u128(7),
        }
    }

    #[test]
    fn a_cursor_opens_where_it_belongs_for_72_hours() {
        let (now, binding) = (DateTime::UNIX_EPOCH, Binding::of(&["org", "training"]));
        let text = cursor().seal(&binding, now, tag);
        assert_eq!(open(&text, &binding, now).unwrap(), cursor());
        let last = now + TimeDelta::hours(72) - TimeDelta::seconds(1);
        assert!(open(&text, &binding, last).is_ok());
        let late = now + TimeDelta::hours(72);
        assert_eq!(open(&text, &binding, late).unwrap_err().code, "expired_cursor");
    }

    #[test]
    fn a_cursor_of_another_feed_does_not_open() {
        let now = DateTime::UNIX_EPOCH;
        let text = cursor().seal(&Binding::of(&["org", "training"]), now, tag);
        for other in [&["other", "training"][..], &["org", ""], &["orgt", "raining"], &["org"]] {
            let refusal = open(&text, &Binding::of(other), now).unwrap_err();
            assert_eq!((refusal.code, refusal.kind.status()), ("invalid_cursor", 400));
        }
    }

    proptest! {
        #[test]
        fn a_changed_cursor_does_not_open(index in 0..87_usize, to in "[A-Za-z0-9_-]") {
            let (now, binding) = (DateTime::UNIX_EPOCH, Binding::of(&["org"]));
            let text = cursor().seal(&binding, now, tag);
            prop_assert!(index < text.len());
            let changed = format!("{}{to}{}", &text[..index], &text[index + 1..]);
            prop_assume!(changed != text);
            prop_assert_eq!(open(&changed, &binding, now).unwrap_err().code, "invalid_cursor");
        }

        #[test]
        fn what_is_no_cursor_is_invalid(text in ".{0,120}") {
            let refusal = open(&text, &Binding::of(&[]), DateTime::UNIX_EPOCH).unwrap_err();
            prop_assert_eq!(refusal.code, "invalid_cursor");
        }
    }
}
