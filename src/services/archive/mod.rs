//! Old usage events as files of Parquet: written, compared, and only then let go of in PostgreSQL.
//!
//! A month is archived when every instant of it is older than raw events are kept. Its events go into
//! files `usage/YYYY/MM/part-NNNN.parquet`, ordered by license, instant (newest first) and id; each is
//! read back, event for event, before `usage_archive` lists it; and PostgreSQL itself counts once more
//! before it lets go of the month. Cut off anywhere, the next run goes on: no event is lost and none is
//! there twice. One process archives at a time.

mod columns;
mod event;
mod manifest;

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use chrono::TimeDelta;
use futures::{Stream, TryStreamExt as _, stream};
use object_store::{ObjectStore, ObjectStoreExt as _, PutPayload, path::Path};
use sha2::{Digest as _, Sha256};

use self::{columns::File, manifest::Part};
use super::{Error, Result, Services};
use crate::domain::{error::Refusal, month::Month};

pub use event::{ArchivedEvent, Sums};

/// The most events of a file; a file and its events are in memory while it is written.
const EVENTS_PER_PART: usize = 4 * columns::ROWS_PER_GROUP;

/// How long to wait for whoever reads a month before letting go of it.
const PATIENCE: Duration = Duration::from_secs(5);

/// Where old events go, and when they are old.
#[derive(Clone, Debug)]
pub struct Archive {
    store: Arc<dyn ObjectStore>,
    raw_days: u16,
    events_per_part: usize,
}

/// How far a run came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Nothing is left to archive now.
    Done,
    /// It wrote as many files as it was allowed to; there is more.
    More,
    /// Another process is archiving.
    Busy,
}

impl Archive {
    /// An archive behind `store` for events older than `raw_days` days.
    pub fn new(store: Arc<dyn ObjectStore>, raw_days: u16) -> Self {
        Self { store, raw_days, events_per_part: EVENTS_PER_PART }
    }

    async fn put(&self, path: &Path, bytes: Bytes) -> Result<()> {
        self.store.put(path, PutPayload::from_bytes(bytes)).await.map_err(storing)?;
        Ok(())
    }

    /// A file as it was written.
    async fn get(&self, path: &Path, sha256: &[u8]) -> Result<Bytes> {
        let bytes = self.store.get(path).await.map_err(storing)?.bytes().await.map_err(storing)?;
        if Sha256::digest(&bytes)[..] != *sha256 {
            return Err(damaged(format!("{path} is not what was written")));
        }
        Ok(bytes)
    }

    async fn remove(&self, path: &Path) -> Result<()> {
        match self.store.delete(path).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(storing(error)),
        }
    }
}

/// Archives what is old enough, oldest month first and none after `last`, and writes at most
/// `parts_max` files.
pub async fn advance(
    services: &Services,
    archive: &Archive,
    last: Option<Month>,
    parts_max: usize,
) -> Result<Progress> {
    let Some(lock) = manifest::lock(services).await? else { return Ok(Progress::Busy) };
    let progress = advance_alone(services, archive, last, parts_max).await;
    manifest::unlock(lock).await?;
    progress
}

async fn advance_alone(
    services: &Services,
    archive: &Archive,
    last: Option<Month>,
    parts_max: usize,
) -> Result<Progress> {
    let mut parts_left = parts_max;
    for month in manifest::months_held(services).await? {
        let old = month.until() + TimeDelta::days(archive.raw_days.into()) <= services.now();
        if !old || last.is_some_and(|last| month > last) {
            break;
        }
        if !archive_month(services, archive, month, &mut parts_left).await? {
            return Ok(Progress::More);
        }
    }
    Ok(Progress::Done)
}

/// What an archived month adds up to; nothing where the month is not archived.
pub async fn sums(services: &Services, month: Month) -> Result<Option<Sums>> {
    let parts = manifest::released(services, month).await?;
    let add = |mut sums: Sums, part: &Part| {
        sums += part.sums;
        sums
    };
    Ok((!parts.is_empty()).then(|| parts.iter().fold(Sums::default(), add)))
}

/// The events of an archived month, ordered by license, instant (newest first) and id within each
/// file.
///
/// # Errors
///
/// "Not found" where the month is not archived.
pub async fn read(
    services: &Services,
    archive: &Archive,
    month: Month,
) -> Result<impl Stream<Item = Result<ArchivedEvent>> + use<>> {
    let parts = manifest::released(services, month).await?;
    if parts.is_empty() {
        return Err(Refusal::not_found("archived month").into());
    }
    let archive = archive.clone();
    let files = stream::iter(parts.into_iter().map(Ok)).and_then(move |part| {
        let archive = archive.clone();
        async move { archive.get(&part.path, &part.sha256).await }
    });
    Ok(files.map_ok(events_of).try_flatten())
}

