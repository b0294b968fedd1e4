//! Leaving a card.

use std::sync::Arc;

use axum::{
    Form,
    extract::{Path, State as Given},
    response::{IntoResponse, Response},
};
use serde::Deserialize;

use super::{card_fields, complaint, escaped, gone, lead_on, page, read};
use crate::{
    Shared,
    api::checkout,
    fail::Failure,
    input::{Reply, What},
    shape::text,
};

#[derive(Deserialize)]
pub struct Card {
    #[serde(default)]
    pub number: String,
}

pub async fn show(Given(shared): Given<Arc<Shared>>, Path(session): Path<String>) -> Response {
    draw(&shared, &session, "", None).await
}

pub async fn pay(
    Given(shared): Given<Arc<Shared>>,
    Path(session): Path<String>,
    Form(card): Form<Card>,
) -> Response {
    let what = What::Checkout { session: session.clone(), number: card.number.clone() };
    match shared.apply(what).await {
        Ok(Reply::Next(url)) => lead_on(&url),
        Ok(_) => gone("There is no such page."),
        Err(failure) => draw(&shared, &session, &card.number, Some(failure)).await,
    }
}

async fn draw(shared: &Shared, session: &str, number: &str, failure: Option<Failure>) -> Response {
    let Ok(found) = read(shared, |state| checkout::open(state, session)).await else {
        return gone("This page was used already, or is too old. Go back and ask for a new one.");
    };
    let back = match text(&found, "cancel_url") {
        "" => String::new(),
        url => format!("<p><a href=\"{}\">Go back without a card</a></p>", escaped(url)),
    };
    let body = format!(
        "<p>Your card is kept for future invoices; nothing is charged now.</p>{}{}{back}",
        complaint(failure.as_ref()),
        card_fields("Save card", number, failure.is_some())
    );
    page("Save a card", &body).into_response()
}
