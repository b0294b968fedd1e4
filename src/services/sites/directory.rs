//! Every site that is or was served, by its host, held in memory: the gate asks no database where a
//! request belongs.
//!
//! A change announces itself (`notify gate_site`) and is in force within a second; reading anew at
//! intervals is the net below. While the database is away, what was last read stays in force.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use sqlx::postgres::PgListener;
use tokio::{task::JoinHandle, time::timeout};

use crate::{
    domain::{ids::AssetId, site::SiteState},
    services::{Error, Result, Services},
};

const CHANNEL: &str = "gate_site";
const INTERVAL: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_secs(1);
/// An answer that takes longer is none.
const PATIENCE: Duration = Duration::from_secs(5);

/// A site as the gate knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Served {
    pub asset_id: AssetId,
    pub host: String,
    /// Where its pages come from: scheme, host and port.
    pub origin: String,
    /// Whether it is served; if not, it has lapsed.
    pub verified: bool,
}

/// The sites by host. Dropped, it no longer keeps them fresh.
pub struct Directory {
    known: Arc<Known>,
    task: JoinHandle<()>,
}

type Sites = HashMap<String, Arc<Served>>;

struct Known {
    services: Services,
    sites: RwLock<Sites>,
}

impl Directory {
    /// Reads every site and starts to keep them fresh.
    pub async fn open(services: Services) -> Result<Self> {
        let sites = RwLock::new(load(&services).await?);
        let known = Arc::new(Known { services, sites });
        let task = tokio::spawn(keep_fresh(Arc::clone(&known)));
        Ok(Self { known, task })
    }

    /// The site of a host: in lower case and without a port.
    pub fn of(&self, host: &str) -> Option<Arc<Served>> {
        self.known.sites.read().unwrap_or_else(PoisonError::into_inner).get(host).cloned()
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn keep_fresh(known: Arc<Known>) {
    let mut away = false;
    loop {
        if let Err(error) = follow(&known, &mut away).await
            && !away
        {
            tracing::error!(%error, "The gate cannot read sites and keeps to what it last read");
            away = true;
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Reads anew after each change and at intervals, until that fails.
async fn follow(known: &Known, away: &mut bool) -> Result<()> {
    let mut listener = answered(async {
        let mut listener = PgListener::connect_with(&known.services.pool).await?;
        listener.eager_reconnect(false);
        listener.listen(CHANNEL).await?;
        Ok(listener)
    })
    .await?;
    loop {
        let sites = answered(load(&known.services)).await?;
        *known.sites.write().unwrap_or_else(PoisonError::into_inner) = sites;
        if std::mem::take(away) {
            tracing::info!("The gate reads sites again");
        }
        tokio::select! {
            told = listener.try_recv() => if told?.is_none() { return Ok(()) },
            () = tokio::time::sleep(INTERVAL) => {}
        }
    }
}

async fn answered<T>(answer: impl Future<Output = Result<T>>) -> Result<T> {
    let silent = |_| Error::fault("reading sites", "PostgreSQL did not answer in time");
    timeout(PATIENCE, answer).await.map_err(silent)?
}

// SQL

/// Where one organization's proof has lapsed and another's is good, the good one counts.
async fn load(services: &Services) -> Result<Sites> {
    let rows = sqlx::query!(
        "select asset_id, host, origin, state from site
         where state in ('verified', 'lapsed')
         order by state = 'verified'",
    )
    .fetch_all(&services.pool)
    .await?;
    let served = rows.into_iter().map(|row| {
        let verified = row.state == SiteState::Verified;
        let served =
            Served { asset_id: row.asset_id, host: row.host.clone(), origin: row.origin, verified };
        (row.host, Arc::new(served))
    });
    Ok(served.collect())
}
