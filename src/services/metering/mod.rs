//! Observed uses, what each costs, and their sums: written together or not at all.
//!
//! At every commit `usage_hour`, `usage_day` and `usage_month` are exactly what `usage_event` adds up
//! to, and each unit is billed exactly once, however many write at the same time. Locks are taken in
//! one order: keys, units, then the sums of hours, days and months, each sorted; so writers wait for
//! each other and never deadlock.

mod events;
mod keys;
pub mod partitions;
mod reconcile;
mod report;
mod rollups;
mod units;

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

pub(crate) use events::{Place, judged};
pub use keys::sweep;
pub use reconcile::{Check, Difference, Proof, reconcile};
pub use report::{Outcome, report, report_as_machine};

use super::{Error, Result};
use crate::domain::{
    asset::ContentId,
    ids::{AssetId, LicenseId, OrgId, TypedId as _, UsageEventId},
    license::Standing,
    metering::{
        Attribution, Dimensions, FreeReason, JobName, Judgement, Measures, Metered, Totals, Use,
        judge,
    },
    receipt::Receipt,
    terms::Scope,
};

/// A use, before it is known what it costs.
#[derive(Clone, Debug)]
pub(crate) struct Observed {
    /// That of its receipt, for a delivery of the gate.
    pub usage_event_id: UsageEventId,
    /// Who reports it; nobody where the gate saw it.
    pub sender_org_id: Option<OrgId>,
    pub license_id: LicenseId,
    pub content_id: ContentId,
    pub scope: Scope,
    pub job: Option<JobName>,
    pub occurred_at: DateTime<Utc>,
    pub measures: Measures,
    pub dimensions: Dimensions,
    pub attribution: Option<Attribution>,
    pub cache_hit: bool,
    /// What its receipt says.
    pub free_said: Option<FreeReason>,
}

impl Observed {
    /// What a receipt stands for.
    pub fn of_receipt(receipt: &Receipt) -> Self {
        Self {
            usage_event_id: UsageEventId::from_uuid(receipt.receipt_id.uuid()),
            sender_org_id: None,
            license_id: receipt.license_id,
            content_id: receipt.content_id.clone(),
            scope: receipt.scope,
            job: receipt.job_id.clone(),
            occurred_at: receipt.timestamp,
            measures: Measures::of_delivery(receipt.scope, receipt.bytes),
            dimensions: Dimensions::default(),
            attribution: None,
            cache_hit: false,
            free_said: receipt.free_reason,
        }
    }

    fn as_use(&self) -> Use {
        Use {
            scope: self.scope,
            occurred_at: self.occurred_at,
            measures: self.measures,
            free_said: self.free_said,
        }
    }
}

/// What a license says about the uses under it.
#[derive(Clone, Debug)]
pub(crate) struct Parties {
    pub org_id: OrgId,
    pub creator_org_id: OrgId,
    pub asset_id: AssetId,
    pub standing: Standing,
    /// The uses its tier grants.
    pub scopes: Vec<Scope>,
    pub metered: Metered,
}

/// A use with its parties and what it costs: all that is written.
struct Counted<'a> {
    observed: &'a Observed,
    parties: &'a Parties,
    judgement: Judgement,
}

impl Counted<'_> {
    fn totals(&self) -> Totals {
        let Observed { measures, cache_hit, attribution, .. } = self.observed;
        Totals::of(measures, self.judgement.billable_units, *cache_hit, *attribution)
    }
}

/// Writes uses and answers what each costs, in their order.
///
/// Every one must be new. Whoever calls knows it from a row it inserted in the same transaction:
/// the receipt of a delivery, the key of a report. A use written twice is a violation of
/// `usage_event_key`; what one written before costs, `judged` answers.
pub(crate) async fn record(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    observed: &[Observed],
) -> Result<Vec<Judgement>> {
    let ids: BTreeSet<LicenseId> = observed.iter().map(|each| each.license_id).collect();
    let licenses = licenses(tx, ids).await?;
    record_under(tx, now, observed, &licenses).await
}

async fn record_under(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    observed: &[Observed],
    licenses: &HashMap<LicenseId, Parties>,
) -> Result<Vec<Judgement>> {
    if observed.is_empty() {
        return Ok(Vec::new());
    }
    let missing = || Error::fault("metering a use", "its license is not there");
    let parties = observed
        .iter()
        .map(|each| licenses.get(&each.license_id).ok_or_else(missing))
        .collect::<Result<Vec<&Parties>>>()?;
    let claims: Vec<units::Claim> = observed
        .iter()
        .zip(&parties)
        .filter(|(each, parties)| each.as_use().claims_unit(&parties.metered))
        .map(|(each, parties)| units::Claim::of(each, parties.org_id))
        .collect();
    let first = units::claim(tx, claims).await?;
    let counted: Vec<Counted<'_>> = observed
        .iter()
        .zip(parties)
        .map(|(observed, parties)| {
            let taken = !first.contains(&observed.usage_event_id.uuid());
            let judgement = judge(taken, &observed.as_use(), &parties.metered);
            Counted { observed, parties, judgement }
        })
        .collect();
    events::insert(tx, now, &counted).await?;
    rollups::add(tx, &counted).await?;
    Ok(counted.into_iter().map(|each| each.judgement).collect())
}

// SQL

/// Licenses by their ids; those that are not there are left out.
async fn licenses(
    tx: &mut PgConnection,
    ids: BTreeSet<LicenseId>,
) -> Result<HashMap<LicenseId, Parties>> {
    let ids: Vec<Uuid> = ids.into_iter().map(LicenseId::uuid).collect();
    let rows = sqlx::query!(
        "select license_id, license.org_id, creator_org_id, asset_id, state, starts_at, ends_at,
                  scopes, unit
           from license join tier using (tier_id) where license_id = any($1)",
        &ids,
    )
    .fetch_all(tx)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let standing =
                Standing { state: row.state, starts_at: row.starts_at, ends_at: row.ends_at };
            let parties = Parties {
                org_id: row.org_id,
                creator_org_id: row.creator_org_id,
                asset_id: row.asset_id,
                standing,
                scopes: row.scopes.iter().filter_map(|scope| scope.parse().ok()).collect(),
                metered: Metered { since: row.starts_at, unit: row.unit },
            };
            (row.license_id, parties)
        })
        .collect())
}

#[cfg(test)]
mod tests;
