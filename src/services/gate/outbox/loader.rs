//! Brings receipts from the folder into the books, in the order they were made.
//!
//! A segment is removed when all of it is in the books. While PostgreSQL does not answer, the loader
//! tries again and nothing is lost. What cannot be read is set aside with its file, what the books
//! refuse is set aside line by line; both are said aloud and neither holds up the rest.

use std::{io, sync::Arc, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use tokio::{sync::watch, task, time::Instant};

use super::{
    State,
    books::{self, Booking},
    folder::Folder,
    frame::{self, Entry, FRAME_BYTES_MAX, Next},
    writer::Durable,
};
use crate::{
    domain::ids::ReceiptId,
    services::{Error, Result, Services},
};

/// So many receipts are enough for one transaction; the frame that reaches them comes whole.
const BATCH_ENOUGH: usize = 2000;
/// The most bytes read at a time; larger than any frame.
const READ_BYTES: u64 = 2 * 1024 * 1024;
/// Receipts that come in quick succession are loaded together.
const GATHER: Duration = Duration::from_millis(40);
/// After a batch the loader rests this many times as long as it took, so that a burst is delivered
/// first and entered in the books after it; unless the books are so far behind.
const RESTS: u32 = 2;
const BEHIND_MAX: TimeDelta = TimeDelta::seconds(3);
const PATIENCE: Duration = Duration::from_secs(30);
const PAUSE_MIN: Duration = Duration::from_millis(50);
const PAUSE_MAX: Duration = Duration::from_secs(1);
const LOADING: &str = "loading receipts";

/// How far receipts are in the books.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Loaded {
    /// Receipts of this process that are in the books or set aside.
    pub receipts: u64,
    /// When the first of those that wait was made.
    pub waiting_since: Option<DateTime<Utc>>,
}

pub(super) struct Loader {
    services: Services,
    folder: Arc<Folder>,
    state: Arc<State>,
    loaded: watch::Sender<Loaded>,
    at: Position,
    /// When the first receipt of the last batch was made.
    oldest: Option<DateTime<Utc>>,
}

/// Where the loader reads next.
#[derive(Clone, Copy, Debug, Default)]
struct Position {
    segment: u64,
    offset: u64,
    /// Whether something in the segment could not be read.
    damaged: bool,
}

/// What was read from one place to another.
struct Read {
    entries: Vec<Entry>,
    to: Position,
}

impl Loader {
    pub fn new(
        services: Services,
        folder: Arc<Folder>,
        state: Arc<State>,
        loaded: watch::Sender<Loaded>,
    ) -> Self {
        Self { services, folder, state, loaded, at: Position::default(), oldest: None }
    }

    /// Loads every segment there is and removes it.
    pub async fn load_left_over(&mut self) -> Result<()> {
        let mut found: u64 = 0;
        while let Some(read) = self.read(None).await? {
            found += self.load(read, Patience::Once).await?;
        }
        if found > 0 {
            tracing::info!(
                "{found} receipts that an earlier run left in the outbox are in the books"
            );
        }
        Ok(())
    }

    /// Loads what becomes durable until told to stop, then the rest.
    pub async fn run(
        mut self,
        mut durable: watch::Receiver<Durable>,
        mut stop: watch::Receiver<bool>,
    ) {
        loop {
            let stopping = *stop.borrow_and_update();
            let limit = *durable.borrow_and_update();
            let begun = Instant::now();
            match self.turn(limit).await {
                // The loader could not read its folder; PostgreSQL is waited for inside.
                Err(error) => {
                    tracing::error!(source = cause(&error), %error, "The outbox cannot be read");
                    tokio::time::sleep(PAUSE_MAX).await;
                }
                Ok(true) if self.is_behind() => {}
                Ok(true) => {
                    let rest = tokio::time::sleep(begun.elapsed() * RESTS);
                    tokio::select! {
                        () = rest => {}
                        _ = stop.wait_for(|stop| *stop) => {}
                    }
                }
                Ok(false) if stopping => break,
                Ok(false) => {
                    tokio::select! {
                        changed = durable.changed() => if changed.is_err() && *stop.borrow() { break },
                        _ = stop.changed() => continue,
                    }
                    if !*stop.borrow() {
                        tokio::time::sleep(GATHER).await;
                    }
                }
            }
        }
        self.retire_last().await;
    }

