//! The segment that grows, and the one made ready to follow it.
//!
//! Writing over zeroes that are on the disk changes bytes and nothing else, so a sync is one write
//! for the disk and none for the file system: half the time of a file that grows. Making those zeroes
//! takes long, so it happens beside, and a segment without them serves until they are there.

use std::{
    fs::File,
    io::{self, Write as _},
    sync::Arc,
    thread::{self, JoinHandle},
};

use super::folder::Folder;

/// From here on a segment without zeroes asks for one with them: a gate that delivers next to
/// nothing does not write megabytes for it.
const WORTHWHILE_BYTES: u64 = 64 * 1024;

/// What the writer writes to.
pub(super) struct Segments {
    folder: Arc<Folder>,
    /// A segment larger than this is followed by a new one.
    bytes: u64,
    place: Place,
    /// The segment that grows.
    file: Option<File>,
    /// Whether it was zeroes before.
    is_ready: bool,
    spare: Option<JoinHandle<io::Result<File>>>,
}

/// How far is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Place {
    /// The segment that grows; 0 before there is one.
    pub segment: u64,
    /// Its bytes that are on disk.
    pub length: u64,
}

impl Segments {
    /// Segments of about so many bytes.
    pub const fn new(folder: Arc<Folder>, bytes: u64) -> Self {
        let place = Place { segment: 0, length: 0 };
        Self { folder, bytes, place, file: None, is_ready: false, spare: None }
    }

    /// How far is on disk.
    pub const fn place(&self) -> Place {
        self.place
    }

    /// Adds to the segment that grows, and syncs it.
    ///
    /// # Errors
    ///
    /// Nothing of it counts then, and what comes next goes into another segment.
    pub fn append(
        &mut self,
        bytes: &[u8],
        sync: impl FnOnce(&File) -> io::Result<()>,
    ) -> io::Result<()> {
        let file = self.file.take();
        let file = if self.is_due() { self.finish(file).map(|()| None)? } else { file };
        let mut file = file.map_or_else(|| self.begin(), Ok)?;
        if let Err(error) = file.write_all(bytes).and_then(|()| sync(&file)) {
            // What a failed sync has left in memory may never reach the disk, so this segment takes
            // nothing more.
            if let Err(cut) = file.set_len(self.place.length).and_then(|()| file.sync_all()) {
                tracing::error!(error = %cut, "What was half-written could not be cut off");
            }
            return Err(error);
        }
        let grown = u64::try_from(bytes.len()).unwrap_or(0);
        self.place.length += grown;
        self.folder.grown(grown);
        self.file = Some(file);
        self.make_spare();
        Ok(())
    }

    /// Ends the segment that grows; nothing follows it.
    pub fn close(&mut self) -> io::Result<()> {
        if let Some(spare) = self.spare.take() {
            // Made or not, it goes.
            let _ = spare.join();
        }
        let file = self.file.take();
        self.finish(file)?;
        self.folder.drop_spare()
    }

    /// Whether another segment is to follow.
    fn is_due(&self) -> bool {
        let better = !self.is_ready && self.spare.as_ref().is_some_and(JoinHandle::is_finished);
        better || self.place.length >= self.bytes
    }

    /// Cuts off the zeroes that were not needed. Where a crash brings them back, they stand for
    /// nothing.
    fn finish(&self, file: Option<File>) -> io::Result<()> {
        file.map_or(Ok(()), |file| file.set_len(self.place.length))
    }

    fn begin(&mut self) -> io::Result<File> {
        let spare = self.take_spare();
        self.is_ready = spare.is_some();
        let (segment, file) = self.folder.begin(spare)?;
        self.place = Place { segment, length: 0 };
        Ok(file)
    }

    fn take_spare(&mut self) -> Option<File> {
        let spare = self.spare.take_if(|spare| spare.is_finished())?.join();
        match spare.map_err(|_| io::Error::other("its thread ended badly")).flatten() {
            Ok(spare) => Some(spare),
            Err(error) => {
                tracing::warn!(%error, "The next segment could not be made ready; receipts take longer");
                None
            }
        }
    }

    fn make_spare(&mut self) {
        let Place { length, .. } = self.place;
        let wanted = if self.is_ready { self.bytes / 2 } else { WORTHWHILE_BYTES.min(self.bytes) };
        if self.spare.is_some() || length < wanted {
            return;
        }
        let (folder, bytes) = (Arc::clone(&self.folder), self.bytes);
        let made = thread::Builder::new().name("outbox spare".into());
        self.spare = made.spawn(move || folder.make_spare(bytes)).ok();
    }
}
