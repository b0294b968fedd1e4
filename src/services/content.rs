//! The bytes of works, kept under their content ID behind `object_store`.
//!
//! Bytes arrive in `staging/`, are hashed while they stream, and reach `content/` only whole.
//! What is cut off half-way leaves nothing behind. Nothing is removed from `content/` while a
//! request waits: somebody else may be registering the same bytes.

mod hot;

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures::{Stream, StreamExt as _, TryStreamExt as _, stream::BoxStream};
use object_store::{
    GetOptions, ObjectMeta, ObjectStore, ObjectStoreExt as _, WriteMultipart, path::Path,
};
use sha2::{Digest as _, Sha256};
use ulid::Ulid;

use self::hot::Hot;
use super::{Error, Result};
use crate::domain::{
    asset::ContentId,
    error::{Kind, Refusal},
};

/// Bytes older than this that no work refers to belong to nobody: no upload takes so long.
const UNOWNED_AGE_MAX: Duration = Duration::from_secs(24 * 60 * 60);

/// The first bytes of an upload are kept to tell its type.
const HEAD_LENGTH_MAX: usize = 8192;

/// Where content lives.
#[derive(Clone)]
pub struct ContentStore {
    store: Arc<dyn ObjectStore>,
    hot: Arc<Hot>,
    upload_bytes_max: u64,
}

/// Whole bytes in staging, waiting to be kept or dropped.
#[derive(Debug)]
pub struct Staged {
    pub content_id: ContentId,
    pub bytes: u64,
    /// The first bytes, at most 8 KiB, to tell the type by.
    pub head: Vec<u8>,
    path: Path,
}

impl ContentStore {
    /// Content behind `store`, taking uploads of at most `upload_bytes_max` bytes.
    pub fn new(store: Arc<dyn ObjectStore>, upload_bytes_max: u64) -> Self {
        Self { store, hot: Arc::default(), upload_bytes_max }
    }

    /// The largest upload taken, in words: `5 GiB`.
    pub fn upload_limit(&self) -> String {
        in_words(self.upload_bytes_max)
    }

    /// The largest upload taken, in bytes.
    pub const fn upload_bytes_max(&self) -> u64 {
        self.upload_bytes_max
    }

    /// Streams bytes into staging and hashes them on the way.
    ///
    /// # Errors
    ///
    /// Refuses what is empty, larger than the limit, or cut off; nothing remains then.
    pub async fn stage<E>(
        &self,
        stream: impl Stream<Item = std::result::Result<Bytes, E>>,
    ) -> Result<Staged>
    where
        E: std::fmt::Display,
    {
        let path = Path::from(format!("staging/{}", Ulid::new()));
        let upload = self.store.put_multipart(&path).await.map_err(storing)?;
        let mut writer = WriteMultipart::new(upload);
        match self.write(&mut writer, stream).await {
            Ok((content_id, bytes, head)) => {
                writer.finish().await.map_err(storing)?;
                Ok(Staged { content_id, bytes, head, path })
            }
            Err(error) => {
                writer.abort().await.map_err(storing)?;
                Err(error)
            }
        }
    }

    async fn write<E>(
        &self,
        writer: &mut WriteMultipart,
        stream: impl Stream<Item = std::result::Result<Bytes, E>>,
    ) -> Result<(ContentId, u64, Vec<u8>)>
    where
        E: std::fmt::Display,
    {
        let mut stream = std::pin::pin!(stream);
        let mut hasher = Sha256::new();
        let mut bytes: u64 = 0;
        let mut head = Vec::new();
        while let Some(chunk) = stream.next().await {
            let chunk = chunk.map_err(|error| {
                tracing::info!(%error, "An upload was cut off after {bytes} bytes");
                Refusal::new(
                    Kind::Malformed,
                    "upload_cut_off",
                    t!("The upload was cut off. Choose the file again."),
                )
                .on("file")
            })?;
            bytes = bytes.saturating_add(chunk.len().try_into().unwrap_or(u64::MAX));
            if bytes > self.upload_bytes_max {
                return Err(Refusal::new(
                    Kind::TooLarge,
                    "upload_too_large",
                    t!(
                        "Choose a file of at most {upload_bytes_max}.",
                        upload_bytes_max = in_words(self.upload_bytes_max)
                    ),
                )
                .on("file")
                .into());
            }
            if head.len() < HEAD_LENGTH_MAX {
                let missing = (HEAD_LENGTH_MAX - head.len()).min(chunk.len());
                head.extend_from_slice(&chunk[..missing]);
            }
            hasher.update(&chunk);
            writer.wait_for_capacity(8).await.map_err(storing)?;
            writer.put(chunk);
        }
        if bytes == 0 {
            return Err(Refusal::invalid("file", t!("Choose a file that is not empty.")).into());
        }
        Ok((ContentId::from_digest(&hasher.finalize().into()), bytes, head))
    }

