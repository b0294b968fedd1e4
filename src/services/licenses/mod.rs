//! Licenses: accepting an offer, and reading one's own.
//!
//! Acceptance names the digest of the terms the person saw; if the offer has changed since, nothing
//! is accepted. Only `accept` writes.

mod accept;
mod read;
#[cfg(test)]
mod tests;

pub use accept::{Acceptance, accept};
pub use read::{Held, License, LicenseRow, for_work, get, list};
