//! What a work's page leads to that is no page: its bytes, for its own members, and its provenance.
//!
//! Always true: bytes are handed out as a type that runs nothing, in a sandbox; whole only to members
//! of the organization they belong to.

use app::request::Request;
use axum::{
    Json,
    body::Body,
    extract::{Path, State, rejection::PathRejection},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use imprimatur::{
    domain::{asset::ContentId, error::Refusal, ids::AssetId},
    services::{Result, assets, catalogue},
};
use serde_json::Value;

use super::{Ask, Portal, Subject};
use crate::gate::range::{self, Selection};

/// Nothing in it may run or load anything (W3C CSP Level 3, section 6.3.2).
const SANDBOX: HeaderValue = HeaderValue::from_static("sandbox; default-src 'none'");

/// `GET /assets/{id}/versions/{number}`: the bytes of a version, shown or played where the browser
/// can, kept as a file otherwise.
pub async fn version(
    State(portal): State<Portal>,
    Ask(request): Ask,
    path: std::result::Result<Path<(String, String)>, PathRejection>,
    headers: HeaderMap,
) -> Response {
    // A path that is not UTF-8 names nothing.
    let (id, number) = path.map(|Path(path)| path).unwrap_or_default();
    match bytes(&portal, &request, &id, &number, &headers).await {
        Ok(response) => response,
        Err(error) => portal.answer(&request, Err(error)).await,
    }
}

/// `GET /assets/{id}/provenance.json`
pub async fn provenance(
    State(portal): State<Portal>,
    Ask(request): Ask,
    Subject(id): Subject,
) -> Response {
    let found = async {
        let asset_id: AssetId = id.parse()?;
        let (services, actor) = (&portal.services, &request.actor);
        Ok((asset_id, assets::provenance(services, actor, &request.base_url, asset_id).await?))
    };
    document(&portal, &request, found.await).await
}

/// `GET /catalogue/{id}/provenance.json`
pub async fn public_provenance(
    State(portal): State<Portal>,
    Ask(request): Ask,
    Subject(id): Subject,
) -> Response {
    let found = async {
        let asset_id: AssetId = id.parse()?;
        let (services, actor, base_url) = (&portal.services, &request.actor, &request.base_url);
        Ok((asset_id, assets::public_provenance(services, actor, base_url, asset_id).await?))
    };
    document(&portal, &request, found.await).await
}

/// `GET /catalogue/{id}/sample`: the beginning of a recording on offer.
pub async fn sample(
    State(portal): State<Portal>,
    Ask(request): Ask,
    Subject(id): Subject,
) -> Response {
    let found = async {
        let asset_id: AssetId = id.parse()?;
        let work = catalogue::work(&portal.services, &request.actor, asset_id).await?;
        let newest = work.newest.ok_or_else(|| Refusal::not_found("sample"))?;
        let sample = assets::sample_bytes(&newest.media_type, newest.bytes)
            .ok_or_else(|| Refusal::not_found("sample"))?;
        let content_id: ContentId = newest.content_id.parse()?;
        let length = u64::try_from(newest.bytes).unwrap_or_default();
        let stream = portal.services.content.read_part(&content_id, 0..sample, length).await?;
        let mut response = Response::new(Body::from_stream(stream));
        let headers = response.headers_mut();
        let media_type = HeaderValue::from_str(&newest.media_type)
            .unwrap_or(HeaderValue::from_static("application/octet-stream"));
        headers.insert(header::CONTENT_TYPE, media_type);
        headers.insert(header::CONTENT_LENGTH, sample.into());
        headers.insert(header::CONTENT_SECURITY_POLICY, SANDBOX);
        Ok(response)
    };
    let found: Result<Response> = found.await;
    match found {
        Ok(response) => response,
        Err(error) => portal.answer(&request, Err(error)).await,
    }
}

async fn document(portal: &Portal, request: &Request, found: Result<(AssetId, Value)>) -> Response {
    match found {
        Ok((asset_id, document)) => {
            let name = format!("attachment; filename=\"provenance-{asset_id}.json\"");
            let headers = [
                (header::CONTENT_DISPOSITION, name),
                (header::CACHE_CONTROL, "private, no-store".to_owned()),
            ];
            (headers, Json(document)).into_response()
        }
        Err(error) => portal.answer(request, Err(error)).await,
    }
}

async fn bytes(
    portal: &Portal,
    request: &Request,
    id: &str,
    number: &str,
    headers: &HeaderMap,
) -> Result<Response> {
    let asset_id: AssetId = id.parse()?;
    let number: i32 = number.parse().map_err(|_| Refusal::not_found("version"))?;
    let version = assets::version(&portal.services, &request.actor, asset_id, number).await?;
    let content_id: ContentId = version.content_id.parse()?;
    let length = u64::try_from(version.bytes).unwrap_or_default();
    let selection = range::select(headers, length);
    let (status, part) = match selection {
        Selection::Whole => (StatusCode::OK, 0..length),
        Selection::Part(part) => (StatusCode::PARTIAL_CONTENT, part.bytes()),
        Selection::Unsatisfiable => {
            let range = [(header::CONTENT_RANGE, format!("bytes */{length}"))];
            return Ok((StatusCode::RANGE_NOT_SATISFIABLE, range).into_response());
        }
    };
    let sent = part.end - part.start;
    let stream = portal.services.content.read_part(&content_id, part, length).await?;
    let mut response = Response::new(Body::from_stream(stream));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    let shown = assets::media(&version.media_type).is_some();
    let media_type = match HeaderValue::from_str(&version.media_type) {
        Ok(media_type) if shown => media_type,
        _ => HeaderValue::from_static("application/octet-stream"),
    };
    headers.insert(header::CONTENT_TYPE, media_type);
    headers.insert(header::CONTENT_LENGTH, sent.into());
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    headers.insert(header::CONTENT_SECURITY_POLICY, SANDBOX);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, max-age=3600"));
    if !shown {
        headers.insert(header::CONTENT_DISPOSITION, attachment(&version.file_name));
    }
    if let Selection::Part(part) = selection
        && let Ok(range) = HeaderValue::from_str(&part.content_range(length))
    {
        headers.insert(header::CONTENT_RANGE, range);
    }
    Ok(response)
}

/// Under the name it came with, as far as a header can say it (RFC 6266, section 4.3).
fn attachment(file_name: &str) -> HeaderValue {
    let mut encoded = String::from("attachment; filename*=UTF-8''");
    for byte in file_name.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_') {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    HeaderValue::from_str(&encoded).unwrap_or(HeaderValue::from_static("attachment"))
}

#[cfg(test)]
mod tests {
    use super::attachment;

    #[test]
    fn a_name_says_nothing_but_a_name() {
        let named = attachment("tide \"tables\"\r\n; é.csv");
        assert_eq!(named, "attachment; filename*=UTF-8''tide%20%22tables%22%0D%0A%3B%20%C3%A9.csv");
    }
}
