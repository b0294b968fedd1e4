//! Puts the parts together as configured, serves, and takes them apart again in order.
//!
//! Always true: what was accepted before the stop is answered, and the gate writes its last receipts
//! before the process ends.

use std::{io, net::SocketAddr, path::Path, str::FromStr, sync::Arc, time::Duration};

use axum::Router;
use chrono::{DateTime, Timelike as _, Utc};
use imprimatur::{
    services::{
        self, Clock, Services,
        archive::Archive,
        content::ContentStore,
        gate::{
            self as engine, FailoverSettings, KeySettings, OutboxSettings, attempts::AttemptKey,
        },
        payments::Payments,
        reports::CursorKey,
        sites::Prober,
    },
    words::Languages,
};
use leptos::prelude::LeptosOptions;
use object_store::local::LocalFileSystem;
use payments_stripe::Stripe;
use sqlx::{PgPool, postgres::PgPoolOptions};
use tokio::{net::TcpListener, sync::watch, task::JoinHandle};
use url::Url;

use crate::{
    config::{self, Config, Database, Provider},
    front::Front,
    gate::{
        self, Gate,
        proxy::{Limits, Sites},
    },
    hooks::Hooks,
    language, listen,
    live::Live,
    outbound::{
        Outbound, Patience,
        names::{Dns, Names},
        probe::Probe,
    },
    portal::Portal,
    router,
    sandbox::prober::SandboxProber,
    sign_in::{ConfigError, ProviderConfig, ProviderKind, Providers, SignIn},
    worker::Worker,
};

/// Answers still under way get this long after the stop.
const FAREWELL: Duration = Duration::from_secs(20);
/// Stripe's pages that people are sent to.
const HOSTED_BY_STRIPE: [&str; 3] =
    ["https://checkout.stripe.com", "https://connect.stripe.com", "https://billing.stripe.com"];
/// A connection to PostgreSQL must be had within this.
const PATIENCE: Duration = Duration::from_secs(5);

/// What one process does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    Portal,
    Api,
    Gate,
    Worker,
}

impl FromStr for Role {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "portal" => Ok(Self::Portal),
            "api" => Ok(Self::Api),
            "gate" => Ok(Self::Gate),
            "worker" => Ok(Self::Worker),
            _ => Err("the roles are portal, api, gate and worker".into()),
        }
    }
}

