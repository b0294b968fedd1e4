//! The monthly partitions of `usage_event`: made ahead, and on demand for what comes late.
//!
//! Making one that is there changes nothing, and writers go on while one is made.

use chrono::{DateTime, Months, Utc};
use sqlx::PgConnection;

use super::Result;
use crate::{domain::metering::month_start, services::Services};

/// Makes the partitions of this month, the one before, and as many ahead. Answers how many were
/// missing.
pub async fn ensure(services: &Services, months_ahead: u32) -> Result<i32> {
    let this = month_start(services.now());
    let before = this.checked_sub_months(Months::new(1));
    let ahead = (0..=months_ahead).filter_map(|ahead| this.checked_add_months(Months::new(ahead)));
    let mut tx = services.pool.begin().await?;
    let made = make(&mut tx, before.into_iter().chain(ahead)).await?;
    tx.commit().await?;
    Ok(made)
}

/// Makes the partitions these instants belong to, where they are missing.
pub(super) async fn make(
    tx: &mut PgConnection,
    instants: impl Iterator<Item = DateTime<Utc>>,
) -> Result<i32> {
    let mut months: Vec<DateTime<Utc>> = instants.map(month_start).collect();
    months.sort_unstable();
    months.dedup();
    let made = sqlx::query_scalar!(r#"select make_usage_partitions($1) as "made!""#, &months)
        .fetch_one(tx)
        .await?;
    Ok(made)
}
