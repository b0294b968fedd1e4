//! The hosted pages, as far as they are needed to walk the same way as in production, and the control
//! panel. They are complete without JavaScript.

use std::sync::Arc;

use axum::{
    Router,
    http::StatusCode,
    response::{Html, IntoResponse, Redirect, Response},
    routing::{get, post},
};

use crate::{Shared, fail::Failure, state::State};

mod checkout;
mod invoice;
mod onboarding;
mod panel;
mod portal;

/// Every page.
pub fn router() -> Router<Arc<Shared>> {
    Router::new()
        .route("/checkout/pay/{session}", get(checkout::show).post(checkout::pay))
        .route("/portal/{session}", get(portal::show).post(portal::change))
        .route("/invoice/{invoice}", get(invoice::show).post(invoice::pay))
        .route("/invoice/{invoice}/pdf", get(invoice::pdf))
        .route("/connect/onboard/{token}", get(onboarding::show).post(onboarding::leave))
        .route("/connect/dashboard/{account}", get(onboarding::dashboard))
        .route("/_sandbox", get(panel::show))
        .route("/_sandbox/order", post(panel::order))
}

const STYLE: &str = include_str!("../../style.css");

/// A page with a heading, in our look.
fn page(title: &str, body: &str) -> Html<String> {
    let title = escaped(title);
    Html(format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <title>{title}</title><style>{STYLE}</style></head><body>\
         <p class=\"banner\">Sandbox: no real money</p><main><h1>{title}</h1>{body}</main></body></html>"
    ))
}

/// A page that is not there.
fn gone(sentence: &str) -> Response {
    (StatusCode::NOT_FOUND, page("Not here", &format!("<p>{}</p>", escaped(sentence))))
        .into_response()
}

/// Leads on, to an address that somebody gave us.
fn lead_on(url: &str) -> Response {
    if url.is_empty() {
        return gone("There is nowhere to go back to.");
    }
    Redirect::to(url).into_response()
}

/// What went wrong, above the form.
fn complaint(failure: Option<&Failure>) -> String {
    failure.map_or_else(String::new, |failure| {
        format!("<p class=\"wrong\" role=\"alert\" id=\"wrong\">{}</p>", escaped(&failure.message))
    })
}

/// Fields of a card.
fn card_fields(button: &str, number: &str, is_wrong: bool) -> String {
    let number = escaped(number);
    let described = if is_wrong { " aria-invalid=\"true\" aria-describedby=\"wrong\"" } else { "" };
    format!(
        "<form method=\"post\"><label for=\"number\">Card number</label>\
         <input id=\"number\" name=\"number\" inputmode=\"numeric\" autocomplete=\"cc-number\" \
         value=\"{number}\"{described} required>\
         <p class=\"hint\">4242 4242 4242 4242 always works, 4000 0000 0000 0341 is declined when it is \
         charged, 4000 0000 0000 0259 is disputed, 4000 0000 0000 0077 settles at once.</p>\
         <button>{}</button></form>",
        escaped(button)
    )
}

/// Cents as people write them.
fn amount(cents: i64, currency: &str) -> String {
    let sign = if cents < 0 { "-" } else { "" };
    let cents = cents.unsigned_abs();
    format!("{sign}{}.{:02} {}", cents / 100, cents % 100, escaped(&currency.to_uppercase()))
}

/// An instant as people write it.
fn instant(seconds: i64) -> String {
    chrono::DateTime::from_timestamp(seconds, 0)
        .map_or_else(String::new, |at| at.format("%Y-%m-%d %H:%M UTC").to_string())
}

/// Text that cannot be taken for markup.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
    }
    safe
}

/// The state, for a page that only reads.
async fn read<T>(shared: &Shared, reading: impl FnOnce(&State) -> T) -> T {
    reading(&*shared.state.lock().await)
}
