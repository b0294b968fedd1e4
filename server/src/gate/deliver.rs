//! `GET /c/{content_id}`: the bytes of licensed content, with a signed receipt.
//!
//! The use is named by `Imprimatur-Scope` (training, inference or preview; without it the first of
//! these that is granted) and the job by `Imprimatur-Job`. HEAD, 304, 406, 412 and 416 cost nothing
//! and, HEAD apart, need nothing left in the quota. One range of bytes is served as 206, with a
//! receipt that names it; several at once get the whole. Text is compressed for whoever accepts
//! that, but never a range: `Content-Range` and the receipt count the bytes of the content itself.

use axum::{
    body::Body,
    http::{HeaderName, HeaderValue, Method, StatusCode, header, request::Parts},
    response::Response,
};
use imprimatur::{
    domain::{
        gate::{Ask, Content, Licensed, Rate},
        ids::RequestId,
    },
    services::{
        Error,
        gate::{Admission, Delivery, Parcel},
    },
};

use percent_encoding::percent_decode_str;

use super::{
    Connection, Gate,
    body::{Flight, ONE_PIECE_BYTES_MAX, Source, delivered},
    conditional::{Validators, Verdict},
    encoding::{self, Encoding},
    problem::Problem,
    range::{self, Part, Selection},
    request::Asked,
};

pub(super) const RATE_REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
pub(super) const CONTENT_ID: HeaderName = HeaderName::from_static("imprimatur-content-id");
pub(super) const RECEIPT: HeaderName = HeaderName::from_static("imprimatur-receipt");
const RATE_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const RATE: HeaderName = HeaderName::from_static("ratelimit");

const READING: &str = "reading licensed content";

/// What a request for content names, whether or not it is a content ID; nothing where the request is
/// for something else.
pub fn subject(request: &Parts) -> Option<String> {
    let name = request.uri.path().strip_prefix("/c/")?;
    let is_one = !name.is_empty() && !name.contains('/');
    // What is not UTF-8 names nothing, like anything else that is no content ID.
    is_one.then(|| percent_decode_str(name).decode_utf8().unwrap_or_default().into_owned())
}

impl Gate {
    /// Answers a request for content. Whatever body it has is left unread.
    pub(crate) async fn content(
        &self,
        subject: String,
        request: Parts,
        request_id: RequestId,
        connection: Option<Connection>,
    ) -> Response {
        let Parts { method, headers, .. } = request;
        let answer = if matches!(method, Method::GET | Method::HEAD) {
            let asked = Asked::new(self, request_id, headers, connection, subject);
            respond(self, &method, &asked).await
        } else {
            let code = "method_not_allowed";
            let detail = "Only GET and HEAD are answered here.";
            Err(Problem::new(StatusCode::METHOD_NOT_ALLOWED, code, detail)
                .with(header::ALLOW, "GET,HEAD"))
        };
        answer.unwrap_or_else(|problem| problem.answer(self, request_id))
    }
}

/// How a request wants to be answered, once it may be.
#[derive(Clone, Copy)]
enum Plan {
    Whole(Encoding),
    Part(Part),
    NotModified(Encoding),
    /// 412.
    Failed,
    /// 416.
    Unsatisfiable,
    /// 406.
    NotAcceptable,
}

/// Reads the headers that content is negotiated by, in the order of RFC 9110, section 13.2.2.
fn plan(method: &Method, asked: &Asked, content: &Content) -> Plan {
    let headers = &asked.headers;
    let compressible = encoding::compressible(&content.media_type, content.bytes);
    let encoding = encoding::negotiate(headers, compressible);
    let validators = Validators {
        content_id: &content.content_id,
        registered_at: content.registered_at,
        encoding: encoding.unwrap_or(Encoding::Identity),
    };
    match validators.judge(headers) {
        Verdict::Failed => return Plan::Failed,
        Verdict::NotModified(encoding) => return Plan::NotModified(encoding),
        Verdict::Go => {}
    }
    let Some(encoding) = encoding else { return Plan::NotAcceptable };
    // A range of what HEAD would answer means nothing (section 14.2).
    if method == Method::GET && encoding::takes_identity(headers) && validators.range_holds(headers)
    {
        match range::select(headers, content.bytes) {
            Selection::Part(part) => return Plan::Part(part),
            Selection::Unsatisfiable => return Plan::Unsatisfiable,
            Selection::Whole => {}
        }
    }
    Plan::Whole(encoding)
}

