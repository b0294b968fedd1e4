//! Takes connections and lets none of them hold the others up.
//!
//! Always true: a connection that sends no whole request within `HEADER_PATIENCE` is closed, and no
//! more than `CONNECTIONS_MAX` are open at once, so that slow clients cannot use up the process.

use std::{io, sync::Arc, time::Duration};

use axum::{Router, body::Body};
use http::Request;
use hyper::{body::Incoming, server::conn::http1};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
    service::TowerToHyperService,
};
use tokio::{
    net::TcpListener,
    sync::{Semaphore, watch},
};
use tower::ServiceExt as _;

/// From the opening of a connection, or the end of an answer on it, to the end of the next
/// request's headers.
const HEADER_PATIENCE: Duration = Duration::from_secs(20);
/// Connections open at once.
const CONNECTIONS_MAX: usize = 8192;
/// How long to wait when the system has no file left for another connection.
const BREATH: Duration = Duration::from_millis(50);

/// Serves until told to stop, then until every request under way is answered.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    mut stop: watch::Receiver<bool>,
) -> io::Result<()> {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEADER_PATIENCE);
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
        let (seat, stream) = match accepted {
            (seat, Ok((stream, _))) => (seat, stream),
            (_, Err(error)) => {
                tracing::warn!(%error, "A connection could not be taken");
                tokio::time::sleep(BREATH).await;
                continue;
            }
        };
        let router =
            router.clone().map_request(|request: Request<Incoming>| request.map(Body::new));
        let connection =
            http.serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
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
