//! What the gate would answer for a page of one's own site.
//!
//! Always true: it is decided by the gate's own function from what is in the books now, and nothing
//! is counted, set aside or written.

use std::{collections::HashSet, sync::Arc};

use chrono::{DateTime, Utc};

use super::{
    meters::Paid,
    offered,
    snapshot::{Changes, Snapshot, tiers_of},
};
use crate::{
    domain::{
        access_token::TokenSecret,
        actor::Actor,
        error::Refusal,
        gate::{
            Ask, AskedScope, Carried, Grant, Licensed, Meter, Nonce, Presented, SitePath, Subject,
            decide,
        },
        ids::{AssetId, OrgId, RequestId, TierId, TokenId},
        license::{Standing, State},
        metering::JobName,
        site::FREE_PATHS,
        terms::Scope,
    },
    services::{
        Result, Services, mint,
        offers::{self, OfferRow},
        sites::{self, Site},
    },
};

/// Who asks.
#[derive(Clone, Debug)]
pub enum Asker {
    /// Somebody without a token.
    Nobody,
    /// Somebody who licenses the site today, on this tier of an offer that stands.
    Tier(TierId),
    /// Whoever holds this secret, as it was pasted.
    Token(String),
}

/// A request to try.
#[derive(Clone, Debug)]
pub struct Trial {
    pub asset_id: AssetId,
    /// A path, or an address of the site.
    pub path: String,
    pub asker: Asker,
    /// The use that is named, if one is.
    pub scope: Option<Scope>,
    /// The job that is named; empty where none is.
    pub job: String,
}

/// What would come back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The page, as everybody gets it.
    Free,
    /// The page, with a receipt.
    Served { scope: Scope, tier: String },
    /// A refusal with this status.
    Refused { status: u16, refusal: Refusal },
}

/// The path that was tried, as the gate reads it, and what would come back.
pub type Tried = (String, Verdict);

/// Tries a request to one of one's own sites, whether it is served already or not.
///
/// # Errors
///
/// Refuses a job that cannot be read and a tier that is not on offer.
pub async fn trial(services: &Services, actor: &Actor, trial: &Trial) -> Result<Tried> {
    let site = sites::get(services, actor, trial.asset_id).await?;
    let job = match trial.job.trim() {
        "" => None,
        job => Some(JobName::parse(job).map_err(|refusal| refusal.on("job"))?),
    };
    let sent = path_of(&trial.path, &site.host);
    let path = match SitePath::parse(sent) {
        Ok(path) => path.as_str().to_owned(),
        Err(refusal) => return Ok((sent.to_owned(), refused(refusal))),
    };
    if FREE_PATHS.contains(&path.as_str()) {
        return Ok((path, Verdict::Free));
    }
    let request_id: RequestId = mint();
    let ask = Ask {
        host: site.host.clone(),
        subject: Subject::Page(path.clone()),
        scope: trial.scope.map_or(AskedScope::Unnamed, AskedScope::Named),
        job: Ok(job),
        // A new one each time, so that a token that needs nonces is answered as with one.
        nonce: Nonce::parse(&request_id.to_string()).map(Some),
    };
    let now = services.now();
    let verdict = match &trial.asker {
        Asker::Nobody => Err(nobody()),
        Asker::Token(secret) => by_token(services, secret, &ask, now).await?,
        Asker::Tier(tier_id) => by_tier(services, actor, &site, *tier_id, &ask, now).await?,
    };
    let verdict = match verdict {
        Ok((scope, tier)) => Verdict::Served { scope, tier },
        Err(refusal) => on_offer(services, &ask, refusal).await?,
    };
    Ok((path, verdict))
}

/// The path in what was typed: a path, or an address of the site.
fn path_of<'a>(typed: &'a str, host: &str) -> &'a str {
    let typed = typed.trim();
    let rest = ["https://", "http://"].into_iter().find_map(|scheme| typed.strip_prefix(scheme));
    let path = match rest.and_then(|rest| rest.strip_prefix(host)) {
        Some(rest) => rest.find('/').map_or("/", |slash| &rest[slash..]),
        None => typed,
    };
    path.split(['?', '#']).next().unwrap_or(path)
}

type Decided = std::result::Result<(Scope, String), Refusal>;

fn nobody() -> Refusal {
    match Presented::<()>::Nothing.known() {
        Err(refusal) => refusal,
        Ok(()) => Refusal::not_found("token"),
    }
}

fn refused(refusal: Refusal) -> Verdict {
    Verdict::Refused { status: refusal.kind.status(), refusal }
}

