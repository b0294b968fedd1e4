//! A "no" on the wire: `application/problem+json` (RFC 9457) with a stable code.
//!
//! A refusal says what to do; a fault says only that it was ours, under which request id it is
//! found, and that nothing was billed.

use std::error::Error as _;

use axum::{
    http::{Extensions, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use imprimatur::{
    domain::{error::Refusal, gate::Denial, ids::RequestId},
    services::Error,
};
use serde::Serialize;

use super::deliver::RATE_REMAINING;
use crate::session::request_id_of;

/// A refusal or a fault, about to be sent.
pub(super) struct Problem {
    status: StatusCode,
    code: &'static str,
    detail: String,
    retry_after: Option<u64>,
    rate_remaining: Option<u32>,
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
}

impl Problem {
    /// A refusal of the wire's own.
    pub fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self {
            status,
            code,
            detail: detail.into(),
            retry_after: None,
            rate_remaining: None,
            fault: None,
        }
    }

    /// The gate cannot answer now, and asking again soon may help.
    pub fn unavailable(code: &'static str, detail: &str) -> Self {
        Self {
            status: StatusCode::SERVICE_UNAVAILABLE,
            code,
            detail: detail.to_owned(),
            retry_after: Some(1),
            rate_remaining: None,
            fault: None,
        }
    }

    /// The same, and what the log is to say about it.
    pub fn because(self, fault: Error) -> Self {
        Self { fault: Some(Box::new(fault)), ..self }
    }

    /// As it goes over the wire; the attempt is logged.
    pub fn answer(self, request_id: RequestId) -> Response {
        let Self { status, code, detail, retry_after, rate_remaining, fault } = self;
        if let Some(fault) = fault {
            let source = fault.source().map(ToString::to_string).unwrap_or_default();
            tracing::error!(request.id = %request_id, error = %fault, source, "A fault at the gate");
        }
        tracing::info!(request.id = %request_id, status = status.as_u16(), code, "The gate refused: {detail}");
        let document = Document {
            r#type: "about:blank",
            title: status.canonical_reason().unwrap_or("Refused"),
            status: status.as_u16(),
            detail: &detail,
            code,
            request_id: request_id.to_string(),
        };
        let body = serde_json::to_vec(&document).unwrap_or_default();
        let mut response = (status, body).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(seconds) = retry_after {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        if let Some(remaining) = rate_remaining {
            headers.insert(RATE_REMAINING, remaining.into());
        }
        response
    }
}

/// What a path of the gate answers to any method but GET and HEAD; the router adds `Allow`.
pub(super) async fn method_not_allowed(extensions: Extensions) -> Response {
    let problem = Problem {
        status: StatusCode::METHOD_NOT_ALLOWED,
        code: "method_not_allowed",
        detail: "Only GET and HEAD are answered here.".to_owned(),
        retry_after: None,
        rate_remaining: None,
        fault: None,
    };
    problem.answer(request_id_of(&extensions))
}

impl From<Denial> for Problem {
    fn from(denial: Denial) -> Self {
        let Denial { refusal, retry_after, rate_remaining } = denial;
        Self { retry_after, rate_remaining, ..refusal.into() }
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        Self {
            status: StatusCode::from_u16(refusal.kind.status())
                .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
            code: refusal.code,
            detail: refusal.sentence,
            retry_after: None,
            rate_remaining: None,
            fault: None,
        }
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::Refused(refusal) => refusal.into(),
            fault @ Error::Fault { .. } => Self {
                status: StatusCode::INTERNAL_SERVER_ERROR,
                code: "fault",
                detail: "Something went wrong on our side. Nothing was billed.".to_owned(),
                retry_after: None,
                rate_remaining: None,
                fault: Some(Box::new(fault)),
            },
        }
    }
}
