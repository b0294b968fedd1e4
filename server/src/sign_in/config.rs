//! How a provider is configured, and what a configuration must be to work.
//!
//! Every address is reached over TLS, except on this very machine. A secret is never printed.

use std::fmt;

use url::{Host, Url};

/// How a provider is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProviderKind {
    /// Any OpenID Connect issuer; its endpoints are found by discovery.
    Oidc { issuer: String },
    /// GitHub, or a GitHub Enterprise Server: `https://github.com` and `https://api.github.com`.
    GitHub { site: String, api: String },
}

/// One provider, as configured.
#[derive(Clone)]
pub struct ProviderConfig {
    /// Names the provider in paths: lower-case letters, digits and hyphens.
    pub key: String,
    /// What people call it.
    pub label: String,
    pub kind: ProviderKind,
    pub client_id: String,
    pub client_secret: String,
}

impl ProviderConfig {
    /// Checks what can be checked without asking, and answers with the provider's first address.
    pub(super) fn check(&self) -> Result<Url, ConfigError> {
        let plain = |b: u8| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-');
        if self.key.is_empty() || !self.key.bytes().all(plain) {
            return Err(self.refuse("its key must be lower-case letters, digits and hyphens"));
        }
        if self.client_id.is_empty() || self.client_secret.is_empty() {
            return Err(self.refuse("it needs a client id and a client secret"));
        }
        let (first, other) = match &self.kind {
            ProviderKind::Oidc { issuer } => (issuer, issuer),
            ProviderKind::GitHub { site, api } => (site, api),
        };
        for address in [first, other] {
            if !is_safe_address(address) {
                return Err(self.refuse(&format!("“{address}” is not an https address")));
            }
        }
        Url::parse(first).map_err(|error| self.refuse(&error.to_string()))
    }

    pub(super) fn refuse(&self, why: &str) -> ConfigError {
        ConfigError(format!("Sign-in provider “{}” cannot be used: {why}.", self.key))
    }
}

impl fmt::Debug for ProviderConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProviderConfig")
            .field("key", &self.key)
            .field("kind", &self.kind)
            .field("client_id", &self.client_id)
            .finish_non_exhaustive()
    }
}

/// A configuration that cannot work, in one sentence.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(pub(super) String);

/// TLS, or a sandbox on this very machine.
pub(super) fn is_safe_address(address: &str) -> bool {
    Url::parse(address)
        .is_ok_and(|url| url.scheme() == "https" || (url.scheme() == "http" && is_loopback(&url)))
}

pub(super) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sign_in::Providers;

    fn config(key: &str, issuer: &str) -> ProviderConfig {
        ProviderConfig {
            key: key.to_owned(),
            label: "Example".to_owned(),
            kind: ProviderKind::Oidc { issuer: issuer.to_owned() },
            client_id: "client".to_owned(),
            client_secret: "do-not-print".to_owned(),
        }
    }

    #[test]
    fn a_provider_needs_tls_or_loopback() {
        let accepted = |issuer| Providers::new(vec![config("example", issuer)]).is_ok();
        assert!(accepted("https://id.example"));
        assert!(accepted("http://127.0.0.1:4200"));
        for issuer in ["http://id.example", "ftp://127.0.0.1", "id.example", ""] {
            assert!(!accepted(issuer), "{issuer}");
        }
    }

    #[test]
    fn keys_are_plain_and_different() {
        for key in ["", "A", "a/b", "é"] {
            assert!(Providers::new(vec![config(key, "https://id.example")]).is_err(), "{key}");
        }
        let twice = vec![config("a", "https://id.example"), config("a", "https://id.example")];
        assert!(Providers::new(twice).is_err());
    }

    #[test]
    fn a_secret_is_not_printed() {
        assert!(!format!("{:?}", config("a", "https://id.example")).contains("do-not-print"));
    }
}
