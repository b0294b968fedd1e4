//! The form a creator fills in to be paid, in three buttons.

use std::sync::Arc;

use axum::{
    Form,
    extract::{Path, State as Given},
    response::{IntoResponse, Response},
};
use serde::Deserialize;

use super::{escaped, gone, lead_on, page, read};
use crate::{
    Shared,
    api::accounts,
    input::{Reply, What},
    shape::text,
};

pub async fn show(Given(shared): Given<Arc<Shared>>, Path(token): Path<String>) -> Response {
    match read(&shared, |state| accounts::open_link(state, &token)).await {
        // A link that was used, or is too old, sends back for a new one.
        Err(refresh_url) => lead_on(&refresh_url),
        Ok(_) => page(
            "Tell us how to pay you",
            "<p>The real form asks who you are and for a bank account. Here you choose how it ends.</p>\
             <form method=\"post\">\
             <button name=\"how\" value=\"complete\">Give everything</button>\
             <button class=\"quiet\" name=\"how\" value=\"half_way\">Leave half-way</button>\
             <button class=\"quiet\" name=\"how\" value=\"unverified\">Give a document nobody can read</button>\
             </form>",
        )
        .into_response(),
    }
}

#[derive(Deserialize)]
pub struct Leaving {
    #[serde(default)]
    how: String,
}

pub async fn leave(
    Given(shared): Given<Arc<Shared>>,
    Path(token): Path<String>,
    Form(leaving): Form<Leaving>,
) -> Response {
    match shared.apply(What::Onboard { token, how: leaving.how }).await {
        Ok(Reply::Next(url)) => lead_on(&url),
        _ => gone("There is no such page."),
    }
}

/// What an account sees of itself.
pub async fn dashboard(Given(shared): Given<Arc<Shared>>, Path(account): Path<String>) -> Response {
    let drawn = read(&shared, |state| {
        let found = state.find(&account).filter(|found| found["object"] == "account")?;
        let able =
            if found["payouts_enabled"] == true { "can be paid" } else { "cannot be paid yet" };
        Some(format!("<p>The account {} {able}.</p>", escaped(text(found, "id"))))
    })
    .await;
    match drawn {
        Some(body) => page("Your account", &body).into_response(),
        None => gone("There is no such account."),
    }
}
