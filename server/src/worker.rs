//! The worker: runs jobs as they come due, and asks for those that come round.
//!
//! Every job may run twice. A job that fails is tried again later; the loop itself never ends
//! before it is told to.

use std::time::Duration;

use chrono::{DateTime, Utc};
use imprimatur::services::{
    Error, Result, Services,
    archive::{self, Archive, Progress},
    assets, gate, jobs, metering, sessions,
};
use serde_json::json;
use tokio::sync::watch;

/// How long to wait when there is nothing to do.
const IDLE: Duration = Duration::from_secs(2);

/// Jobs that come round every hour: removing what has expired or was left behind, and making the
/// partitions of coming months.
const HOURLY: [&str; 5] =
    ["attempt.sweep", "content.sweep", "job.sweep", "partition.ensure", "session.sweep"];

/// Jobs that come round every day: moving old events to the archive.
const DAILY: [&str; 1] = ["usage.archive"];

/// Months whose partitions are there before they begin.
const MONTHS_AHEAD: u32 = 2;

/// Files one turn of `usage.archive` writes at most: even from a slow disk well within the lock of a
/// job, and other jobs get their turn.
const PARTS_PER_TURN: usize = 2;

/// Runs until `stop` says so.
pub async fn run(services: Services, archive: Archive, mut stop: watch::Receiver<bool>) {
    // What a crash has cut off is from before this start; the hourly job may be long in coming.
    if let Err(error) = services.content.sweep_staging(services.now()).await {
        tracing::warn!(%error, "The worker could not sweep staging; the hourly job tries again");
    }
    // The first events of a deployment need a partition at once.
    if let Err(error) = metering::partitions::ensure(&services, MONTHS_AHEAD).await {
        tracing::warn!(%error, "The worker could not make partitions; the hourly job tries again");
    }
    while !*stop.borrow() {
        let worked = match turn(&services, &archive).await {
            Ok(worked) => worked,
            Err(error) => {
                tracing::warn!(%error, "The worker could not reach its jobs; it tries again");
                false
            }
        };
        if !worked {
            tokio::select! {
                () = tokio::time::sleep(IDLE) => {}
                _ = stop.changed() => {}
            }
        }
    }
}

/// Asks for what comes round, then runs one job. Answers whether there was one.
async fn turn(services: &Services, archive: &Archive) -> Result<bool> {
    ask_for_rounds(services).await?;
    let Some(job) = jobs::claim(services).await? else { return Ok(false) };
    match perform(services, archive, &job.name).await {
        Ok(()) => jobs::finish(services, &job).await?,
        Err(error) => {
            tracing::warn!(job.id = %job.job_id, job.attempts, %error, "Job {} failed", job.name);
            jobs::fail(services, &job, &error.to_string()).await?;
        }
    }
    Ok(true)
}

async fn ask_for_rounds(services: &Services) -> Result<()> {
    let now = services.now();
    let mut conn = services.pool.acquire().await?;
    for (names, seconds) in [(HOURLY.as_slice(), HOUR), (DAILY.as_slice(), DAY)] {
        let next = next_round(now, seconds);
        let key = next.to_rfc3339();
        for name in names {
            jobs::enqueue(&mut conn, name, json!({}), Some(&key), next, now).await?;
        }
    }
    Ok(())
}

const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;

/// The next whole hour or day (UTC), a few minutes past it so that not everything happens on the
/// stroke.
fn next_round(now: DateTime<Utc>, seconds: i64) -> DateTime<Utc> {
    let started = now.timestamp().div_euclid(seconds);
    DateTime::from_timestamp((started + 1) * seconds + 300, 0).unwrap_or(now)
}

async fn perform(services: &Services, archive: &Archive, name: &str) -> Result<()> {
    let swept = match name {
        "attempt.sweep" => gate::attempts::sweep(services).await?,
        "content.sweep" => assets::sweep(services).await?,
        "job.sweep" => jobs::sweep(services).await?,
        "session.sweep" => sessions::sweep(services).await?,
        "partition.ensure" => {
            let made = metering::partitions::ensure(services, MONTHS_AHEAD).await?;
            if made > 0 {
                tracing::info!(made, "Made partitions for coming months");
            }
            return Ok(());
        }
        "usage.archive" => return archive_some(services, archive).await,
        _ => return Err(Error::fault("running a job", format!("no job is called {name}"))),
    };
    if swept > 0 {
        tracing::info!(swept, "Job {name} removed {swept}");
    }
    Ok(())
}

/// Archives as much as fits a turn, and asks for another where that was not all.
async fn archive_some(services: &Services, archive: &Archive) -> Result<()> {
    match archive::advance(services, archive, None, PARTS_PER_TURN).await? {
        Progress::Done | Progress::Busy => {}
        Progress::More => {
            let now = services.now();
            let mut conn = services.pool.acquire().await?;
            jobs::enqueue(&mut conn, "usage.archive", json!({}), None, now, now).await?;
        }
    }
    Ok(())
}
