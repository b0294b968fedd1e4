//! Configuration, read once at start from the environment and an optional file into typed sections.
//!
//! Always true: every key is documented in `.env.example` with its unit and default, the environment
//! wins over the file, and outside loopback nothing starts with a sandbox on or a secret missing.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    net::{IpAddr, SocketAddr},
    path::{Path, PathBuf},
    str::FromStr,
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use imprimatur::domain::{gate::Failover, metering::EVENT_AGE_DAYS_MAX};
use ipnet::IpNet;
use url::Url;

/// Every key there is, without its prefix `IMPRIMATUR_`.
pub const KEYS: &[&str] = &[
    "AUDIT_DAYS",
    "BASE_URL",
    "CONFIG",
    "CURSOR_SECRET",
    "DATABASE_CONNECTIONS_MAX",
    "DATABASE_URL",
    "DATA_DIR",
    "GATE_FAILOVER",
    "GATE_GRACE_SECONDS",
    "GAZETTE_LISTEN",
    "GITHUB_CLIENT_ID",
    "GITHUB_CLIENT_SECRET",
    "KEYS_SECRET",
    "LISTEN",
    "LOG_FORMAT",
    "OIDC_CLIENT_ID",
    "OIDC_CLIENT_SECRET",
    "OIDC_ISSUER",
    "OIDC_LABEL",
    "OUTBOX_BYTES_MAX",
    "OUTBOX_DIR",
    "PAGE_BYTES_MAX",
    "POSTGRES_PORT",
    "RAW_DAYS",
    "RECEIPT_KEY_DAYS",
    "SANDBOX",
    "SIGN_IN_LISTEN",
    "SITE_DIR",
    "TRUSTED_PROXIES",
    "UNLICENSED_PER_HOUR",
    "UPLOAD_BYTES_MAX",
];

/// A value that no log and no error shows.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret<T>(pub T);

impl<T> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// What is wrong with the configuration, and what to do.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum Error {
    #[error("Set IMPRIMATUR_{0}; .env.example says what it is.")]
    Missing(&'static str),
    #[error("IMPRIMATUR_{key} cannot be read: {reason}.")]
    Unreadable { key: &'static str, reason: String },
    #[error("There is no setting {0}; .env.example lists those there are.")]
    Unknown(String),
    #[error("The file {file} cannot be read: {reason}.")]
    File { file: PathBuf, reason: String },
    #[error(
        "A sandbox is on (IMPRIMATUR_SANDBOX), and the base URL or the address to listen on is not on loopback; turn the sandbox off."
    )]
    SandboxInPublic,
    #[error("The base URL {0} is public and not https; receipts and sign-in need https.")]
    NotHttps(Url),
    #[error("Nobody could sign in: set IMPRIMATUR_OIDC_ISSUER or IMPRIMATUR_GITHUB_CLIENT_ID.")]
    NoProvider,
}

/// Where requests come in.
#[derive(Clone, Debug)]
pub struct Web {
    /// `LISTEN`: address and port.
    pub listen: SocketAddr,
    /// `BASE_URL`: how the world reaches `listen`, without a slash at the end.
    pub base_url: String,
    /// `SITE_DIR`: the built stylesheet, script and WebAssembly.
    pub site_dir: PathBuf,
    /// `SANDBOX`: whether stand-ins for the outside are on; loopback only.
    pub sandbox: bool,
}

/// Where the truth is kept.
#[derive(Clone, Debug)]
pub struct Database {
    /// `DATABASE_URL`: a PostgreSQL connection string.
    pub url: Secret<String>,
    /// `DATABASE_CONNECTIONS_MAX`: connections.
    pub connections_max: u32,
}

/// Where bytes are kept, and how many are taken.
#[derive(Clone, Debug)]
pub struct Content {
    /// `DATA_DIR`: content lies in its folder `content`.
    pub dir: PathBuf,
    /// `UPLOAD_BYTES_MAX`: bytes.
    pub upload_bytes_max: u64,
}