    /// Whether the receipts that were loaded last had waited for long.
    fn is_behind(&self) -> bool {
        self.oldest.is_some_and(|oldest| self.services.now() - oldest > BEHIND_MAX)
    }

    /// Loads the next receipts; false if there are none.
    async fn turn(&mut self, limit: Durable) -> Result<bool> {
        if limit.place.segment == 0 {
            return Ok(false);
        }
        let Some(read) = self.read(Some(limit)).await? else { return Ok(false) };
        let loaded = self.load(read, Patience::Endless).await?;
        self.loaded.send_modify(|so_far| {
            so_far.receipts += loaded;
            so_far.waiting_since = None;
        });
        Ok(true)
    }

    /// Reads on from where the loader is, up to what is durable; without a limit up to the end.
    async fn read(&mut self, limit: Option<Durable>) -> Result<Option<Read>> {
        let (folder, from) = (Arc::clone(&self.folder), self.at);
        let read = task::spawn_blocking(move || read_on(&folder, from, limit)).await;
        let read = read.map_err(|error| Error::fault(LOADING, error))?;
        let (read, at) = read.map_err(|error| Error::fault(LOADING, error))?;
        self.at = at;
        Ok(read)
    }

    /// Brings what was read into the books and goes on to its end.
    async fn load(&mut self, read: Read, patience: Patience) -> Result<u64> {
        let count = u64::try_from(read.entries.len()).unwrap_or(0);
        let bookings = self.bookings(read.entries).await?;
        if let Some(first) = bookings.first() {
            let since = Some(first.receipt.timestamp);
            self.oldest = since;
            self.loaded.send_modify(|so_far| so_far.waiting_since = since);
        }
        // Halves of a batch that the books refuse as a whole, the earlier half on top.
        let mut batches = vec![bookings.as_slice()];
        while let Some(batch) = batches.pop() {
            match self.store(batch, patience).await {
                Ok(()) => {}
                Err(error) if batch.len() > 1 && error.is_about_rows() => {
                    let (early, late) = batch.split_at(batch.len() / 2);
                    batches.extend([late, early]);
                }
                Err(error) if error.is_about_rows() => {
                    for refused in batch {
                        let receipt_id = Some(refused.receipt.receipt_id);
                        self.reject(&refused.entry, receipt_id, &cause(&error)).await?;
                    }
                }
                Err(error) => return Err(error),
            }
        }
        self.state.recent.forget(bookings.iter().map(|booking| booking.receipt.receipt_id));
        self.at = read.to;
        Ok(count)
    }

    /// Reads what the receipts state; what is no receipt is set aside.
    async fn bookings(&self, entries: Vec<Entry>) -> Result<Vec<Booking>> {
        let mut bookings = Vec::with_capacity(entries.len());
        for entry in entries {
            match Booking::read(entry) {
                Ok(booking) => bookings.push(booking),
                Err((entry, why)) => self.reject(&entry, None, &why).await?,
            }
        }
        Ok(bookings)
    }

