//! What the server does over HTTP, on a real database and against real counterparts on loopback.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod assets;
mod authorization_server;
mod bad_input;
mod browser;
mod collections;
mod crash;
mod docs;
mod ending;
mod gate;
mod hooks;
mod kept;
mod licensing;
mod limits;
mod live;
mod money;
mod operations;
mod outage;
mod permissions;
mod privacy;
mod providers;
mod publishing;
mod served;
mod sessions;
mod sign_in;
mod sites;
mod stage;
mod storefront;
mod usage;
mod visitor;
mod words;
mod world;
