//! Configuration, read once at start from the environment and an optional file into typed sections.
//!
//! Always true: every key is documented in `.env.example` with its unit and default, the environment
//! wins over the file, and outside loopback nothing starts with a sandbox on or a secret missing.

use std::{
    fmt,
    net::{IpAddr, SocketAddr},
    path::PathBuf,
    time::Duration,
};

use imprimatur::domain::gate::Failover;
use ipnet::IpNet;
use url::Url;

mod source;

pub use source::Source;

use source::{decode, parse};

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
    "STRIPE_BASE_URL",
    "STRIPE_CONNECT_WEBHOOK_SECRET",
    "STRIPE_LISTEN",
    "STRIPE_SECRET_KEY",
    "STRIPE_WEBHOOK_SECRET",
    "TRUSTED_PROXIES",
    "UNLICENSED_PER_HOUR",
    "UPLOAD_BYTES_MAX",
    "WORDS_DIR",
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
    /// `WORDS_DIR`: files of sentences in other languages; English only without it.
    pub words_dir: Option<PathBuf>,
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

/// How money moves.
#[derive(Clone, Debug)]
pub struct Stripe {
    /// `STRIPE_SECRET_KEY`.
    pub key: Secret<String>,
    /// `STRIPE_BASE_URL`: another address than Stripe's own, in a sandbox.
    pub base_url: Option<Url>,
    /// `STRIPE_WEBHOOK_SECRET`: what letters about our own account are signed with.
    pub webhook_secret: Secret<String>,
    /// `STRIPE_CONNECT_WEBHOOK_SECRET`: what letters about connected accounts are signed with.
    pub connect_secret: Secret<String>,
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
    /// None where nothing can be paid.
    pub stripe: Option<Stripe>,
}

/// The folder of what a checkout makes while it runs: `IMPRIMATUR_RUN`, or `.run`.
pub fn run_dir() -> PathBuf {
    std::env::var_os("IMPRIMATUR_RUN").map_or_else(|| PathBuf::from(".run"), PathBuf::from)
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
            stripe: stripe(source)?,
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
            words_dir: source.text("WORDS_DIR").map(PathBuf::from),
            sandbox,
        })
    }
}

fn stripe(source: &Source) -> Result<Option<Stripe>, Error> {
    let Some(key) = source.text("STRIPE_SECRET_KEY") else { return Ok(None) };
    let base_url = source.text("STRIPE_BASE_URL").map(|url| parse("STRIPE_BASE_URL", url));
    let secret = |key| source.required(key).map(|text| Secret(text.to_owned()));
    Ok(Some(Stripe {
        key: Secret(key.to_owned()),
        base_url: base_url.transpose()?,
        webhook_secret: secret("STRIPE_WEBHOOK_SECRET")?,
        connect_secret: secret("STRIPE_CONNECT_WEBHOOK_SECRET")?,
    }))
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
mod tests;
