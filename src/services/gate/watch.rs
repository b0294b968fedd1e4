//! Keeps the snapshot fresh: a change to licenses, tokens or works is in force within a second.
//!
//! Changes announce themselves (`notify gate_snapshot`, saying which rows), and only what they name
//! is read. Each second a question on the same connection shows that PostgreSQL is there and that
//! nothing is still to be heard. Everything is read at the start, when the connection was lost, and
//! where counting shows that something was missed; changes go on being read meanwhile. While
//! PostgreSQL is away what was read last stays in force, and the log says so once.

use std::{convert::Infallible, sync::Arc, time::Duration};

use futures::future::{BoxFuture, FutureExt as _};
use sqlx::postgres::PgListener;
use tokio::{
    sync::watch,
    time::{Instant, MissedTickBehavior, interval, timeout},
};

use super::{
    Shared,
    snapshot::{Changes, count_live_tokens},
};
use crate::services::{Error, Result, Services};

const CHANNEL: &str = "gate_snapshot";
const INTERVAL: Duration = Duration::from_secs(1);
/// An answer that takes longer is none.
const PATIENCE: Duration = Duration::from_secs(5);
/// Reading everything may take so long.
const PATIENCE_FOR_ALL: Duration = Duration::from_secs(120);
/// Seconds between two counts of the tokens.
const COUNT_EVERY: u32 = 300;
/// Changes that come in quick succession are read together.
const PAUSE: Duration = Duration::from_millis(10);

/// Begins to hear of changes. What is read after this misses none.
pub(super) async fn listen(services: &Services) -> Result<PgListener> {
    answered(async {
        let mut listener = PgListener::connect_with(&services.pool).await?;
        listener.eager_reconnect(false);
        listener.listen(CHANNEL).await?;
        Ok(listener)
    })
    .await
}

/// Keeps the snapshot fresh until told to stop. Everything was read after `listener` was made.
pub(super) async fn keep_fresh(
    shared: Arc<Shared>,
    listener: PgListener,
    mut stop: watch::Receiver<bool>,
) {
    let mut first = Some(listener);
    let mut away = false;
    loop {
        let follow = async {
            let mut follower = match first.take() {
                Some(listener) => Follower::new(&shared, listener, &mut away),
                None => {
                    let listener = listen(&shared.services).await?;
                    let mut follower = Follower::new(&shared, listener, &mut away);
                    follower.changes.everything = true;
                    follower
                }
            };
            follower.follow().await
        };
        let failed: Result<Infallible> = tokio::select! {
            failed = follow => failed,
            _ = stop.changed() => return,
        };
        let Err(error) = failed;
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

/// One connection, and what was heard on it.
struct Follower<'a> {
    shared: &'a Shared,
    listener: PgListener,
    away: &'a mut bool,
    /// Heard and not read yet.
    changes: Changes,
    /// Everything, being read.
    loading: Option<(Instant, BoxFuture<'a, Result<()>>)>,
    /// Read while everything was being read, whose state may be older.
    meanwhile: Changes,
    ticks: u32,
    /// Whether the last count differed from what is known.
    differed: bool,
}

impl<'a> Follower<'a> {
    fn new(shared: &'a Shared, listener: PgListener, away: &'a mut bool) -> Self {
        let (changes, meanwhile) = (Changes::default(), Changes::default());
        let (loading, ticks, differed) = (None, 0, false);
        Self { shared, listener, away, changes, loading, meanwhile, ticks, differed }
    }

    /// Returns when the connection is lost or something could not be read: then everything is read
    /// again on the next one.
    async fn follow(&mut self) -> Result<Infallible> {
        let mut interval = interval(INTERVAL);
        interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            self.read().await?;
            tokio::select! {
                loaded = finished(&mut self.loading) => {
                    self.shared.contact.confirm(loaded?.into_std());
                    self.loading = None;
                    self.changes.merge(std::mem::take(&mut self.meanwhile));
                    if std::mem::take(self.away) {
                        tracing::info!("The gate reads licenses and tokens again");
                    }
                }
                heard = self.listener.try_recv() => {
                    let heard =
                        heard?.ok_or_else(|| lost("the connection that tells of changes was lost"))?;
                    self.changes.add(heard.payload());
                    tokio::time::sleep(PAUSE).await;
                    self.hear();
                }
                _ = interval.tick() => self.ask().await?,
            }
        }
    }

    /// Reads what was heard of. Everything takes a while, and is read beside the rest.
    async fn read(&mut self) -> Result<()> {
        let shared = self.shared;
        let Shared { services, snapshot, paid, .. } = shared;
        if self.changes.everything && self.loading.is_none() {
            self.changes = Changes::default();
            let load = async move {
                shared.read_keys().await?;
                snapshot.apply(services, paid, &Changes::everything()).await
            };
            self.loading = Some((Instant::now(), answered_within(PATIENCE_FOR_ALL, load).boxed()));
        }
        let changes = std::mem::take(&mut self.changes);
        let some = Changes { everything: false, ..changes };
        if some.keys {
            answered(shared.read_keys()).await?;
        }
        if !some.is_empty() {
            answered(snapshot.apply(services, paid, &some)).await?;
        }
        if self.loading.is_some() {
            // Once more everything, if there was more of it after this reading began.
            self.meanwhile.merge(Changes { everything: changes.everything, ..some });
        }
        Ok(())
    }

    fn hear(&mut self) {
        while let Some(heard) = self.listener.next_buffered() {
            self.changes.add(heard.payload());
        }
    }

    /// Asks whether PostgreSQL is there, and now and then how many tokens it has.
    async fn ask(&mut self) -> Result<()> {
        let (asked_at, now) = (Instant::now(), self.shared.services.now());
        self.ticks = self.ticks.wrapping_add(1);
        let mut counted = None;
        if self.ticks.is_multiple_of(COUNT_EVERY) {
            self.shared.snapshot.forget(now);
            counted = Some(answered(count_live_tokens(&mut self.listener, now)).await?);
        } else {
            let ping = sqlx::query("select 1").execute(&mut self.listener);
            answered(async { Ok(ping.await?) }).await?;
        }
        self.hear();
        // What is left over of prepaid units is left for one month.
        if self.loading.is_none() && !self.shared.snapshot.was_read_in_month_of(now) {
            self.changes.everything = true;
        }
        self.read().await?;
        if self.loading.is_some() {
            return Ok(());
        }
        self.shared.contact.confirm(asked_at.into_std());
        if let Some(counted) = counted {
            let known = self.shared.snapshot.count(now);
            let differs = i64::try_from(known) != Ok(counted);
            // Once may be a change on its way.
            if std::mem::replace(&mut self.differed, differs) && differs {
                tracing::warn!(
                    counted,
                    known,
                    "The gate missed a change and reads everything again"
                );
                self.changes.everything = true;
            }
        }
        Ok(())
    }
}

/// When the reading that is over began; waits where nothing is being read.
async fn finished(loading: &mut Option<(Instant, BoxFuture<'_, Result<()>>)>) -> Result<Instant> {
    match loading {
        Some((begun, load)) => load.await.map(|()| *begun),
        None => std::future::pending().await,
    }
}

async fn answered<T>(answer: impl Future<Output = Result<T>>) -> Result<T> {
    answered_within(PATIENCE, answer).await
}

async fn answered_within<T>(
    patience: Duration,
    answer: impl Future<Output = Result<T>>,
) -> Result<T> {
    timeout(patience, answer)
        .await
        .unwrap_or_else(|_| Err(lost("PostgreSQL did not answer in time")))
}

fn lost(what: &'static str) -> Error {
    Error::fault("listening for changes", what)
}
