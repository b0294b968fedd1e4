//! One turn of `wrk`: requests that rotate tokens and works, and what came of them.

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use tokio::process::Command;

use crate::{Result, machine::Bench};

const SCRIPT: &str = include_str!("wrk.lua");

/// What is asked for, in turn.
#[derive(Clone, Debug)]
pub struct Requests {
    /// Tokens 0 to this; see [`crate::seed::secret`].
    pub tokens: u64,
    /// Paths, of which token `i` asks for the `i`th, modulo their number.
    pub paths: Vec<String>,
    /// Whether they are written once and kept, which a million could not be.
    pub ready: bool,
    /// What `Host` says.
    pub host: String,
    /// What `Imprimatur-Scope` says, if it is sent.
    pub scope: Option<&'static str>,
}

/// How they are sent.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    pub connections: u32,
    pub seconds: u64,
    /// Milliseconds a connection rests between an answer and its next request, on average.
    pub rest_millis: f64,
}

/// What a turn came to.
#[derive(Clone, Copy, Debug)]
pub struct Shot {
    /// Answers, good or bad.
    pub answers: u64,
    /// Answers with a status of 400 or above.
    pub refused: u64,
    /// Requests that were not answered.
    pub lost: u64,
    pub seconds: f64,
    pub p50_micros: f64,
    pub p99_micros: f64,
}

impl Shot {
    /// Answers that were not refused.
    pub const fn good(&self) -> u64 {
        self.answers.saturating_sub(self.refused)
    }

    /// Good answers a second.
    pub fn rate(&self) -> f64 {
        self.good() as f64 / self.seconds
    }
}

/// Sends requests to a port of this machine.
pub async fn shoot(bench: &Bench, port: u16, requests: &Requests, load: Load) -> Result<Shot> {
    let script = bench.dir.join("wrk.lua");
    fs::write(&script, SCRIPT)?;
    let paths = bench.dir.join("wrk.paths");
    fs::write(&paths, lines(&requests.paths)?)?;
    let mut command = Command::new(program(&bench.peers));
    command
        .env("LD_LIBRARY_PATH", bench.peers.join("usr/lib/x86_64-linux-gnu"))
        .env("BENCH_TOKENS", requests.tokens.to_string())
        .env("BENCH_PATHS", &paths)
        .env("BENCH_READY", if requests.ready { "yes" } else { "no" })
        .env("BENCH_HOST", &requests.host)
        .env("BENCH_SCOPE", requests.scope.unwrap_or_default())
        .env("BENCH_REST", load.rest_millis.to_string())
        .arg("--threads=1")
        .arg(format!("--connections={}", load.connections))
        .arg(format!("--duration={}s", load.seconds))
        .arg("--timeout=10s")
        .arg("--script")
        .arg(&script)
        .arg(format!("http://127.0.0.1:{port}/"))
        .kill_on_drop(true);
    let output = command.output().await.map_err(|error| format!("wrk: {error}"))?;
    let said = String::from_utf8_lossy(&output.stdout);
    let json = said
        .lines()
        .find_map(|line| line.strip_prefix("BENCH "))
        .ok_or_else(|| format!("wrk said: {said}{}", String::from_utf8_lossy(&output.stderr)))?;
    let value: serde_json::Value = serde_json::from_str(json)?;
    let number = |name: &str| value[name].as_f64().unwrap_or_default();
    let count = |name: &str| value[name].as_u64().unwrap_or_default();
    Ok(Shot {
        answers: count("answers"),
        refused: count("refused"),
        lost: count("lost"),
        seconds: number("micros") / 1e6,
        p50_micros: number("p50"),
        p99_micros: number("p99"),
    })
}

fn program(peers: &Path) -> PathBuf {
    peers.join("usr/bin/wrk")
}

fn lines(paths: &[String]) -> Result<String> {
    let mut text = String::new();
    for path in paths {
        writeln!(text, "{path}")?;
    }
    Ok(text)
}
