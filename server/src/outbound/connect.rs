//! Connections to places that somebody else names.
//!
//! Always true: the address that was checked is the one connected to, at every connection; a name
//! that leads elsewhere a moment later leads nowhere new.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use http::Uri;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tower::Service;

use super::{
    address::{is_open, is_public},
    names::Names,
};

/// Addresses of one name that are tried, one after the other.
const TRIED_MAX: usize = 3;

/// What must not be connected to.
#[derive(Debug, thiserror::Error)]
pub enum Closed {
    #[error("port {0} is not one of the web's")]
    Port(u16),
    #[error("{0} leads to no public address")]
    Address(String),
}

/// Opens connections to public addresses, and to loopback where that is allowed.
#[derive(Clone)]
pub struct Connector {
    names: Arc<dyn Names>,
    /// Whether loopback is let through, on any port but those of other services: for sandboxes.
    loopback: bool,
}

type Opening = Pin<Box<dyn Future<Output = io::Result<TokioIo<TcpStream>>> + Send>>;

impl Connector {
    /// Finds addresses through `names`.
    pub fn new(names: Arc<dyn Names>, loopback: bool) -> Self {
        Self { names, loopback }
    }

    async fn open(self, uri: Uri) -> io::Result<TokioIo<TcpStream>> {
        let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
        let port =
            uri.port_u16().unwrap_or(if uri.scheme_str() == Some("http") { 80 } else { 443 });
        if !is_open(port) {
            return Err(closed(Closed::Port(port)));
        }
        let addresses = match host.parse::<IpAddr>() {
            Ok(address) => vec![address],
            Err(_) => self.names.addresses(host).await?,
        };
        let mut last = closed(Closed::Address(host.to_owned()));
        let allowed = addresses.into_iter().filter(|address| self.allows(*address));
        for address in allowed.take(TRIED_MAX) {
            match TcpStream::connect(SocketAddr::new(address, port)).await {
                Ok(stream) => {
                    stream.set_nodelay(true)?;
                    return Ok(TokioIo::new(stream));
                }
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    fn allows(&self, address: IpAddr) -> bool {
        is_public(address) || (self.loopback && address.is_loopback())
    }
}

fn closed(why: Closed) -> io::Error {
    io::Error::new(io::ErrorKind::PermissionDenied, why)
}

impl Service<Uri> for Connector {
    type Response = TokioIo<TcpStream>;
    type Error = io::Error;
    type Future = Opening;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Opening {
        Box::pin(self.clone().open(uri))
    }
}

/// A connector that gives up after a while: on names, connection and TLS together.
#[derive(Clone)]
pub struct Hurried<C> {
    inner: C,
    patience: Duration,
}

impl<C> Hurried<C> {
    /// `inner`, within `patience`.
    pub const fn new(inner: C, patience: Duration) -> Self {
        Self { inner, patience }
    }
}

type BoxError = Box<dyn std::error::Error + Send + Sync>;

impl<C> Service<Uri> for Hurried<C>
where
    C: Service<Uri, Error: Into<BoxError>, Future: Send + 'static>,
{
    type Response = C::Response;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<C::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(context).map_err(Into::into)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let opening = tokio::time::timeout(self.patience, self.inner.call(uri));
        Box::pin(async move {
            match opening.await {
                Ok(opened) => opened.map_err(Into::into),
                Err(_) => Err(io::Error::from(io::ErrorKind::TimedOut).into()),
            }
        })
    }
}
