//! Keeps the snapshot fresh: a change to licenses, tokens or works is in force within a second.
//!
//! Changes announce themselves (`notify gate_snapshot`, saying which rows), and only what they name
//! is read. Each second a question on the same connection shows that PostgreSQL is there and that
//! nothing is still to be heard. Everything is read at the start, when the connection was lost, and
//! where counting shows that something was missed. While PostgreSQL is away what was read last stays
//! in force, and the log says so once.

use std::{sync::Arc, time::Duration};

use sqlx::postgres::PgListener;
use tokio::{
    sync::watch,
    time::{Instant, MissedTickBehavior, interval, timeout},
};

use super::{
    Shared,
    snapshot::{Changes, count_live_tokens},
};
use crate::services::{Error, Result};

const CHANNEL: &str = "gate_snapshot";
const INTERVAL: Duration = Duration::from_secs(1);
/// An answer that takes longer is none.
const PATIENCE: Duration = Duration::from_secs(5);
/// Seconds between two counts of the tokens.
const COUNT_EVERY: u32 = 300;
/// Changes that come in quick succession are read together.
const PAUSE: Duration = Duration::from_millis(10);

/// Keeps the snapshot fresh until told to stop.
pub(super) async fn keep_fresh(shared: Arc<Shared>, mut stop: watch::Receiver<bool>) {
    let mut away = false;
    loop {
        let error = tokio::select! {
            error = while_connected(&shared, &mut away) => error,
            _ = stop.changed() => return,
        };
        if !away {
            let source =
                std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
            tracing::error!(%error, source, "The gate cannot read licenses and tokens and keeps to what it last read");
        }
        away = true;
        tokio::select! {
            () = tokio::time::sleep(INTERVAL) => {}
            _ = stop.changed() => return,
        }
    }
}

/// Returns when the connection is lost or something could not be read: then everything is read
/// again on the next one.
async fn while_connected(shared: &Shared, away: &mut bool) -> Error {
    let Err(error) = follow(shared, away).await;
    error
}

async fn follow(shared: &Shared, away: &mut bool) -> Result<std::convert::Infallible> {
    let mut listener = PgListener::connect_with(&shared.services.pool).await?;
    listener.eager_reconnect(false);
    listener.listen(CHANNEL).await?;
    read(shared, &Changes::everything()).await?;
    if std::mem::take(away) {
        tracing::info!("The gate reads licenses and tokens again");
    }
    let mut ticks = interval(INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut tick, mut differed) = (0_u32, false);
    loop {
        let mut changes = Changes::default();
        let asks = tokio::select! {
            _ = ticks.tick() => true,
            heard = listener.try_recv() => {
                let heard = heard?.ok_or_else(|| lost("the connection that tells of changes was lost"))?;
                changes.add(heard.payload());
                tokio::time::sleep(PAUSE).await;
                false
            }
        };
        let asked_at = Instant::now();
        tick = tick.wrapping_add(u32::from(asks));
        let counts = asks && tick.is_multiple_of(COUNT_EVERY);
        let mut counted = None;
        if counts {
            let now = shared.services.now();
            shared.snapshot.forget(now);
            counted = Some(answered(count_live_tokens(&mut listener, now)).await?);
        } else if asks {
            answered(async { Ok(sqlx::query("select 1").execute(&mut listener).await?) }).await?;
        }
        while let Some(heard) = listener.next_buffered() {
            changes.add(heard.payload());
        }
        if !changes.is_empty() {
            read(shared, &changes).await?;
        }
        if let Some(counted) = counted {
            let known = shared.snapshot.count(shared.services.now());
            let differs = i64::try_from(known) != Ok(counted);
            // Once may be a change on its way.
            if differs && std::mem::replace(&mut differed, differs) {
                tracing::warn!(
                    counted,
                    known,
                    "The gate missed a change and reads everything again"
                );
                read(shared, &Changes::everything()).await?;
            }
            differed = differs;
        }
        if asks {
            shared.confirm(asked_at);
        }
    }
}

async fn read(shared: &Shared, changes: &Changes) -> Result<()> {
    let asked_at = Instant::now();
    shared.snapshot.apply(&shared.services, &shared.paid, changes).await?;
    if changes.everything {
        shared.confirm(asked_at);
    }
    Ok(())
}

async fn answered<T>(answer: impl Future<Output = Result<T>>) -> Result<T> {
    timeout(PATIENCE, answer)
        .await
        .unwrap_or_else(|_| Err(lost("PostgreSQL did not answer in time")))
}

fn lost(what: &'static str) -> Error {
    Error::fault("listening for changes", what)
}
