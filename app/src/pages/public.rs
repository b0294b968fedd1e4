//! Pages that hold no data: the landing page, and every component in one place.

use imprimatur::services::Result;
use leptos::prelude::*;

use super::{design::Design, landing::Landing};
use crate::request::{Page, Request};

/// `/`: what Imprimatur is, on one screen.
pub async fn landing(request: &Request) -> Result<Page> {
    Ok(Page::public(
        request,
        "License creative work to AI, provably",
        "Creators license their work to AI companies. Every delivery is metered and receipted, and \
         every line of every payout can be proved.",
        || view! { <Landing /> },
    ))
}

/// `/design`: every component in every state; the demo's own page.
pub async fn design(request: &Request) -> Result<Page> {
    if !request.demo {
        return Err(imprimatur::domain::error::Refusal::not_found("page").into());
    }
    Ok(Page::public(request, "Design", "Every component in every state.", || view! { <Design /> }))
}
