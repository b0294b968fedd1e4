//! A use as somebody outside reports it: what it must say, and how late it may come.
//!
//! The same key again is the same event; what else it says is held against the first time.

use chrono::{DateTime, TimeDelta, Utc};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::{Attribution, Dimensions, JobName, Measures, shortened};
use crate::domain::{
    asset::ContentId,
    error::{Kind, Refusal},
    ids::{LicenseId, OrgId},
    license::{Standing, State},
    terms::Scope,
};

/// The most events of one report.
pub const BATCH_MAX: usize = 1000;
/// How many days after it happened an event may still be reported.
pub const EVENT_AGE_DAYS_MAX: i64 = 34;
/// How many hours a sender's clock may be ahead.
pub const EVENT_AHEAD_HOURS_MAX: i64 = 24;
/// The most characters an idempotency key may have.
pub const KEY_LENGTH_MAX: usize = 128;

/// One use, reported from outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reported {
    /// The sender's own key for it.
    pub key: String,
    pub license_id: LicenseId,
    pub content_id: ContentId,
    pub scope: Scope,
    pub job: Option<JobName>,
    pub occurred_at: DateTime<Utc>,
    pub measures: Measures,
    pub dimensions: Dimensions,
    pub attribution: Option<Attribution>,
    /// Whether it was answered from a cache. It counts all the same.
    pub cache_hit: bool,
}

impl Reported {
    /// Refuses what no event can say, without looking at anything else. The clock is that of the
    /// receiver.
    ///
    /// # Errors
    ///
    /// `invalid_key`, `too_late`, `too_early`, or `invalid_field` with the field's name.
    pub fn check(&self, now: DateTime<Utc>) -> Result<(), Refusal> {
        let printable = self.key.bytes().all(|b| matches!(b, b'!'..=b'~'));
        if self.key.is_empty() || self.key.len() > KEY_LENGTH_MAX || !printable {
            return Err(Refusal::new(
                Kind::Invalid,
                "invalid_key",
                t!("Give each event a key of 1 to {KEY_LENGTH_MAX} visible ASCII characters."),
            ));
        }
        if self.occurred_at < now - TimeDelta::days(EVENT_AGE_DAYS_MAX) {
            return Err(Refusal::new(
                Kind::Invalid,
                "too_late",
                t!("Report a use within {EVENT_AGE_DAYS_MAX} days."),
            ));
        }
        if self.occurred_at > now + TimeDelta::hours(EVENT_AHEAD_HOURS_MAX) {
            return Err(Refusal::new(
                Kind::Invalid,
                "too_early",
                t!("Report a use after it has happened; check your clock."),
            ));
        }
        self.measures.check()?;
        self.dimensions.check()
    }

    /// Holds it against the license: whether it counted then, and whether it grants the use. What
    /// happened before it began is counted, and free.
    ///
    /// # Errors
    ///
    /// `license_inactive` or `scope_not_granted`.
    pub fn check_against(&self, standing: &Standing, granted: &[Scope]) -> Result<(), Refusal> {
        let over = standing.ends_at.is_some_and(|end| self.occurred_at >= end);
        let counts = match standing.state {
            State::Active | State::Expired => true,
            // It counted until it was taken back.
            State::Revoked => standing.ends_at.is_some(),
            State::Pending | State::Suspended => false,
        };
        if over || !counts {
            let sentence = t!("The license was not in force at that time.");
            return Err(Refusal::new(Kind::Forbidden, "license_inactive", sentence));
        }
        // Who may read a work in answers may show it there.
        let scope = match self.scope {
            Scope::Display if granted.contains(&Scope::Inference) => return Ok(()),
            scope => scope,
        };
        if !granted.contains(&scope) {
            let sentence = t!("The license does not grant {scope}.");
            return Err(Refusal::new(Kind::Forbidden, "scope_not_granted", sentence));
        }
        Ok(())
    }

    /// What names it among all senders' events, in 16 bytes.
    pub fn key_hash(&self, sender: OrgId) -> Uuid {
        let mut hasher = Sha256::new();
        hasher.update(sender.uuid().as_bytes());
        hasher.update(&self.key);
        shortened(hasher)
    }

