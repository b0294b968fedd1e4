//! The bytes of a delivery on their way out.
//!
//! Exactly the promised number of bytes leaves, and the last of them only once the receipt is
//! durable; otherwise the connection is cut. A client that goes away drops the body, and with it
//! the receipt and the unit that was set aside.

use std::io;

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use futures::{
    Stream, StreamExt as _, TryStreamExt as _,
    stream::{self, BoxStream},
};
use imprimatur::services::gate::Delivery;

use super::Gate;

/// The most bytes that are kept back until the receipt is durable.
const KEPT_BACK_MAX: usize = 16 * 1024;

/// Content as it is read from where it is kept.
pub(super) struct Source {
    stream: BoxStream<'static, io::Result<Bytes>>,
    /// Bytes that have not come yet.
    missing: u64,
}

impl Source {
    /// `length` bytes are promised.
    pub fn new<E>(
        stream: impl Stream<Item = Result<Bytes, E>> + Send + 'static,
        length: u64,
    ) -> Self
    where
        E: Into<Box<dyn std::error::Error + Send + Sync>> + 'static,
    {
        Self { stream: Box::pin(stream.map_err(io::Error::other).fuse()), missing: length }
    }

    /// The next bytes; `None` when as many as promised have come.
    async fn next(&mut self) -> io::Result<Option<Bytes>> {
        while let Some(chunk) = self.stream.try_next().await? {
            if chunk.is_empty() {
                continue;
            }
            let length = u64::try_from(chunk.len()).unwrap_or(u64::MAX);
            self.missing = self.missing.checked_sub(length).ok_or_else(|| wrong("more"))?;
            return Ok(Some(chunk));
        }
        if self.missing == 0 { Ok(None) } else { Err(wrong("less")) }
    }

    /// All bytes at once.
    pub async fn whole(mut self) -> io::Result<Bytes> {
        let mut whole = BytesMut::with_capacity(usize::try_from(self.missing).unwrap_or(0));
        while let Some(chunk) = self.next().await? {
            whole.extend_from_slice(&chunk);
        }
        Ok(whole.freeze())
    }
}

fn wrong(how: &str) -> io::Error {
    io::Error::other(format!("the stored content has {how} bytes than were registered"))
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
