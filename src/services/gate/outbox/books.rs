//! The books: receipts with their usage events, in one transaction.
//!
//! Storing a receipt twice is storing it once, so a commit whose answer was lost is tried again.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::Entry;
use crate::{
    domain::receipt::{self, Receipt},
    services::{
        Result, Services,
        metering::{self, Observed},
    },
};

/// A receipt about to be stored.
#[derive(Debug)]
pub(super) struct Booking {
    pub receipt: Receipt,
    pub kid: String,
    pub entry: Entry,
}

impl Booking {
    /// Reads what the receipt states. Its signature is not checked again: it is our own, and the
    /// frame it lay in is whole.
    pub fn read(entry: Entry) -> std::result::Result<Self, (Entry, String)> {
        match receipt::stated(&entry.jws) {
            Ok((kid, receipt)) => Ok(Self { receipt, kid, entry }),
            Err(refusal) => Err((entry, refusal.sentence)),
        }
    }
}

/// Stores receipts and counts the uses: all or nothing.
pub(super) async fn store(services: &Services, batch: &[Booking]) -> Result<()> {
    if batch.is_empty() {
        return Ok(());
    }
    let mut tx = services.pool.begin().await?;
    let mut new = insert_receipts(&mut tx, batch).await?;
    let observed: Vec<Observed> = batch
        .iter()
        .filter(|each| new.remove(&each.receipt.receipt_id.uuid()))
        .map(|each| Observed::of_receipt(&each.receipt))
        .collect();
    metering::record(&mut tx, services.now(), &observed).await?;
    tx.commit().await?;
    Ok(())
}

// SQL

/// Answers which receipts were new.
async fn insert_receipts(tx: &mut PgConnection, batch: &[Booking]) -> Result<HashSet<Uuid>> {
    fn column<T>(batch: &[Booking], of: impl Fn(&Booking) -> T) -> Vec<T> {
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
        &column(batch, |each| each.entry.org_id.uuid()) as &[Uuid],
        &column(batch, |each| each.entry.creator_org_id.uuid()) as &[Uuid],
        &column(batch, |each| each.entry.asset_id.uuid()) as &[Uuid],
        &column(batch, |each| each.receipt.content_id.to_string()),
        &column(batch, |each| each.receipt.job_id.as_ref().map(|job| job.as_str().to_owned()))
            as &[Option<String>],
        &column(batch, |each| each.receipt.scope.as_str().to_owned()),
        &column(batch, |each| i64::try_from(each.receipt.bytes).unwrap_or(i64::MAX)),
        &column(batch, |each| each.receipt.nonce.clone()),
        &column(batch, |each| each.receipt.timestamp) as &[DateTime<Utc>],
        &column(batch, |each| each.kid.clone()),
        &column(batch, |each| each.entry.jws.clone()),
    )
    .fetch_all(tx)
    .await?;
    Ok(new.into_iter().collect())
}
