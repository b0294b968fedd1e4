//! `imprimatur reconcile`: whether the books agree, one line for each check.

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use imprimatur::services::metering;

use super::{Error, say};
use crate::{config::Source, runtime};

/// Proves the books from one day until before another, and says what differs.
///
/// # Errors
///
/// `Differences` if there is one, so that the command fails.
pub async fn reconcile(
    source: &Source,
    from: Option<NaiveDate>,
    until: Option<NaiveDate>,
) -> Result<(), Error> {
    let midnight = |day: NaiveDate| -> DateTime<Utc> { day.and_time(NaiveTime::MIN).and_utc() };
    let pool = runtime::connect(&source.database()?).await?;
    let books = metering::reconcile(&pool, from.map(midnight), until.map(midnight)).await;
    let proof = books.map_err(Error::Books)?;
    for check in &proof.checks {
        say(&check.to_string());
        for difference in &check.differences {
            say(&format!("       {difference}"));
        }
    }
    match proof.checks.iter().map(|check| check.differing).sum() {
        0 => Ok(()),
        differing => Err(Error::Differences(differing)),
    }
}
