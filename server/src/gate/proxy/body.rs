//! The bytes of a page on their way from the origin to the client.
//!
//! Always true: at most a few chunks are in memory, the client's pace is the origin's, and the last
//! bytes of a delivery leave only once its receipt, with the content ID computed on the way, is
//! durable; otherwise the connection is cut and nothing is billed.

use std::{io, time::Duration};

use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue},
};
use bytes::{Bytes, BytesMut};
use futures::stream;
use http_body::Frame;
use http_body_util::{BodyExt as _, StreamBody};
use hyper::body::Incoming;
use imprimatur::{
    domain::asset::ContentId,
    services::gate::{Admission, Parcel},
};
use sha2::{Digest as _, Sha256};

use crate::gate::{
    Gate,
    deliver::{CONTENT_ID, RECEIPT},
};

/// The most bytes that are kept back until the receipt is durable.
const KEPT_BACK_MAX: usize = 16 * 1024;
/// A page up to this size is sent in one piece once its receipt is durable, so that whatever goes
/// wrong can still be said, and the receipt is a header.
pub(super) const ONE_PIECE_BYTES_MAX: usize = 64 * 1024;

/// Why a page does not go on.
#[derive(Debug, thiserror::Error)]
pub(super) enum Cut {
    #[error("the origin was silent for too long")]
    Silent,
    #[error("the page is larger than {0} bytes")]
    TooLarge(u64),
    #[error("the origin broke off")]
    Broken(#[source] hyper::Error),
}

/// A page as it comes from the origin.
pub(super) struct Source {
    incoming: Incoming,
    /// Read ahead, and next in line.
    ahead: Bytes,
    /// The longest silence.
    patience: Duration,
    bytes_max: u64,
    taken: u64,
}

impl Source {
    pub fn new(incoming: Incoming, patience: Duration, bytes_max: u64) -> Self {
        Self { incoming, ahead: Bytes::new(), patience, bytes_max, taken: 0 }
    }

    /// The next bytes, never none at all; `None` at the end. Trailers of the origin end with it.
    async fn next(&mut self) -> Result<Option<Bytes>, Cut> {
        if !self.ahead.is_empty() {
            return Ok(Some(std::mem::take(&mut self.ahead)));
        }
        loop {
            let next = tokio::time::timeout(self.patience, self.incoming.frame()).await;
            let Some(frame) = next.map_err(|_| Cut::Silent)? else { return Ok(None) };
            let Ok(chunk) = frame.map_err(Cut::Broken)?.into_data() else { continue };
            self.taken = self.taken.saturating_add(u64::try_from(chunk.len()).unwrap_or(u64::MAX));
            if self.taken > self.bytes_max {
                return Err(Cut::TooLarge(self.bytes_max));
            }
            if !chunk.is_empty() {
                return Ok(Some(chunk));
            }
        }
    }

    /// All of it, if it is small enough for one piece; else what was read comes again.
    pub async fn one_piece(&mut self) -> Result<Option<Bytes>, Cut> {
        let mut whole = BytesMut::new();
        while let Some(chunk) = self.next().await? {
            whole.extend_from_slice(&chunk);
            if whole.len() > ONE_PIECE_BYTES_MAX {
                self.ahead = whole.freeze();
                return Ok(None);
            }
        }
        Ok(Some(whole.freeze()))
    }

    /// Passed on as it is.
    pub fn passed_on(self) -> Body {
        Body::from_stream(stream::try_unfold(self, |mut source| async move {
            match source.next().await {
                Ok(chunk) => Ok(chunk.map(|chunk| (chunk, source))),
                Err(cut) => {
                    tracing::info!(error = %cut, "A page that costs nothing was cut off");
                    Err(io::Error::other(cut))
                }
            }
        }))
    }
}

/// A page on its way to somebody who pays for it.
pub(super) struct Going {
    pub gate: Gate,
    pub source: Source,
    pub admission: Option<Admission>,
    /// The page's address, for the receipt.
    pub resource: String,
    /// Whether the client takes the receipt as a trailer.
    pub trailers: bool,
    pub hasher: Sha256,
    pub bytes: u64,
    /// What was read last and has not left: it may be the end.
    pub last: Bytes,
    pub trailer: Option<HeaderMap>,
}

impl Going {
    /// A body that sends the page and records the delivery before its last bytes.
    pub fn delivered(self) -> Body {
        let frames = stream::try_unfold(self, |mut going| async move {
            match going.step().await {
                Ok(frame) => Ok(frame.map(|frame| (frame, going))),
                Err(error) => {
                    tracing::warn!(%error, page = going.resource, "The delivery of a page was cut off before its end; it is not billed");
                    Err(error)
                }
            }
        });
        Body::new(StreamBody::new(frames))
    }

    async fn step(&mut self) -> io::Result<Option<Frame<Bytes>>> {
        let Some(admission) = self.admission.take() else {
            return Ok(self.trailer.take().map(Frame::trailers));
        };
        // Put back before anything is waited for: whoever drops this meanwhile drops it too.
        self.admission = Some(admission);
        while let Some(chunk) = self.source.next().await.map_err(io::Error::other)? {
            self.hasher.update(&chunk);
            self.bytes += u64::try_from(chunk.len()).unwrap_or(0);
            let before = std::mem::replace(&mut self.last, chunk);
            if !before.is_empty() {
                return Ok(Some(Frame::data(before)));
            }
        }
        if self.last.len() > KEPT_BACK_MAX {
            let first = self.last.split_to(self.last.len() - KEPT_BACK_MAX);
            return Ok(Some(Frame::data(first)));
        }
        if let Some(admission) = self.admission.take() {
            let digest = std::mem::take(&mut self.hasher).finalize();
            let parcel = Parcel {
                content_id: ContentId::from_digest(&digest.into()),
                bytes: self.bytes,
                range: None,
                resource: Some(self.resource.clone()),
            };
            let content_id = parcel.content_id.clone();
            let keeper = self.gate.keeper();
            let delivery = keeper.seal(admission, parcel).map_err(io::Error::other)?;
            let trailer = trailer(&content_id, &delivery.jws);
            keeper.record(delivery).await.map_err(io::Error::other)?;
            self.trailer = trailer.filter(|_| self.trailers);
        }
        Ok(Some(Frame::data(std::mem::take(&mut self.last))))
    }
}

fn trailer(content_id: &ContentId, jws: &str) -> Option<HeaderMap> {
    let mut trailer = HeaderMap::with_capacity(2);
    trailer.insert(CONTENT_ID, HeaderValue::from_str(content_id.as_str()).ok()?);
    trailer.insert(RECEIPT, HeaderValue::from_str(jws).ok()?);
    Some(trailer)
}
