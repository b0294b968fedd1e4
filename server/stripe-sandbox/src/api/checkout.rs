//! Checkout in setup mode: a hosted page on which a buyer leaves a card.

use serde_json::{Value, json};

use super::cards;
use crate::{
    agenda::{DAY, Task},
    fail::{Answer, Failure},
    params::Params,
    shape::text,
    state::State,
};

/// A new page.
pub fn create(state: &mut State, owner: Option<&str>, mut p: Params) -> Answer {
    if p.choice("mode", &["setup", "payment", "subscription"])? != Some("setup") {
        return Err(Failure::invalid(
            "parameter_invalid",
            "This sandbox knows Checkout in setup mode only.",
        )
        .about("mode"));
    }
    let currency = p.currency()?;
    let success_url = p.need("success_url")?;
    let cancel_url = p.text("cancel_url")?;
    let customer = p.text("customer")?;
    let client_reference_id = p.text("client_reference_id")?;
    let types = p.texts("payment_method_types")?;
    let metadata = p.metadata()?;
    p.ignore(&["locale", "ui_mode", "setup_intent_data"]);
    p.finish()?;
    if currency.is_none() && types.is_empty() {
        return Err(Failure::needed("currency"));
    }
    if let Some(customer) = &customer {
        state.get(owner, "customer", customer)?;
    }
    let expires_at = state.now + DAY;
    let made = state.make(
        owner,
        "cs_test",
        "checkout.session",
        json!({
            "mode": "setup", "status": "open", "currency": currency, "customer": customer,
            "client_reference_id": client_reference_id, "success_url": success_url,
            "cancel_url": cancel_url, "expires_at": expires_at, "metadata": metadata,
            "customer_creation": null, "automatic_tax": {"enabled": false},
        }),
        json!({}),
    );
    let id = text(&made, "id").to_owned();
    state.later(expires_at, Task::Expire(id.clone()));
    let url = format!("{}/checkout/pay/{id}", state.base);
    let made = state.change(&id, json!({"url": url}));
    Ok(made)
}

/// A person has typed a card. Answers with where they go next.
pub fn complete(state: &mut State, id: &str, number: &str) -> Result<String, Failure> {
    let session = open(state, id)?;
    let owner = session["_"]["owner"].as_str().map(str::to_owned);
    let card = cards::make(state, owner.as_deref(), number)?;
    let mut customer = text(&session, "customer").to_owned();
    if customer.is_empty() {
        let made = state.make(owner.as_deref(), "cus", "customer", json!({}), json!({}));
        customer = text(&made, "id").to_owned();
        state.emit("customer.created", &customer);
    }
    let card = cards::give(state, owner.as_deref(), text(&card, "id"), &customer)?;
    let intent = state.make(
        owner.as_deref(),
        "seti",
        "setup_intent",
        json!({"customer": customer, "payment_method": card, "status": "succeeded", "metadata": {},
            "payment_method_options": {"card": {"mandate_options": null, "network": null,
                "request_three_d_secure": "automatic"}}}),
        json!({}),
    );
    let intent = text(&intent, "id").to_owned();
    state.emit("setup_intent.succeeded", &intent);
    state.change(
        id,
        json!({"status": "complete", "url": null, "customer": customer, "setup_intent": intent}),
    );
    state.emit("checkout.session.completed", id);
    Ok(text(&session, "success_url").replace("{CHECKOUT_SESSION_ID}", id))
}

/// The page, if it can still be filled in.
pub fn open(state: &State, id: &str) -> Result<Value, Failure> {
    match state.find(id) {
        Some(session) if session["object"] == "checkout.session" && session["status"] == "open" => {
            Ok(session.clone())
        }
        _ => Err(Failure::missing("checkout session", id)),
    }
}