async fn respond(gate: &Gate, method: &Method, asked: &Asked) -> Result<Response, Problem> {
    let ask = asked.ask();
    let content = asked.bearer.content(&ask);
    let plan = content.as_ref().map(|content| plan(method, asked, content));
    match plan {
        // Whether it may be answered at all comes first, and says why not.
        None => Err(deny(gate, asked, &ask).await),
        Some(Plan::Whole(encoding)) => give(gate, method, asked, ask, encoding, None).await,
        Some(Plan::Part(part)) => {
            give(gate, method, asked, ask, Encoding::Identity, Some(part)).await
        }
        Some(free) => look(gate, asked, &ask, free).await,
    }
}

/// The denial of a request for what no license of its token covers.
async fn deny(gate: &Gate, asked: &Asked, ask: &Ask) -> Problem {
    match gate.keeper().look(&asked.bearer, ask) {
        Err(denial) => gate.refuse(asked, ask, denial).await,
        // A snapshot came in between; asked again it is found.
        Ok(_) => Problem::unavailable("too_busy", "Licenses have just changed. Ask again."),
    }
}

/// Answers that take no content.
async fn look(gate: &Gate, asked: &Asked, ask: &Ask, plan: Plan) -> Result<Response, Problem> {
    let look = match gate.keeper().look(&asked.bearer, ask) {
        Ok(look) => look,
        Err(denial) => return Err(gate.refuse(asked, ask, denial).await),
    };
    let content = look.content.ok_or_else(no_content)?;
    match plan {
        Plan::NotModified(encoding) => {
            let mut response = headed(gate, &content, &look.license, look.rate, encoding)?;
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            response.headers_mut().remove(header::CONTENT_LENGTH);
            Ok(response)
        }
        Plan::Failed => Err(Problem::new(
            StatusCode::PRECONDITION_FAILED,
            "precondition_failed",
            "The content is not the one that If-Match or If-Unmodified-Since names. It never changes: its entity tag is its content ID.",
        )),
        Plan::Unsatisfiable => Err(Problem::new(
            StatusCode::RANGE_NOT_SATISFIABLE,
            "range_not_satisfiable",
            format!("The content has {} bytes; nothing of the range is there.", content.bytes),
        )
        .with(header::CONTENT_RANGE, format!("bytes */{}", content.bytes))),
        Plan::NotAcceptable | Plan::Whole(_) | Plan::Part(_) => Err(Problem::new(
            StatusCode::NOT_ACCEPTABLE,
            "not_acceptable",
            "Accept-Encoding rules out every form this content is sent in. Accept identity.",
        )),
    }
}

/// Answers with content, or with everything but it.
async fn give(
    gate: &Gate,
    method: &Method,
    asked: &Asked,
    ask: Ask,
    encoding: Encoding,
    part: Option<Part>,
) -> Result<Response, Problem> {
    let admission = match gate.keeper().admit(&asked.bearer, &ask) {
        Ok(admission) => admission,
        Err(denial) => return Err(gate.refuse(asked, &ask, denial).await),
    };
    let Admission { content, license, rate, .. } = &admission;
    let content = content.clone().ok_or_else(no_content)?;
    let mut response = headed(gate, &content, license, *rate, encoding)?;
    if method == Method::HEAD {
        return Ok(response);
    }
    gate.keeper().room()?;
    let source = open(gate, &content, part).await?;
    let parcel = parcel(&content, part);
    let length = parcel.bytes;
    if let Some(range) = &parcel.range {
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
        put(&mut response, header::CONTENT_RANGE, range)?;
        put(&mut response, header::CONTENT_LENGTH, &length.to_string())?;
    }
    let delivery = gate.keeper().seal(admission, parcel)?;
    put(&mut response, RECEIPT, &delivery.jws)?;
    tracing::debug!(
        request.id = %asked.request_id,
        receipt.id = %delivery.receipt.receipt_id,
        license.id = %delivery.receipt.license_id,
        token.id = %delivery.receipt.token_id,
        content.id = %delivery.receipt.content_id,
        scope = %delivery.receipt.scope,
        "The gate delivers {length} bytes",
    );
    let flight = Flight::new(gate, asked, ask, &delivery, encoding);
    *response.body_mut() = if length <= ONE_PIECE_BYTES_MAX {
        one_piece(gate, source, delivery, flight, encoding).await?
    } else {
        delivered(source, delivery, flight, encoding)
    };
    Ok(response)
}

