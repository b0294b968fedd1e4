//! Work for the worker. A job is a row, written in the transaction of the deed that wants it.
//!
//! A job may run twice: a worker that dies leaves its lock to time out, and the next one takes over.
//! Every job is therefore safe to run again.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;
use sqlx::PgConnection;

use super::{Result, Services, mint};
use crate::domain::ids::JobId;

/// How long a worker may hold a job before another takes it.
const LOCK_SECONDS: i64 = 300;
/// After so many failures a job is buried for a person to look at.
const ATTEMPTS_MAX: i32 = 8;
/// Done jobs are kept this long, to answer "did it run?".
const KEEP_DAYS: i64 = 14;

/// A claimed job.
#[derive(Debug)]
pub struct Job {
    pub job_id: JobId,
    pub name: String,
    pub payload: Value,
    /// How often it was tried, this time included.
    pub attempts: i32,
}

/// Asks for work. While a job with the same name and `dedupe_key` waits, asking again changes
/// nothing.
pub async fn enqueue(
    tx: &mut PgConnection,
    name: &str,
    payload: Value,
    dedupe_key: Option<&str>,
    run_at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "insert into job (job_id, name, payload, dedupe_key, run_at, created_at)
         values ($1, $2, $3, $4, $5, $6)
         on conflict (name, dedupe_key) where done_at is null and buried_at is null do nothing",
        mint::<JobId>().uuid(),
        name,
        payload,
        dedupe_key,
        run_at,
        now,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Takes the job that has been due longest. Workers never take the same one: a row that another
/// worker has locked is passed over.
pub async fn claim(services: &Services) -> Result<Option<Job>> {
    let now = services.now();
    let job = sqlx::query_as!(
        Job,
        "update job set attempts = attempts + 1, locked_until = $2
         where job_id = (
             select job_id from job
             where done_at is null and buried_at is null and run_at <= $1
               and (locked_until is null or locked_until <= $1)
             order by run_at limit 1
             for update skip locked
         )
         returning job_id, name, payload, attempts",
        now,
        now + TimeDelta::seconds(LOCK_SECONDS),
    )
    .fetch_optional(&services.pool)
    .await?;
    Ok(job)
}

/// The job is done.
pub async fn finish(services: &Services, job: &Job) -> Result<()> {
    sqlx::query!(
        "update job set done_at = $2, locked_until = null, last_error = null where job_id = $1",
        job.job_id.uuid(),
        services.now(),
    )
    .execute(&services.pool)
    .await?;
    Ok(())
}

/// The job failed: it waits longer each time, and is buried after the last try.
pub async fn fail(services: &Services, job: &Job, error: &str) -> Result<()> {
    let now = services.now();
    let retry_at = now + retry_delay(job.attempts);
    let buried_at = (job.attempts >= ATTEMPTS_MAX).then_some(now);
    sqlx::query!(
        "update job set run_at = $2, locked_until = null, last_error = $3, buried_at = $4
         where job_id = $1",
        job.job_id.uuid(),
        retry_at,
        error,
        buried_at,
    )
    .execute(&services.pool)
    .await?;
    Ok(())
}

/// Forgets jobs that were done long ago.
pub async fn sweep(services: &Services) -> Result<u64> {
    let swept = sqlx::query!(
        "delete from job where done_at < $1",
        services.now() - TimeDelta::days(KEEP_DAYS),
    )
    .execute(&services.pool)
    .await?;
    Ok(swept.rows_affected())
}

/// 10 s, 40 s, 90 s, … growing with the square of the attempts.
fn retry_delay(attempts: i32) -> Duration {
    let attempts = u64::try_from(attempts.clamp(1, ATTEMPTS_MAX)).unwrap_or(1);
    Duration::from_secs(10 * attempts * attempts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::services::testing;
    use serde_json::json;
    use sqlx::PgPool;

    async fn ask(services: &Services, key: &str) {
        let now = services.now();
        let mut conn = services.pool.acquire().await.unwrap();
        enqueue(&mut conn, "content.sweep", json!({}), Some(key), now, now).await.unwrap();
    }

    #[sqlx::test]
    async fn asking_twice_runs_once(pool: PgPool) {
        let (services, _) = testing::services(pool);
        ask(&services, "daily").await;
        ask(&services, "daily").await;
        let job = claim(&services).await.unwrap().unwrap();
        assert!(claim(&services).await.unwrap().is_none());
        finish(&services, &job).await.unwrap();
        ask(&services, "daily").await;
        assert!(claim(&services).await.unwrap().is_some());
    }

    #[sqlx::test]
    async fn two_workers_never_take_the_same_job(pool: PgPool) {
        let (services, _) = testing::services(pool);
        for key in 0..20 {
            ask(&services, &key.to_string()).await;
        }
        let claims = futures::future::join_all((0..40).map(|_| claim(&services))).await;
        let mut taken: Vec<_> =
            claims.into_iter().filter_map(|job| Some(job.unwrap()?.job_id)).collect();
        taken.sort();
        taken.dedup();
        assert_eq!(taken.len(), 20);
    }

    #[sqlx::test]
    async fn a_job_that_keeps_failing_is_buried(pool: PgPool) {
        let (services, clock) = testing::services(pool);
        ask(&services, "daily").await;
        for attempt in 1..=ATTEMPTS_MAX {
            clock.advance(retry_delay(ATTEMPTS_MAX));
            let job = claim(&services).await.unwrap().unwrap();
            assert_eq!(job.attempts, attempt);
            fail(&services, &job, "the disk is full").await.unwrap();
        }
        clock.advance(retry_delay(ATTEMPTS_MAX));
        assert!(claim(&services).await.unwrap().is_none());
    }
}
