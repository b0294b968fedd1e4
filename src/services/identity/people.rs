//! People and the subjects they sign in as. Two subjects with one email address are two people.

use chrono::{DateTime, Utc};
use serde_json::json;
use sqlx::{PgConnection, PgPool};

use crate::{
    domain::{
        actor::{Actor, Who},
        error::Refusal,
        event::EventName,
        identity::ProvenIdentity,
        ids::PersonId,
    },
    services::{Result, Services, events, mint},
};

/// A person, as menus and lists show them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    pub person_id: PersonId,
    pub name: String,
    pub email: Option<String>,
}

/// The person an authorization server vouches for: the one who signed in with this subject before,
/// or a new one.
pub async fn sign_in(services: &Services, actor: &Actor, proven: ProvenIdentity) -> Result<Person> {
    let now = services.now();
    let mut tx = services.pool.begin().await?;
    let person = match find_by_subject(&mut tx, &proven).await? {
        Some(mut person) => {
            // The name is the person's own once they have one; the address stays the provider's.
            if proven.email.is_some() && person.email != proven.email {
                update_email(&mut tx, person.person_id, proven.email.as_deref()).await?;
                person.email = proven.email;
            }
            person
        }
        None => {
            let person = Person {
                person_id: mint(),
                name: proven.name.clone(),
                email: proven.email.clone(),
            };
            insert_person(&mut tx, &person, now).await?;
            if !insert_identity(&mut tx, &proven, person.person_id, now).await? {
                // Another request of the same newcomer was faster: this one's person never was.
                tx.rollback().await?;
                tx = services.pool.begin().await?;
                find_by_subject(&mut tx, &proven).await?.ok_or_else(Refusal::sign_in_first)?
            } else {
                let joined = acting(actor, person.person_id);
                let detail = json!({ "issuer": proven.issuer });
                let subject_id = person.person_id.uuid();
                let name = EventName::PersonJoined;
                events::record(&mut tx, &joined, now, name, None, subject_id, detail).await?;
                person
            }
        }
    };
    let signed_in = acting(actor, person.person_id);
    let detail = json!({ "issuer": proven.issuer });
    let subject_id = person.person_id.uuid();
    events::record(&mut tx, &signed_in, now, EventName::SessionStarted, None, subject_id, detail)
        .await?;
    tx.commit().await?;
    Ok(person)
}

/// Who is signed in.
pub async fn person(services: &Services, actor: &Actor) -> Result<Person> {
    let person_id = actor.person()?;
    let found = find(&services.pool, person_id).await?;
    Ok(found.ok_or_else(Refusal::sign_in_first)?)
}

/// The same request, asked by this person.
pub(super) fn acting(actor: &Actor, person_id: PersonId) -> Actor {
    Actor { who: Who::Person(person_id), request_id: actor.request_id }
}

// SQL

async fn find(pool: &PgPool, person_id: PersonId) -> Result<Option<Person>> {
    Ok(sqlx::query_as!(
        Person,
        "select person_id, name, email from person where person_id = $1",
        person_id.uuid(),
    )
    .fetch_optional(pool)
    .await?)
}

async fn find_by_subject(tx: &mut PgConnection, proven: &ProvenIdentity) -> Result<Option<Person>> {
    Ok(sqlx::query_as!(
        Person,
        "select person.person_id, person.name, person.email
         from identity join person using (person_id)
         where identity.issuer = $1 and identity.subject = $2",
        proven.issuer,
        proven.subject,
    )
    .fetch_optional(tx)
    .await?)
}

async fn insert_person(tx: &mut PgConnection, person: &Person, now: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "insert into person (person_id, name, email, created_at) values ($1, $2, $3, $4)",
        person.person_id.uuid(),
        person.name,
        person.email,
        now,
    )
    .execute(tx)
    .await?;
    Ok(())
}

async fn insert_identity(
    tx: &mut PgConnection,
    proven: &ProvenIdentity,
    person_id: PersonId,
    now: DateTime<Utc>,
) -> Result<bool> {
    let done = sqlx::query!(
        "insert into identity (issuer, subject, person_id, created_at) values ($1, $2, $3, $4)
         on conflict do nothing",
        proven.issuer,
        proven.subject,
        person_id.uuid(),
        now,
    )
    .execute(tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

async fn update_email(
    tx: &mut PgConnection,
    person_id: PersonId,
    email: Option<&str>,
) -> Result<()> {
    sqlx::query!("update person set email = $2 where person_id = $1", person_id.uuid(), email)
        .execute(tx)
        .await?;
    Ok(())
}

pub(super) async fn update_name(
    tx: &mut PgConnection,
    person_id: PersonId,
    name: &str,
) -> Result<()> {
    sqlx::query!("update person set name = $2 where person_id = $1", person_id.uuid(), name)
        .execute(tx)
        .await?;
    Ok(())
}
