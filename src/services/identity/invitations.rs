//! Invitations: a link that lets one person join, once, within a week.
//!
//! Whoever made an invitation must still be allowed to: when they leave or lose the role, what they
//! left open is withdrawn.

use chrono::{DateTime, Duration, Utc};
use rand::RngCore as _;
use serde_json::json;
use sqlx::{PgConnection, PgPool};

use super::{members, organizations};
use crate::{
    domain::{
        actor::{Actor, Deed, Member, Role},
        error::{Kind, Refusal},
        event::EventName,
        identity::{INVITATION_DAYS, InvitationCode},
        ids::{InvitationId, OrgId, PersonId},
    },
    services::{Result, Services, events},
};

/// Whom to let in.
#[derive(Clone, Copy, Debug)]
pub struct Invite {
    pub invitation_id: InvitationId,
    pub role: Role,
}

/// A new invitation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvitationLink {
    pub invitation_id: InvitationId,
    pub role: Role,
    /// The secret of the link. `None` when the same invitation was sent before: it was shown then,
    /// and only its hash is kept.
    pub code: Option<InvitationCode>,
    pub expires_at: DateTime<Utc>,
}

/// An invitation nobody has used yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenInvitation {
    pub invitation_id: InvitationId,
    pub role: Role,
    pub invited_by: String,
    pub created_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
}

/// What somebody who holds the link is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invitation {
    pub org_id: OrgId,
    pub organization: String,
    pub role: Role,
    pub invited_by: String,
    pub expires_at: DateTime<Utc>,
    /// Whether the person who asks belongs to the organization already.
    pub is_member: bool,
}

/// Makes a link that lets somebody join in this role.
pub async fn invite(services: &Services, actor: &Actor, invite: Invite) -> Result<InvitationLink> {
    let member = actor.may(Deed::InviteMember)?;
    let now = services.now();
    let mut bytes = [0; 32];
    rand::rng().fill_bytes(&mut bytes);
    let code = InvitationCode::from_bytes(bytes);
    let expires_at = now + Duration::days(INVITATION_DAYS);
    let Invite { invitation_id, role } = invite;

    let mut tx = services.pool.begin().await?;
    // Under the lock, so that an admin who is being removed leaves nothing open behind.
    organizations::lock(&mut tx, member.org_id).await?;
    let member = members::find(&mut tx, member.person_id, member.org_id).await?;
    let member = member.ok_or_else(|| Refusal::not_found("organization"))?;
    if !member.role.may(Deed::InviteMember) || !member.role.may_grant(role) {
        return Err(members::beyond(member.role).into());
    }
    if !insert(&mut tx, invitation_id, member, role, code.hash(), now, expires_at).await? {
        let known = find_in_org(&mut tx, member.org_id, invitation_id).await?;
        let known = known.ok_or_else(|| Refusal::not_found("invitation"))?;
        let (role, expires_at) = (known.role, known.expires_at);
        return Ok(InvitationLink { invitation_id, role, code: None, expires_at });
    }
    let detail = json!({ "role": role });
    let (org_id, invited) = (Some(member.org_id), EventName::MemberInvited);
    events::record(&mut tx, actor, now, invited, org_id, invitation_id.uuid(), detail).await?;
    tx.commit().await?;
    Ok(InvitationLink { invitation_id, role, code: Some(code), expires_at })
}

/// The organization's open invitations, newest first.
pub async fn invitations(services: &Services, actor: &Actor) -> Result<Vec<OpenInvitation>> {
    let member = actor.may(Deed::ReadOrganization)?;
    list_open(&services.pool, member.org_id, services.now()).await
}

/// Takes an invitation back. Taking it back twice is taking it back once.
pub async fn withdraw_invitation(
    services: &Services,
    actor: &Actor,
    invitation_id: InvitationId,
) -> Result<()> {
    let member = actor.may(Deed::InviteMember)?;
    let now = services.now();
    let mut tx = services.pool.begin().await?;
    // Whoever accepts it, or takes this member's role away, at this moment holds the same lock.
    organizations::lock(&mut tx, member.org_id).await?;
    let member = members::find(&mut tx, member.person_id, member.org_id).await?;
    let member = member.ok_or_else(|| Refusal::not_found("organization"))?;
    let found = find_in_org(&mut tx, member.org_id, invitation_id).await?;
    let found = found.ok_or_else(|| Refusal::not_found("invitation"))?;
    if !member.role.may(Deed::InviteMember) || !member.role.may_grant(found.role) {
        return Err(members::beyond(member.role).into());
    }
    if found.accepted_by.is_some() {
        return Err(Refusal::conflict(
            "invitation_used",
            t!("Somebody joined by this invitation already. Remove the member instead."),
        )
        .into());
    }
    if found.withdrawn_at.is_none() {
        mark_withdrawn(&mut tx, invitation_id, now).await?;
        record_withdrawn(&mut tx, actor, member.org_id, invitation_id, now).await?;
        tx.commit().await?;
    }
    Ok(())
}

