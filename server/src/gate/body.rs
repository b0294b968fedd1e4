//! The bytes of a delivery on their way out.
//!
//! Exactly the promised bytes leave: they are hashed on the way, and the last of them go only once
//! the content ID is confirmed and the receipt is durable; otherwise the connection is cut. A client
//! that goes away drops the body, and with it the unit that was set aside and, unless it is being
//! written already, the receipt; what went out is noted as an aborted delivery.

use std::{io, sync::Arc};

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use chrono::{DateTime, Utc};
use futures::{
    Stream, StreamExt as _, TryStreamExt as _,
    stream::{self, BoxStream},
};
use imprimatur::{
    domain::{
        asset::ContentId,
        gate::{Ask, Content},
        ids::ReceiptId,
        receipt::Receipt,
        terms::Scope,
    },
    services::gate::{
        Admission, Delivery,
        attempts::{ABORTED, Attempt, CUT_OFF, Client, Delivered, Known},
    },
};
use sha2::{Digest as _, Sha256};

use super::{Gate, client::Connection, encoding::Encoding, request::Asked};

/// The most bytes that are kept back until the receipt is durable.
pub(super) const KEPT_BACK_MAX: usize = 16 * 1024;
/// Content or a page up to this size is sent in one piece once its receipt is durable, so that
/// whatever goes wrong can still be said, and the receipt of a page is a header.
pub(super) const ONE_PIECE_BYTES_MAX: u64 = 64 * 1024;

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

    /// Bytes of this content, the whole or a part, out of a whole that was compared before.
    pub fn compared(bytes: Bytes, content: &Content) -> Self {
        let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        Self::part(stream::iter([Ok::<_, io::Error>(bytes)]), content, length)
    }

    /// A stream that is to be a part of this content. No part can be compared with a content ID:
    /// what it is read from was when it was registered and is whenever the whole is delivered, is
    /// named by the ID, and has the registered length.
    pub fn part<E>(
        stream: impl Stream<Item = Result<Bytes, E>> + Send + 'static,
        content: &Content,
        bytes: u64,
    ) -> Self
    where
        E: Into<Box<dyn std::error::Error + Send + Sync>> + 'static,
    {
        Self { missing: bytes, hasher: None, ..Self::new(stream, content) }
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
        let Some(first) = self.next().await? else { return Ok(Bytes::new()) };
        let Some(second) = self.next().await? else { return Ok(first) };
        let mut whole = BytesMut::from(first);
        whole.extend_from_slice(&second);
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

/// A delivery on its way, as far as the connection shows it. One that is dropped before it has
/// arrived was aborted, and is noted with how many bytes went out.
pub(super) struct Flight {
    gate: Gate,
    /// What is to be noted; nothing once it has arrived.
    course: Option<Course>,
    /// The connection, and how much had gone out by it before.
    connection: Option<(Connection, u64)>,
    /// Bytes of the body that left this file.
    pub handed_on: u64,
    encoding: Encoding,
    /// Of the whole delivery; of a page, all that came so far.
    pub bytes: u64,
}

struct Course {
    at: DateTime<Utc>,
    /// Where it ends here.
    code: &'static str,
    known: Known,
    ask: Ask,
    scope: Scope,
    client: Client,
    receipt_id: Option<ReceiptId>,
}

impl Flight {
    /// A delivery that begins.
    pub fn new(
        gate: &Gate,
        asked: &Asked,
        ask: Ask,
        delivery: &Delivery,
        encoding: Encoding,
    ) -> Self {
        let Receipt { receipt_id, token_id, scope, timestamp: at, bytes, .. } = delivery.receipt;
        let known = Known { token_id, license: Arc::clone(delivery.license()) };
        let (client, receipt_id) = (asked.client.clone(), Some(receipt_id));
        let course = Course { at, code: ABORTED, known, ask, scope, client, receipt_id };
        let mut flight = Self::begun(gate, asked, course);
        (flight.encoding, flight.bytes) = (encoding, bytes);
        flight
    }

    /// A page of a site that begins; its receipt comes with its end.
    pub fn of_page(gate: &Gate, asked: &Asked, ask: Ask, admission: &Admission) -> Self {
        let (token_id, license) = (admission.token_id(), Arc::clone(&admission.license));
        let (known, scope, client) =
            (Known { token_id, license }, admission.scope, asked.client.clone());
        let (at, code, receipt_id) = (admission.at(), ABORTED, None);
        Self::begun(gate, asked, Course { at, code, known, ask, scope, client, receipt_id })
    }

    fn begun(gate: &Gate, asked: &Asked, course: Course) -> Self {
        let connection = asked.connection.clone().map(|connection| {
            let before = connection.sent();
            (connection, before)
        });
        let (gate, course, encoding) = (gate.clone(), Some(course), Encoding::Identity);
        Self { gate, course, connection, handed_on: 0, encoding, bytes: 0 }
    }

    /// It cannot go on, and that is our fault.
    pub fn cut_off(&mut self) {
        if let Some(course) = &mut self.course {
            course.code = CUT_OFF;
        }
    }

    /// Its receipt is durable.
    pub fn arrived(&mut self) {
        if let Some(Course { at, known, client, .. }) = self.course.take() {
            let (token_id, bytes) = (known.token_id, self.bytes);
            self.gate.attempts().delivered(Delivered { at, token_id, client, bytes });
        }
    }

    /// Bytes of the body that the kernel took, to within the answer's head. Compressed, they are
    /// those of the wire.
    fn went_out(&self) -> u64 {
        let taken = self.connection.as_ref().map(|(connection, before)| connection.sent() - before);
        match (taken, self.encoding) {
            (Some(taken), Encoding::Identity) => taken.min(self.handed_on),
            (Some(taken), _) => taken,
            (None, _) => self.handed_on,
        }
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        if let Some(course) = self.course.take() {
            let Course { at, code, known, ask, scope, client, receipt_id } = course;
            let scope = Some(scope.as_str());
            let bytes_out = self.went_out();
            let attempt = Attempt::new(at, code, known, &ask, client);
            self.gate.attempts().attempt(Attempt { scope, bytes_out, receipt_id, ..attempt });
        }
    }
}

/// Where a delivery stands.
struct Going {
    source: Source,
    /// What was read last and has not left: it may be the end.
    last: Bytes,
    delivery: Option<Delivery>,
    flight: Flight,
}

/// A body that sends the source and records the delivery before its last bytes. A compressor gets
/// those no sooner, so what it makes of them cannot leave sooner either.
pub(super) fn delivered(
    source: Source,
    delivery: Delivery,
    flight: Flight,
    encoding: Encoding,
) -> Body {
    let going = Going { source, last: Bytes::new(), delivery: Some(delivery), flight };
    let plain = stream::try_unfold(going, |mut going| async move {
        match going.step().await {
            Ok(step) => Ok(step.map(|bytes| (bytes, going))),
            Err(error) => {
                tracing::error!(%error, "A delivery was cut off before its end; it is not billed");
                going.flight.cut_off();
                Err(error)
            }
        }
    });
    match encoding {
        Encoding::Identity => Body::from_stream(plain),
        encoding => Body::from_stream(encoding.apply(plain)),
    }
}

impl Going {
    async fn step(&mut self) -> io::Result<Option<Bytes>> {
        let step = self.next().await?;
        if let Some(bytes) = &step {
            self.flight.handed_on += u64::try_from(bytes.len()).unwrap_or(0);
        }
        Ok(step)
    }

    async fn next(&mut self) -> io::Result<Option<Bytes>> {
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
            self.flight.gate.keeper().record(delivery).await.map_err(io::Error::other)?;
            self.flight.arrived();
        }
        Ok(Some(std::mem::take(&mut self.last)))
    }
}
