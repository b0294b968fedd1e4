//! Sites: claiming a host, proving that it is one's own, and keeping an eye on the proof.
//!
//! Nobody outside is asked inside a transaction: a proof is looked for first and written down after.
//! Several may claim a host; one holds it.

mod directory;
mod rows;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use futures::StreamExt as _;
use serde_json::json;

use self::rows::{
    Due, claimed, due, insert_site, lock, rows, set_health, set_origin, set_verified,
};
use super::{Error, Result, Services, assets, events, mint, sent_before::was_sent};
use crate::domain::{
    actor::{Actor, Deed, Who},
    asset::Particulars,
    error::Refusal,
    event::EventName,
    ids::{AssetId, OrgId},
    site::{Challenge, Health, Origin, ProvenBy, SiteHost, SiteState},
};

pub use directory::{Directory, Served};

/// Sites that one round of checks looks at.
const CHECKED_AT_ONCE: i64 = 100;
/// How many of them at the same time.
const CHECKED_ABREAST: usize = 8;

/// Looks, outside, whether a host shows a challenge.
#[async_trait]
pub trait Prober: Send + Sync {
    /// How the host shows it; nothing where it does not, or nobody answers.
    async fn prove(&self, host: &str, challenge: &Challenge) -> Option<ProvenBy>;
}

/// A site to claim. The id is made by the form, so that sending it twice claims once.
#[derive(Debug)]
pub struct NewSite {
    pub asset_id: AssetId,
    pub particulars: Particulars,
    pub host: SiteHost,
    pub origin: Origin,
}

/// One of one's own sites.
#[derive(Debug)]
pub struct Site {
    /// A site is a work, and this is its id.
    pub asset_id: AssetId,
    pub title: String,
    pub host: String,
    /// Where its pages come from.
    pub origin: String,
    /// What its creator shows to prove that the host is theirs.
    pub challenge: String,
    pub state: SiteState,
    pub claimed_at: DateTime<Utc>,
    pub verified_at: Option<DateTime<Utc>>,
    pub verified_by: Option<ProvenBy>,
    pub checked_at: Option<DateTime<Utc>>,
    /// Since when the proof has not been found, while it is not.
    pub failing_since: Option<DateTime<Utc>>,
}

/// Whether somebody may claim and change sites: what a door asks before it says anything about what
/// was typed.
pub fn may_manage(actor: &Actor) -> Result<()> {
    actor.may_as_creator(Deed::ManageSite)?;
    Ok(())
}

/// Claims a host; it is served once it is verified.
///
/// # Errors
///
/// Refuses a host this organization has claimed already.
pub async fn claim(services: &Services, actor: &Actor, new: NewSite) -> Result<AssetId> {
    let member = actor.may_as_creator(Deed::ManageSite)?;
    let now = services.now();
    let mut tx = services.pool.begin().await?;
    if !assets::insert_asset(&mut tx, member.org_id, new.asset_id, &new.particulars, now).await? {
        let before = claimed(&mut tx, new.asset_id).await?;
        let host = Some(new.host.as_str().to_owned());
        was_sent("site", member.org_id, &host, before)?;
        return Ok(new.asset_id);
    }
    insert_site(&mut tx, member.org_id, &new, now).await?;
    events::record(
        &mut tx,
        actor,
        now,
        EventName::SiteClaimed,
        Some(member.org_id),
        new.asset_id.uuid(),
        json!({ "host": new.host.as_str(), "origin": new.origin.as_str() }),
    )
    .await?;
    tx.commit().await?;
    Ok(new.asset_id)
}

/// Looks for the proof and, where it is found, serves the site from now on.
///
/// # Errors
///
/// `site_not_proved` where neither record nor file shows the challenge, `site_taken` where another
/// organization holds the host.
pub async fn verify(
    services: &Services,
    actor: &Actor,
    prober: &dyn Prober,
    asset_id: AssetId,
) -> Result<ProvenBy> {
    let member = actor.may_as_creator(Deed::ManageSite)?;
    let site = find(services, member.org_id, asset_id).await?;
    let challenge = stored(&site.challenge)?;
    let Some(proven_by) = prober.prove(&site.host, &challenge).await else {
        return Err(Refusal::conflict(
            "site_not_proved",
            t!("Neither the DNS record nor the file was found. Add one of them and check again; a new record can take an hour to be seen."),
        )
        .into());
    };
    let now = services.now();
    let mut tx = services.pool.begin().await?;
    let before = lock(&mut tx, asset_id).await?.state;
    set_verified(&mut tx, asset_id, &site.host, proven_by, now).await?;
    if before != SiteState::Verified {
        events::record(
            &mut tx,
            actor,
            now,
            EventName::SiteVerified,
            Some(member.org_id),
            asset_id.uuid(),
            json!({ "host": site.host, "by": proven_by }),
        )
        .await?;
    }
    tx.commit().await?;
    Ok(proven_by)
}