    /// One transaction, tried again while PostgreSQL does not take it.
    async fn store(&self, batch: &[Booking], patience: Patience) -> Result<()> {
        let mut pause = PAUSE_MIN;
        let mut away = false;
        loop {
            let stored = tokio::time::timeout(PATIENCE, books::store(&self.services, batch)).await;
            let stored = stored.unwrap_or_else(|late| Err(Error::fault(LOADING, late)));
            match stored {
                Ok(()) => {
                    if away {
                        tracing::info!("The books take receipts again");
                    }
                    return Ok(());
                }
                Err(error) if error.is_about_rows() => return Err(error),
                Err(error) if matches!(patience, Patience::Once) => return Err(error),
                Err(error) => {
                    if !away {
                        tracing::error!(source = cause(&error), %error, "The books take no receipts; they wait in the outbox");
                    }
                    away = true;
                }
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(PAUSE_MAX);
        }
    }

    /// Sets a receipt aside. The log does not show it: the address of a page may hold a secret.
    async fn reject(&self, entry: &Entry, receipt_id: Option<ReceiptId>, why: &str) -> Result<()> {
        tracing::error!(
            receipt.id = receipt_id.map(tracing::field::display),
            asset.id = %entry.asset_id,
            "A receipt is set aside in `rejects`, for the books refuse it: {why}"
        );
        let line = serde_json::json!({ "why": why, "entry": entry }).to_string();
        let folder = Arc::clone(&self.folder);
        let kept = task::spawn_blocking(move || folder.reject(&line)).await;
        kept.map_err(io::Error::other).flatten().map_err(|error| Error::fault(LOADING, error))
    }

    /// Removes the segment that grew last; nothing grows any more, and all of it is in the books.
    async fn retire_last(&self) {
        let (folder, at) = (Arc::clone(&self.folder), self.at);
        if at.segment == 0 {
            return;
        }
        match task::spawn_blocking(move || folder.retire(at.segment, at.damaged)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) if error.kind() == io::ErrorKind::NotFound => {}
            Ok(Err(error)) => tracing::warn!(%error, "A segment that is in the books stays behind"),
            Err(error) => tracing::error!(%error, "A segment could not be removed"),
        }
    }
}

/// How long PostgreSQL is waited for.
#[derive(Clone, Copy)]
enum Patience {
    Once,
    Endless,
}

/// Reads the next entries, removing segments that were read to their end on the way. What is read
/// to its end was loaded before: a batch is loaded before the next one is read.
fn read_on(
    folder: &Folder,
    mut at: Position,
    limit: Option<Durable>,
) -> io::Result<(Option<Read>, Position)> {
    loop {
        let grows = limit.is_some_and(|limit| limit.place.segment == at.segment);
        let end = if grows { limit.map_or(0, |limit| limit.place.length) } else { u64::MAX };
        let most = READ_BYTES.min(end.saturating_sub(at.offset));
        if at.segment > 0 {
            let bytes = folder.read(at.segment, at.offset, most)?;
            if let Some(read) = parse(&bytes, at) {
                return Ok((Some(read), at));
            }
            if grows {
                return Ok((None, at));
            }
        }
        let next = folder.numbers()?.into_iter().find(|&number| number > at.segment);
        if at.segment > 0 {
            match folder.retire(at.segment, at.damaged) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        let Some(next) = next else { return Ok((None, Position::default())) };
        at = Position { segment: next, offset: 0, damaged: false };
    }
}

/// The entries in these bytes; nothing if there are none and none will come.
fn parse(bytes: &[u8], from: Position) -> Option<Read> {
    // Less is read only where a segment ends, or what is durable of it: no frame goes on there.
    let more_follows = u64::try_from(bytes.len()).is_ok_and(|length| length == READ_BYTES);
    let mut read = Read { entries: Vec::new(), to: from };
    let mut at = 0;
    while read.entries.len() < BATCH_ENOUGH {
        match frame::next(&bytes[at..]) {
            Next::Whole { lines, length } => {
                for line in lines.split_inclusive(|&byte| byte == b'\n') {
                    match Entry::read(line) {
                        Some(entry) => read.entries.push(entry),
                        None => damaged(&mut read.to, line.len()),
                    }
                }
                at += length;
            }
            // The rest of it was not read yet.
            Next::Short if more_follows && at > 0 => break,
            Next::Short | Next::Bad => {
                let (rest, found) = (bytes.len() - at, frame::gap(&bytes[at..]));
                // A frame may begin in what was read and end in what was not.
                let unread = if more_follows { FRAME_BYTES_MAX } else { 0 };
                let gap = found.unwrap_or_else(|| rest.saturating_sub(unread).max(1));
                damaged(&mut read.to, gap);
                at += gap;
                if found.is_none() {
                    break;
                }
            }
            Next::End => break,
        }
    }
    read.to.offset += u64::try_from(at).unwrap_or(0);
    (at > 0).then_some(read)
}

fn damaged(at: &mut Position, bytes: usize) {
    at.damaged = true;
    tracing::error!(
        "Segment {} of the outbox holds {bytes} bytes that cannot be read; its file is kept aside",
        at.segment
    );
}

fn cause(error: &Error) -> String {
    std::error::Error::source(error).map(ToString::to_string).unwrap_or_default()
}
