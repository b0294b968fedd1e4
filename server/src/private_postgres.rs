//! A PostgreSQL of our own, for the demo and for tests: the programs are the
//! installed ones, everything else (data, password, port) lives in one folder.
//!
//! Always true: it listens on 127.0.0.1 only, one process owns the folder at a
//! time, and a cluster that a killed process left behind is stopped, its data
//! kept. Every [`Error`] is one sentence that says what to do.

mod folder;
mod programs;

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::time::Duration;

use postgresql_embedded::{BOOTSTRAP_SUPERUSER, PostgreSQL, Settings, VersionReq};
use tokio::signal::unix::{SignalKind, signal};

use folder::Folder;

/// Crash recovery of a large write-ahead log may take this long.
const PATIENCE: Duration = Duration::from_secs(120);
/// How long the processes of a killed cluster may take to notice.
const FAREWELL: Duration = Duration::from_secs(10);
const LOCALHOST: &str = "127.0.0.1";

/// What a crash of the machine may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// Nothing that was committed.
    Durable,
    /// Everything: several times faster, for tests.
    Disposable,
}

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("PostgreSQL is not installed; run `make setup`, or apt-get install postgresql.")]
    NotInstalled,
    #[error(
        "The data in {dir} were made by PostgreSQL {version}, which is gone; install postgresql-{version}, or start over with `make demo-reset`."
    )]
    VersionGone { dir: PathBuf, version: String },
    #[error(
        "Another Imprimatur is using {dir}; stop it first, or choose another folder with IMPRIMATUR_DATA_DIR."
    )]
    InUse { dir: PathBuf },
    #[error(
        "Port {port} on 127.0.0.1 is in use; stop what uses it, or choose another for PostgreSQL."
    )]
    PortTaken { port: u16 },
    #[error("The disk that holds {dir} is full; free some space and run this again.")]
    DiskFull { dir: PathBuf },
    #[error("PostgreSQL refuses to run as root; add a user for it: useradd --system postgres")]
    NoUser,
    #[error(
        "The password of the database in {dir} is lost; put back the file `password`, or start over with `make demo-reset`."
    )]
    PasswordLost { dir: PathBuf },
    #[error(
        "The folder {dir} cannot be used ({source}); make it writable, or choose another with IMPRIMATUR_DATA_DIR."
    )]
    Folder { dir: PathBuf, source: io::Error },
    #[error("PostgreSQL could not be set up in {dir}; read what it said: {said}")]
    Setup { dir: PathBuf, said: String },
    #[error("PostgreSQL did not start; read {log}, which ends: {said}")]
    Start { log: PathBuf, said: String },
    #[error(
        "PostgreSQL in {dir} did not stop; end the process named in {dir}/data/postmaster.pid ({said})."
    )]
    Stop { dir: PathBuf, said: String },
    #[error("The database {name} could not be created: {said}")]
    Database { name: String, said: String },
    #[error("The signals that end this program cannot be watched: {0}")]
    Signals(io::Error),
}

/// A running cluster. Dropping it stops it too, but blocks while it does.
#[derive(Debug)]
pub struct PrivatePostgres {
    server: PostgreSQL,
    dir: PathBuf,
    // After `server`, so that nobody else can start before it has stopped.
    _lock: File,
}

impl PrivatePostgres {
    /// Where to connect to `database`, which need not exist yet.
    pub fn url(&self, database: &str) -> String {
        self.server.settings().url(database)
    }

    pub async fn ensure_database(&self, database: &str) -> Result<(), Error> {
        let failed = |error: postgresql_embedded::Error| Error::Database {
            name: database.to_owned(),
            said: error.to_string(),
        };
        if !self.server.database_exists(database).await.map_err(failed)? {
            self.server.create_database(database).await.map_err(failed)?;
        }
        Ok(())
    }

    pub async fn drop_database(&self, database: &str) -> Result<(), Error> {
        self.server
            .drop_database(database)
            .await
            .map_err(|error| Error::Database { name: database.to_owned(), said: error.to_string() })
    }

    pub async fn stop(self) -> Result<(), Error> {
        stop(&self.server, &self.dir).await
    }
}