/// Lets the pages of a site come from elsewhere. The proof is of the host, so it stays good.
pub async fn change_origin(
    services: &Services,
    actor: &Actor,
    asset_id: AssetId,
    origin: &Origin,
) -> Result<()> {
    let member = actor.may_as_creator(Deed::ManageSite)?;
    let now = services.now();
    let mut tx = services.pool.begin().await?;
    let site = lock(&mut tx, asset_id).await?;
    if site.org_id != member.org_id {
        return Err(Refusal::not_found("site").into());
    }
    if site.origin == origin.as_str() {
        return Ok(());
    }
    set_origin(&mut tx, asset_id, origin).await?;
    events::record(
        &mut tx,
        actor,
        now,
        EventName::SiteOriginChanged,
        Some(member.org_id),
        asset_id.uuid(),
        json!({ "from": site.origin, "to": origin.as_str() }),
    )
    .await?;
    tx.commit().await?;
    Ok(())
}

/// One's own sites, newest first.
pub async fn list(services: &Services, actor: &Actor) -> Result<Vec<Site>> {
    let member = actor.may(Deed::ReadAssets)?;
    rows(services, member.org_id, None).await
}

/// One of one's own sites.
pub async fn get(services: &Services, actor: &Actor, asset_id: AssetId) -> Result<Site> {
    let member = actor.may(Deed::ReadAssets)?;
    find(services, member.org_id, asset_id).await
}

/// Looks again at verified sites that are due. Answers how many are no longer served.
pub async fn check_due(services: &Services, prober: &dyn Prober) -> Result<u64> {
    let due = due(services, services.now()).await?;
    let mut checks = futures::stream::iter(due)
        .map(|due| async move {
            let challenge = stored(&due.challenge)?;
            let proven = prober.prove(&due.host, &challenge).await.is_some();
            write_check(services, &due, proven).await
        })
        .buffer_unordered(CHECKED_ABREAST);
    let mut lapsed = 0;
    while let Some(check) = checks.next().await {
        lapsed += u64::from(check?);
    }
    Ok(lapsed)
}

/// Writes down what a check has found; whether the site lapsed by it. What somebody else has written
/// since stands.
async fn write_check(services: &Services, due: &Due, proven: bool) -> Result<bool> {
    let now = services.now();
    let mut tx = services.pool.begin().await?;
    let site = lock(&mut tx, due.asset_id).await?;
    if site.state != SiteState::Verified || site.checked_at != Some(due.checked_at) {
        return Ok(false);
    }
    let health =
        Health { state: site.state, checked_at: due.checked_at, failing_since: site.failing_since };
    let health = health.after(proven, now);
    set_health(&mut tx, due.asset_id, health).await?;
    let lapsed = health.state == SiteState::Lapsed;
    if lapsed {
        let actor = Actor { who: Who::System, request_id: mint() };
        events::record(
            &mut tx,
            &actor,
            now,
            EventName::SiteLapsed,
            Some(site.org_id),
            due.asset_id.uuid(),
            json!({ "host": due.host, "failing_since": health.failing_since }),
        )
        .await?;
    }
    tx.commit().await?;
    Ok(lapsed)
}

fn stored(challenge: &str) -> Result<Challenge> {
    challenge.parse().map_err(|error: Refusal| Error::fault("reading a challenge", error))
}

async fn find(services: &Services, org_id: OrgId, asset_id: AssetId) -> Result<Site> {
    let found = rows(services, org_id, Some(asset_id)).await?.into_iter().next();
    found.ok_or_else(|| Refusal::not_found("site").into())
}

#[cfg(test)]
mod tests;
