//! The sandbox by itself: `stripe-sandbox 127.0.0.1:12111 [FILE]` listens there until it is stopped,
//! and writes every request and answer into the file. Its first line says where it listens.

use std::{
    io::{self, Write as _},
    net::SocketAddr,
    path::PathBuf,
    process::ExitCode,
};

use stripe_sandbox::{Options, Sandbox};

#[tokio::main]
async fn main() -> ExitCode {
    tracing_subscriber::fmt().with_target(false).with_writer(io::stderr).init();
    let mut arguments = std::env::args().skip(1);
    let listen = match arguments.next().map(|text| text.parse::<SocketAddr>()).transpose() {
        Ok(listen) => listen,
        Err(_) => {
            tracing::error!("The first argument is an address, as in 127.0.0.1:12111");
            return ExitCode::FAILURE;
        }
    };
    let record = arguments.next().map(PathBuf::from);
    match Sandbox::start(Options { listen, record, ..Options::default() }).await {
        Ok(sandbox) => {
            if writeln!(io::stdout(), "{}", sandbox.url()).is_err() {
                return ExitCode::FAILURE;
            }
            let _ = tokio::signal::ctrl_c().await;
            ExitCode::SUCCESS
        }
        Err(error) => {
            tracing::error!(%error, "The sandbox did not start");
            ExitCode::FAILURE
        }
    }
}
