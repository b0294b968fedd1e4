//! `imprimatur`: one binary, a verb for each way to run it.

use std::process::ExitCode;

use clap::Parser as _;
use server::commands::{Command, run};

fn main() -> ExitCode {
    run(Command::parse())
}
