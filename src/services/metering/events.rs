//! Observed uses: the table `usage_event`, append-only, one partition a month.
//!
//! Events are copied in, not inserted: every one is known to be new, so nothing has to be looked
//! up while they are written.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::{Counted, partitions};
use crate::{
    domain::{
        ids::{LicenseId, UsageEventId},
        metering::Judgement,
    },
    services::{Error, Result},
};

/// Where the row of an event is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Place {
    pub license_id: LicenseId,
    pub occurred_at: DateTime<Utc>,
    pub usage_event_id: UsageEventId,
}

/// Writes events that are all new, into partitions that are made where they are missing.
pub(super) async fn insert(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    counted: &[Counted<'_>],
) -> Result<()> {
    partitions::make(tx, counted.iter().map(|each| each.observed.occurred_at)).await?;
    let mut rows = Rows::with_capacity(counted.len());
    for each in counted {
        rows.push(each, now)?;
    }
    let mut copy = tx.copy_in_raw(COPY).await?;
    copy.send(rows.finish()).await?;
    copy.finish().await?;
    Ok(())
}

/// What events written before cost, by their ids. Those that are not there are left out.
pub(crate) async fn judged(
    tx: &mut PgConnection,
    places: &[Place],
) -> Result<HashMap<UsageEventId, Judgement>> {
    if places.is_empty() {
        return Ok(HashMap::new());
    }
    let licenses: Vec<Uuid> = places.iter().map(|place| place.license_id.uuid()).collect();
    let instants: Vec<DateTime<Utc>> = places.iter().map(|place| place.occurred_at).collect();
    let ids: Vec<Uuid> = places.iter().map(|place| place.usage_event_id.uuid()).collect();
    let rows = sqlx::query!(
        r#"select usage_event.usage_event_id as "usage_event_id!: UsageEventId", billable_units, free_reason
         from unnest($1::uuid[], $2::timestamptz[], $3::uuid[])
             asked (license_id, occurred_at, usage_event_id)
         join usage_event using (license_id, occurred_at, usage_event_id)"#,
        &licenses,
        &instants,
        &ids,
    )
    .fetch_all(tx)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let judgement =
                Judgement { billable_units: row.billable_units, free_reason: row.free_reason };
            (row.usage_event_id, judgement)
        })
        .collect())
}

// SQL

/// The columns in the order `Rows::push` writes them.
const COPY: &str = "copy usage_event (usage_event_id, license_id, org_id, creator_org_id, asset_id,
    sender_org_id, occurred_at, recorded_at, billable_units, calls, pages, tokens, bytes,
    training_examples, inference_requests, attribution, cache_hit, scope, content_id, job_id,
    region, model, consumer_class, free_reason) from stdin (format binary)";
const COLUMNS: i16 = 24;

/// Rows in PostgreSQL's binary copy format: a header, then for each row the number of its columns
/// and for each column its length and its bytes, all big-endian; -1 is the length of null, and the
/// number of columns behind the last row.
struct Rows(Vec<u8>);

impl Rows {
    /// What a row with short names takes, and some.
    const ROW_BYTES: usize = 400;

    fn with_capacity(rows: usize) -> Self {
        let mut bytes = Vec::with_capacity(rows.saturating_mul(Self::ROW_BYTES).saturating_add(32));
        bytes.extend_from_slice(b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0");
        Self(bytes)
    }

    fn push(&mut self, counted: &Counted<'_>, now: DateTime<Utc>) -> Result<()> {
        let Counted { observed, parties, judgement } = counted;
        let measures = &observed.measures;
        self.0.extend_from_slice(&COLUMNS.to_be_bytes());
        self.uuid(observed.usage_event_id.uuid());
        self.uuid(observed.license_id.uuid());
        self.uuid(parties.org_id.uuid());
        self.uuid(parties.creator_org_id.uuid());
        self.uuid(parties.asset_id.uuid());
        match observed.sender_org_id {
            Some(sender) => self.uuid(sender.uuid()),
            None => self.null(),
        }
        self.instant(observed.occurred_at);
        self.instant(now);
        for count in [
            judgement.billable_units,
            measures.calls,
            measures.pages,
            measures.tokens,
            measures.bytes,
            measures.training_examples,
            measures.inference_requests,
        ] {
            self.fixed(&count.to_be_bytes());
        }
        match observed.attribution {
            Some(share) => self.fixed(&share.get().to_be_bytes()),
            None => self.null(),
        }
        self.fixed(&[u8::from(observed.cache_hit)]);
        self.text(observed.scope.as_str())?;
        self.text(observed.content_id.as_str())?;
        match &observed.job {
            Some(job) => self.text(job.as_str())?,
            None => self.null(),
        }
        self.text(&observed.dimensions.region)?;
        self.text(&observed.dimensions.model)?;
        self.text(&observed.dimensions.consumer_class)?;
        match judgement.free_reason {
            Some(reason) => self.text(reason.as_str())?,
            None => self.null(),
        }
        Ok(())
    }

    fn finish(mut self) -> Vec<u8> {
        self.0.extend_from_slice(&(-1_i16).to_be_bytes());
        self.0
    }

    fn null(&mut self) {
        self.0.extend_from_slice(&(-1_i32).to_be_bytes());
    }

    /// A value of at most 16 bytes.
    fn fixed<const N: usize>(&mut self, bytes: &[u8; N]) {
        const { assert!(N <= 16) };
        self.0.extend_from_slice(&[0, 0, 0, N.to_le_bytes()[0]]);
        self.0.extend_from_slice(bytes);
    }

    fn uuid(&mut self, uuid: Uuid) {
        self.fixed(uuid.as_bytes());
    }

    /// Microseconds since 2000-01-01.
    fn instant(&mut self, at: DateTime<Utc>) {
        const EPOCH: i64 = 946_684_800_000_000;
        self.fixed(&at.timestamp_micros().saturating_sub(EPOCH).to_be_bytes());
    }

    fn text(&mut self, text: &str) -> Result<()> {
        let length = i32::try_from(text.len())
            .map_err(|error| Error::fault("writing a usage event", error))?;
        self.0.extend_from_slice(&length.to_be_bytes());
        self.0.extend_from_slice(text.as_bytes());
        Ok(())
    }
}