/// Starts the cluster in `dir`, making it first where there is none. Port 0
/// picks a free one and remembers it in `dir`.
pub async fn start(
    dir: &Path,
    port: u16,
    durability: Durability,
) -> Result<PrivatePostgres, Error> {
    let folder = Folder::open(dir)?;
    let programs = programs::find(&folder)?;
    programs::write_wrappers(&folder, &programs)?;

    if !folder.data().exists() {
        initialize(&folder).await?;
    }
    let password = folder.password()?;

    if folder.left_behind() {
        tracing::info!("Stopping the PostgreSQL that an earlier run left behind");
        let old = PostgreSQL::new(settings(&folder, &password, 0, durability));
        // A server that was dying by itself leaves its pid file, and nothing to stop.
        if let Err(error) = stop(&old, &folder.dir).await
            && folder.left_behind()
        {
            return Err(error);
        }
    }

    let patience = tokio::time::Instant::now() + FAREWELL;
    loop {
        let chosen = folder.port(port)?;
        let _ = fs::remove_file(folder.log());
        let mut server = PostgreSQL::new(settings(&folder, &password, chosen, durability));
        let Err(error) = server.start().await else {
            return Ok(PrivatePostgres { server, dir: folder.dir, _lock: folder.lock });
        };
        let log = fs::read_to_string(folder.log()).unwrap_or_default();
        // Another process may take the port between our look and the start;
        // and the processes of a killed cluster hold its memory for a moment.
        let passing = (port == 0 && log.contains("could not bind"))
            || log.contains("pre-existing shared memory block");
        if !passing || tokio::time::Instant::now() >= patience {
            return Err(explain_start(&folder, chosen, &log, &error.to_string()));
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// Runs a cluster for another program: says where it is on the first line of
/// standard output, then stays until a signal comes or standard input ends, so
/// that it cannot outlive the one who asked for it.
pub async fn lend(dir: &Path, port: u16, durability: Durability) -> Result<(), Error> {
    let mut interrupt = signal(SignalKind::interrupt()).map_err(Error::Signals)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(Error::Signals)?;
    let (ended, mut input_ended) = tokio::sync::oneshot::channel::<()>();
    std::thread::spawn(move || {
        let _ = io::copy(&mut io::stdin(), &mut io::sink());
        drop(ended);
    });

    // A start is never cut short: a signal during it is answered after it.
    let postgres = start(dir, port, durability).await?;
    let mut out = io::stdout();
    // Whoever no longer listens will not miss the line.
    let _ = writeln!(out, "DATABASE_URL={}", postgres.url("postgres"));
    let _ = out.flush();
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
        _ = &mut input_ended => {}
    }
    postgres.stop().await
}

fn settings(folder: &Folder, password: &str, port: u16, durability: Durability) -> Settings {
    let mut configuration = HashMap::from([
        ("listen_addresses", LOCALHOST),
        // No socket: its path may be too long, or in a folder that the user
        // PostgreSQL runs as cannot enter.
        ("unix_socket_directories", "''"),
        ("max_connections", "200"),
        ("timezone", "UTC"),
        ("log_timezone", "UTC"),
    ]);
    match durability {
        // The crate starts the server with fsync off; this puts it back on.
        Durability::Durable => configuration.extend([("fsync", "on")]),
        Durability::Disposable => configuration.extend([
            ("fsync", "off"),
            ("synchronous_commit", "off"),
            ("full_page_writes", "off"),
        ]),
    }
    // Every field is named, because the crate's defaults make folders in /tmp.
    Settings {
        releases_url: String::new(),
        version: VersionReq::STAR,
        installation_dir: folder.dir.clone(),
        trust_installation_dir: true,
        password_file: folder.password_file(),
        data_dir: folder.data(),
        host: LOCALHOST.to_owned(),
        port,
        username: BOOTSTRAP_SUPERUSER.to_owned(),
        password: password.to_owned(),
        temporary: false,
        timeout: Some(PATIENCE),
        configuration: configuration
            .into_iter()
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .collect(),
        socket_dir: None,
    }
}

/// Makes the cluster beside its place and moves it there when it is whole, so
/// that an interrupted attempt is never taken for a cluster.
async fn initialize(folder: &Folder) -> Result<(), Error> {
    folder.prepare_new()?;
    let password = folder.new_password()?;
    let settings = Settings {
        data_dir: folder.new_data(),
        ..settings(folder, &password, 0, Durability::Durable)
    };
    PostgreSQL::new(settings).setup().await.map_err(|error| {
        let said = error.to_string();
        if is_disk_full(&said) {
            Error::DiskFull { dir: folder.dir.clone() }
        } else {
            Error::Setup { dir: folder.dir.clone(), said: said.trim().to_owned() }
        }
    })?;
    fs::rename(folder.new_data(), folder.data()).map_err(folder.failed())
}

async fn stop(server: &PostgreSQL, dir: &Path) -> Result<(), Error> {
    server.stop().await.map_err(|error| Error::Stop {
        dir: dir.to_owned(),
        said: error.to_string().trim().to_owned(),
    })
}

fn explain_start(folder: &Folder, port: u16, log: &str, said: &str) -> Error {
    if log.contains("could not bind") {
        return Error::PortTaken { port };
    }
    if is_disk_full(log) || is_disk_full(said) {
        return Error::DiskFull { dir: folder.dir.clone() };
    }
    let last = log
        .lines()
        .rfind(|line| line.contains("FATAL") || line.contains("PANIC"))
        .or_else(|| log.lines().next_back())
        .unwrap_or(said);
    Error::Start { log: folder.log(), said: last.trim().to_owned() }
}

fn is_disk_full(text: &str) -> bool {
    text.contains("No space left on device")
}

fn is_free(port: u16) -> bool {
    TcpListener::bind((LOCALHOST, port)).is_ok()
}

#[cfg(test)]
mod tests;
