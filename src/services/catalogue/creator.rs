//! Who offers works: what anybody may know of a creator.

use chrono::{DateTime, Utc};

use super::{
    Page,
    collections::{Shown, collections_of},
    page,
};
use crate::{
    domain::{actor::Actor, catalogue::Search, error::Refusal, profile::Profile},
    services::{
        Result, Services,
        identity::{self, Recorded},
        reports::CursorKey,
    },
};

/// A creator with something on offer.
#[derive(Debug)]
pub struct Creator {
    pub slug: String,
    pub name: String,
    /// Since when it is here.
    pub founded_at: DateTime<Utc>,
    pub profile: Profile,
    /// What it has said about each consent.
    pub consents: Vec<Recorded>,
    /// Of the sites on offer.
    pub hosts: Vec<String>,
    /// Its listed collections, the newest first.
    pub collections: Vec<Shown>,
    /// The newest works on offer.
    pub works: Page,
}

/// A creator by short name.
///
/// # Errors
///
/// "Not found" if nothing of theirs is in the catalogue.
pub async fn creator(
    services: &Services,
    key: &CursorKey,
    actor: &Actor,
    slug: &str,
) -> Result<Creator> {
    let none = || Refusal::not_found("creator");
    let search = Search::read(|name| (name == "creator").then_some(slug)).map_err(|_| none())?;
    let works = page(services, key, actor, &search, None).await?;
    if works.total == 0 {
        return Err(none().into());
    }
    let row = sqlx::query!(
        r#"select organization.org_id, name, slug, created_at, profile.jurisdiction,
                  profile.about as "about?", profile.website as "website?",
                  array(
                      select distinct site.host
                      from on_offer entry join site on site.asset_id = entry.asset_id
                      where entry.creator_slug = organization.slug and entry.buyer_org_id is null
                      order by site.host
                  ) as "hosts!"
           from organization left join profile on profile.org_id = organization.org_id
           where slug = $1"#,
        slug,
    )
    .fetch_optional(&services.pool)
    .await?
    .ok_or_else(none)?;
    let (about, website) = (row.about.unwrap_or_default(), row.website.unwrap_or_default());
    let consents = identity::consents(&mut *services.pool.acquire().await?, row.org_id).await?;
    Ok(Creator {
        collections: collections_of(services, &row.slug).await?,
        slug: row.slug,
        name: row.name,
        founded_at: row.created_at,
        profile: identity::read_profile(row.jurisdiction.as_deref(), about, website)?,
        consents,
        hosts: row.hosts,
        works,
    })
}
