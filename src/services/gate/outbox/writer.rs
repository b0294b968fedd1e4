//! The thread that makes receipts durable: whatever waits is written together and synced once.
//!
//! Nobody is told "durable" before the sync has returned. After a failed write or sync nothing of
//! what was synced together counts.

use std::{
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use tokio::sync::{mpsc, oneshot, watch};

use super::{
    State,
    frame::Frame,
    segments::{Place, Segments},
};
use crate::domain::ids::{LicenseId, ReceiptId};

/// The most receipts that are synced together.
const BATCH_MAX: usize = 1024;
/// Where several come at once, the next sync begins no sooner than this after the last one did: a
/// sync costs the same for one as for a hundred. Who comes alone never waits for it.
const GATHER: Duration = Duration::from_micros(400);

/// What comes to the thread.
pub(super) enum Post {
    Receipt(Box<Waiting>),
    /// Nothing comes after this.
    Close,
}

/// A delivery whose last byte waits.
pub(super) struct Waiting {
    pub receipt_id: ReceiptId,
    pub license_id: LicenseId,
    pub jws: Arc<str>,
    /// As it lies in a frame.
    pub line: Vec<u8>,
    /// What is done once the receipt is durable, whether or not anybody still waits for it.
    pub then: Box<dyn FnOnce() + Send>,
    /// Told once the receipt is durable; dropped unheard if it could not be made so.
    pub told: oneshot::Sender<()>,
}

/// How far receipts are durable.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Durable {
    pub place: Place,
    /// Receipts made durable by this process.
    pub receipts: u64,
}

pub(super) struct Writer {
    segments: Segments,
    state: Arc<State>,
    posts: mpsc::Receiver<Post>,
    durable: watch::Sender<Durable>,
    frame: Frame,
}

impl Writer {
    /// One that writes what is posted and says how far it came.
    pub fn new(
        segments: Segments,
        state: Arc<State>,
        posts: mpsc::Receiver<Post>,
        durable: watch::Sender<Durable>,
    ) -> Self {
        Self { segments, state, posts, durable, frame: Frame::default() }
    }

    /// Writes until told to close, then writes what still waits.
    pub fn run(mut self) {
        let mut posts = Vec::with_capacity(BATCH_MAX);
        let (mut began, mut together) = (Instant::now(), 0);
        while self.posts.blocking_recv_many(&mut posts, BATCH_MAX) > 0 {
            if together > 1 {
                thread::sleep(GATHER.saturating_sub(began.elapsed()));
                while posts.len() < BATCH_MAX
                    && let Ok(post) = self.posts.try_recv()
                {
                    posts.push(post);
                }
            }
            (began, together) = (Instant::now(), posts.len());
            let mut batch = Vec::with_capacity(posts.len());
            self.frame.begin();
            for post in posts.drain(..) {
                match post {
                    // Whoever went away while waiting was not delivered to.
                    Post::Receipt(waiting) if waiting.told.is_closed() => {}
                    Post::Receipt(waiting) => {
                        if !self.frame.add(&waiting.line) {
                            self.commit(&mut batch);
                            self.frame.begin();
                            // One line is never longer than a frame.
                            self.frame.add(&waiting.line);
                        }
                        batch.push(*waiting);
                    }
                    Post::Close => self.posts.close(),
                }
            }
            if !batch.is_empty() {
                self.commit(&mut batch);
            }
        }
        if let Err(error) = self.segments.close() {
            tracing::warn!(%error, "The outbox leaves more on the disk than it needs");
        }
    }

    fn commit(&mut self, batch: &mut Vec<Waiting>) {
        let written = self.segments.append(self.frame.end(), |file| {
            #[cfg(test)]
            self.state.faults.strike()?;
            file.sync_data()
        });
        let mut durable = *self.durable.borrow();
        durable.place = self.segments.place();
        if let Err(error) = written {
            tracing::error!(%error, "{} receipts could not be written; their last bytes are kept back", batch.len());
            self.durable.send_replace(durable);
            self.state.failed(Instant::now());
            batch.clear();
            return;
        }
        durable.receipts += u64::try_from(batch.len()).unwrap_or(0);
        self.state.recent.add(batch);
        // The loader hears of it first, so that whoever waits for the books does not look too early.
        self.durable.send_replace(durable);
        for waiting in batch.drain(..) {
            (waiting.then)();
            // The client may have gone away in the meantime; its receipt stands.
            let _ = waiting.told.send(());
        }
    }
}
