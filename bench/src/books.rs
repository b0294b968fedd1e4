//! A PostgreSQL of the bench's own, as durable as the demo's, with a database for each part.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use imprimatur::{MIGRATOR, services::Services};
use server::{
    config::{Config, Source},
    private_postgres::{self, Durability, PrivatePostgres},
    runtime,
};
use sqlx::PgPool;

use crate::{Result, product};

/// What the write-ahead log may grow by between two looks and still be at rest.
const REST_BYTES: i64 = 16 * 1024;
const LOOK_EVERY: Duration = Duration::from_millis(100);
const PATIENCE: Duration = Duration::from_secs(300);

/// The running cluster.
pub struct Books {
    postgres: PrivatePostgres,
}

/// One database, and the product's services on it.
pub struct Book {
    pub name: String,
    pub url: String,
    pub services: Services,
}

impl Books {
    /// Starts it with fsync on, in a folder of its own.
    pub async fn start(dir: &Path) -> Result<Self> {
        let postgres =
            private_postgres::start(&dir.join("postgres"), 0, Durability::Durable).await?;
        Ok(Self { postgres })
    }

    /// An empty database with the product's schema.
    pub async fn open(&self, bench: &Path, name: &str) -> Result<Book> {
        self.postgres.drop_database(name).await?;
        self.postgres.ensure_database(name).await?;
        let url = self.postgres.url(name);
        let content = bench.join(format!("data-{name}"));
        if content.exists() {
            std::fs::remove_dir_all(&content)?;
        }
        let settings = product::settings(&url, 0, &content);
        let config = Config::read(&Source::load(settings)?)?;
        let pool = runtime::connect(&config.database).await?;
        MIGRATOR.run(&pool).await?;
        let services = runtime::services(&config, pool)?;
        Ok(Book { name: name.to_owned(), url, services })
    }

    /// Drops what a part has left.
    pub async fn drop(&self, book: Book) -> Result<()> {
        book.services.pool.close().await;
        Ok(self.postgres.drop_database(&book.name).await?)
    }

    /// Stops it.
    pub async fn stop(self) -> Result<()> {
        Ok(self.postgres.stop().await?)
    }
}

/// Waits until nothing is written any more, and says how long that took.
pub async fn until_at_rest(pool: &PgPool) -> Result<Duration> {
    let begun = Instant::now();
    let mut before = written(pool).await?;
    let mut at_rest = None;
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        let now = written(pool).await?;
        if now - before > REST_BYTES {
            at_rest = None;
        } else if at_rest.is_none() {
            at_rest = Some(begun.elapsed().saturating_sub(LOOK_EVERY));
        } else if let Some(since) = at_rest
            && begun.elapsed() > since + 5 * LOOK_EVERY
        {
            return Ok(since);
        }
        if begun.elapsed() > PATIENCE {
            return Err("The books do not come to rest.".into());
        }
        before = now;
    }
}

async fn written(pool: &PgPool) -> Result<i64> {
    let sql = "select (pg_current_wal_lsn() - '0/0'::pg_lsn)::bigint";
    Ok(sqlx::query_scalar(sql).fetch_one(pool).await?)
}
