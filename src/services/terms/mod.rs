//! Published terms: the table `terms`. What is published never changes; a new version is new terms
//! that name those they take the place of.

use chrono::{DateTime, Utc};
use serde_json::json;
use sqlx::PgConnection;

use super::{Error, OnConstraint as _, Result, Services, events, mint, sent_before::was_sent};
use crate::domain::{
    actor::{Actor, Deed},
    asset::ContentId,
    error::Refusal,
    event::EventName,
    ids::{OrgId, TermsId},
    terms::{self, Terms, TypedTerms},
};

/// Terms to publish. The id is made by the form, so that sending it twice publishes once.
#[derive(Debug)]
pub struct NewTerms {
    pub terms_id: TermsId,
    pub typed: TypedTerms,
    /// The digest of one's own terms that they take the place of; empty for the first version.
    pub replaces: String,
}

/// Terms as they were published.
#[derive(Clone, Debug)]
pub struct PublishedTerms {
    pub terms_id: TermsId,
    pub digest: String,
    pub terms: Terms,
}

/// Published terms and the versions beside them.
#[derive(Debug)]
pub struct TermsVersion {
    pub published: PublishedTerms,
    /// Whether they are those of the organization that asks.
    pub own: bool,
    pub creator: String,
    pub number: i32,
    pub created_at: DateTime<Utc>,
    /// Those whose place they take.
    pub before: Option<PublishedTerms>,
    /// The digest of those that take their place.
    pub after: Option<String>,
}

/// One's own published terms, with how many live offers stand on them.
#[derive(Debug)]
pub struct TermsRow {
    pub terms: PublishedTerms,
    pub number: i32,
    /// Whether a newer version takes their place.
    pub replaced: bool,
    pub offers: i64,
    pub created_at: DateTime<Utc>,
}

/// Publishes terms, or the next version of some. Answers their digest.
///
/// # Errors
///
/// Refuses terms that are published already, and a second version in the place of the same one:
/// whoever is slower is told.
pub async fn publish(services: &Services, actor: &Actor, new: NewTerms) -> Result<String> {
    let member = actor.may_as_creator(Deed::PublishTerms)?;
    let terms = new.typed.parse()?;
    let digest = terms.digest()?;
    let now = services.now();
    let mut tx = services.pool.begin().await?;
    if is_published(&mut tx, member.org_id, new.terms_id, &digest).await? {
        return Ok(digest.as_str().to_owned());
    }
    let replaced = match new.replaces.as_str() {
        "" => None,
        replaces => {
            let replaces: ContentId = replaces.parse().map_err(|_| Refusal::not_found("terms"))?;
            Some(lock(&mut tx, member.org_id, &replaces).await?)
        }
    };
    if !insert(&mut tx, member.org_id, new.terms_id, &terms, replaced, now).await? {
        // The same form, sent at the same time, was faster; or they were published by another one.
        return match is_published(&mut tx, member.org_id, new.terms_id, &digest).await? {
            true => Ok(digest.as_str().to_owned()),
            false => Err(Refusal::conflict(
                "terms_published",
                t!("Your organization has published exactly these terms before. Change something, or use those."),
            )
            .into()),
        };
    }
    events::record(
        &mut tx,
        actor,
        now,
        EventName::TermsPublished,
        Some(member.org_id),
        new.terms_id.uuid(),
        json!({ "terms_digest": digest, "replaces": (!new.replaces.is_empty()).then_some(new.replaces) }),
    )
    .await?;
    tx.commit().await?;
    Ok(digest.as_str().to_owned())
}

/// One's own published terms, newest first.
pub async fn list(services: &Services, actor: &Actor) -> Result<Vec<TermsRow>> {
    let member = actor.may(Deed::ReadAssets)?;
    let rows = sqlx::query!(
        r#"select terms_id, digest, document, created_at, number,
                  exists (select from terms newer where newer.replaces_id = terms.terms_id) as "replaced!",
                  (select count(*) from offer
                   where offer.terms_id = terms.terms_id and ended_at is null) as "offers!"
           from terms where org_id = $1 order by terms_id desc limit 500"#,
        member.org_id.uuid(),
    )
    .fetch_all(&services.pool)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(TermsRow {
                terms: published(row.terms_id, row.digest, row.document)?,
                number: row.number,
                replaced: row.replaced,
                offers: row.offers,
                created_at: row.created_at,
            })
        })
        .collect()
}

