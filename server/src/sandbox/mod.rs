//! Stand-ins for the outside world, for demo and tests. They speak the real protocols on loopback,
//! and the product goes through them as it goes through any other.

pub mod authorization_server;
pub mod gazette;
pub mod prober;
