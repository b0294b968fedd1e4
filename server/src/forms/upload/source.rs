//! The bytes of a form with a file, as they come in.
//!
//! Always true: what comes before the file is bounded, because a parser of forms looks at it again
//! and again; and what is refused is read on as bytes, never parsed, up to a size and a time.

use std::{
    io,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use axum::body::{Body, BodyDataStream};
use bytes::Bytes;
use futures::{Stream, StreamExt as _, stream::poll_fn};
use tokio::time::timeout;

/// What may come before the file: every other field, with its headers.
const BEFORE_FILE_BYTES_MAX: usize = 512 * 1024;
/// What is still read of a refused form. Browsers show an answer only after they have sent all.
const DRAIN_BYTES_MAX: usize = 32 * 1024 * 1024;
/// For so long.
const DRAIN_PATIENCE: Duration = Duration::from_secs(20);

/// A body that two read: the parser, and whoever drains what the parser left.
#[derive(Clone)]
pub struct Source(Arc<Shared>);

struct Shared {
    body: Mutex<BodyDataStream>,
    before_file_bytes: AtomicUsize,
    file_began: AtomicBool,
}

impl Source {
    /// The body of a request.
    pub fn new(body: Body) -> Self {
        Self(Arc::new(Shared {
            body: Mutex::new(body.into_data_stream()),
            before_file_bytes: AtomicUsize::new(0),
            file_began: AtomicBool::new(false),
        }))
    }

    /// What comes from here on belongs to the file, which has its own limit.
    pub fn file_begins(&self) {
        self.0.file_began.store(true, Ordering::Relaxed);
    }

    /// What comes from here on is bounded again: another field, or another file.
    pub fn file_ends(&self) {
        self.0.before_file_bytes.store(0, Ordering::Relaxed);
        self.0.file_began.store(false, Ordering::Relaxed);
    }

    /// The bytes for the parser; they end with an error where too many come before the file.
    pub fn stream(&self) -> impl Stream<Item = io::Result<Bytes>> + Send + 'static {
        let source = self.clone();
        poll_fn(move |context| source.poll(context))
    }

    fn poll(&self, context: &mut Context<'_>) -> Poll<Option<io::Result<Bytes>>> {
        let next =
            self.0.body.lock().unwrap_or_else(PoisonError::into_inner).poll_next_unpin(context);
        next.map(|next| {
            let chunk = match next? {
                Ok(chunk) => chunk,
                Err(error) => return Some(Err(io::Error::other(error))),
            };
            if !self.0.file_began.load(Ordering::Relaxed) {
                let before = self.0.before_file_bytes.fetch_add(chunk.len(), Ordering::Relaxed);
                // The chunk in which the file begins is counted only by the next one.
                if before > BEFORE_FILE_BYTES_MAX {
                    return Some(Err(io::Error::other("too much before the file")));
                }
            }
            Some(Ok(chunk))
        })
    }

    /// Reads what is left and throws it away.
    pub async fn drain(&self) {
        let rest = async {
            let mut drained = 0;
            let mut body = poll_fn(|context| {
                self.0.body.lock().unwrap_or_else(PoisonError::into_inner).poll_next_unpin(context)
            });
            while let Some(Ok(chunk)) = body.next().await {
                drained += chunk.len();
                if drained > DRAIN_BYTES_MAX {
                    return;
                }
            }
        };
        // Whoever is slower than this does not wait for an answer.
        let _ = timeout(DRAIN_PATIENCE, rest).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endless() -> Body {
        Body::from_stream(futures::stream::repeat_with(|| {
            Ok::<_, io::Error>(Bytes::from_static(&[b'a'; 64 * 1024]))
        }))
    }

    #[tokio::test]
    async fn what_comes_before_the_file_ends_at_its_limit() {
        let source = Source::new(endless());
        let taken = source.stream().take_while(|chunk| std::future::ready(chunk.is_ok()));
        assert!(taken.count().await <= BEFORE_FILE_BYTES_MAX / (64 * 1024) + 1);
    }

    #[tokio::test]
    async fn the_file_itself_is_not_limited_here() {
        let source = Source::new(endless());
        source.file_begins();
        let chunks = 2 * BEFORE_FILE_BYTES_MAX / (64 * 1024);
        assert!(source.stream().take(chunks).all(|chunk| std::future::ready(chunk.is_ok())).await);
    }

    #[tokio::test]
    async fn what_comes_between_two_files_ends_at_its_limit() {
        let source = Source::new(endless());
        source.file_begins();
        assert!(source.stream().take(100).all(|chunk| std::future::ready(chunk.is_ok())).await);
        source.file_ends();
        let taken = source.stream().take_while(|chunk| std::future::ready(chunk.is_ok()));
        assert!(taken.count().await <= BEFORE_FILE_BYTES_MAX / (64 * 1024) + 1);
    }

    #[tokio::test]
    async fn draining_ends() {
        Source::new(endless()).drain().await;
    }
}
