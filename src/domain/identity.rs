//! How people, organizations and invitations are named, and what makes a name good.
//!
//! A person is a subject of an authorization server, never an email address: addresses change
//! hands. What a provider says about a person is cleaned and bounded before it is kept.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest as _, Sha256};

use super::{
    actor::Sides,
    error::{Kind, Refusal},
    text,
};

/// The longest name of a person or an organization, in characters.
pub const NAME_LENGTH_MAX: usize = 120;
/// The longest email address (RFC 5321, section 4.5.3.1, less the angle brackets).
const EMAIL_LENGTH_MAX: usize = 254;
/// The longest subject (OpenID Connect Core 1.0, section 2).
const SUBJECT_LENGTH_MAX: usize = 255;
/// Slugs have at most 64 characters; what makes one unique is appended to at most these.
const SLUG_STEM_LENGTH_MAX: usize = 52;
/// How many days an invitation stays open.
pub const INVITATION_DAYS: i64 = 7;

/// Reads a person's name.
pub fn person_name(text: &str) -> Result<String, Refusal> {
    text::line("person_name", text, NAME_LENGTH_MAX)
}

/// Reads an organization's name.
pub fn organization_name(text: &str) -> Result<String, Refusal> {
    text::line("name", text, NAME_LENGTH_MAX)
}

/// Reads which sides of the market an organization acts on: at least one.
pub fn sides(creator: bool, buyer: bool) -> Result<Sides, Refusal> {
    if creator || buyer {
        return Ok(Sides { creator, buyer });
    }
    Err(Refusal::invalid("sides", t!("Choose creator, buyer or both.")))
}

/// What an authorization server proved about who signs in, cleaned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProvenIdentity {
    pub issuer: String,
    pub subject: String,
    /// What to call the person until they say otherwise.
    pub name: String,
    pub email: Option<String>,
}

impl ProvenIdentity {
    /// Keeps what is usable of what the issuer said.
    ///
    /// # Errors
    ///
    /// Refuses a subject that is empty, too long or not printable ASCII: two people must never fold
    /// into one.
    pub fn new(
        issuer: &str,
        subject: &str,
        name: Option<&str>,
        email: Option<&str>,
    ) -> Result<Self, Refusal> {
        let printable = subject.bytes().all(|b| b.is_ascii_graphic() || b == b' ');
        if subject.trim().is_empty() || subject.len() > SUBJECT_LENGTH_MAX || !printable {
            return Err(Refusal::new(
                Kind::Malformed,
                "identity_unusable",
                t!("The sign-in provider did not say who you are. Try another provider."),
            ));
        }
        let email = email.and_then(self::email);
        let name = name
            .map(clean_name)
            .filter(|name| !name.is_empty())
            .or_else(|| email.as_deref().and_then(|email| email.split('@').next()).map(clean_name))
            .unwrap_or_else(|| "Unnamed".to_owned());
        Ok(Self { issuer: issuer.to_owned(), subject: subject.to_owned(), name, email })
    }
}

fn clean_name(name: &str) -> String {
    let name: String =
        name.chars().filter(|&c| !text::is_invisible(c)).take(NAME_LENGTH_MAX).collect();
    name.trim().to_owned()
}

/// An address worth keeping: one `@` with something on either side, no blanks. Whether it reaches
/// anybody only a letter can tell.
pub fn email(text: &str) -> Option<String> {
    let text = text.trim();
    let (local, domain) = text.split_once('@')?;
    let good = !local.is_empty()
        && !domain.is_empty()
        && !domain.contains('@')
        && text.chars().count() <= EMAIL_LENGTH_MAX
        && !text.chars().any(|c| c.is_whitespace() || c.is_control());
    good.then(|| text.to_owned())
}

/// The part of an organization's address made from its name: lower-case ASCII and hyphens.
pub fn slug(name: &str) -> String {
    let mut slug = String::new();
    for c in name.chars().flat_map(char::to_lowercase) {
        match c {
            'a'..='z' | '0'..='9' => slug.push(c),
            '\'' | '’' => {}
            _ => match plain_letters(c) {
                "" if slug.is_empty() || slug.ends_with('-') => {}
                "" => slug.push('-'),
                letters => slug.push_str(letters),
            },
        }
        if slug.len() >= SLUG_STEM_LENGTH_MAX {
            break;
        }
    }
    let slug = slug.trim_end_matches('-');
    if slug.is_empty() { "organization".to_owned() } else { slug.to_owned() }
}

/// What a letter beyond ASCII reads as in a slug; empty if it separates words.
const fn plain_letters(c: char) -> &'static str {
    match c {
        'à'..='å' | 'ā' | 'ă' | 'ą' => "a",
        'æ' => "ae",
        'ç' | 'ć' | 'č' => "c",
        'ď' | 'đ' | 'ð' => "d",
        'è'..='ë' | 'ē' | 'ę' | 'ě' => "e",
        'ğ' => "g",
        'ì'..='ï' | 'ī' | 'ı' => "i",
        'ł' => "l",
        'ñ' | 'ń' | 'ň' => "n",
        'ò'..='ö' | 'ø' | 'ō' | 'ő' => "o",
        'œ' => "oe",
        'ř' => "r",
        'ś' | 'ş' | 'š' | 'ș' => "s",
        'ß' => "ss",
        'ť' | 'ț' => "t",
        'þ' => "th",
        'ù'..='ü' | 'ū' | 'ů' | 'ű' => "u",
        'ý' | 'ÿ' => "y",
        'ź' | 'ż' | 'ž' => "z",
        _ => "",
    }
}