/// Where old usage events go.
#[derive(Clone, Debug)]
pub struct Archive {
    /// `DATA_DIR`: the archive lies in its folder `archive`.
    pub dir: PathBuf,
    /// `RAW_DAYS`: days that usage events stay in PostgreSQL at least.
    pub raw_days: u16,
}

/// How the gate works.
#[derive(Clone, Debug)]
pub struct Gate {
    /// `UNLICENSED_PER_HOUR`: requests an address may make in an hour without a license.
    pub unlicensed_per_hour: u32,
    /// `PAGE_BYTES_MAX`: bytes of the largest page of a site that is passed on.
    pub page_bytes_max: u64,
    /// `TRUSTED_PROXIES`: networks whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// `OUTBOX_DIR`: where receipts wait for PostgreSQL; one gate uses it at a time.
    pub outbox_dir: PathBuf,
    /// `OUTBOX_BYTES_MAX`: bytes.
    pub outbox_bytes_max: u64,
    /// `GATE_FAILOVER`: whom it serves while PostgreSQL is away.
    pub failover: Failover,
    /// `GATE_GRACE_SECONDS`: for how long.
    pub grace: Duration,
}

/// What is signed with.
#[derive(Clone, Debug)]
pub struct Keys {
    /// `KEYS_SECRET`: what keys kept in PostgreSQL are sealed with: 32 bytes, in base64.
    pub secret: Secret<[u8; 32]>,
    /// `RECEIPT_KEY_DAYS`: the key that signs receipts is replaced after so many days.
    pub receipt_key_days: u16,
    /// `AUDIT_DAYS`: a replaced key stays published for so many days.
    pub audit_days: u16,
    /// `CURSOR_SECRET`: 32 bytes, in base64.
    pub cursor: Secret<[u8; 32]>,
}

/// A way to sign in.
#[derive(Clone, Debug)]
pub enum Provider {
    /// `OIDC_*`: any OpenID Connect issuer, by discovery.
    Oidc { issuer: Url, label: String, client_id: String, client_secret: Secret<String> },
    /// `GITHUB_*`.
    GitHub { client_id: String, client_secret: Secret<String> },
}

/// Everything, read and checked.
#[derive(Clone, Debug)]
pub struct Config {
    pub web: Web,
    pub database: Database,
    pub content: Content,
    pub archive: Archive,
    pub gate: Gate,
    pub keys: Keys,
    pub providers: Vec<Provider>,
}

/// Settings as text, before they are read.
#[derive(Clone, Debug, Default)]
pub struct Source(BTreeMap<String, String>);

impl Source {
    /// The environment, over the file that `IMPRIMATUR_CONFIG` names.
    pub fn load(environment: impl IntoIterator<Item = (String, String)>) -> Result<Self, Error> {
        let mut own = BTreeMap::new();
        for (name, value) in environment {
            if let Some(key) = name.strip_prefix("IMPRIMATUR_") {
                own.insert(key.to_owned(), value);
            }
        }
        // The build's own scripts share the prefix.
        own.retain(|key, _| !matches!(key.as_str(), "CACHE" | "ROOT" | "RUN" | "TEST_PORT"));
        let mut all = match own.get("CONFIG") {
            Some(file) => read_file(Path::new(file))?,
            None => BTreeMap::new(),
        };
        all.append(&mut own);
        let known: BTreeSet<&str> = KEYS.iter().copied().collect();
        match all.keys().find(|key| !known.contains(key.as_str())) {
            Some(unknown) => Err(Error::Unknown(format!("IMPRIMATUR_{unknown}"))),
            None => Ok(Self(all)),
        }
    }

    /// Sets what is not set yet.
    pub fn or_set(&mut self, key: &'static str, value: impl Into<String>) {
        self.0.entry(key.to_owned()).or_insert_with(|| value.into());
    }

    /// How the world reaches it, without a slash at the end.
    pub fn base_url(&self) -> Result<String, Error> {
        let (_, base_url) = self.addresses()?;
        Ok(base_url.as_str().trim_end_matches('/').to_owned())
    }

