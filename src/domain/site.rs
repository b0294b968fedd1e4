//! A site: a creator's own host, whose pages are licensed by path instead of by upload.
//!
//! A host is served only while its creator can be seen to hold it: by a DNS record or by a file that
//! carries the claim's challenge.

use std::{fmt, str::FromStr};

use chrono::{DateTime, TimeDelta, Utc};
use url::Url;

use super::{asset::hex, error::Refusal, text::text_enum};

/// The most characters a host may have (RFC 1035, section 2.3.4, less the root).
const HOST_LENGTH_MAX: usize = 253;
/// The most characters a label of it may have.
const LABEL_LENGTH_MAX: usize = 63;
/// A verified site is looked at this often.
pub const CHECK_EVERY: TimeDelta = TimeDelta::days(7);
/// One that failed is looked at this often, and is no longer served in the end.
pub const CHECK_FAILING_EVERY: TimeDelta = TimeDelta::days(1);
const LAPSES_AFTER: TimeDelta = TimeDelta::days(7);
/// Names that lead nowhere in public (RFC 6761, RFC 6762, RFC 7686, RFC 8375, RFC 9476).
const RESERVED: [&str; 10] =
    ["alt", "arpa", "example", "internal", "invalid", "lan", "local", "localhost", "onion", "test"];

text_enum! {
    /// Where a site stands.
    pub enum SiteState("site state") {
        /// Its creator says that it is theirs.
        Claimed = "claimed",
        /// Its creator was seen to hold it, and it is served.
        Verified = "verified",
        /// It was verified, and its creator has not been seen to hold it for a while.
        Lapsed = "lapsed",
    }
}

text_enum! {
    /// How a creator was seen to hold a host.
    pub enum ProvenBy("proof") {
        Dns = "dns",
        File = "file",
    }
}

/// What the rules for hosts depend on.
#[derive(Clone, Copy, Debug)]
pub struct Ground<'a> {
    /// The host the product answers on.
    pub own_host: &'a str,
    /// Whether plain HTTP, loopback and reserved names are let through.
    pub sandbox: bool,
}

/// The host of a site: a domain name in lower case and ASCII, without a port.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SiteHost(String);