/// Published terms by their digest; they are public, for a license names them by it. Where several
/// organizations published the same, one's own come first.
pub async fn by_digest(services: &Services, actor: &Actor, digest: &str) -> Result<TermsVersion> {
    let digest: ContentId = digest.parse().map_err(|_| Refusal::not_found("terms"))?;
    let own = actor.org_id();
    let row = sqlx::query!(
        r#"select terms.terms_id, terms.org_id, terms.digest, terms.document, terms.number,
                  terms.created_at, organization.name as creator,
                  before.terms_id as "before_id?", before.digest as "before_digest?",
                  before.document as "before_document?", after.digest as "after_digest?"
           from terms
           join organization on organization.org_id = terms.org_id
           left join terms before on before.terms_id = terms.replaces_id
           left join terms after on after.replaces_id = terms.terms_id
           where terms.digest = $1
           order by terms.org_id = $2 desc nulls last, terms.terms_id
           limit 1"#,
        digest.as_str(),
        own.map(OrgId::uuid),
    )
    .fetch_optional(&services.pool)
    .await?
    .ok_or_else(|| Refusal::not_found("terms"))?;
    let before = match (row.before_id, row.before_digest, row.before_document) {
        (Some(id), Some(digest), Some(document)) => Some(published(id, digest, document)?),
        _ => None,
    };
    Ok(TermsVersion {
        published: published(row.terms_id, row.digest, row.document)?,
        own: own == Some(row.org_id),
        creator: row.creator,
        number: row.number,
        created_at: row.created_at,
        before,
        after: row.after_digest,
    })
}

/// What an offer is to stand on: a template by its key, or one's own published terms by their digest.
pub(super) async fn chosen(
    services: &Services,
    org_id: OrgId,
    key_or_digest: &str,
) -> Result<Terms> {
    if key_or_digest.parse::<ContentId>().is_err() {
        return Ok(terms::template(key_or_digest)?.terms);
    }
    let row = sqlx::query!(
        "select terms_id, digest, document from terms where org_id = $1 and digest = $2",
        org_id.uuid(),
        key_or_digest,
    )
    .fetch_optional(&services.pool)
    .await?
    .ok_or_else(|| Refusal::invalid("terms", t!("Choose one of the terms listed.")))?;
    Ok(published(row.terms_id, row.digest, row.document)?.terms)
}

/// Keeps the terms of an offer; those that are published already are kept once.
pub(super) async fn keep(
    tx: &mut PgConnection,
    org_id: OrgId,
    terms: &Terms,
    now: DateTime<Utc>,
) -> Result<TermsId> {
    insert(tx, org_id, mint(), terms, None, now).await?;
    let digest = terms.digest()?;
    let terms_id = sqlx::query_scalar!(
        "select terms_id from terms where org_id = $1 and digest = $2",
        org_id.uuid(),
        digest.as_str(),
    )
    .fetch_one(tx)
    .await?;
    Ok(terms_id)
}

/// Terms from their row.
pub(crate) fn published(
    terms_id: TermsId,
    digest: String,
    document: serde_json::Value,
) -> Result<PublishedTerms> {
    let terms: Terms = serde_json::from_value(document)
        .map_err(|error| Error::fault("reading published terms", error))?;
    Ok(PublishedTerms { terms_id, digest, terms })
}

// SQL

async fn is_published(
    tx: &mut PgConnection,
    org_id: OrgId,
    terms_id: TermsId,
    digest: &ContentId,
) -> Result<bool> {
    let found =
        sqlx::query!("select org_id, digest from terms where terms_id = $1", terms_id.uuid())
            .fetch_optional(tx)
            .await?;
    let about = digest.as_str().to_owned();
    was_sent("terms", org_id, &about, found.map(|row| (row.org_id, row.digest)))
}

/// One's own terms by their digest.
async fn lock(tx: &mut PgConnection, org_id: OrgId, digest: &ContentId) -> Result<(TermsId, i32)> {
    let row = sqlx::query!(
        "select terms_id, number from terms where org_id = $1 and digest = $2 for key share",
        org_id.uuid(),
        digest.as_str(),
    )
    .fetch_optional(tx)
    .await?
    .ok_or_else(|| Refusal::not_found("terms"))?;
    Ok((row.terms_id, row.number))
}

/// Answers whether they were new.
async fn insert(
    tx: &mut PgConnection,
    org_id: OrgId,
    terms_id: TermsId,
    terms: &Terms,
    replaced: Option<(TermsId, i32)>,
    now: DateTime<Utc>,
) -> Result<bool> {
    let digest = terms.digest()?;
    let document =
        serde_json::to_value(terms).map_err(|error| Error::fault("writing terms", error))?;
    let inserted = sqlx::query!(
        "insert into terms (terms_id, org_id, digest, name, document, created_at, number, replaces_id)
         values ($1, $2, $3, $4, $5, $6, $7, $8)
         on conflict on constraint terms_digest_key do nothing",
        terms_id.uuid(),
        org_id.uuid(),
        digest.as_str(),
        terms.name,
        document,
        now,
        replaced.map_or(1, |(_, number)| number.saturating_add(1)),
        replaced.map(|(terms_id, _)| terms_id.uuid()),
    )
    .execute(tx)
    .await
    .on_constraint("terms_replaces_key", || {
        Refusal::conflict(
            "terms_replaced",
            t!("Somebody published a newer version while you were writing. Open that one; what you typed is still here."),
        )
    })?;
    Ok(inserted.rows_affected() == 1)
}

#[cfg(test)]
mod tests;