/// What an invitation offers, for whoever holds its link, signed in or not.
///
/// # Errors
///
/// "Gone", with the reason, if it can no longer be accepted.
pub async fn invitation(services: &Services, actor: &Actor, code: &str) -> Result<Invitation> {
    let hash = hash_of(code)?;
    let mut connection = services.pool.acquire().await?;
    let found = find_by_code(&mut connection, &hash).await?;
    let found = found.ok_or_else(|| Refusal::not_found("invitation"))?;
    let is_member = match actor.person_id() {
        Some(person_id) => members::find(&mut connection, person_id, found.org_id).await?.is_some(),
        None => false,
    };
    if !is_member {
        still_open(&found, services.now())?;
    }
    let (organization, invited_by) = describe(&mut connection, found.invitation_id).await?;
    Ok(Invitation {
        org_id: found.org_id,
        organization,
        role: found.role,
        invited_by,
        expires_at: found.expires_at,
        is_member,
    })
}

/// Joins the organization. A member who follows a link stays what they are and does not use it up.
///
/// # Errors
///
/// "Gone", with the reason, if the invitation was used by somebody else, withdrawn or has expired.
pub async fn accept_invitation(services: &Services, actor: &Actor, code: &str) -> Result<Member> {
    let person_id = actor.person()?;
    let hash = hash_of(code)?;
    let now = services.now();
    let mut tx = services.pool.begin().await?;
    let found = find_by_code(&mut tx, &hash).await?;
    let found = found.ok_or_else(|| Refusal::not_found("invitation"))?;
    // Read again under the lock: whoever accepts, withdraws or removes its maker holds it too.
    organizations::lock(&mut tx, found.org_id).await?;
    let found = find_by_code(&mut tx, &hash).await?;
    let found = found.ok_or_else(|| Refusal::not_found("invitation"))?;
    if let Some(member) = members::find(&mut tx, person_id, found.org_id).await? {
        return Ok(member);
    }
    still_open(&found, now)?;
    mark_accepted(&mut tx, found.invitation_id, person_id, now).await?;
    members::insert(&mut tx, found.org_id, person_id, found.role, now).await?;
    let detail = json!({ "role": found.role, "invitation_id": found.invitation_id });
    let (org_id, joined) = (Some(found.org_id), EventName::MemberJoined);
    events::record(&mut tx, actor, now, joined, org_id, person_id.uuid(), detail).await?;
    let member = members::find(&mut tx, person_id, found.org_id).await?;
    let member = member.ok_or_else(|| Refusal::not_found("organization"))?;
    tx.commit().await?;
    Ok(member)
}

/// Withdraws what `person_id` left open and may no longer grant; `role` is the one they have now,
/// if any. The organization is locked.
pub(super) async fn withdraw_beyond(
    tx: &mut PgConnection,
    actor: &Actor,
    org_id: OrgId,
    person_id: PersonId,
    role: Option<Role>,
    now: DateTime<Utc>,
) -> Result<()> {
    for (invitation_id, offered) in list_open_by(tx, org_id, person_id).await? {
        let may = role.is_some_and(|role| role.may(Deed::InviteMember) && role.may_grant(offered));
        if !may {
            mark_withdrawn(tx, invitation_id, now).await?;
            record_withdrawn(tx, actor, org_id, invitation_id, now).await?;
        }
    }
    Ok(())
}

async fn record_withdrawn(
    tx: &mut PgConnection,
    actor: &Actor,
    org_id: OrgId,
    invitation_id: InvitationId,
    now: DateTime<Utc>,
) -> Result<()> {
    let (subject_id, name) = (invitation_id.uuid(), EventName::InvitationWithdrawn);
    events::record(tx, actor, now, name, Some(org_id), subject_id, json!({})).await
}

fn hash_of(code: &str) -> Result<[u8; 32]> {
    let code = InvitationCode::parse(code).ok_or_else(|| Refusal::not_found("invitation"))?;
    Ok(code.hash())
}

