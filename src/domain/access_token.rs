//! A secret that lets a machine act under one license.
//!
//! It reads `sk_live_` or `sk_test_` and 64 hex digits, is shown once, and is kept only as its
//! SHA-256. It has 256 bits, so a plain hash is enough (OWASP ASVS 5.0, 6.5.2).

use sha2::{Digest, Sha256};

use super::{asset::hex, error::Refusal, metering::JobName};

/// How many characters of a secret may be shown again: `sk_live_` and four digits.
const PREFIX_LENGTH: usize = 12;
const SECRET_LENGTH: usize = 72;

/// A whole secret. It is never printed by accident: it has no `Display`, and `Debug` hides it.
#[derive(Clone, PartialEq, Eq)]
pub struct TokenSecret(String);

impl TokenSecret {
    /// A secret of these 32 random bytes.
    pub fn from_bytes(bytes: &[u8; 32], live: bool) -> Self {
        Self(format!("{}{}", if live { "sk_live_" } else { "sk_test_" }, hex(bytes)))
    }

    /// Reads what came with a request; `None` if it cannot be a secret of ours.
    pub fn parse(text: &str) -> Option<Self> {
        Self::is_whole(text).then(|| Self(text.to_owned()))
    }

    /// What is kept.
    pub fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.0.as_bytes()).into()
    }

    /// What would be kept of a text that came with a request, without copying it; `None` if it
    /// cannot be a secret of ours.
    pub fn hash_of(text: &str) -> Option<[u8; 32]> {
        Self::is_whole(text).then(|| Sha256::digest(text.as_bytes()).into())
    }

    fn is_whole(text: &str) -> bool {
        let digits = text.strip_prefix("sk_live_").or_else(|| text.strip_prefix("sk_test_"));
        text.len() == SECRET_LENGTH
            && digits.is_some_and(|d| d.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')))
    }

    /// The whole secret, for the one time it is shown.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// What a person recognizes it by later.
    pub fn prefix(&self) -> &str {
        &self.0[..PREFIX_LENGTH]
    }

    /// What a person recognizes it by later.
    pub fn last_four(&self) -> &str {
        &self.0[SECRET_LENGTH - 4..]
    }
}

impl std::fmt::Debug for TokenSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "TokenSecret({}…)", self.prefix())
    }
}

/// The most domains a token may be limited to.
pub const DOMAINS_MAX: usize = 20;
/// The most jobs a token may be limited to.
pub const JOBS_MAX: usize = 50;
/// The most characters of a host name (RFC 1035, section 2.3.4).
const HOST_LENGTH_MAX: usize = 253;

/// What a token is limited to, besides its uses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TokenLimits {
    /// The hosts it may be sent to; empty is any.
    pub domains: Vec<Domain>,
    /// The jobs it may be used for, one of which must be named; empty is any, or none.
    pub jobs: Vec<JobName>,
    /// Whether every request needs a nonce that was not used before.
    pub requires_nonce: bool,
}

/// No limits.
pub static UNLIMITED: TokenLimits =
    TokenLimits { domains: Vec::new(), jobs: Vec::new(), requires_nonce: false };

impl TokenLimits {
    /// Reads limits as they are typed, one to a line, or stored.
    ///
    /// # Errors
    ///
    /// An invalid `domains` or `jobs`.
    pub fn parse<T: AsRef<str>>(
        domains: impl IntoIterator<Item = T>,
        jobs: impl IntoIterator<Item = T>,
        requires_nonce: bool,
    ) -> Result<Self, Refusal> {
        let domains = list("domains", domains, DOMAINS_MAX, Domain::parse)?;
        let jobs = list("jobs", jobs, JOBS_MAX, JobName::parse)?;
        Ok(Self { domains, jobs, requires_nonce })
    }

    /// Whether it may be sent to a host, given in lower case and without a port.
    pub fn admit_host(&self, host: &str) -> bool {
        self.domains.is_empty() || self.domains.iter().any(|domain| domain.covers(host))
    }

    /// Whether it may be used for a job.
    pub fn admit_job(&self, job: Option<&JobName>) -> bool {
        self.jobs.is_empty() || job.is_some_and(|job| self.jobs.contains(job))
    }
}

/// Limits as typed, one domain or job to a line.
#[derive(Clone, Debug, Default)]
pub struct TypedLimits {
    pub domains: String,
    pub jobs: String,
    pub requires_nonce: bool,
}

impl TypedLimits {
    /// Reads the limits.
    ///
    /// # Errors
    ///
    /// An invalid `domains` or `jobs`.
    pub fn parse(&self) -> Result<TokenLimits, Refusal> {
        TokenLimits::parse(self.domains.lines(), self.jobs.lines(), self.requires_nonce)
    }
}

