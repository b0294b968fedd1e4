//! Receipts that are durable and may not be in the books yet, so that they can be asked for at once.
//!
//! Bounded: of more than are kept, the rest is found once it is in the books.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::writer::Waiting;
use crate::domain::ids::{LicenseId, ReceiptId};

/// The most receipts kept in mind, of about a kilobyte each.
const RECENT_MAX: usize = 32 * 1024;

#[derive(Default)]
pub(super) struct Recent(Mutex<HashMap<ReceiptId, (LicenseId, Arc<str>)>>);

impl Recent {
    pub fn add(&self, batch: &[Box<Waiting>]) {
        let mut recent = self.lock();
        let room = RECENT_MAX.saturating_sub(recent.len());
        for each in batch.iter().take(room) {
            recent.insert(each.receipt_id, (each.license_id, Arc::clone(&each.jws)));
        }
    }

    pub fn get(&self, license_id: LicenseId, receipt_id: ReceiptId) -> Option<Arc<str>> {
        let recent = self.lock();
        let (of, jws) = recent.get(&receipt_id)?;
        (*of == license_id).then(|| Arc::clone(jws))
    }

    /// These are in the books.
    pub fn forget(&self, receipts: impl Iterator<Item = ReceiptId>) {
        let mut recent = self.lock();
        for receipt_id in receipts {
            recent.remove(&receipt_id);
        }
    }

    /// Every change is one insertion or removal, so a panic elsewhere leaves nothing half-done.
    fn lock(&self) -> MutexGuard<'_, HashMap<ReceiptId, (LicenseId, Arc<str>)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
