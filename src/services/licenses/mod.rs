//! Licenses: accepting an offer, what happens to an accepted one, and reading one's own.
//!
//! Acceptance names the digest of the terms the person saw; if the offer has changed since, nothing
//! is accepted. `accept` makes and ends licenses, `end` cancels and renews them, `change` alters those
//! that are held.

mod accept;
mod change;
mod end;
mod read;
#[cfg(test)]
mod tests;

pub use accept::{Acceptance, accept};
pub use change::{MoveUp, set_spend_cap, upgrade};
pub use end::{Renewal, cancel, renew, resume};
pub use read::{Held, License, LicenseRow, Subject, for_work, get, list};
