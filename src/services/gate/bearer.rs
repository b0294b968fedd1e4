//! Whoever asks, as the snapshot knows them.

use std::sync::Arc;

use super::{attempts::Known, snapshot::Entry};
use crate::domain::{
    error::Refusal,
    gate::{Ask, Content, Presented, Subject},
    ids::{LicenseId, OrgId, TokenId},
};

/// Whoever presents a secret, or none.
pub struct Bearer(pub(super) Presented<Entry>);

/// The machine behind a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Machine {
    pub token_id: TokenId,
    pub license_id: LicenseId,
    pub org_id: OrgId,
}

impl Bearer {
    pub(super) fn known(&self) -> std::result::Result<&Entry, Refusal> {
        self.0.as_ref().known()
    }

    /// Whether no secret came along at all.
    pub const fn presents_nothing(&self) -> bool {
        matches!(self.0, Presented::Nothing)
    }

    /// The token behind it, whether or not it may do anything now.
    pub fn token(&self) -> Option<Known> {
        let Entry { grant, held } = self.known().ok()?;
        Some(Known { token_id: grant.token_id, license: Arc::clone(&held.lock().license) })
    }

    /// The registered bytes that a request is about, if its license covers them. Nothing is decided
    /// by it and nothing is taken.
    pub fn content(&self, ask: &Ask) -> Option<Arc<Content>> {
        let Subject::Content(Some(asked)) = &ask.subject else { return None };
        let held = self.known().ok()?.held.lock();
        held.license.contents.iter().find(|each| each.content_id == *asked).cloned()
    }
}
