//! The outbox: receipts are durable in a local folder first, and in the books of PostgreSQL soon
//! after.
//!
//! A delivery waits for one sync of the disk, shared with everybody who waits at that moment, and
//! never for PostgreSQL. A receipt stays in the folder until it is in the books; loading it twice is
//! loading it once. What the books refuse is set aside, said aloud, and holds up nobody.

mod books;
mod folder;
mod frame;
mod loader;
mod recent;
mod segments;
mod writer;

#[cfg(test)]
mod tests;

use std::{
    path::PathBuf,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicI64, Ordering},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use chrono::{DateTime, Utc};
use tokio::{
    sync::{mpsc, oneshot, watch},
    task,
};

pub(super) use self::frame::Entry;
use self::{
    folder::Folder,
    loader::{Loaded, Loader},
    recent::Recent,
    segments::Segments,
    writer::{Durable, Post, Waiting, Writer},
};
use crate::{
    domain::{
        error::{Kind, Refusal},
        ids::{LicenseId, ReceiptId},
    },
    services::{Error, Result, backroom::Backroom},
};

/// The most deliveries that wait for their receipt at a time; beyond it the gate asks to come back.
const WAITING_MAX: usize = 4096;
/// A segment larger than this is followed by a new one.
const SEGMENT_BYTES: u64 = 8 * 1024 * 1024;
/// After a write has failed, nobody tries for so long.
const SHUN: Duration = Duration::from_millis(500);
const OPENING: &str = "opening the outbox";
/// What is left when the process ends gets this long to reach the books.
const FAREWELL: Duration = Duration::from_secs(10);

/// Where receipts wait for the books.
#[derive(Clone, Debug)]
pub struct OutboxSettings {
    /// The folder; one process uses it at a time.
    pub dir: PathBuf,
    /// The most bytes it may hold; beyond it nothing is delivered.
    pub bytes_max: u64,
}

/// What waits in the outbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutboxStatus {
    /// Receipts that are durable and not in the books.
    pub receipts: u64,
    /// Bytes of the folder, among them what is in the books and not yet removed.
    pub bytes: u64,
    /// When the oldest of those receipts was made; nothing where none waits.
    pub oldest_at: Option<DateTime<Utc>>,
}

/// The running outbox.
pub(super) struct Outbox {
    state: Arc<State>,
    folder: Arc<Folder>,
    bytes_max: u64,
    posts: mpsc::Sender<Post>,
    durable: watch::Receiver<Durable>,
    loaded: watch::Receiver<Loaded>,
    stop: watch::Sender<bool>,
    writing: Mutex<Option<JoinHandle<()>>>,
    loading: Mutex<Option<task::JoinHandle<()>>>,
}

/// What the outbox, its thread and its loader share.
pub(super) struct State {
    recent: Recent,
    begun: Instant,
    /// Milliseconds since `begun` at which a write failed last; negative before the first time.
    failed_at: AtomicI64,
    #[cfg(test)]
    pub faults: tests::Faults,
}

impl State {
    fn new() -> Self {
        Self {
            recent: Recent::default(),
            begun: Instant::now(),
            failed_at: AtomicI64::new(-1),
            #[cfg(test)]
            faults: tests::Faults::default(),
        }
    }

    fn failed(&self, at: Instant) {
        let millis = at.duration_since(self.begun).as_millis();
        self.failed_at.store(i64::try_from(millis).unwrap_or(i64::MAX), Ordering::Relaxed);
    }

    fn shunned(&self) -> bool {
        let Ok(failed_at) = u64::try_from(self.failed_at.load(Ordering::Relaxed)) else {
            return false;
        };
        self.begun.elapsed() < Duration::from_millis(failed_at) + SHUN
    }
}

