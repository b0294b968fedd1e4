//! The language a page is answered in.
//!
//! Always true: where English is the only one, nothing is looked at and nothing is added. A language
//! that was chosen (the cookie `lang`) goes before those the browser asks for.

use axum::{
    Router,
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, header},
    middleware::{Next, from_fn_with_state},
    response::Response,
};
use imprimatur::words::Languages;

const COOKIE: &str = "lang";
const VARY: HeaderValue = HeaderValue::from_static("accept-language, cookie");

/// Answers every request of a router in the language it asks for.
pub fn within(router: Router, languages: Languages) -> Router {
    if languages.is_empty() {
        return router;
    }
    router.layer(from_fn_with_state(languages, answer))
}

async fn answer(State(languages): State<Languages>, request: Request, next: Next) -> Response {
    let accepted = text(request.headers(), &header::ACCEPT_LANGUAGE);
    let asked = languages.choose(chosen(request.headers()), accepted);
    let mut response = Languages::within(asked, next.run(request)).await;
    response.headers_mut().append(header::VARY, VARY);
    if let Some(tag) = asked.and_then(|language| HeaderValue::from_str(language.tag()).ok()) {
        response.headers_mut().insert(header::CONTENT_LANGUAGE, tag);
    }
    response
}

/// The language in the cookie.
fn chosen(headers: &HeaderMap) -> Option<&str> {
    let pairs = text(headers, &header::COOKIE).split(';');
    let mut pairs = pairs.filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, _)| *name == COOKIE).map(|(_, value)| value)
}

fn text<'a>(headers: &'a HeaderMap, name: &header::HeaderName) -> &'a str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}
