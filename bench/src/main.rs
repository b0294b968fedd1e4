//! Ours and peers in turn, in one run, on the same cores.
//!
//! Always true: what is under test has the first core to itself, everything else shares the others;
//! a ratio is the median of ratios that were each taken within one round; a target that is missed
//! is printed like one that is met, and makes the run fail.

mod books;
mod contender;
mod feed;
mod gate;
mod ingest;
mod limits;
mod machine;
mod money;
mod peers;
mod product;
mod report;
mod seed;
mod stand_ins;
mod tokens;
mod wrk;

use std::{path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand, ValueEnum};

use report::Report;

/// Whatever ends a run early, in a sentence.
type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// A part of the bench that can be run alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Part {
    /// The gate against nginx and axum (P1 to P4).
    Gate,
    /// A million tokens against a thousand (P6).
    Tokens,
    /// Racing clients: quota and rate (P7).
    Limits,
    /// Observed uses into the books against COPY (P8, P9, P11, P16).
    Ingest,
    /// Pages and reports at depth (P13 to P15).
    Feed,
    /// Transactions posted, and a month closed (P17, P18).
    Money,
}

/// How fast it is, beside what people would put in front of their files today.
#[derive(Debug, Parser)]
#[command(name = "bench", version)]
struct Command {
    #[command(subcommand)]
    verb: Option<Verb>,
    /// The parts to run; all of them unless named.
    #[arg(long, value_enum, value_delimiter = ',')]
    only: Vec<Part>,
    /// Rounds; every contender has its turn in each.
    #[arg(long, default_value_t = 6)]
    rounds: usize,
    /// Seconds of one turn.
    #[arg(long, default_value_t = 2)]
    seconds: u64,
    /// Observed uses in the feed.
    #[arg(long, default_value_t = 10_000_000)]
    events: u64,
    /// Run on a machine that is busy with other things. The figures are worth nothing then.
    #[arg(long)]
    busy: bool,
    /// The folder of what a run leaves behind.
    #[arg(long, env = "IMPRIMATUR_RUN", default_value = ".run")]
    run_dir: PathBuf,
    /// Where `nginx` and `wrk` were unpacked.
    #[arg(long, env = "BENCH_PEERS", default_value = "/")]
    peers: PathBuf,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Answer for something that the bench needs; the bench starts these itself.
    #[command(hide = true)]
    StandIn {
        #[arg(value_enum)]
        which: stand_ins::Which,
        #[arg(long)]
        port: u16,
        /// How many tokens are good.
        #[arg(long, default_value_t = 0)]
        tokens: u64,
        /// The folder of what is served.
        #[arg(long, default_value = ".")]
        dir: PathBuf,
    },
}

fn main() -> ExitCode {
    let outcome = run(Command::parse());
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<bool> {
    if command.verb.is_none() {
        machine::leave_first_core()?;
        if !command.busy {
            machine::must_be_quiet()?;
        }
    }
    tokio::runtime::Runtime::new()?.block_on(async {
        match command.verb {
            Some(Verb::StandIn { which, port, tokens, dir }) => {
                stand_ins::serve(which, port, tokens, &dir).await?;
                Ok(true)
            }
            None => measure(command).await,
        }
    })
}

/// Whether every target that was measured is met.
async fn measure(command: Command) -> Result<bool> {
    let dir = command.run_dir.join("bench");
    std::fs::create_dir_all(&dir)?;
    let dir = dir.canonicalize()?;
    let bench = machine::Bench {
        dir: dir.clone(),
        peers: command.peers,
        rounds: command.rounds.max(1),
        seconds: command.seconds.max(1),
        events: command.events,
    };
    let wanted = |part| command.only.is_empty() || command.only.contains(&part);
    let mut report = Report::begin(command.busy)?;
    let postgres = books::Books::start(&dir).await?;
    if wanted(Part::Gate) {
        gate::measure(&bench, &postgres, &mut report).await?;
    }
    if wanted(Part::Tokens) {
        tokens::measure(&bench, &postgres, &mut report).await?;
    }
    if wanted(Part::Limits) {
        limits::measure(&bench, &postgres, &mut report).await?;
    }
    if wanted(Part::Ingest) {
        ingest::measure(&bench, &postgres, &mut report).await?;
    }
    if wanted(Part::Feed) {
        feed::measure(&bench, &postgres, &mut report).await?;
    }
    if wanted(Part::Money) {
        money::measure(&bench, &postgres, &mut report).await?;
    }
    postgres.stop().await?;
    report.finish(&dir)
}
