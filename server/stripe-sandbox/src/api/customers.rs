//! Customers: whoever pays.

use serde_json::{Value, json};

use super::reading;
use crate::{
    fail::{Answer, Failure},
    params::{Params, apply_metadata},
    shape::text,
    state::State,
};

/// What can be said about a customer.
fn members(
    state: &State,
    owner: Option<&str>,
    p: &mut Params,
    old: &Value,
) -> Result<Value, Failure> {
    let mut members = json!({});
    for name in ["name", "email", "description", "phone"] {
        if let Some(value) = p.text(name)? {
            members[name] = json!(value);
        }
    }
    if let Some(email) = members["email"].as_str()
        && !email.contains('@')
    {
        return Err(Failure::invalid("email_invalid", format!("Invalid email address: {email}"))
            .about("email"));
    }
    let mut settings = p.group("invoice_settings")?;
    if let Some(card) = settings.text("default_payment_method")? {
        let found = state.get(owner, "payment_method", &card)?;
        if text(&found, "customer") != text(old, "id") || text(old, "id").is_empty() {
            return Err(Failure::invalid(
                "resource_missing",
                "The customer does not have a payment method with that ID; it must be attached first.",
            )
            .about("invoice_settings[default_payment_method]"));
        }
        members["invoice_settings"] = json!({"default_payment_method": card});
    }
    settings.finish()?;
    members["metadata"] = apply_metadata(&old["metadata"], p.metadata()?);
    p.ignore(&["address", "shipping", "preferred_locales"]);
    Ok(members)
}

/// A new one; a payment method may come along.
pub fn create(state: &mut State, owner: Option<&str>, mut p: Params) -> Answer {
    let card = p.text("payment_method")?;
    let members = members(state, owner, &mut p, &Value::Null)?;
    p.finish()?;
    let made = state.make(owner, "cus", "customer", members, json!({}));
    let id = text(&made, "id").to_owned();
    if let Some(card) = card {
        super::cards::give(state, owner, &card, &id)?;
    }
    let prefix = state.token().to_uppercase();
    let made = state.change(&id, json!({"invoice_prefix": prefix.get(..8)}));
    state.emit("customer.created", &id);
    Ok(made)
}

/// Says something else about one.
pub fn update(state: &mut State, owner: Option<&str>, id: &str, mut p: Params) -> Answer {
    let old = state.get(owner, "customer", id)?;
    let mut members = members(state, owner, &mut p, &old)?;
    p.finish()?;
    let metadata = members["metadata"].take();
    if let Some(members) = members.as_object_mut() {
        members.remove("metadata");
    }
    state.set(id, "metadata", metadata);
    let changed = state.change(id, members);
    state.emit("customer.updated", id);
    Ok(changed)
}

/// All of them, by address if wanted.
pub fn list(state: &State, owner: Option<&str>, p: Params) -> Answer {
    reading::filtered(state, owner, "customer", "/v1/customers", &["email"], p)
}
