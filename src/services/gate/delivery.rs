//! A request on its way through the gate: looked at, admitted, sealed.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::meters::{NonceHold, Reservation};
use crate::domain::{
    asset::ContentId,
    gate::{Content, Licensed, Nonce, Rate},
    ids::TokenId,
    metering::JobName,
    receipt::Receipt,
    terms::Scope,
};

/// A request that may be answered with everything but content.
#[derive(Debug)]
pub struct Look {
    /// The registered bytes; nothing for a page of a site.
    pub content: Option<Arc<Content>>,
    pub license: Arc<Licensed>,
    /// Where the license's bucket stands.
    pub rate: Rate,
}

/// A request that may be answered with content. Dropping it gives back what was set aside for it.
#[derive(Debug)]
pub struct Admission {
    /// The registered bytes; nothing for a page of a site.
    pub content: Option<Arc<Content>>,
    pub license: Arc<Licensed>,
    pub scope: Scope,
    /// Where the license's bucket stands.
    pub rate: Rate,
    pub(super) token_id: TokenId,
    pub(super) job: Option<JobName>,
    /// The consumer's own, if it sent one.
    pub(super) nonce: Option<Nonce>,
    pub(super) nonce_hold: NonceHold,
    pub(super) at: DateTime<Utc>,
    pub(super) reservation: Reservation,
}

/// What leaves under an admission.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parcel {
    /// Of the whole content, also where only a part of it leaves.
    pub content_id: ContentId,
    /// How many bytes leave.
    pub bytes: u64,
    /// Which part of the content they are, as `Content-Range` says it (RFC 9110, section 14.4).
    pub range: Option<String>,
    /// Where they were asked for, for a page of a site: `https://host/path?query`.
    pub resource: Option<String>,
}

impl Parcel {
    /// The whole of registered content.
    pub fn whole(content: &Content) -> Self {
        Self {
            content_id: content.content_id.clone(),
            bytes: content.bytes,
            range: None,
            resource: None,
        }
    }
}

impl Admission {
    /// The token it was granted to.
    pub const fn token_id(&self) -> TokenId {
        self.token_id
    }

    /// When it was granted.
    pub const fn at(&self) -> DateTime<Utc> {
        self.at
    }
}

/// An admission with its signed receipt, which is worth nothing until it is recorded.
#[derive(Debug)]
pub struct Delivery {
    pub receipt: Receipt,
    /// The compact JWS.
    pub jws: String,
    pub(super) admission: Admission,
}

impl Delivery {
    /// What it is delivered under.
    pub fn license(&self) -> &Arc<Licensed> {
        &self.admission.license
    }
}
