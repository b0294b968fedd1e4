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
    http::{HeaderValue, Method, StatusCode, header, request::Parts},
    response::Response,
};
use imprimatur::{
    domain::{gate::SitePath, ids::RequestId},
    services::{
        Error, Services,
        sites::{Directory, Served},
    },
};
use url::Url;

use self::page::Wanted;
use super::{
    Connection, Gate,
    problem::Problem,
    request::{Asked, host},
};
use crate::outbound::Outbound;

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

    /// The gate that decides about them.
    pub(crate) fn gate(&self) -> &Gate {
        &self.0.gate
    }

    /// The site a request is for; nothing where it is for the product itself.
    pub(crate) fn of(&self, request: &Parts) -> Option<Arc<Served>> {
        let host = host(&request.uri, &request.headers)?;
        if host == self.0.own_host { None } else { self.0.directory.of(&host) }
    }

    /// Answers a request for a site. Whatever body it has is left unread.
    pub(crate) async fn page(
        &self,
        site: &Served,
        parts: Parts,
        request_id: RequestId,
        connection: Option<Connection>,
    ) -> Response {
        let answer = self.answer(site, parts, request_id, connection).await;
        let mut response =
            answer.unwrap_or_else(|problem| problem.answer(&self.0.gate, request_id));
        let headers = response.headers_mut();
        headers.append(header::VIA, HeaderValue::from_static(headers::VIA_ENTRY));
        response
    }

    async fn answer(
        &self,
        site: &Served,
        parts: Parts,
        request_id: RequestId,
        connection: Option<Connection>,
    ) -> Result<Response, Problem> {
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
        let asked = Asked::new(&self.0.gate, request_id, parts.headers, connection, String::new());
        let wanted = Wanted::new(site, path, address, asked);
        if head { self.head(wanted).await } else { self.get(wanted).await }
    }
}
