//! The decision itself. Checks run in one order and the first that fails answers, so a request wrong
//! in two ways always gets the same code:
//!
//! 1. the token is in force: `missing_token`, `invalid_token`;
//! 2. the license is active now: `license_inactive`;
//! 3. the token may ask this host, and the license covers what is asked: `domain_not_allowed`,
//!    `content_not_licensed`, `invalid_path`, `tier_required`, `path_not_allowed`;
//! 4. token, tier and terms grant the use, the token the job, and the nonce is new:
//!    `scope_not_granted`, `invalid_job`, `job_not_allowed`, `invalid_nonce`, `nonce_required`,
//!    `nonce_replayed`, `nonces_full`;
//! 5. the bucket has a request left: `rate_limited`;
//! 6. the quota and the spend cap have a unit left: `quota_exceeded`, `spend_cap_reached`.
//!
//! Whatever fails before 5 takes nothing at all. A request that gets as far as 6 has taken a request
//! from the bucket, whatever 6 says. Only a yes takes a unit and uses the nonce.

use std::sync::Arc;

use chrono::{DateTime, Months, Utc};

use super::{
    Ask, AskedScope, Content, Grant, Licensed, Mark, Meter, Nonce, Rate, Reserved, Scopes,
    Shortage, SitePath, Subject, TierLimits, bucket::whole_seconds,
};
use crate::domain::{
    error::{Kind, Refusal},
    metering::{JobName, month_start},
    terms::Scope,
};

/// The uses a gate delivers for, in the order in which one is chosen for a request that names none.
/// Whatever else terms may grant takes place elsewhere, and is reported.
const SCOPES_SERVED: [Scope; 3] = [Scope::Training, Scope::Inference, Scope::Preview];

/// A yes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision<'a> {
    /// The registered bytes; nothing for a page of a site, whose bytes are yet to come.
    pub content: Option<&'a Arc<Content>>,
    pub scope: Scope,
    pub job: Option<JobName>,
    /// The consumer's nonce, which is now used.
    pub nonce: Option<(Nonce, Mark)>,
    pub rate: Rate,
    /// The tier it is served under; another than the license's where it moves up.
    pub tier: &'a TierLimits,
    /// The unit that was set aside. A known repeat may take none.
    pub reserved: Option<Reserved>,
}

/// A yes that holds whether or not the quota has a unit left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Permit<'a> {
    /// The registered bytes; nothing for a page of a site.
    pub content: Option<&'a Arc<Content>>,
    pub scope: Scope,
    pub job: Option<JobName>,
    /// The consumer's nonce, which is not used yet.
    pub nonce: Option<(Nonce, Mark)>,
    pub rate: Rate,
}

/// A no, and what a machine needs to do better.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denial {
    pub refusal: Refusal,
    /// Seconds after which asking again may help.
    pub retry_after: Option<u64>,
    /// Where the bucket stands; there from the check of the rate on.
    pub rate: Option<Rate>,
    /// There with `tier_required`.
    pub tiers: Option<Box<TierGap>>,
}

/// Which tier a path needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TierGap {
    /// The lowest tier of the license's offer that covers the path.
    pub required: String,
    pub current: String,
}

impl From<Refusal> for Denial {
    fn from(refusal: Refusal) -> Self {
        Self { refusal, retry_after: None, rate: None, tiers: None }
    }
}

/// Every check but the quota's: all that a request which takes no content needs.
pub fn permit<'a>(
    grant: &Grant,
    license: &'a Licensed,
    meter: &mut Meter,
    ask: &Ask,
    now: DateTime<Utc>,
) -> Result<Permit<'a>, Denial> {
    grant.in_force(now)?;
    license.standing.admits(now)?;
    let tier = meter.tier(license, now);
    if !grant.limits().admit_host(&ask.host) {
        return Err(refuse(
            "domain_not_allowed",
            t!("This token may not be used for this domain."),
        )
        .into());
    }
    let content = cover(license, tier, &ask.subject, &ask.host)?;
    let scope = choose_scope(grant.scopes.and(tier.scopes).and(license.terms_scopes), ask.scope)?;
    let job = ask.job.clone()?;
    if !grant.limits().admit_job(job.as_ref()) {
        return Err(refuse(
            "job_not_allowed",
            t!("This token may only be used for the jobs it names. Send one of them as Imprimatur-Job."),
        )
        .into());
    }
    let nonce = new_nonce(grant, meter, ask, job.as_ref(), now)?;
    let rate = meter.bucket.take(tier.rate_per_minute, now).map_err(|empty| Denial {
        retry_after: Some(whole_seconds(empty.wait)),
        rate: Some(empty.rate),
        ..Denial::from(Refusal::new(
            Kind::TooMany,
            "rate_limited",
            t!(
                "The tier {name} allows {rate_per_minute} requests a minute. Wait before the next one.",
                name = tier.name, rate_per_minute = tier.rate_per_minute
            ),
        ))
    })?;
    Ok(Permit { content, scope, job, nonce, rate })
}

