//! `/find.json`: what the command palette shows while one types.

use app::pages;
use axum::{
    Json,
    extract::State,
    http::{HeaderValue, header},
    response::{IntoResponse as _, Response},
};

use super::{Ask, Portal};

/// Pages and things by a few letters of their name, as `[{"title", "href", "note"}]`.
pub async fn find(State(portal): State<Portal>, Ask(request): Ask) -> Response {
    match pages::find::places(&request).await {
        Ok(places) => {
            let uncached = (header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
            ([uncached], Json(places)).into_response()
        }
        Err(error) => portal.answer(&request, Err(error)).await,
    }
}