impl SiteHost {
    /// Reads what was typed: a name in any case and script.
    pub fn parse(typed: &str, ground: Ground<'_>) -> Result<Self, Refusal> {
        let refuse = |sentence: &str| Err(Refusal::invalid("host", sentence));
        let typed = typed.trim();
        if typed.is_empty() {
            return refuse(t!("Fill in the host, as in www.example.com."));
        }
        let host = match domain(typed) {
            Ok(host) => host,
            Err(NoDomain::Address) => {
                return refuse(t!("Give the host's name; an address is no site."));
            }
            Err(NoDomain::Unreadable) => {
                return refuse(t!(
                    "Give only the host, as in www.example.com: no https://, no port."
                ));
            }
        };
        if host == ground.own_host || (!ground.sandbox && is_below(&host, ground.own_host)) {
            return refuse(t!("This is the marketplace's own host. Give the host of your site."));
        }
        if !ground.sandbox && !is_public(&host) {
            return refuse(t!(
                "This name does not lead anywhere in public. Give your site's full name."
            ));
        }
        Ok(Self(host))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Where a site shows the challenge as a file.
pub const FILE_PATH: &str = "/.well-known/imprimatur-site.txt";

/// The name of the TXT record in which a host shows the challenge.
pub fn record_name(host: &str) -> String {
    format!("_imprimatur.{host}")
}

/// The address of the file in which a host shows the challenge.
pub fn file_url(host: &str) -> String {
    format!("https://{host}{FILE_PATH}")
}

impl fmt::Display for SiteHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where the bytes of a site come from: scheme, host and port.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Origin(String);

impl Origin {
    /// Reads what was typed.
    pub fn parse(typed: &str, ground: Ground<'_>) -> Result<Self, Refusal> {
        let refuse = |sentence: &str| Err(Refusal::invalid("origin", sentence));
        let Ok(url) = Url::parse(typed.trim()) else {
            return refuse(t!(
                "Give the origin with its scheme, as in https://origin.example.com."
            ));
        };
        match url.scheme() {
            "https" => {}
            "http" if ground.sandbox => {}
            _ => return refuse(t!("The origin must begin with https://.")),
        }
        if !url.username().is_empty() || url.password().is_some() {
            return refuse(t!("Leave the name and password out of the origin."));
        }
        if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
            return refuse(t!("Give only scheme and host; the path comes from each request."));
        }
        let host = url.host_str().unwrap_or_default();
        if host == ground.own_host && !ground.sandbox {
            return refuse(t!("The origin cannot be the marketplace itself."));
        }
        let named = domain(host).is_ok_and(|host| is_public(&host));
        if !ground.sandbox && !named {
            return refuse(t!("Give the origin's full public name; an address is not taken."));
        }
        if url.port().is_some_and(|port| port < 1024 && port != 80) {
            return refuse(t!("Use the port of https, or one above 1023."));
        }
        Ok(Self(url.origin().ascii_serialization()))
    }

    /// `scheme://host`, with a port where it is not the scheme's own.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a creator shows to prove that a host is theirs: 32 hex digits that nobody can guess.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenge(String);

impl Challenge {
    /// From random bytes.
    pub fn new(random: [u8; 16]) -> Self {
        Self(hex(&random))
    }

    /// The digits, which are also the content of the file.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What the DNS record says.
    pub fn record(&self) -> String {
        format!("imprimatur-site={}", self.0)
    }

    /// Whether one of these TXT records proves it.
    pub fn is_in_records<T: AsRef<str>>(&self, records: &[T]) -> bool {
        let record = self.record();
        records.iter().any(|each| each.as_ref().trim() == record)
    }

    /// Whether a line of this file proves it.
    pub fn is_in_file(&self, file: &str) -> bool {
        file.lines().any(|line| line.trim() == self.0)
    }
}

impl FromStr for Challenge {
    type Err = Refusal;

    fn from_str(text: &str) -> Result<Self, Refusal> {
        if text.len() == 32 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
            Ok(Self(text.to_owned()))
        } else {
            Err(Refusal::not_found("challenge"))
        }
    }
}

/// How a verified site has done in its checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Health {
    pub state: SiteState,
    pub checked_at: DateTime<Utc>,
    /// Since when no check has succeeded.
    pub failing_since: Option<DateTime<Utc>>,
}

impl Health {
    /// After a check. One that succeeds forgets every failure; only a new verification brings a
    /// lapsed site back.
    #[must_use]
    pub fn after(self, proven: bool, now: DateTime<Utc>) -> Self {
        let failing_since = if proven { None } else { self.failing_since.or(Some(now)) };
        let over = failing_since.is_some_and(|since| now - since >= LAPSES_AFTER);
        let state = match self.state {
            SiteState::Verified if over => SiteState::Lapsed,
            state => state,
        };
        Self { state, checked_at: now, failing_since }
    }
}

/// Paths that a site shows to everybody, without a token and without a bill: what machines read to
/// learn the rules, and the proof of the claim itself.
pub const FREE_PATHS: [&str; 5] =
    ["/robots.txt", "/sitemap.xml", "/favicon.ico", "/.well-known/security.txt", FILE_PATH];

enum NoDomain {
    Address,
    Unreadable,
}

/// A domain name in lower case and ASCII, without the root's dot.
fn domain(typed: &str) -> Result<String, NoDomain> {
    let name = match url::Host::parse(typed) {
        Ok(url::Host::Domain(name)) => name,
        Ok(url::Host::Ipv4(_) | url::Host::Ipv6(_)) => return Err(NoDomain::Address),
        Err(_) => return Err(NoDomain::Unreadable),
    };
    let name = name.strip_suffix('.').unwrap_or(&name);
    let label = |label: &str| {
        (1..=LABEL_LENGTH_MAX).contains(&label.len())
            && label.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-'))
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    if name.len() <= HOST_LENGTH_MAX && name.split('.').all(label) {
        Ok(name.to_owned())
    } else {
        Err(NoDomain::Unreadable)
    }
}

fn is_below(host: &str, parent: &str) -> bool {
    host.strip_suffix(parent).is_some_and(|rest| rest.ends_with('.'))
}

/// Whether a name can lead somewhere in public.
fn is_public(host: &str) -> bool {
    host.contains('.') && !RESERVED.iter().any(|reserved| is_below(host, reserved))
}

#[cfg(test)]
mod tests;