/// Who has no license is answered with what there is to be had, where there is an offer.
async fn on_offer(services: &Services, ask: &Ask, refusal: Refusal) -> Result<Verdict> {
    let may_license = matches!(refusal.code, "missing_token" | "content_not_licensed");
    if may_license && offered(services, ask).await?.is_some() {
        // The code that the gate answers with in its place.
        let code = match refusal.code {
            "missing_token" => "license_required",
            code => code,
        };
        return Ok(Verdict::Refused { status: 402, refusal: Refusal { code, ..refusal } });
    }
    Ok(refused(refusal))
}

/// As whoever holds the secret, with what their license has used so far.
async fn by_token(
    services: &Services,
    secret: &str,
    ask: &Ask,
    now: DateTime<Utc>,
) -> Result<Decided> {
    let secret = secret.trim();
    let snapshot = Snapshot::new();
    if let Some(token_id) = token_of(services, secret).await? {
        let changes = Changes { tokens: HashSet::from([token_id]), ..Changes::default() };
        snapshot.apply(services, &Paid::default(), &changes).await?;
    }
    let entry = match snapshot.present(Some(secret)).known() {
        Ok(entry) => entry,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let mut standing = entry.held.lock();
    let license = Arc::clone(&standing.license);
    Ok(decided(&entry.grant, &license, &mut standing.meter, ask, now))
}

/// As somebody who takes the tier today.
async fn by_tier(
    services: &Services,
    actor: &Actor,
    site: &Site,
    tier_id: TierId,
    ask: &Ask,
    now: DateTime<Utc>,
) -> Result<Decided> {
    let on_offer = offers::list(services, actor, Some(site.asset_id)).await?;
    let has_tier = |offer: &&OfferRow| offer.tiers.iter().any(|each| each.tier_id == tier_id);
    let offer = on_offer.iter().find(has_tier);
    let offer = offer.ok_or_else(not_on_offer)?;
    let mut connection = services.pool.acquire().await?;
    let tiers = tiers_of(&mut connection, offer.offer_id).await?;
    let tier = tiers.iter().find(|each| each.tier_id == tier_id).cloned();
    let tier = tier.ok_or_else(not_on_offer)?;
    let somebody: OrgId = mint();
    let license = Licensed {
        license_id: mint(),
        org_id: somebody,
        creator_org_id: somebody,
        asset_id: site.asset_id,
        site_host: Some(site.host.clone()),
        standing: Standing { state: State::Active, starts_at: now, ends_at: None },
        terms_digest: offer.terms.digest.clone(),
        terms_scopes: offer.terms.terms.scopes.iter().copied().collect(),
        tier: Arc::clone(&tier),
        tiers,
        spend_cap_micros: None,
        carried: Carried::default(),
        contents: Arc::default(),
    };
    let grant = Grant { token_id: mint(), scopes: tier.scopes, expires_at: None, limits: None };
    Ok(decided(&grant, &license, &mut Meter::default(), ask, now))
}

fn not_on_offer() -> Refusal {
    Refusal::invalid("asker", t!("Choose one of those listed."))
}

/// The gate's decision. A page is never known for a repeat beforehand.
fn decided(
    grant: &Grant,
    license: &Licensed,
    meter: &mut Meter,
    ask: &Ask,
    now: DateTime<Utc>,
) -> Decided {
    decide(grant, license, meter, ask, now, |_, _, _| false)
        .map(|decision| (decision.scope, decision.tier.name.clone()))
        .map_err(|denial| denial.refusal)
}

// SQL

async fn token_of(services: &Services, secret: &str) -> Result<Option<TokenId>> {
    let Some(hash) = TokenSecret::hash_of(secret) else { return Ok(None) };
    let token_id = sqlx::query_scalar!(
        "select token_id from access_token where secret_hash = $1",
        hash.as_slice(),
    )
    .fetch_optional(&services.pool)
    .await?;
    Ok(token_id)
}

#[cfg(test)]
mod tests {
    use super::path_of;

    #[test]
    fn a_path_is_read_from_an_address_too() {
        for (typed, path) in [
            ("/news/today", "/news/today"),
            (" /news?page=2#top ", "/news"),
            ("https://gazette.example/news?x", "/news"),
            ("http://gazette.example:3000/a/b", "/a/b"),
            ("https://gazette.example", "/"),
            ("news", "news"),
            ("https://other.example/news", "https://other.example/news"),
            ("", ""),
        ] {
            assert_eq!(path_of(typed, "gazette.example"), path, "{typed}");
        }
    }
}
