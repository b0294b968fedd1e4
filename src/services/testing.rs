//! Services for tests: a real database, content in memory, a clock that stands until it is moved.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use chrono::{DateTime, Utc};
use object_store::memory::InMemory;
use sqlx::PgPool;

use super::{Clock, Services, content::ContentStore};

/// A clock that a test moves; it starts at 2026-03-02 10:00 UTC.
pub(crate) struct TestClock(AtomicI64);

impl TestClock {
    /// Moves the clock forward.
    pub(crate) fn advance(&self, by: Duration) {
        self.0.fetch_add(by.as_micros().try_into().unwrap(), Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn now(&self) -> DateTime<Utc> {
        DateTime::from_timestamp_micros(self.0.load(Ordering::SeqCst)).unwrap()
    }
}

/// Services on this database, and their clock.
pub(crate) fn services(pool: PgPool) -> (Services, Arc<TestClock>) {
    let clock = Arc::new(TestClock(AtomicI64::new(1_772_445_600_000_000)));
    let services = Services {
        pool,
        clock: clock.clone(),
        content: ContentStore::new(Arc::new(InMemory::new()), 1024 * 1024),
        live: false,
    };
    (services, clock)
}
