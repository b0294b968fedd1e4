//! `imprimatur demo`: everything a newcomer needs, on loopback: a private PostgreSQL, the schema,
//! seeded people and works, a sign-in provider, a creator's web site.
//!
//! All data lie in one folder and are kept between runs. Ctrl-C stops everything it started.

mod keys;
mod seed;

use std::{
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener},
    path::{Path, PathBuf},
};

use imprimatur::{MIGRATOR, services::gate::attempts::AttemptKey};
use sqlx::migrate::MigrateError;
use stripe_sandbox::{Options, Sandbox};

use super::{Error, say, until_told_to_stop};
use crate::{
    config::{self, Config, Source, run_dir},
    private_postgres::{self, Durability, PrivatePostgres},
    runtime::{self, Role, Runtime},
    sandbox::{
        authorization_server::{AuthorizationServer, SandboxClient},
        gazette::Gazette,
    },
};

const DATABASE: &str = "imprimatur";
const CLIENT_ID: &str = "imprimatur-demo";

/// Serves the demo until told to stop.
pub async fn demo(mut source: Source) -> Result<(), Error> {
    let listen = source.read("LISTEN", SocketAddr::from(([127, 0, 0, 1], 3000)))?;
    let sign_in = SocketAddr::new(listen.ip(), listen.port().saturating_add(1));
    let sign_in: SocketAddr = source.read("SIGN_IN_LISTEN", sign_in)?;
    if sign_in.ip() != IpAddr::V4(Ipv4Addr::LOCALHOST) {
        return Err(Error::SignInElsewhere);
    }
    let gazette = SocketAddr::new(listen.ip(), listen.port().saturating_add(3));
    let gazette: SocketAddr = source.read("GAZETTE_LISTEN", gazette)?;
    let stripe = SocketAddr::new(listen.ip(), listen.port().saturating_add(4));
    let stripe: SocketAddr = source.read("STRIPE_LISTEN", stripe)?;
    is_free(stripe, "IMPRIMATUR_STRIPE_LISTEN")?;
    is_free(listen, "IMPRIMATUR_LISTEN")?;
    is_free(sign_in, "IMPRIMATUR_SIGN_IN_LISTEN")?;
    is_free(gazette, "IMPRIMATUR_GAZETTE_LISTEN")?;
    source.or_set("DATA_DIR", run_dir().to_string_lossy());
    let dir: PathBuf = source.read("DATA_DIR", run_dir())?;
    let port = source.read("POSTGRES_PORT", 0)?;

    let stop = until_told_to_stop()?;
    say("Starting PostgreSQL");
    let postgres =
        private_postgres::start(&dir.join("postgres"), port, Durability::Durable).await?;
    let served = serve(source, &dir, &postgres, (sign_in, gazette, stripe), stop).await;
    say("Stopping PostgreSQL");
    postgres.stop().await?;
    served
}

async fn serve(
    mut source: Source,
    dir: &Path,
    postgres: &PrivatePostgres,
    (sign_in, gazette, stripe): (SocketAddr, SocketAddr, SocketAddr),
    stop: tokio::sync::watch::Receiver<bool>,
) -> Result<(), Error> {
    let keys = keys::keep(&dir.join("keys"))?;
    let base_url = source.base_url()?;
    let client = SandboxClient {
        client_id: CLIENT_ID.into(),
        client_secret: keys.client.clone(),
        redirect_uris: vec![format!("{base_url}/auth/callback/oidc")],
    };
    let provider = AuthorizationServer::bind(sign_in.port(), client, seed::people())
        .await
        .map_err(Error::io("Starting the sign-in provider"))?;
    let issuer = provider.issuer().to_owned();
    configure(&mut source, &keys, postgres, &issuer);

    let mut config = Config::read(&source)?;
    let paper =
        Gazette::bind(gazette).await.map_err(Error::io("Starting the demo's own web site"))?;
    prepare(&config, postgres, dir, (&issuer, &format!("http://{gazette}"))).await?;

    let sandbox = match config.stripe {
        Some(_) => None,
        None => Some(pretend_to_pay(&mut config, stripe, &base_url).await?),
    };
    let roles = [Role::Portal, Role::Api, Role::Gate, Role::Worker];
    let runtime = Runtime::start(config, &roles, stop.clone()).await?;
    let (mut stopped, stop_paper) = (stop.clone(), stop);
    let providing = tokio::spawn(provider.serve(async move {
        // The sender only goes away with the process.
        let _ = stopped.wait_for(|stop| *stop).await;
    }));
    let printing = tokio::spawn(paper.serve(stop_paper));
    announce(runtime.base_url(), sandbox.as_ref());
    runtime.finish().await?;
    providing.abort();
    printing.abort();
    Ok(())
}

