//! What licenses have used up, counted in this process.
//!
//! A unit of quota is set aside before its bytes go out and given back if they do not arrive or
//! turn out to be a repeat, so clients that race never get more than the quota.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use sha2::{Digest as _, Sha256};

use crate::{
    domain::{
        gate::{Licensed, Mark, Meter, Reserved},
        ids::OrgId,
        terms::Scope,
    },
    services::licenses::MoveUp,
};

/// The most paid windows kept in mind of each kind. The oldest go first; a repeat in one that is
/// forgotten takes a unit of the quota, and the books still know it for a repeat.
pub(super) const PAID_MAX: usize = 1_000_000;

/// One license as this gate knows it, shared by all its tokens.
#[derive(Debug)]
pub(super) struct Held(Mutex<Standing>);

/// What a license allows now, and what it has used up.
#[derive(Debug)]
pub(super) struct Standing {
    pub license: Arc<Licensed>,
    pub meter: Meter,
}

impl Held {
    pub fn new(license: Arc<Licensed>, meter: Meter) -> Self {
        Self(Mutex::new(Standing { license, meter }))
    }

    pub fn lock(&self) -> MutexGuard<'_, Standing> {
        unpoisoned(&self.0)
    }
}

/// A unit of quota that was set aside. Dropping it gives the unit back.
#[derive(Debug)]
pub(super) struct Reservation {
    held: Arc<Held>,
    reserved: Option<Reserved>,
}

impl Reservation {
    /// `reserved` is missing where the decision set nothing aside.
    pub const fn new(held: Arc<Held>, reserved: Option<Reserved>) -> Self {
        Self { held, reserved }
    }

    /// What was set aside is used up, as far as so many bytes need it. Answers the move that is due
    /// where the units used up, without those only set aside, put the license under a larger tier;
    /// what costs nothing moves no license.
    pub fn use_up(mut self, scope: Scope, bytes: u64) -> Option<MoveUp> {
        let reserved = self.reserved.take()?;
        let Standing { license, meter } = &mut *self.held.lock();
        meter.keep(reserved, license.tier.unit.of_delivery(scope, bytes));
        let (from, to) = (license.tier.tier_id, meter.tier_used_up(license, reserved.at).tier_id);
        let due = reserved.billable && from != to;
        due.then_some(MoveUp { license_id: license.license_id, from, to })
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        if let Some(reserved) = self.reserved {
            self.held.lock().meter.give_back(reserved);
        }
    }
}

/// A nonce in use. Dropping it makes it new again, unless it was used up.
#[derive(Debug)]
pub(super) struct NonceHold {
    held: Arc<Held>,
    mark: Option<Mark>,
}

impl NonceHold {
    pub const fn new(held: Arc<Held>, mark: Option<Mark>) -> Self {
        Self { held, mark }
    }

    /// A receipt was signed for it.
    pub fn use_up(&mut self) {
        self.mark = None;
    }
}

impl Drop for NonceHold {
    fn drop(&mut self) {
        if let Some(mark) = self.mark {
            self.held.lock().meter.nonces.release(mark);
        }
    }
}

/// Windows known to be paid for: a repeat in one takes nothing from the quota, and its receipt says
/// that it is free. Windows of months before the present one are forgotten; those of jobs have no end,
/// but are not looked for in the books after `EVENT_AGE_DAYS_MAX` days.
#[derive(Debug, Default)]
pub(super) struct Paid(Mutex<Windows>);

#[derive(Debug, Default)]
struct Windows {
    /// The latest month seen, as `month:2026-11`.
    month: String,
    of_month: Recent,
    of_jobs: Recent,
}

impl Paid {
    /// Keeps a window in mind; false if it was known already.
    pub fn insert(&self, org_id: OrgId, content_id: &str, window: &str) -> bool {
        let digest = digest(org_id, content_id, window);
        let mut windows = unpoisoned(&self.0);
        if !window.starts_with("month:") {
            return windows.of_jobs.insert(digest, PAID_MAX);
        }
        if window > windows.month.as_str() {
            window.clone_into(&mut windows.month);
            windows.of_month = Recent::default();
        }
        window != windows.month || windows.of_month.insert(digest, PAID_MAX)
    }

    pub fn contains(&self, org_id: OrgId, content_id: &str, window: &str) -> bool {
        let digest = digest(org_id, content_id, window);
        let windows = unpoisoned(&self.0);
        windows.of_month.contains(&digest) || windows.of_jobs.contains(&digest)
    }
}

/// A set that forgets its older half when it is full.
#[derive(Debug, Default)]
struct Recent {
    newer: HashSet<[u8; 16]>,
    older: HashSet<[u8; 16]>,
}

impl Recent {
    /// False if it was there already.
    fn insert(&mut self, digest: [u8; 16], max: usize) -> bool {
        if self.contains(&digest) {
            return false;
        }
        if self.newer.len() >= max / 2 {
            self.older = std::mem::take(&mut self.newer);
        }
        self.newer.insert(digest)
    }

    fn contains(&self, digest: &[u8; 16]) -> bool {
        self.newer.contains(digest) || self.older.contains(digest)
    }
}

fn digest(org_id: OrgId, content_id: &str, window: &str) -> [u8; 16] {
    // The first two have a fixed length, so the parts cannot run into each other.
    let mut hasher = Sha256::new();
    hasher.update(org_id.uuid().as_bytes());
    hasher.update(content_id);
    hasher.update(window);
    let whole: [u8; 32] = hasher.finalize().into();
    let mut half = [0; 16];
    half.copy_from_slice(&whole[..16]);
    half
}

/// A panic while a lock was held cannot leave these counts half-written: each is one assignment.
fn unpoisoned<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::services::mint;

    #[test]
    fn windows_of_past_months_are_forgotten_and_those_of_jobs_are_not() {
        let (paid, org_id) = (Paid::default(), mint());
        for window in ["month:2026-11", "job:run-1"] {
            assert!(paid.insert(org_id, "a", window));
            assert!(!paid.insert(org_id, "a", window));
        }
        assert!(paid.contains(org_id, "a", "month:2026-11"));
        assert!(!paid.contains(mint(), "a", "month:2026-11"));
        paid.insert(org_id, "a", "month:2026-12");
        paid.insert(org_id, "b", "month:2026-11");
        assert!(!paid.contains(org_id, "a", "month:2026-11"));
        assert!(!paid.contains(org_id, "b", "month:2026-11"));
        assert!(paid.contains(org_id, "a", "month:2026-12"));
        assert!(paid.contains(org_id, "a", "job:run-1"));
    }

    #[test]
    fn a_full_set_forgets_its_older_half() {
        let mut recent = Recent::default();
        let digest = |n: u8| [n; 16];
        for n in 0..100 {
            recent.insert(digest(n), 10);
            assert!(recent.newer.len() + recent.older.len() <= 10);
            assert!((n.saturating_sub(4)..=n).all(|near| recent.contains(&digest(near))), "{n}");
        }
        assert!(!recent.contains(&digest(80)));
    }
}
