//! The receipt log: deliveries that wait for their receipt are committed together.
//!
//! One task takes what has gathered and writes receipts, usage events, billed windows and hourly
//! sums in one transaction, then tells each delivery. A delivery that hears nothing good keeps its
//! last byte. Writing a receipt twice is writing it once, so a commit whose answer was lost is
//! tried again.

use std::{collections::HashSet, sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use tokio::sync::{mpsc, oneshot, watch};
use uuid::Uuid;

use super::{Shared, meters::Reservation};
use crate::{
    domain::{
        gate::Licensed,
        ids::{AssetId, TypedId as _, UsageEventId},
        metering::{Judgement, once_per_window, window_key},
        receipt::Receipt,
    },
    services::{
        Error, Result, Services,
        metering::{self, Observed, Place},
    },
};

/// The most deliveries that wait for their receipt at a time; beyond it the gate asks to come back.
pub(super) const WAITING_MAX: usize = 4096;
/// The most deliveries in one transaction.
const BATCH_MAX: usize = 1000;
const ATTEMPTS: [Duration; 3] =
    [Duration::ZERO, Duration::from_millis(50), Duration::from_millis(500)];
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(5);

/// A delivery whose last byte waits.
pub(super) struct Waiting {
    pub receipt: Receipt,
    pub jws: String,
    pub kid: Arc<str>,
    pub asset_id: AssetId,
    pub license: Arc<Licensed>,
    pub reservation: Reservation,
    /// Told once the receipt is durable; dropped unheard if it could not be made so.
    pub durable: oneshot::Sender<()>,
}

/// Writes until told to stop, then writes what is still waiting.
pub(super) async fn write(
    shared: Arc<Shared>,
    mut waiting: mpsc::Receiver<Waiting>,
    mut stop: watch::Receiver<bool>,
) {
    let mut batch = Vec::with_capacity(BATCH_MAX);
    let mut stopping = false;
    loop {
        tokio::select! {
            taken = waiting.recv_many(&mut batch, BATCH_MAX) => if taken == 0 { break },
            _ = stop.changed(), if !stopping => {
                stopping = true;
                waiting.close();
                continue;
            }
        }
        // Whoever went away while waiting was not delivered to.
        let present = batch.drain(..).filter(|each| !each.durable.is_closed()).collect();
        commit(&shared, present).await;
    }
}

async fn commit(shared: &Shared, batch: Vec<Waiting>) {
    match store(&shared.services, &batch).await {
        Ok(judgements) => {
            for (each, judgement) in batch.into_iter().zip(judgements) {
                settle(shared, each, judgement);
            }
        }
        // One delivery that cannot be written must not take the others with it.
        Err(error) if batch.len() > 1 && is_about_rows(&error) => {
            one_by_one(shared, batch).await;
        }
        Err(error) => log_failure(&error, batch.len()),
    }
}

async fn one_by_one(shared: &Shared, batch: Vec<Waiting>) {
    let mut rest = batch.into_iter();
    while let Some(each) = rest.next() {
        match store(&shared.services, std::slice::from_ref(&each)).await {
            Ok(judgements) => {
                if let Some(&judgement) = judgements.first() {
                    settle(shared, each, judgement);
                }
            }
            Err(error) if is_about_rows(&error) => log_failure(&error, 1),
            // The database no longer answers, and would keep each of the others waiting as long.
            Err(error) => {
                log_failure(&error, 1 + rest.len());
                break;
            }
        }
    }
}

fn settle(shared: &Shared, waiting: Waiting, judgement: Judgement) {
    let receipt = &waiting.receipt;
    if waiting.license.hard_stop && once_per_window(receipt.scope) {
        let window = window_key(receipt.job_id.as_ref(), receipt.timestamp);
        shared.paid.insert(receipt.consumer_id, receipt.content_id.as_str(), &window);
    }
    if judgement.quota_units() > 0 {
        waiting.reservation.use_up();
    }
    // The client may have gone away in the meantime; its receipt stands.
    let _ = waiting.durable.send(());
}

/// Whether what is to be written is at fault: bad data (class 22) or a broken constraint (class 23).
/// Everything else, such as a deadlock or a full disk, says nothing about any single delivery.
pub(super) fn is_about_rows(error: &Error) -> bool {
    let Error::Fault { source, .. } = error else { return false };
    let Some(sqlx::Error::Database(error)) = source.downcast_ref() else { return false };
    error.code().is_some_and(|code| code.starts_with("22") || code.starts_with("23"))
}

fn log_failure(error: &Error, deliveries: usize) {
    let source = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
    tracing::error!(%error, source, "Receipts of {deliveries} deliveries could not be stored; their last bytes are kept back");
}

/// One transaction, tried again where the database did not answer.
pub(super) async fn store(services: &Services, batch: &[Waiting]) -> Result<Vec<Judgement>> {
    let mut outcome = Ok(Vec::new());
    for pause in ATTEMPTS {
        tokio::time::sleep(pause).await;
        outcome = tokio::time::timeout(ATTEMPT_TIMEOUT, store_once(services, batch))
            .await
            .unwrap_or_else(|late| Err(Error::fault("storing receipts", late)));
        match &outcome {
            Ok(_) => break,
            Err(error) if is_about_rows(error) => break,
            Err(_) => {}
        }
    }
    outcome
}

async fn store_once(services: &Services, batch: &[Waiting]) -> Result<Vec<Judgement>> {
    if batch.is_empty() {
        return Ok(Vec::new());
    }
    let mut tx = services.pool.begin().await?;
    let new = insert_receipts(&mut tx, batch).await?;
    let observed = batch.iter().map(|each| Observed::of_receipt(&each.receipt));
    let (new, before): (Vec<Observed>, Vec<Observed>) =
        observed.partition(|each| new.contains(&each.usage_event_id.uuid()));
    let places: Vec<Place> = before.iter().map(Observed::place).collect();
    let mut judgements = metering::judged(&mut tx, &places).await?;
    let recorded = metering::record(&mut tx, services.now(), &new).await?;
    tx.commit().await?;
    judgements.extend(new.iter().map(|each| each.usage_event_id).zip(recorded));
    let event = |each: &Waiting| UsageEventId::from_uuid(each.receipt.receipt_id.uuid());
    Ok(batch.iter().filter_map(|each| judgements.get(&event(each)).copied()).collect())
}

// SQL

/// Answers which receipts were new.
async fn insert_receipts(tx: &mut PgConnection, batch: &[Waiting]) -> Result<HashSet<Uuid>> {
    fn column<T>(batch: &[Waiting], of: impl Fn(&Waiting) -> T) -> Vec<T> {
        batch.iter().map(of).collect()
    }
    let new = sqlx::query_scalar!(
        r#"insert into receipt (receipt_id, license_id, token_id, org_id, creator_org_id, asset_id,
             content_id, job_id, scope, bytes, nonce, delivered_at, kid, jws)
         select * from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[], $6::uuid[],
             $7::text[], $8::text[], $9::text[], $10::bigint[], $11::text[], $12::timestamptz[],
             $13::text[], $14::text[])
         on conflict (receipt_id) do nothing
         returning receipt_id as "receipt_id: Uuid""#,
        &column(batch, |each| each.receipt.receipt_id.uuid()) as &[Uuid],
        &column(batch, |each| each.receipt.license_id.uuid()) as &[Uuid],
        &column(batch, |each| each.receipt.token_id.uuid()) as &[Uuid],
        &column(batch, |each| each.receipt.consumer_id.uuid()) as &[Uuid],
        &column(batch, |each| each.license.creator_org_id.uuid()) as &[Uuid],
        &column(batch, |each| each.asset_id.uuid()) as &[Uuid],
        &column(batch, |each| each.receipt.content_id.to_string()),
        &column(batch, |each| each.receipt.job_id.as_ref().map(|job| job.as_str().to_owned()))
            as &[Option<String>],
        &column(batch, |each| each.receipt.scope.as_str().to_owned()),
        &column(batch, |each| i64::try_from(each.receipt.bytes).unwrap_or(i64::MAX)),
        &column(batch, |each| each.receipt.nonce.clone()),
        &column(batch, |each| each.receipt.timestamp) as &[DateTime<Utc>],
        &column(batch, |each| each.kid.to_string()),
        &column(batch, |each| each.jws.clone()),
    )
    .fetch_all(tx)
    .await?;
    Ok(new.into_iter().collect())
}