async fn one_piece(
    gate: &Gate,
    source: Source,
    delivery: Delivery,
    mut flight: Flight,
    encoding: Encoding,
) -> Result<Body, Problem> {
    let packed = async { encoding::compress(encoding, source.whole().await?).await };
    let packed = match packed.await {
        Ok(packed) => packed,
        Err(error) => {
            flight.cut_off();
            return Err(unreadable(Error::fault(READING, error)));
        }
    };
    if let Err(fault) = gate.keeper().record(delivery).await {
        flight.cut_off();
        return Err(not_stored(fault));
    }
    flight.arrived();
    Ok(Body::from(packed))
}

fn parcel(content: &Content, part: Option<Part>) -> Parcel {
    let whole = Parcel::whole(content);
    match part {
        None => whole,
        Some(part) => {
            Parcel { bytes: part.length(), range: Some(part.content_range(content.bytes)), ..whole }
        }
    }
}

fn no_content() -> Error {
    Error::fault(READING, "the decision named no content")
}

async fn find(gate: &Gate, content: &Content, part: Option<Part>) -> Result<Source, Error> {
    let store = &gate.keeper().services().content;
    let content_id = &content.content_id;
    if let Some(whole) = store.whole(content_id, content.bytes).await? {
        let bytes = match part {
            None => whole,
            Some(part) => part.of(&whole).ok_or_else(no_content)?,
        };
        return Ok(Source::compared(bytes, content));
    }
    // A part that is all of it can be compared with the content ID, like the whole.
    match part.filter(|part| part.length() < content.bytes) {
        None => Ok(Source::new(store.read(content_id).await?, content)),
        Some(part) => {
            let stream = store.read_part(content_id, part.bytes(), content.bytes).await?;
            Ok(Source::part(stream, content, part.length()))
        }
    }
}

async fn open(gate: &Gate, content: &Content, part: Option<Part>) -> Result<Source, Problem> {
    match find(gate, content, part).await {
        Ok(source) => Ok(source),
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

pub(super) fn put(response: &mut Response, name: HeaderName, value: &str) -> Result<(), Problem> {
    let value = HeaderValue::from_str(value).map_err(|e| Error::fault("writing a header", e))?;
    response.headers_mut().insert(name, value);
    Ok(())
}

/// An empty answer with every header but the receipt and those of a range.
fn headed(
    gate: &Gate,
    content: &Content,
    license: &Licensed,
    rate: Rate,
    encoding: Encoding,
) -> Result<Response, Problem> {
    let mut response = Response::new(Body::empty());
    let headers = response.headers_mut();
    *headers = gate.0.heads.of(gate, content, &license.terms_digest, encoding)?;
    for (name, value) in rate_headers(rate) {
        let value = HeaderValue::try_from(value);
        headers.insert(name, value.map_err(|error| Error::fault("writing a header", error))?);
    }
    Ok(response)
}

/// How many requests are left of a minute's worth, and in how many seconds all of them are again
/// (draft-ietf-httpapi-ratelimit-headers).
pub(super) fn rate_headers(rate: Rate) -> [(HeaderName, String); 3] {
    let Rate { limit, remaining, reset_seconds } = rate;
    [
        (RATE_POLICY, format!("\"minute\";q={limit};w=60")),
        (RATE, format!("\"minute\";r={remaining};t={reset_seconds}")),
        (RATE_REMAINING, remaining.to_string()),
    ]
}
