//! From a cookie to an actor: the only place where the actor of a browser is made.
//!
//! The session says who signed in and which organization they chose; role and sides are read from
//! the database on each request. Unsafe requests of other origins are refused before any of that.

use std::{panic::AssertUnwindSafe, sync::Arc};

use axum::{
    Router,
    extract::{MatchedPath, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, header},
    middleware::{Next, from_fn, from_fn_with_state},
    response::Response,
};
use futures::FutureExt as _;
use imprimatur::{
    domain::{
        actor::{Actor, Who},
        error::{Kind, Refusal},
        ids::{OrgId, PersonId, RequestId, SessionId},
    },
    services::{
        Error, Result, Services, identity, mint,
        sessions::{ABSOLUTE_DAYS, PERSON_KEY, PostgresSessions, SESSION_KEY, USER_AGENT_KEY},
    },
};
use tower_sessions::{
    Expiry, Session, SessionManagerLayer,
    cookie::{SameSite, time::Duration},
};
use tracing::Instrument as _;
use url::Url;

use crate::refused;

/// The data key that holds the organization acted for.
const ORG_KEY: &str = "org_id";
const REQUEST_ID_HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// The session a signed-in request came with; handlers find it among the request's extensions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CurrentSession(pub SessionId);

/// Gives every route of the portal its request id, its session and its `Actor`, and refuses unsafe
/// requests from other origins. Static files and the gate stay outside: they have no sessions.
pub fn portal<S>(router: Router<S>, services: &Services, base_url: &Url) -> Router<S>
where
    S: Clone + Send + Sync + 'static,
{
    let secure = base_url.scheme() == "https";
    // A browser takes a `__Host-` cookie only over TLS, for the whole host and from no subdomain.
    let name = if secure { "__Host-session" } else { "session" };
    // The browser keeps the cookie as long as a session can live; when it ends before that, the
    // store says so.
    let sessions = SessionManagerLayer::new(PostgresSessions::new(services))
        .with_name(name)
        .with_secure(secure)
        .with_http_only(true)
        .with_same_site(SameSite::Lax)
        .with_path("/")
        .with_expiry(Expiry::OnInactivity(Duration::days(ABSOLUTE_DAYS)));
    router
        .layer(from_fn_with_state(services.clone(), name_actor))
        .layer(sessions)
        .layer(from_fn_with_state(Arc::new(base_url.clone()), refuse_other_origins))
        .layer(from_fn(number_request))
}

/// Mints the request's id, puts it on the answer and around everything that is logged. A panic is a
/// fault like any other.
///
/// The log names the route, not the path: a path can carry the code of an invitation.
pub async fn number_request(mut request: Request, next: Next) -> Response {
    if request.extensions().get::<RequestId>().is_some() {
        return next.run(request).await;
    }
    let request_id: RequestId = mint();
    let route = request.extensions().get::<MatchedPath>().map_or("-", MatchedPath::as_str);
    let method = request.method();
    let span = tracing::info_span!("request", request.id = %request_id, %method, route);
    request.extensions_mut().insert(request_id);
    let answer = async {
        let answer = AssertUnwindSafe(next.run(request)).catch_unwind().await;
        answer.unwrap_or_else(|_| {
            let fault = Error::fault("answering a browser", "a panic, which is logged beside");
            refused::answer(&fault, request_id, "/")
        })
    };
    let mut response = answer.instrument(span).await;
    number(&mut response, request_id);
    response
}

/// Puts the request's id on its answer.
pub(crate) fn number(response: &mut Response, request_id: RequestId) {
    if let Ok(value) = HeaderValue::try_from(request_id.to_string()) {
        response.headers_mut().insert(REQUEST_ID_HEADER, value);
    }
}

/// The request's id, minted if no layer did.
pub(crate) fn request_id_of(extensions: &axum::http::Extensions) -> RequestId {
    extensions.get::<RequestId>().copied().unwrap_or_else(mint)
}

/// Refuses an unsafe request that a browser sends on behalf of another origin, as
/// `http.CrossOriginProtection` of Go 1.25 does: by `Sec-Fetch-Site` where the browser sends it,
/// by `Origin` against `Host` where not. A request with neither comes from no browser, and has no
/// cookie that somebody else could ride on.
async fn refuse_other_origins(
    State(base_url): State<Arc<Url>>,
    request: Request,
    next: Next,
) -> Response {
    let safe = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    if safe || is_same_origin(request.headers(), &base_url) {
        return next.run(request).await;
    }
    let refusal = Refusal::new(
        Kind::Forbidden,
        "cross_origin",
        t!("This request came from another site, so nothing was done. Open the page here and try \
         again."),
    );
    refused::answer(&refusal.into(), request_id_of(request.extensions()), "/")
}

