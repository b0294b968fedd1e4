//! The secret that signs feed cursors (HMAC-SHA256).
//!
//! Every process of a deployment needs the same one, or a cursor opens only where it was made.

use aws_lc_rs::hmac;
use chrono::{DateTime, Utc};

use crate::domain::{
    cursor::{Binding, Cursor},
    error::Refusal,
};

/// Seals and opens cursors.
#[derive(Clone)]
pub struct CursorKey(hmac::Key);

impl CursorKey {
    /// A key of these bytes.
    pub fn new(secret: &[u8; 32]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, secret))
    }

    /// The text handed out for a place in the feed with this binding.
    pub fn seal(&self, cursor: &Cursor, binding: &Binding, now: DateTime<Utc>) -> String {
        cursor.seal(binding, now, |bytes| {
            let mut tag = [0; 32];
            tag.copy_from_slice(hmac::sign(&self.0, bytes).as_ref());
            tag
        })
    }

    /// The place that was handed out.
    ///
    /// # Errors
    ///
    /// `invalid_cursor` or `expired_cursor`.
    pub fn open(
        &self,
        text: &str,
        binding: &Binding,
        now: DateTime<Utc>,
    ) -> Result<Cursor, Refusal> {
        Cursor::open(text, binding, now, |bytes, tag| hmac::verify(&self.0, bytes, tag).is_ok())
    }
}

impl std::fmt::Debug for CursorKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CursorKey")
    }
}
