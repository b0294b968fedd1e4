//! What an organization says of itself, what it consents to, and how closely it looks at the use of its
//! works.
//!
//! What it has said about a consent is kept for good, with who said it and when; what it said last
//! counts.

use chrono::{DateTime, Utc};
use serde_json::json;
use sqlx::PgConnection;

use crate::{
    domain::{
        actor::{Actor, Deed},
        error::Refusal,
        event::EventName,
        ids::{OrgId, PersonId},
        profile::{Consent, Profile, Reporting, Said, TypedProfile},
        terms::Terms,
    },
    services::{Error, Result, Services, events},
};

/// An organization's profile, as its members see it.
#[derive(Debug)]
pub struct OwnProfile {
    pub profile: Profile,
    /// Counts the edits; 0 before the first.
    pub revision: i32,
    /// When it was last edited, and by whom.
    pub edited: Option<(DateTime<Utc>, String)>,
    pub reporting: Reporting,
    /// What was said last about each consent.
    pub consents: Vec<Recorded>,
}

/// What was said about a consent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    pub about: Consent,
    pub said: Said,
    /// When, and by whom; nothing where nobody has said anything.
    pub by: Option<(DateTime<Utc>, String)>,
}

/// What is to be said from now on.
#[derive(Clone, Debug)]
pub struct EditProfile {
    /// The one the person had before them while they typed.
    pub revision: i32,
    pub typed: TypedProfile,
}

/// The profile of the organization acted for.
pub async fn profile(services: &Services, actor: &Actor) -> Result<OwnProfile> {
    let org_id = actor.may(Deed::ReadOrganization)?.org_id;
    let mut connection = services.pool.acquire().await?;
    let consents = consents(&mut connection, org_id).await?;
    let row = sqlx::query!(
        r#"select jurisdiction, about, website, reporting, revision, edited_at, person.name as "editor?"
           from profile left join person on person.person_id = profile.edited_by
           where org_id = $1"#,
        org_id.uuid(),
    )
    .fetch_optional(&mut *connection)
    .await?;
    Ok(match row {
        None => OwnProfile {
            profile: Profile::default(),
            revision: 0,
            edited: None,
            reporting: Reporting::Full,
            consents,
        },
        Some(row) => OwnProfile {
            profile: read(row.jurisdiction.as_deref(), row.about, row.website)?,
            revision: row.revision,
            edited: row.edited_at.zip(row.editor),
            reporting: row.reporting,
            consents,
        },
    })
}

/// Changes what the organization says of itself.
///
/// # Errors
///
/// Refuses an edit of what somebody else has changed since it was read, unless both say the same.
pub async fn edit_profile(services: &Services, actor: &Actor, edit: EditProfile) -> Result<()> {
    let member = actor.may(Deed::EditOrganization)?;
    let after = edit.typed.parse()?;
    let now = services.now();
    let mut tx = services.pool.begin().await?;
    let (revision, before, _) = lock(&mut tx, member.org_id).await?;
    let changed = before.differing(&after);
    if changed.is_empty() {
        return Ok(());
    }
    if revision != edit.revision {
        return Err(Refusal::conflict(
            "edited_meanwhile",
            t!("Somebody else saved this profile while you were typing. What you typed is kept here, \
             and what they saved stands above it. Save again to replace theirs with yours."),
        )
        .into());
    }
    update(&mut tx, member.org_id, &after, member.person_id, now).await?;
    let (org_id, edited) = (member.org_id, EventName::ProfileEdited);
    let detail = json!({ "changed": changed, "revision": revision + 1 });
    events::record(&mut tx, actor, now, edited, Some(org_id), org_id.uuid(), detail).await?;
    tx.commit().await?;
    Ok(())
}

/// Records what the organization consents to, of what it has not said already.
pub async fn record_consents(
    services: &Services,
    actor: &Actor,
    said: &[(Consent, Said)],
) -> Result<()> {
    let member = actor.may_as_creator(Deed::EditOrganization)?;
    let now = services.now();
    let mut tx = services.pool.begin().await?;
    // Two who say something at once stand in line.
    lock(&mut tx, member.org_id).await?;
    let before = consents(&mut tx, member.org_id).await?;
    let stands = |about: Consent| {
        before.iter().find(|each| each.about == about).map_or(Said::Open, |each| each.said)
    };
    let fresh: Vec<_> = said.iter().filter(|(about, said)| stands(*about) != *said).collect();
    for (about, said) in fresh {
        insert_consent(&mut tx, member.org_id, *about, *said, member.person_id, now).await?;
        let (org_id, recorded) = (member.org_id, EventName::ConsentRecorded);
        let detail = json!({ "about": about, "before": stands(*about), "after": said });
        events::record(&mut tx, actor, now, recorded, Some(org_id), org_id.uuid(), detail).await?;
    }
    tx.commit().await?;
    Ok(())
}

