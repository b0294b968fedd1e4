//! The language a work is in, as its tag says it (BCP 47): `en`, `pt-BR`.

use std::{fmt, str::FromStr};

use crate::domain::error::Refusal;

/// The most characters of a tag (RFC 5646, section 4.4.1 asks for at least 35).
const LENGTH_MAX: usize = 35;

/// Languages offered by name, by their tags.
pub const WELL_KNOWN: [(&str, &str); 40] = [
    ("ar", n!("Arabic")),
    ("bn", n!("Bengali")),
    ("bg", n!("Bulgarian")),
    ("ca", n!("Catalan")),
    ("zh-Hans", n!("Chinese, simplified")),
    ("zh-Hant", n!("Chinese, traditional")),
    ("hr", n!("Croatian")),
    ("cs", n!("Czech")),
    ("da", n!("Danish")),
    ("nl", n!("Dutch")),
    ("en", n!("English")),
    ("et", n!("Estonian")),
    ("fi", n!("Finnish")),
    ("fr", n!("French")),
    ("de", n!("German")),
    ("el", n!("Greek")),
    ("he", n!("Hebrew")),
    ("hi", n!("Hindi")),
    ("hu", n!("Hungarian")),
    ("id", n!("Indonesian")),
    ("ga", n!("Irish")),
    ("it", n!("Italian")),
    ("ja", n!("Japanese")),
    ("ko", n!("Korean")),
    ("la", n!("Latin")),
    ("lv", n!("Latvian")),
    ("lt", n!("Lithuanian")),
    ("no", n!("Norwegian")),
    ("fa", n!("Persian")),
    ("pl", n!("Polish")),
    ("pt", n!("Portuguese")),
    ("ro", n!("Romanian")),
    ("ru", n!("Russian")),
    ("sk", n!("Slovak")),
    ("es", n!("Spanish")),
    ("sw", n!("Swahili")),
    ("sv", n!("Swedish")),
    ("tr", n!("Turkish")),
    ("uk", n!("Ukrainian")),
    ("vi", n!("Vietnamese")),
];

/// A well-formed language tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Language(String);

impl Language {
    /// The tag.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The language's name where it is well known, else its tag.
    pub fn in_words(tag: &str) -> &str {
        WELL_KNOWN
            .iter()
            .find(|(known, _)| *known == tag)
            .map_or(tag, |(_, name)| crate::words::say(name))
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Language {
    type Err = Refusal;

    fn from_str(text: &str) -> Result<Self, Refusal> {
        let mut parts = text.trim().split('-');
        let language = parts.next().unwrap_or_default().to_ascii_lowercase();
        let refused =
            || Refusal::invalid("language", t!("Write a language tag, such as en or pt-BR."));
        if !(2..=3).contains(&language.len()) || !language.bytes().all(|b| b.is_ascii_lowercase()) {
            return Err(refused());
        }
        let mut tag = language;
        for part in parts {
            if !(1..=8).contains(&part.len()) || !part.bytes().all(|b| b.is_ascii_alphanumeric()) {
                return Err(refused());
            }
            tag.push('-');
            tag.push_str(&in_case(part));
        }
        if tag.len() > LENGTH_MAX { Err(refused()) } else { Ok(Self(tag)) }
    }
}

/// A part as RFC 5646, section 2.1.1 writes it: scripts `Hans`, regions `BR`.
fn in_case(part: &str) -> String {
    let lower = part.to_ascii_lowercase();
    if !part.bytes().all(|b| b.is_ascii_alphabetic()) {
        return lower;
    }
    match part.len() {
        2 => part.to_ascii_uppercase(),
        4 => lower[..1].to_ascii_uppercase() + &lower[1..],
        _ => lower,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_kept_in_its_usual_case() {
        for (typed, kept) in [
            ("EN", "en"),
            (" pt-br ", "pt-BR"),
            ("ZH-hans", "zh-Hans"),
            ("sl-rozaj-1994", "sl-rozaj-1994"),
            ("gsw", "gsw"),
        ] {
            assert_eq!(typed.parse::<Language>().unwrap().as_str(), kept);
        }
        for (tag, _) in WELL_KNOWN {
            assert_eq!(tag.parse::<Language>().unwrap().as_str(), tag);
        }
    }

    #[test]
    fn what_is_no_tag_is_refused() {
        for bad in ["e", "english", "en-", "en--GB", "en_GB", "é", "12", "en-ninechars", ""] {
            assert_eq!(bad.parse::<Language>().unwrap_err().field.as_deref(), Some("language"));
        }
        let long = format!("en{}", "-abcdefgh".repeat(5));
        assert!(long.parse::<Language>().is_err());
    }
}
