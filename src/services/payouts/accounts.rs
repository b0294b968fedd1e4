//! Where creators are paid to and how often: the tables `payout_account` and `payout_schedule`.

use sqlx::{PgConnection, PgPool};

use crate::{
    domain::{
        actor::{Actor, Deed, Who},
        error::Refusal,
        ids::OrgId,
        payout::{Readiness, Schedule},
    },
    services::{Result, Services, payments},
};

/// What was read of a creator's account at the payment service.
///
/// # Errors
///
/// Only the product itself reads accounts; to everybody else there is no such organization.
pub async fn account_read(
    services: &Services,
    actor: &Actor,
    org_id: OrgId,
    account: &payments::Account,
) -> Result<()> {
    if actor.who != Who::System {
        return Err(Refusal::not_found("organization").into());
    }
    sqlx::query!(
        "insert into payout_account (org_id, external_id, is_ready, read_at) values ($1, $2, $3, $4)
         on conflict (org_id) do update
             set external_id = excluded.external_id, is_ready = excluded.is_ready,
                 read_at = excluded.read_at",
        org_id.uuid(),
        account.id.as_str(),
        account.is_ready(),
        services.now(),
    )
    .execute(&services.pool)
    .await?;
    Ok(())
}

/// How often the organization is paid.
pub async fn schedule_of(services: &Services, actor: &Actor) -> Result<Schedule> {
    let org_id = actor.may_as_creator(Deed::ReadMoney)?.org_id;
    schedule(&services.pool, org_id).await
}

/// Changes how often the organization is paid.
pub async fn set_schedule(services: &Services, actor: &Actor, schedule: Schedule) -> Result<()> {
    let org_id = actor.may_as_creator(Deed::ManagePayouts)?.org_id;
    sqlx::query!(
        "insert into payout_schedule (org_id, schedule, updated_at) values ($1, $2, $3)
         on conflict (org_id) do update
             set schedule = excluded.schedule, updated_at = excluded.updated_at",
        org_id.uuid(),
        schedule.as_str(),
        services.now(),
    )
    .execute(&services.pool)
    .await?;
    Ok(())
}

// SQL

pub(super) async fn schedule(pool: &PgPool, org_id: OrgId) -> Result<Schedule> {
    let schedule = sqlx::query_scalar!(
        "select schedule from payout_schedule where org_id = $1",
        org_id.uuid()
    )
    .fetch_optional(pool)
    .await?;
    Ok(schedule.unwrap_or(Schedule::Weekly))
}

/// The account payouts go to, and whether they can.
pub(super) async fn account(
    conn: &mut PgConnection,
    org_id: OrgId,
) -> Result<(Option<String>, Readiness)> {
    let row = sqlx::query!(
        "select external_id, is_ready from payout_account where org_id = $1",
        org_id.uuid()
    )
    .fetch_optional(conn)
    .await?;
    Ok(match row {
        None => (None, Readiness::NotConnected),
        Some(row) if row.is_ready => (Some(row.external_id), Readiness::Ready),
        Some(row) => (Some(row.external_id), Readiness::Incomplete),
    })
}
