//! What a creator says about a work.

use super::{AssetKind, Language, Visibility};
use crate::domain::{error::Refusal, text};

/// The most characters a title may have.
pub const TITLE_LENGTH_MAX: usize = 200;
/// The most characters a description may have.
pub const DESCRIPTION_LENGTH_MAX: usize = 4000;
/// The most characters an attribution line may have.
pub const ATTRIBUTION_LENGTH_MAX: usize = 200;
/// The most characters a rights statement may have.
pub const RIGHTS_LENGTH_MAX: usize = 2000;
/// The most tags a work may have.
pub const TAGS_MAX: usize = 20;
/// The most characters a tag may have.
pub const TAG_LENGTH_MAX: usize = 40;

/// What a creator says about a work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Particulars {
    pub title: String,
    pub description: String,
    /// The credit line that users of the work must show, where the terms ask for one.
    pub attribution: String,
    pub kind: AssetKind,
    /// Who holds the rights, and since when.
    pub rights: String,
    /// In lower case, each once, in the order they were typed.
    pub tags: Vec<String>,
    /// Nothing where it has none, or where nobody has said.
    pub language: Option<String>,
    pub visibility: Visibility,
}

/// The same, as it was typed.
#[derive(Clone, Debug, Default)]
pub struct TypedParticulars {
    pub title: String,
    pub description: String,
    pub attribution: String,
    pub kind: String,
    pub rights: String,
    /// With commas between.
    pub tags: String,
    /// A tag, or nothing.
    pub language: String,
    /// Listed where it is empty.
    pub visibility: String,
}

impl TypedParticulars {
    /// Reads what was typed about a work that is uploaded; the refusal names the first field to
    /// mend.
    pub fn parse(&self) -> Result<Particulars, Refusal> {
        let title = text::line("title", &self.title, TITLE_LENGTH_MAX)?;
        let kind = self.kind.parse()?;
        if kind == AssetKind::Site {
            return Err(Refusal::invalid(
                "kind",
                t!("A site is claimed by its host, not uploaded."),
            ));
        }
        let language = Some(self.language.trim()).filter(|tag| !tag.is_empty());
        Ok(Particulars {
            title,
            kind,
            description: text::paragraphs(
                "description",
                &self.description,
                DESCRIPTION_LENGTH_MAX,
            )?,
            attribution: text::line("attribution", &self.attribution, ATTRIBUTION_LENGTH_MAX)?,
            rights: text::paragraphs("rights", &self.rights, RIGHTS_LENGTH_MAX)?,
            tags: tags(&self.tags)?,
            language: language
                .map(|tag| tag.parse().map(|tag: Language| tag.to_string()))
                .transpose()?,
            visibility: match self.visibility.trim() {
                "" => Visibility::Listed,
                typed => typed.parse()?,
            },
        })
    }

    /// The same, of a site: whatever kind was typed.
    pub fn parse_site(&self) -> Result<Particulars, Refusal> {
        // Any kind that is uploaded leads through the same checks.
        let as_text = Self { kind: AssetKind::Text.as_str().to_owned(), ..self.clone() };
        Ok(Particulars { kind: AssetKind::Site, ..as_text.parse()? })
    }
}

impl Particulars {
    /// Reads what must be said, and leaves everything else open.
    pub fn parse(
        title: &str,
        description: &str,
        attribution: &str,
        kind: &str,
    ) -> Result<Self, Refusal> {
        let typed = TypedParticulars {
            title: title.to_owned(),
            description: description.to_owned(),
            attribution: attribution.to_owned(),
            kind: kind.to_owned(),
            ..TypedParticulars::default()
        };
        typed.parse()
    }

    /// The same, of a site.
    pub fn of_site(title: &str, description: &str, attribution: &str) -> Result<Self, Refusal> {
        let particulars = Self::parse(title, description, attribution, AssetKind::Text.as_str())?;
        Ok(Self { kind: AssetKind::Site, ..particulars })
    }

    /// The tags as one types them.
    pub fn typed_tags(&self) -> String {
        self.tags.join(", ")
    }

