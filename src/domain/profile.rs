//! What an organization says of itself to everybody, what it consents to, and how closely it looks at
//! the use of its works.

use url::Url;

use super::{
    country::Country,
    error::Refusal,
    terms::Terms,
    text::{self, text_enum},
};

/// The most characters of what an organization says about itself.
pub const ABOUT_LENGTH_MAX: usize = 2000;
/// The most characters of the address of a website.
pub const WEBSITE_LENGTH_MAX: usize = 200;

/// What an organization says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Profile {
    /// Nothing where nobody has said.
    pub jurisdiction: Option<Country>,
    pub about: String,
    /// Empty, or an address of the web.
    pub website: String,
}

/// The same, as it was typed.
#[derive(Clone, Debug, Default)]
pub struct TypedProfile {
    pub jurisdiction: String,
    pub about: String,
    pub website: String,
}

impl TypedProfile {
    /// Reads what was typed; the refusal names the first field to mend.
    pub fn parse(&self) -> Result<Profile, Refusal> {
        let jurisdiction = Some(self.jurisdiction.trim()).filter(|code| !code.is_empty());
        Ok(Profile {
            jurisdiction: jurisdiction.map(str::parse).transpose()?,
            about: text::paragraphs("about", &self.about, ABOUT_LENGTH_MAX)?,
            website: website(&self.website)?,
        })
    }
}

impl Profile {
    /// The names of the fields in which `other` differs.
    pub fn differing(&self, other: &Self) -> Vec<&'static str> {
        [
            ("jurisdiction", self.jurisdiction != other.jurisdiction),
            ("about", self.about != other.about),
            ("website", self.website != other.website),
        ]
        .into_iter()
        .filter_map(|(name, differs)| differs.then_some(name))
        .collect()
    }

    /// The website without what everybody's begins and ends with.
    pub fn website_in_words(&self) -> &str {
        let bare = self.website.split_once("://").map_or(self.website.as_str(), |(_, rest)| rest);
        bare.trim_end_matches('/')
    }
}

/// Reads the address of a website: http or https, at a host, without a password.
fn website(typed: &str) -> Result<String, Refusal> {
    let refused =
        || Refusal::invalid("website", t!("Write a web address, as in https://www.example.com."));
    let typed = text::optional_line("website", typed, WEBSITE_LENGTH_MAX)?;
    if typed.is_empty() {
        return Ok(typed);
    }
    let whole = if typed.contains("://") { typed } else { format!("https://{typed}") };
    let url = Url::parse(&whole).map_err(|_| refused())?;
    let known = matches!(url.scheme(), "http" | "https");
    let named = url.domain().is_some_and(|host| host.contains('.'));
    if !known || !named || !url.username().is_empty() || url.password().is_some() {
        return Err(refused());
    }
    text::line("website", url.as_str(), WEBSITE_LENGTH_MAX)
}

text_enum! {
    /// What a creator consents to with all that it offers, or does not.
    pub enum Consent("consent") {
        /// Works may teach models.
        Training = "training",
        /// Works may be used to earn money.
        Commercial = "commercial",
    }
}

impl Consent {
    /// As a question is called.
    pub fn in_words(self) -> &'static str {
        match self {
            Self::Training => t!("Training of models"),
            Self::Commercial => t!("Commercial use"),
        }
    }

    /// Whether terms grant what is consented to, or withheld, here.
    pub fn is_granted_by(self, terms: &Terms) -> bool {
        match self {
            Self::Training => terms.scopes.contains(&super::terms::Scope::Training),
            Self::Commercial => terms.commercial,
        }
    }

    /// Why an offer cannot be published that grants what is withheld.
    pub fn withheld(self) -> Refusal {
        let sentence = match self {
            Self::Training => {
                t!(
                    "These terms allow training, and your organization's profile withholds consent to \
                 it. Choose other terms, or change the profile in Settings."
                )
            }
            Self::Commercial => {
                t!("These terms allow commercial use, and your organization's profile withholds \
                 consent to it. Choose other terms, or change the profile in Settings.")
            }
        };
        Refusal::conflict("consent_withheld", sentence).on("terms")
    }
}

text_enum! {
    /// What was said about a consent.
    pub enum Said("consent") {
        /// Each offer decides for itself.
        Open = "open",
        Given = "given",
        /// No new offer may grant it. Licenses in force go on.
        Withheld = "withheld",
    }
}

