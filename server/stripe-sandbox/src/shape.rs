//! What Stripe's objects look like when nothing is known of them yet: every member that is always
//! there, with its emptiest value. The files follow the declarations of the official SDK.

use serde_json::{Map, Value};

macro_rules! shapes {
    ($($name:literal),* $(,)?) => {
        /// The shape's text.
        fn text_of(object: &str) -> &'static str {
            match object {
                $($name => include_str!(concat!("../shapes/", $name, ".json")),)*
                _ => "{}",
            }
        }

        #[cfg(test)]
        const NAMES: &[&str] = &[$($name),*];
    };
}

shapes!(
    "account",
    "account_link",
    "balance",
    "balance_transaction",
    "bank_account",
    "billing_portal.session",
    "charge",
    "checkout.session",
    "credit_note",
    "credit_note_line_item",
    "customer",
    "dispute",
    "event",
    "invoice",
    "invoice_payment",
    "invoiceitem",
    "line_item",
    "login_link",
    "payment_intent",
    "payment_method",
    "payout",
    "refund",
    "setup_intent",
    "transfer",
    "transfer_reversal",
    "webhook_endpoint",
);

/// An object of this kind with these members; the others are as empty as can be.
pub fn shape(object: &str, members: Value) -> Value {
    let mut whole = serde_json::from_str(text_of(object)).unwrap_or(Value::Null);
    merge(&mut whole, members);
    whole
}

/// Puts the members of `new` into `old`, objects into objects; everything else is replaced.
pub fn merge(old: &mut Value, new: Value) {
    match (old, new) {
        (Value::Object(old), Value::Object(new)) => {
            for (name, value) in new {
                match old.get_mut(&name) {
                    Some(place) if place.is_object() && value.is_object() => merge(place, value),
                    _ => {
                        old.insert(name, value);
                    }
                }
            }
        }
        (old, new) => *old = new,
    }
}

/// The object as it is sent: what begins with an underscore is for the sandbox alone.
pub fn shown(value: &Value) -> Value {
    match value {
        Value::Object(members) => Value::Object(
            members
                .iter()
                .filter(|(name, _)| !name.starts_with('_'))
                .map(|(name, value)| (name.clone(), shown(value)))
                .collect::<Map<_, _>>(),
        ),
        Value::Array(items) => Value::Array(items.iter().map(shown).collect()),
        other => other.clone(),
    }
}

/// A member that is text, or nothing.
pub fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}

/// A member that is a whole number, or zero.
pub fn int(value: &Value, name: &str) -> i64 {
    value[name].as_i64().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_shape_is_an_object_that_names_itself() {
        for name in NAMES {
            assert_eq!(shape(name, json!({}))["object"], *name);
        }
    }

    #[test]
    fn members_are_merged_and_secrets_left_out() {
        let made = shape(
            "customer",
            json!({"email": "a@b", "_": {"x": 1},
            "invoice_settings": {"footer": "f"}}),
        );
        assert_eq!(made["invoice_settings"]["default_payment_method"], Value::Null);
        assert_eq!(shown(&made).get("_"), None);
        assert_eq!(shown(&made)["email"], "a@b");
    }
}
