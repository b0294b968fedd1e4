//! How a refusal or a fault leaves the doors that draw no page of their own.
//!
//! The body is a small page that stands alone. The refusal travels along as a response extension,
//! so that whoever draws pages can put a better one in its place. A fault is logged here, once; the
//! outside sees only the request's id.

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{Html, IntoResponse, Response},
};
use imprimatur::{
    domain::{
        error::{Kind, Refusal},
        ids::RequestId,
    },
    services::Error,
    words,
};

use crate::sign_in::Unreachable;

/// The answer to a request that was refused or failed. `back` is a path of ours that leads on.
pub fn answer(error: &Error, request_id: RequestId, back: &str) -> Response {
    match error {
        Error::Refused(refusal) => {
            let status = StatusCode::from_u16(refusal.kind.status());
            let status = status.unwrap_or(StatusCode::BAD_REQUEST);
            let mut response = page(status, &refusal.sentence, request_id, back);
            response.extensions_mut().insert::<Refusal>(refusal.clone());
            response
        }
        Error::Fault { source, .. } => {
            log_fault(error, request_id);
            if let Some(unreachable) = source.downcast_ref::<Unreachable>() {
                let refusal = Refusal::new(
                    Kind::Unavailable,
                    "provider_unreachable",
                    t!(
                        "{label} did not answer as it should. Try again in a minute, or choose another \
                         way to sign in.",
                        label = unreachable.label
                    ),
                );
                return answer(&refusal.into(), request_id, back);
            }
            let sentence =
                t!("Something went wrong on our side, and nothing was changed. Try again.");
            page(StatusCode::INTERNAL_SERVER_ERROR, sentence, request_id, back)
        }
    }
}

fn page(status: StatusCode, sentence: &str, request_id: RequestId, back: &str) -> Response {
    let body = format!(
        "<!doctype html><html lang=\"{}\"><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\">\
         <title>{title} · Imprimatur</title>\
         <main><h1>{title}</h1><p>{}</p><p><a href=\"{}\">{}</a></p>\
         <p>{} <code>{request_id}</code>.</p></main></html>",
        escape(words::tag()),
        escape(sentence),
        escape(back),
        escape(t!("Go back")),
        escape(t!("If you ask for help, quote the request id")),
        title = escape(t!("That did not work")),
    );
    let mut response = (status, Html(body)).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; base-uri 'none'; frame-ancestors 'none'"),
    );
    response
}

/// Text, made safe between tags and inside quoted attributes.
pub(crate) fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            _ => safe.push(c),
        }
    }
    safe
}

/// Logs a fault with everything that caused it, the one time it is handled.
pub(crate) fn log_fault(error: &Error, request_id: RequestId) {
    let mut chain = String::new();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        chain.push_str(": ");
        chain.push_str(&cause.to_string());
        source = cause.source();
    }
    tracing::error!(request.id = %request_id, "{error}{chain}");
}