/// The events of a file, a group of rows at a time.
fn events_of(file: Bytes) -> impl Stream<Item = Result<ArchivedEvent>> {
    let groups = stream::try_unfold((file, 0), |(file, index)| async move {
        let opened = file.clone();
        let group = apart(move || {
            let opened = File::open(opened)?;
            (index < opened.groups()).then(|| opened.group::<ArchivedEvent>(index)).transpose()
        });
        Ok::<_, Error>(group.await?.map(|events| (events, (file, index + 1))))
    });
    groups.map_ok(|events| stream::iter(events.into_iter().map(Ok))).try_flatten()
}

/// Archives one month. Answers whether it is done, or cut short by what is left of the parts.
async fn archive_month(
    services: &Services,
    archive: &Archive,
    month: Month,
    parts_left: &mut usize,
) -> Result<bool> {
    let mut written = manifest::unreleased(services, month).await?;
    loop {
        let after = written.last().map(|part| part.last);
        let limit = archive.events_per_part;
        let events = manifest::events_after(services, month, after, limit).await?;
        if events.is_empty() {
            break;
        }
        let Some(left) = parts_left.checked_sub(1) else { return Ok(false) };
        *parts_left = left;
        let number = manifest::next_number(services, month).await?;
        let part = write(archive, month, number, events).await?;
        manifest::add(services, month, &part).await?;
        written.push(part);
    }
    if !intact(archive, &written).await? || !manifest::release(services, month, PATIENCE).await? {
        // What is listed is what the next run trusts, so the list goes first.
        manifest::forget_unreleased(services, month).await?;
        for part in &written {
            archive.remove(&part.path).await?;
        }
        return Err(damaged(format!("{month} changed while it was archived; it starts over")));
    }
    let sums = written.iter().map(|part| part.sums.events).sum::<i64>();
    tracing::info!(%month, events = sums, files = written.len(), "Archived a month of usage events");
    Ok(true)
}

/// Whether every file is still there as it was read back.
async fn intact(archive: &Archive, parts: &[Part]) -> Result<bool> {
    for part in parts {
        match archive.store.head(&part.path).await {
            Ok(found) if i64::try_from(found.size) == Ok(part.file_bytes) => {}
            Ok(_) | Err(object_store::Error::NotFound { .. }) => return Ok(false),
            Err(error) => return Err(storing(error)),
        }
    }
    Ok(true)
}

/// Writes a file and reads it back.
async fn write(
    archive: &Archive,
    month: Month,
    number: i32,
    events: Vec<ArchivedEvent>,
) -> Result<Part> {
    let path = Path::from(format!(
        "usage/{}/part-{number:04}.parquet",
        month.to_string().replace('-', "/")
    ));
    let (events, bytes) = apart(move || {
        let bytes = columns::encode(&events)?;
        Ok((events, Bytes::from(bytes)))
    })
    .await?;
    let last = events.last().ok_or_else(|| damaged("a file without events".into()))?;
    let part = Part {
        number,
        path: path.clone(),
        sha256: Sha256::digest(&bytes).to_vec(),
        file_bytes: i64::try_from(bytes.len()).unwrap_or(i64::MAX),
        sums: Sums::of(&events),
        last: (last.license_id, last.occurred_at, last.usage_event_id),
    };
    archive.put(&path, bytes).await?;
    let stored = archive.get(&path, &part.sha256).await?;
    let same = apart(move || {
        let file = File::open(stored)?;
        let mut expected = events.as_slice();
        for index in 0..file.groups() {
            let group = file.group::<ArchivedEvent>(index)?;
            match expected.strip_prefix(group.as_slice()) {
                Some(rest) => expected = rest,
                None => return Ok(false),
            }
        }
        Ok(expected.is_empty())
    });
    if !same.await? {
        return Err(damaged(format!("{path} does not read as it was written")));
    }
    Ok(part)
}

/// Encodes and decodes where it holds nobody up.
async fn apart<T: Send + 'static>(
    work: impl FnOnce() -> parquet::errors::Result<T> + Send + 'static,
) -> Result<T> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| Error::fault("archiving usage events", error))?
        .map_err(|error| Error::fault("archiving usage events", error))
}

fn storing(error: object_store::Error) -> Error {
    Error::fault("storing archived events", error)
}

fn damaged(what: String) -> Error {
    Error::fault("archiving usage events", what)
}

#[cfg(test)]
mod tests;
