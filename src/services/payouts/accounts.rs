//! Where creators are paid to, and how often: the table `payout_schedule`.

use sqlx::PgPool;

use crate::{
    domain::{
        actor::{Actor, Deed},
        ids::OrgId,
        payout::{Readiness, Schedule},
    },
    services::{
        Result, Services,
        payments::{AccountId, parties},
    },
};

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

/// The account payouts go to, and whether they can.
pub(super) async fn account(
    services: &Services,
    org_id: OrgId,
) -> Result<(Option<AccountId>, Readiness)> {
    let party = parties::of(services, org_id).await?;
    let readiness = match (&party.account_id, &party.account) {
        (None, _) => Readiness::NotConnected,
        (Some(_), Some((account, _))) if account.is_ready() => Readiness::Ready,
        (Some(_), _) => Readiness::Incomplete,
    };
    Ok((party.account_id, readiness))
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
