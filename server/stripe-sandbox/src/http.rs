//! The door: who is calling, for which account, and the answer on the wire.

use std::{convert::Infallible, io, sync::Arc, sync::PoisonError, time::Duration};

use axum::{
    Router,
    body::Body,
    extract::{Request, State as Given},
    response::{IntoResponse, Response},
    routing::any,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use hyper::{body::Incoming, service::service_fn};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinSet};
use tower::ServiceExt as _;

use crate::{
    Shared, api,
    fail::Failure,
    faults::CallFault,
    form,
    input::{Call, Reply, What},
    pages,
    params::Params,
    shape::shown,
    state::VERSION,
};

/// The longest body a call may have.
const BODY_BYTES_MAX: usize = 1 << 20;

/// The longest idempotency key.
const KEY_LENGTH_MAX: usize = 255;

/// How long a slow answer takes.
const SLOW: Duration = Duration::from_secs(3);

/// Put on a response whose connection is to end instead.
#[derive(Clone, Copy)]
struct Cut;

/// Serves until it is dropped.
pub async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    let router = pages::router()
        .merge(Router::new().route("/v1/{*path}", any(call)))
        .fallback(|| async { StatusCode::NOT_FOUND })
        .with_state(shared);
    let mut connections = JoinSet::new();
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        while connections.try_join_next().is_some() {}
        let router = router.clone();
        connections.spawn(async move {
            let service = service_fn(move |request: hyper::Request<Incoming>| {
                let router = router.clone();
                async move {
                    let answer: Result<Response, Infallible> =
                        router.oneshot(request.map(Body::new)).await;
                    let Ok(answer) = answer;
                    // An error here makes hyper close the connection without a word.
                    if answer.extensions().get::<Cut>().is_some() {
                        return Err(io::Error::from(io::ErrorKind::ConnectionAborted));
                    }
                    Ok(answer)
                }
            });
            // How a connection ends is the business of whoever is at its other end.
            let _ = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

/// A call of the API.
async fn call(Given(shared): Given<Arc<Shared>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let request_id = format!("req_{:024x}", rand::random::<u128>() >> 32);
    let answer = match axum::body::to_bytes(body, BODY_BYTES_MAX).await {
        Ok(body) => answer(&shared, &head, &body, &request_id).await,
        Err(_) => Answer::failed(&Failure::invalid("", "The body is too long.").with_status(413)),
    };
    shared.record.line(&json!({
        "kind": "call", "method": head.method.as_str(), "path": head.uri.path(),
        "params": answer.params, "status": answer.status, "body": answer.body,
    }));
    answer.respond(&head.headers, &request_id)
}

/// What is answered, and what was asked.
struct Answer {
    status: u16,
    body: Value,
    params: Value,
    is_replayed: bool,
    is_cut: bool,
}

impl Answer {
    fn failed(failure: &Failure) -> Self {
        Self {
            status: failure.status,
            body: failure.body(),
            params: Value::Null,
            is_replayed: false,
            is_cut: false,
        }
    }

    fn respond(self, asked: &HeaderMap, request_id: &str) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = serde_json::to_string_pretty(&shown(&self.body)).unwrap_or_default();
        let mut response = (status, body).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert("stripe-version", HeaderValue::from_static(VERSION));
        if let Ok(id) = HeaderValue::from_str(request_id) {
            headers.insert("request-id", id);
        }
        for name in ["idempotency-key", "stripe-account"] {
            if let Some(value) = asked.get(name) {
                headers.insert(name, value.clone());
            }
        }
        if self.is_replayed {
            headers.insert("idempotent-replayed", HeaderValue::from_static("true"));
        }
        if self.is_cut {
            response.extensions_mut().insert(Cut);
        }
        response
    }
}

async fn answer(
    shared: &Shared,
    head: &http::request::Parts,
    body: &[u8],
    request: &str,
) -> Answer {
    let account = match asker(shared, &head.headers).await {
        Ok(account) => account,
        Err(failure) => return Answer::failed(&failure),
    };
    let path = head.uri.path().to_owned();
    let query = head.uri.query().unwrap_or_default();
    if head.method == http::Method::GET {
        let tree = form::decode(query.as_bytes());
        let params = Value::Object(tree.clone());
        let mut state = shared.state.lock().await;
        let now = shared.now(&state);
        state.now = state.now.max(now);
        let answer =
            api::carry_out(&mut state, account.as_deref(), "GET", &path, Params::new(tree));
        return match answer {
            Ok(body) => Answer { status: 200, body, params, is_replayed: false, is_cut: false },
            Err(failure) => Answer { params, ..Answer::failed(&failure) },
        };
    }
    let key = match key(&head.headers) {
        Ok(key) => key,
        Err(failure) => return Answer::failed(&failure),
    };
    let body = if body.is_empty() { query.as_bytes() } else { body };
    let call = Call {
        method: head.method.as_str().to_owned(),
        path,
        body: String::from_utf8_lossy(body).into_owned(),
        account,
        key,
        request: request.to_owned(),
    };
    let params = Value::Object(form::decode(body));
    change(shared, call, params).await
}

/// Carries out a call that changes something; a second one with its key has to wait.
async fn change(shared: &Shared, call: Call, params: Value) -> Answer {
    let place = call.key.clone().map(|key| (call.account.clone(), key));
    if let Some(place) = &place {
        let mut in_flight = shared.in_flight.lock().unwrap_or_else(PoisonError::into_inner);
        if !in_flight.insert(place.clone()) {
            let failure = Failure {
                kind: "idempotency_error",
                ..Failure::invalid(
                    "idempotency_key_in_use",
                    "There is currently another in-progress request using this Idempotent Key.",
                )
            };
            return Answer { params, ..Answer::failed(&failure.with_status(409)) };
        }
    }
    let is_slow = shared.state.lock().await.faults.peek_call(&call.path) == Some(CallFault::Slow);
    if is_slow {
        tokio::time::sleep(SLOW).await;
    }
    let reply = shared.apply(What::Call(call)).await;
    if let Some(place) = &place {
        shared.in_flight.lock().unwrap_or_else(PoisonError::into_inner).remove(place);
    }
    match reply {
        Ok(Reply::Answer { status, body, is_replayed, fault }) => {
            let is_cut = matches!(fault, Some(CallFault::CutBefore | CallFault::CutAfter));
            Answer { status, body, params, is_replayed, is_cut }
        }
        Ok(_) => Answer { params, ..Answer::failed(&Failure::broken(500)) },
        Err(failure) => Answer { params, ..Answer::failed(&failure) },
    }
}

/// Who is calling: the platform (`None`), or one of its accounts.
async fn asker(shared: &Shared, headers: &HeaderMap) -> Result<Option<String>, Failure> {
    let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).and_then(
        |value| match value.split_once(' ') {
            Some(("Bearer", key)) => Some(key.to_owned()),
            Some(("Basic", pair)) => {
                let pair = String::from_utf8(STANDARD.decode(pair).ok()?).ok()?;
                Some(pair.split(':').next().unwrap_or_default().to_owned())
            }
            _ => None,
        },
    );
    let Some(key) = given else {
        return Err(Failure::invalid("", "You did not provide an API key.").with_status(401));
    };
    if !(key.starts_with("sk_test_") || key.starts_with("rk_test_")) {
        return Err(Failure::invalid(
            "",
            "Invalid API Key provided; this sandbox takes test keys.",
        )
        .with_status(401));
    }
    let Some(account) = headers.get("stripe-account").and_then(|value| value.to_str().ok()) else {
        return Ok(None);
    };
    let state = shared.state.lock().await;
    match state.get(None, "account", account) {
        Ok(_) => Ok(Some(account.to_owned())),
        Err(_) => Err(Failure::invalid(
            "account_invalid",
            format!(
                "The provided key does not have access to account '{account}' (or that account does \
                 not exist). Application access may have been revoked."
            ),
        )
        .with_status(403)),
    }
}

fn key(headers: &HeaderMap) -> Result<Option<String>, Failure> {
    let Some(key) = headers.get("idempotency-key") else { return Ok(None) };
    match key.to_str() {
        Ok(key) if (1..=KEY_LENGTH_MAX).contains(&key.len()) => Ok(Some(key.to_owned())),
        _ => Err(Failure::invalid("", "Idempotency keys may be up to 255 characters.")),
    }
}
