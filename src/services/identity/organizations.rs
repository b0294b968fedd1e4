//! Organizations: founding, editing, and the list a person switches between.
//!
//! An organization always has an owner: it is founded with one, and the last one cannot go.

use chrono::{DateTime, Utc};
use serde_json::json;
use sqlx::PgConnection;

use super::{members, people};
use crate::{
    domain::{
        actor::{Actor, Deed, Role, Sides},
        error::Refusal,
        event::EventName,
        identity,
        ids::{OrgId, PersonId},
    },
    services::{Result, Services, events},
};

/// After this many numbered slugs the organization's own id makes one.
const SLUG_NUMBERS_MAX: u32 = 9;

/// An organization, as its members see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Organization {
    pub org_id: OrgId,
    pub name: String,
    pub slug: String,
    pub sides: Sides,
    pub created_at: DateTime<Utc>,
}

/// What a founder says.
#[derive(Clone, Debug)]
pub struct NewOrganization {
    pub org_id: OrgId,
    pub name: String,
    pub creator: bool,
    pub buyer: bool,
    /// What to call the founder; `None` leaves their name as it is.
    pub person_name: Option<String>,
}

/// What an owner or admin changes.
#[derive(Clone, Debug)]
pub struct EditOrganization {
    pub name: String,
    pub creator: bool,
    pub buyer: bool,
}

/// An organization a person can act for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Membership {
    pub org_id: OrgId,
    pub name: String,
    pub slug: String,
    pub role: Role,
    pub sides: Sides,
}

/// Founds an organization with the actor as its owner. The same id sent again by a member answers
/// as the first time.
pub async fn found_organization(
    services: &Services,
    actor: &Actor,
    new: NewOrganization,
) -> Result<Organization> {
    let person_id = actor.person()?;
    let name = identity::organization_name(&new.name)?;
    let sides = identity::sides(new.creator, new.buyer)?;
    let person_name = new.person_name.as_deref().map(identity::person_name).transpose()?;
    let now = services.now();

    let mut tx = services.pool.begin().await?;
    let Some(organization) = insert_organization(&mut tx, new.org_id, &name, sides, now).await?
    else {
        let known = members::find(&mut tx, person_id, new.org_id).await?;
        known.ok_or_else(|| Refusal::not_found("organization"))?;
        return get(&mut tx, new.org_id).await;
    };
    members::insert(&mut tx, organization.org_id, person_id, Role::Owner, now).await?;
    if let Some(person_name) = person_name {
        people::update_name(&mut tx, person_id, &person_name).await?;
    }
    let org_id = organization.org_id;
    let detail =
        json!({ "name": organization.name, "creator": sides.creator, "buyer": sides.buyer });
    let founded = EventName::OrganizationFounded;
    events::record(&mut tx, actor, now, founded, Some(org_id), org_id.uuid(), detail).await?;
    tx.commit().await?;
    Ok(organization)
}

/// The organization acted for.
pub async fn organization(services: &Services, actor: &Actor) -> Result<Organization> {
    let member = actor.may(Deed::ReadOrganization)?;
    get(&mut *services.pool.acquire().await?, member.org_id).await
}

/// Changes the organization's name and sides. The slug stays, so that links keep working. A side
/// that is turned off says what can no longer be begun; nothing that runs is ended by it.
pub async fn edit_organization(
    services: &Services,
    actor: &Actor,
    edit: EditOrganization,
) -> Result<Organization> {
    let member = actor.may(Deed::EditOrganization)?;
    let name = identity::organization_name(&edit.name)?;
    let sides = identity::sides(edit.creator, edit.buyer)?;
    let now = services.now();

    let mut tx = services.pool.begin().await?;
    let before = get(&mut tx, member.org_id).await?;
    if before.name == name && before.sides == sides {
        return Ok(before);
    }
    update_organization(&mut tx, member.org_id, &name, sides).await?;
    let detail = json!({
        "before": { "name": before.name, "creator": before.sides.creator, "buyer": before.sides.buyer },
        "after": { "name": name, "creator": sides.creator, "buyer": sides.buyer },
    });
    let edited = EventName::OrganizationEdited;
    let org_id = member.org_id;
    events::record(&mut tx, actor, now, edited, Some(org_id), org_id.uuid(), detail).await?;
    tx.commit().await?;
    Ok(Organization { name, sides, ..before })
}

