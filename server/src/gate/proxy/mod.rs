//! Sites: a verified host is served by path, as a reverse proxy to its origin.
//!
//! A page is delivered when the origin answers a `GET` with 200 or 203: it has a content ID computed
//! on the way, a receipt, and costs what the offer says. `HEAD`, 304, redirects and every other
//! answer of the origin are passed on and cost nothing, and neither does `FREE_PATHS`, which needs no
//! token. The receipt of a small page is a header; of a larger one, trailers where the client takes
//! them (`TE: trailers`).
//!
//! The origin is asked for the site's own host, so its absolute links and redirects are right as they
//! are; its certificate is for the name of the origin. Pages are asked for whole and uncompressed:
//! ranges are not passed on.

mod body;
mod headers;

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    body::Body,
    extract::{FromRequestParts as _, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header, request::Parts},
    middleware::{Next, from_fn, from_fn_with_state},
    response::Response,
};
use bytes::Bytes;
use http_body_util::Empty;
use hyper::body::Incoming;
use imprimatur::{
    domain::{
        asset::ContentId,
        gate::{Licensed, Subject},
        site::{FREE_PATHS, page_path},
    },
    services::{
        Error, Services,
        gate::{Admission, Look, Parcel},
        sites::{Directory, Served},
    },
};
use sha2::Sha256;
use tower::ServiceExt as _;
use tower_http::catch_panic::CatchPanicLayer;
use url::Url;

use self::body::{Cut, Going, ONE_PIECE_BYTES_MAX, Source};
use super::{
    Gate,
    deliver::{CONTENT_ID, RATE_REMAINING, RECEIPT, not_stored},
    problem::Problem,
    request::Asked,
};
use crate::{
    outbound::{NoAnswer, Outbound},
    session::{number_request, request_id_of},
};

/// The most characters of a path with its query; it stands in the receipt.
const ADDRESS_LENGTH_MAX: usize = 4096;

/// What sites are held to.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of a page.
    pub page_bytes_max: u64,
    /// The longest silence of an origin within a page.
    pub silence_max: Duration,
}

/// The sites of this gate. Clones are the same.
#[derive(Clone)]
pub struct Sites(Arc<Inner>);

struct Inner {
    gate: Gate,
    directory: Directory,
    outbound: Outbound,
    limits: Limits,
    /// The product's own host, and how it is reached.
    own_host: String,
    scheme: &'static str,
}

impl Sites {
    /// Reads which sites there are, and keeps that fresh. `base_url` is where the product answers.
    pub async fn open(
        services: Services,
        gate: Gate,
        outbound: Outbound,
        limits: Limits,
        base_url: &Url,
    ) -> Result<Self, Error> {
        let directory = Directory::open(services).await?;
        let own_host = base_url.host_str().unwrap_or_default().to_owned();
        let scheme = if base_url.scheme() == "http" { "http" } else { "https" };
        Ok(Self(Arc::new(Inner { gate, directory, outbound, limits, own_host, scheme })))
    }

    /// The site a request is for; nothing where it is for the product itself.
    fn of(&self, request: &Request) -> Option<Arc<Served>> {
        let host = host_of(request.uri(), request.headers())?;
        if host == self.0.own_host { None } else { self.0.directory.of(&host) }
    }

    /// Answers requests for sites, and leaves all others to the router.
    pub fn before(self, router: Router) -> Router {
        let pages = Router::new()
            .fallback(page)
            .with_state(self.clone())
            .layer(from_fn(number_request))
            .layer(CatchPanicLayer::new());
        router.layer(from_fn_with_state((self, pages), dispatch))
    }
}

