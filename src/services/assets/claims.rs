//! Claims: what an organization says about bytes that another one registered first.
//!
//! A claim changes nothing by itself: the work stays with whoever registered it, and so do its
//! licenses and what they pay, until staff have settled it.

use chrono::{DateTime, Utc};
use serde_json::json;
use sqlx::PgConnection;

use super::register::may_register;
use crate::{
    domain::{
        actor::{Actor, Deed, Member},
        asset::ContentId,
        error::Refusal,
        event::EventName,
        ids::{AssetId, ClaimId, OrgId},
    },
    services::{Error, Result, Services, events, mint},
};

/// A claim that the actor's organization has raised, or that is raised about its work.
#[derive(Debug)]
pub struct Claim {
    pub claim_id: ClaimId,
    pub content_id: String,
    /// Of the work as the claimant would have registered it.
    pub title: String,
    pub file_name: String,
    /// One's own claim; otherwise it is about one's own work.
    pub raised_by_us: bool,
    /// Who raised it.
    pub claimant: String,
    /// One's own work that it is about, and the work's title.
    pub about: Option<(AssetId, String)>,
    /// When the bytes were registered.
    pub registered_at: DateTime<Utc>,
    pub created_at: DateTime<Utc>,
    pub withdrawn_at: Option<DateTime<Utc>>,
}

/// What a claimant says.
pub(super) struct Said<'a> {
    pub content_id: &'a ContentId,
    pub title: &'a str,
    pub file_name: &'a str,
}

/// Raises a claim. The same bytes sent again raise no second one.
pub(super) async fn raise(
    services: &Services,
    actor: &Actor,
    member: Member,
    said: Said<'_>,
) -> Result<ClaimId> {
    let now = services.now();
    let claim_id: ClaimId = mint();
    let mut tx = services.pool.begin().await?;
    if !insert(&mut tx, claim_id, member, &said, now).await? {
        let open = open_claim(&mut tx, member.org_id, said.content_id).await?;
        return open.ok_or_else(|| Error::fault("raising a claim", "it was withdrawn meanwhile"));
    }
    let holder = holder(&mut tx, said.content_id).await?;
    // Both sides find it in their trail.
    for org_id in [member.org_id, holder] {
        let detail = json!({ "content_id": said.content_id, "claimant_org_id": member.org_id });
        let raised = EventName::ClaimRaised;
        events::record(&mut tx, actor, now, raised, Some(org_id), claim_id.uuid(), detail).await?;
    }
    tx.commit().await?;
    Ok(claim_id)
}

/// Takes one's own claim back. Doing it twice is doing it once.
pub async fn withdraw_claim(services: &Services, actor: &Actor, claim_id: ClaimId) -> Result<()> {
    let member = may_register(actor)?;
    let now = services.now();
    let mut tx = services.pool.begin().await?;
    let content_id = lock(&mut tx, member.org_id, claim_id).await?;
    if !mark_withdrawn(&mut tx, claim_id, now).await? {
        return Ok(());
    }
    let holder = holder(&mut tx, &content_id.parse()?).await?;
    for org_id in [member.org_id, holder] {
        let detail = json!({ "content_id": content_id, "claimant_org_id": member.org_id });
        let withdrawn = EventName::ClaimWithdrawn;
        events::record(&mut tx, actor, now, withdrawn, Some(org_id), claim_id.uuid(), detail)
            .await?;
    }
    tx.commit().await?;
    Ok(())
}

/// Stands by one's own withdrawn claim after all. Doing it twice is doing it once.
pub async fn reopen_claim(services: &Services, actor: &Actor, claim_id: ClaimId) -> Result<()> {
    let member = may_register(actor)?;
    let now = services.now();
    let mut tx = services.pool.begin().await?;
    let content_id = lock(&mut tx, member.org_id, claim_id).await?;
    if !mark_open(&mut tx, claim_id).await? {
        return Ok(());
    }
    let holder = holder(&mut tx, &content_id.parse()?).await?;
    for org_id in [member.org_id, holder] {
        let detail = json!({ "content_id": content_id, "claimant_org_id": member.org_id });
        let reopened = EventName::ClaimReopened;
        events::record(&mut tx, actor, now, reopened, Some(org_id), claim_id.uuid(), detail)
            .await?;
    }
    tx.commit().await?;
    Ok(())
}

