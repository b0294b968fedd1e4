//! Every call of the API, on one screen: what it is called by, and who carries it out.

use serde_json::Value;

use crate::{
    fail::{Answer, Failure},
    params::Params,
    shape::{shown, text},
    state::State,
};

pub mod accounts;
pub mod cards;
pub mod checkout;
pub mod credit_notes;
pub mod customers;
pub mod disputes;
pub mod invoices;
pub mod list;
pub mod paying;
pub mod payouts;
pub mod portal;
pub mod reading;
pub mod refunds;
pub mod transfers;
pub mod webhooks;

/// Carries out one call on behalf of an account (`None`: the platform), and shows what came of it.
pub fn carry_out(
    state: &mut State,
    owner: Option<&str>,
    method: &str,
    path: &str,
    mut params: Params,
) -> Answer {
    let expand = params.texts("expand")?;
    let answer = route(state, owner, method, path, params)?;
    let mut answer = shown(&answer);
    for path in expand {
        expand_at(state, &mut answer, &path);
    }
    Ok(answer)
}

fn route(state: &mut State, owner: Option<&str>, method: &str, path: &str, p: Params) -> Answer {
    let steps: Vec<&str> = path.trim_matches('/').split('/').collect();
    let Some(("v1", steps)) = steps.split_first().map(|(first, rest)| (*first, rest)) else {
        return Err(unrecognized(method, path));
    };
    match (method, steps) {
        ("POST", ["customers"]) => customers::create(state, owner, p),
        ("GET", ["customers"]) => customers::list(state, owner, p),
        ("GET", ["customers", id]) => reading::one(state, owner, "customer", id, p),
        ("POST", ["customers", id]) => customers::update(state, owner, id, p),
        ("GET", ["customers", id, "payment_methods"]) => cards::of_customer(state, owner, id, p),
        ("GET", ["payment_methods", id]) => reading::one(state, owner, "payment_method", id, p),
        ("POST", ["payment_methods", id, "attach"]) => cards::attach(state, owner, id, p),
        ("POST", ["payment_methods", id, "detach"]) => cards::detach(state, owner, id, p),
        ("GET", ["setup_intents", id]) => reading::one(state, owner, "setup_intent", id, p),
        ("GET", ["payment_intents", id]) => reading::one(state, owner, "payment_intent", id, p),
        ("GET", ["charges", id]) => reading::one(state, owner, "charge", id, p),
        ("GET", ["charges"]) => reading::charges(state, owner, p),

        ("POST", ["checkout", "sessions"]) => checkout::create(state, owner, p),
        ("GET", ["checkout", "sessions", id]) => {
            reading::one(state, owner, "checkout.session", id, p)
        }
        ("POST", ["billing_portal", "sessions"]) => portal::create(state, owner, p),

        ("POST", ["invoices"]) => invoices::create(state, owner, p),
        ("GET", ["invoices"]) => invoices::list(state, owner, p),
        ("GET", ["invoices", id]) => reading::one(state, owner, "invoice", id, p),
        ("POST", ["invoices", id, "add_lines"]) => invoices::add_lines(state, owner, id, p),
        ("GET", ["invoices", id, "lines"]) => invoices::lines(state, owner, id, p),
        ("POST", ["invoices", id, "finalize"]) => invoices::finalize(state, owner, id, p),
        ("POST", ["invoices", id, "pay"]) => invoices::pay(state, owner, id, p),
        ("POST", ["invoices", id, "void"]) => invoices::void(state, owner, id, p),
        ("DELETE", ["invoices", id]) => invoices::delete(state, owner, id, p),
        ("POST", ["invoiceitems"]) => invoices::add_item(state, owner, p),
        ("GET", ["invoice_payments"]) => reading::invoice_payments(state, owner, p),
        ("POST", ["credit_notes"]) => credit_notes::create(state, owner, p),
        ("GET", ["credit_notes", id]) => reading::one(state, owner, "credit_note", id, p),
        ("POST", ["refunds"]) => refunds::create(state, owner, p),
        ("GET", ["refunds", id]) => reading::one(state, owner, "refund", id, p),
        ("GET", ["refunds"]) => reading::refunds(state, owner, p),
        ("GET", ["disputes"]) => reading::all(state, owner, "dispute", "/v1/disputes", p),
        ("GET", ["disputes", id]) => reading::one(state, owner, "dispute", id, p),
        ("POST", ["disputes", id]) => disputes::update(state, owner, id, p),
        ("POST", ["disputes", id, "close"]) => disputes::accept(state, owner, id, p),

        ("POST", ["accounts"]) => accounts::create(state, owner, p),
        ("GET", ["accounts"]) => reading::all(state, owner, "account", "/v1/accounts", p),
        ("GET", ["accounts", id]) => reading::one(state, owner, "account", id, p),
        ("POST", ["accounts", id]) => accounts::update(state, owner, id, p),
        ("POST", ["account_links"]) => accounts::link(state, owner, p),
        ("POST", ["accounts", id, "login_links"]) => accounts::login_link(state, owner, id, p),

        ("POST", ["transfers"]) => transfers::create(state, owner, p),
        ("GET", ["transfers"]) => transfers::list(state, owner, p),
        ("GET", ["transfers", id]) => reading::one(state, owner, "transfer", id, p),
        ("POST", ["transfers", id]) => transfers::update(state, owner, id, p),
        ("POST", ["transfers", id, "reversals"]) => transfers::reverse(state, owner, id, p),
        ("GET", ["transfers", id, "reversals"]) => transfers::reversals(state, owner, id, p),

        ("POST", ["payouts"]) => payouts::create(state, owner, p),
        ("GET", ["payouts"]) => payouts::list(state, owner, p),
        ("GET", ["payouts", id]) => reading::one(state, owner, "payout", id, p),
        ("POST", ["payouts", id, "cancel"]) => payouts::cancel(state, owner, id, p),
        ("GET", ["balance"]) => reading::balance(state, owner, p),
        ("GET", ["balance_transactions"]) => reading::balance_transactions(state, owner, p),
        ("GET", ["balance_transactions", id]) => {
            reading::one(state, owner, "balance_transaction", id, p)
        }

        ("GET", ["events"]) => reading::events(state, owner, p),
        ("GET", ["events", id]) => reading::one(state, owner, "event", id, p),
        ("POST", ["webhook_endpoints"]) => webhooks::create(state, owner, p),
        ("GET", ["webhook_endpoints"]) => {
            reading::all(state, owner, "webhook_endpoint", "/v1/webhook_endpoints", p)
        }
        ("GET", ["webhook_endpoints", id]) => reading::one(state, owner, "webhook_endpoint", id, p),
        ("POST", ["webhook_endpoints", id]) => webhooks::update(state, owner, id, p),
        ("DELETE", ["webhook_endpoints", id]) => webhooks::delete(state, owner, id, p),
        _ => Err(unrecognized(method, path)),
    }
}

fn unrecognized(method: &str, path: &str) -> Failure {
    Failure::invalid("", format!("Unrecognized request URL ({method}: {path}).")).with_status(404)
}

/// Puts the whole object where its id stands; a list is walked through, as in `data.source`.
fn expand_at(state: &State, value: &mut Value, path: &str) {
    if let Value::Array(items) = value {
        for item in items {
            expand_at(state, item, path);
        }
        return;
    }
    let (step, rest) = path.split_once('.').unwrap_or((path, ""));
    // What has paid an invoice is shown only to those who ask for it.
    if step == "payments" && value["object"] == "invoice" {
        value["payments"] = invoices::payments(state, text(value, "id"));
    }
    let Some(place) = value.get_mut(step) else { return };
    if let Some(id) = place.as_str()
        && let Some(object) = state.find(id)
    {
        *place = shown(object);
    }
    if !rest.is_empty() {
        expand_at(state, place, rest);
    }
}
