//! `GET /c/{content_id}`: the bytes of licensed content, with a signed receipt.
//!
//! The use is named by `Imprimatur-Scope` (training, inference or preview; without it the first of
//! these that is granted) and the job by `Imprimatur-Job`. HEAD and 304 cost nothing, and 304 needs
//! nothing left in the quota; ranges are not served.

use axum::{
    body::Body,
    extract::State,
    http::{HeaderName, HeaderValue, Method, Response as HttpResponse, StatusCode, header},
    response::{IntoResponse, Response},
};
use imprimatur::{
    domain::{
        asset::ContentId,
        gate::{Content, Licensed, Subject},
    },
    services::{
        Error,
        gate::{Admission, Look, Parcel},
    },
};

use super::{
    Gate,
    body::{Source, delivered},
    problem::Problem,
    request::Asked,
};

pub(super) const RATE_REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
pub(super) const CONTENT_ID: HeaderName = HeaderName::from_static("imprimatur-content-id");
pub(super) const RECEIPT: HeaderName = HeaderName::from_static("imprimatur-receipt");

/// Content up to this size is sent in one piece once its receipt is durable, so that whatever goes
/// wrong can still be said.
const ONE_PIECE_BYTES_MAX: u64 = 64 * 1024;
const READING: &str = "reading licensed content";

/// `GET` and `HEAD`.
pub(super) async fn content(State(gate): State<Gate>, method: Method, asked: Asked) -> Response {
    let request_id = asked.request_id;
    match respond(gate, &method, &asked).await {
        Ok(response) => response,
        Err(problem) => problem.answer(request_id),
    }
}

async fn respond(gate: Gate, method: &Method, asked: &Asked) -> Result<Response, Problem> {
    let ask = asked.ask();
    if matches!(&ask.subject, Subject::Content(Some(id)) if asked.holds(&etag(id))) {
        let Look { content, license, rate_remaining } = gate.keeper().look(asked.secret(), &ask)?;
        let content = content.ok_or_else(no_content)?;
        let mut response = headed(&gate, &content, &license, rate_remaining)?;
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        response.headers_mut().remove(header::CONTENT_LENGTH);
        return Ok(response);
    }
    let admission = gate.keeper().admit(asked.secret(), &ask)?;
    let Admission { content, license, rate_remaining, .. } = &admission;
    let content = content.as_ref().ok_or_else(no_content)?;
    let mut response = headed(&gate, content, license, *rate_remaining)?;
    if method == Method::HEAD {
        return Ok(response);
    }
    if !gate.keeper().has_room() {
        return Err(Problem::unavailable(
            "too_busy",
            "More deliveries wait for their receipts than the gate takes. Ask again in a second.",
        ));
    }
    let length = content.bytes;
    let source = open(&gate, content).await?;
    let parcel = Parcel::whole(content);
    let delivery = gate.keeper().seal(admission, parcel)?;
    let jws = HeaderValue::from_str(&delivery.jws)
        .map_err(|error| Error::fault("writing a receipt into a header", error))?;
    response.headers_mut().insert(RECEIPT, jws);
    tracing::info!(
        request.id = %asked.request_id,
        receipt.id = %delivery.receipt.receipt_id,
        license.id = %delivery.receipt.license_id,
        token.id = %delivery.receipt.token_id,
        content.id = %delivery.receipt.content_id,
        scope = %delivery.receipt.scope,
        "The gate delivers {length} bytes",
    );
    *response.body_mut() = if length <= ONE_PIECE_BYTES_MAX {
        let whole =
            source.whole().await.map_err(|error| unreadable(Error::fault(READING, error)))?;
        gate.keeper().record(delivery).await.map_err(not_stored)?;
        Body::from(whole)
    } else {
        delivered(gate, source, delivery)
    };
    Ok(response)
}

fn no_content() -> Error {
    Error::fault(READING, "the decision named no content")
}

async fn open(gate: &Gate, content: &Content) -> Result<Source, Problem> {
    match gate.keeper().services().content.read(&content.content_id).await {
        Ok(stream) => Ok(Source::new(stream, content)),
        // Licensed content that is not kept is no refusal: the fault is ours.
        Err(Error::Refused(refusal)) => Err(unreadable(Error::fault(READING, refusal))),
        Err(fault) => Err(unreadable(fault)),
    }
}

fn unreadable(fault: Error) -> Problem {
    Problem::unavailable(
        "content_unavailable",
        "The content cannot be read at the moment. Nothing was billed; ask again later.",
    )
    .because(fault)
}

pub(super) fn not_stored(fault: Error) -> Problem {
    Problem::unavailable(
        "receipt_not_stored",
        "The receipt could not be stored, so nothing was delivered. Ask again.",
    )
    .because(fault)
}

fn etag(content_id: &ContentId) -> String {
    format!("\"{content_id}\"")
}

/// An empty answer with every header but the receipt.
fn headed(
    gate: &Gate,
    content: &Content,
    license: &Licensed,
    rate_remaining: u32,
) -> Result<Response, Problem> {
    let manifest = gate.manifest_url(&content.content_id);
    let terms = gate.license_url(&license.terms_digest);
    let media_type = HeaderValue::from_str(&content.media_type)
        .unwrap_or(HeaderValue::from_static("application/octet-stream"));
    let response = HttpResponse::builder()
        .header(header::CONTENT_TYPE, media_type)
        .header(header::CONTENT_LENGTH, content.bytes)
        .header(header::ETAG, etag(&content.content_id))
        .header(header::ACCEPT_RANGES, "none")
        .header(header::CACHE_CONTROL, "private, no-store")
        .header(header::X_CONTENT_TYPE_OPTIONS, "nosniff")
        .header(header::CONTENT_SECURITY_POLICY, "sandbox; default-src 'none'")
        .header(
            header::LINK,
            format!("<{manifest}>; rel=\"describedby\"; type=\"application/json\""),
        )
        .header(header::LINK, format!("<{terms}>; rel=\"license\""))
        .header(CONTENT_ID, content.content_id.as_str())
        .header(RATE_REMAINING, rate_remaining)
        .body(Body::empty())
        .map_err(|error| Error::fault("writing headers", error))?;
    Ok(response.into_response())
}