/// Claims that one's organization has raised, and those about its works; open ones first.
pub async fn claims(services: &Services, actor: &Actor) -> Result<Vec<Claim>> {
    let member = actor.may(Deed::ReadAssets)?;
    let rows = sqlx::query!(
        r#"select claim.claim_id, claim.content_id, claim.title,
                  claim.file_name, claim.org_id = $1 as "raised_by_us!",
                  organization.name as claimant, asset.asset_id,
                  asset.title as work, version.created_at as registered_at,
                  claim.created_at, claim.withdrawn_at
           from claim
           join organization on organization.org_id = claim.org_id
           join asset_version version on version.content_id = claim.content_id
           join asset on asset.asset_id = version.asset_id
           where claim.org_id = $1 or asset.org_id = $1
           order by claim.withdrawn_at is not null, claim.claim_id desc
           limit 200"#,
        member.org_id.uuid(),
    )
    .fetch_all(&services.pool)
    .await?;
    let claims = rows.into_iter().map(|row| Claim {
        claim_id: row.claim_id,
        content_id: row.content_id,
        title: row.title,
        file_name: row.file_name,
        raised_by_us: row.raised_by_us,
        claimant: row.claimant,
        // Whose work it is, and what they call it, is nothing a claimant is told.
        about: (!row.raised_by_us).then_some((row.asset_id, row.work)),
        registered_at: row.registered_at,
        created_at: row.created_at,
        withdrawn_at: row.withdrawn_at,
    });
    Ok(claims.collect())
}

// SQL

async fn insert(
    tx: &mut PgConnection,
    claim_id: ClaimId,
    member: Member,
    said: &Said<'_>,
    now: DateTime<Utc>,
) -> Result<bool> {
    let inserted = sqlx::query!(
        "insert into claim (claim_id, org_id, content_id, title, file_name, raised_by, created_at)
         values ($1, $2, $3, $4, $5, $6, $7)
         on conflict (org_id, content_id) where withdrawn_at is null do nothing",
        claim_id.uuid(),
        member.org_id.uuid(),
        said.content_id.as_str(),
        said.title,
        said.file_name,
        member.person_id.uuid(),
        now,
    )
    .execute(tx)
    .await?;
    Ok(inserted.rows_affected() == 1)
}

async fn open_claim(
    tx: &mut PgConnection,
    org_id: OrgId,
    content_id: &ContentId,
) -> Result<Option<ClaimId>> {
    let found = sqlx::query_scalar!(
        r#"select claim_id from claim
           where org_id = $1 and content_id = $2 and withdrawn_at is null"#,
        org_id.uuid(),
        content_id.as_str(),
    )
    .fetch_optional(tx)
    .await?;
    Ok(found)
}

/// Whose the bytes are.
async fn holder(tx: &mut PgConnection, content_id: &ContentId) -> Result<OrgId> {
    let org_id = sqlx::query_scalar!(
        r#"select asset.org_id
           from asset_version join asset using (asset_id) where content_id = $1"#,
        content_id.as_str(),
    )
    .fetch_one(tx)
    .await?;
    Ok(org_id)
}

async fn lock(tx: &mut PgConnection, org_id: OrgId, claim_id: ClaimId) -> Result<String> {
    sqlx::query_scalar!(
        "select content_id from claim where claim_id = $1 and org_id = $2 for update",
        claim_id.uuid(),
        org_id.uuid(),
    )
    .fetch_optional(tx)
    .await?
    .ok_or_else(|| Refusal::not_found("claim").into())
}

/// Not where the same bytes were claimed again meanwhile: that claim is the open one.
async fn mark_open(tx: &mut PgConnection, claim_id: ClaimId) -> Result<bool> {
    let marked = sqlx::query!(
        "update claim set withdrawn_at = null
         where claim_id = $1 and withdrawn_at is not null
           and not exists (
               select from claim other
               where other.org_id = claim.org_id and other.content_id = claim.content_id
                 and other.withdrawn_at is null)",
        claim_id.uuid(),
    )
    .execute(tx)
    .await?;
    Ok(marked.rows_affected() == 1)
}

async fn mark_withdrawn(
    tx: &mut PgConnection,
    claim_id: ClaimId,
    now: DateTime<Utc>,
) -> Result<bool> {
    let marked = sqlx::query!(
        "update claim set withdrawn_at = $2 where claim_id = $1 and withdrawn_at is null",
        claim_id.uuid(),
        now,
    )
    .execute(tx)
    .await?;
    Ok(marked.rows_affected() == 1)
}
