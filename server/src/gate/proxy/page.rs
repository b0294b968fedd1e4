//! One page: asked of the gate, asked of the origin, and passed on or delivered.

use std::sync::Arc;

use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header},
    response::Response,
};
use bytes::Bytes;
use http_body_util::Empty;
use hyper::body::Incoming;
use imprimatur::{
    domain::{
        asset::ContentId,
        gate::{Ask, Licensed, Rate, Subject},
        site::FREE_PATHS,
    },
    services::{
        Error,
        gate::{Admission, Look, Parcel},
        sites::Served,
    },
};

use super::{
    Limits, Sites,
    body::{Cut, Going, Source},
    headers,
};
use crate::{
    gate::{
        body::{Flight, ONE_PIECE_BYTES_MAX},
        deliver::{CONTENT_ID, RECEIPT, not_stored, put, rate_headers},
        problem::Problem,
        refuse::too_many,
        request::Asked,
    },
    outbound::NoAnswer,
};

/// What is to be asked of the origin.
pub(super) struct Wanted<'a> {
    site: &'a Served,
    path: String,
    /// Path and query.
    address: String,
    asked: Asked,
    ask: Ask,
}

impl<'a> Wanted<'a> {
    /// A page of a site: its path in its one spelling, and the same with the query.
    pub fn new(site: &'a Served, path: String, address: String, asked: Asked) -> Self {
        let (host, subject) = (site.host.clone(), Subject::Page(path.clone()));
        let ask = Ask { host, subject, ..asked.ask() };
        Self { site, path, address, asked, ask }
    }
}

impl Sites {
    pub(super) async fn get(&self, wanted: Wanted<'_>) -> Result<Response, Problem> {
        if FREE_PATHS.contains(&wanted.path.as_str()) {
            return self.free(&wanted, Method::GET).await;
        }
        let gate = &self.0.gate;
        let admission = match gate.keeper().admit(&wanted.asked.bearer, &wanted.ask) {
            Ok(admission) => admission,
            Err(denial) => return Err(gate.refuse(&wanted.asked, &wanted.ask, denial).await),
        };
        gate.keeper().room()?;
        let (license, rate) = (Arc::clone(&admission.license), admission.rate);
        let answer = self.fetch(&wanted, Method::GET).await?;
        let is_page =
            matches!(answer.status(), StatusCode::OK | StatusCode::NON_AUTHORITATIVE_INFORMATION);
        let mut response = if is_page {
            self.deliver(wanted, admission, answer).await?
        } else {
            self.pass_on(answer)
        };
        self.mark(&mut response, &license, rate)?;
        Ok(response)
    }

    pub(super) async fn head(&self, wanted: Wanted<'_>) -> Result<Response, Problem> {
        if FREE_PATHS.contains(&wanted.path.as_str()) {
            return self.free(&wanted, Method::HEAD).await;
        }
        let gate = &self.0.gate;
        let look = match gate.keeper().look(&wanted.asked.bearer, &wanted.ask) {
            Ok(look) => look,
            Err(denial) => return Err(gate.refuse(&wanted.asked, &wanted.ask, denial).await),
        };
        let Look { license, rate, .. } = look;
        let mut response = self.pass_on(self.fetch(&wanted, Method::HEAD).await?);
        self.mark(&mut response, &license, rate)?;
        Ok(response)
    }

    /// A path that everybody may have, as often as they may ask for anything.
    async fn free(&self, wanted: &Wanted<'_>, method: Method) -> Result<Response, Problem> {
        if wanted.asked.bearer.token().is_none() {
            self.0.gate.count_stranger(&wanted.asked).map_err(too_many)?;
        }
        Ok(self.pass_on(self.fetch(wanted, method).await?))
    }

