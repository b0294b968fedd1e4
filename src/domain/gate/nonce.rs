//! A consumer's own mark for one request, which the gate takes once.
//!
//! A nonce is taken once per license and job, and refused for 24 hours afterwards. It is used up as
//! soon as a receipt is signed for it, whether or not the transfer ends well; a request that is
//! refused, or that only looks, leaves it as it was. Nothing is forgotten early: where too many are
//! remembered, requests with a nonce are turned away until some have run out.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::domain::{
    error::{Kind, Refusal},
    metering::JobName,
};

const LENGTH_MIN: usize = 16;
const LENGTH_MAX: usize = 128;

/// 16 to 128 letters, digits, `-` and `_`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Nonce(String);

impl Nonce {
    /// Reads what a machine sent.
    ///
    /// # Errors
    ///
    /// `invalid_nonce`.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        let plain = text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
        if !plain || !(LENGTH_MIN..=LENGTH_MAX).contains(&text.len()) {
            return Err(Refusal::new(
                Kind::Malformed,
                "invalid_nonce",
                t!(
                    "Write the nonce with {LENGTH_MIN} to {LENGTH_MAX} letters, digits, “-” and “_”."
                ),
            ));
        }
        Ok(Self(text.to_owned()))
    }

    /// The nonce.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Nonce {
    type Error = Refusal;

    fn try_from(text: String) -> Result<Self, Refusal> {
        Self::parse(&text)
    }
}

impl From<Nonce> for String {
    fn from(nonce: Nonce) -> Self {
        nonce.0
    }
}

/// How long a nonce is refused after its use.
pub const NONCE_REMEMBERED: TimeDelta = TimeDelta::hours(24);
/// The most nonces remembered for one license.
pub const NONCES_PER_LICENSE_MAX: usize = 100_000;
/// The most nonces remembered by one gate: about 40 bytes each.
pub const NONCES_MAX: usize = 1_000_000;

/// How many nonces all licenses of a gate remember together.
#[derive(Debug, Default)]
pub struct NonceRoom {
    taken: AtomicUsize,
}

/// What is kept of a nonce.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Mark(u128);

impl Mark {
    /// Of a nonce under a job.
    pub fn new(job: Option<&JobName>, nonce: &str) -> Self {
        // Neither holds a NUL, so the parts cannot run into each other.
        let mut hasher = Sha256::new();
        hasher.update(job.map_or("", JobName::as_str));
        hasher.update([0]);
        hasher.update(nonce);
        let digest: [u8; 32] = hasher.finalize().into();
        Self(digest.iter().take(16).fold(0, |bits, &byte| bits << 8 | u128::from(byte)))
    }
}

/// The nonces one license has used within the last 24 hours.
#[derive(Debug, Default)]
pub struct UsedNonces {
    used_at: HashMap<Mark, DateTime<Utc>>,
    room: Arc<NonceRoom>,
    /// When the ones that ran out were last looked for.
    swept_at: DateTime<Utc>,
}

impl UsedNonces {
    /// None yet. `room` is shared by all licenses of a gate.
    pub fn new(room: Arc<NonceRoom>) -> Self {
        Self { used_at: HashMap::new(), room, swept_at: DateTime::UNIX_EPOCH }
    }

    /// Whether the nonce may be used now.
    ///
    /// # Errors
    ///
    /// `nonce_replayed`, or `nonces_full` where no more can be remembered.
    pub fn check(&mut self, mark: Mark, now: DateTime<Utc>) -> Result<(), Refusal> {
        if self.used_at.get(&mark).is_some_and(|&used_at| now < used_at + NONCE_REMEMBERED) {
            return Err(Refusal::new(
                Kind::Conflict,
                "nonce_replayed",
                t!(
                    "This nonce was used within the last 24 hours. Send every request with a new one."
                ),
            ));
        }
        if self.is_full() {
            self.forget(now);
        }
        if self.is_full() {
            return Err(Refusal::new(
                Kind::Unavailable,
                "nonces_full",
                t!("Too many nonces of the last 24 hours are remembered. Ask again later."),
            ));
        }
        Ok(())
    }

