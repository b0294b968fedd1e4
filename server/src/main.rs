//! `imprimatur`: one binary, a verb for each way to run it.

use std::process::ExitCode;

use clap::Parser as _;
use server::commands::{Command, run};

/// The gate allocates for every request; this costs it a fraction of what the C library's does.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    run(Command::parse())
}
