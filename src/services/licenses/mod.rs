//! Licenses: accepting an offer, what happens to an accepted one, and reading one's own.
//!
//! Acceptance names the digest of the terms the person saw; if the offer has changed since, nothing
//! is accepted. `accept` makes and ends licenses, `change` alters those that are held.

mod accept;
mod change;
mod read;
#[cfg(test)]
mod tests;

pub use accept::{Acceptance, accept};
pub use change::{MoveUp, set_spend_cap, upgrade};
pub use read::{Held, License, LicenseRow, for_work, get, list};
