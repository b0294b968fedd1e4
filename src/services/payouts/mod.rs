//! Sending earnings to creators.
//!
//! A run decides in one transaction for each creator and currency, and books what it reserves; the
//! call is made after that, with a key that is stored before. Whatever is seen later, in any order
//! and any number of times, leads to the same end.

mod accounts;
mod read;
mod run;
mod seen;
mod send;

pub use accounts::{schedule_of, set_schedule};
pub use read::{Balance, DecisionRow, Part, PayoutRow, balances, decisions, payout};
pub use run::{Decided, request, run};
pub use seen::{News, arrivals_seen, transfer_seen};
pub use send::send;

#[cfg(test)]
mod tests;
