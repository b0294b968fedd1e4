//! The worker: runs jobs as they come due, and asks for those that come round.
//!
//! Every job may run twice. A job that fails is tried again later; the loop itself never ends
//! before it is told to.

use std::time::Duration;

use chrono::{DateTime, Utc};
use imprimatur::services::{Error, Result, Services, assets, gate, jobs, metering, sessions};
use serde_json::json;
use tokio::sync::watch;

/// How long to wait when there is nothing to do.
const IDLE: Duration = Duration::from_secs(2);

/// Jobs that come round every hour: removing what has expired or was left behind.
const HOURLY: [&str; 5] =
    ["attempt.sweep", "content.sweep", "job.sweep", "session.sweep", "usage_key.sweep"];

/// Runs until `stop` says so.
pub async fn run(services: Services, mut stop: watch::Receiver<bool>) {
    // What a crash has cut off is from before this start; the hourly job may be long in coming.
    if let Err(error) = services.content.sweep_staging(services.now()).await {
        tracing::warn!(%error, "The worker could not sweep staging; the hourly job tries again");
    }
    while !*stop.borrow() {
        let worked = match turn(&services).await {
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
async fn turn(services: &Services) -> Result<bool> {
    ask_hourly(services).await?;
    let Some(job) = jobs::claim(services).await? else { return Ok(false) };
    match perform(services, &job.name).await {
        Ok(()) => jobs::finish(services, &job).await?,
        Err(error) => {
            tracing::warn!(job.id = %job.job_id, job.attempts, %error, "Job {} failed", job.name);
            jobs::fail(services, &job, &error.to_string()).await?;
        }
    }
    Ok(true)
}

async fn ask_hourly(services: &Services) -> Result<()> {
    let now = services.now();
    let next_hour = next_hour(now);
    let mut conn = services.pool.acquire().await?;
    for name in HOURLY {
        let key = next_hour.to_rfc3339();
        jobs::enqueue(&mut conn, name, json!({}), Some(&key), next_hour, now).await?;
    }
    Ok(())
}

/// The next whole hour, a few minutes past it so that not everything happens on the stroke.
fn next_hour(now: DateTime<Utc>) -> DateTime<Utc> {
    const HOUR: i64 = 3600;
    let started = now.timestamp().div_euclid(HOUR);
    DateTime::from_timestamp((started + 1) * HOUR + 300, 0).unwrap_or(now)
}

async fn perform(services: &Services, name: &str) -> Result<()> {
    let swept = match name {
        "attempt.sweep" => gate::attempts::sweep(services).await?,
        "content.sweep" => assets::sweep(services).await?,
        "job.sweep" => jobs::sweep(services).await?,
        "session.sweep" => sessions::sweep(services).await?,
        "usage_key.sweep" => metering::sweep(services).await?,
        _ => return Err(Error::fault("running a job", format!("no job is called {name}"))),
    };
    if swept > 0 {
        tracing::info!(swept, "Job {name} removed {swept}");
    }
    Ok(())
}