    /// All it says besides its key, in 16 bytes: two events with the same key are the same event
    /// only if this is equal.
    pub fn body_hash(&self) -> Uuid {
        let mut hasher = Sha256::new();
        hasher.update(self.license_id.uuid().as_bytes());
        hasher.update(self.content_id.as_str());
        hasher.update(self.occurred_at.timestamp_micros().to_be_bytes());
        let Measures { calls, pages, tokens, bytes, training_examples, inference_requests } =
            self.measures;
        for count in [calls, pages, tokens, bytes, training_examples, inference_requests] {
            hasher.update(count.to_be_bytes());
        }
        hasher.update(self.attribution.map_or(-1, Attribution::get).to_be_bytes());
        hasher.update([u8::from(self.cache_hit), u8::from(self.job.is_some())]);
        let Dimensions { region, model, consumer_class } = &self.dimensions;
        let job = self.job.as_ref().map_or("", JobName::as_str);
        for text in [self.scope.as_str(), job, region, model, consumer_class] {
            hasher.update(text);
            // No text holds it, so the parts cannot run into each other.
            hasher.update([0]);
        }
        shortened(hasher)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::TypedId as _;

    fn now() -> DateTime<Utc> {
        "2026-11-22T10:00:00Z".parse().unwrap()
    }

    fn reported() -> Reported {
        Reported {
            key: "run-7/1".into(),
            license_id: LicenseId::from_uuid(Uuid::from_u128(1)),
            content_id: ContentId::of(b"a"),
            scope: Scope::Inference,
            job: None,
            occurred_at: now(),
            measures: Measures { calls: 1, ..Measures::default() },
            dimensions: Dimensions::default(),
            attribution: None,
            cache_hit: false,
        }
    }

    #[test]
    fn an_event_comes_neither_too_late_nor_too_early() {
        let at = |occurred_at| Reported { occurred_at, ..reported() }.check(now());
        let tick = TimeDelta::microseconds(1);
        let (oldest, newest) = (
            now() - TimeDelta::days(EVENT_AGE_DAYS_MAX),
            now() + TimeDelta::hours(EVENT_AHEAD_HOURS_MAX),
        );
        assert!(at(oldest).is_ok() && at(newest).is_ok());
        assert_eq!(at(oldest - tick).unwrap_err().code, "too_late");
        assert_eq!(at(newest + tick).unwrap_err().code, "too_early");
    }

    #[test]
    fn a_use_counts_while_its_license_does() {
        let standing = |state, ends_at| Standing { state, starts_at: now(), ends_at };
        let check = |standing: Standing, scope, at| {
            let each = Reported { scope, occurred_at: at, ..reported() };
            each.check_against(&standing, &[Scope::Inference]).map_err(|refusal| refusal.code)
        };
        let (tick, end) = (TimeDelta::microseconds(1), now() + TimeDelta::days(1));
        for (state, ends_at, at, expected) in [
            (State::Active, None, now(), Ok(())),
            (State::Active, None, now() - tick, Ok(())),
            (State::Active, Some(end), end - tick, Ok(())),
            (State::Active, Some(end), end, Err("license_inactive")),
            (State::Expired, Some(end), end - tick, Ok(())),
            (State::Revoked, Some(end), end - tick, Ok(())),
            (State::Revoked, None, now(), Err("license_inactive")),
            (State::Pending, None, now(), Err("license_inactive")),
            (State::Suspended, None, now(), Err("license_inactive")),
        ] {
            assert_eq!(check(standing(state, ends_at), Scope::Inference, at), expected, "{state}");
        }
        let active = standing(State::Active, None);
        assert_eq!(check(active, Scope::Display, now()), Ok(()));
        assert_eq!(check(active, Scope::Training, now()), Err("scope_not_granted"));
    }

    #[test]
    fn a_key_is_short_and_visible() {
        for bad in ["", "a b", "a\0", "é", &"x".repeat(KEY_LENGTH_MAX + 1)] {
            let each = Reported { key: bad.to_owned(), ..reported() };
            assert_eq!(each.check(now()).unwrap_err().code, "invalid_key", "{bad:?}");
        }
    }

    #[test]
    fn a_key_belongs_to_its_sender() {
        let sender = |n| OrgId::from_uuid(Uuid::from_u128(n));
        assert_eq!(reported().key_hash(sender(1)), reported().key_hash(sender(1)));
        assert_ne!(reported().key_hash(sender(1)), reported().key_hash(sender(2)));
    }

    #[test]
    fn a_body_differs_wherever_it_says_something_else() {
        let job = |name: &str| Some(JobName::parse(name).unwrap());
        let count = |measures| Reported { measures, ..reported() };
        let said = |region: &str, model: &str| Reported {
            dimensions: Dimensions {
                region: region.into(),
                model: model.into(),
                ..Dimensions::default()
            },
            ..reported()
        };
        let bodies = [
            reported(),
            Reported { license_id: LicenseId::from_uuid(Uuid::from_u128(2)), ..reported() },
            Reported { content_id: ContentId::of(b"b"), ..reported() },
            Reported { scope: Scope::Display, ..reported() },
            Reported { job: job("a"), ..reported() },
            Reported { occurred_at: now() - TimeDelta::microseconds(1), ..reported() },
            Reported { attribution: Attribution::millionths(0).ok(), ..reported() },
            Reported { cache_hit: true, ..reported() },
            count(Measures { calls: 2, ..Measures::default() }),
            count(Measures { pages: 1, ..Measures::default() }),
            said("eu", ""),
            said("", "eu"),
            said("e", "u"),
        ];
        for (i, a) in bodies.iter().enumerate() {
            for b in &bodies[i + 1..] {
                assert_ne!(a.body_hash(), b.body_hash(), "{a:?} {b:?}");
            }
        }
        let other_key = Reported { key: "other".into(), ..reported() };
        assert_eq!(reported().body_hash(), other_key.body_hash());
    }
}
