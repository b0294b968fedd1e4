//! A customer's own page: another card, and past invoices.

use std::{fmt::Write as _, sync::Arc};

use axum::{
    Form,
    extract::{Path, State as Given},
    response::{IntoResponse, Response},
};

use super::{amount, card_fields, checkout::Card, complaint, escaped, gone, lead_on, page, read};
use crate::{
    Shared,
    fail::Failure,
    input::{Reply, What},
    shape::{int, text},
};

pub async fn show(Given(shared): Given<Arc<Shared>>, Path(session): Path<String>) -> Response {
    draw(&shared, &session, "", None).await
}

pub async fn change(
    Given(shared): Given<Arc<Shared>>,
    Path(session): Path<String>,
    Form(card): Form<Card>,
) -> Response {
    let what = What::ChangeCard { session: session.clone(), number: card.number.clone() };
    match shared.apply(what).await {
        Ok(Reply::Next(url)) if !url.is_empty() => lead_on(&url),
        Ok(_) => draw(&shared, &session, "", None).await,
        Err(failure) => draw(&shared, &session, &card.number, Some(failure)).await,
    }
}

async fn draw(shared: &Shared, session: &str, number: &str, failure: Option<Failure>) -> Response {
    let drawn = read(shared, |state| {
        let found =
            state.find(session).filter(|found| found["object"] == "billing_portal.session")?;
        let customer = state.find(text(found, "customer"))?;
        let default = text(&customer["invoice_settings"], "default_payment_method");
        let card = state.find(default).map_or_else(
            || "No card is kept.".to_owned(),
            |card| format!("Invoices are charged to the card ending in {}.", text(&card["card"], "last4")),
        );
        let mut rows = String::new();
        let owner = found["_"]["owner"].as_str();
        let own = |invoice: &&serde_json::Value| text(invoice, "customer") == text(customer, "id");
        for invoice in state.all(owner, "invoice").filter(own).take(50) {
            let _ = write!(
                rows,
                "<tr><td><a href=\"/invoice/{}\">{}</a><td>{}<td class=\"number\">{}",
                escaped(text(invoice, "id")),
                escaped(invoice["number"].as_str().unwrap_or("Draft")),
                escaped(text(invoice, "status")),
                amount(int(invoice, "total"), text(invoice, "currency"))
            );
        }
        let back = match text(found, "return_url") {
            "" => String::new(),
            url => format!("<p><a href=\"{}\">Back</a></p>", escaped(url)),
        };
        let table = match rows.as_str() {
            "" => "<p>There are no invoices yet.</p>".to_owned(),
            rows => format!("<table><thead><tr><th>Invoice<th>State<th class=\"number\">Total</thead><tbody>{rows}</tbody></table>"),
        };
        Some(format!(
            "<p>{}</p>{}{}<h2>Invoices</h2>{table}{back}",
            escaped(&card),
            complaint(failure.as_ref()),
            card_fields("Use this card", number, failure.is_some())
        ))
    })
    .await;
    match drawn {
        Some(body) => page("Your card and invoices", &body).into_response(),
        None => gone("There is no such page."),
    }
}
