//! The customer portal: a hosted page for cards and past invoices.

use serde_json::json;

use crate::{fail::Answer, params::Params, shape::text, state::State};

/// A new page, for one customer.
pub fn create(state: &mut State, owner: Option<&str>, mut p: Params) -> Answer {
    let customer = p.need("customer")?;
    let return_url = p.text("return_url")?;
    p.ignore(&["locale", "configuration", "flow_data"]);
    p.finish()?;
    state.get(owner, "customer", &customer)?;
    let configuration = state.mint("bpc");
    let made = state.make(
        owner,
        "bps",
        "billing_portal.session",
        json!({"customer": customer, "return_url": return_url, "configuration": configuration}),
        json!({}),
    );
    let id = text(&made, "id").to_owned();
    let url = format!("{}/portal/{id}", state.base);
    Ok(state.change(&id, json!({"url": url})))
}