/// Whom a request was sent to: in lower case, without a port and the root's dot. An address in the
/// request line counts more than the header (RFC 9112, section 3.2.2).
fn host_of(uri: &Uri, headers: &HeaderMap) -> Option<String> {
    let host = match uri.host() {
        Some(host) => host.to_ascii_lowercase(),
        None => {
            let authority = headers.get(header::HOST)?.to_str().ok()?;
            let authority: http::uri::Authority = authority.parse().ok()?;
            authority.host().to_ascii_lowercase()
        }
    };
    Some(host.strip_suffix('.').map(str::to_owned).unwrap_or(host))
}

async fn dispatch(
    State((sites, pages)): State<(Sites, Router)>,
    mut request: Request,
    next: Next,
) -> Response {
    match sites.of(&request) {
        None => next.run(request).await,
        Some(site) => {
            request.extensions_mut().insert(site);
            let Ok(response) = pages.oneshot(request).await;
            response
        }
    }
}

/// Any request for a site.
async fn page(State(sites): State<Sites>, request: Request) -> Response {
    let (mut parts, _body) = request.into_parts();
    let request_id = request_id_of(&parts.extensions);
    let answer = match parts.extensions.remove::<Arc<Served>>() {
        Some(site) => sites.answer(&site, parts).await,
        None => Err(Error::fault("serving a site", "no site was named").into()),
    };
    answer.unwrap_or_else(|problem| problem.answer(request_id))
}

/// What is to be asked of the origin.
struct Wanted<'a> {
    site: &'a Served,
    method: Method,
    path: String,
    /// Path and query.
    address: String,
    asked: Asked,
}

impl Sites {
    async fn answer(&self, site: &Served, mut parts: Parts) -> Result<Response, Problem> {
        if !site.verified {
            return Err(Problem::new(
                StatusCode::MISDIRECTED_REQUEST,
                "site_lapsed",
                "This site is not served here any more: its owner has not confirmed it lately.",
            ));
        }
        if parts.headers.get_all(header::HOST).iter().count() > 1 {
            return Err(Problem::new(StatusCode::BAD_REQUEST, "two_hosts", "Name one host."));
        }
        if headers::came_from_here(&parts.headers) {
            return Err(Problem::new(
                StatusCode::LOOP_DETECTED,
                "origin_loop",
                "The site's origin leads back here. Its owner must name another origin.",
            ));
        }
        let path = page_path(parts.uri.path())?;
        let address = match parts.uri.query() {
            Some(query) => format!("{path}?{query}"),
            None => path.clone(),
        };
        if address.len() > ADDRESS_LENGTH_MAX {
            return Err(Problem::new(
                StatusCode::URI_TOO_LONG,
                "address_too_long",
                format!("Shorten path and query to {ADDRESS_LENGTH_MAX} characters."),
            ));
        }
        let method = parts.method.clone();
        let Ok(asked) = Asked::from_request_parts(&mut parts, &self.0.gate).await;
        let wanted = Wanted { site, method, path, address, asked };
        match wanted.method {
            Method::GET => self.get(wanted).await,
            Method::HEAD => self.head(wanted).await,
            _ => Ok(method_not_allowed(&wanted)),
        }
    }

    async fn get(&self, wanted: Wanted<'_>) -> Result<Response, Problem> {
        if FREE_PATHS.contains(&wanted.path.as_str()) {
            return Ok(self.pass_on(self.fetch(&wanted).await?));
        }
        let gate = &self.0.gate;
        let ask = wanted.ask();
        let admission = gate.keeper().admit(wanted.asked.secret(), &ask)?;
        if !gate.keeper().has_room() {
            return Err(Problem::unavailable(
                "too_busy",
                "More deliveries wait for their receipts than the gate takes. Ask again in a second.",
            ));
        }
        let (license, rate_remaining) = (Arc::clone(&admission.license), admission.rate_remaining);
        let answer = self.fetch(&wanted).await?;
        let delivered =
            matches!(answer.status(), StatusCode::OK | StatusCode::NON_AUTHORITATIVE_INFORMATION);
        let mut response = if delivered {
            self.deliver(&wanted, admission, answer).await?
        } else {
            self.pass_on(answer)
        };
        self.mark(&mut response, &license, rate_remaining);
        Ok(response)
    }

