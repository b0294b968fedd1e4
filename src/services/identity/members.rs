//! Members and their roles. Nobody grants more than they hold, and an owner always remains.
//!
//! Every change locks the organization first and reads the actor's role again under that lock: the
//! role that came with the request may be a moment old.

use chrono::{DateTime, Utc};
use serde_json::json;
use sqlx::{PgConnection, PgPool};

use super::{invitations, organizations};
use crate::{
    domain::{
        actor::{Actor, Deed, Member, Role, Sides, Who},
        error::Refusal,
        event::EventName,
        ids::{OrgId, PersonId},
        profile::Reporting,
    },
    services::{Result, Services, events, mint},
};

/// A member, as the list shows them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberRow {
    pub person_id: PersonId,
    pub name: String,
    pub email: Option<String>,
    pub role: Role,
    pub joined_at: DateTime<Utc>,
}

/// The person as a member of the organization, as the database knows it now.
pub async fn member_of(
    pool: &PgPool,
    person_id: PersonId,
    org_id: OrgId,
) -> Result<Option<Member>> {
    find(&mut *pool.acquire().await?, person_id, org_id).await
}

/// The owner of an organization who has been one for longest: who acts where its works are brought
/// from the machine itself, not through a page.
///
/// # Errors
///
/// "Not found" if there is no such organization.
pub async fn first_owner(services: &Services, slug: &str) -> Result<Actor> {
    let found = sqlx::query!(
        "select member.person_id, member.org_id
         from member join organization using (org_id)
         where slug = $1 and role = 'owner'
         order by joined_at, person_id limit 1",
        slug,
    )
    .fetch_optional(&services.pool)
    .await?
    .ok_or_else(|| Refusal::not_found("organization"))?;
    let member = member_of(&services.pool, found.person_id, found.org_id).await?;
    let member = member.ok_or_else(|| Refusal::not_found("organization"))?;
    Ok(Actor { who: Who::Member(member), request_id: mint() })
}

/// The member a person acts as when they sign in: of the organization they last acted for.
pub async fn latest_member(services: &Services, actor: &Actor) -> Result<Option<Member>> {
    let person_id = actor.person()?;
    find_latest(&services.pool, person_id).await
}

/// Begins to act for another organization of the person's.
pub async fn act_for(services: &Services, actor: &Actor, org_id: OrgId) -> Result<Member> {
    let person_id = actor.person()?;
    let mut tx = services.pool.begin().await?;
    let member = find(&mut tx, person_id, org_id).await?;
    let member = member.ok_or_else(|| Refusal::not_found("organization"))?;
    touch(&mut tx, person_id, org_id, services.now()).await?;
    tx.commit().await?;
    Ok(member)
}

/// Everybody in the organization, most powerful first, then by name.
pub async fn members(services: &Services, actor: &Actor) -> Result<Vec<MemberRow>> {
    let member = actor.may(Deed::ReadOrganization)?;
    list(&services.pool, member.org_id).await
}

/// Gives a member another role.
pub async fn change_role(
    services: &Services,
    actor: &Actor,
    person_id: PersonId,
    role: Role,
) -> Result<()> {
    let asking = actor.may(Deed::ChangeMember)?;
    let now = services.now();
    let mut tx = services.pool.begin().await?;
    let (asking, target) = lock_pair(&mut tx, asking, person_id).await?;
    if target.role == role {
        return Ok(());
    }
    if !asking.role.may_grant(target.role) || !asking.role.may_grant(role) {
        return Err(beyond(asking.role).into());
    }
    if target.role == Role::Owner {
        another_owner(&mut tx, target).await?;
    }
    update_role(&mut tx, target.org_id, person_id, role).await?;
    invitations::withdraw_beyond(&mut tx, actor, target.org_id, person_id, Some(role), now).await?;
    let detail = json!({ "before": target.role, "after": role });
    let (org_id, changed) = (Some(target.org_id), EventName::MemberRoleChanged);
    events::record(&mut tx, actor, now, changed, org_id, person_id.uuid(), detail).await?;
    tx.commit().await?;
    Ok(())
}

/// Takes a member out of the organization. Anybody may leave; others need the right to remove them.
pub async fn remove_member(services: &Services, actor: &Actor, person_id: PersonId) -> Result<()> {
    let leaving = actor.person_id() == Some(person_id);
    let asking = actor.may(if leaving { Deed::ReadOrganization } else { Deed::ChangeMember })?;
    let now = services.now();
    let mut tx = services.pool.begin().await?;
    let (asking, target) = lock_pair(&mut tx, asking, person_id).await?;
    if !leaving && !asking.role.may_grant(target.role) {
        return Err(beyond(asking.role).into());
    }
    if target.role == Role::Owner {
        another_owner(&mut tx, target).await?;
    }
    delete(&mut tx, target.org_id, person_id).await?;
    invitations::withdraw_beyond(&mut tx, actor, target.org_id, person_id, None, now).await?;
    let detail = json!({ "role": target.role, "left": leaving });
    let (org_id, removed) = (Some(target.org_id), EventName::MemberRemoved);
    events::record(&mut tx, actor, now, removed, org_id, person_id.uuid(), detail).await?;
    tx.commit().await?;
    Ok(())
}

