//! Cards: the well-known test numbers and tokens, and what each of them does.

use serde_json::{Value, json};

use super::list;
use crate::{
    fail::{Answer, Failure},
    params::Params,
    shape::text,
    state::State,
};

/// What a card does when it is charged.
const CARDS: [(&str, &str, &str, &str); 10] = [
    ("4242424242424242", "pm_card_visa", "visa", "fine"),
    ("5555555555554444", "pm_card_mastercard", "mastercard", "fine"),
    ("4000000000000077", "pm_card_bypassPending", "visa", "instant"),
    ("4000000000000341", "pm_card_chargeCustomerFail", "visa", "declined"),
    ("4000000000000002", "pm_card_chargeDeclined", "visa", "never"),
    ("4000000000009995", "pm_card_chargeDeclinedInsufficientFunds", "visa", "insufficient_funds"),
    ("4000000000000259", "pm_card_createDispute", "visa", "disputed"),
    ("4000000000005126", "pm_card_refundFail", "visa", "refund_fails"),
    ("4000002760003184", "pm_card_authenticationRequired", "visa", "authentication_required"),
    ("4000000000003220", "pm_card_threeDSecure2Required", "visa", "authentication_required"),
];

/// Finds a card by its number or its token.
fn known(number_or_token: &str) -> Option<(&'static str, &'static str, &'static str)> {
    CARDS
        .iter()
        .find(|(number, token, ..)| *number == number_or_token || *token == number_or_token)
        .map(|(number, _, brand, does)| (*number, *brand, *does))
}

/// Makes a payment method of a card.
pub fn make(
    state: &mut State,
    owner: Option<&str>,
    number_or_token: &str,
) -> Result<Value, Failure> {
    let digits = number_or_token.replace(' ', "");
    let Some((number, brand, does)) = known(&digits) else {
        return Err(Failure {
            status: 402,
            kind: "card_error",
            ..Failure::invalid("incorrect_number", "Your card number is incorrect.")
        });
    };
    Ok(state.make(
        owner,
        "pm",
        "payment_method",
        json!({
            "type": "card", "metadata": {}, "allow_redisplay": "unspecified",
            "card": {
                "brand": brand, "checks": {"address_line1_check": null,
                    "address_postal_code_check": null, "cvc_check": "pass"},
                "country": "US", "display_brand": brand, "exp_month": 12, "exp_year": 2040,
                "fingerprint": format!("sandbox{}", number.get(6..).unwrap_or_default()),
                "funding": "credit", "generated_from": null,
                "last4": number.get(number.len() - 4..), "networks": {"available": [brand],
                    "preferred": null}, "regulated_status": "unregulated",
                "three_d_secure_usage": {"supported": true}, "wallet": null,
            },
        }),
        json!({"does": does}),
    ))
}

/// Gives a payment method, or a test token, to a customer. Answers with its id.
pub fn give(
    state: &mut State,
    owner: Option<&str>,
    id: &str,
    customer: &str,
) -> Result<String, Failure> {
    let card = match known(id) {
        Some(_) => make(state, owner, id)?,
        None => state.get(owner, "payment_method", id)?,
    };
    let id = text(&card, "id").to_owned();
    if text(&card["_"], "does") == "never" {
        return Err(Failure::declined("generic_decline", None));
    }
    match card["customer"].as_str() {
        Some(other) if other != customer => {
            return Err(Failure::invalid(
                "payment_method_unexpected_state",
                "The payment method you provided has already been attached to a customer.",
            ));
        }
        Some(_) => {}
        None => {
            state.change(&id, json!({"customer": customer}));
            state.emit("payment_method.attached", &id);
        }
    }
    Ok(id)
}

/// Gives a card to a customer.
pub fn attach(state: &mut State, owner: Option<&str>, id: &str, mut p: Params) -> Answer {
    let customer = p.need("customer")?;
    p.finish()?;
    state.get(owner, "customer", &customer)?;
    let id = give(state, owner, id, &customer)?;
    state.get(owner, "payment_method", &id)
}

/// Takes a card away from its customer.
pub fn detach(state: &mut State, owner: Option<&str>, id: &str, p: Params) -> Answer {
    let card = state.get(owner, "payment_method", id)?;
    p.finish()?;
    let customer = text(&card, "customer").to_owned();
    if customer.is_empty() {
        return Err(Failure::invalid(
            "payment_method_not_attached",
            "The payment method you provided is not attached to a customer.",
        ));
    }
    let is_default = state
        .find(&customer)
        .is_some_and(|found| found["invoice_settings"]["default_payment_method"] == id);
    if is_default {
        state.change(&customer, json!({"invoice_settings": {"default_payment_method": null}}));
        state.emit("customer.updated", &customer);
    }
    let changed = state.change(id, json!({"customer": null}));
    state.emit("payment_method.detached", id);
    Ok(changed)
}

/// A customer's cards.
pub fn of_customer(state: &State, owner: Option<&str>, customer: &str, mut p: Params) -> Answer {
    state.get(owner, "customer", customer)?;
    p.choice("type", &["card"])?;
    let rows = state
        .all(owner, "payment_method")
        .filter(|card| text(card, "customer") == customer)
        .cloned()
        .collect();
    list::page(p, &format!("/v1/customers/{customer}/payment_methods"), rows)
}
