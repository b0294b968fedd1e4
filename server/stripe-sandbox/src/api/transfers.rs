//! Transfers: from the platform's balance to an account's, and back.

use serde_json::{Value, json};

use super::{list, reading};
use crate::{
    balance::{Line, available, write},
    books::Place,
    fail::{Answer, Failure},
    params::{Params, apply_metadata},
    shape::{int, text},
    state::State,
};

/// A new transfer.
pub fn create(state: &mut State, owner: Option<&str>, mut p: Params) -> Answer {
    let currency = p.currency()?.ok_or_else(|| Failure::needed("currency"))?;
    let destination = p.need("destination")?;
    let amount = p.need_positive("amount")?;
    let description = p.text("description")?;
    let group = p.text("transfer_group")?;
    let source = p.text("source_transaction")?;
    let metadata = p.metadata()?;
    p.ignore(&["source_type"]);
    p.finish()?;
    let account = state.get(owner, "account", &destination).map_err(|_| {
        Failure::missing("destination", &destination).with_status(400).about("destination")
    })?;
    if account["capabilities"]["transfers"] != "active" {
        return Err(Failure::invalid(
            "insufficient_capabilities_for_transfer",
            "Your destination account needs to have at least one of the following capabilities \
             enabled: transfers, crypto_transfers, legacy_payments",
        ));
    }
    let available_on = match &source {
        Some(charge) => from_charge(state, owner, charge, &currency, amount)?,
        None if available(state, owner, &currency) < amount => {
            return Err(Failure::invalid(
                "balance_insufficient",
                "You have insufficient available funds in your Stripe account.",
            ));
        }
        None => state.now,
    };

    let made = state.make(
        owner,
        "tr",
        "transfer",
        json!({"amount": amount, "currency": currency, "destination": destination,
            "description": description, "metadata": metadata, "transfer_group": group,
            "source_transaction": source}),
        json!({}),
    );
    let id = text(&made, "id").to_owned();
    let payment = state.make(
        Some(&destination),
        "py",
        "charge",
        json!({"amount": amount, "amount_captured": amount, "captured": true, "paid": true,
            "currency": currency, "status": "succeeded", "source_transfer": id}),
        json!({}),
    );
    let payment = text(&payment, "id").to_owned();
    let out = Line {
        owner,
        currency: &currency,
        kind: "transfer",
        category: "transfer",
        amount: -amount,
        fee: 0,
        other: Place::Transit,
        source: &id,
        available_on,
    };
    let line = write(state, &out)?;
    let into = Line {
        owner: Some(&destination),
        kind: "payment",
        category: "charge",
        amount,
        source: &payment,
        ..out
    };
    let arrival = write(state, &into)?;
    state.change(&payment, json!({"balance_transaction": arrival}));
    let made = state.change(
        &id,
        json!({"balance_transaction": line, "destination_payment": payment,
            "reversals": {"url": format!("/v1/transfers/{id}/reversals")}}),
    );
    state.emit("transfer.created", &id);
    Ok(made)
}

/// When a transfer out of a charge is available: when the charge is.
fn from_charge(
    state: &State,
    owner: Option<&str>,
    charge: &str,
    currency: &str,
    amount: i64,
) -> Result<i64, Failure> {
    let found = state.get(owner, "charge", charge)?;
    let used: i64 = state
        .all(owner, "transfer")
        .filter(|transfer| text(transfer, "source_transaction") == charge)
        .map(|transfer| int(transfer, "amount"))
        .sum();
    if text(&found, "currency") != currency {
        return Err(Failure::invalid("parameter_invalid", "The charge is in another currency.")
            .about("currency"));
    }
    if used + amount > int(&found, "amount_captured") {
        return Err(Failure::invalid(
            "amount_too_large",
            "The transfers of this charge would be more than the charge.",
        )
        .about("amount"));
    }
    Ok(state
        .find(text(&found, "balance_transaction"))
        .map_or(state.now, |line| int(line, "available_on")))
}