/// Why it cannot run, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("PostgreSQL cannot be reached: {0}.")]
    Database(#[source] sqlx::Error),
    #[error("The schema could not be brought up to date: {0}.")]
    Migrate(#[source] sqlx::migrate::MigrateError),
    #[error("The schema is behind this program; run imprimatur migrate.")]
    SchemaBehind,
    #[error("The folder for content cannot be used: {0}.")]
    Content(String),
    #[error("The folder for archived events cannot be used: {0}.")]
    Archive(String),
    #[error("A language cannot be used: {0}.")]
    Words(String),
    #[error("The base URL cannot be used: {0}.")]
    BaseUrl(url::ParseError),
    #[error(transparent)]
    Payments(#[from] payments_stripe::SettingsError),
    #[error(transparent)]
    SignIn(#[from] ConfigError),
    #[error("Address {0} is in use; stop what uses it, or choose another with IMPRIMATUR_LISTEN.")]
    AddressTaken(SocketAddr),
    #[error("{0}")]
    Io(#[from] io::Error),
    #[error(transparent)]
    Service(#[from] services::Error),
}

/// The wall clock, in the microseconds PostgreSQL keeps.
struct WallClock;

impl Clock for WallClock {
    fn now(&self) -> DateTime<Utc> {
        let now = Utc::now();
        now.with_nanosecond(now.nanosecond() / 1000 * 1000).unwrap_or(now)
    }
}

/// Connects to PostgreSQL.
pub async fn connect(database: &Database) -> Result<PgPool, Error> {
    PgPoolOptions::new()
        .max_connections(database.connections_max)
        .acquire_timeout(PATIENCE)
        .connect(&database.url.0)
        .await
        .map_err(Error::Database)
}

/// What every deed needs, as configured.
pub fn services(config: &Config, pool: PgPool) -> Result<Services, Error> {
    let store = folder(&config.content.dir).map_err(Error::Content)?;
    Ok(Services {
        pool,
        clock: Arc::new(WallClock),
        content: ContentStore::new(Arc::new(store), config.content.upload_bytes_max),
        live: !config.web.sandbox,
    })
}

/// Where old usage events go, as configured.
pub fn archive(config: &config::Archive) -> Result<Archive, Error> {
    let store = folder(&config.dir).map_err(Error::Archive)?;
    Ok(Archive::new(Arc::new(store), config.raw_days))
}

fn folder(dir: &Path) -> Result<LocalFileSystem, String> {
    let failed = |error: String| format!("{} ({error})", dir.display());
    std::fs::create_dir_all(dir).map_err(|error| failed(error.to_string()))?;
    let store = LocalFileSystem::new_with_prefix(dir).map_err(|error| failed(error.to_string()))?;
    // What is said to be kept is on the disk: bytes of works, and events whose rows are let go of.
    Ok(store.with_automatic_cleanup(true).with_fsync(true))
}

/// How the gate's engine works, as configured.
pub fn engine_settings(config: &Config) -> engine::Settings {
    let gate = &config.gate;
    engine::Settings {
        keys: key_settings(&config.keys),
        failover: FailoverSettings { policy: gate.failover, grace: gate.grace },
        outbox: OutboxSettings { dir: gate.outbox_dir.clone(), bytes_max: gate.outbox_bytes_max },
    }
}

/// How keys that sign receipts are kept, as configured.
pub fn key_settings(keys: &config::Keys) -> KeySettings {
    KeySettings {
        secret: keys.secret.0,
        rotation_days: keys.receipt_key_days,
        audit_days: keys.audit_days,
    }
}

/// Makes a new key that signs receipts, at once or after the usual lead; answers with its name.
pub async fn rotate_receipt_key(
    pool: PgPool,
    keys: &KeySettings,
    at_once: bool,
) -> Result<String, Error> {
    let now = WallClock.now();
    let at = if at_once { now } else { now + engine::LEAD };
    Ok(engine::rotate_key(&pool, keys, now, at).await?)
}

/// A serving process.
pub struct Runtime {
    base_url: String,
    address: SocketAddr,
    stop: watch::Receiver<bool>,
    serving: JoinHandle<io::Result<()>>,
    working: Option<JoinHandle<()>>,
    gate: Option<Gate>,
}

impl Runtime {
    /// Starts the roles; it serves when this returns.
    pub async fn start(
        config: Config,
        roles: &[Role],
        stop: watch::Receiver<bool>,
    ) -> Result<Self, Error> {
        let pool = connect(&config.database).await?;
        let services = services(&config, pool)?;
        if !imprimatur::services::health::schema_is_current(&services).await.unwrap_or(false) {
            return Err(Error::SchemaBehind);
        }
        let listener = TcpListener::bind(config.web.listen).await.map_err(|error| {
            if error.kind() == io::ErrorKind::AddrInUse {
                Error::AddressTaken(config.web.listen)
            } else {
                error.into()
            }
        })?;
        let address = listener.local_addr()?;
        let (front, gate) = assemble(&config, roles, &services, &stop).await?;
        let working = if roles.contains(&Role::Worker) {
            let payments = payments(&config, &services)?;
            let worker = Worker {
                services,
                prober: prober(&config)?,
                keys: key_settings(&config.keys),
                archive: archive(&config.archive)?,
                payments,
            };
            Some(tokio::spawn(worker.run(stop.clone())))
        } else {
            None
        };
        let serving = tokio::spawn(listen::serve(listener, front, stop.clone()));
        Ok(Self { base_url: config.web.base_url, address, stop, serving, working, gate })
    }

    /// How the world reaches it.
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Waits for the stop, then for what is under way.
    pub async fn finish(mut self) -> Result<(), Error> {
        // The sender only goes away with the process.
        let _ = self.stop.wait_for(|stop| *stop).await;
        match tokio::time::timeout(FAREWELL, self.serving).await {
            Ok(Ok(served)) => served?,
            Ok(Err(error)) => tracing::error!(%error, "Serving ended badly"),
            Err(_) => {
                tracing::warn!("Some answers were cut off: they took too long after the stop")
            }
        }
        if let Some(gate) = self.gate {
            gate.close().await;
        }
        if let Some(working) = self.working
            && let Err(error) = working.await
        {
            tracing::error!(%error, "The worker ended badly");
        }
        Ok(())
    }
}

/// Everything these roles answer, and the gate behind it if there is one. Answers that would go on
/// for ever end at the stop.
pub async fn assemble(
    config: &Config,
    roles: &[Role],
    services: &Services,
    stop: &watch::Receiver<bool>,
) -> Result<(Front, Option<Gate>), Error> {
    let base_url: Url = config.web.base_url.parse().map_err(Error::BaseUrl)?;
    let mut router = Router::new();
    let gate = if roles.contains(&Role::Gate) {
        let gate = Gate::start(services.clone(), gate_settings(config)).await?;
        router = router.merge(gate::routes(gate.clone()));
        Some(gate)
    } else {
        None
    };
    if roles.contains(&Role::Portal) {
        router = router.merge(portal(config, services, &base_url, Live::new(stop.clone()))?);
    }
    if roles.contains(&Role::Api)
        && let Some(stripe) = &config.stripe
    {
        router = router.merge(router::hooks(Hooks::new(services.clone(), stripe)));
    }
    router = router.merge(router::health(services.clone()));
    let https = base_url.scheme() == "https";
    let router = router::with_headers(router, https);
    let sites = match &gate {
        None => None,
        Some(gate) => {
            let (_, outbound) = outside(config)?;
            let limits = Limits {
                page_bytes_max: config.gate.page_bytes_max,
                silence_max: Patience::default().answer,
            };
            let services = services.clone();
            Some(Sites::open(services, gate.clone(), outbound, limits, &base_url).await?)
        }
    };
    Ok((Front::new(router, gate.clone(), sites, https), gate))
}

/// Who moves money, as configured; nobody, where no key is set.
pub fn payments(config: &Config, services: &Services) -> Result<Option<Arc<dyn Payments>>, Error> {
    let Some(stripe) = &config.stripe else { return Ok(None) };
    let settings =
        payments_stripe::Settings { key: stripe.key.0.clone(), base_url: stripe.base_url.clone() };
    Ok(Some(Arc::new(Stripe::new(settings, Arc::new(services.clone()))?)))
}

/// The way out to places that somebody else names. In a sandbox they may be on loopback.
fn outside(config: &Config) -> Result<(Arc<dyn Names>, Outbound), Error> {
    let names: Arc<dyn Names> = Arc::new(Dns::of_this_machine());
    let outbound = Outbound::new(Arc::clone(&names), config.web.sandbox, Patience::default())?;
    Ok((names, outbound))
}

/// What looks for proofs that sites are their creators'.
fn prober(config: &Config) -> Result<Arc<dyn Prober>, Error> {
    let (names, outbound) = outside(config)?;
    let probe = Probe::new(names, outbound);
    Ok(if config.web.sandbox { Arc::new(SandboxProber(probe)) } else { Arc::new(probe) })
}

fn gate_settings(config: &Config) -> gate::Settings {
    gate::Settings {
        base_url: config.web.base_url.clone(),
        unlicensed_per_hour: config.gate.unlicensed_per_hour,
        trusted_proxies: config.gate.trusted_proxies.clone(),
        attempt_key: AttemptKey::derive(&config.keys.cursor.0),
        cursor_key: CursorKey::new(&config.keys.cursor.0),
        keeper: engine_settings(config),
    }
}

fn portal(
    config: &Config,
    services: &Services,
    base_url: &Url,
    live: Live,
) -> Result<Router, Error> {
    // Drawing needs an executor set once in a process; a second time it is there already.
    let _ = any_spawner::Executor::init_tokio();
    let providers = Providers::new(config.providers.iter().map(provider).collect())?;
    let reload_port = reload_port().filter(|_| config.web.sandbox);
    let mut options = LeptosOptions::builder()
        .output_name("imprimatur")
        .site_root(config.web.site_dir.to_string_lossy().into_owned())
        .site_pkg_dir("pkg")
        .build();
    options.reload_external_port = reload_port;
    let portal = Portal {
        services: services.clone(),
        options,
        base_url: config.web.base_url.as_str().into(),
        providers: providers
            .choices()
            .map(|(key, label)| (key.to_owned(), label.to_owned()))
            .collect(),
        form_targets: form_targets(config, &providers).into(),
        reload_port,
        cursor_key: Arc::new(CursorKey::new(&config.keys.cursor.0)),
        demo: config.web.sandbox,
        storefront: Arc::default(),
        prober: prober(config)?,
        payments: payments(config, services)?,
        live,
    };
    let sign_in = SignIn { services: services.clone(), providers, base_url: base_url.clone() };
    let languages = match &config.web.words_dir {
        Some(folder) => Languages::read(folder).map_err(Error::Words)?,
        None => Languages::default(),
    };
    let pages = language::within(router::portal(portal, sign_in, base_url), languages);
    Ok(pages.merge(router::site(&config.web.site_dir)))
}

/// Where forms lead besides our own pages: to sign in, to leave a card, to say where money goes.
fn form_targets(config: &Config, providers: &Providers) -> String {
    let mut targets = providers.origins();
    match &config.stripe {
        Some(config::Stripe { base_url: Some(sandbox), .. }) => {
            targets.push(sandbox.origin().ascii_serialization());
        }
        Some(_) => targets.extend(HOSTED_BY_STRIPE.map(str::to_owned)),
        None => {}
    }
    targets.join(" ")
}

/// Where cargo-leptos tells open pages to reload, while it watches.
fn reload_port() -> Option<u32> {
    std::env::var_os("LEPTOS_WATCH")?;
    std::env::var("LEPTOS_RELOAD_PORT").ok()?.parse().ok()
}

fn provider(provider: &Provider) -> ProviderConfig {
    match provider {
        Provider::Oidc { issuer, label, client_id, client_secret } => ProviderConfig {
            key: "oidc".into(),
            label: label.clone(),
            kind: ProviderKind::Oidc { issuer: issuer.as_str().trim_end_matches('/').to_owned() },
            client_id: client_id.clone(),
            client_secret: client_secret.0.clone(),
        },
        Provider::GitHub { client_id, client_secret } => ProviderConfig {
            key: "github".into(),
            label: "GitHub".into(),
            kind: ProviderKind::GitHub {
                site: "https://github.com".into(),
                api: "https://api.github.com".into(),
            },
            client_id: client_id.clone(),
            client_secret: client_secret.0.clone(),
        },
    }
}
