//! The bytes of a delivery on their way out.
//!
//! Exactly the promised bytes leave: they are hashed on the way, and the last of them go only once
//! the content ID is confirmed and the receipt is durable; otherwise the connection is cut. A client
//! that goes away drops the body, and with it the receipt and the unit that was set aside.

use std::io;

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use futures::{
    Stream, StreamExt as _, TryStreamExt as _,
    stream::{self, BoxStream},
};
use imprimatur::{
    domain::{asset::ContentId, gate::Content},
    services::gate::Delivery,
};
use sha2::{Digest as _, Sha256};

use super::Gate;

/// The most bytes that are kept back until the receipt is durable.
const KEPT_BACK_MAX: usize = 16 * 1024;

/// Content as it is read from where it is kept.
pub(super) struct Source {
    stream: BoxStream<'static, io::Result<Bytes>>,
    content_id: ContentId,
    /// Bytes that have not come yet.
    missing: u64,
    /// What has come, until all of it was compared with the content ID.
    hasher: Option<Sha256>,
}

impl Source {
    /// A stream that is to be this content.
    pub fn new<E>(
        stream: impl Stream<Item = Result<Bytes, E>> + Send + 'static,
        content: &Content,
    ) -> Self
    where
        E: Into<Box<dyn std::error::Error + Send + Sync>> + 'static,
    {
        Self {
            stream: Box::pin(stream.map_err(io::Error::other).fuse()),
            content_id: content.content_id.clone(),
            missing: content.bytes,
            hasher: Some(Sha256::new()),
        }
    }

    /// Bytes that were compared with the content ID before.
    pub fn compared(whole: Bytes, content: &Content) -> Self {
        let stream = stream::once(async { Ok::<_, io::Error>(whole) });
        Self { hasher: None, ..Self::new(stream, content) }
    }

    /// The next bytes; `None` when all have come and are those that were promised.
    async fn next(&mut self) -> io::Result<Option<Bytes>> {
        while let Some(chunk) = self.stream.try_next().await? {
            if chunk.is_empty() {
                continue;
            }
            let length = u64::try_from(chunk.len()).unwrap_or(u64::MAX);
            self.missing = self.missing.checked_sub(length).ok_or_else(|| self.wrong("more"))?;
            if let Some(hasher) = &mut self.hasher {
                hasher.update(&chunk);
            }
            return Ok(Some(chunk));
        }
        if self.missing > 0 {
            return Err(self.wrong("fewer"));
        }
        if let Some(hasher) = self.hasher.take()
            && ContentId::from_digest(&hasher.finalize().into()) != self.content_id
        {
            return Err(self.wrong("other"));
        }
        Ok(None)
    }

    /// All bytes at once.
    pub async fn whole(mut self) -> io::Result<Bytes> {
        let mut whole = BytesMut::with_capacity(usize::try_from(self.missing).unwrap_or(0));
        while let Some(chunk) = self.next().await? {
            whole.extend_from_slice(&chunk);
        }
        Ok(whole.freeze())
    }

    fn wrong(&self, how: &str) -> io::Error {
        let content_id = &self.content_id;
        io::Error::other(format!("{content_id} is stored with {how} bytes than were registered"))
    }
}

/// Where a delivery stands.
struct Going {
    gate: Gate,
    source: Source,
    /// What was read last and has not left: it may be the end.
    last: Bytes,
    delivery: Option<Delivery>,
}

/// A body that sends the source and records the delivery before its last bytes.
pub(super) fn delivered(gate: Gate, source: Source, delivery: Delivery) -> Body {
    let going = Going { gate, source, last: Bytes::new(), delivery: Some(delivery) };
    Body::from_stream(stream::try_unfold(going, |mut going| async move {
        let step = going.step().await;
        if let Err(error) = &step {
            tracing::error!(%error, "A delivery was cut off before its end; it is not billed");
        }
        Ok::<_, io::Error>(step?.map(|bytes| (bytes, going)))
    }))
}

impl Going {
    async fn step(&mut self) -> io::Result<Option<Bytes>> {
        if self.delivery.is_none() {
            return Ok(None);
        }
        while let Some(chunk) = self.source.next().await? {
            let before = std::mem::replace(&mut self.last, chunk);
            if !before.is_empty() {
                return Ok(Some(before));
            }
        }
        if self.last.len() > KEPT_BACK_MAX {
            return Ok(Some(self.last.split_to(self.last.len() - KEPT_BACK_MAX)));
        }
        if let Some(delivery) = self.delivery.take() {
            self.gate.keeper().record(delivery).await.map_err(io::Error::other)?;
        }
        Ok(Some(std::mem::take(&mut self.last)))
    }
}
