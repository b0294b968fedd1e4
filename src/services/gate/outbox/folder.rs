//! The folder of the outbox: numbered segments, of which the newest grows, and a lock.
//!
//! One process owns the folder at a time. A segment's name is durable before anything in it is
//! called durable, and numbers only go up, so order by number is order by time. A segment may end in
//! zeroes that stand for nothing: it was as long as it may become before anything was written to it.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Read as _, Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};

use super::frame::{self, Next};
use crate::{
    domain::error::{Kind, Refusal},
    services::{Error, Result},
};

const SEGMENT: &str = "segment";
/// A segment in which something could not be read; nothing removes it but a person.
const DAMAGED: &str = "damaged";
/// Zeroes that become the next segment.
const SPARE: &str = "spare";
/// Read at a time where the end of what was written is looked for.
const BLOCK: u64 = 64 * 1024;
const OPENING: &str = "opening the outbox";

/// The folder, and how many bytes its segments hold.
#[derive(Debug)]
pub(super) struct Folder {
    dir: PathBuf,
    bytes: AtomicU64,
    lock: File,
}

impl Folder {
    /// Takes the folder, making it where there is none, and cuts what a crash left half-written at
    /// the end of the newest segment: nobody was told that it is durable.
    ///
    /// # Errors
    ///
    /// A refusal if another process has it, a fault if the disk says no.
    pub fn open(dir: &Path) -> Result<Self> {
        fs::create_dir_all(dir).map_err(|error| Error::fault(OPENING, error))?;
        let mut options = OpenOptions::new();
        let lock = options.create(true).truncate(false).write(true).open(dir.join("lock"));
        let lock = lock.map_err(|error| Error::fault(OPENING, error))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(in_use(dir)),
            Err(TryLockError::Error(error)) => return Err(Error::fault(OPENING, error)),
        }
        let folder = Self { dir: dir.to_owned(), bytes: AtomicU64::new(0), lock };
        folder.mend().map_err(|error| Error::fault(OPENING, error))?;
        Ok(folder)
    }

    fn mend(&self) -> io::Result<()> {
        self.drop_spare()?;
        let numbers = self.numbers()?;
        for &number in &numbers {
            let path = self.path(number);
            let (length, written) = (fs::metadata(&path)?.len(), written_length(&path)?);
            if written < length {
                OpenOptions::new().write(true).open(&path)?.set_len(written)?;
            }
        }
        if let Some(&newest) = numbers.last() {
            let path = self.path(newest);
            let bytes = fs::read(&path)?;
            if let Some(whole) = torn_at(&bytes) {
                tracing::warn!(
                    "The outbox cuts {} bytes that a crash left half-written",
                    bytes.len() - whole
                );
                let file = OpenOptions::new().write(true).open(&path)?;
                file.set_len(u64::try_from(whole).unwrap_or(0))?;
                file.sync_all()?;
            }
        }
        for number in numbers {
            self.bytes.fetch_add(fs::metadata(self.path(number))?.len(), Ordering::Relaxed);
        }
        Ok(())
    }

    /// The numbers of all segments, oldest first.
    pub fn numbers(&self) -> io::Result<Vec<u64>> {
        let mut numbers = Vec::new();
        for found in fs::read_dir(&self.dir)? {
            let path = found?.path();
            if path.extension().is_some_and(|extension| extension == SEGMENT)
                && let Some(stem) = path.file_stem().and_then(|stem| stem.to_str())
                && let Ok(number) = stem.parse()
            {
                numbers.push(number);
            }
        }
        numbers.sort_unstable();
        Ok(numbers)
    }

    /// A new segment after all others, out of the spare file where there is one; to be written from
    /// its beginning on.
    pub fn begin(&self, spare: Option<File>) -> io::Result<(u64, File)> {
        let number = self.numbers()?.last().map_or(1, |last| last + 1);
        let path = self.path(number);
        let file = match spare {
            Some(spare) => {
                fs::rename(self.dir.join(SPARE), path)?;
                spare
            }
            None => OpenOptions::new().create_new(true).write(true).open(path)?,
        };
        // Without this a crash may forget the name, and with it everything in the segment.
        File::open(&self.dir)?.sync_all()?;
        Ok((number, file))
    }

    /// Makes the spare file: so many zeroes that are on the disk, so that whoever writes over them
    /// changes bytes and nothing else.
    pub fn make_spare(&self, bytes: u64) -> io::Result<File> {
        let path = self.dir.join(SPARE);
        let mut file = OpenOptions::new().create(true).truncate(true).write(true).open(path)?;
        io::copy(&mut io::repeat(0).take(bytes), &mut file)?;
        file.sync_all()?;
        file.seek(SeekFrom::Start(0))?;
        Ok(file)
    }

    /// Removes the spare file, if there is one.
    pub fn drop_spare(&self) -> io::Result<()> {
        match fs::remove_file(self.dir.join(SPARE)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Bytes of a segment from an offset on, at most so many. A segment that is gone is empty.
    pub fn read(&self, number: u64, from: u64, most: u64) -> io::Result<Vec<u8>> {
        let mut file = match File::open(self.path(number)) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        file.seek(SeekFrom::Start(from))?;
        let mut bytes = Vec::new();
        file.take(most).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// Removes a segment whose receipts are all in the books, or sets it aside if it is damaged.
    pub fn retire(&self, number: u64, damaged: bool) -> io::Result<()> {
        let path = self.path(number);
        let length = fs::metadata(&path)?.len();
        if damaged {
            fs::rename(&path, path.with_extension(DAMAGED))?;
        } else {
            fs::remove_file(&path)?;
        }
        self.bytes.fetch_sub(length, Ordering::Relaxed);
        Ok(())
    }

    /// Adds a line to the file of receipts that the books do not take.
    pub fn reject(&self, line: &str) -> io::Result<()> {
        let path = self.dir.join("rejects");
        let mut file = OpenOptions::new().create(true).append(true).open(path)?;
        file.write_all(line.as_bytes())?;
        file.write_all(b"\n")?;
        file.sync_all()
    }

    /// Lets another process have the folder.
    pub fn leave(&self) {
        if let Err(error) = self.lock.unlock() {
            tracing::error!(%error, "The outbox stays locked until this process ends");
        }
    }

    /// Bytes that all segments hold.
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// So many bytes were added to a segment.
    pub fn grown(&self, by: u64) {
        self.bytes.fetch_add(by, Ordering::Relaxed);
    }

    fn path(&self, number: u64) -> PathBuf {
        self.dir.join(format!("{number:020}.{SEGMENT}"))
    }
}

/// The length of a file without the zeroes at its end.
fn written_length(path: &Path) -> io::Result<u64> {
    let mut file = File::open(path)?;
    let mut end = file.metadata()?.len();
    let mut block = Vec::new();
    while end > 0 {
        let from = end.saturating_sub(BLOCK);
        block.clear();
        file.seek(SeekFrom::Start(from))?;
        (&mut file).take(end - from).read_to_end(&mut block)?;
        if let Some(last) = block.iter().rposition(|&byte| byte != 0) {
            return Ok(from + u64::try_from(last + 1).unwrap_or(0));
        }
        end = from;
    }
    Ok(0)
}

/// Where the bytes stop being frames, if no frame follows.
fn torn_at(bytes: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        match frame::next(&bytes[at..]) {
            Next::Whole { length, .. } => at += length,
            Next::End => return None,
            Next::Short | Next::Bad => {
                return if frame::gap(&bytes[at..]).is_none() { Some(at) } else { None };
            }
        }
    }
}

fn in_use(dir: &Path) -> Error {
    let dir = dir.display();
    Refusal::new(
        Kind::Conflict,
        "outbox_in_use",
        format!(
            "Another gate uses {dir}. Stop it, or choose another folder with IMPRIMATUR_OUTBOX_DIR."
        ),
    )
    .into()
}