/// Chooses how closely the organization looks at the use of its works. Nothing is forgotten by it: what
/// coarse reports leave out is there again once full ones are chosen.
pub async fn choose_reporting(
    services: &Services,
    actor: &Actor,
    reporting: Reporting,
) -> Result<()> {
    let member = actor.may_as_creator(Deed::EditOrganization)?;
    let now = services.now();
    let mut tx = services.pool.begin().await?;
    let (_, _, before) = lock(&mut tx, member.org_id).await?;
    if before == reporting {
        return Ok(());
    }
    sqlx::query!(
        "update profile set reporting = $2 where org_id = $1",
        member.org_id.uuid(),
        reporting.as_str(),
    )
    .execute(&mut *tx)
    .await?;
    let (org_id, chosen) = (member.org_id, EventName::ReportingChosen);
    let detail = json!({ "before": before, "after": reporting });
    events::record(&mut tx, actor, now, chosen, Some(org_id), org_id.uuid(), detail).await?;
    tx.commit().await?;
    Ok(())
}

/// What the organization says about the consents that an offer under these terms is about.
///
/// # Errors
///
/// `consent_withheld` where the terms grant what it does not consent to.
pub(in crate::services) async fn consenting(
    tx: &mut PgConnection,
    org_id: OrgId,
    terms: &Terms,
) -> Result<Vec<(Consent, Said)>> {
    let about: Vec<Recorded> = consents(tx, org_id)
        .await?
        .into_iter()
        .filter(|each| each.about.is_granted_by(terms))
        .collect();
    match about.iter().find(|each| each.said == Said::Withheld) {
        Some(withheld) => Err(withheld.about.withheld().into()),
        None => Ok(about.into_iter().map(|each| (each.about, each.said)).collect()),
    }
}

/// A profile as it is stored.
pub(in crate::services) fn read(
    jurisdiction: Option<&str>,
    about: String,
    website: String,
) -> Result<Profile> {
    let jurisdiction = jurisdiction
        .map(str::parse)
        .transpose()
        .map_err(|refusal: Refusal| Error::fault("reading a profile", refusal))?;
    Ok(Profile { jurisdiction, about, website })
}

// SQL

/// Holds the profile until the transaction ends, and makes it where there is none.
async fn lock(tx: &mut PgConnection, org_id: OrgId) -> Result<(i32, Profile, Reporting)> {
    sqlx::query!("insert into profile (org_id) values ($1) on conflict do nothing", org_id.uuid())
        .execute(&mut *tx)
        .await?;
    let row = sqlx::query!(
        "select jurisdiction, about, website, reporting, revision
         from profile where org_id = $1 for no key update",
        org_id.uuid(),
    )
    .fetch_one(tx)
    .await?;
    let profile = read(row.jurisdiction.as_deref(), row.about, row.website)?;
    Ok((row.revision, profile, row.reporting))
}

async fn update(
    tx: &mut PgConnection,
    org_id: OrgId,
    after: &Profile,
    person_id: PersonId,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "update profile
         set jurisdiction = $2, about = $3, website = $4, revision = revision + 1, edited_at = $5,
             edited_by = $6
         where org_id = $1",
        org_id.uuid(),
        after.jurisdiction.map(|country| country.code()),
        after.about,
        after.website,
        now,
        person_id.uuid(),
    )
    .execute(tx)
    .await?;
    Ok(())
}

