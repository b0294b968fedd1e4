//! What things are and which rules bind them. Nothing here waits, reads a clock or rolls dice.
//!
//! In reading order: how things are named and refused, who asks, what is licensed, how it is
//! delivered and counted, and who is paid.

pub mod error;
pub mod ids;
pub mod text;

pub mod actor;
pub mod country;
pub mod identity;
pub mod profile;

pub mod asset;
pub mod catalogue;
pub mod collection;
pub mod money;
pub mod month;
pub mod pricing;
pub mod provenance;
pub mod rating;
pub mod sheet;
pub mod site;
pub mod terms;

pub mod access_token;
pub mod gate;
pub mod license;
pub mod metering;
pub mod receipt;
pub mod report;

pub mod ledger;
pub mod payout;

pub mod cursor;
pub mod event;
