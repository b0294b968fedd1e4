//! `POST /terms/new`: publishing terms, or reading back what was typed. And the document itself.

use app::pages;
use axum::{
    extract::State,
    http::{HeaderValue, header},
    response::{IntoResponse as _, Response},
};
use imprimatur::{
    domain::terms::TypedTerms,
    services::{
        Result,
        terms::{self, NewTerms},
    },
};

use crate::portal::{Ask, Done, Fields, Portal, Subject};

/// `POST /terms/new`
pub async fn publish(State(portal): State<Portal>, Ask(request): Ask, fields: Fields) -> Response {
    if fields.text("do") == "read" {
        return portal.show_again(&request, fields, pages::new_terms::show(&request)).await;
    }
    let deed = async || -> Result<Done> {
        let typed = fields.0.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let new = NewTerms {
            terms_id: fields.new_id()?,
            typed: TypedTerms::of_fields(typed),
            replaces: fields.text("replaces").to_owned(),
        };
        let digest = terms::publish(&portal.services, &request.actor, new).await?;
        Ok(Done::To(format!("/terms/{digest}")))
    };
    let outcome = deed().await;
    portal.finish(&request, fields, outcome, pages::new_terms::show(&request)).await
}

/// `GET /terms/{digest}/json`: the canonical JSON, to the byte, whose SHA-256 is its name.
pub async fn document(
    State(portal): State<Portal>,
    Ask(request): Ask,
    Subject(digest): Subject,
) -> Response {
    let read = async || -> Result<(String, String)> {
        let version = terms::by_digest(&portal.services, &request.actor, &digest).await?;
        Ok((version.published.terms.canonical()?, version.published.digest))
    };
    match read().await {
        Ok((canonical, digest)) => {
            let hex = digest.trim_start_matches("sha256:");
            let name =
                format!("attachment; filename=\"terms-{}.json\"", hex.get(..12).unwrap_or(hex));
            let mut response = canonical.into_response();
            let headers = response.headers_mut();
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
            if let Ok(name) = HeaderValue::from_str(&name) {
                headers.insert(header::CONTENT_DISPOSITION, name);
            }
            response
        }
        Err(error) => portal.answer(&request, Err(error)).await,
    }
}
