//! The command line. What goes wrong before anything runs is one sentence that says what to do.

mod archive;
mod demo;
mod import;
mod ledger;
mod reconcile;
mod serve;

use std::{
    io::{self, IsTerminal as _, Write as _},
    net::SocketAddr,
    path::PathBuf,
    process::ExitCode,
};

use chrono::NaiveDate;
use clap::{Parser, Subcommand};
use imprimatur::{domain::month::Month, services};
use tokio::sync::watch;
use tracing_subscriber::EnvFilter;

use crate::{
    config::{self, Source},
    private_postgres::{self, Durability},
    runtime::{self, Role},
};

/// What goes wrong before or while a command runs.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Config(#[from] config::Error),
    #[error(transparent)]
    Postgres(#[from] private_postgres::Error),
    #[error(transparent)]
    Runtime(#[from] runtime::Error),
    #[error("The archive could not be used: {0}.")]
    Archive(#[source] services::Error),
    #[error("The books could not be read: {0}.")]
    Books(#[source] services::Error),
    #[error("The books do not agree: {0} differences.")]
    Differences(i64),
    #[error("The ledger is not in order: {0} faults.")]
    Faults(usize),
    #[error("Nothing more was imported. {0}")]
    Import(String),
    #[error("{0} works were not imported; the lines above say why.")]
    ImportedInPart(usize),
    #[error("The demo could not be filled: {0}. Mend that and run this again.")]
    Seed(String),
    #[error("The demo's payment sandbox did not start: {0}.")]
    Payments(String),
    #[error("The demo's data were made by another version; start over with `make demo-reset`.")]
    OtherVersion,
    #[error("IMPRIMATUR_SIGN_IN_LISTEN must be on 127.0.0.1: anybody can be anybody there.")]
    SignInElsewhere,
    #[error("Address {address} is in use; stop what uses it, or choose another with {setting}.")]
    AddressTaken { address: SocketAddr, setting: &'static str },
    #[error("{doing} failed: {source}.")]
    Io { doing: &'static str, source: io::Error },
}

impl Error {
    fn io(doing: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |source| match source.kind() {
            io::ErrorKind::StorageFull => Self::Io {
                doing,
                source: io::Error::other("the disk is full; free some space and run this again"),
            },
            _ => Self::Io { doing, source },
        }
    }
}

/// A marketplace where creators license their work to AI companies, provably.
#[derive(Debug, Parser)]
#[command(name = "imprimatur", version)]
pub struct Command {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Serve, with everything configured from outside.
    Serve {
        /// What this process does; each can be scaled alone.
        #[arg(long, value_delimiter = ',', default_value = "portal,api,gate,worker")]
        roles: Vec<Role>,
    },
    /// Bring the schema up to date.
    Migrate,
    /// Make a new key that signs receipts; running gates take it up by themselves.
    RotateReceiptKey {
        /// Sign with it at once, not in ten minutes: the old one may be known to others.
        #[arg(long)]
        now: bool,
    },
    /// Move usage events of old months into the archive now; the worker does it every day.
    Archive {
        /// The last month to move, as in 2026-08; every one that is old enough unless told.
        #[arg(long)]
        until: Option<Month>,
        #[command(subcommand)]
        read: Option<ArchiveVerb>,
    },
    /// Prove that sums, usage events, billed units and receipts agree. Names every difference, and
    /// fails if there is one.
    Reconcile {
        /// The first day to look at, as 2026-11-01; the whole of its month is.
        #[arg(long)]
        from: Option<NaiveDate>,
        /// The first day not to look at; a month it is inside of is looked at all the same.
        #[arg(long)]
        until: Option<NaiveDate>,
    },
    /// What the ledger says: whether it is in order, and what is on its accounts.
    Ledger {
        #[command(subcommand)]
        verb: ledger::LedgerVerb,
    },
    /// Register the works of a folder, row by row; what is wrong with one stops no other.
    Import(import::Import),
    /// Serve everything a newcomer needs, on loopback, with seeded data.
    Demo,
    /// Lend a private PostgreSQL to whoever started this, until its standard input ends.
    #[command(hide = true)]
    Postgres {
        /// The folder of its data; beside the checkout's other run-time files unless told.
        #[arg(long, default_value_os_t = config::run_dir().join("test-postgres"))]
        dir: PathBuf,
        /// Its port; 0 picks a free one.
        #[arg(long, default_value_t = 0)]
        port: u16,
    },
}

#[derive(Debug, Subcommand)]
enum ArchiveVerb {
    /// Write the archived usage events of a month to standard output, one JSON object on a line.
    Read {
        /// The month, as in 2026-08.
        month: Month,
    },
}

/// Runs a command to its end.
pub fn run(command: Command) -> ExitCode {
    let outcome = Source::load(std::env::vars()).map_err(Error::from).and_then(|source| {
        set_up_logs(&source, &command.verb)?;
        let runtime = tokio::runtime::Runtime::new().map_err(Error::io("Starting"))?;
        runtime.block_on(perform(command.verb, source))
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nothing is left to be done if even this cannot be written.
            let _ = writeln!(io::stderr(), "imprimatur: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn perform(verb: Verb, source: Source) -> Result<(), Error> {
    match verb {
        Verb::Serve { roles } => serve::serve(&source, &roles).await,
        Verb::Migrate => serve::migrate(&source).await,
        Verb::RotateReceiptKey { now } => serve::rotate_receipt_key(&source, now).await,
        Verb::Archive { until, read: None } => archive::advance(&source, until).await,
        Verb::Archive { read: Some(ArchiveVerb::Read { month }), .. } => {
            archive::read(&source, month).await
        }
        Verb::Reconcile { from, until } => reconcile::reconcile(&source, from, until).await,
        Verb::Ledger { verb } => ledger::ask(&source, verb).await,
        Verb::Import(import) => import::import(&source, import).await,
        Verb::Demo => demo::demo(source).await,
        Verb::Postgres { dir, port } => {
            Ok(private_postgres::lend(&dir, port, Durability::Disposable).await?)
        }
    }
}

fn set_up_logs(source: &Source, verb: &Verb) -> Result<(), Error> {
    let quiet = match verb {
        Verb::Demo | Verb::Postgres { .. } => "warn",
        // The bar is on standard error too.
        Verb::Import(_) => "warn",
        // What it finds is said on standard output; slow statements are expected.
        Verb::Reconcile { .. } | Verb::Ledger { .. } => "error",
        Verb::Archive { .. }
        | Verb::Serve { .. }
        | Verb::Migrate
        | Verb::RotateReceiptKey { .. } => "info",
    };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(quiet));
    let logs = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal());
    let format = source.read("LOG_FORMAT", "text".to_owned())?;
    match format.as_str() {
        "text" => logs.init(),
        "json" => logs.json().init(),
        _ => {
            return Err(config::Error::Unreadable {
                key: "LOG_FORMAT",
                reason: "it is neither text nor json".into(),
            }
            .into());
        }
    }
    Ok(())
}

/// Turns true on Ctrl-C or SIGTERM.
fn until_told_to_stop() -> Result<watch::Receiver<bool>, Error> {
    use tokio::signal::unix::{SignalKind, signal};

    let mut interrupt = signal(SignalKind::interrupt()).map_err(Error::io("Watching signals"))?;
    let mut terminate = signal(SignalKind::terminate()).map_err(Error::io("Watching signals"))?;
    let (stop, stopped) = watch::channel(false);
    tokio::spawn(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        stop.send_replace(true);
    });
    Ok(stopped)
}

/// Says something to the person at the terminal.
fn say(words: &str) {
    // Whoever closed standard output does not want to hear it.
    let _ = writeln!(io::stdout(), "{words}");
}
