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
    services::{
        Error,
        gate::{Admission, Parcel},
    },
};
use sha2::{Digest as _, Sha256};

use crate::gate::{
    Gate,
    body::{Flight, KEPT_BACK_MAX, ONE_PIECE_BYTES_MAX},
    deliver::{CONTENT_ID, RECEIPT},
};

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
            if self.taken > ONE_PIECE_BYTES_MAX {
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
    gate: Gate,
    source: Source,
    admission: Option<Admission>,
    flight: Flight,
    /// The page's address, for the receipt.
    resource: String,
    /// Whether the client takes the receipt as a trailer.
    trailers: bool,
    hasher: Sha256,
    /// What was read last and has not left: it may be the end.
    last: Bytes,
    trailer: Option<HeaderMap>,
}

impl Going {
    pub fn new(
        gate: Gate,
        source: Source,
        admission: Admission,
        flight: Flight,
        resource: String,
        trailers: bool,
    ) -> Self {
        let (hasher, last, trailer) = (Sha256::default(), Bytes::new(), None);
        let admission = Some(admission);
        Self { gate, source, admission, flight, resource, trailers, hasher, last, trailer }
    }

    /// A body that sends the page and records the delivery before its last bytes.
    pub fn delivered(self) -> Body {
        let frames = stream::try_unfold(self, |mut going| async move {
            match going.step().await {
                Ok(frame) => Ok(frame.map(|frame| (frame, going))),
                Err(error) => {
                    // What is asked of a page may hold a secret.
                    let page = going.resource.split('?').next();
                    tracing::warn!(%error, page, "The delivery of a page was cut off before its end; it is not billed");
                    going.flight.cut_off();
                    Err(error)
                }
            }
        });
        Body::new(StreamBody::new(frames))
    }

    async fn step(&mut self) -> io::Result<Option<Frame<Bytes>>> {
        if self.admission.is_none() {
            return Ok(self.trailer.take().map(Frame::trailers));
        }
        let bytes = self.next().await?;
        self.flight.handed_on += u64::try_from(bytes.len()).unwrap_or(0);
        Ok(Some(Frame::data(bytes)))
    }

    async fn next(&mut self) -> io::Result<Bytes> {
        while let Some(chunk) = self.source.next().await.map_err(io::Error::other)? {
            self.hasher.update(&chunk);
            self.flight.bytes += u64::try_from(chunk.len()).unwrap_or(0);
            let before = std::mem::replace(&mut self.last, chunk);
            if !before.is_empty() {
                return Ok(before);
            }
        }
        if self.last.len() > KEPT_BACK_MAX {
            return Ok(self.last.split_to(self.last.len() - KEPT_BACK_MAX));
        }
        if let Some(admission) = self.admission.take() {
            self.record(admission).await.map_err(io::Error::other)?;
        }
        Ok(std::mem::take(&mut self.last))
    }

    async fn record(&mut self, admission: Admission) -> Result<(), Error> {
        let digest = std::mem::take(&mut self.hasher).finalize();
        let content_id = ContentId::from_digest(&digest.into());
        let parcel = Parcel {
            content_id: content_id.clone(),
            bytes: self.flight.bytes,
            range: None,
            resource: Some(self.resource.clone()),
        };
        let delivery = self.gate.keeper().seal(admission, parcel)?;
        let trailer = trailer(&content_id, &delivery.jws);
        self.gate.keeper().record(delivery).await?;
        self.flight.arrived();
        self.trailer = trailer.filter(|_| self.trailers);
        Ok(())
    }
}

fn trailer(content_id: &ContentId, jws: &str) -> Option<HeaderMap> {
    let mut trailer = HeaderMap::with_capacity(2);
    trailer.insert(CONTENT_ID, HeaderValue::from_str(content_id.as_str()).ok()?);
    trailer.insert(RECEIPT, HeaderValue::from_str(jws).ok()?);
    Some(trailer)
}
