//! A licensable work and the immutable states of its bytes.
//!
//! A content ID names bytes, not a work: it is `sha256:` and 64 hex digits of exactly those bytes.

pub mod batch;
mod language;
mod particulars;

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{error::Refusal, text::text_enum};

pub use language::{Language, WELL_KNOWN as WELL_KNOWN_LANGUAGES};
pub use particulars::{
    ATTRIBUTION_LENGTH_MAX, DESCRIPTION_LENGTH_MAX, Particulars, RIGHTS_LENGTH_MAX, TAG_LENGTH_MAX,
    TAGS_MAX, TITLE_LENGTH_MAX, TypedParticulars,
};

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
    pub fn in_words(self) -> &'static str {
        match self {
            Self::Text => t!("Text"),
            Self::Image => t!("Image"),
            Self::Audio => t!("Audio"),
            Self::Video => t!("Video"),
            Self::Code => t!("Code"),
            Self::Data => t!("Data set"),
            Self::Site => t!("Site"),
        }
    }

    /// What can be registered by uploading bytes.
    pub fn uploaded() -> impl Iterator<Item = Self> {
        Self::ALL.iter().copied().filter(|kind| *kind != Self::Site)
    }

    /// The kind that bytes of this type most likely are; only the name tells code from prose.
    pub fn likely(media_type: &str, file_name: &str) -> Self {
        match media_type.split(['/', ';']).next() {
            Some("image") => return Self::Image,
            Some("audio") => return Self::Audio,
            Some("video") => return Self::Video,
            _ => {}
        }
        let ending = file_name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
        match (media_type.split(';').next().unwrap_or_default(), ending.as_deref()) {
            ("text/csv" | "application/json" | "application/x-ndjson", _) => Self::Data,
            ("text/x-shellscript", _) => Self::Code,
            ("application/pdf" | "application/epub+zip", _) => Self::Text,
            ("text/plain" | "text/markdown", Some(ending)) if CODE_ENDINGS.contains(&ending) => {
                Self::Code
            }
            (text, _) if text.starts_with("text/") => Self::Text,
            _ => Self::Data,
        }
    }
}

/// What the names of files of code end with.
const CODE_ENDINGS: [&str; 32] = [
    "bash", "c", "cc", "cpp", "cs", "css", "go", "h", "hpp", "hs", "java", "jl", "js", "jsx", "kt",
    "lua", "ml", "php", "pl", "py", "r", "rb", "rs", "scala", "sh", "sql", "swift", "toml", "ts",
    "tsx", "yaml", "yml",
];

text_enum! {
    /// Who finds a work. It says nothing about licenses: those in force go on whatever it is.
    pub enum Visibility("visibility") {
        /// Members of its organization only; nobody can license it.
        Private = "private",
        /// Whoever has the link.
        Unlisted = "unlisted",
        /// Everybody: it is in the catalogue.
        Listed = "listed",
    }
}

impl Visibility {
    /// As a choice is called.
    pub fn in_words(self) -> &'static str {
        match self {
            Self::Private => t!("Private"),
            Self::Unlisted => t!("Unlisted"),
            Self::Listed => t!("Listed"),
        }
    }

    /// What choosing it means, once there is an offer.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Private => t!("Only your organization sees it. Licenses in force go on."),
            Self::Unlisted => t!("Whoever has its link sees it and can license it."),
            Self::Listed => t!("It is in the catalogue."),
        }
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
    fn a_kind_is_told_from_type_and_name() {
        for (media_type, name, kind) in [
            ("image/png", "a.txt", AssetKind::Image),
            ("audio/x-wav", "a", AssetKind::Audio),
            ("video/mp4", "a", AssetKind::Video),
            ("text/csv; charset=utf-8", "a.csv", AssetKind::Data),
            ("application/json", "a.json", AssetKind::Data),
            ("text/plain; charset=utf-8", "main.RS", AssetKind::Code),
            ("text/plain; charset=utf-8", "essay", AssetKind::Text),
            ("text/markdown; charset=utf-8", "essay.md", AssetKind::Text),
            ("application/pdf", "essay.pdf", AssetKind::Text),
            ("application/zip", "all.zip", AssetKind::Data),
            ("application/octet-stream", "main.rs", AssetKind::Data),
        ] {
            assert_eq!(AssetKind::likely(media_type, name), kind, "{media_type} {name}");
        }
    }

    #[test]
    fn only_a_whole_lower_case_digest_is_a_content_id() {
        let good = ContentId::of(b"abc").to_string();
        assert_eq!(good.parse::<ContentId>().unwrap().as_str(), good);
        for bad in [&good[..70], &good.to_uppercase(), "sha256:", "", &format!("{good}0")] {
            assert!(bad.parse::<ContentId>().is_err(), "{bad}");
        }
    }
}