    fn addresses(&self) -> Result<(SocketAddr, Url), Error> {
        let listen = self.read("LISTEN", SocketAddr::from(([127, 0, 0, 1], 3000)))?;
        let base_url = match self.text("BASE_URL") {
            Some(text) => parse("BASE_URL", text)?,
            None => parse("BASE_URL", &format!("http://{listen}"))?,
        };
        Ok((listen, base_url))
    }

    /// Where the truth is kept; all that `migrate` needs.
    pub fn database(&self) -> Result<Database, Error> {
        Ok(Database {
            url: Secret(self.required("DATABASE_URL")?.to_owned()),
            connections_max: self.read("DATABASE_CONNECTIONS_MAX", 16)?,
        })
    }

    /// Where old usage events go; with the database, all that `archive` needs.
    pub fn archive(&self) -> Result<Archive, Error> {
        let raw_days = self.read("RAW_DAYS", 90)?;
        // Reports are taken for so long, and an archived month takes none.
        let least = u16::try_from(EVENT_AGE_DAYS_MAX).unwrap_or(u16::MAX);
        if raw_days <= least {
            return Err(Error::Unreadable {
                key: "RAW_DAYS",
                reason: format!("uses may be reported for {least} days; keep events longer"),
            });
        }
        Ok(Archive { dir: PathBuf::from(self.required("DATA_DIR")?).join("archive"), raw_days })
    }

    fn text(&self, key: &'static str) -> Option<&str> {
        self.0.get(key).map(String::as_str).filter(|value| !value.is_empty())
    }

    fn required(&self, key: &'static str) -> Result<&str, Error> {
        self.text(key).ok_or(Error::Missing(key))
    }

    /// The value of a key, read, or its default.
    pub fn read<T: FromStr<Err: fmt::Display>>(
        &self,
        key: &'static str,
        default: T,
    ) -> Result<T, Error> {
        self.text(key).map_or(Ok(default), |text| parse(key, text))
    }
}

/// The folder of what a checkout makes while it runs: `IMPRIMATUR_RUN`, or `.run`.
pub fn run_dir() -> PathBuf {
    std::env::var_os("IMPRIMATUR_RUN").map_or_else(|| PathBuf::from(".run"), PathBuf::from)
}

fn read_file(file: &Path) -> Result<BTreeMap<String, String>, Error> {
    let failed = |reason: String| Error::File { file: file.to_owned(), reason };
    let text = std::fs::read_to_string(file).map_err(|error| failed(error.to_string()))?;
    let table: toml::Table =
        text.parse().map_err(|error: toml::de::Error| failed(error.to_string()))?;
    Ok(table
        .into_iter()
        .map(|(key, value)| {
            let value = match value {
                toml::Value::String(text) => text,
                other => other.to_string(),
            };
            (key.to_ascii_uppercase(), value)
        })
        .collect())
}

fn parse<T: FromStr<Err: fmt::Display>>(key: &'static str, text: &str) -> Result<T, Error> {
    text.trim()
        .parse()
        .map_err(|error: T::Err| Error::Unreadable { key, reason: error.to_string() })
}

fn decode(key: &'static str, text: &str) -> Result<Vec<u8>, Error> {
    STANDARD
        .decode(text.trim())
        .map_err(|_| Error::Unreadable { key, reason: "it is not base64".into() })
}

impl Config {
    /// Reads and checks every section.
    pub fn read(source: &Source) -> Result<Self, Error> {
        let config = Self {
            web: Web::read(source)?,
            database: source.database()?,
            content: Content {
                dir: PathBuf::from(source.required("DATA_DIR")?).join("content"),
                upload_bytes_max: source.read("UPLOAD_BYTES_MAX", 5 * 1024 * 1024 * 1024)?,
            },
            archive: source.archive()?,
            gate: Gate::read(source)?,
            keys: Keys::read(source)?,
            providers: providers(source)?,
        };
        if config.providers.is_empty() {
            return Err(Error::NoProvider);
        }
        Ok(config)
    }
}

