//! What is left over of prepaid units from earlier months of their year.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::rows;
use crate::{
    domain::{gate::Carried, ids::LicenseId, month::Month, pricing::Price, rating},
    services::Result,
};

/// What each of these licenses, with its price and its first instant, has left for the month of `now`.
pub(super) async fn read(
    tx: &mut PgConnection,
    licenses: Vec<(LicenseId, Price, DateTime<Utc>)>,
    now: DateTime<Utc>,
) -> Result<HashMap<LicenseId, Carried>> {
    let month = Month::of(now);
    let ids: Vec<LicenseId> = licenses.iter().map(|(id, _, _)| *id).collect();
    let before: Vec<Month> =
        std::iter::successors(Some(month.previous()), |month| Some(month.previous()))
            .take(11)
            .collect();
    let since = before.last().map_or(now, |first| first.from());
    let units = rows::units_by_month(tx, &ids, since, month.from()).await?;
    let carried = licenses.into_iter().map(|(license_id, price, starts_at)| {
        let gone = rating::months_into_year(month.since(Month::of(starts_at)));
        let gone = before.iter().take(usize::try_from(gone).unwrap_or(0)).rev();
        let used: Vec<i64> = gone
            .map(|month| units.get(&(license_id, month.from())).copied().unwrap_or(0))
            .collect();
        (license_id, Carried { units: rating::carried(&price, &used), month: month.from() })
    });
    Ok(carried.collect())
}
