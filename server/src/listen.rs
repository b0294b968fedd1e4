//! Takes connections and lets none of them hold the others up.
//!
//! Always true: a connection that sends no whole request within `HEADER_PATIENCE` is closed, and no
//! more than `CONNECTIONS_MAX` are open at once, so that slow clients cannot use up the process. What
//! lies between us and the network is kept short, so that bytes said to have gone out have.

use std::{
    convert::Infallible,
    io,
    pin::Pin,
    sync::{Arc, atomic::Ordering},
    task::{Context, Poll, ready},
    time::Duration,
};

use http::Request;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
};
use socket2::SockRef;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    sync::{Semaphore, watch},
};

use crate::{front::Front, gate::Connection};

/// From the opening of a connection, or the end of an answer on it, to the end of the next
/// request's headers.
const HEADER_PATIENCE: Duration = Duration::from_secs(20);
/// Connections open at once.
const CONNECTIONS_MAX: usize = 8192;
/// The most bytes of an answer that wait in this process, and about the most that the kernel has
/// taken and not sent.
const UNSENT_MAX: u32 = 128 * 1024;
/// How long to wait when the system has no file left for another connection.
const BREATH: Duration = Duration::from_millis(50);

/// Serves until told to stop, then until every request under way is answered.
pub async fn serve(
    listener: TcpListener,
    front: impl Into<Front>,
    mut stop: watch::Receiver<bool>,
) -> io::Result<()> {
    let front = front.into();
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEADER_PATIENCE);
    http.max_buf_size(usize::try_from(UNSENT_MAX).unwrap_or(usize::MAX));
    let seats = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let open = GracefulShutdown::new();
    loop {
        let accepted = tokio::select! {
            accepted = async {
                // Never closed, so there is always a seat to wait for.
                let seat = Arc::clone(&seats).acquire_owned().await;
                (seat, listener.accept().await)
            } => accepted,
            // The sender only goes away with the process.
            _ = stop.wait_for(|stop| *stop) => break,
        };
        let (seat, stream, peer) = match accepted {
            (seat, Ok((stream, peer))) => (seat, stream, peer),
            (_, Err(error)) => {
                tracing::warn!(%error, "A connection could not be taken");
                tokio::time::sleep(BREATH).await;
                continue;
            }
        };
        // Answers are held back only where they say so, never for want of more to send.
        let tuned = stream
            .set_nodelay(true)
            .and_then(|()| SockRef::from(&stream).set_tcp_notsent_lowat(UNSENT_MAX));
        if let Err(error) = tuned {
            tracing::debug!(%error, "A connection could not be tuned");
        }
        let about = Connection::new(peer);
        let stream = Counted { stream, about: about.clone() };
        let front = front.clone();
        let answer = service_fn(move |request: Request<Incoming>| {
            let (front, about) = (front.clone(), about.clone());
            async move { Ok::<_, Infallible>(front.answer(request, Some(about)).await) }
        });
        let connection = http.serve_connection(TokioIo::new(stream), answer);
        let connection = open.watch(connection);
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "A connection ended early");
            }
            drop(seat);
        });
    }
    open.shutdown().await;
    Ok(())
}

/// A stream that counts what the kernel takes.
struct Counted {
    stream: TcpStream,
    about: Connection,
}

impl Counted {
    fn count(&self, written: usize) {
        let written = u64::try_from(written).unwrap_or(0);
        self.about.sent.fetch_add(written, Ordering::Relaxed);
    }
}

impl AsyncRead for Counted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Counted {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.stream).poll_write(cx, buf))?;
        self.count(written);
        Poll::Ready(Ok(written))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.stream).poll_write_vectored(cx, bufs))?;
        self.count(written);
        Poll::Ready(Ok(written))
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