fn still_open(found: &Found, now: DateTime<Utc>) -> Result<()> {
    let gone = |code, sentence: &str| Err(Refusal::new(Kind::Gone, code, sentence).into());
    if found.accepted_by.is_some() {
        return gone("invitation_used", t!("This invitation was used. Ask for a new one."));
    }
    if found.withdrawn_at.is_some() {
        return gone(
            "invitation_withdrawn",
            t!("This invitation was withdrawn. Ask for a new one."),
        );
    }
    if found.expires_at <= now {
        return gone("invitation_expired", t!("This invitation has expired. Ask for a new one."));
    }
    Ok(())
}

// SQL

struct Found {
    invitation_id: InvitationId,
    org_id: OrgId,
    role: Role,
    expires_at: DateTime<Utc>,
    accepted_by: Option<PersonId>,
    withdrawn_at: Option<DateTime<Utc>>,
}

async fn find_by_code(tx: &mut PgConnection, hash: &[u8; 32]) -> Result<Option<Found>> {
    Ok(sqlx::query_as!(
        Found,
        "select invitation_id, org_id, role, expires_at, accepted_by, withdrawn_at
         from invitation where code_hash = $1",
        hash.as_slice(),
    )
    .fetch_optional(tx)
    .await?)
}

async fn find_in_org(
    tx: &mut PgConnection,
    org_id: OrgId,
    invitation_id: InvitationId,
) -> Result<Option<Found>> {
    Ok(sqlx::query_as!(
        Found,
        "select invitation_id, org_id, role, expires_at, accepted_by, withdrawn_at
         from invitation where org_id = $1 and invitation_id = $2",
        org_id.uuid(),
        invitation_id.uuid(),
    )
    .fetch_optional(tx)
    .await?)
}

async fn describe(tx: &mut PgConnection, invitation_id: InvitationId) -> Result<(String, String)> {
    let row = sqlx::query!(
        "select organization.name as organization, person.name as invited_by
         from invitation
         join organization using (org_id)
         join person on person.person_id = invitation.invited_by
         where invitation.invitation_id = $1",
        invitation_id.uuid(),
    )
    .fetch_one(tx)
    .await?;
    Ok((row.organization, row.invited_by))
}

async fn insert(
    tx: &mut PgConnection,
    invitation_id: InvitationId,
    member: Member,
    role: Role,
    code_hash: [u8; 32],
    now: DateTime<Utc>,
    expires_at: DateTime<Utc>,
) -> Result<bool> {
    let done = sqlx::query!(
        "insert into invitation
             (invitation_id, org_id, role, code_hash, invited_by, created_at, expires_at)
         values ($1, $2, $3, $4, $5, $6, $7) on conflict do nothing",
        invitation_id.uuid(),
        member.org_id.uuid(),
        role.as_str(),
        code_hash.as_slice(),
        member.person_id.uuid(),
        now,
        expires_at,
    )
    .execute(tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

async fn list_open(
    pool: &PgPool,
    org_id: OrgId,
    now: DateTime<Utc>,
) -> Result<Vec<OpenInvitation>> {
    Ok(sqlx::query_as!(
        OpenInvitation,
        "select invitation.invitation_id, invitation.role, person.name as invited_by,
                invitation.created_at, invitation.expires_at
         from invitation join person on person.person_id = invitation.invited_by
         where invitation.org_id = $1 and invitation.accepted_at is null
           and invitation.withdrawn_at is null and invitation.expires_at > $2
         order by invitation.invitation_id desc",
        org_id.uuid(),
        now,
    )
    .fetch_all(pool)
    .await?)
}

async fn list_open_by(
    tx: &mut PgConnection,
    org_id: OrgId,
    person_id: PersonId,
) -> Result<Vec<(InvitationId, Role)>> {
    let rows = sqlx::query!(
        "select invitation_id, role from invitation
         where org_id = $1 and invited_by = $2 and accepted_at is null and withdrawn_at is null",
        org_id.uuid(),
        person_id.uuid(),
    )
    .fetch_all(tx)
    .await?;
    Ok(rows.into_iter().map(|row| (row.invitation_id, row.role)).collect())
}

async fn mark_accepted(
    tx: &mut PgConnection,
    invitation_id: InvitationId,
    person_id: PersonId,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "update invitation set accepted_by = $2, accepted_at = $3 where invitation_id = $1",
        invitation_id.uuid(),
        person_id.uuid(),
        now,
    )
    .execute(tx)
    .await?;
    Ok(())
}

async fn mark_withdrawn(
    tx: &mut PgConnection,
    invitation_id: InvitationId,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "update invitation set withdrawn_at = $2 where invitation_id = $1",
        invitation_id.uuid(),
        now,
    )
    .execute(tx)
    .await?;
    Ok(())
}
