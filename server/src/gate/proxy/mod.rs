//! Sites: a verified host is served by path, as a reverse proxy to its origin.
//!
//! A page is delivered when the origin answers a `GET` with 200 or 203: it has a content ID computed
//! on the way, a receipt, and costs what the offer says. `HEAD`, 304, redirects and every other
//! answer of the origin are passed on and cost nothing, and neither do `FREE_PATHS`, which need no
//! token. The receipt of a small page is a header; of a larger one, trailers where the client takes
//! them (`TE: trailers`).
//!
//! The origin is asked for the site's own host, so its absolute links and redirects are right as they
//! are; its certificate is for the name of the origin. Pages are asked for whole and uncompressed:
//! ranges are not passed on.

mod body;
mod headers;
mod page;

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    extract::{FromRequestParts as _, Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header, request::Parts},
    middleware::{Next, from_fn, from_fn_with_state},
    response::Response,
};
use imprimatur::{
    domain::gate::SitePath,
    services::{
        Error, Services,
        sites::{Directory, Served},
    },
};
use tower::ServiceExt as _;
use tower_http::catch_panic::CatchPanicLayer;
use url::Url;

use self::page::Wanted;
use super::{Gate, problem::Problem, request::Asked};
use crate::{
    outbound::Outbound,
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

    /// Answers requests for sites, and leaves all others to the router.
    pub fn before(self, router: Router) -> Router {
        let pages = Router::new()
            .fallback(page)
            .with_state(self.clone())
            .layer(from_fn(number_request))
            .layer(CatchPanicLayer::new());
        router.layer(from_fn_with_state((self, pages), dispatch))
    }

    /// The site a request is for; nothing where it is for the product itself.
    fn of(&self, request: &Request) -> Option<Arc<Served>> {
        let host = host_of(request.uri(), request.headers())?;
        if host == self.0.own_host { None } else { self.0.directory.of(&host) }
    }

    async fn answer(&self, site: &Served, parts: &mut Parts) -> Result<Response, Problem> {
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
        if !matches!(parts.method, Method::GET | Method::HEAD) {
            let detail = "Only GET and HEAD are answered here.";
            let code = "method_not_allowed";
            return Err(Problem::new(StatusCode::METHOD_NOT_ALLOWED, code, detail)
                .with(header::ALLOW, "GET, HEAD"));
        }
        let path = SitePath::parse(parts.uri.path())?.as_str().to_owned();
        let address = match parts.uri.query() {
            Some(query) => format!("{path}?{query}"),
            None => path.clone(),
        };
        if address.len() > ADDRESS_LENGTH_MAX {
            let detail = format!("Shorten path and query to {ADDRESS_LENGTH_MAX} characters.");
            return Err(Problem::new(StatusCode::URI_TOO_LONG, "address_too_long", detail));
        }
        let head = parts.method == Method::HEAD;
        let Ok(asked) = Asked::from_request_parts(parts, &self.0.gate).await;
        let wanted = Wanted::new(site, path, address, asked);
        if head { self.head(wanted).await } else { self.get(wanted).await }
    }
}

/// Whom a request was sent to: in lower case, without a port and the root's dot. An address in the
/// request line counts more than the header (RFC 9112, section 3.2.2).
fn host_of(uri: &Uri, headers: &HeaderMap) -> Option<String> {
    let mut host = match uri.host() {
        Some(host) => host.to_ascii_lowercase(),
        None => {
            let authority = headers.get(header::HOST)?.to_str().ok()?;
            let authority: http::uri::Authority = authority.parse().ok()?;
            authority.host().to_ascii_lowercase()
        }
    };
    if host.ends_with('.') {
        host.pop();
    }
    Some(host)
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

/// Any request for a site. Whatever body it has is left unread.
async fn page(State(sites): State<Sites>, request: Request) -> Response {
    let (mut parts, _body) = request.into_parts();
    let request_id = request_id_of(&parts.extensions);
    let answer = match parts.extensions.remove::<Arc<Served>>() {
        Some(site) => sites.answer(&site, &mut parts).await,
        None => Err(Error::fault("serving a site", "no site was named").into()),
    };
    let mut response = answer.unwrap_or_else(|problem| problem.answer(&sites.0.gate, request_id));
    let headers = response.headers_mut();
    headers.append(header::VIA, HeaderValue::from_static(headers::VIA_ENTRY));
    response
}
