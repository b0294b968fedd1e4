//! Conditional requests (RFC 9110, section 13), for content that never changes.
//!
//! A content ID names its bytes for ever, so every representation of it that a client can hold is
//! the present one. Entity tags are strong: the content ID, and for a compressed representation the
//! content ID and the coding.

use std::time::{Duration, SystemTime};

use axum::http::{HeaderMap, HeaderName, header};
use chrono::{DateTime, Utc};
use imprimatur::domain::asset::ContentId;

use super::encoding::Encoding;

/// What a client can hold of content.
pub(super) struct Validators<'a> {
    pub content_id: &'a ContentId,
    pub registered_at: DateTime<Utc>,
    /// How it would be sent now.
    pub encoding: Encoding,
}

/// What the conditions come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Go,
    /// The client holds this representation.
    NotModified(Encoding),
    /// What the client takes for granted is not so.
    Failed,
}

/// The entity tag of one representation: `"sha256:…"` or `"sha256:…;gzip"`.
pub(super) fn etag(content_id: &ContentId, encoding: Encoding) -> String {
    match encoding.token() {
        None => format!("\"{content_id}\""),
        Some(coding) => format!("\"{content_id};{coding}\""),
    }
}

/// A date as HTTP writes it.
pub(super) fn http_date(at: DateTime<Utc>) -> String {
    httpdate::fmt_http_date(whole_second(at))
}

impl Validators<'_> {
    /// The conditions of a GET or HEAD, in the order of section 13.2.2.
    pub fn judge(&self, headers: &HeaderMap) -> Verdict {
        let modified = whole_second(self.registered_at);
        if headers.contains_key(header::IF_MATCH) {
            if self.held(headers, header::IF_MATCH, false).is_none() {
                return Verdict::Failed;
            }
        } else if let Some(since) = date(headers, header::IF_UNMODIFIED_SINCE)
            && modified > since
        {
            return Verdict::Failed;
        }
        if headers.contains_key(header::IF_NONE_MATCH) {
            return match self.held(headers, header::IF_NONE_MATCH, true) {
                Some(encoding) => Verdict::NotModified(encoding),
                None => Verdict::Go,
            };
        }
        match date(headers, header::IF_MODIFIED_SINCE) {
            Some(since) if modified <= since => Verdict::NotModified(self.encoding),
            _ => Verdict::Go,
        }
    }

    /// Whether a range may be served, as far as `If-Range` says (section 13.1.5).
    pub fn range_holds(&self, headers: &HeaderMap) -> bool {
        let Some(value) = headers.get(header::IF_RANGE) else { return true };
        let Ok(value) = value.to_str().map(str::trim) else { return false };
        if value.starts_with('"') || value.starts_with("W/") {
            return value == etag(self.content_id, Encoding::Identity);
        }
        httpdate::parse_http_date(value).is_ok_and(|date| date == whole_second(self.registered_at))
    }

    /// Which of our representations one of these tags names.
    fn held(&self, headers: &HeaderMap, name: HeaderName, weak: bool) -> Option<Encoding> {
        let values = headers.get_all(name);
        let tags = values.iter().filter_map(|value| value.to_str().ok());
        tags.flat_map(|tags| tags.split(',')).map(str::trim).find_map(|tag| {
            if tag == "*" {
                return Some(self.encoding);
            }
            let tag = if weak { tag.strip_prefix("W/").unwrap_or(tag) } else { tag };
            Encoding::ALL.into_iter().find(|&encoding| etag(self.content_id, encoding) == tag)
        })
    }
}

/// What cannot be read is ignored.
fn date(headers: &HeaderMap, name: HeaderName) -> Option<SystemTime> {
    httpdate::parse_http_date(headers.get(name)?.to_str().ok()?).ok()
}