    /// Asks the origin.
    async fn fetch(
        &self,
        wanted: &Wanted<'_>,
        method: Method,
    ) -> Result<http::Response<Incoming>, Problem> {
        let Wanted { site, address, asked, .. } = wanted;
        let uri: Uri = format!("{}{address}", site.origin)
            .parse()
            .map_err(|error| Error::fault("naming a page of an origin", error))?;
        let is_get = method == Method::GET;
        let mut request = http::Request::new(Empty::<Bytes>::new());
        *request.method_mut() = method;
        *request.uri_mut() = uri;
        *request.headers_mut() = headers::to_origin(&asked.headers, site, self.0.scheme);
        let answer = self.0.outbound.send(request).await.map_err(|error| {
            let why = in_full(&error);
            tracing::info!(request.id = %asked.request_id, why, "The origin of {} did not answer", site.host);
            no_answer(&error)
        })?;
        if answer.status().is_informational() {
            return Err(unusable());
        }
        let length = length_of(answer.headers());
        if is_get && length.is_some_and(|length| length > self.0.limits.page_bytes_max) {
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
        wanted: Wanted<'_>,
        admission: Admission,
        answer: http::Response<Incoming>,
    ) -> Result<Response, Problem> {
        let gate = &self.0.gate;
        let (parts, incoming) = answer.into_parts();
        let mut source = self.source(incoming);
        let mut response = Response::new(Body::empty());
        *response.status_mut() = parts.status;
        *response.headers_mut() = headers::to_client(&parts.headers);
        // What is licensed to one is kept by no cache for others, nor used again without asking.
        put(&mut response, header::CACHE_CONTROL, "private, no-cache")?;
        let resource = format!("{}://{}{}", self.0.scheme, wanted.site.host, wanted.address);
        tracing::debug!(
            request.id = %wanted.asked.request_id,
            license.id = %admission.license.license_id,
            scope = %admission.scope,
            "The gate delivers a page of {}", wanted.site.host,
        );
        let mut flight = Flight::of_page(gate, &wanted.asked, wanted.ask, &admission);
        let small = length_of(&parts.headers).is_none_or(|length| length <= ONE_PIECE_BYTES_MAX);
        if small {
            let piece = source.one_piece().await.map_err(|cut| {
                flight.cut_off();
                self.cut(&cut)
            })?;
            if let Some(whole) = piece {
                return self.hand_over(response, admission, flight, whole, resource).await;
            }
        }
        let trailers = headers::takes_trailers(&wanted.asked.headers);
        if trailers {
            // Trailers need chunks, and chunks have no length beforehand.
            response.headers_mut().remove(header::CONTENT_LENGTH);
            put(&mut response, header::TRAILER, "Imprimatur-Content-Id, Imprimatur-Receipt")?;
        }
        let going = Going::new(gate.clone(), source, admission, flight, resource, trailers);
        *response.body_mut() = going.delivered();
        Ok(response)
    }

    /// A page in one piece, once its receipt is durable.
    async fn hand_over(
        &self,
        mut response: Response,
        admission: Admission,
        mut flight: Flight,
        whole: Bytes,
        resource: String,
    ) -> Result<Response, Problem> {
        let keeper = self.0.gate.keeper();
        let content_id = ContentId::of(&whole);
        flight.bytes = u64::try_from(whole.len()).unwrap_or(u64::MAX);
        put(&mut response, CONTENT_ID, content_id.as_str())?;
        let (bytes, resource) = (flight.bytes, Some(resource));
        let delivery =
            keeper.seal(admission, Parcel { content_id, bytes, range: None, resource })?;
        put(&mut response, RECEIPT, &delivery.jws)?;
        if let Err(fault) = keeper.record(delivery).await {
            flight.cut_off();
            return Err(not_stored(fault));
        }
        flight.arrived();
        response.headers_mut().remove(header::CONTENT_LENGTH);
        *response.body_mut() = Body::from(whole);
        Ok(response)
    }

    /// What an answer under a license says besides.
    fn mark(&self, response: &mut Response, license: &Licensed, rate: Rate) -> Result<(), Problem> {
        let terms = self.0.gate.license_url(&license.terms_digest);
        let link = HeaderValue::from_str(&format!("<{terms}>; rel=\"license\""))
            .map_err(|error| Error::fault("writing a header", error))?;
        response.headers_mut().append(header::LINK, link);
        put(response, header::ACCEPT_RANGES, "none")?;
        for (name, value) in rate_headers(rate) {
            put(response, name, &value)?;
        }
        Ok(())
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

fn length_of(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
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