    /// Moves staged bytes to where their content ID finds them. Keeping the same bytes twice is
    /// keeping them once.
    pub async fn keep(&self, staged: &Staged) -> Result<()> {
        self.store.rename(&staged.path, &location(&staged.content_id)).await.map_err(storing)
    }

    /// Drops staged bytes.
    pub async fn drop_staged(&self, staged: &Staged) -> Result<()> {
        self.store.delete(&staged.path).await.map_err(storing)
    }

    /// Content that has been here long enough for its work to be registered, or never to be.
    pub(crate) fn settled(&self, now: DateTime<Utc>) -> BoxStream<'static, Result<ContentId>> {
        let content = self.store.list(Some(&Path::from("content")));
        let settled = content.map_err(storing).try_filter_map(move |object| {
            let settled = is_old(&object, now).then(|| content_id_at(&object.location)).flatten();
            std::future::ready(Ok(settled))
        });
        settled.boxed()
    }

    /// Removes content that no work refers to, unless it was just kept again. Answers whether it
    /// is gone.
    pub(crate) async fn remove_settled(
        &self,
        content_id: &ContentId,
        now: DateTime<Utc>,
    ) -> Result<bool> {
        let location = location(content_id);
        match self.store.head(&location).await {
            Ok(object) if is_old(&object, now) => {
                self.store.delete(&location).await.map_err(storing)?;
                Ok(true)
            }
            Ok(_) | Err(object_store::Error::NotFound { .. }) => Ok(false),
            Err(error) => Err(storing(error)),
        }
    }

    /// The whole of content that is small enough to be kept in memory, compared with its ID; `None`
    /// where it is larger and must be streamed.
    ///
    /// # Errors
    ///
    /// "Not found" if it is not kept here; a fault if other bytes are.
    pub async fn whole(&self, content_id: &ContentId, bytes: u64) -> Result<Option<Bytes>> {
        if bytes > hot::CONTENT_BYTES_MAX {
            return Ok(None);
        }
        if let Some(content) = self.hot.get(content_id) {
            return Ok(Some(content));
        }
        let found = match self.store.get(&location(content_id)).await {
            // What is far too long is not read to be compared.
            Ok(found) if found.meta.size == bytes => found.bytes().await.map_err(reading)?,
            Ok(_) => return Err(reading(format!("{content_id} is stored with another length"))),
            Err(object_store::Error::NotFound { .. }) => {
                return Err(Refusal::not_found("content").into());
            }
            Err(error) => return Err(reading(error)),
        };
        if ContentId::of(&found) != *content_id {
            return Err(reading(format!("{content_id} is stored with other bytes")));
        }
        self.hot.keep(content_id.clone(), found.clone());
        Ok(Some(found))
    }

    /// Reads content as a stream.
    ///
    /// # Errors
    ///
    /// "Not found" if it is not kept here.
    pub async fn read(
        &self,
        content_id: &ContentId,
    ) -> Result<BoxStream<'static, std::result::Result<Bytes, object_store::Error>>> {
        match self.store.get(&location(content_id)).await {
            Ok(found) => Ok(found.into_stream()),
            Err(object_store::Error::NotFound { .. }) => Err(Refusal::not_found("content").into()),
            Err(error) => Err(reading(error)),
        }
    }

    /// Reads a part of content as a stream.
    ///
    /// # Errors
    ///
    /// "Not found" if it is not kept here, or not in the length it was registered with: a part
    /// cannot be compared with the content ID, but it must be a part of the right whole.
    pub async fn read_part(
        &self,
        content_id: &ContentId,
        part: std::ops::Range<u64>,
        registered: u64,
    ) -> Result<BoxStream<'static, std::result::Result<Bytes, object_store::Error>>> {
        let options = GetOptions { range: Some(part.into()), ..GetOptions::default() };
        match self.store.get_opts(&location(content_id), options).await {
            Ok(found) if found.meta.size == registered => Ok(found.into_stream()),
            Ok(_) | Err(object_store::Error::NotFound { .. }) => {
                Err(Refusal::not_found("content").into())
            }
            Err(error) => Err(Error::fault("reading content", error)),
        }
    }

    /// Removes what uploads that never ended have left in staging.
    pub async fn sweep_staging(&self, now: DateTime<Utc>) -> Result<u64> {
        let mut swept = 0;
        let mut staged = self.store.list(Some(&Path::from("staging")));
        while let Some(object) = staged.try_next().await.map_err(storing)? {
            if is_old(&object, now) {
                self.store.delete(&object.location).await.map_err(storing)?;
                swept += 1;
            }
        }
        Ok(swept)
    }
}

fn location(content_id: &ContentId) -> Path {
    let hex = content_id.hex();
    Path::from(format!("content/{}/{hex}", &hex[..2]))
}

