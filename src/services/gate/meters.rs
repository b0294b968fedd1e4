//! What licenses have used up, counted in this process.
//!
//! A unit of quota is set aside before its bytes go out and given back if they do not arrive or
//! turn out to be a repeat, so clients that race never get more than the quota.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use chrono::{DateTime, Utc};
use sha2::{Digest as _, Sha256};

use crate::domain::{gate::Meter, ids::OrgId};

/// The most paid windows kept in mind. Beyond it a repeat is served only within the quota.
const PAID_MAX: usize = 1_000_000;

/// The meter of one license, shared by every snapshot and every request.
#[derive(Debug, Default)]
pub(super) struct SharedMeter(Mutex<Meter>);

impl SharedMeter {
    pub fn new(meter: Meter) -> Self {
        Self(Mutex::new(meter))
    }

    pub fn lock(&self) -> MutexGuard<'_, Meter> {
        unpoisoned(&self.0)
    }
}

/// A unit of quota that was set aside. Dropping it gives the unit back.
#[derive(Debug)]
pub(super) struct Reservation {
    meter: Arc<SharedMeter>,
    reserved_at: DateTime<Utc>,
    held: bool,
}

impl Reservation {
    /// `held` is false where the decision set nothing aside.
    pub fn new(meter: Arc<SharedMeter>, reserved_at: DateTime<Utc>, held: bool) -> Self {
        Self { meter, reserved_at, held }
    }

    /// The unit is used up.
    pub fn use_up(mut self) {
        self.held = false;
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        if self.held {
            self.meter.lock().give_back(self.reserved_at);
        }
    }
}

/// Windows known to be paid for: a repeat in one takes nothing from the quota, and its receipt says
/// that it is free.
#[derive(Debug, Default)]
pub(super) struct Paid(Mutex<HashSet<[u8; 32]>>);

impl Paid {
    /// Keeps a window in mind; false if it was known already.
    pub fn insert(&self, org_id: OrgId, content_id: &str, window: &str) -> bool {
        let mut windows = unpoisoned(&self.0);
        let digest = digest(org_id, content_id, window);
        if windows.len() < PAID_MAX { windows.insert(digest) } else { !windows.contains(&digest) }
    }

    pub fn contains(&self, org_id: OrgId, content_id: &str, window: &str) -> bool {
        unpoisoned(&self.0).contains(&digest(org_id, content_id, window))
    }
}

fn digest(org_id: OrgId, content_id: &str, window: &str) -> [u8; 32] {
    // The first two have a fixed length, so the parts cannot run into each other.
    let mut hasher = Sha256::new();
    hasher.update(org_id.uuid().as_bytes());
    hasher.update(content_id);
    hasher.update(window);
    hasher.finalize().into()
}

/// A panic while a lock was held cannot leave these counts half-written: each is one assignment.
fn unpoisoned<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
