//! A "no" on the wire: `application/problem+json` (RFC 9457) with a stable code.
//!
//! A refusal says what to do; a fault says only that it was ours, under which request id it is
//! found, and that nothing was billed.

use std::error::Error as _;

use axum::{
    extract::State,
    http::{Extensions, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use imprimatur::{
    domain::{
        error::{Kind, Refusal},
        gate::Denial,
        ids::RequestId,
    },
    services::Error,
};
use serde::Serialize;
use serde_json::{Map, Value};

use super::Gate;
use crate::session::request_id_of;

/// A refusal or a fault, about to be sent.
pub(super) struct Problem {
    status: StatusCode,
    pub code: &'static str,
    detail: String,
    headers: Vec<(HeaderName, HeaderValue)>,
    /// What this problem says besides, by member of its document.
    members: Map<String, Value>,
    /// What went wrong on our side; only the log sees it.
    fault: Option<Box<Error>>,
}

#[derive(Serialize)]
struct Document<'a> {
    r#type: &'static str,
    title: &'a str,
    status: u16,
    detail: &'a str,
    code: &'a str,
    request_id: String,
    #[serde(flatten)]
    members: Map<String, Value>,
}

impl Problem {
    /// A refusal of the wire's own.
    pub fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        let (headers, members) = (Vec::new(), Map::new());
        Self { status, code, detail: detail.into(), headers, members, fault: None }
    }

    /// The gate cannot answer now, and asking again soon may help.
    pub fn unavailable(code: &'static str, detail: &str) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, code, detail).with(header::RETRY_AFTER, 1)
    }

    /// The same, and what the log is to say about it.
    pub fn because(self, fault: Error) -> Self {
        Self { fault: Some(Box::new(fault)), ..self }
    }

    /// The same, with a header. What no header can hold is left out.
    pub fn with(mut self, name: HeaderName, value: impl ToString) -> Self {
        if let Ok(value) = HeaderValue::from_str(&value.to_string()) {
            self.headers.push((name, value));
        }
        self
    }

    /// The same, with one more member in its document.
    pub fn saying(mut self, member: &str, value: impl Into<Value>) -> Self {
        self.members.insert(member.to_owned(), value.into());
        self
    }

    /// As it goes over the wire; the attempt is logged, a flood of them in a few lines.
    pub fn answer(self, gate: &Gate, request_id: RequestId) -> Response {
        if let Some(fault) = &self.fault {
            let source = fault.source().map(ToString::to_string).unwrap_or_default();
            tracing::error!(request.id = %request_id, error = %fault, source, "A fault at the gate");
        }
        let second = gate.keeper().services().now().timestamp();
        let (admitted, left_out) = gate.0.quiet.admits(self.code, second);
        let code = self.code;
        if left_out > 0 {
            tracing::info!(code, left_out, "And {left_out} more refusals with the code {code}");
        }
        if admitted {
            let status = self.status.as_u16();
            tracing::info!(request.id = %request_id, status, code, "The gate refused: {}", self.detail);
        }
        self.response(request_id)
    }

    fn said(refusal: &Refusal) -> Self {
        let status = StatusCode::from_u16(refusal.kind.status())
            .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Self::new(status, refusal.code, refusal.sentence.clone())
    }

    fn response(self, request_id: RequestId) -> Response {
        let Self { status, code, detail, headers: own, members, .. } = self;
        let document = Document {
            r#type: "about:blank",
            title: status.canonical_reason().unwrap_or("Refused"),
            status: status.as_u16(),
            detail: &detail,
            code,
            request_id: request_id.to_string(),
            members,
        };
        let body = serde_json::to_vec(&document).unwrap_or_default();
        let mut response = (status, body).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        if matches!(status, StatusCode::UNAUTHORIZED | StatusCode::PAYMENT_REQUIRED) {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        for (name, value) in own {
            headers.append(name, value);
        }
        response
    }
}

/// What a path of the gate answers to any method but GET and HEAD; the router adds `Allow`.
pub(super) async fn method_not_allowed(
    State(gate): State<Gate>,
    extensions: Extensions,
) -> Response {
    let detail = "Only GET and HEAD are answered here.";
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", detail)
        .answer(&gate, request_id_of(&extensions))
}

/// Seconds after which to ask again, where nothing but time is needed.
fn passing(refusal: &Refusal) -> Option<u64> {
    (refusal.kind == Kind::Unavailable).then_some(1)
}

impl From<Denial> for Problem {
    fn from(denial: Denial) -> Self {
        let Denial { refusal, retry_after, rate_remaining } = denial;
        let mut problem = Self::said(&refusal);
        if let Some(seconds) = retry_after.or_else(|| passing(&refusal)) {
            problem = problem.with(header::RETRY_AFTER, seconds);
        }
        if let Some(remaining) = rate_remaining {
            problem = problem.with(super::deliver::RATE_REMAINING, remaining);
        }
        problem
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let problem = Self::said(&refusal);
        match passing(&refusal) {
            Some(seconds) => problem.with(header::RETRY_AFTER, seconds),
            None => problem,
        }
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::Refused(refusal) => refusal.into(),
            fault @ Error::Fault { .. } => Self::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                "fault",
                "Something went wrong on our side. Nothing was billed.",
            )
            .because(fault),
        }
    }
}