impl Keys {
    /// Reads the secrets; with the database, all that making a key needs.
    pub fn read(source: &Source) -> Result<Self, Error> {
        Ok(Self {
            secret: secret(source, "KEYS_SECRET")?,
            receipt_key_days: source.read("RECEIPT_KEY_DAYS", 90)?,
            audit_days: source.read("AUDIT_DAYS", 400)?,
            cursor: secret(source, "CURSOR_SECRET")?,
        })
    }
}

fn secret(source: &Source, key: &'static str) -> Result<Secret<[u8; 32]>, Error> {
    let bytes = decode(key, source.required(key)?)?;
    let bytes = bytes
        .try_into()
        .map_err(|_| Error::Unreadable { key, reason: "it does not have 32 bytes".into() })?;
    Ok(Secret(bytes))
}

impl Gate {
    fn read(source: &Source) -> Result<Self, Error> {
        let outbox_dir = match source.text("OUTBOX_DIR") {
            Some(dir) => dir.into(),
            None => PathBuf::from(source.required("DATA_DIR")?).join("outbox"),
        };
        Ok(Self {
            unlicensed_per_hour: source.read("UNLICENSED_PER_HOUR", 100)?,
            page_bytes_max: source.read("PAGE_BYTES_MAX", 1024 * 1024 * 1024)?,
            trusted_proxies: source
                .text("TRUSTED_PROXIES")
                .map(|list| list.split(',').map(|net| parse("TRUSTED_PROXIES", net)).collect())
                .unwrap_or_else(|| Ok(Vec::new()))?,
            outbox_dir,
            outbox_bytes_max: source.read("OUTBOX_BYTES_MAX", 1024 * 1024 * 1024)?,
            failover: source.read("GATE_FAILOVER", Failover::Allow)?,
            grace: Duration::from_secs(source.read("GATE_GRACE_SECONDS", 300)?),
        })
    }
}

impl Web {
    fn read(source: &Source) -> Result<Self, Error> {
        let (listen, base_url) = source.addresses()?;
        let sandbox = source.read("SANDBOX", false)?;
        let public = !is_loopback(&base_url);
        if sandbox && (public || !listen.ip().is_loopback()) {
            return Err(Error::SandboxInPublic);
        }
        if public && base_url.scheme() != "https" {
            return Err(Error::NotHttps(base_url));
        }
        Ok(Self {
            listen,
            base_url: source.base_url()?,
            site_dir: source.required("SITE_DIR")?.into(),
            sandbox,
        })
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(domain)) => domain == "localhost",
        Some(url::Host::Ipv4(address)) => IpAddr::V4(address).is_loopback(),
        Some(url::Host::Ipv6(address)) => IpAddr::V6(address).is_loopback(),
        None => false,
    }
}