/// Decides about a known token. `paid_before` says whether this use is known to be a repeat; it is
/// asked only where one more unit would be refused or move the license to another tier, for a repeat
/// is served and does neither.
pub fn decide<'a>(
    grant: &Grant,
    license: &'a Licensed,
    meter: &mut Meter,
    ask: &Ask,
    now: DateTime<Utc>,
    paid_before: impl FnOnce(&Content, Scope, Option<&JobName>) -> bool,
) -> Result<Decision<'a>, Denial> {
    let Permit { content, scope, job, nonce, rate } = permit(grant, license, meter, ask, now)?;
    let bytes = content.map(|content| content.bytes);
    let next = meter.next(license, scope, bytes, now);
    let within = next.is_ok_and(|next| next.tier.tier_id == license.tier.tier_id);
    let repeat =
        !within && content.is_some_and(|content| paid_before(content, scope, job.as_ref()));
    let (tier, reserved) = match next {
        _ if repeat => (meter.tier(license, now), None),
        Ok(next) => {
            meter.take(&next);
            (next.tier, Some(next.reserved))
        }
        Err(shortage) => return Err(used_up(license, meter, shortage, rate, now)),
    };
    if let Some((_, mark)) = nonce {
        meter.nonces.keep(mark, now);
    }
    Ok(Decision { content, scope, job, nonce, rate, tier, reserved })
}

fn refuse(code: &'static str, sentence: impl Into<String>) -> Refusal {
    Refusal::new(Kind::Forbidden, code, sentence)
}

/// Finds what is asked for among what the license covers.
fn cover<'a>(
    license: &'a Licensed,
    tier: &TierLimits,
    subject: &Subject,
    host: &str,
) -> Result<Option<&'a Arc<Content>>, Denial> {
    let not_licensed = || {
        refuse("content_not_licensed", t!("The license of this token does not cover this content."))
            .into()
    };
    let sent = match subject {
        Subject::Content(asked) => {
            let asked = asked.as_ref().ok_or_else(not_licensed)?;
            let found = license.contents.iter().find(|each| each.content_id == *asked);
            return found.map(Some).ok_or_else(not_licensed);
        }
        Subject::Page(sent) => sent,
    };
    if license.site_host.as_deref() != Some(host) {
        return Err(not_licensed());
    }
    let path = SitePath::parse(sent)?;
    if tier.paths.admit(&path) {
        return Ok(None);
    }
    let Some(required) = license.tiers.iter().find(|other| other.paths.admit(&path)) else {
        return Err(
            refuse("path_not_allowed", t!("No tier of this license covers this path.")).into()
        );
    };
    let sentence = t!(
        "This path needs the tier {name}; the license is on {name_2}.",
        name = required.name,
        name_2 = tier.name
    );
    Err(Denial {
        tiers: Some(Box::new(TierGap {
            required: required.name.clone(),
            current: tier.name.clone(),
        })),
        ..Denial::from(refuse("tier_required", sentence))
    })
}

fn choose_scope(granted: Scopes, asked: AskedScope) -> Result<Scope, Refusal> {
    let served = SCOPES_SERVED.into_iter().filter(|&scope| granted.contains(scope));
    let chosen = match asked {
        AskedScope::Named(named) => served.clone().find(|&scope| scope == named),
        AskedScope::Unnamed => served.clone().next(),
        AskedScope::Unknown => None,
    };
    chosen.ok_or_else(|| {
        let all: Vec<&str> = served.map(Scope::as_str).collect();
        let sentence = if all.is_empty() {
            t!("This token, its tier and the terms have no use in common.").to_owned()
        } else {
            t!("This token may be used for: {value}.", value = all.join(", "))
        };
        refuse("scope_not_granted", sentence)
    })
}

fn new_nonce(
    grant: &Grant,
    meter: &mut Meter,
    ask: &Ask,
    job: Option<&JobName>,
    now: DateTime<Utc>,
) -> Result<Option<(Nonce, Mark)>, Denial> {
    let Some(nonce) = ask.nonce.clone()? else {
        if !grant.limits().requires_nonce {
            return Ok(None);
        }
        return Err(Refusal::new(
            Kind::Malformed,
            "nonce_required",
            t!("This token needs a new nonce with every request. Send one as Imprimatur-Nonce."),
        )
        .into());
    };
    let mark = Mark::new(job, nonce.as_str());
    meter.nonces.check(mark, now).map_err(|refusal| Denial {
        retry_after: (refusal.kind == Kind::Unavailable).then_some(60),
        ..refusal.into()
    })?;
    Ok(Some((nonce, mark)))
}

fn used_up(
    license: &Licensed,
    meter: &Meter,
    shortage: Shortage,
    rate: Rate,
    now: DateTime<Utc>,
) -> Denial {
    let next_month = month_start(now).checked_add_months(Months::new(1)).unwrap_or(now);
    let day = next_month.format("%Y-%m-%d");
    let refusal = match shortage {
        Shortage::Quota => Refusal::new(
            Kind::TooMany,
            "quota_exceeded",
            t!(
                "The {value} units of this month are used up. They start again on {day}; a larger tier has more.",
                value = meter.month_units(license, now).unwrap_or(0),
            ),
        ),
        Shortage::SpendCap => Refusal::new(
            Kind::TooMany,
            "spend_cap_reached",
            t!("The spend cap of this license is reached. Raise it, or wait until {day}."),
        ),
    };
    Denial {
        retry_after: Some(whole_seconds(next_month - now)),
        rate: Some(rate),
        ..refusal.into()
    }
}
