//! The worker: runs jobs as they come due, and asks for those that come round.
//!
//! Every job may run twice. A job that fails is tried again later; the loop itself never ends
//! before it is told to.

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use imprimatur::{
    domain::actor::{Actor, Who},
    services::{
        Error, Result, Services,
        archive::{self, Archive, Progress},
        assets, billing,
        gate::{self, KeySettings},
        jobs::{self, Job},
        metering, mint,
        payments::{Payments, inbox},
        payouts, sessions,
        settlement::{self, Bookkeeper},
        sites::{self, Prober},
    },
};
use serde_json::json;
use tokio::sync::watch;

/// How long to wait when there is nothing to do.
const IDLE: Duration = Duration::from_secs(2);

/// Jobs that come round every hour: removing what has expired or was left behind, making the
/// partitions of coming months, fetching payment events that no letter brought, replacing keys that
/// have served their days, and taking sites out of service whose proof is gone; making earnings
/// available, and deciding on payouts that are due.
const HOURLY: [&str; 11] = [
    "attempt.sweep",
    "content.sweep",
    "earning.mature",
    "job.sweep",
    "partition.ensure",
    "payment_event.catch_up",
    "payout.run",
    "receipt_key.tend",
    "session.sweep",
    "site.check",
    "usage_key.sweep",
];

/// Jobs that come round every day: moving old events to the archive.
const DAILY: [&str; 1] = ["usage.archive"];

/// Jobs that come round every night at two: closing the month before, where that has not been done.
const NIGHTLY: [&str; 1] = ["month.close"];

/// Months whose partitions are there before they begin.
const MONTHS_AHEAD: u32 = 2;

/// Files one turn of `usage.archive` writes at most: even from a slow disk well within the lock of a
/// job, and other jobs get their turn.
const PARTS_PER_TURN: usize = 2;

/// What jobs work with.
pub struct Worker {
    pub services: Services,
    /// Looks for the proofs of sites.
    pub prober: Arc<dyn Prober>,
    /// How long keys serve.
    pub keys: KeySettings,
    /// Where old usage events go.
    pub archive: Archive,
    /// Who moves money, where anybody does.
    pub payments: Option<Arc<dyn Payments>>,
}

impl Worker {
    /// Runs until `stop` says so.
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        // What a crash has cut off is from before this start; the hourly job may be long in coming.
        if let Err(error) = self.services.content.sweep_staging(self.services.now()).await {
            tracing::warn!(%error, "The worker could not sweep staging; the hourly job tries again");
        }
        // The first events of a deployment need a partition at once.
        if let Err(error) = metering::partitions::ensure(&self.services, MONTHS_AHEAD).await {
            tracing::warn!(%error, "The worker could not make partitions; the hourly job tries again");
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
        ask_for_rounds(services).await?;
        if let Some(payments) = &self.payments
            && move_money(services, payments).await?
        {
            return Ok(true);
        }
        let Some(job) = jobs::claim(services).await? else { return Ok(false) };
        match self.perform(&job).await {
            Ok(()) => jobs::finish(services, &job).await?,
            Err(error) => {
                tracing::warn!(job.id = %job.job_id, job.attempts, %error, "Job {} failed", job.name);
                jobs::fail(services, &job, &error.to_string()).await?;
            }
        }
        Ok(true)
    }

    async fn perform(&self, job: &Job) -> Result<()> {
        let (services, name) = (&self.services, job.name.as_str());
        let actor = Actor { who: Who::System, request_id: mint() };
        let touched = match name {
            "attempt.sweep" => gate::attempts::sweep(services).await?,
            "content.sweep" => assets::sweep(services).await?,
            "earning.mature" => billing::mature(services).await?,
            "job.sweep" => jobs::sweep(services).await?,
            "license.charge" => {
                let named = job.payload.get("license_id").and_then(|id| id.as_str());
                let license_id = named.unwrap_or_default().parse()?;
                u64::from(billing::charge_fees(services, &actor, license_id).await?.is_some())
            }
            "month.close" => {
                let closed = billing::close_last_month(services, &actor).await?;
                closed.map_or(0, |closed| u64::try_from(closed.invoices).unwrap_or(0))
            }
            "payout.run" => {
                let decided = payouts::run(services, &actor).await?;
                u64::try_from(decided.payouts).unwrap_or(0)
            }
            "partition.ensure" => {
                metering::partitions::ensure(services, MONTHS_AHEAD).await?.unsigned_abs().into()
            }
            "receipt_key.tend" => gate::tend_keys(services, &self.keys).await?,
            "session.sweep" => sessions::sweep(services).await?,
            "payment_event.catch_up" => match &self.payments {
                Some(payments) => inbox::catch_up(services, &**payments).await?,
                None => 0,
            },
            "site.check" => sites::check_due(services, &*self.prober).await?,
            "usage.archive" => return self.archive_some().await,
            "usage_key.sweep" => metering::sweep(services).await?,
            _ => return Err(Error::fault("running a job", format!("no job is called {name}"))),
        };
        if touched > 0 {
            tracing::info!(touched, "Job {name} dealt with {touched}");
        }
        Ok(())
    }

    /// Archives as much as fits a turn, and asks for another where that was not all.
    async fn archive_some(&self) -> Result<()> {
        let services = &self.services;
        match archive::advance(services, &self.archive, None, PARTS_PER_TURN).await? {
            Progress::Done | Progress::Busy => {}
            Progress::More => {
                let now = services.now();
                let mut conn = services.pool.acquire().await?;
                jobs::enqueue(&mut conn, "usage.archive", json!({}), None, now, now).await?;
            }
        }
        Ok(())
    }
}

/// Books what the payment provider has to say, charges invoices and sends payouts. Answers whether
/// there was anything.
async fn move_money(services: &Services, payments: &Arc<dyn Payments>) -> Result<bool> {
    let bookkeeper = Bookkeeper::new(payments.clone());
    let heard = inbox::apply(services, &**payments, &[&bookkeeper]).await?;
    let moved = settlement::turn(services, &**payments).await?;
    Ok(heard > 0 || moved > 0)
}

async fn ask_for_rounds(services: &Services) -> Result<()> {
    let now = services.now();
    let mut conn = services.pool.acquire().await?;
    let rounds = [
        (HOURLY.as_slice(), HOUR, 5 * MINUTE),
        (DAILY.as_slice(), DAY, 5 * MINUTE),
        (NIGHTLY.as_slice(), DAY, 2 * HOUR),
    ];
    for (names, seconds, past) in rounds {
        let next = next_round(now, seconds, past);
        let key = next.to_rfc3339();
        for name in names {
            jobs::enqueue(&mut conn, name, json!({}), Some(&key), next, now).await?;
        }
    }
    Ok(())
}

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// So long past the next whole hour or day (UTC): not everything happens on the stroke, and a month
/// is closed when its last events are in.
fn next_round(now: DateTime<Utc>, seconds: i64, past: i64) -> DateTime<Utc> {
    let started = now.timestamp().saturating_sub(past).div_euclid(seconds);
    DateTime::from_timestamp((started + 1) * seconds + past, 0).unwrap_or(now)
}