fn providers(source: &Source) -> Result<Vec<Provider>, Error> {
    let mut providers = Vec::new();
    if let Some(issuer) = source.text("OIDC_ISSUER") {
        let issuer: Url = parse("OIDC_ISSUER", issuer)?;
        let label = match source.text("OIDC_LABEL") {
            Some(label) => label.to_owned(),
            None => issuer.host_str().unwrap_or("single sign-on").to_owned(),
        };
        providers.push(Provider::Oidc {
            issuer,
            label,
            client_id: source.required("OIDC_CLIENT_ID")?.to_owned(),
            client_secret: Secret(source.required("OIDC_CLIENT_SECRET")?.to_owned()),
        });
    }
    if let Some(client_id) = source.text("GITHUB_CLIENT_ID") {
        providers.push(Provider::GitHub {
            client_id: client_id.to_owned(),
            client_secret: Secret(source.required("GITHUB_CLIENT_SECRET")?.to_owned()),
        });
    }
    Ok(providers)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole() -> Vec<(&'static str, String)> {
        vec![
            ("BASE_URL", "https://imprimatur.example".into()),
            ("DATABASE_URL", "postgres://localhost/imprimatur".into()),
            ("DATA_DIR", "data".into()),
            ("SITE_DIR", "site".into()),
            ("KEYS_SECRET", STANDARD.encode([1; 32])),
            ("CURSOR_SECRET", STANDARD.encode([2; 32])),
            ("OIDC_ISSUER", "https://id.example".into()),
            ("OIDC_CLIENT_ID", "imprimatur".into()),
            ("OIDC_CLIENT_SECRET", "hush".into()),
        ]
    }

    fn read(changes: &[(&'static str, Option<&str>)]) -> Result<Config, Error> {
        let mut settings: BTreeMap<_, _> = whole().into_iter().collect();
        for (key, value) in changes {
            match value {
                Some(value) => settings.insert(key, (*value).to_owned()),
                None => settings.remove(key),
            };
        }
        let environment =
            settings.into_iter().map(|(key, value)| (format!("IMPRIMATUR_{key}"), value));
        Config::read(&Source::load(environment)?)
    }

    #[test]
    fn a_whole_configuration_is_read() {
        let config = read(&[]).unwrap();
        assert_eq!(config.web.base_url, "https://imprimatur.example");
        assert_eq!(config.content.upload_bytes_max, 5_368_709_120);
        assert_eq!(config.archive.raw_days, 90);
        assert!(!format!("{config:?}").contains("hush"));
    }

    #[test]
    fn no_secret_may_be_missing() {
        for key in ["DATABASE_URL", "KEYS_SECRET", "CURSOR_SECRET", "OIDC_CLIENT_SECRET"] {
            assert_eq!(read(&[(key, None)]).unwrap_err(), Error::Missing(key));
        }
        assert_eq!(read(&[("OIDC_ISSUER", None)]).unwrap_err(), Error::NoProvider);
    }

    #[test]
    fn in_public_no_sandbox_and_no_plain_http() {
        assert_eq!(read(&[("SANDBOX", Some("true"))]).unwrap_err(), Error::SandboxInPublic);
        let plain = read(&[("BASE_URL", Some("http://imprimatur.example"))]);
        assert!(matches!(plain, Err(Error::NotHttps(_))));
        let local = [("SANDBOX", Some("true")), ("BASE_URL", Some("http://127.0.0.1:3000"))];
        assert!(read(&local).is_ok());
        let everywhere = [local[0], local[1], ("LISTEN", Some("0.0.0.0:3000"))];
        assert_eq!(read(&everywhere).unwrap_err(), Error::SandboxInPublic);
    }

    #[test]
    fn events_are_kept_for_longer_than_they_may_be_reported() {
        assert_eq!(read(&[("RAW_DAYS", Some("35"))]).unwrap().archive.raw_days, 35);
        let early = read(&[("RAW_DAYS", Some("34"))]).unwrap_err();
        assert!(matches!(early, Error::Unreadable { key: "RAW_DAYS", .. }));
    }

    #[test]
    fn proxies_are_a_list_of_networks() {
        let config = read(&[("TRUSTED_PROXIES", Some("10.0.0.0/8, fd00::/8"))]).unwrap();
        assert_eq!(config.gate.trusted_proxies.len(), 2);
        assert_eq!(config.gate.unlicensed_per_hour, 100);
        let bad = read(&[("TRUSTED_PROXIES", Some("everybody"))]);
        assert!(matches!(bad, Err(Error::Unreadable { key: "TRUSTED_PROXIES", .. })));
    }

    #[test]
    fn a_misspelt_setting_is_named() {
        let error = Source::load([("IMPRIMATUR_BASE_ULR".to_owned(), String::new())]).unwrap_err();
        assert_eq!(error, Error::Unknown("IMPRIMATUR_BASE_ULR".into()));
    }

    #[test]
    fn every_key_is_documented() {
        let documented: BTreeSet<&str> = include_str!("../../.env.example")
            .lines()
            .filter_map(|line| line.trim_start_matches("# ").strip_prefix("IMPRIMATUR_"))
            .filter_map(|line| line.split('=').next())
            .collect();
        assert_eq!(documented, KEYS.iter().copied().collect());
    }
}
