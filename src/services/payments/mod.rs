//! What we ask of whoever moves real money, and what we were told.
//!
//! `port` names every call in our own words; an adapter outside of this crate speaks to Stripe. No
//! call is made inside a transaction, and each that changes something carries a key its caller has
//! stored before.

mod amount;
pub mod calls;
pub mod inbox;
mod outcome;
pub mod parties;
pub mod plain;
mod port;
pub mod signature;
mod things;

pub use amount::Amount;
pub use outcome::{Key, Outcome, Refused};
pub use port::Payments;
pub use things::*;