/// The organizations the person belongs to, by name.
pub async fn organizations_of(services: &Services, actor: &Actor) -> Result<Vec<Membership>> {
    let person_id = actor.person()?;
    list_of_person(&mut *services.pool.acquire().await?, person_id).await
}

// SQL

/// Inserts under the first free slug; `None` if the id is taken.
async fn insert_organization(
    tx: &mut PgConnection,
    org_id: OrgId,
    name: &str,
    sides: Sides,
    now: DateTime<Utc>,
) -> Result<Option<Organization>> {
    let stem = identity::slug(name);
    let mut attempt = 1;
    loop {
        let slug = match attempt {
            1 => stem.clone(),
            2..=SLUG_NUMBERS_MAX => format!("{stem}-{attempt}"),
            _ => format!("{stem}-{}", org_id.to_string().to_lowercase().split_off(16)),
        };
        let inserted = sqlx::query!(
            "insert into organization (org_id, name, slug, is_creator, is_buyer, created_at)
             values ($1, $2, $3, $4, $5, $6) on conflict do nothing",
            org_id.uuid(),
            name,
            slug,
            sides.creator,
            sides.buyer,
            now,
        )
        .execute(&mut *tx)
        .await?;
        if inserted.rows_affected() == 1 {
            let name = name.to_owned();
            return Ok(Some(Organization { org_id, name, slug, sides, created_at: now }));
        }
        if attempt > SLUG_NUMBERS_MAX || find(tx, org_id).await?.is_some() {
            return Ok(None);
        }
        attempt += 1;
    }
}

async fn get(tx: &mut PgConnection, org_id: OrgId) -> Result<Organization> {
    Ok(find(tx, org_id).await?.ok_or_else(|| Refusal::not_found("organization"))?)
}

async fn find(tx: &mut PgConnection, org_id: OrgId) -> Result<Option<Organization>> {
    let row = sqlx::query!(
        "select org_id, name, slug, is_creator, is_buyer, created_at
         from organization where org_id = $1",
        org_id.uuid(),
    )
    .fetch_optional(tx)
    .await?;
    Ok(row.map(|row| Organization {
        org_id: row.org_id,
        name: row.name,
        slug: row.slug,
        sides: Sides { creator: row.is_creator, buyer: row.is_buyer },
        created_at: row.created_at,
    }))
}

async fn update_organization(
    tx: &mut PgConnection,
    org_id: OrgId,
    name: &str,
    sides: Sides,
) -> Result<()> {
    sqlx::query!(
        "update organization set name = $2, is_creator = $3, is_buyer = $4 where org_id = $1",
        org_id.uuid(),
        name,
        sides.creator,
        sides.buyer,
    )
    .execute(tx)
    .await?;
    Ok(())
}

async fn list_of_person(tx: &mut PgConnection, person_id: PersonId) -> Result<Vec<Membership>> {
    let rows = sqlx::query!(
        "select organization.org_id, organization.name, organization.slug,
                organization.is_creator, organization.is_buyer, member.role
         from member join organization using (org_id)
         where member.person_id = $1
         order by lower(organization.name), organization.org_id",
        person_id.uuid(),
    )
    .fetch_all(tx)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| Membership {
            org_id: row.org_id,
            name: row.name,
            slug: row.slug,
            role: row.role,
            sides: Sides { creator: row.is_creator, buyer: row.is_buyer },
        })
        .collect())
}

/// Holds the organization until the transaction ends: whoever changes its members waits in line,
/// so two of them cannot each believe that the other owner stays. It does not stand in the way of
/// rows that refer to the organization.
pub(super) async fn lock(tx: &mut PgConnection, org_id: OrgId) -> Result<()> {
    sqlx::query!(
        "select org_id from organization where org_id = $1 for no key update",
        org_id.uuid()
    )
    .fetch_optional(tx)
    .await?;
    Ok(())
}