impl Outbox {
    /// Takes the folder and brings what an earlier process left there into the books.
    ///
    /// # Errors
    ///
    /// A refusal if another process has the folder; a fault if the disk or PostgreSQL says no.
    pub async fn open(backroom: &Backroom, settings: &OutboxSettings) -> Result<Self> {
        let dir = settings.dir.clone();
        let folder = task::spawn_blocking(move || Folder::open(&dir)).await;
        let folder = Arc::new(folder.map_err(|error| Error::fault(OPENING, error))??);
        let state = Arc::new(State::new());
        let (said, loaded) = watch::channel(Loaded::default());
        let services = backroom.services().clone();
        let mut loader = Loader::new(services, Arc::clone(&folder), Arc::clone(&state), said);
        let loading = async move { loader.load_left_over().await.map(|()| loader) };
        let loader =
            backroom.spawn(loading).await.map_err(|error| Error::fault(OPENING, error))??;

        let (posts, taken) = mpsc::channel(WAITING_MAX);
        let (durable, written) = watch::channel(Durable::default());
        let (stop, stopped) = watch::channel(false);
        let segment_bytes = SEGMENT_BYTES.min(settings.bytes_max / 8);
        let segments = Segments::new(Arc::clone(&folder), segment_bytes);
        let writer = Writer::new(segments, Arc::clone(&state), taken, durable);
        let writing = std::thread::Builder::new()
            .name("outbox".into())
            .spawn(move || writer.run())
            .map_err(|error| Error::fault(OPENING, error))?;
        let loading = backroom.spawn(loader.run(written.clone(), stopped));
        Ok(Self {
            state,
            folder,
            bytes_max: settings.bytes_max,
            posts,
            durable: written,
            loaded,
            stop,
            writing: Mutex::new(Some(writing)),
            loading: Mutex::new(Some(loading)),
        })
    }

    /// Whether there is room for one more receipt.
    ///
    /// # Errors
    ///
    /// `outbox_full` or `too_busy`.
    pub fn room(&self) -> std::result::Result<(), Refusal> {
        if self.folder.bytes() >= self.bytes_max || self.state.shunned() {
            return Err(Refusal::new(
                Kind::Unavailable,
                "outbox_full",
                t!(
                    "There is no room to keep receipts at the moment, so nothing is delivered. Ask again later."
                ),
            ));
        }
        if self.posts.capacity() == 0 {
            return Err(Refusal::new(
                Kind::Unavailable,
                "too_busy",
                t!(
                    "More deliveries wait for their receipts than the gate takes. Ask again in a second."
                ),
            ));
        }
        Ok(())
    }

    /// Makes a receipt durable. `then` is done once it is, even if nobody waits any longer.
    pub async fn keep(
        &self,
        receipt_id: ReceiptId,
        license_id: LicenseId,
        entry: &Entry,
        then: Box<dyn FnOnce() + Send>,
    ) -> Result<()> {
        let lost = |source: &str| Error::fault("storing a receipt", source);
        let (told, durable) = oneshot::channel();
        let (line, jws) = (entry.line()?, entry.jws.as_str().into());
        let waiting = Box::new(Waiting { receipt_id, license_id, jws, line, then, told });
        let sent = self.posts.send(Post::Receipt(waiting)).await;
        sent.map_err(|_| lost("the gate is closing"))?;
        durable.await.map_err(|_| lost("the outbox gave it up"))
    }

    /// The compact JWS of a receipt of this license that may not be in the books yet.
    pub fn recent(&self, license_id: LicenseId, receipt_id: ReceiptId) -> Option<Arc<str>> {
        self.state.recent.get(license_id, receipt_id)
    }

    /// Waits until every receipt that is durable now is in the books.
    pub async fn settled(&self) {
        let target = self.durable.borrow().receipts;
        // The loader only goes away when the outbox closes.
        let _ = self.loaded.clone().wait_for(|loaded| loaded.receipts >= target).await;
    }

    /// What waits.
    pub fn status(&self) -> OutboxStatus {
        let loaded = *self.loaded.borrow();
        OutboxStatus {
            receipts: self.durable.borrow().receipts.saturating_sub(loaded.receipts),
            bytes: self.folder.bytes(),
            oldest_at: loaded.waiting_since,
        }
    }

    /// Writes what still waits and brings it into the books, if PostgreSQL takes it in time;
    /// otherwise it stays in the folder for the next start. Receipts that come later fail.
    pub async fn close(&self) {
        // Where nobody takes it, the thread has ended already.
        let _ = self.posts.send(Post::Close).await;
        let writing = taken(&self.writing);
        let joined =
            task::spawn_blocking(move || writing.is_none_or(|thread| thread.join().is_ok()));
        if !joined.await.unwrap_or(false) {
            tracing::error!("The thread that writes receipts ended badly");
        }
        self.stop.send_replace(true);
        let Some(mut loading) = taken(&self.loading) else { return };
        match tokio::time::timeout(FAREWELL, &mut loading).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::error!(%error, "The loader of receipts ended badly"),
            Err(_) => {
                loading.abort();
                // Until it has ended the folder is not free for another process.
                let _ = loading.await;
                let left = self.status().receipts;
                tracing::warn!(
                    "{left} receipts wait in the outbox; the next start brings them into the books"
                );
            }
        }
        self.folder.leave();
    }
}

fn taken<T>(slot: &Mutex<Option<T>>) -> Option<T> {
    slot.lock().unwrap_or_else(PoisonError::into_inner).take()
}