fn content_id_at(location: &Path) -> Option<ContentId> {
    format!("sha256:{}", location.filename()?).parse().ok()
}

fn is_old(object: &ObjectMeta, now: DateTime<Utc>) -> bool {
    (now - object.last_modified).to_std().is_ok_and(|age| age > UNOWNED_AGE_MAX)
}

fn storing(error: object_store::Error) -> Error {
    Error::fault("storing content", error)
}

fn reading(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::fault("reading content", source)
}

/// A size limit as people say it, in whole units of 1,024.
fn in_words(bytes: u64) -> String {
    let units = [t!("bytes"), t!("KiB"), t!("MiB"), t!("GiB"), t!("TiB")];
    let mut size = bytes;
    let mut unit = 0;
    while size >= 1024 && size.is_multiple_of(1024) && unit + 1 < units.len() {
        size /= 1024;
        unit += 1;
    }
    format!("{size} {}", units[unit])
}

#[cfg(test)]
mod tests {
    use super::*;
    use object_store::memory::InMemory;

    fn store(upload_bytes_max: u64) -> ContentStore {
        ContentStore::new(Arc::new(InMemory::new()), upload_bytes_max)
    }

    fn chunks(parts: &[&'static str]) -> impl Stream<Item = std::result::Result<Bytes, String>> {
        let parts: Vec<_> = parts.iter().map(|part| Ok(Bytes::from(*part))).collect();
        futures::stream::iter(parts)
    }

    async fn count(store: &ContentStore) -> usize {
        store.store.list(None).count().await
    }

    #[tokio::test]
    async fn what_was_staged_and_kept_can_be_read() {
        let store = store(1024);
        let staged = store.stage(chunks(&["The Salt ", "Roads"])).await.unwrap();
        assert_eq!(staged.content_id, ContentId::of(b"The Salt Roads"));
        assert_eq!((staged.bytes, staged.head.as_slice()), (14, b"The Salt Roads".as_slice()));
        store.keep(&staged).await.unwrap();
        let read: Vec<Bytes> =
            store.read(&staged.content_id).await.unwrap().try_collect().await.unwrap();
        assert_eq!(read.concat(), b"The Salt Roads");
        let part = store.read_part(&staged.content_id, 4..8, 14).await.unwrap();
        let part: Vec<Bytes> = part.try_collect().await.unwrap();
        assert_eq!(part.concat(), b"Salt");
        assert!(store.read_part(&staged.content_id, 4..8, 15).await.is_err(), "another whole");
        assert_eq!(count(&store).await, 1);
    }

    #[tokio::test]
    async fn the_whole_is_read_once_and_only_if_it_is_right() {
        let store = store(1024);
        let staged = store.stage(chunks(&["The Salt Roads"])).await.unwrap();
        store.keep(&staged).await.unwrap();
        let content_id = &staged.content_id;
        assert!(store.whole(content_id, 15).await.unwrap_err().refusal().is_none(), "its length");
        assert_eq!(store.whole(content_id, u64::MAX).await.unwrap(), None, "to be streamed");
        let place = location(content_id);
        store.store.put(&place, Bytes::from("The Silt Roads").into()).await.unwrap();
        assert!(store.whole(content_id, 14).await.unwrap_err().refusal().is_none(), "its bytes");
        store.store.put(&place, Bytes::from("The Salt Roads").into()).await.unwrap();
        let read = store.whole(content_id, 14).await.unwrap();
        assert_eq!(read.as_deref(), Some(b"The Salt Roads".as_slice()));
        store.store.delete(&place).await.unwrap();
        assert_eq!(store.whole(content_id, 14).await.unwrap(), read, "from memory");
        let other = ContentId::of(b"never kept");
        assert!(store.whole(&other, 10).await.unwrap_err().refusal().is_some());
    }

    #[tokio::test]
    async fn nothing_remains_of_an_upload_that_is_refused() {
        let store = store(10);
        let cut = futures::stream::iter([Ok(Bytes::from("half")), Err("connection reset")]);
        let refused = [
            store.stage(cut).await.unwrap_err(),
            store.stage(chunks(&["more than ", "ten bytes"])).await.unwrap_err(),
            store.stage(chunks(&[])).await.unwrap_err(),
        ];
        let codes: Vec<_> = refused.iter().map(|e| e.refusal().unwrap().code).collect();
        assert_eq!(codes, ["upload_cut_off", "upload_too_large", "invalid_field"]);
        assert_eq!(count(&store).await, 0);
    }

    #[test]
    fn a_limit_reads_in_whole_units() {
        assert_eq!(in_words(5 * 1024 * 1024 * 1024), "5 GiB");
        assert_eq!(in_words(10), "10 bytes");
    }
}