/// Locks the organization and reads both members as they are now.
async fn lock_pair(
    tx: &mut PgConnection,
    asking: Member,
    person_id: PersonId,
) -> Result<(Member, Member)> {
    organizations::lock(tx, asking.org_id).await?;
    let now_asking = find(tx, asking.person_id, asking.org_id).await?;
    let now_asking = now_asking.ok_or_else(|| Refusal::not_found("member"))?;
    let target = find(tx, person_id, asking.org_id).await?;
    Ok((now_asking, target.ok_or_else(|| Refusal::not_found("member"))?))
}

/// Refuses if `leaving` is the last owner. The organization is locked.
async fn another_owner(tx: &mut PgConnection, leaving: Member) -> Result<()> {
    if count_owners(tx, leaving.org_id).await? > 1 {
        return Ok(());
    }
    Err(Refusal::conflict(
        "last_owner",
        t!("An organization needs an owner. Make somebody else owner first."),
    )
    .into())
}

/// The refusal for somebody who reaches above their own role.
pub(super) fn beyond(role: Role) -> Refusal {
    Refusal::forbidden(t!(
        "Your role, {role}, cannot give or take away that role. Ask an owner of your organization."
    ))
}

// SQL

pub(super) async fn find(
    tx: &mut PgConnection,
    person_id: PersonId,
    org_id: OrgId,
) -> Result<Option<Member>> {
    let row = sqlx::query!(
        r#"select member.person_id, member.org_id, member.role,
                  organization.is_creator, organization.is_buyer,
                  coalesce(profile.reporting, 'full') as "reporting!: Reporting"
           from member
           join organization on organization.org_id = member.org_id
           left join profile on profile.org_id = member.org_id
           where member.org_id = $1 and member.person_id = $2"#,
        org_id.uuid(),
        person_id.uuid(),
    )
    .fetch_optional(tx)
    .await?;
    Ok(row.map(|row| Member {
        person_id: row.person_id,
        org_id: row.org_id,
        role: row.role,
        sides: Sides { creator: row.is_creator, buyer: row.is_buyer },
        reporting: row.reporting,
    }))
}

async fn find_latest(pool: &PgPool, person_id: PersonId) -> Result<Option<Member>> {
    let row = sqlx::query!(
        r#"select member.person_id, member.org_id, member.role,
                  organization.is_creator, organization.is_buyer,
                  coalesce(profile.reporting, 'full') as "reporting!: Reporting"
           from member
           join organization on organization.org_id = member.org_id
           left join profile on profile.org_id = member.org_id
           where member.person_id = $1
           order by member.acted_at desc, member.org_id desc
           limit 1"#,
        person_id.uuid(),
    )
    .fetch_optional(pool)
    .await?;
    Ok(row.map(|row| Member {
        person_id: row.person_id,
        org_id: row.org_id,
        role: row.role,
        sides: Sides { creator: row.is_creator, buyer: row.is_buyer },
        reporting: row.reporting,
    }))
}

async fn list(pool: &PgPool, org_id: OrgId) -> Result<Vec<MemberRow>> {
    Ok(sqlx::query_as!(
        MemberRow,
        "select member.person_id, person.name, person.email, member.role, member.joined_at
         from member join person using (person_id)
         where member.org_id = $1
         order by array_position(array['owner', 'admin', 'finance', 'developer', 'viewer'], member.role),
                  lower(person.name), member.person_id",
        org_id.uuid(),
    )
    .fetch_all(pool)
    .await?)
}

async fn count_owners(tx: &mut PgConnection, org_id: OrgId) -> Result<i64> {
    Ok(sqlx::query_scalar!(
        r#"select count(*) as "count!" from member where org_id = $1 and role = 'owner'"#,
        org_id.uuid(),
    )
    .fetch_one(tx)
    .await?)
}

pub(super) async fn insert(
    tx: &mut PgConnection,
    org_id: OrgId,
    person_id: PersonId,
    role: Role,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "insert into member (org_id, person_id, role, joined_at, acted_at)
         values ($1, $2, $3, $4, $4)",
        org_id.uuid(),
        person_id.uuid(),
        role.as_str(),
        now,
    )
    .execute(tx)
    .await?;
    Ok(())
}

async fn update_role(
    tx: &mut PgConnection,
    org_id: OrgId,
    person_id: PersonId,
    role: Role,
) -> Result<()> {
    sqlx::query!(
        "update member set role = $3 where org_id = $1 and person_id = $2",
        org_id.uuid(),
        person_id.uuid(),
        role.as_str(),
    )
    .execute(tx)
    .await?;
    Ok(())
}

async fn touch(
    tx: &mut PgConnection,
    person_id: PersonId,
    org_id: OrgId,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "update member set acted_at = $3 where org_id = $1 and person_id = $2",
        org_id.uuid(),
        person_id.uuid(),
        now,
    )
    .execute(tx)
    .await?;
    Ok(())
}

async fn delete(tx: &mut PgConnection, org_id: OrgId, person_id: PersonId) -> Result<()> {
    sqlx::query!(
        "delete from member where org_id = $1 and person_id = $2",
        org_id.uuid(),
        person_id.uuid(),
    )
    .execute(tx)
    .await?;
    Ok(())
}
