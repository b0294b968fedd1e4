//! Works: registering them, changing what is said about them, and reading one's own.
//!
//! Always true: a work is registered whole or not at all, for its bytes are kept before its row is
//! written, never after. Bytes whose row was refused all the same are removed a day later, by
//! `sweep`. Bytes have one owner: whoever brings them second raises a claim.

mod batch;
mod claims;
mod edit;
mod preview;
mod provenance;
mod read;
mod register;
mod rows;
mod sweep;
mod versions;

pub use batch::{Batch, BatchOutcome, CameOf};
pub use claims::{Claim, claims, reopen_claim, withdraw_claim};
pub use edit::{Edit, edit, may_edit};
pub use preview::{Audience, Media, Preview, Previewed, media, preview, sample_bytes};
pub use provenance::{provenance, public_provenance};
pub use read::{Asset, AssetPage, AssetRow, Version, get, list, page, version};
pub use register::{NewAsset, may_register, register};
pub(super) use rows::insert_asset;
pub use sweep::sweep;
pub use versions::{NewVersion, add_version};

use super::{Result, content::Staged, media_type};
use crate::domain::{
    asset::AssetKind,
    error::Refusal,
    ids::{AssetId, ClaimId},
};

/// What came of bytes that somebody brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Registered {
    /// They are a version of this work.
    Work(AssetId),
    /// Another organization had registered them before; this claim says so.
    Claim(ClaimId),
}

impl Registered {
    /// The work.
    ///
    /// # Errors
    ///
    /// A conflict if it became a claim instead.
    pub fn work(self) -> Result<AssetId> {
        match self {
            Self::Work(asset_id) => Ok(asset_id),
            Self::Claim(_) => Err(Refusal::conflict(
                "content_claimed",
                t!("Another creator registered exactly these bytes first, so a claim was raised."),
            )
            .into()),
        }
    }
}

/// The kind that an upload most likely is.
pub fn likely_kind(staged: &Staged, file_name: &str) -> AssetKind {
    AssetKind::likely(media_type::of(&staged.head, file_name), file_name)
}

#[cfg(test)]
mod tests;
