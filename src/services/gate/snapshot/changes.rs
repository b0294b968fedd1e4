//! What announcements say: which licenses, tokens and works to read again. Too many are everything.

use std::collections::HashSet;

use crate::domain::ids::{AssetId, LicenseId, TokenId, TypedId as _};

/// What was announced to have changed.
#[derive(Debug, Default, PartialEq, Eq)]
pub(in crate::services::gate) struct Changes {
    pub everything: bool,
    pub licenses: HashSet<LicenseId>,
    pub tokens: HashSet<TokenId>,
    pub assets: HashSet<AssetId>,
    pub keys: bool,
}

impl Changes {
    /// More than these are read as everything.
    pub(super) const MAX: usize = 10_000;

    /// Everything there is.
    pub fn everything() -> Self {
        Self { everything: true, ..Self::default() }
    }

    /// Adds what a notification names; one that cannot be read may mean anything.
    pub fn add(&mut self, payload: &str) {
        let (what, id) = payload.split_once(':').unwrap_or((payload, ""));
        let id = id.parse::<uuid::Uuid>();
        match (what, id) {
            ("license", Ok(id)) => drop(self.licenses.insert(LicenseId::from_uuid(id))),
            ("token", Ok(id)) => drop(self.tokens.insert(TokenId::from_uuid(id))),
            ("asset", Ok(id)) => drop(self.assets.insert(AssetId::from_uuid(id))),
            ("receipt_key", _) => self.keys = true,
            _ => self.everything = true,
        }
        self.bound();
    }

    /// Adds what others name.
    pub fn merge(&mut self, others: Self) {
        self.everything |= others.everything;
        self.licenses.extend(others.licenses);
        self.tokens.extend(others.tokens);
        self.assets.extend(others.assets);
        self.keys |= others.keys;
        self.bound();
    }

    fn bound(&mut self) {
        if self.licenses.len() + self.tokens.len() + self.assets.len() > Self::MAX {
            *self = Self::everything();
        }
    }

    /// Whether there is nothing to read.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
