//! Pages for everybody: the landing page, and every component in one place.

use imprimatur::services::Result;
use imprimatur::words::say;
use leptos::prelude::*;

use super::{
    design::Design,
    landing::{Landing, SENTENCE},
};
use crate::request::{Page, Request};

/// `/`: what Imprimatur is, on one screen.
pub async fn landing(request: &Request) -> Result<Page> {
    let workspace = request.viewer.is_some().then(|| "/overview".to_owned());
    let figures = request.storefront.figures(&request.services, &request.actor).await?;
    Ok(Page::public(
        request,
        t!("License creative work to AI, provably"),
        say(SENTENCE),
        move || view! { <Landing nostrip:workspace=workspace figures /> },
    ))
}

/// `/design`: every component in every state; the demo's own page.
pub async fn design(request: &Request) -> Result<Page> {
    if !request.demo {
        return Err(imprimatur::domain::error::Refusal::not_found("page").into());
    }
    Ok(Page::bare(t!("Components"), || view! { <Design /> }))
}
