//! What happened, read from any side. Nothing here writes.
//!
//! An organization sees the use of its works as creator and its own use as buyer, never more: the
//! organization is an argument of every query.

mod attempts;
mod cursor_key;
mod feed;
mod receipts;
mod usage;

pub use attempts::{AbortedDelivery, RefusalCount, aborted, refusals};
pub use cursor_key::CursorKey;
pub use feed::{EVENTS_PER_PAGE_MAX, EventFilter, EventLine, EventPage, events};
pub(crate) use receipts::public_keys;
pub use receipts::{StoredReceipt, jwks, receipt, receipt_of_license};
pub use usage::{Bucket, UsageFilter, UsageReport, WorkUse, quota_used, top_works, usage};

#[cfg(test)]
mod tests;