    /// The names of the fields in which `other` differs.
    pub fn differing(&self, other: &Self) -> Vec<&'static str> {
        [
            ("title", self.title != other.title),
            ("kind", self.kind != other.kind),
            ("description", self.description != other.description),
            ("attribution", self.attribution != other.attribution),
            ("rights", self.rights != other.rights),
            ("tags", self.tags != other.tags),
            ("language", self.language != other.language),
            ("visibility", self.visibility != other.visibility),
        ]
        .into_iter()
        .filter_map(|(name, differs)| differs.then_some(name))
        .collect()
    }
}

/// Tags with commas between, empty ones passed over, each kept once.
fn tags(typed: &str) -> Result<Vec<String>, Refusal> {
    let mut tags: Vec<String> = Vec::new();
    for tag in typed.split(',') {
        let tag = text::optional_line("tags", &tag.to_lowercase(), TAG_LENGTH_MAX).map_err(
            |refusal| Refusal {
                sentence: t!(
                    "{sentence} It is about one tag; commas stand between tags.",
                    sentence = refusal.sentence
                ),
                ..refusal
            },
        )?;
        let tag = tag.split_whitespace().collect::<Vec<_>>().join(" ");
        if !tag.is_empty() && !tags.contains(&tag) {
            tags.push(tag);
        }
    }
    if tags.len() > TAGS_MAX {
        let sentence = t!("Use at most {TAGS_MAX} tags; these are {tags}.", tags = tags.len());
        return Err(Refusal::invalid("tags", sentence));
    }
    Ok(tags)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn typed() -> TypedParticulars {
        TypedParticulars {
            title: "The Salt Roads".into(),
            attribution: "Mira".into(),
            kind: "text".into(),
            ..TypedParticulars::default()
        }
    }

    #[test]
    fn particulars_name_the_field_to_mend() {
        let long = "å".repeat(4001);
        for (field, bad) in [
            ("title", TypedParticulars { title: String::new(), ..typed() }),
            ("kind", TypedParticulars { kind: "song".into(), ..typed() }),
            ("kind", TypedParticulars { kind: "site".into(), ..typed() }),
            ("attribution", TypedParticulars { attribution: " ".into(), ..typed() }),
            ("description", TypedParticulars { description: long.clone(), ..typed() }),
            ("rights", TypedParticulars { rights: long.clone(), ..typed() }),
            ("tags", TypedParticulars { tags: format!("a, {}", "b".repeat(41)), ..typed() }),
            ("tags", TypedParticulars { tags: "a\0".into(), ..typed() }),
            (
                "tags",
                TypedParticulars { tags: (0..21).map(|n| format!("{n},")).collect(), ..typed() },
            ),
            ("language", TypedParticulars { language: "english".into(), ..typed() }),
            ("visibility", TypedParticulars { visibility: "secret".into(), ..typed() }),
        ] {
            assert_eq!(bad.parse().unwrap_err().field.as_deref(), Some(field), "{bad:?}");
        }
    }

    #[test]
    fn what_is_left_open_is_listed_and_has_no_language() {
        let particulars = typed().parse().unwrap();
        assert_eq!(particulars.visibility, Visibility::Listed);
        assert_eq!((particulars.language, particulars.tags), (None, vec![]));
        assert_eq!(typed().parse_site().unwrap().kind, AssetKind::Site);
    }

    #[test]
    fn what_differs_is_named() {
        let before = typed().parse().unwrap();
        let after = TypedParticulars { tags: "Salt,  the  FENS ,salt,,".into(), ..typed() };
        let after = after.parse().unwrap();
        assert_eq!(after.tags, ["salt", "the fens"]);
        assert_eq!(before.differing(&after), ["tags"]);
        assert!(before.differing(&before).is_empty());
    }

    proptest! {
        #[test]
        fn tags_read_again_are_the_same(text in "\\PC{0,80}") {
            if let Ok(once) = tags(&text) {
                prop_assert_eq!(tags(&once.join(", ")).unwrap(), once);
            }
        }
    }
}
