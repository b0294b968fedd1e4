//! The thread that makes receipts durable: whatever waits is written together and synced once.
//!
//! Nobody is told "durable" before the sync has returned. After a failed write or sync nothing of
//! the batch counts: the segment is cut back to what is known to be on disk, and where even that
//! cannot be had, a new one is begun.

use std::{
    fs::File,
    io::{self, Write as _},
    sync::Arc,
    time::Instant,
};

use tokio::sync::{mpsc, oneshot, watch};

use super::{State, folder::Folder};
use crate::domain::ids::{LicenseId, ReceiptId};

/// The most receipts that are synced together.
const BATCH_MAX: usize = 1024;

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
    pub frame: Vec<u8>,
    /// What is done once the receipt is durable, whether or not anybody still waits for it.
    pub then: Box<dyn FnOnce() + Send>,
    /// Told once the receipt is durable; dropped unheard if it could not be made so.
    pub told: oneshot::Sender<()>,
}

/// How far receipts are durable.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Durable {
    /// The segment that grows; 0 before there is one.
    pub segment: u64,
    /// Its bytes that are on disk.
    pub length: u64,
    /// Receipts made durable by this process.
    pub receipts: u64,
}

pub(super) struct Writer {
    pub folder: Arc<Folder>,
    pub state: Arc<State>,
    pub posts: mpsc::Receiver<Post>,
    pub durable: watch::Sender<Durable>,
    /// A segment larger than this is followed by a new one.
    pub segment_bytes: u64,
    /// The segment that grows.
    pub file: Option<File>,
}

impl Writer {
    /// Writes until told to close, then writes what still waits.
    pub fn run(mut self) {
        let mut posts = Vec::with_capacity(BATCH_MAX);
        let mut bytes = Vec::new();
        while self.posts.blocking_recv_many(&mut posts, BATCH_MAX) > 0 {
            let mut batch = Vec::with_capacity(posts.len());
            for post in posts.drain(..) {
                match post {
                    // Whoever went away while waiting was not delivered to.
                    Post::Receipt(waiting) if waiting.told.is_closed() => {}
                    Post::Receipt(waiting) => batch.push(waiting),
                    Post::Close => self.posts.close(),
                }
            }
            if !batch.is_empty() {
                bytes.clear();
                batch.iter().for_each(|each| bytes.extend_from_slice(&each.frame));
                self.commit(batch, &bytes);
            }
        }
    }

    fn commit(&mut self, batch: Vec<Box<Waiting>>, bytes: &[u8]) {
        let mut durable = *self.durable.borrow();
        if let Err(error) = self.append(&mut durable, bytes) {
            tracing::error!(%error, "{} receipts could not be written; their last bytes are kept back", batch.len());
            self.durable.send_replace(durable);
            self.state.failed(Instant::now());
            return;
        }
        durable.receipts += u64::try_from(batch.len()).unwrap_or(0);
        self.state.recent.add(&batch);
        // The loader hears of it first, so that whoever waits for the books does not look too early.
        self.durable.send_replace(durable);
        for waiting in batch {
            (waiting.then)();
            // The client may have gone away in the meantime; its receipt stands.
            let _ = waiting.told.send(());
        }
    }

    /// Writes and syncs; what is on disk afterwards stands in `durable`.
    fn append(&mut self, durable: &mut Durable, bytes: &[u8]) -> io::Result<()> {
        if self.file.is_none() || durable.length >= self.segment_bytes {
            let (segment, file) = self.folder.begin()?;
            self.file = Some(file);
            (durable.segment, durable.length) = (segment, 0);
        }
        let Some(file) = &mut self.file else {
            return Err(io::Error::other("there is no segment to write to"));
        };
        let written = file.write_all(bytes).and_then(|()| {
            #[cfg(test)]
            self.state.faults.strike()?;
            file.sync_data()
        });
        if let Err(error) = written {
            // What a failed sync has left in memory may never reach the disk, so this segment takes
            // nothing more.
            let cut = file.set_len(durable.length).and_then(|()| file.sync_all());
            if let Err(cut) = cut {
                tracing::error!(error = %cut, "What was half-written could not be cut off");
            }
            self.file = None;
            return Err(error);
        }
        let grown = u64::try_from(bytes.len()).unwrap_or(0);
        durable.length += grown;
        self.folder.grown(grown);
        Ok(())
    }
}