fn configure(source: &mut Source, keys: &keys::Keys, postgres: &PrivatePostgres, issuer: &str) {
    let site =
        std::env::var("LEPTOS_SITE_ROOT").map_or_else(|_| run_dir().join("site"), PathBuf::from);
    source.or_set("SANDBOX", "true");
    source.or_set("SITE_DIR", site.to_string_lossy());
    let words = PathBuf::from("words");
    if words.is_dir() {
        source.or_set("WORDS_DIR", words.to_string_lossy());
    }
    source.or_set("DATABASE_URL", postgres.url(DATABASE));
    source.or_set("KEYS_SECRET", keys.secret.clone());
    source.or_set("CURSOR_SECRET", keys.cursor.clone());
    source.or_set("OIDC_ISSUER", issuer);
    source.or_set("OIDC_CLIENT_ID", CLIENT_ID);
    source.or_set("OIDC_CLIENT_SECRET", keys.client.clone());
    source.or_set("OIDC_LABEL", "the demo");
}

/// Brings the schema up to date and fills it, the first time. A seed that was interrupted is thrown
/// away and begun anew: nobody has worked with it yet.
async fn prepare(
    config: &Config,
    postgres: &PrivatePostgres,
    dir: &Path,
    (issuer, gazette): (&str, &str),
) -> Result<(), Error> {
    let marker = dir.join("keys").join("seeded");
    let seeded = marker.exists();
    if !seeded {
        postgres.drop_database(DATABASE).await?;
    }
    postgres.ensure_database(DATABASE).await?;
    let pool = runtime::connect(&config.database).await?;
    MIGRATOR.run(&pool).await.map_err(|error| match error {
        MigrateError::VersionMismatch(_) | MigrateError::VersionMissing(_) => Error::OtherVersion,
        other => runtime::Error::Migrate(other).into(),
    })?;
    if !seeded {
        say("Filling it with people, works and ninety days of use");
        let services = runtime::services(config, pool.clone())?;
        let settings = runtime::engine_settings(config);
        let attempt_key = AttemptKey::derive(&config.keys.cursor.0);
        seed::fill(services, settings, attempt_key, issuer, gazette)
            .await
            .map_err(|error| Error::Seed(in_full(&error)))?;
        std::fs::write(&marker, []).map_err(Error::io("Keeping that the demo is filled"))?;
    }
    pool.close().await;
    Ok(())
}

/// An error with everything that caused it.
fn in_full(error: &dyn std::error::Error) -> String {
    let mut words = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        words.push_str(": ");
        words.push_str(&cause.to_string());
        source = cause.source();
    }
    words
}

/// Starts a payment provider that moves no real money, where no key of the real one is set. It
/// remembers over restarts, beside what the product remembers of it.
async fn pretend_to_pay(
    config: &mut Config,
    listen: SocketAddr,
    base_url: &str,
) -> Result<Sandbox, Error> {
    let failed = |error: &dyn std::error::Error| Error::Payments(in_full(error));
    let pool = runtime::connect(&config.database).await?;
    let options = Options { listen: Some(listen), pool: Some(pool), ..Options::default() };
    let sandbox = Sandbox::start(options).await.map_err(|error| failed(&error))?;
    let secret = async |path: &str, is_connect| {
        let secret = sandbox.tell(&format!("{base_url}{path}"), is_connect).await;
        secret.map(config::Secret).map_err(|error| failed(&error))
    };
    config.stripe = Some(config::Stripe {
        key: config::Secret("sk_test_of_the_demo".into()),
        base_url: sandbox.url().parse().ok(),
        webhook_secret: secret("/hooks/stripe", false).await?,
        connect_secret: secret("/hooks/stripe/connect", true).await?,
    });
    Ok(sandbox)
}

fn is_free(address: SocketAddr, setting: &'static str) -> Result<(), Error> {
    match TcpListener::bind(address) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
            Err(Error::AddressTaken { address, setting })
        }
        Err(error) => Err(Error::io("Listening")(error)),
    }
}

fn announce(base_url: &str, sandbox: Option<&Sandbox>) {
    say(&format!("\nImprimatur is ready on {base_url}\n\nSign in as:"));
    for person in seed::people() {
        say(&format!("  {:<15} {}", person.name, person.about));
    }
    if let Some(sandbox) = sandbox {
        say(&format!("\nSandbox: no real money. Its control panel: {}/_sandbox", sandbox.url()));
    }
    say("\nCtrl-C stops it. Data are kept; make demo-reset starts over.");
}
