//! The real binary serving the gate in a process of its own, which can be killed.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use imprimatur::domain::asset::ContentId;
use sqlx::{ConnectOptions as _, PgPool};
use tokio::process::{Child, Command};

/// A gate in a process of its own; dropping it kills it.
pub struct Served {
    child: Child,
    pub base_url: String,
}

/// Where a gate keeps what it keeps, and where it listens.
pub struct Place {
    pub dir: PathBuf,
    port: u16,
    database_url: String,
}

impl Place {
    pub fn new(dir: PathBuf, pool: &PgPool) -> Self {
        std::fs::create_dir_all(&dir).unwrap();
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        let database_url = pool.connect_options().to_url_lossy().to_string();
        Self { dir, port, database_url }
    }

    /// Puts content where the gate looks for it.
    pub fn put(&self, content_id: &ContentId, bytes: &[u8]) {
        let hex = content_id.hex();
        let folder = self.dir.join("content/content").join(&hex[..2]);
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join(hex), bytes).unwrap();
    }

    /// Starts the gate; it answers when this returns.
    pub async fn serve(&self, settings: &[(&str, &str)]) -> Served {
        let log = std::fs::File::options().create(true).append(true).open(self.log()).unwrap();
        let key = "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=";
        let mut command = Command::new(env!("CARGO_BIN_EXE_imprimatur"));
        command
            .args(["serve", "--roles", "gate"])
            .env_clear()
            .env("RUST_LOG", "warn")
            .env("IMPRIMATUR_LISTEN", format!("127.0.0.1:{}", self.port))
            .env("IMPRIMATUR_DATABASE_URL", &self.database_url)
            .env("IMPRIMATUR_DATA_DIR", &self.dir)
            .env("IMPRIMATUR_SITE_DIR", &self.dir)
            .env("IMPRIMATUR_KEYS_SECRET", key)
            .env("IMPRIMATUR_CURSOR_SECRET", key)
            .env("IMPRIMATUR_OIDC_ISSUER", "http://127.0.0.1:1")
            .env("IMPRIMATUR_OIDC_CLIENT_ID", "nobody")
            .env("IMPRIMATUR_OIDC_CLIENT_SECRET", "nothing")
            .envs(settings.iter().map(|(key, value)| (format!("IMPRIMATUR_{key}"), *value)))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .kill_on_drop(true);
        let base_url = format!("http://127.0.0.1:{}", self.port);
        let mut served = Served { child: command.spawn().unwrap(), base_url };
        let client = reqwest::Client::new();
        let alive = format!("{}/healthz", served.base_url);
        let waiting = async {
            while client.get(&alive).send().await.is_err() {
                if let Some(status) = served.child.try_wait().unwrap() {
                    panic!("the gate ended with {status}: {}", self.said());
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let waited = tokio::time::timeout(Duration::from_secs(30), waiting).await;
        assert!(waited.is_ok(), "the gate never answered: {}", self.said());
        served
    }

    fn log(&self) -> PathBuf {
        self.dir.join("log")
    }

    /// What the gate has logged.
    pub fn said(&self) -> String {
        std::fs::read_to_string(self.log()).unwrap_or_default()
    }
}

impl Served {
    /// `kill -9`, and waits until it is dead.
    pub async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }

    /// Ends it as an operator does, and waits.
    pub async fn stop(mut self) {
        let id = self.child.id().unwrap().to_string();
        let told = Command::new("kill").arg(id).status().await.unwrap();
        assert!(told.success());
        let ended = tokio::time::timeout(Duration::from_secs(40), self.child.wait()).await;
        assert!(ended.unwrap().unwrap().success());
    }

    /// Bytes of memory it holds.
    pub fn resident(&self) -> u64 {
        let path = format!("/proc/{}/status", self.child.id().unwrap());
        let status = std::fs::read_to_string(Path::new(&path)).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        let kilobytes: u64 = line.trim().trim_end_matches(" kB").parse().unwrap();
        kilobytes * 1024
    }
}
