//! The one way to ask a place that somebody else names: a site's origin, a proof, a webhook.
//!
//! Always true: private addresses cannot be reached, no redirect is followed, no proxy is used, and
//! every wait has an end.

pub mod address;
pub mod connect;
pub mod names;
pub mod probe;

use std::{error::Error as _, io, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Empty;
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{self, Client},
    rt::{TokioExecutor, TokioTimer},
};

use self::{
    connect::{Connector, Hurried},
    names::Names,
};

/// Idle connections kept to one origin, and for how long.
const IDLE_MAX: usize = 32;
const IDLE_FOR: Duration = Duration::from_secs(60);
/// The most an answer's headers may take.
const HEADER_BYTES_MAX: usize = 64 * 1024;
const HEADERS_MAX: usize = 100;

/// How long is waited.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// For a connection: names, TCP and TLS together.
    pub connect: Duration,
    /// For an answer's headers, connecting included.
    pub answer: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { connect: Duration::from_secs(5), answer: Duration::from_secs(30) }
    }
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum NoAnswer {
    #[error("it took too long")]
    TimedOut,
    #[error("it cannot be reached")]
    Unreachable(#[source] legacy::Error),
}

/// The client. Clones share their connections.
#[derive(Clone)]
pub struct Outbound {
    client: Client<Hurried<HttpsConnector<Connector>>, Empty<Bytes>>,
    answer: Duration,
}

impl Outbound {
    /// Finds addresses through `names`. `loopback` lets loopback and plain HTTP through: for
    /// sandboxes.
    ///
    /// # Errors
    ///
    /// Where TLS cannot be set up.
    pub fn new(names: Arc<dyn Names>, loopback: bool, patience: Patience) -> io::Result<Self> {
        let provider = rustls::crypto::ring::default_provider();
        let builder = HttpsConnectorBuilder::new()
            .with_provider_and_webpki_roots(provider)
            .map_err(io::Error::other)?;
        let builder = if loopback { builder.https_or_http() } else { builder.https_only() };
        let connector = builder.enable_http1().wrap_connector(Connector::new(names, loopback));
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE_FOR)
            .pool_max_idle_per_host(IDLE_MAX)
            .http1_max_buf_size(HEADER_BYTES_MAX)
            .http1_max_headers(HEADERS_MAX)
            .build(Hurried::new(connector, patience.connect));
        Ok(Self { client, answer: patience.answer })
    }

    /// Asks, and answers as soon as the headers are there. Redirects are answers like any other.
    pub async fn send(
        &self,
        request: Request<Empty<Bytes>>,
    ) -> Result<Response<Incoming>, NoAnswer> {
        match tokio::time::timeout(self.answer, self.client.request(request)).await {
            Ok(Ok(response)) => Ok(response),
            Ok(Err(error)) if timed_out(&error) => Err(NoAnswer::TimedOut),
            Ok(Err(error)) => Err(NoAnswer::Unreachable(error)),
            Err(_) => Err(NoAnswer::TimedOut),
        }
    }
}

fn timed_out(error: &legacy::Error) -> bool {
    let mut source = error.source();
    while let Some(cause) = source {
        if cause.downcast_ref::<io::Error>().is_some_and(|e| e.kind() == io::ErrorKind::TimedOut) {
            return true;
        }
        source = cause.source();
    }
    false
}

#[cfg(test)]
mod tests;