async fn insert_consent(
    tx: &mut PgConnection,
    org_id: OrgId,
    about: Consent,
    said: Said,
    person_id: PersonId,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "insert into consent (org_id, about, number, said, recorded_by, recorded_at)
         select $1, $2, coalesce(max(number), 0) + 1, $3, $4, $5
         from consent where org_id = $1 and about = $2",
        org_id.uuid(),
        about.as_str(),
        said.as_str(),
        person_id.uuid(),
        now,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// What was said last about each consent, in their order.
pub(in crate::services) async fn consents(
    tx: &mut PgConnection,
    org_id: OrgId,
) -> Result<Vec<Recorded>> {
    let rows = sqlx::query!(
        "select distinct on (consent.about) consent.about, consent.said, consent.recorded_at,
                person.name as recorder
         from consent join person on person.person_id = consent.recorded_by
         where org_id = $1
         order by consent.about, consent.number desc",
        org_id.uuid(),
    )
    .fetch_all(tx)
    .await?;
    Ok(Consent::ALL
        .iter()
        .map(|about| match rows.iter().find(|row| row.about == *about) {
            None => Recorded { about: *about, said: Said::Open, by: None },
            Some(row) => Recorded {
                about: *about,
                said: row.said,
                by: Some((row.recorded_at, row.recorder.clone())),
            },
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use sqlx::PgPool;

    use super::*;
    use crate::{
        domain::metering::Side,
        services::{
            catalogue, offers,
            reports::CursorKey,
            testing::{self, code, offer, offered, owner, work},
        },
    };

    fn typed(about: &str) -> TypedProfile {
        TypedProfile {
            jurisdiction: "GB".into(),
            about: about.into(),
            website: "fen.example".into(),
        }
    }

    #[sqlx::test]
    async fn whoever_edits_a_profile_second_is_told(pool: PgPool) {
        let (services, _) = testing::services(pool);
        let mira = owner(&services, "mira").await;
        assert_eq!(profile(&services, &mira).await.unwrap().profile, Profile::default());
        let edit = |revision, about: &str| EditProfile { revision, typed: typed(about) };
        edit_profile(&services, &mira, edit(0, "First")).await.unwrap();
        let second = edit_profile(&services, &mira, edit(0, "Second")).await;
        assert_eq!(code(second), "edited_meanwhile");
        // The same form sent twice is no quarrel, and is one edit.
        edit_profile(&services, &mira, edit(0, "First")).await.unwrap();
        let own = profile(&services, &mira).await.unwrap();
        assert_eq!((own.revision, own.profile.about.as_str()), (1, "First"));
        assert_eq!(own.edited.unwrap().1, "mira");
        edit_profile(&services, &mira, edit(1, "Second")).await.unwrap();

        let at_once =
            (0..6).map(|n| edit_profile(&services, &mira, edit(2, &format!("About {n}"))));
        let at_once: Vec<_> = at_once.collect();
        let answers = futures::future::join_all(at_once).await;
        assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
    }

    #[sqlx::test]
    async fn strangers_read_the_profile_of_a_creator(pool: PgPool) {
        let (services, _) = testing::services(pool);
        let mira = owner(&services, "mira").await;
        offered(&services, &mira, "training").await;
        let edit = EditProfile { revision: 0, typed: typed("A press.") };
        edit_profile(&services, &mira, edit).await.unwrap();
        let said = [(Consent::Training, Said::Given)];
        record_consents(&services, &mira, &said).await.unwrap();
        let visitor = Actor { who: crate::domain::actor::Who::Visitor, ..mira };
        let key = CursorKey::new(&[7; 32]);
        let creator = catalogue::creator(&services, &key, &visitor, "mira").await.unwrap();
        assert_eq!(creator.profile, typed("A press.").parse().unwrap());
        let said: Vec<_> = creator.consents.iter().map(|each| (each.about, each.said)).collect();
        assert_eq!(said, [(Consent::Training, Said::Given), (Consent::Commercial, Said::Open)]);
    }

    #[sqlx::test]
    async fn what_is_withheld_no_new_offer_grants(pool: PgPool) {
        let (services, _) = testing::services(pool);
        let mira = owner(&services, "mira").await;
        let asset_id = work(&services, &mira, "Salt.").await;
        let withheld = [(Consent::Training, Said::Withheld)];
        record_consents(&services, &mira, &withheld).await.unwrap();
        // Said twice it is recorded once.
        record_consents(&services, &mira, &withheld).await.unwrap();
        let refused = offers::publish(&services, &mira, offer(asset_id, "training")).await;
        assert_eq!(code(refused), "consent_withheld");
        let now = [(Consent::Training, Said::Given)];
        record_consents(&services, &mira, &now).await.unwrap();
        offers::publish(&services, &mira, offer(asset_id, "training")).await.unwrap();
        let kept: Vec<String> = sqlx::query_scalar("select said from consent order by number")
            .fetch_all(&services.pool)
            .await
            .unwrap();
        assert_eq!(kept, ["withheld", "given"]);
        let consents: serde_json::Value = sqlx::query_scalar(
            "select detail -> 'consents' from event where name = 'offer.published'",
        )
        .fetch_one(&services.pool)
        .await
        .unwrap();
        assert_eq!(consents["training"], "given");
        let changed = sqlx::query("update consent set said = 'open'").execute(&services.pool).await;
        assert!(changed.is_err(), "what was said stays");
    }

    #[sqlx::test]
    async fn coarse_reports_are_those_of_works_and_not_of_purchases(pool: PgPool) {
        let (services, _) = testing::services(pool);
        let mira = owner(&services, "mira").await;
        choose_reporting(&services, &mira, Reporting::Coarse).await.unwrap();
        let person_id = mira.person_id().unwrap();
        let org_id = mira.org_id().unwrap();
        let member = super::super::member_of(&services.pool, person_id, org_id).await;
        let member = member.unwrap().unwrap();
        assert!(member.sees_coarsely(Side::Creator) && !member.sees_coarsely(Side::Buyer));
        choose_reporting(&services, &mira, Reporting::Full).await.unwrap();
        let member = super::super::member_of(&services.pool, person_id, org_id).await;
        assert!(!member.unwrap().unwrap().sees_coarsely(Side::Creator));
    }
}