    async fn head(&self, wanted: Wanted<'_>) -> Result<Response, Problem> {
        if FREE_PATHS.contains(&wanted.path.as_str()) {
            return Ok(self.pass_on(self.fetch(&wanted).await?));
        }
        let ask = wanted.ask();
        let Look { license, rate_remaining, .. } =
            self.0.gate.keeper().look(wanted.asked.secret(), &ask)?;
        let mut response = self.pass_on(self.fetch(&wanted).await?);
        self.mark(&mut response, &license, rate_remaining);
        Ok(response)
    }

    /// Asks the origin.
    async fn fetch(&self, wanted: &Wanted<'_>) -> Result<http::Response<Incoming>, Problem> {
        let Wanted { site, method, address, asked, .. } = wanted;
        let uri: Uri = format!("{}{address}", site.origin)
            .parse()
            .map_err(|error| Error::fault("naming a page of an origin", error))?;
        let mut request = http::Request::new(Empty::<Bytes>::new());
        *request.method_mut() = method.clone();
        *request.uri_mut() = uri;
        *request.headers_mut() = headers::to_origin(&asked.headers, site, self.0.scheme);
        let answer = self.0.outbound.send(request).await.map_err(|error| {
            tracing::info!(request.id = %asked.request_id, site = site.host, error = in_full(&error), "An origin did not answer");
            no_answer(&error)
        })?;
        if answer.status().is_informational() {
            return Err(unusable());
        }
        let length = answer.headers().get(header::CONTENT_LENGTH);
        let length = length.and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
        if method != Method::HEAD
            && length.is_some_and(|length| length > self.0.limits.page_bytes_max)
        {
            return Err(self.too_large());
        }
        Ok(answer)
    }

    fn source(&self, incoming: Incoming) -> Source {
        let Limits { page_bytes_max, silence_max } = self.0.limits;
        Source::new(incoming, silence_max, page_bytes_max)
    }

    /// The origin's answer as it is.
    fn pass_on(&self, answer: http::Response<Incoming>) -> Response {
        let (parts, incoming) = answer.into_parts();
        let mut response = Response::new(self.source(incoming).passed_on());
        *response.status_mut() = parts.status;
        *response.headers_mut() = headers::to_client(&parts.headers);
        response
    }

    /// The origin's answer, with a receipt.
    async fn deliver(
        &self,
        wanted: &Wanted<'_>,
        admission: Admission,
        answer: http::Response<Incoming>,
    ) -> Result<Response, Problem> {
        let (parts, incoming) = answer.into_parts();
        let mut source = self.source(incoming);
        let mut response = Response::new(Body::empty());
        *response.status_mut() = parts.status;
        *response.headers_mut() = headers::to_client(&parts.headers);
        // What is licensed to one is kept by no cache for others, nor used again without asking.
        put(&mut response, header::CACHE_CONTROL, "private, no-cache")?;
        let gate = self.0.gate.clone();
        let resource = format!("{}://{}{}", self.0.scheme, wanted.site.host, wanted.address);
        tracing::info!(
            request.id = %wanted.asked.request_id,
            license.id = %admission.license.license_id,
            scope = %admission.scope,
            "The gate delivers a page of {}", wanted.site.host,
        );
        let length = parts.headers.get(header::CONTENT_LENGTH);
        let length = length.and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
        if length.is_none_or(|length| length <= ONE_PIECE_BYTES_MAX)
            && let Some(whole) = source.one_piece().await.map_err(|cut| self.cut(&cut))?
        {
            let content_id = ContentId::of(&whole);
            let bytes = u64::try_from(whole.len()).unwrap_or(u64::MAX);
            put(&mut response, CONTENT_ID, content_id.as_str())?;
            let parcel = Parcel { content_id, bytes, range: None, resource: Some(resource) };
            let delivery = gate.keeper().seal(admission, parcel)?;
            put(&mut response, RECEIPT, &delivery.jws)?;
            gate.keeper().record(delivery).await.map_err(not_stored)?;
            response.headers_mut().remove(header::CONTENT_LENGTH);
            *response.body_mut() = Body::from(whole);
            return Ok(response);
        }
        let trailers = headers::takes_trailers(&wanted.asked.headers);
        if trailers {
            // Trailers need chunks, and chunks have no length beforehand.
            response.headers_mut().remove(header::CONTENT_LENGTH);
            put(&mut response, header::TRAILER, "Imprimatur-Content-Id, Imprimatur-Receipt")?;
        }
        let going = Going {
            gate,
            source,
            admission: Some(admission),
            resource,
            trailers,
            hasher: Sha256::default(),
            bytes: 0,
            last: Bytes::new(),
            trailer: None,
        };
        *response.body_mut() = going.delivered();
        Ok(response)
    }

