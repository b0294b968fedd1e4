//! A licensable work and the immutable states of its bytes.
//!
//! A content ID names bytes, not a work: it is `sha256:` and 64 hex digits of exactly those bytes.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{error::Refusal, text, text::text_enum};

/// The most characters a title may have.
pub const TITLE_LENGTH_MAX: usize = 200;
/// The most characters a description may have.
pub const DESCRIPTION_LENGTH_MAX: usize = 4000;
/// The most characters an attribution line may have.
pub const ATTRIBUTION_LENGTH_MAX: usize = 200;

text_enum! {
    /// What sort of work it is.
    pub enum AssetKind("kind") {
        Text = "text",
        Image = "image",
        Audio = "audio",
        Video = "video",
        Code = "code",
        Data = "data",
        /// Pages of a host, licensed by path; it has no versions.
        Site = "site",
    }
}

impl AssetKind {
    /// As a heading says it.
    pub const fn in_words(self) -> &'static str {
        match self {
            Self::Text => "Text",
            Self::Image => "Image",
            Self::Audio => "Audio",
            Self::Video => "Video",
            Self::Code => "Code",
            Self::Data => "Data set",
            Self::Site => "Site",
        }
    }

    /// What can be registered by uploading bytes.
    pub fn uploaded() -> impl Iterator<Item = Self> {
        Self::ALL.iter().copied().filter(|kind| *kind != Self::Site)
    }
}

/// `sha256:` and 64 hex digits, lower case.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ContentId(String);

impl ContentId {
    /// The content ID of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self::from_digest(&Sha256::digest(bytes).into())
    }

    /// The content ID with this SHA-256.
    pub fn from_digest(digest: &[u8; 32]) -> Self {
        Self(format!("sha256:{}", hex(digest)))
    }

    /// The whole text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The 64 hex digits alone.
    pub fn hex(&self) -> &str {
        &self.0["sha256:".len()..]
    }
}

impl fmt::Display for ContentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for ContentId {
    type Err = Refusal;

    fn from_str(text: &str) -> Result<Self, Refusal> {
        let digits = text.strip_prefix("sha256:").ok_or_else(|| Refusal::not_found("content"))?;
        if digits.len() == 64 && digits.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
            Ok(Self(text.to_owned()))
        } else {
            Err(Refusal::not_found("content"))
        }
    }
}

impl TryFrom<String> for ContentId {
    type Error = Refusal;

    fn try_from(text: String) -> Result<Self, Refusal> {
        text.parse()
    }
}

impl From<ContentId> for String {
    fn from(content_id: ContentId) -> Self {
        content_id.0
    }
}

/// Lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    use fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut out, byte| {
        // Writing to a String cannot fail.
        let _ = write!(out, "{byte:02x}");
        out
    })
}

/// What a creator says about a work when registering it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Particulars {
    pub title: String,
    pub description: String,
    /// The credit line that users of the work must show, where the terms ask for one.
    pub attribution: String,
    pub kind: AssetKind,
}

impl Particulars {
    /// Reads what was typed; the refusal names the first field to mend.
    pub fn parse(
        title: &str,
        description: &str,
        attribution: &str,
        kind: &str,
    ) -> Result<Self, Refusal> {
        let title = text::line("title", title, TITLE_LENGTH_MAX)?;
        let kind = kind.parse()?;
        if kind == AssetKind::Site {
            return Err(Refusal::invalid("kind", "A site is claimed by its host, not uploaded."));
        }
        Ok(Self {
            title,
            kind,
            description: text::paragraphs("description", description, DESCRIPTION_LENGTH_MAX)?,
            attribution: text::line("attribution", attribution, ATTRIBUTION_LENGTH_MAX)?,
        })
    }

    /// The same, of a site.
    pub fn of_site(title: &str, description: &str, attribution: &str) -> Result<Self, Refusal> {
        // Any kind that is uploaded leads through the same checks.
        let particulars = Self::parse(title, description, attribution, AssetKind::Text.as_str())?;
        Ok(Self { kind: AssetKind::Site, ..particulars })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_content_id_is_the_sha256_of_the_bytes() {
        // FIPS 180-2, appendix B.1.
        assert_eq!(
            ContentId::of(b"abc").as_str(),
            "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }

    #[test]
    fn only_a_whole_lower_case_digest_is_a_content_id() {
        let good = ContentId::of(b"abc").to_string();
        assert_eq!(good.parse::<ContentId>().unwrap().as_str(), good);
        for bad in [&good[..70], &good.to_uppercase(), "sha256:", "", &format!("{good}0")] {
            assert!(bad.parse::<ContentId>().is_err(), "{bad}");
        }
    }

    #[test]
    fn particulars_name_the_field_to_mend() {
        for kind in ["song", "site"] {
            let refusal = Particulars::parse("A", "", "Mira", kind).unwrap_err();
            assert_eq!(refusal.field.as_deref(), Some("kind"));
        }
        let refusal = Particulars::parse("", "", "Mira", "text").unwrap_err();
        assert_eq!(refusal.field.as_deref(), Some("title"));
    }
}