/// The distinct entries that are not blank, in order.
fn list<T: AsRef<str>, U: Ord>(
    field: &'static str,
    texts: impl IntoIterator<Item = T>,
    max: usize,
    parse: impl Fn(&str) -> Result<U, Refusal>,
) -> Result<Vec<U>, Refusal> {
    let mut read = Vec::new();
    for text in texts {
        let text = text.as_ref().trim();
        if text.is_empty() {
            continue;
        }
        if read.len() == max {
            return Err(Refusal::invalid(field, t!("Name at most {max}, one to a line.")));
        }
        read.push(parse(text).map_err(|refusal| Refusal::invalid(field, refusal.sentence))?);
    }
    read.sort_unstable();
    read.dedup();
    Ok(read)
}

/// A host, or with `*.` before it every host below it but not itself.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Domain(String);

impl Domain {
    /// Reads a host name in ASCII; it is kept in lower case.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        let text = text.to_ascii_lowercase();
        let host = text.strip_prefix("*.").unwrap_or(&text);
        let label = |label: &str| {
            (1..=63).contains(&label.len())
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        };
        if host.len() > HOST_LENGTH_MAX || !host.split('.').all(label) {
            return Err(Refusal::invalid(
                "domains",
                t!(
                    "Write a domain like news.example or *.news.example, without https:// and paths."
                ),
            ));
        }
        Ok(Self(text))
    }

    /// As it was typed, in lower case.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn covers(&self, host: &str) -> bool {
        match self.0.strip_prefix('*') {
            Some(end) => host.len() > end.len() && host.ends_with(end),
            None => self.0 == host,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(domains: &[&str], jobs: &[&str]) -> Result<TokenLimits, Refusal> {
        TokenLimits::parse(domains.iter().copied(), jobs.iter().copied(), false)
    }

    #[test]
    fn a_domain_covers_itself_and_a_star_what_is_below() {
        let limits = limits(&["News.Example", "*.press.example", ""], &[]).unwrap();
        for (host, admitted) in [
            ("news.example", true),
            ("www.news.example", false),
            ("news.example.evil", false),
            ("a.press.example", true),
            ("a.b.press.example", true),
            ("press.example", false),
            ("evilpress.example", false),
            ("", false),
        ] {
            assert_eq!(limits.admit_host(host), admitted, "{host}");
        }
        assert!(UNLIMITED.admit_host("anything") && UNLIMITED.admit_host(""));
    }

    #[test]
    fn named_jobs_are_the_only_ones() {
        let limits = limits(&[], &["run-1", " run-2 ", "run-1"]).unwrap();
        let job = |name: &str| JobName::parse(name).unwrap();
        assert_eq!(limits.jobs, [job("run-1"), job("run-2")]);
        assert!(limits.admit_job(Some(&job("run-2"))));
        assert!(!limits.admit_job(Some(&job("run-3"))) && !limits.admit_job(None));
        assert!(UNLIMITED.admit_job(None) && UNLIMITED.admit_job(Some(&job("x"))));
    }

    #[test]
    fn limits_that_cannot_be_read_name_their_field() {
        let long = format!("{}.example", "a".repeat(64));
        for bad in
            ["https://a.example", "a..b", "*", "*.", "a.*.b", "-a.example", "ä.example", &long]
        {
            assert_eq!(limits(&[bad], &[]).unwrap_err().field.as_deref(), Some("domains"), "{bad}");
        }
        assert_eq!(limits(&[], &["a\tb", "é"]).unwrap_err().field.as_deref(), Some("jobs"));
        let many: Vec<String> = (0..=JOBS_MAX).map(|n| format!("run-{n}")).collect();
        let refused = TokenLimits::parse(Vec::new(), many, false).unwrap_err();
        assert_eq!(refused.field.as_deref(), Some("jobs"));
    }

    #[test]
    fn a_secret_reads_back_and_hides_itself() {
        let secret = TokenSecret::from_bytes(&[0xab; 32], true);
        assert_eq!(TokenSecret::parse(secret.reveal()), Some(secret.clone()));
        assert_eq!(TokenSecret::hash_of(secret.reveal()), Some(secret.hash()));
        assert!(!format!("{secret:?}").contains(&secret.reveal()[PREFIX_LENGTH..]));
    }

    #[test]
    fn nothing_else_is_a_secret() {
        let good = TokenSecret::from_bytes(&[1; 32], false);
        let good = good.reveal();
        for bad in
            ["", "sk_live_", &good[1..], &good.to_uppercase(), &format!("{good}0"), "sk_test_é"]
        {
            assert_eq!(TokenSecret::parse(bad), None, "{bad}");
            assert_eq!(TokenSecret::hash_of(bad), None, "{bad}");
        }
    }
}
