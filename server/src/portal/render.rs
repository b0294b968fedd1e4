//! Draws a page into HTML with Leptos, whole: status and headers are known before the first byte.
//!
//! Always true: the policy names the nonce of this very response, so nothing runs that was not put
//! there by the page.

use std::sync::{Arc, Mutex, PoisonError};

use app::{request::Page, shell::shell, ui::Typed};
use axum::{
    body::Body,
    http::{HeaderName, HeaderValue, Request, StatusCode, header},
    response::Response,
};
use leptos::{nonce::use_nonce, prelude::*};
use leptos_axum::{ResponseOptions, render_app_async_with_context};

use super::Portal;

/// Draws `page`; `typed` is what somebody sent with a form that was refused.
pub async fn page(portal: &Portal, page: Page, typed: Option<Typed>) -> Response {
    let status = StatusCode::from_u16(page.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    // Leptos may in principle draw more than once; a page is drawn only once.
    let page = Arc::new(Mutex::new(Some(page)));
    let options = portal.options.clone();
    let form_targets = portal.form_targets.clone();
    let reload_port = portal.reload_port;
    let draw = move || {
        set_policy(&form_targets, reload_port);
        let page = page.lock().unwrap_or_else(PoisonError::into_inner).take();
        shell(options.clone(), move || page.map(Page::draw))
    };
    let provide = move || {
        if let Some(typed) = typed.clone() {
            provide_context(typed);
        }
    };
    let mut response =
        render_app_async_with_context(provide, draw)(Request::new(Body::empty())).await;
    if response.status() == StatusCode::OK {
        *response.status_mut() = status;
    }
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    response
}

/// The content security policy (W3C CSP Level 3) with the nonce of this response.
fn set_policy(form_targets: &str, reload_port: Option<u32>) {
    let (Some(nonce), Some(response)) = (use_nonce(), use_context::<ResponseOptions>()) else {
        return;
    };
    let reload = reload_port.map(|port| format!(" ws://127.0.0.1:{port}")).unwrap_or_default();
    let policy = format!(
        "default-src 'none'; script-src 'self' 'nonce-{nonce}' 'wasm-unsafe-eval'; \
         style-src 'self'; font-src 'self'; img-src 'self' data:; media-src 'self'; connect-src 'self'{reload}; \
         form-action 'self' {form_targets}; base-uri 'none'; frame-ancestors 'none'; object-src 'none'"
    );
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        response.insert_header(HeaderName::from_static("content-security-policy"), policy);
    }
}
