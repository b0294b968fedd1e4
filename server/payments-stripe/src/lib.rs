//! Stripe, behind the port `Payments`: the only place that knows its words.
//!
//! Its types and requests are async-stripe's; how they are sent is ours (`wire`): the key of a call is
//! its caller's and noted before, every attempt has a time limit, a retry repeats the same key, and the
//! raw answer is kept before anybody reads it. With a live key nothing is sent anywhere but to Stripe.

mod accounts;
mod balance;
mod billing;
mod customers;
mod port;
mod wire;
mod words;

use std::sync::Arc;

use imprimatur::services::payments::calls::CallLog;

use wire::Wire;
pub use wire::{Settings, SettingsError};

/// Stripe.
pub struct Stripe {
    wire: Wire,
}

impl Stripe {
    /// Speaks as configured, and notes its calls in the log.
    pub fn new(settings: Settings, log: Arc<dyn CallLog>) -> Result<Self, SettingsError> {
        Ok(Self { wire: Wire::new(settings, log)? })
    }
}

impl std::fmt::Debug for Stripe {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Stripe")
    }
}