impl Said {
    /// As a choice is called.
    pub fn in_words(self) -> &'static str {
        match self {
            Self::Open => t!("As each offer says"),
            Self::Given => t!("Consent given"),
            Self::Withheld => t!("Consent withheld"),
        }
    }
}

text_enum! {
    /// How closely an organization looks at the use of its works.
    pub enum Reporting("reporting") {
        /// Each delivery with its receipt, by buyer, license, region and model.
        Full = "full",
        /// Sums of days that are over, by work and by use; nothing of a single delivery, and
        /// nothing that tells one buyer's use from another's.
        Coarse = "coarse",
    }
}

impl Reporting {
    /// As a choice is called.
    pub fn in_words(self) -> &'static str {
        match self {
            Self::Full => t!("Full"),
            Self::Coarse => t!("Coarse"),
        }
    }

    /// What choosing it means.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Full => {
                t!("Every delivery with its receipt, and use by buyer, license, region and model.")
            }
            Self::Coarse => {
                t!("Only what whole days add up to, by work and by use. No single deliveries, no \
                 receipts, and nothing that tells one buyer's use from another's. Statements go on \
                 saying what each license paid in a month.")
            }
        }
    }

    /// What is answered to whoever asks for more than coarse reports hold.
    pub fn too_fine() -> Refusal {
        Refusal::new(
            super::error::Kind::Forbidden,
            "reports_coarse",
            t!(
                "Your organization has chosen coarse reports of its works: days that are over, by work \
             and by use. An owner or admin can change that in Settings."
            ),
        )
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::terms::template;

    fn typed(website: &str) -> TypedProfile {
        TypedProfile { website: website.into(), ..TypedProfile::default() }
    }

    #[test]
    fn a_website_is_an_address_of_the_web() {
        for (written, kept) in [
            ("", ""),
            ("example.com", "https://example.com/"),
            (" https://Example.com/a?b=c ", "https://example.com/a?b=c"),
            ("http://fen.example.org", "http://fen.example.org/"),
            ("bücher.example", "https://xn--bcher-kva.example/"),
        ] {
            assert_eq!(typed(written).parse().unwrap().website, kept, "{written}");
        }
        for bad in [
            "javascript:alert(1)",
            "javascript://example.com/%0aalert(1)",
            "data:text/html,x",
            "ftp://example.com",
            "https://",
            "https://user:secret@example.com",
            "https://user@example.com",
            "localhost",
            "https://127.0.0.1/",
            "a b.com",
            "https://example.com/\0",
        ] {
            let refusal = typed(bad).parse().unwrap_err();
            assert_eq!(refusal.field.as_deref(), Some("website"), "{bad}");
        }
    }

    #[test]
    fn a_profile_names_the_field_to_mend_and_what_differs() {
        let empty = TypedProfile::default().parse().unwrap();
        assert_eq!(empty, Profile::default());
        let good = TypedProfile {
            jurisdiction: "GB".into(),
            about: "A press.\r\n\r\nSince 1990.".into(),
            website: "fen.example".into(),
        };
        let said = good.parse().unwrap();
        assert_eq!(said.about, "A press.\n\nSince 1990.");
        assert_eq!(said.website_in_words(), "fen.example");
        assert_eq!(empty.differing(&said), ["jurisdiction", "about", "website"]);
        assert!(said.differing(&said).is_empty());
        let long = "å".repeat(ABOUT_LENGTH_MAX + 1);
        for (field, bad) in [
            ("jurisdiction", TypedProfile { jurisdiction: "Atlantis".into(), ..good.clone() }),
            ("jurisdiction", TypedProfile { jurisdiction: "EU".into(), ..good.clone() }),
            ("about", TypedProfile { about: long, ..good.clone() }),
            ("about", TypedProfile { about: "a\u{202e}b".into(), ..good.clone() }),
        ] {
            assert_eq!(bad.parse().unwrap_err().field.as_deref(), Some(field), "{bad:?}");
        }
    }

    #[test]
    fn terms_grant_what_a_consent_is_about() {
        let training = &template("training").unwrap().terms;
        assert!(Consent::Training.is_granted_by(training));
        let answers = &template("answers").unwrap().terms;
        assert!(!Consent::Training.is_granted_by(answers));
        assert_eq!(Consent::Commercial.is_granted_by(training), training.commercial);
    }

    proptest! {
        #[test]
        fn a_website_read_again_is_the_same(written in "\\PC{0,60}") {
            if let Ok(once) = website(&written) {
                prop_assert_eq!(website(&once).unwrap(), once);
            }
        }
    }
}
