//! What a gate does while PostgreSQL is away and nobody can tell it what has changed.
//!
//! A token the gate does not know is refused always. After the grace every token is.

use std::time::Duration;

use crate::domain::text::text_enum;

/// A gate that has heard nothing for so long takes PostgreSQL for away.
pub const AWAY_AFTER: Duration = Duration::from_secs(5);

text_enum! {
    /// Which tokens are served on what was known last.
    pub enum Failover("failover policy") {
        /// None.
        Deny = "deny",
        /// Every known one, during the grace.
        Allow = "allow",
        /// Those the gate has let in before, during the grace.
        CacheOnly = "cache_only",
    }
}

impl Failover {
    /// Whether a known token is served when what is known was confirmed so long ago. `seen` says
    /// whether the gate has let the token in before; it is asked only where it matters.
    pub fn admits(
        self,
        unconfirmed: Duration,
        grace: Duration,
        seen: impl FnOnce() -> bool,
    ) -> bool {
        if unconfirmed <= AWAY_AFTER {
            return true;
        }
        unconfirmed <= grace.max(AWAY_AFTER)
            && match self {
                Self::Deny => false,
                Self::Allow => true,
                Self::CacheOnly => seen(),
            }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_policy_serves_whom_it_says_and_for_as_long() {
        let grace = Duration::from_secs(300);
        let soon = [Duration::ZERO, AWAY_AFTER];
        let away = [AWAY_AFTER + Duration::from_millis(1), grace];
        let late = [grace + Duration::from_millis(1), grace * 100];
        for &policy in Failover::ALL {
            for seen in [true, false] {
                let admits = |at| policy.admits(at, grace, || seen);
                assert!(soon.into_iter().all(admits), "{policy}");
                let expected = policy == Failover::Allow || (policy == Failover::CacheOnly && seen);
                assert!(away.into_iter().all(|at| admits(at) == expected), "{policy}");
                assert!(!late.into_iter().any(admits), "{policy}");
            }
        }
        assert!(!Failover::Allow.admits(AWAY_AFTER * 2, Duration::ZERO, || true));
    }
}