    /// Remembers a nonce from its use on.
    pub fn keep(&mut self, mark: Mark, used_at: DateTime<Utc>) {
        if self.used_at.insert(mark, used_at).is_none() {
            self.room.taken.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// The nonce was not used after all.
    pub fn release(&mut self, mark: Mark) {
        if self.used_at.remove(&mark).is_some() {
            self.room.taken.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// Forgets the ones that have run out; looks for them once a minute at most.
    pub fn forget(&mut self, now: DateTime<Utc>) {
        if now < self.swept_at + TimeDelta::minutes(1) {
            return;
        }
        self.swept_at = now;
        let before = self.used_at.len();
        self.used_at.retain(|_, used_at| now < *used_at + NONCE_REMEMBERED);
        self.used_at.shrink_to(self.used_at.len().saturating_mul(2));
        self.room.taken.fetch_sub(before - self.used_at.len(), Ordering::Relaxed);
    }

    fn is_full(&self) -> bool {
        self.used_at.len() >= NONCES_PER_LICENSE_MAX
            || self.room.taken.load(Ordering::Relaxed) >= NONCES_MAX
    }
}

impl Drop for UsedNonces {
    fn drop(&mut self) {
        self.room.taken.fetch_sub(self.used_at.len(), Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(n: usize) -> Mark {
        Mark::new(None, &format!("{n:016}"))
    }

    #[test]
    fn a_nonce_is_taken_once_a_day_under_each_job() {
        let (mut used, now) = (UsedNonces::new(Arc::default()), DateTime::UNIX_EPOCH);
        let job = JobName::parse("run-1").unwrap();
        let (plain, under_job) =
            (Mark::new(None, "0123456789abcdef"), Mark::new(Some(&job), "0123456789abcdef"));
        used.check(plain, now).unwrap();
        used.keep(plain, now);
        assert_eq!(used.check(plain, now).unwrap_err().code, "nonce_replayed");
        used.check(under_job, now).unwrap();
        let last = now + NONCE_REMEMBERED - TimeDelta::microseconds(1);
        assert_eq!(used.check(plain, last).unwrap_err().kind.status(), 409);
        used.check(plain, now + NONCE_REMEMBERED).unwrap();
        used.release(plain);
        used.check(plain, now).unwrap();
    }

    #[test]
    fn nothing_is_forgotten_early_and_nothing_is_kept_for_ever() {
        let room = Arc::new(NonceRoom::default());
        let (mut used, now) = (UsedNonces::new(Arc::clone(&room)), DateTime::UNIX_EPOCH);
        for n in 0..NONCES_PER_LICENSE_MAX {
            used.keep(mark(n), now + TimeDelta::milliseconds(i64::try_from(n).unwrap()));
        }
        let refused = used.check(mark(NONCES_PER_LICENSE_MAX), now).unwrap_err();
        assert_eq!((refused.code, refused.kind.status()), ("nonces_full", 503));
        assert_eq!(used.check(mark(0), now).unwrap_err().code, "nonce_replayed");
        let later = now + NONCE_REMEMBERED + TimeDelta::milliseconds(9);
        used.check(mark(NONCES_PER_LICENSE_MAX), later).unwrap();
        assert_eq!(used.check(mark(10), later).unwrap_err().code, "nonce_replayed");
        assert_eq!(room.taken.load(Ordering::Relaxed), NONCES_PER_LICENSE_MAX - 10);
        drop(used);
        assert_eq!(room.taken.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn all_licenses_share_one_room() {
        let room = Arc::new(NonceRoom { taken: AtomicUsize::new(NONCES_MAX) });
        let mut used = UsedNonces::new(room);
        let now = DateTime::UNIX_EPOCH + TimeDelta::days(1);
        assert_eq!(used.check(mark(1), now).unwrap_err().code, "nonces_full");
    }

    #[test]
    fn a_nonce_is_long_and_plain() {
        assert!(Nonce::parse("01JD8Z6Q0V5W8-_x").is_ok());
        let long = "x".repeat(LENGTH_MAX + 1);
        for bad in ["", "short", "0123456789abcde ", "0123456789abcdé", long.as_str()] {
            assert_eq!(Nonce::parse(bad).unwrap_err().code, "invalid_nonce", "{bad:?}");
        }
    }
}
