//! Whom a request is for: a site, a licensed work, or whatever else the router knows.
//!
//! Sites and works are asked for a thousand times as often as everything else together, so they are
//! answered before the router and its layers. Whatever happens on the way, there is an answer, and
//! it carries its request id.

use std::{error::Error, panic::AssertUnwindSafe, sync::Arc};

use axum::{Router, body::Body, response::Response};
use bytes::Bytes;
use futures::FutureExt as _;
use http::{Method, Request};
use imprimatur::{domain::ids::RequestId, services::mint};
use tower::ServiceExt as _;
use tracing::Instrument as _;

use crate::{
    gate::{self, Connection, Gate, proxy::Sites},
    router::fix_headers,
    session::number,
};

/// Everything that is answered at one address. Clones are the same.
#[derive(Clone)]
pub struct Front(Arc<Inner>);

struct Inner {
    router: Router,
    gate: Option<Gate>,
    sites: Option<Sites>,
    https: bool,
}

impl From<Router> for Front {
    fn from(router: Router) -> Self {
        Self::new(router, None, None, false)
    }
}

impl Front {
    /// What the router knows, the works of a gate and its sites.
    pub fn new(router: Router, gate: Option<Gate>, sites: Option<Sites>, https: bool) -> Self {
        Self(Arc::new(Inner { router, gate, sites, https }))
    }

    /// Answers a request that came by this connection.
    pub async fn answer<B>(&self, request: Request<B>, connection: Option<Connection>) -> Response
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        let (mut parts, body) = request.into_parts();
        if let Some(sites) = &self.0.sites
            && let Some(site) = sites.of(&parts)
        {
            let request_id = mint();
            let answer = sites.page(&site, parts, request_id, connection);
            return caught(sites.gate(), request_id, answer).await;
        }
        if let Some(gate) = &self.0.gate
            && let Some(subject) = gate::subject(&parts)
        {
            let request_id = mint();
            let is_head = parts.method == Method::HEAD;
            let answer = gate.content(subject, parts, request_id, connection);
            let mut response = caught(gate, request_id, answer).await;
            if is_head {
                *response.body_mut() = Body::empty();
            }
            fix_headers(response.headers_mut(), self.0.https);
            return response;
        }
        if let Some(connection) = connection {
            parts.extensions.insert(connection);
        }
        let request = Request::from_parts(parts, Body::new(body));
        let Ok(response) = self.0.router.clone().oneshot(request).await;
        response
    }
}

/// Numbers the answer; a panic is a fault like any other.
async fn caught(
    gate: &Gate,
    request_id: RequestId,
    answer: impl Future<Output = Response>,
) -> Response {
    let span = tracing::debug_span!("request", request.id = %request_id);
    let answer = AssertUnwindSafe(answer.instrument(span)).catch_unwind().await;
    let mut response = answer.unwrap_or_else(|_| gate.panicked(request_id));
    number(&mut response, request_id);
    response
}
