//! The portal's door: turns an HTTP request into a page, and a page into HTML.
//!
//! Every answer carries the same security headers. Visitors who need an account are led to the
//! sign-in and come back; a refusal is a page, a fault is logged once and shown as a request id.

pub mod content;
mod files;
mod find;
mod form;
mod machines;
mod render;

use std::{collections::BTreeMap, convert::Infallible, sync::Arc};

use app::request::{self, Page, Request, Viewer};
use axum::{
    extract::{FromRequestParts, Path, Query, State},
    http::{StatusCode, request::Parts},
    response::{IntoResponse as _, Redirect, Response},
};
use imprimatur::{
    domain::{
        actor::{Actor, Who},
        error::{Kind, Refusal},
    },
    services::{
        Error, Result, Services, mint, payments::Payments, reports::CursorKey, sites::Prober,
        storefront::Storefront,
    },
};
use leptos::prelude::LeptosOptions;
use url::form_urlencoded;

pub use find::find;
pub use form::{Done, Fields, form_incomplete, not_a_form};
pub use machines::{robots, sitemap};

use crate::{kept::KeptForm, live::Live, refused, session::CurrentSession};

/// What every page's door holds.
#[derive(Clone)]
pub struct Portal {
    pub services: Services,
    pub options: LeptosOptions,
    pub base_url: Arc<str>,
    /// Ways to sign in: a provider's key and its name.
    pub providers: Arc<[(String, String)]>,
    /// Other origins that forms may lead to: where people sign in.
    pub form_targets: Arc<str>,
    /// Where open pages are told to reload, while the source is watched.
    pub reload_port: Option<u32>,
    pub cursor_key: Arc<CursorKey>,
    pub demo: bool,
    /// What is said of the whole market.
    pub storefront: Arc<Storefront>,
    /// Looks for the proof that a site is its creator's.
    pub prober: Arc<dyn Prober>,
    /// Who moves money, where anybody does.
    pub payments: Option<Arc<dyn Payments>>,
    /// The streams of pages that are open.
    pub live: Live,
}

impl Portal {
    /// Who moves money.
    pub fn payments(&self) -> std::result::Result<&dyn Payments, Refusal> {
        self.payments.as_deref().ok_or_else(|| {
            Refusal::new(
                Kind::Unavailable,
                "payments_off",
                t!("Nothing can be paid here yet. Ask whoever runs this place to set payments up."),
            )
        })
    }

    /// Draws a page, or what stands in for it.
    pub async fn answer(&self, request: &Request, page: Result<Page>) -> Response {
        match page {
            Ok(page) => render::page(self, page, request.typed.clone()).await,
            Err(error) => self.answer_error(request, &error).await,
        }
    }

    async fn answer_error(&self, request: &Request, error: &Error) -> Response {
        match error {
            Error::Refused(refusal) if refusal.kind == Kind::Unauthenticated => {
                Redirect::to(&format!("/sign-in?{}", come_back(request))).into_response()
            }
            Error::Refused(refusal) if refusal.code == "organization_required" => {
                Redirect::to(&format!("/welcome?{}", come_back(request))).into_response()
            }
            Error::Refused(refusal) => {
                render::page(self, request::refused(request, refusal), None).await
            }
            Error::Fault { .. } => {
                refused::log_fault(error, request.request_id());
                render::page(self, request::broken(request), None).await
            }
        }
    }
}

/// The parameter that leads back to the address asked for, its own parameters included.
fn come_back(request: &Request) -> String {
    let mut next = request.path.clone();
    if !request.query.is_empty() {
        let query: String =
            form_urlencoded::Serializer::new(String::new()).extend_pairs(&request.query).finish();
        next.push('?');
        next.push_str(&query);
    }
    form_urlencoded::Serializer::new(String::new()).append_pair("next", &next).finish()
}

/// The `Request` of a page, made from what the middleware left.
pub struct Ask(pub Request);

impl FromRequestParts<Portal> for Ask {
    type Rejection = Response;

    async fn from_request_parts(
        parts: &mut Parts,
        portal: &Portal,
    ) -> std::result::Result<Self, Response> {
        let actor = parts
            .extensions
            .get::<Actor>()
            .cloned()
            .unwrap_or_else(|| Actor { who: Who::Visitor, request_id: mint() });
        let query = Query::<BTreeMap<String, String>>::try_from_uri(&parts.uri)
            .map(|Query(query)| query)
            .unwrap_or_default();
        let mut request = Request {
            services: portal.services.clone(),
            actor,
            session_id: parts.extensions.get::<CurrentSession>().map(|current| current.0),
            cursor_key: Arc::clone(&portal.cursor_key),
            base_url: portal.base_url.to_string(),
            path: parts.uri.path().to_owned(),
            query,
            now: portal.services.now(),
            viewer: None,
            providers: portal.providers.to_vec(),
            demo: portal.demo,
            storefront: Arc::clone(&portal.storefront),
            typed: parts.extensions.get::<KeptForm>().cloned().map(KeptForm::typed),
        };
        match Viewer::read(&request.services, &request.actor).await {
            Ok(viewer) => {
                request.viewer = viewer;
                Ok(Self(request))
            }
            Err(error) => Err(portal.answer_error(&request, &error).await),
        }
    }
}

/// What stands in the path where a page expects an id. A path that is not UTF-8 names nothing, like
/// any other that is no id.
pub struct Subject(pub String);

impl<S: Send + Sync> FromRequestParts<S> for Subject {
    type Rejection = Infallible;

    async fn from_request_parts(
        parts: &mut Parts,
        state: &S,
    ) -> std::result::Result<Self, Infallible> {
        let subject = Path::<String>::from_request_parts(parts, state).await;
        Ok(Self(subject.map(|Path(subject)| subject).unwrap_or_default()))
    }
}

/// A handler for a page without parameters in its path.
macro_rules! page {
    ($page:path) => {
        axum::routing::get(
            |State(portal): State<$crate::portal::Portal>,
             $crate::portal::Ask(request): $crate::portal::Ask| async move {
                let page = $page(&request).await;
                portal.answer(&request, page).await
            },
        )
    };
}
pub(crate) use page;

/// A handler for a file that is made while it is asked for.
macro_rules! download {
    ($file:path) => {
        axum::routing::get(
            |State(portal): State<$crate::portal::Portal>,
             $crate::portal::Ask(request): $crate::portal::Ask| async move {
                let file = $file(&request).await;
                portal.download(&request, file).await
            },
        )
    };
}
pub(crate) use download;

/// A handler for a page whose path holds the id of something.
macro_rules! page_of {
    ($page:path) => {
        axum::routing::get(
            |State(portal): State<$crate::portal::Portal>,
             $crate::portal::Ask(request): $crate::portal::Ask,
             $crate::portal::Subject(id): $crate::portal::Subject| async move {
                let page = $page(&request, &id).await;
                portal.answer(&request, page).await
            },
        )
    };
}
pub(crate) use page_of;

/// The address is known, and takes no such request: a form's own address opened by hand.
pub async fn other_method(State(portal): State<Portal>, Ask(request): Ask) -> Response {
    let refusal = imprimatur::domain::error::Refusal::new(
        Kind::Malformed,
        "method_not_allowed",
        t!(
            "This address takes what a form sends, or shows a page, and you asked for the other one."
        ),
    );
    let mut response = portal.answer(&request, Err(refusal.into())).await;
    *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
    response
}

/// No such page.
pub async fn nothing_here(State(portal): State<Portal>, Ask(request): Ask) -> Response {
    let refusal = imprimatur::domain::error::Refusal::not_found("page");
    portal.answer(&request, Err(refusal.into())).await
}
