//! Keeps the snapshot fresh: a change to licenses, tokens or works is in force within a second.
//!
//! Changes announce themselves (`notify gate_snapshot`); reading anew at intervals is the net below.
//! While the database is away the last snapshot stays in force for as long as the failover policy
//! says, and the log says so once. Each second the keys are read again, which is also the proof that
//! the database is there.

use std::{sync::Arc, time::Duration};

use sqlx::postgres::PgListener;
use tokio::{
    sync::{Notify, watch},
    time::Instant,
};

use super::{Shared, keys::Keyring, snapshot::Snapshot};

const CHANNEL: &str = "gate_snapshot";
/// Changes that come in quick succession are read together.
const PAUSE: Duration = Duration::from_millis(50);
const INTERVAL: Duration = Duration::from_secs(1);
/// PostgreSQL must say within this that it is there.
const PATIENCE: Duration = Duration::from_secs(2);
/// Reading at intervals may take at most a twentieth of the time, however large the snapshot.
const INTERVAL_PER_LOAD: u32 = 20;

/// Wakes `changed` whenever something was announced, until told to stop.
pub(super) async fn listen(
    shared: Arc<Shared>,
    changed: Arc<Notify>,
    mut stop: watch::Receiver<bool>,
) {
    loop {
        tokio::select! {
            () = listen_while_connected(&shared, &changed) => {}
            _ = stop.changed() => return,
        }
        tokio::select! {
            () = tokio::time::sleep(INTERVAL) => {}
            _ = stop.changed() => return,
        }
    }
}

/// Returns when the connection is lost. What was announced since then is found by the wake-up that
/// follows the next connection.
async fn listen_while_connected(shared: &Shared, changed: &Notify) {
    let Ok(mut listener) = PgListener::connect_with(&shared.services.pool).await else { return };
    if listener.listen(CHANNEL).await.is_err() {
        return;
    }
    changed.notify_one();
    while let Ok(Some(_)) = listener.try_recv().await {
        changed.notify_one();
    }
}

/// Reads the keys each second until told to stop. What they come from is what the snapshot comes
/// from, so this confirms that nothing has changed unheard.
pub(super) async fn confirm(shared: Arc<Shared>, mut stop: watch::Receiver<bool>) {
    loop {
        tokio::select! {
            () = tokio::time::sleep(INTERVAL) => {}
            _ = stop.changed() => return,
        }
        let asked_at = std::time::Instant::now();
        let before = shared.keyring();
        let reading = Keyring::load(&shared.services, &shared.keys, &before);
        match tokio::time::timeout(PATIENCE, reading).await {
            Ok(Ok(keyring)) => {
                shared.replace_keyring(keyring);
                shared.contact.confirm(asked_at);
            }
            Ok(Err(error)) => tracing::debug!(%error, "The keys could not be read"),
            Err(late) => tracing::debug!(%late, "The keys could not be read"),
        }
    }
}

/// Reads a new snapshot after each change and at intervals, until told to stop.
pub(super) async fn refresh(
    shared: Arc<Shared>,
    changed: Arc<Notify>,
    mut stop: watch::Receiver<bool>,
) {
    let mut interval = INTERVAL;
    let mut away = false;
    loop {
        tokio::select! {
            () = changed.notified() => {}
            () = tokio::time::sleep(interval) => {}
            _ = stop.changed() => return,
        }
        let begun = Instant::now();
        let before = shared.snapshot();
        match Snapshot::load(&shared.services, &before, &shared.paid).await {
            Ok(snapshot) => {
                shared.replace(snapshot);
                shared.contact.read(true);
                if away {
                    tracing::info!("The gate reads licenses and tokens again");
                }
                away = false;
            }
            Err(error) => {
                shared.contact.read(false);
                if !away {
                    let source = std::error::Error::source(&error)
                        .map(ToString::to_string)
                        .unwrap_or_default();
                    tracing::error!(%error, source, "The gate cannot read licenses and tokens and keeps to what it last read");
                }
                away = true;
            }
        }
        interval = INTERVAL.max(begun.elapsed().saturating_mul(INTERVAL_PER_LOAD));
        if away {
            interval = INTERVAL;
        }
        tokio::time::sleep(PAUSE).await;
    }
}
