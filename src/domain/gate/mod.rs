//! Who gets which bytes: the gate's decision, as a pure function of a grant, a request and a clock.
//!
//! Checks run in one order and the first that fails answers, so a request wrong in two ways always
//! gets the same code. A refusal takes nothing from any quota.

mod nonce;

use std::sync::Arc;

use chrono::{DateTime, Datelike as _, Months, TimeDelta, Utc};

pub use nonce::Nonce;

use super::{
    asset::ContentId,
    error::{Kind, Refusal},
    ids::{AssetId, LicenseId, OrgId, TokenId},
    license::Standing,
    metering::{JobName, month_start},
    terms::Scope,
};

/// In which order a use is chosen for a request that names none.
const SCOPES_UNNAMED: [Scope; 3] = [Scope::Training, Scope::Inference, Scope::Preview];

/// Bytes that can be delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    pub content_id: ContentId,
    pub asset_id: AssetId,
    pub bytes: u64,
    pub media_type: String,
    pub registered_at: DateTime<Utc>,
}

/// What a license allows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Licensed {
    pub license_id: LicenseId,
    /// The buyer.
    pub org_id: OrgId,
    pub creator_org_id: OrgId,
    /// The licensed work.
    pub asset_id: AssetId,
    /// Where the work is a site: its host, in lower case and without a port.
    pub site_host: Option<String>,
    pub standing: Standing,
    pub terms_digest: String,
    pub terms_scopes: Vec<Scope>,
    pub tier_name: String,
    pub tier_scopes: Vec<Scope>,
    pub rate_per_minute: u32,
    /// Units a calendar month.
    pub included_units: i64,
    /// Whether the included units are all there is: there is no price for more.
    pub hard_stop: bool,
    /// Every version of the licensed work; a site has none.
    pub contents: Arc<[Content]>,
}

/// What a known token allows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    pub token_id: TokenId,
    pub scopes: Vec<Scope>,
    pub expires_at: Option<DateTime<Utc>>,
    pub license: Arc<Licensed>,
}

impl Grant {
    /// Whether the token has not run out.
    pub fn in_force(&self, now: DateTime<Utc>) -> Result<(), Refusal> {
        if self.expires_at.is_none_or(|end| now < end) { Ok(()) } else { Err(invalid_token()) }
    }

    fn scope_granted(&self, scope: Scope) -> bool {
        self.scopes.contains(&scope)
            && self.license.tier_scopes.contains(&scope)
            && self.license.terms_scopes.contains(&scope)
    }
}

/// What came along as credentials. `T` is whatever a token in force leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presented<T> {
    /// Nothing.
    Nothing,
    /// Something that is no token in force: malformed, unknown or revoked.
    Unknown,
    /// A token in force.
    Known(T),
}

impl<T> Presented<T> {
    /// The first check of every decision.
    pub fn known(self) -> Result<T, Refusal> {
        match self {
            Self::Known(known) => Ok(known),
            Self::Unknown => Err(invalid_token()),
            Self::Nothing => Err(Refusal::new(
                Kind::Unauthenticated,
                "missing_token",
                "Send a token: “Authorization: Bearer sk_…”.",
            )),
        }
    }
}

/// Which use is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AskedScope {
    /// None is named: training, inference or preview, the first that is granted.
    Unnamed,
    Named(Scope),
    /// A use nobody can grant.
    Unknown,
}

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// Registered bytes; nothing where what was sent is no content ID.
    Content(Option<ContentId>),
    /// A path of the site that the host names, beginning with a slash and without a query.
    Page(String),
}

/// A request, as it was sent.
#[derive(Clone, Debug)]
pub struct Ask {
    /// Whom it was sent to: in lower case and without a port.
    pub host: String,
    pub subject: Subject,
    pub scope: AskedScope,
    pub job: Result<Option<JobName>, Refusal>,
    pub nonce: Result<Option<Nonce>, Refusal>,
}