/// Says something else about a transfer.
pub fn update(state: &mut State, owner: Option<&str>, id: &str, mut p: Params) -> Answer {
    let found = state.get(owner, "transfer", id)?;
    let description = p.text("description")?;
    let metadata = apply_metadata(&found["metadata"], p.metadata()?);
    p.finish()?;
    if let Some(description) = description {
        state.set(id, "description", json!(description));
    }
    state.set(id, "metadata", metadata);
    state.emit("transfer.updated", id);
    state.get(owner, "transfer", id)
}

/// Transfers, of one group or to one account if wanted.
pub fn list(state: &State, owner: Option<&str>, p: Params) -> Answer {
    reading::filtered(
        state,
        owner,
        "transfer",
        "/v1/transfers",
        &["transfer_group", "destination"],
        p,
    )
}

/// Takes a transfer back, whole or in part.
pub fn reverse(state: &mut State, owner: Option<&str>, id: &str, mut p: Params) -> Answer {
    let amount = p.int("amount")?;
    let metadata = p.metadata()?;
    p.ignore(&["description", "refund_application_fee"]);
    p.finish()?;
    let found = state.get(owner, "transfer", id)?;
    let left = int(&found, "amount") - int(&found, "amount_reversed");
    let amount = amount.unwrap_or(left);
    if left == 0 {
        return Err(Failure::invalid(
            "transfer_already_reversed",
            format!("Transfer {id} is already reversed."),
        ));
    }
    if amount < 1 || amount > left {
        return Err(Failure::invalid(
            "amount_too_large",
            format!(
                "Reversal amount ({amount}) is greater than unreversed amount on transfer ({left})"
            ),
        )
        .about("amount"));
    }
    let currency = text(&found, "currency").to_owned();
    let destination = text(&found, "destination").to_owned();
    if available(state, Some(&destination), &currency) < amount {
        return Err(Failure::invalid(
            "balance_insufficient",
            "The account that received the transfer does not have enough balance to reverse it.",
        ));
    }
    write_reversal(state, owner, &found, amount, Value::Object(metadata))
}

fn write_reversal(
    state: &mut State,
    owner: Option<&str>,
    transfer: &Value,
    amount: i64,
    metadata: Value,
) -> Answer {
    let id = text(transfer, "id");
    let (currency, destination) = (text(transfer, "currency"), text(transfer, "destination"));
    let made = state.make(
        owner,
        "trr",
        "transfer_reversal",
        json!({"amount": amount, "currency": currency, "transfer": id, "metadata": metadata}),
        json!({}),
    );
    let reversal = text(&made, "id").to_owned();
    let refund = state.make(
        Some(destination),
        "pyr",
        "refund",
        json!({"amount": amount, "currency": currency, "charge": transfer["destination_payment"],
            "status": "succeeded", "metadata": {}, "source_transfer_reversal": reversal}),
        json!({}),
    );
    let refund = text(&refund, "id").to_owned();
    let into = Line {
        owner,
        currency,
        kind: "transfer_refund",
        category: "transfer_reversal",
        amount,
        fee: 0,
        other: Place::Transit,
        source: &reversal,
        available_on: state.now,
    };
    let line = write(state, &into)?;
    let out = Line {
        owner: Some(destination),
        kind: "payment_refund",
        category: "refund",
        amount: -amount,
        source: &refund,
        ..into
    };
    let taken = write(state, &out)?;
    state.change(&refund, json!({"balance_transaction": taken}));
    let made = state.change(
        &reversal,
        json!({"balance_transaction": line, "destination_payment_refund": refund}),
    );
    let reversed = int(transfer, "amount_reversed") + amount;
    let mut reversals = transfer["reversals"]["data"].as_array().cloned().unwrap_or_default();
    reversals.insert(0, crate::shape::shown(&made));
    state.change(
        id,
        json!({"amount_reversed": reversed, "reversed": reversed == int(transfer, "amount"),
            "reversals": {"data": reversals}}),
    );
    state.emit("transfer.reversed", id);
    Ok(made)
}

/// What was taken back of a transfer.
pub fn reversals(state: &State, owner: Option<&str>, id: &str, p: Params) -> Answer {
    state.get(owner, "transfer", id)?;
    let rows = state
        .all(owner, "transfer_reversal")
        .filter(|reversal| text(reversal, "transfer") == id)
        .cloned()
        .collect();
    list::page(p, &format!("/v1/transfers/{id}/reversals"), rows)
}
