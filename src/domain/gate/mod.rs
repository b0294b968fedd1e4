//! Who gets which bytes: the gate's decision, as a pure function of a grant, a license, what it has
//! used up, a request and a clock. A refusal takes nothing from any quota.

mod bucket;
mod decision;
mod failover;
mod meter;
mod nonce;
mod pattern;
mod scopes;

use std::sync::Arc;

use chrono::{DateTime, Utc};

pub use bucket::{Bucket, Empty, Rate};
pub use decision::{Decision, Denial, Permit, TierGap, decide, permit};
pub use failover::{AWAY_AFTER, Failover};
pub use meter::{Meter, Reserved, Shortage, Units};
pub use nonce::{
    Mark, NONCE_REMEMBERED, NONCES_MAX, NONCES_PER_LICENSE_MAX, Nonce, NonceRoom, UsedNonces,
};
pub use pattern::{
    PATH_LENGTH_MAX, PATTERN_LENGTH_MAX, PATTERNS_MAX, PathRules, Pattern, SitePath,
};
pub use scopes::Scopes;

use super::{
    access_token::{TokenLimits, UNLIMITED},
    asset::ContentId,
    error::{Kind, Refusal},
    ids::{AssetId, LicenseId, OrgId, TierId, TokenId},
    license::Standing,
    metering::{JobName, Unit, month_start},
    pricing::{Overrun, Price},
    terms::Scope,
};

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
    pub terms_scopes: Scopes,
    pub tier: Arc<TierLimits>,
    /// Every tier of the offer, lowest first.
    pub tiers: Arc<[Arc<TierLimits>]>,
    /// What the buyer will spend on it in a calendar month at most; without a cap where missing.
    pub spend_cap_micros: Option<i64>,
    /// Prepaid units left over from earlier months.
    pub carried: Carried,
    /// Every version of the licensed work; a site has none.
    pub contents: Arc<[Arc<Content>]>,
}

/// Prepaid units that an earlier month has left over for this one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Carried {
    pub units: i64,
    /// The first instant of the month they are for.
    pub month: DateTime<Utc>,
}

impl Licensed {
    /// Prepaid units left over for the month of `now`.
    fn carried_units(&self, now: DateTime<Utc>) -> i64 {
        if self.carried.month == month_start(now) { self.carried.units } else { 0 }
    }

    /// The tier above another of the same offer.
    pub fn next_tier(&self, tier: &TierLimits) -> Option<&TierLimits> {
        self.tiers.iter().map(|each| &**each).find(|each| each.position > tier.position)
    }
}

/// What a tier allows. Licenses on one tier share it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TierLimits {
    pub tier_id: TierId,
    /// Among the tiers of its offer.
    pub position: i32,
    pub name: String,
    pub scopes: Scopes,
    pub rate_per_minute: u32,
    pub price: Price,
    /// What a use for inference is counted by.
    pub unit: Unit,
    /// What happens when the units of a month are used up.
    pub overrun: Overrun,
    /// Of a site; they say nothing about registered content.
    pub paths: PathRules,
}

/// What a known token allows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    pub token_id: TokenId,
    pub scopes: Scopes,
    pub expires_at: Option<DateTime<Utc>>,
    /// Missing where the token has none, as most have.
    pub limits: Option<Arc<TokenLimits>>,
}

impl Grant {
    /// Whether the token has not run out.
    pub fn in_force(&self, now: DateTime<Utc>) -> Result<(), Refusal> {
        if self.expires_at.is_none_or(|end| now < end) { Ok(()) } else { Err(invalid_token()) }
    }

    fn limits(&self) -> &TokenLimits {
        self.limits.as_deref().unwrap_or(&UNLIMITED)
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
    /// The same, borrowed.
    pub const fn as_ref(&self) -> Presented<&T> {
        match self {
            Self::Nothing => Presented::Nothing,
            Self::Unknown => Presented::Unknown,
            Self::Known(known) => Presented::Known(known),
        }
    }

    /// The first check of every decision.
    pub fn known(self) -> Result<T, Refusal> {
        match self {
            Self::Known(known) => Ok(known),
            Self::Unknown => Err(invalid_token()),
            Self::Nothing => Err(Refusal::new(
                Kind::Unauthenticated,
                "missing_token",
                t!("Send a token: “Authorization: Bearer sk_…”."),
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
    /// A path of the site that the host names, as it was sent: beginning with a slash and without a
    /// query. Who passes it on sends `SitePath::as_str` of it.
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

fn invalid_token() -> Refusal {
    Refusal::new(
        Kind::Forbidden,
        "invalid_token",
        t!("This token is unknown, revoked or expired. Use another one."),
    )
}

#[cfg(test)]
mod tests;
