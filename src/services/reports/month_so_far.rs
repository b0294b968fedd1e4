//! How one license has used its month, day by day, and what that comes to.

use chrono::{DateTime, Datelike as _, Utc};

use super::coarse;
use crate::{
    domain::{
        actor::{Actor, Deed},
        ids::{LicenseId, OrgId},
        month::Month,
        pricing::Price,
        rating,
    },
    services::{Result, Services},
};

/// The present calendar month (UTC) of a license.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MonthSoFar {
    pub month: Month,
    /// What each day has used of the units of the month, from the first day to today: everything
    /// counts but repeats.
    pub days: Vec<i64>,
    /// What of it costs money.
    pub billable_units: i64,
    /// Prepaid units left over from the months before.
    pub carried_units: i64,
}

impl MonthSoFar {
    /// What the month costs for its use so far, in micros: what a spend cap is held against.
    pub fn spend_micros(&self, price: &Price) -> i128 {
        rating::month_spend(price, self.billable_units, self.carried_units)
    }
}

/// The month of a license with this price and this first instant. Both parties may ask, unless the
/// creator has chosen coarse reports.
pub async fn month_so_far(
    services: &Services,
    actor: &Actor,
    license_id: LicenseId,
    price: &Price,
    starts_at: DateTime<Utc>,
) -> Result<MonthSoFar> {
    let member = actor.may(Deed::ReadUsage)?;
    let party = (member.org_id, coarse::as_creator_too(&member));
    let now = services.now();
    let month = Month::of(now);
    let of_days = units_by_day(services, party, license_id, month.from()).await?;
    let mut days = vec![0; usize::try_from(now.day()).unwrap_or(1)];
    let mut billable_units = 0_i64;
    for (at, used, billable) in of_days {
        if let Some(day) = usize::try_from(at.day0()).ok().and_then(|day| days.get_mut(day)) {
            *day = used;
        }
        billable_units = billable_units.saturating_add(billable);
    }
    let gone = rating::months_into_year(month.since(Month::of(starts_at)));
    let mut before: Vec<Month> =
        std::iter::successors(Some(month.previous()), |month| Some(month.previous()))
            .take(usize::try_from(gone).unwrap_or(0))
            .collect();
    before.reverse();
    let carried_units = match before.first() {
        None => 0,
        Some(first) => {
            let units = billable_by_month(services, party, license_id, first.from()).await?;
            let used = before.iter().map(|month| {
                units.iter().find(|(at, _)| *at == month.from()).map_or(0, |(_, units)| *units)
            });
            rating::carried(price, &used.collect::<Vec<_>>())
        }
    };
    Ok(MonthSoFar { month, days, billable_units, carried_units })
}

// SQL

async fn units_by_day(
    services: &Services,
    (org_id, sold_too): (OrgId, bool),
    license_id: LicenseId,
    since: DateTime<Utc>,
) -> Result<Vec<(DateTime<Utc>, i64, i64)>> {
    let rows = sqlx::query!(
        r#"select bucket,
                  sum(case when scope = 'preview' then calls else billable_units end)::bigint as "used!",
                  sum(billable_units)::bigint as "billable!"
           from usage_day
           where license_id = $2 and (org_id = $1 or creator_org_id = $1 and $4) and bucket >= $3
           group by bucket order by bucket"#,
        org_id.uuid(),
        license_id.uuid(),
        since,
        sold_too,
    )
    .fetch_all(&services.pool)
    .await?;
    Ok(rows.into_iter().map(|row| (row.bucket, row.used, row.billable)).collect())
}

async fn billable_by_month(
    services: &Services,
    (org_id, sold_too): (OrgId, bool),
    license_id: LicenseId,
    since: DateTime<Utc>,
) -> Result<Vec<(DateTime<Utc>, i64)>> {
    let rows = sqlx::query!(
        r#"select bucket, sum(billable_units)::bigint as "billable!"
           from usage_month
           where license_id = $2 and (org_id = $1 or creator_org_id = $1 and $4) and bucket >= $3
           group by bucket"#,
        org_id.uuid(),
        license_id.uuid(),
        since,
        sold_too,
    )
    .fetch_all(&services.pool)
    .await?;
    Ok(rows.into_iter().map(|row| (row.bucket, row.billable)).collect())
}