/// A yes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision<'a> {
    /// The registered bytes; nothing for a page of a site, whose bytes are yet to come.
    pub content: Option<&'a Content>,
    pub scope: Scope,
    pub job: Option<JobName>,
    /// Requests left in the bucket.
    pub rate_remaining: u32,
    /// Whether a unit of the quota was set aside. A known repeat takes none.
    pub reserved: bool,
}

/// A yes that holds whether or not the quota has a unit left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Permit<'a> {
    /// The registered bytes; nothing for a page of a site.
    pub content: Option<&'a Content>,
    pub scope: Scope,
    pub job: Option<JobName>,
    /// Requests left in the bucket.
    pub rate_remaining: u32,
}

/// A no, and what a machine needs to do better.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denial {
    pub refusal: Refusal,
    /// Seconds after which asking again may help.
    pub retry_after: Option<u64>,
    pub rate_remaining: Option<u32>,
}

impl From<Refusal> for Denial {
    fn from(refusal: Refusal) -> Self {
        Self { refusal, retry_after: None, rate_remaining: None }
    }
}

/// Every check but the quota's: all that a request which takes no content needs.
pub fn permit<'a>(
    grant: &'a Grant,
    meter: &mut Meter,
    ask: &Ask,
    now: DateTime<Utc>,
) -> Result<Permit<'a>, Denial> {
    grant.in_force(now)?;
    let license = &*grant.license;
    license.standing.admits(now)?;
    let content = find(license, ask)?;
    let scope = choose_scope(grant, ask.scope)?;
    let job = ask.job.clone()?;

    let rate_remaining =
        meter.bucket.take(license.rate_per_minute, now).map_err(|wait| Denial {
            refusal: Refusal::new(
                Kind::TooMany,
                "rate_limited",
                format!(
                    "The tier {} allows {} requests a minute. Wait before the next one.",
                    license.tier_name, license.rate_per_minute
                ),
            ),
            retry_after: Some(whole_seconds(wait)),
            rate_remaining: Some(0),
        })?;
    Ok(Permit { content, scope, job, rate_remaining })
}

/// Decides about a known token. `paid_before` says whether this use is known to be a repeat; it is
/// asked only where the quota is used up, for repeats are served beyond it.
pub fn decide<'a>(
    grant: &'a Grant,
    meter: &mut Meter,
    ask: &Ask,
    now: DateTime<Utc>,
    paid_before: impl FnOnce(&Content, Scope, Option<&JobName>) -> bool,
) -> Result<Decision<'a>, Denial> {
    let Permit { content, scope, job, rate_remaining } = permit(grant, meter, ask, now)?;
    let license = &*grant.license;
    let reserved = meter.reserve(license, now);
    if !reserved && !content.is_some_and(|content| paid_before(content, scope, job.as_ref())) {
        let next = month_start(now).checked_add_months(Months::new(1)).unwrap_or(now);
        return Err(Denial {
            refusal: Refusal::new(
                Kind::TooMany,
                "quota_exceeded",
                format!(
                    "The {} units of this month are used up. They start again on {}; a larger tier has more.",
                    license.included_units,
                    next.format("%Y-%m-%d"),
                ),
            ),
            retry_after: Some(whole_seconds(next - now)),
            rate_remaining: Some(rate_remaining),
        });
    }
    Ok(Decision { content, scope, job, rate_remaining, reserved })
}

fn invalid_token() -> Refusal {
    Refusal::new(
        Kind::Forbidden,
        "invalid_token",
        "This token is unknown, revoked or expired. Use another one.",
    )
}

fn find<'a>(license: &'a Licensed, ask: &Ask) -> Result<Option<&'a Content>, Refusal> {
    let found = match &ask.subject {
        Subject::Content(asked) => asked
            .as_ref()
            .and_then(|asked| license.contents.iter().find(|each| each.content_id == *asked))
            .map(Some),
        Subject::Page(_) => (license.site_host.as_ref() == Some(&ask.host)).then_some(None),
    };
    found.ok_or_else(|| {
        Refusal::new(
            Kind::Forbidden,
            "content_not_licensed",
            "The license of this token does not cover this content.",
        )
    })
}

