//! What a month is rated from: licenses with their tiers, their use, what was charged before, fees and
//! payees. Reads only.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    domain::{
        ids::{AssetId, LicenseId, OrgId, TierId},
        ledger::{FeeRule, Payees},
        money::Currency,
        month::Month,
        pricing::Tier,
        rating::{self, ChargeKind, Usage},
    },
    services::{
        Error, Result,
        offers::{PriceRow, TierRow},
    },
};

/// A license in a month.
#[derive(Clone, Debug)]
pub(super) struct Licensed {
    pub license_id: LicenseId,
    pub org_id: OrgId,
    pub creator_org_id: OrgId,
    pub asset_id: AssetId,
    pub title: String,
    pub starts_at: DateTime<Utc>,
    /// The one it was on when the month ended.
    pub tier_id: TierId,
}

/// Licenses that were in force at some time of a month, after `after` in the order of their ids.
pub(super) async fn licenses(
    tx: &mut PgConnection,
    month: Month,
    after: Option<LicenseId>,
    limit: i64,
) -> Result<Vec<Licensed>> {
    let rows = sqlx::query!(
        r#"select license.license_id, license.org_id, license.creator_org_id, license.asset_id,
                  asset.title, license.starts_at, license.tier_id,
                  moved.tier as "moved_from?"
           from license
           join asset on asset.asset_id = license.asset_id
           left join lateral (
               select event.detail ->> 'from_tier_id' as tier from event
               where event.subject_id = license.license_id and event.name = 'license.upgraded'
                 and event.created_at >= $2
               order by event.event_id limit 1
           ) moved on true
           where ($3::uuid is null or license.license_id > $3)
             and license.state <> 'pending'
             and license.starts_at < $2
             and (license.ends_at is null
                  or (license.ends_at > $1 and license.ends_at > license.starts_at))
           order by license.license_id limit $4"#,
        month.from(),
        month.until(),
        after.map(LicenseId::uuid),
        limit,
    )
    .fetch_all(tx)
    .await?;
    rows.into_iter()
        .map(|row| {
            let tier_id = match row.moved_from {
                Some(text) => {
                    text.parse().map_err(|fault| Error::fault("reading a move", fault))?
                }
                None => row.tier_id,
            };
            Ok(Licensed {
                license_id: row.license_id,
                org_id: row.org_id,
                creator_org_id: row.creator_org_id,
                asset_id: row.asset_id,
                title: row.title,
                starts_at: row.starts_at,
                tier_id,
            })
        })
        .collect()
}

/// One license, on the tier it is on now.
pub(super) async fn license(
    tx: &mut PgConnection,
    license_id: LicenseId,
) -> Result<Option<Licensed>> {
    let row = sqlx::query_as!(
        Licensed,
        "select license.license_id, license.org_id, license.creator_org_id, license.asset_id,
                asset.title, license.starts_at, license.tier_id
         from license join asset on asset.asset_id = license.asset_id
         where license.license_id = $1 and license.state <> 'pending'",
        license_id.uuid(),
    )
    .fetch_optional(tx)
    .await?;
    Ok(row)
}

/// Tiers by their ids.
pub(super) async fn tiers(
    tx: &mut PgConnection,
    licensed: &[Licensed],
) -> Result<HashMap<TierId, Tier>> {
    let mut ids: Vec<Uuid> = licensed.iter().map(|each| each.tier_id.uuid()).collect();
    ids.sort_unstable();
    ids.dedup();
    let rows = sqlx::query!(
        "select tier_id, name, currency, base_micros, included_units, overrun, overage_micros,
                rate_per_minute, scopes, unit, allowed_paths, forbidden_paths, model, use_micros,
                use_per, share_bp, rolls_over
         from tier where tier_id = any($1)",
        &ids,
    )
    .fetch_all(tx)
    .await?;
    rows.into_iter()
        .map(|row| {
            let price = PriceRow {
                model: row.model,
                base_micros: row.base_micros,
                included_units: row.included_units,
                overrun: row.overrun,
                overage_micros: row.overage_micros,
                use_micros: row.use_micros,
                use_per: row.use_per,
                share_bp: row.share_bp,
                rolls_over: row.rolls_over,
            };
            let tier = TierRow {
                name: row.name,
                currency: row.currency,
                unit: row.unit,
                price,
                rate_per_minute: row.rate_per_minute,
                scopes: row.scopes,
                allowed_paths: row.allowed_paths,
                forbidden_paths: row.forbidden_paths,
            };
            Ok((row.tier_id, tier.read()?))
        })
        .collect()
}

/// Billable units of licenses by month.
pub(super) struct Used(HashMap<(LicenseId, Month), i64>);

