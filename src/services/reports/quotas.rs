//! How much of its monthly quota each license has used, for either of its parties.

use chrono::{DateTime, Utc};

use super::coarse;
use crate::{
    domain::{
        actor::{Actor, Deed},
        ids::{LicenseId, OrgId},
        metering::{Side, month_start},
        pricing::Overrun,
    },
    services::{Result, Services},
};

/// The most licenses named.
const QUOTAS_MAX: i64 = 100;

/// What a license in force has used of its units in this calendar month (UTC).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quota {
    pub license_id: LicenseId,
    pub title: String,
    /// The name of the other party: the buyer for a creator, the creator for a buyer.
    pub counterparty: String,
    pub tier_name: String,
    /// What happens when the units are used up.
    pub overrun: Overrun,
    pub included_units: i64,
    /// Everything counts but repeats.
    pub used_units: i64,
}

/// The licenses in force that include units, seen from one side, the one that has used the largest
/// share first; or the one that is named, if it is in force.
pub async fn quotas(
    services: &Services,
    actor: &Actor,
    side: Side,
    license_id: Option<LicenseId>,
    limit: u8,
) -> Result<Vec<Quota>> {
    let member = actor.may(Deed::ReadUsage)?;
    coarse::full_only(&member, side)?;
    let org_id = member.org_id;
    let (now, limit) = (services.now(), i64::from(limit).clamp(1, QUOTAS_MAX));
    match side {
        Side::Creator => quotas_as_creator(services, org_id, license_id, now, limit).await,
        Side::Buyer => quotas_as_buyer(services, org_id, license_id, now, limit).await,
    }
}

// SQL

macro_rules! quotas_as {
    ($name:ident, $party:tt, $counterparty:tt) => {
        async fn $name(
            services: &Services,
            org_id: OrgId,
            license_id: Option<LicenseId>,
            now: DateTime<Utc>,
            limit: i64,
        ) -> Result<Vec<Quota>> {
            let quotas = sqlx::query_as!(
                Quota,
                r#"select license.license_id, asset.title, other.name as counterparty,
                          tier.name as tier_name, tier.overrun as "overrun: Overrun",
                          tier.included_units, coalesce(used.units, 0) as "used_units!"
                   from license
                   join asset on asset.asset_id = license.asset_id
                   join tier on tier.tier_id = license.tier_id
                   join organization other on other.org_id = license."#
                    + $counterparty
                    + r#"
                   left join lateral (
                       select sum(case when scope = 'preview' then calls else billable_units end)::bigint as units
                       from usage_month
                       where usage_month.license_id = license.license_id and bucket = $3
                   ) used on true
                   where license."#
                    + $party
                    + r#" = $1 and ($2::uuid is null or license.license_id = $2)
                     and license.state = 'active' and license.starts_at <= $4
                     and (license.ends_at is null or license.ends_at > $4)
                     and ($2::uuid is not null or tier.included_units > 0)
                   order by coalesce(used.units, 0)::numeric / greatest(tier.included_units, 1) desc,
                            license.license_id
                   limit $5"#,
                org_id.uuid(),
                license_id.map(LicenseId::uuid),
                month_start(now),
                now,
                limit,
            )
            .fetch_all(&services.pool)
            .await?;
            Ok(quotas)
        }
    };
}
quotas_as!(quotas_as_creator, "creator_org_id", "org_id");
quotas_as!(quotas_as_buyer, "org_id", "creator_org_id");
