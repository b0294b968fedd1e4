//! The doors of Imprimatur: what people and machines reach over HTTP.

pub mod gate;