impl Used {
    /// What counts of a license in a month on this tier.
    pub fn usage(&self, licensed: &Licensed, tier: &Tier, month: Month) -> Usage {
        let of = |month: Month| self.0.get(&(licensed.license_id, month)).copied().unwrap_or(0);
        let since_start = month.since(Month::of(licensed.starts_at));
        let gone = usize::try_from(rating::months_into_year(since_start)).unwrap_or(0);
        let mut before: Vec<i64> =
            std::iter::successors(Some(month.previous()), |month| Some(month.previous()))
                .take(gone)
                .map(of)
                .collect();
        before.reverse();
        Usage {
            units: of(month),
            carried_units: rating::carried(&tier.price, &before),
            revenue_micros: 0,
            month: since_start,
        }
    }
}

/// What licenses have used in a month, and in the year before it.
pub(super) async fn used(
    tx: &mut PgConnection,
    licensed: &[Licensed],
    month: Month,
) -> Result<Used> {
    let ids: Vec<Uuid> = licensed.iter().map(|each| each.license_id.uuid()).collect();
    let since = (0..rating::YEAR).fold(month, |month, _| month.previous());
    let rows = sqlx::query!(
        r#"select license_id, bucket, sum(billable_units)::bigint as "units!"
           from usage_month where license_id = any($1) and bucket >= $2 and bucket < $3
           group by license_id, bucket"#,
        &ids,
        since.from(),
        month.until(),
    )
    .fetch_all(tx)
    .await?;
    Ok(Used(
        rows.into_iter().map(|row| ((row.license_id, Month::of(row.bucket)), row.units)).collect(),
    ))
}

/// What rating has charged so far for one kind of a license's month.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct SoFar {
    pub gross_micros: i64,
    pub fee_micros: i64,
    /// The number of the next revision.
    pub next: i32,
}

/// What was charged of a month before, credits apart: they were decided by people.
pub(super) async fn charged(
    tx: &mut PgConnection,
    licensed: &[Licensed],
    month: Month,
) -> Result<HashMap<LicenseId, BTreeMap<ChargeKind, SoFar>>> {
    let ids: Vec<Uuid> = licensed.iter().map(|each| each.license_id.uuid()).collect();
    let rows = sqlx::query!(
        r#"select license_id, kind,
                  coalesce(sum(gross_micros) filter (where credits_id is null), 0)::bigint as "gross!",
                  coalesce(sum(fee_micros) filter (where credits_id is null), 0)::bigint as "fee!",
                  max(revision) + 1 as "next!"
           from charge where license_id = any($1) and month = $2 group by license_id, kind"#,
        &ids,
        month.first_day(),
    )
    .fetch_all(tx)
    .await?;
    let mut charged: HashMap<LicenseId, BTreeMap<ChargeKind, SoFar>> = HashMap::new();
    for row in rows {
        let so_far = SoFar { gross_micros: row.gross, fee_micros: row.fee, next: row.next };
        charged.entry(row.license_id).or_default().insert(row.kind, so_far);
    }
    Ok(charged)
}

/// The fees of a month.
pub(super) async fn fees(
    tx: &mut PgConnection,
    month: NaiveDate,
) -> Result<HashMap<Currency, Vec<FeeRule>>> {
    let rows = sqlx::query!(
        "select currency, rate_bp, least_micros, most_micros from fee_rule
         where from_month <= $1 and (until_month is null or until_month > $1)
         order by fee_rule_id",
        month,
    )
    .fetch_all(tx)
    .await?;
    let mut fees: HashMap<Currency, Vec<FeeRule>> = HashMap::new();
    for row in rows {
        let rate_bp = u32::try_from(row.rate_bp).unwrap_or(0);
        let rule =
            FeeRule { rate_bp, least_micros: row.least_micros, most_micros: row.most_micros };
        fees.entry(row.currency).or_default().push(rule);
    }
    Ok(fees)
}

/// Who shares in works at an instant; those of which nothing is said are left out.
pub(super) async fn payees(
    tx: &mut PgConnection,
    licensed: &[Licensed],
    at: DateTime<Utc>,
) -> Result<HashMap<AssetId, Payees>> {
    let ids: Vec<Uuid> = licensed.iter().map(|each| each.asset_id.uuid()).collect();
    let rows = sqlx::query!(
        "select asset_id, org_id, share_bp from payee
         where asset_id = any($1)
           and since = (select max(since) from payee latest
                        where latest.asset_id = payee.asset_id and latest.since < $2)
         order by asset_id, org_id",
        &ids,
        at,
    )
    .fetch_all(tx)
    .await?;
    let mut shares: HashMap<AssetId, Vec<(OrgId, u32)>> = HashMap::new();
    for row in rows {
        let share = u32::try_from(row.share_bp).unwrap_or(0);
        shares.entry(row.asset_id).or_default().push((row.org_id, share));
    }
    shares
        .into_iter()
        .map(|(asset_id, shares)| {
            let payees = Payees::new(shares);
            Ok((asset_id, payees.map_err(|fault| Error::fault("reading payees", fault))?))
        })
        .collect()
}