fn is_same_origin(headers: &HeaderMap, base_url: &Url) -> bool {
    if let Some(site) = headers.get("sec-fetch-site") {
        return matches!(site.as_bytes(), b"same-origin" | b"none");
    }
    let Some(origin) = headers.get(header::ORIGIN) else {
        return true;
    };
    let Ok(origin) = origin.to_str() else {
        return false;
    };
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let origin_host = origin.split_once("://").map(|(_, host)| host);
    // Behind a proxy `Host` may be an inner name; the public address counts as well.
    (origin_host.is_some() && origin_host == host)
        || origin == base_url.origin().ascii_serialization()
}

async fn name_actor(
    State(services): State<Services>,
    session: Session,
    mut request: Request,
    next: Next,
) -> Response {
    let request_id = request_id_of(request.extensions());
    match read(&services, &session).await {
        Ok((who, current)) => {
            request.extensions_mut().insert(Actor { who, request_id });
            if let Some(current) = current {
                request.extensions_mut().insert(current);
            }
            next.run(request).await
        }
        Err(error) => refused::answer(&error, request_id, "/"),
    }
}

async fn read(services: &Services, session: &Session) -> Result<(Who, Option<CurrentSession>)> {
    let Some(person_id) = value::<PersonId>(session, PERSON_KEY).await? else {
        return Ok((Who::Visitor, None));
    };
    let current = value(session, SESSION_KEY).await?.map(CurrentSession);
    let member = match value::<OrgId>(session, ORG_KEY).await? {
        Some(org_id) => identity::member_of(&services.pool, person_id, org_id).await?,
        None => None,
    };
    Ok((member.map_or(Who::Person(person_id), Who::Member), current))
}

async fn value<T: serde::de::DeserializeOwned>(session: &Session, key: &str) -> Result<Option<T>> {
    session.get(key).await.map_err(reading)
}

/// Signs this browser in as the person. The session before ends here, with its secret and all it
/// held, so nobody who planted or saw it gains anything. A form that was typed goes on (`kept`).
pub(crate) async fn begin(
    session: &Session,
    person_id: PersonId,
    org_id: Option<OrgId>,
    user_agent: Option<&str>,
) -> Result<()> {
    session.clear().await;
    session.cycle_id().await.map_err(reading)?;
    session.insert(PERSON_KEY, person_id).await.map_err(reading)?;
    if let Some(org_id) = org_id {
        session.insert(ORG_KEY, org_id).await.map_err(reading)?;
    }
    if let Some(user_agent) = user_agent {
        session.insert(USER_AGENT_KEY, user_agent).await.map_err(reading)?;
    }
    Ok(())
}

/// Has the browser act for this organization from its next request on. Whether the person belongs
/// to it is asked on each request.
pub async fn act_for(session: &Session, org_id: OrgId) -> Result<()> {
    session.insert(ORG_KEY, org_id).await.map_err(reading)
}

pub(crate) fn reading(error: tower_sessions::session::Error) -> Error {
    Error::fault("reading or writing the session", error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_origin_may_change_something() {
        let base_url = Url::parse("https://imprimatur.example").unwrap();
        let allowed = |pairs: &[(&'static str, &'static str)]| {
            let pairs = pairs.iter();
            let headers = pairs.map(|&(name, value)| {
                (header::HeaderName::from_static(name), HeaderValue::from_static(value))
            });
            is_same_origin(&headers.collect(), &base_url)
        };
        let host = ("host", "inner:3000");
        assert!(allowed(&[host]));
        assert!(allowed(&[host, ("sec-fetch-site", "same-origin"), ("origin", "null")]));
        assert!(allowed(&[host, ("sec-fetch-site", "none")]));
        assert!(allowed(&[host, ("origin", "https://inner:3000")]));
        assert!(allowed(&[host, ("origin", "https://imprimatur.example")]));
        for site in ["cross-site", "same-site", "", "Same-Origin"] {
            assert!(!allowed(&[host, ("sec-fetch-site", site), ("origin", "https://inner:3000")]));
        }
        for origin in ["null", "", "https://evil.example", "https://inner", "inner:3000"] {
            assert!(!allowed(&[host, ("origin", origin)]), "{origin}");
        }
        assert!(!allowed(&[("origin", "null")]));
    }
}
