//! Receipts by the thousand, for either party and for machines of a license, oldest first.
//!
//! Pages are found by keyset. A receipt comes into the books up to a second after its delivery, later
//! after an outage, and stands at the time of its delivery: whoever wants all of a period asks again
//! once it lies some time back.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{CursorKey, coarse};
use crate::{
    domain::{
        actor::{Actor, Deed},
        cursor::{Binding, Cursor, Direction},
        error::Refusal,
        ids::{AssetId, LicenseId, OrgId, ReceiptId},
        metering::Side,
    },
    services::{Result, Services},
};

/// The most receipts a batch holds, and the most that are named in one request.
pub const RECEIPTS_PER_BATCH_MAX: u16 = 1000;

/// Which receipts to show; what is missing excludes nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReceiptFilter {
    pub license_id: Option<LicenseId>,
    pub asset_id: Option<AssetId>,
    /// Deliveries from this instant on.
    pub from: Option<DateTime<Utc>>,
    /// Deliveries before this instant.
    pub until: Option<DateTime<Utc>>,
}

/// Some receipts as they were signed, and the way to those that follow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceiptBatch {
    /// Compact JWS.
    pub receipts: Vec<String>,
    /// Leads on; missing where nothing follows now.
    pub next: Option<String>,
}

/// Whose receipts.
#[derive(Clone, Copy)]
enum Of {
    Party(OrgId, Side),
    License(LicenseId),
}

struct Row {
    receipt_id: ReceiptId,
    delivered_at: DateTime<Utc>,
    jws: String,
}

/// Receipts of an organization, seen from one side.
///
/// # Errors
///
/// `invalid_cursor`, `expired_cursor`, or that the actor may not read usage.
pub async fn receipts(
    services: &Services,
    key: &CursorKey,
    actor: &Actor,
    side: Side,
    filter: &ReceiptFilter,
    cursor: Option<&str>,
    limit: u16,
) -> Result<ReceiptBatch> {
    let member = actor.may(Deed::ReadUsage)?;
    coarse::full_only(&member, side)?;
    let org_id = member.org_id;
    batch(services, key, Of::Party(org_id, side), filter, cursor, limit).await
}

/// Receipts of a license, for a machine that acts under it.
///
/// # Errors
///
/// `invalid_cursor` or `expired_cursor`.
pub async fn receipts_of_license(
    services: &Services,
    key: &CursorKey,
    license_id: LicenseId,
    cursor: Option<&str>,
    limit: u16,
) -> Result<ReceiptBatch> {
    let filter = ReceiptFilter::default();
    batch(services, key, Of::License(license_id), &filter, cursor, limit).await
}

/// The compact JWS of each of these receipts that the actor's organization is a party of, in the
/// order of their ids. With coarse reports they are those of what it bought.
///
/// # Errors
///
/// That there are more than [`RECEIPTS_PER_BATCH_MAX`], or that the actor may not read usage.
pub async fn receipts_named(
    services: &Services,
    actor: &Actor,
    receipt_ids: &[ReceiptId],
) -> Result<Vec<String>> {
    let member = actor.may(Deed::ReadUsage)?;
    if receipt_ids.len() > usize::from(RECEIPTS_PER_BATCH_MAX) {
        return Err(Refusal::invalid(
            "receipt_id",
            t!("Name at most {RECEIPTS_PER_BATCH_MAX} receipts at a time."),
        )
        .into());
    }
    named(services, member.org_id, coarse::as_creator_too(&member), receipt_ids).await
}