fn whole_second(at: DateTime<Utc>) -> SystemTime {
    let seconds = u64::try_from(at.timestamp()).unwrap_or(0);
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    const DATE: &str = "Sun, 22 Nov 2026 07:50:00 GMT";
    const BEFORE: &str = "Sun, 22 Nov 2026 07:49:59 GMT";
    const AFTER: &str = "Sun, 22 Nov 2026 07:50:01 GMT";

    fn headers(pairs: &[(HeaderName, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(name, HeaderValue::from_str(value).unwrap());
        }
        headers
    }

    fn judge(pairs: &[(HeaderName, &str)]) -> Verdict {
        let validators = Validators {
            content_id: &ContentId::of(b"abc"),
            registered_at: "2026-11-22T07:50:00.7Z".parse().unwrap(),
            encoding: Encoding::Identity,
        };
        validators.judge(&headers(pairs))
    }

    #[test]
    fn conditions_are_weighed_in_the_order_of_the_standard() {
        use header::{IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_UNMODIFIED_SINCE};
        let ours = etag(&ContentId::of(b"abc"), Encoding::Identity);
        let gzip = etag(&ContentId::of(b"abc"), Encoding::Gzip);
        let weak = format!("W/{ours}");
        let (ours, gzip, weak) = (ours.as_str(), gzip.as_str(), weak.as_str());
        let held = Verdict::NotModified(Encoding::Identity);
        for (pairs, expected) in [
            (vec![], Verdict::Go),
            (vec![(IF_MATCH, ours)], Verdict::Go),
            (vec![(IF_MATCH, "*")], Verdict::Go),
            (vec![(IF_MATCH, "\"x\""), (IF_MATCH, ours)], Verdict::Go),
            (vec![(IF_MATCH, weak)], Verdict::Failed),
            (vec![(IF_MATCH, "\"x\"")], Verdict::Failed),
            (vec![(IF_MATCH, "\"x\""), (IF_NONE_MATCH, ours)], Verdict::Failed),
            (vec![(IF_MATCH, ours), (IF_UNMODIFIED_SINCE, BEFORE)], Verdict::Go),
            (vec![(IF_UNMODIFIED_SINCE, BEFORE)], Verdict::Failed),
            (vec![(IF_UNMODIFIED_SINCE, DATE)], Verdict::Go),
            (vec![(IF_UNMODIFIED_SINCE, "yesterday")], Verdict::Go),
            (vec![(IF_NONE_MATCH, ours)], held),
            (vec![(IF_NONE_MATCH, weak)], held),
            (vec![(IF_NONE_MATCH, "*")], held),
            (vec![(IF_NONE_MATCH, gzip)], Verdict::NotModified(Encoding::Gzip)),
            (vec![(IF_NONE_MATCH, "\"x\", \"y\"")], Verdict::Go),
            (vec![(IF_NONE_MATCH, "\"x\""), (IF_MODIFIED_SINCE, AFTER)], Verdict::Go),
            (vec![(IF_MODIFIED_SINCE, DATE)], held),
            (vec![(IF_MODIFIED_SINCE, "Sunday, 22-Nov-26 07:50:01 GMT")], held),
            (vec![(IF_MODIFIED_SINCE, "Sun Nov 22 07:50:01 2026")], held),
            (vec![(IF_MODIFIED_SINCE, BEFORE)], Verdict::Go),
            (vec![(IF_MODIFIED_SINCE, "0")], Verdict::Go),
        ] {
            assert_eq!(judge(&pairs), expected, "{pairs:?}");
        }
    }

    #[test]
    fn a_range_holds_for_the_very_bytes_the_client_has() {
        let content_id = ContentId::of(b"abc");
        let validators = Validators {
            content_id: &content_id,
            registered_at: "2026-11-22T07:50:00.7Z".parse().unwrap(),
            encoding: Encoding::Identity,
        };
        let ours = etag(&content_id, Encoding::Identity);
        let weak = format!("W/{ours}");
        let gzip = etag(&content_id, Encoding::Gzip);
        for (value, holds) in [
            (ours.as_str(), true),
            (&weak, false),
            (&gzip, false),
            (DATE, true),
            (AFTER, false),
            ("x", false),
        ] {
            assert_eq!(
                validators.range_holds(&headers(&[(header::IF_RANGE, value)])),
                holds,
                "{value}"
            );
        }
        assert!(validators.range_holds(&HeaderMap::new()));
    }
}
