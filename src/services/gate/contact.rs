//! When PostgreSQL last confirmed what the gate knows, and whom it serves while it does not.
//!
//! The set of tokens let in before is kept only where the policy asks for it, and is bounded by the
//! tokens there are.

use std::{
    collections::HashSet,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use crate::domain::{
    error::{Kind, Refusal},
    gate::Failover,
    ids::TokenId,
};

/// What the gate does while PostgreSQL is away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FailoverSettings {
    pub policy: Failover,
    /// How long it does so.
    pub grace: Duration,
}

#[derive(Debug)]
pub(super) struct Contact {
    settings: FailoverSettings,
    begun: Instant,
    /// Milliseconds since `begun`.
    confirmed_at: AtomicU64,
    seen: Mutex<HashSet<TokenId>>,
}

impl Contact {
    /// Confirmed at this instant.
    pub fn new(settings: FailoverSettings) -> Self {
        Self {
            settings,
            begun: Instant::now(),
            confirmed_at: AtomicU64::new(0),
            seen: Mutex::default(),
        }
    }

    /// What was known before `at` was still so at that instant.
    pub fn confirm(&self, at: Instant) {
        let millis = at.duration_since(self.begun).as_millis();
        self.confirmed_at.fetch_max(u64::try_from(millis).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// How long ago that was.
    pub fn unconfirmed(&self) -> Duration {
        let confirmed_at = Duration::from_millis(self.confirmed_at.load(Ordering::Relaxed));
        self.begun.elapsed().saturating_sub(confirmed_at)
    }

    /// Whether a known token is served now.
    ///
    /// # Errors
    ///
    /// `license_state_unknown`.
    pub fn admits(&self, token_id: TokenId) -> Result<(), Refusal> {
        let FailoverSettings { policy, grace } = self.settings;
        let seen = || self.seen().contains(&token_id);
        if policy.admits(self.unconfirmed(), grace, seen) {
            return Ok(());
        }
        Err(Refusal::new(
            Kind::Unavailable,
            "license_state_unknown",
            t!(
                "The gate cannot tell at the moment whether your license is in force. Ask again later."
            ),
        ))
    }

    /// The token was let in.
    pub fn let_in(&self, token_id: TokenId) {
        if self.settings.policy == Failover::CacheOnly {
            self.seen().insert(token_id);
        }
    }

    fn seen(&self) -> std::sync::MutexGuard<'_, HashSet<TokenId>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
