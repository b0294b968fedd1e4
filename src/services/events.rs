//! Everything that happened, written in the transaction that made it happen.
//!
//! Whoever reads what happened (an audit trail, outgoing webhooks) reads the one table `event`.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use super::{Result, mint};
use crate::domain::{
    actor::{Actor, Who},
    event::EventName,
    ids::{EventId, OrgId},
};

/// Writes that something happened to `subject_id`. `org_id` is the organization whose trail it
/// belongs to; `detail` never holds a secret.
pub(crate) async fn record(
    tx: &mut PgConnection,
    actor: &Actor,
    now: DateTime<Utc>,
    name: EventName,
    org_id: Option<OrgId>,
    subject_id: Uuid,
    detail: Value,
) -> Result<()> {
    let who = match actor.who {
        Who::Visitor => "visitor",
        Who::Person(_) => "person",
        Who::Member(_) => "member",
        Who::System => "system",
    };
    sqlx::query!(
        "insert into event (event_id, name, org_id, person_id, actor, request_id, subject_id, detail, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        mint::<EventId>().uuid(),
        name.as_str(),
        org_id.map(OrgId::uuid),
        actor.person_id().map(|person_id| person_id.uuid()),
        who,
        actor.request_id.uuid(),
        subject_id,
        detail,
        now,
    )
    .execute(tx)
    .await?;
    Ok(())
}
