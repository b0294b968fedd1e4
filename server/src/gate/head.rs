//! What every delivery of a content under the same terms says in its head, written once.

use std::{
    collections::HashMap,
    sync::{PoisonError, RwLock},
};

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use imprimatur::{
    domain::{asset::ContentId, gate::Content},
    services::Error,
};

use super::{
    Gate,
    conditional::{etag, http_date},
    deliver::CONTENT_ID,
    encoding::{self, Encoding},
};

/// The most contents whose heads are kept in mind.
const CONTENTS_MAX: usize = 10_000;

#[derive(Default)]
pub(super) struct Heads(RwLock<HashMap<ContentId, Vec<Head>>>);

struct Head {
    terms_digest: String,
    encoding: Encoding,
    headers: HeaderMap,
}

impl Heads {
    /// Every header that says nothing about this one delivery.
    pub fn of(
        &self,
        gate: &Gate,
        content: &Content,
        terms_digest: &str,
        encoding: Encoding,
    ) -> Result<HeaderMap, Error> {
        if let Some(headers) = self.recall(content, terms_digest, encoding) {
            return Ok(headers);
        }
        let headers = write(gate, content, terms_digest, encoding)?;
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= CONTENTS_MAX {
            known.clear();
        }
        known.entry(content.content_id.clone()).or_default().push(Head {
            terms_digest: terms_digest.to_owned(),
            encoding,
            headers: headers.clone(),
        });
        Ok(headers)
    }

    fn recall(
        &self,
        content: &Content,
        terms_digest: &str,
        encoding: Encoding,
    ) -> Option<HeaderMap> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let heads = known.get(&content.content_id)?;
        heads
            .iter()
            .find(|head| head.encoding == encoding && head.terms_digest == terms_digest)
            .map(|head| head.headers.clone())
    }
}

fn write(
    gate: &Gate,
    content: &Content,
    terms_digest: &str,
    encoding: Encoding,
) -> Result<HeaderMap, Error> {
    let Content { content_id, media_type, registered_at, bytes, .. } = content;
    let manifest = gate.manifest_url(content_id);
    let terms = gate.license_url(terms_digest);
    let mut headers = HeaderMap::new();
    let mut say = |name: HeaderName, value: String| match HeaderValue::try_from(value) {
        Ok(value) => {
            headers.append(name, value);
            Ok(())
        }
        Err(error) => Err(Error::fault("writing a header", error)),
    };
    say(header::CONTENT_TYPE, media_type.clone())
        .or_else(|_| say(header::CONTENT_TYPE, "application/octet-stream".into()))?;
    say(header::ETAG, etag(content_id, encoding))?;
    say(header::LAST_MODIFIED, http_date(*registered_at))?;
    say(header::CACHE_CONTROL, "private, no-store".into())?;
    say(header::X_CONTENT_TYPE_OPTIONS, "nosniff".into())?;
    say(header::CONTENT_SECURITY_POLICY, "sandbox; default-src 'none'".into())?;
    say(header::LINK, format!("<{manifest}>; rel=\"describedby\"; type=\"application/json\""))?;
    say(header::LINK, format!("<{terms}>; rel=\"license\""))?;
    say(CONTENT_ID, content_id.to_string())?;
    if encoding::compressible(media_type, *bytes) {
        say(header::VARY, "accept-encoding".into())?;
    }
    // The length of what is compressed on the way is not known before, and its bytes are not those
    // that a range counts.
    match encoding.token() {
        Some(coding) => {
            say(header::CONTENT_ENCODING, coding.into())?;
            say(header::ACCEPT_RANGES, "none".into())?;
        }
        None => {
            say(header::CONTENT_LENGTH, bytes.to_string())?;
            say(header::ACCEPT_RANGES, "bytes".into())?;
        }
    }
    Ok(headers)
}