/// The secret part of an invitation's link. It has 256 bits, is shown once and is kept only as its
/// SHA-256; it has no `Display`, and `Debug` hides it.
#[derive(Clone, PartialEq, Eq)]
pub struct InvitationCode([u8; 32]);

impl InvitationCode {
    /// A code of these 32 random bytes.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Reads what came with a link; `None` if it cannot be a code of ours.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        bytes.try_into().ok().map(Self)
    }

    /// What is kept.
    pub fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.0).into()
    }

    /// The whole code, for the one time it is shown.
    pub fn reveal(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }
}

impl std::fmt::Debug for InvitationCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("InvitationCode(…)")
    }
}

/// Which browser a `User-Agent` names, as in "Firefox on Linux". A hint for a person who looks
/// through their sessions; nothing is decided by it.
pub fn browser_in_words(user_agent: &str) -> String {
    let named = |names: &[(&str, &'static str)]| {
        names.iter().find(|(mark, _)| user_agent.contains(mark)).map(|(_, name)| *name)
    };
    // Each browser also names those it descends from, so the youngest stands first.
    let browser = named(&[
        ("Edg/", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("FxiOS/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("CriOS/", "Chrome"),
        ("Safari/", "Safari"),
    ]);
    let system = named(&[
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Android", "Android"),
        ("Windows", "Windows"),
        ("Mac OS X", "Mac"),
        ("CrOS", "ChromeOS"),
        ("Linux", "Linux"),
    ]);
    match (browser, system) {
        (Some(browser), Some(system)) => t!("{browser} on {system}"),
        (Some(browser), None) => browser.to_owned(),
        (None, Some(system)) => t!("A browser on {system}"),
        (None, None) => t!("An unknown browser").to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slug_is_made_of_what_a_name_sounds_like() {
        for (name, expected) in [
            ("Mira Okonjo", "mira-okonjo"),
            ("  Étude & Söhne GmbH. ", "etude-sohne-gmbh"),
            ("O'Reilly’s", "oreillys"),
            ("Straße 9", "strasse-9"),
            ("日本", "organization"),
            ("---", "organization"),
        ] {
            assert_eq!(slug(name), expected, "{name}");
        }
        let long = slug(&"ß ".repeat(NAME_LENGTH_MAX));
        assert!(long.len() <= SLUG_STEM_LENGTH_MAX + 1, "{long}");
    }

    #[test]
    fn what_a_provider_says_is_cleaned() {
        let who = |name, email| ProvenIdentity::new("https://id.example", "42", name, email);
        let named = who(Some(" Mira\u{0} Okonjo "), Some("mira@example.com")).unwrap();
        assert_eq!(named.name, "Mira Okonjo");
        assert_eq!(named.email.as_deref(), Some("mira@example.com"));
        assert_eq!(who(Some("\n"), Some("theo@example.com")).unwrap().name, "theo");
        assert_eq!(who(None, Some("not an address")).unwrap().name, "Unnamed");
        let long = who(Some(&"x".repeat(5000)), None).unwrap();
        assert!(person_name(&long.name).is_ok());
    }

    #[test]
    fn a_subject_that_could_fold_into_another_is_refused() {
        for subject in ["", " ", "a\0", "é", &"x".repeat(256)] {
            let refused = ProvenIdentity::new("https://id.example", subject, None, None);
            assert_eq!(refused.unwrap_err().code, "identity_unusable", "{subject:?}");
        }
    }

    #[test]
    fn an_address_has_two_sides() {
        assert_eq!(email(" a@b ").as_deref(), Some("a@b"));
        for bad in ["", "a", "@b", "a@", "a@b@c", "a b@c", "a@b\0"] {
            assert_eq!(email(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn an_organization_acts_on_a_side() {
        assert_eq!(sides(false, false).unwrap_err().field.as_deref(), Some("sides"));
        assert_eq!(sides(true, false).unwrap(), Sides { creator: true, buyer: false });
    }

    #[test]
    fn a_code_reads_back_and_hides_itself() {
        let code = InvitationCode::from_bytes([7; 32]);
        assert_eq!(InvitationCode::parse(&code.reveal()), Some(code.clone()));
        assert!(!format!("{code:?}").contains(&code.reveal()));
        for bad in ["", "x", "é", &code.reveal()[1..], &format!("{}A", code.reveal())] {
            assert_eq!(InvitationCode::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_browser_is_named_by_its_youngest_mark() {
        let chrome = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/120 Safari/537.36";
        assert_eq!(browser_in_words(chrome), "Chrome on Linux");
        assert_eq!(browser_in_words(&format!("{chrome} Edg/120")), "Edge on Linux");
        assert_eq!(browser_in_words("curl/8"), "An unknown browser");
    }
}
