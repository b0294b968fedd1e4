//! What happened, read from any side. Nothing here writes.
//!
//! An organization sees the use of its works as creator and its own use as buyer, never more: the
//! organization is an argument of every query. A creator that has chosen coarse reports sees of the use of
//! its works what `coarse` lets through, and nothing else.

mod breakdown;
mod coarse;
mod cursor_key;
mod failures;
mod feed;
mod feed_sql;
mod filter;
mod month_so_far;
mod quotas;
mod receipt_batches;
mod receipts;
mod refusals;
mod trends;
mod usage;

pub use breakdown::{Breakdown, Group, Key, breakdown};
pub use cursor_key::CursorKey;
pub use failures::{FailureLine, FailurePage, failures};
pub use feed::{EVENTS_PER_PAGE_MAX, EventLine, EventPage, events};
pub use filter::{Cost, EventFilter, Failed, FailureFilter, Source};
pub use month_so_far::{MonthSoFar, month_so_far};
pub use quotas::{Quota, quotas};
pub use receipt_batches::{
    RECEIPTS_PER_BATCH_MAX, ReceiptBatch, ReceiptFilter, receipts, receipts_named,
    receipts_of_license,
};
pub use receipts::{StoredReceipt, jwks, receipt, receipt_of_license};
pub use refusals::{RefusalCount, refusals};
pub use trends::trends;
pub use usage::{Bucket, UsageFilter, UsageReport, quota_used, usage};

#[cfg(test)]
mod breakdown_tests;
#[cfg(test)]
mod coarse_tests;
#[cfg(test)]
mod feed_tests;
#[cfg(test)]
pub(crate) mod fixtures;
#[cfg(test)]
mod tests;