fn choose_scope(grant: &Grant, asked: AskedScope) -> Result<Scope, Refusal> {
    let granted = match asked {
        AskedScope::Named(scope) => Some(scope).filter(|&scope| grant.scope_granted(scope)),
        AskedScope::Unnamed => SCOPES_UNNAMED.into_iter().find(|&scope| grant.scope_granted(scope)),
        AskedScope::Unknown => None,
    };
    granted.ok_or_else(|| {
        let all = SCOPES_UNNAMED.into_iter().filter(|&scope| grant.scope_granted(scope));
        let all: Vec<&str> = all.map(Scope::as_str).collect();
        let sentence = if all.is_empty() {
            "This token, its tier and the terms have no use in common.".to_owned()
        } else {
            format!("This token may be used for: {}.", all.join(", "))
        };
        Refusal::new(Kind::Forbidden, "scope_not_granted", sentence)
    })
}

fn whole_seconds(wait: TimeDelta) -> u64 {
    let up = wait + TimeDelta::nanoseconds(999_999_999);
    u64::try_from(up.num_seconds()).unwrap_or(0).max(1)
}

/// What a license has used up: its token bucket, and the units of this calendar month.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Meter {
    bucket: Bucket,
    /// Months since the year 0; the count is that month's.
    month: i32,
    used: i64,
}

impl Meter {
    /// A meter that has counted `used` units in the month of `now`.
    pub fn new(used: i64, now: DateTime<Utc>) -> Self {
        Self { bucket: Bucket::default(), month: month_number(now), used }
    }

    /// Units used or set aside in the month of `now`.
    pub fn used(&self, now: DateTime<Utc>) -> i64 {
        if self.month == month_number(now) { self.used } else { 0 }
    }

    /// Sets a unit aside; false if the quota is a hard stop and used up.
    fn reserve(&mut self, license: &Licensed, now: DateTime<Utc>) -> bool {
        self.turn_to(now);
        if license.hard_stop && self.used >= license.included_units {
            return false;
        }
        self.used = self.used.saturating_add(1);
        true
    }

    /// Gives back a unit that was set aside in the month of `reserved_at`.
    pub fn give_back(&mut self, reserved_at: DateTime<Utc>) {
        if self.month == month_number(reserved_at) {
            self.used = self.used.saturating_sub(1);
        }
    }

    fn turn_to(&mut self, now: DateTime<Utc>) {
        let month = month_number(now);
        if self.month < month {
            (self.month, self.used) = (month, 0);
        }
    }
}

fn month_number(at: DateTime<Utc>) -> i32 {
    let month = i32::try_from(at.month0()).unwrap_or(0);
    at.year().saturating_mul(12).saturating_add(month)
}

/// A token bucket that holds a minute's worth of requests and refills evenly, kept as the one
/// instant at which it would be full again (GCRA).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bucket {
    /// Nanoseconds since the epoch.
    full_at: i64,
}

const MINUTE_NANOS: i64 = 60_000_000_000;

impl Bucket {
    /// Takes one request out and says how many are left, or how long to wait for the next.
    pub fn take(&mut self, rate_per_minute: u32, now: DateTime<Utc>) -> Result<u32, TimeDelta> {
        let interval = MINUTE_NANOS / i64::from(rate_per_minute.max(1));
        let capacity = interval.saturating_mul(i64::from(rate_per_minute.max(1)));
        let now = now.timestamp_nanos_opt().unwrap_or(i64::MAX / 2);
        let full_at = self.full_at.max(now).saturating_add(interval);
        let missing = full_at - now;
        if missing > capacity {
            return Err(TimeDelta::nanoseconds(missing - capacity));
        }
        self.full_at = full_at;
        Ok(u32::try_from((capacity - missing) / interval).unwrap_or(0))
    }
}

#[cfg(test)]
mod tests;
