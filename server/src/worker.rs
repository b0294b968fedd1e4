//! The worker: runs jobs as they come due, and asks for those that come round.
//!
//! Every job may run twice. A job that fails is tried again later; the loop itself never ends
//! before it is told to.

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use imprimatur::services::{
    Error, Result, Services, assets,
    gate::{self, KeySettings},
    jobs, metering, sessions,
    sites::{self, Prober},
};
use serde_json::json;
use tokio::sync::watch;

/// How long to wait when there is nothing to do.
const IDLE: Duration = Duration::from_secs(2);

/// Jobs that come round every hour: removing what has expired or was left behind, replacing keys
/// that have served their days, and taking sites out of service whose proof is gone.
const HOURLY: [&str; 7] = [
    "attempt.sweep",
    "content.sweep",
    "job.sweep",
    "receipt_key.tend",
    "session.sweep",
    "site.check",
    "usage_key.sweep",
];

/// What jobs work with.
pub struct Worker {
    pub services: Services,
    /// Looks for the proofs of sites.
    pub prober: Arc<dyn Prober>,
    /// How long keys serve.
    pub keys: KeySettings,
}

impl Worker {
    /// Runs until `stop` says so.
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        // What a crash has cut off is from before this start; the hourly job may be long in coming.
        if let Err(error) = self.services.content.sweep_staging(self.services.now()).await {
            tracing::warn!(%error, "The worker could not sweep staging; the hourly job tries again");
        }
        while !*stop.borrow() {
            let worked = match self.turn().await {
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
    async fn turn(&self) -> Result<bool> {
        let services = &self.services;
        ask_hourly(services).await?;
        let Some(job) = jobs::claim(services).await? else { return Ok(false) };
        match self.perform(&job.name).await {
            Ok(()) => jobs::finish(services, &job).await?,
            Err(error) => {
                tracing::warn!(job.id = %job.job_id, job.attempts, %error, "Job {} failed", job.name);
                jobs::fail(services, &job, &error.to_string()).await?;
            }
        }
        Ok(true)
    }

    async fn perform(&self, name: &str) -> Result<()> {
        let services = &self.services;
        let touched = match name {
            "attempt.sweep" => gate::attempts::sweep(services).await?,
            "content.sweep" => assets::sweep(services).await?,
            "job.sweep" => jobs::sweep(services).await?,
            "receipt_key.tend" => gate::tend_keys(services, &self.keys).await?,
            "session.sweep" => sessions::sweep(services).await?,
            "site.check" => sites::check_due(services, &*self.prober).await?,
            "usage_key.sweep" => metering::sweep(services).await?,
            _ => return Err(Error::fault("running a job", format!("no job is called {name}"))),
        };
        if touched > 0 {
            tracing::info!(touched, "Job {name} dealt with {touched}");
        }
        Ok(())
    }
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
