//! Closing months as they end, once each: the table `month_close`.

use super::close::{Closed, close};
use crate::{
    domain::{actor::Actor, month::Month},
    services::{Result, Services},
};

/// Closes last month, if that has not been done, with what came late in the month before it. Run
/// again it changes nothing.
pub async fn close_last_month(services: &Services, actor: &Actor) -> Result<Option<Closed>> {
    let month = Month::of(services.now()).previous();
    let is_closed = sqlx::query_scalar!(
        r#"select exists (select from month_close where month = $1) as "closed!""#,
        month.first_day(),
    )
    .fetch_one(&services.pool)
    .await?;
    if is_closed {
        return Ok(None);
    }
    let late = close(services, actor, month.previous()).await?;
    let mut closed = close(services, actor, month).await?;
    closed.charges += late.charges;
    closed.invoices += late.invoices;
    closed.credit_notes += late.credit_notes;
    closed.refused.extend(late.refused);
    for (license_id, refusal) in &closed.refused {
        tracing::error!(license.id = %license_id, %refusal, "License {license_id} could not be rated");
    }
    sqlx::query!(
        "insert into month_close (month, closed_at) values ($1, $2) on conflict (month) do nothing",
        month.first_day(),
        services.now(),
    )
    .execute(&services.pool)
    .await?;
    Ok(Some(closed))
}