    /// What an answer under a license says besides.
    fn mark(&self, response: &mut Response, license: &Licensed, rate_remaining: u32) {
        let headers = response.headers_mut();
        let terms = self.0.gate.license_url(&license.terms_digest);
        if let Ok(link) = HeaderValue::from_str(&format!("<{terms}>; rel=\"license\"")) {
            headers.append(header::LINK, link);
        }
        headers.insert(RATE_REMAINING, rate_remaining.into());
        headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("none"));
    }

    fn too_large(&self) -> Problem {
        Problem::new(
            StatusCode::BAD_GATEWAY,
            "origin_too_large",
            format!(
                "The page is larger than {} bytes, the most that is passed on. Nothing was billed.",
                self.0.limits.page_bytes_max
            ),
        )
    }

    /// A page that broke off before any of it was sent.
    fn cut(&self, cut: &Cut) -> Problem {
        match cut {
            Cut::Silent => no_answer(&NoAnswer::TimedOut),
            Cut::TooLarge(_) => self.too_large(),
            Cut::Broken(_) => unusable(),
        }
    }
}

impl Wanted<'_> {
    fn ask(&self) -> imprimatur::domain::gate::Ask {
        let ask = self.asked.ask();
        let host = self.site.host.clone();
        imprimatur::domain::gate::Ask { host, subject: Subject::Page(self.path.clone()), ..ask }
    }
}

fn no_answer(error: &NoAnswer) -> Problem {
    match error {
        NoAnswer::TimedOut => Problem::new(
            StatusCode::GATEWAY_TIMEOUT,
            "origin_timeout",
            "The site's origin did not answer in time. Nothing was billed; ask again later.",
        ),
        NoAnswer::Unreachable(_) => Problem::new(
            StatusCode::BAD_GATEWAY,
            "origin_unreachable",
            "The site's origin cannot be reached. Nothing was billed; ask again later.",
        ),
    }
}

fn unusable() -> Problem {
    Problem::new(
        StatusCode::BAD_GATEWAY,
        "origin_broke_off",
        "The site's origin broke off or answered what cannot be passed on. Nothing was billed; ask again later.",
    )
}

fn method_not_allowed(wanted: &Wanted<'_>) -> Response {
    let mut response = Problem::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "method_not_allowed",
        "Only GET and HEAD are answered here.",
    )
    .answer(wanted.asked.request_id);
    response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
    response
}

fn put(response: &mut Response, name: HeaderName, value: &str) -> Result<(), Problem> {
    let value =
        HeaderValue::from_str(value).map_err(|error| Error::fault("writing a header", error))?;
    response.headers_mut().insert(name, value);
    Ok(())
}

/// An error with everything that caused it.
fn in_full(error: &dyn std::error::Error) -> String {
    let mut words = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        words = format!("{words}: {cause}");
        source = cause.source();
    }
    words
}