async fn batch(
    services: &Services,
    key: &CursorKey,
    of: Of,
    filter: &ReceiptFilter,
    cursor: Option<&str>,
    limit: u16,
) -> Result<ReceiptBatch> {
    let now = services.now();
    let binding = binding(of, filter);
    let after = cursor.map(|text| key.open(text, &binding, now)).transpose()?;
    let after = after.map_or((DateTime::UNIX_EPOCH, Uuid::nil()), |after| (after.at, after.id));
    let limit = limit.clamp(1, RECEIPTS_PER_BATCH_MAX);
    let mut rows = match of {
        Of::Party(org_id, Side::Buyer) => bought(services, org_id, filter, after, limit).await?,
        Of::Party(org_id, Side::Creator) => sold(services, org_id, filter, after, limit).await?,
        Of::License(license_id) => of_license(services, license_id, after, limit).await?,
    };
    let more = rows.len() > usize::from(limit);
    rows.truncate(limit.into());
    let next = rows.last().filter(|_| more).map(|last| {
        let place = Cursor {
            direction: Direction::Newer,
            at: last.delivered_at,
            id: last.receipt_id.uuid(),
        };
        key.seal(&place, &binding, now)
    });
    Ok(ReceiptBatch { receipts: rows.into_iter().map(|row| row.jws).collect(), next })
}

fn binding(of: Of, filter: &ReceiptFilter) -> Binding {
    let instant = |at: Option<DateTime<Utc>>| at.map(|at| at.to_rfc3339()).unwrap_or_default();
    let (whose, side) = match of {
        Of::Party(org_id, side) => (org_id.to_string(), side.as_str()),
        Of::License(license_id) => (license_id.to_string(), "license"),
    };
    Binding::of(&[
        "receipts",
        &whose,
        side,
        &filter.license_id.map(|id| id.to_string()).unwrap_or_default(),
        &filter.asset_id.map(|id| id.to_string()).unwrap_or_default(),
        &instant(filter.from),
        &instant(filter.until),
    ])
}

// SQL: one row more than asked for says that more follow.

/// One statement for each party, so that each walks its own index.
macro_rules! of_party {
    ($name:ident, $party:tt) => {
        async fn $name(
            services: &Services,
            org_id: OrgId,
            filter: &ReceiptFilter,
            (at, id): (DateTime<Utc>, Uuid),
            limit: u16,
        ) -> Result<Vec<Row>> {
            let rows = sqlx::query_as!(
                Row,
                "select receipt_id, delivered_at, jws from receipt
                 where "
                    + $party
                    + " = $1 and (delivered_at, receipt_id) > ($2, $3)
                   and ($4::uuid is null or license_id = $4)
                   and ($5::uuid is null or asset_id = $5)
                   and ($6::timestamptz is null or delivered_at >= $6)
                   and ($7::timestamptz is null or delivered_at < $7)
                 order by delivered_at, receipt_id limit $8",
                org_id.uuid(),
                at,
                id,
                filter.license_id.map(LicenseId::uuid),
                filter.asset_id.map(AssetId::uuid),
                filter.from,
                filter.until,
                i64::from(limit) + 1,
            )
            .fetch_all(&services.pool)
            .await?;
            Ok(rows)
        }
    };
}
of_party!(bought, "org_id");
of_party!(sold, "creator_org_id");

async fn of_license(
    services: &Services,
    license_id: LicenseId,
    (at, id): (DateTime<Utc>, Uuid),
    limit: u16,
) -> Result<Vec<Row>> {
    let rows = sqlx::query_as!(
        Row,
        "select receipt_id, delivered_at, jws from receipt
         where license_id = $1 and (delivered_at, receipt_id) > ($2, $3)
         order by delivered_at, receipt_id limit $4",
        license_id.uuid(),
        at,
        id,
        i64::from(limit) + 1,
    )
    .fetch_all(&services.pool)
    .await?;
    Ok(rows)
}

async fn named(
    services: &Services,
    org_id: OrgId,
    sold_too: bool,
    receipt_ids: &[ReceiptId],
) -> Result<Vec<String>> {
    let ids: Vec<Uuid> = receipt_ids.iter().map(|id| id.uuid()).collect();
    let found = sqlx::query_scalar!(
        "select jws from receipt
         where receipt_id = any($2) and (org_id = $1 or creator_org_id = $1 and $3)
         order by receipt_id",
        org_id.uuid(),
        &ids,
        sold_too,
    )
    .fetch_all(&services.pool)
    .await?;
    Ok(found)
}
