//! The core of Imprimatur: what things are (`domain`) and what can be done with them (`services`).
//!
//! `domain` is pure and compiles to WebAssembly too. `services` is the only place that speaks SQL,
//! and exists only with the feature `ssr`.

// The macros name this crate, here too.
extern crate self as imprimatur;
#[macro_use]
extern crate imprimatur_words;

pub mod domain;
pub mod words;

#[cfg(feature = "ssr")]
pub mod services;

/// The schema, forward only; applied by `imprimatur migrate` and by every test database.
#[cfg(feature = "ssr")]
pub static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!();
