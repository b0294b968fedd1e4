//! The doors and wires of Imprimatur: HTTP in, adapters out, the worker, the command line.
//!
//! Nothing here decides: a door parses, calls a service of the core and answers.

#[macro_use]
extern crate imprimatur_words;

pub mod commands;
pub mod config;
pub mod front;
pub mod gate;
pub mod listen;
mod live;
pub mod outbound;
pub mod private_postgres;
pub mod router;
pub mod runtime;
pub mod sandbox;
pub mod session;
pub mod sign_in;

mod forms;
mod health;
mod hooks;
mod kept;
mod language;
mod portal;
mod refused;
mod worker;
