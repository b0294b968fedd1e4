//! What is passed on between client and origin, and what is not.
//!
//! Always true: fields of one connection stay on it (RFC 9110, section 7.6.1), no credential of ours
//! reaches the origin, and nothing of the origin's passes for ours.

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use imprimatur::services::sites::Served;

/// What the gate calls itself in `Via`.
const VIA: &str = "imprimatur";
/// What it adds there to everything that goes through it.
pub(super) const VIA_ENTRY: &str = "1.1 imprimatur";

/// Fields about one connection. `TE`, `Trailer` and `Upgrade` are always named in `Connection` by
/// those who keep to the rules; the others are older than the rules.
const HOP_BY_HOP: [HeaderName; 9] = [
    header::CONNECTION,
    HeaderName::from_static("keep-alive"),
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    HeaderName::from_static("proxy-connection"),
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

/// Of a request: credentials, cookies (what is licensed does not depend on who asks), what we say
/// ourselves, what is about a body, and ranges, which are not asked for so that every delivery is a
/// whole page with a content ID.
const NOT_SENT: [HeaderName; 15] = [
    header::AUTHORIZATION,
    header::COOKIE,
    header::HOST,
    header::ACCEPT_ENCODING,
    header::CONTENT_ENCODING,
    header::CONTENT_LENGTH,
    header::CONTENT_TYPE,
    header::EXPECT,
    header::RANGE,
    header::IF_RANGE,
    header::FORWARDED,
    header::MAX_FORWARDS,
    HeaderName::from_static("x-real-ip"),
    HeaderName::from_static("true-client-ip"),
    HeaderName::from_static("cf-connecting-ip"),
];

/// Of an answer: cookies, ways around the gate, and what only we say.
const NOT_RETURNED: [HeaderName; 8] = [
    header::SET_COOKIE,
    header::ALT_SVC,
    header::ACCEPT_RANGES,
    HeaderName::from_static("ratelimit"),
    HeaderName::from_static("ratelimit-policy"),
    HeaderName::from_static("x-ratelimit-remaining"),
    HeaderName::from_static("x-request-id"),
    HeaderName::from_static("nel"),
];

/// Whether a request has been here before.
pub(super) fn came_from_here(headers: &HeaderMap) -> bool {
    words(headers, &header::VIA)
        .any(|entry| entry.split_whitespace().nth(1).is_some_and(|by| by.eq_ignore_ascii_case(VIA)))
}

/// Whether the client takes trailers (RFC 9110, section 10.1.4).
pub(super) fn takes_trailers(headers: &HeaderMap) -> bool {
    words(headers, &header::TE).any(|coding| coding.eq_ignore_ascii_case("trailers"))
}

/// The headers the origin is sent. It is told the host and the scheme it was asked for by, and not
/// by whom.
pub(super) fn to_origin(client: &HeaderMap, site: &Served, scheme: &'static str) -> HeaderMap {
    let mut headers = passed_on(client, |name| {
        NOT_SENT.contains(name) || name.as_str().starts_with("x-forwarded-")
    });
    if let Ok(host) = HeaderValue::from_str(&site.host) {
        headers.insert(header::HOST, host.clone());
        headers.insert("x-forwarded-host", host);
    }
    headers.insert("x-forwarded-proto", HeaderValue::from_static(scheme));
    headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    headers.append(header::VIA, HeaderValue::from_static(VIA_ENTRY));
    headers
}

/// The headers the client is sent.
pub(super) fn to_client(origin: &HeaderMap) -> HeaderMap {
    passed_on(origin, |name| NOT_RETURNED.contains(name))
}

fn passed_on(from: &HeaderMap, stays: impl Fn(&HeaderName) -> bool) -> HeaderMap {
    let named: Vec<String> =
        words(from, &header::CONNECTION).map(str::to_ascii_lowercase).collect();
    let mut passed = HeaderMap::with_capacity(from.len() + 4);
    for (name, value) in from {
        let kept = HOP_BY_HOP.contains(name)
            || named.iter().any(|named| named == name.as_str())
            || name.as_str().starts_with("imprimatur-")
            || stays(name);
        if !kept {
            passed.append(name, value.clone());
        }
    }
    passed
}

/// The members of a list in a header.
fn words<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    let values = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(str::trim).filter(|word| !word.is_empty())
}
