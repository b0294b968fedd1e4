//! How often the gate refused, and why. Both parties of a license see it; what came without a known
//! token belongs to nobody.

use super::{UsageFilter, coarse};
use crate::{
    domain::{
        actor::{Actor, Deed},
        ids::{AssetId, LicenseId, OrgId},
        metering::{Range, Side},
    },
    services::{
        Result, Services,
        gate::attempts::{ABORTED, CUT_OFF},
    },
};

/// How often the gate refused for one reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusalCount {
    /// The stable code of the refusal.
    pub code: String,
    pub attempts: i64,
}

/// Refusals over a range, from one side: the most frequent reason first. Of the filter, the license,
/// its work and the other party count; for what use and where was not settled when it was refused.
pub async fn refusals(
    services: &Services,
    actor: &Actor,
    side: Side,
    filter: &UsageFilter,
    range: &Range,
) -> Result<Vec<RefusalCount>> {
    let member = actor.may(Deed::ReadUsage)?;
    if member.sees_coarsely(side) {
        return match coarse::days(filter, range, services.now())? {
            Some(days) => refusals_as_creator(services, member.org_id, filter, &days).await,
            None => Ok(Vec::new()),
        };
    }
    match side {
        Side::Creator => refusals_as_creator(services, member.org_id, filter, range).await,
        Side::Buyer => refusals_as_buyer(services, member.org_id, filter, range).await,
    }
}

// SQL

/// One statement for each side, so that each uses its own index.
macro_rules! refusals_as {
    ($name:ident, $party:tt, $counterparty:tt) => {
        async fn $name(
            services: &Services,
            org_id: OrgId,
            filter: &UsageFilter,
            range: &Range,
        ) -> Result<Vec<RefusalCount>> {
            let counts = sqlx::query_as!(
                RefusalCount,
                r#"select code, sum(attempts)::bigint as "attempts!" from gate_refusal_hour
                   where "#
                    + $party
                    + r#" = $1 and hour >= $2 and hour < $3 and code <> all($4)
                     and ($5::uuid is null or license_id = $5)
                     and ($6::uuid is null or license_id in
                             (select license_id from license where asset_id = $6))
                     and ($7::uuid is null or "#
                    + $counterparty
                    + " = $7)
                   group by code order by 2 desc, code",
                org_id.uuid(),
                range.from(),
                range.until(),
                &[ABORTED.to_owned(), CUT_OFF.to_owned()],
                filter.license_id.map(LicenseId::uuid),
                filter.asset_id.map(AssetId::uuid),
                filter.counterparty.map(OrgId::uuid),
            )
            .fetch_all(&services.pool)
            .await?;
            Ok(counts)
        }
    };
}
refusals_as!(refusals_as_creator, "creator_org_id", "org_id");
refusals_as!(refusals_as_buyer, "org_id", "creator_org_id");
