//! Money sent back to a card. It looks fine at first, and can still fail.

use serde_json::{Value, json};

use crate::{
    agenda::Task,
    balance::{Line, write},
    books::Place,
    fail::{Answer, Failure},
    params::Params,
    shape::{int, text},
    state::State,
};

/// Seconds until a refund that will fail has failed.
const FAILS_AFTER: i64 = 3_600;

/// Refunds a charge, or what an intent was paid with.
pub fn create(state: &mut State, owner: Option<&str>, mut p: Params) -> Answer {
    let charge = p.text("charge")?;
    let intent = p.text("payment_intent")?;
    let amount = p.int("amount")?;
    let reason = p.choice("reason", &["duplicate", "fraudulent", "requested_by_customer"])?;
    let metadata = Value::Object(p.metadata()?);
    p.ignore(&["reverse_transfer", "refund_application_fee"]);
    p.finish()?;
    let charge = match (charge, intent) {
        (Some(charge), _) => charge,
        (None, Some(intent)) => {
            let found = state.get(owner, "payment_intent", &intent)?;
            match found["latest_charge"].as_str() {
                Some(charge) if found["status"] == "succeeded" => charge.to_owned(),
                _ => {
                    return Err(Failure::invalid(
                        "charge_not_refundable",
                        "This PaymentIntent does not have a successful charge to refund.",
                    ));
                }
            }
        }
        (None, None) => return Err(Failure::needed("charge")),
    };
    refund(state, owner, &charge, amount, reason, metadata)
}

/// Sends a part of a charge back, or what is left of it.
pub fn refund(
    state: &mut State,
    owner: Option<&str>,
    charge: &str,
    amount: Option<i64>,
    reason: Option<&str>,
    metadata: Value,
) -> Answer {
    let found = state.get(owner, "charge", charge)?;
    let left = int(&found, "amount_captured") - int(&found, "amount_refunded");
    if found["disputed"] == true {
        return Err(Failure::invalid("charge_disputed", "This charge has been charged back."));
    }
    if left == 0 {
        return Err(Failure::invalid(
            "charge_already_refunded",
            format!("Charge {charge} has already been refunded."),
        ));
    }
    let amount = amount.unwrap_or(left);
    if amount < 1 || amount > left {
        return Err(Failure::invalid(
            "amount_too_large",
            format!(
                "Refund amount ({amount}) is greater than unrefunded amount on charge ({left})"
            ),
        )
        .about("amount"));
    }
    let currency = text(&found, "currency").to_owned();
    let made = state.make(
        owner,
        "re",
        "refund",
        json!({"amount": amount, "charge": charge, "currency": currency, "reason": reason,
            "customer": found["customer"], "metadata": metadata, "payment_intent": found["payment_intent"],
            "payment_method": found["payment_method"], "status": "succeeded",
            "destination_details": {"type": "card", "card": {"reference_status": "pending", "reference_type": "acquirer_reference_number",
                "type": "refund"}}}),
        json!({}),
    );
    let id = text(&made, "id").to_owned();
    let line = move_money(state, owner, &id, &currency, "refund", -amount)?;
    let made = state.change(&id, json!({"balance_transaction": line}));
    let refunded = int(&found, "amount_refunded") + amount;
    state.change(
        charge,
        json!({"amount_refunded": refunded, "refunded": refunded == int(&found, "amount_captured")}),
    );
    state.emit("refund.created", &id);
    state.emit("charge.refunded", charge);
    if text(&found["_"], "does") == "refund_fails" {
        state.later(state.now + FAILS_AFTER, Task::FailRefund(id));
    }
    Ok(made)
}

fn move_money(
    state: &mut State,
    owner: Option<&str>,
    id: &str,
    currency: &str,
    kind: &'static str,
    amount: i64,
) -> Result<String, Failure> {
    let available_on = state.now;
    write(
        state,
        &Line {
            owner,
            currency,
            kind,
            category: kind,
            amount,
            fee: 0,
            other: Place::Cards,
            source: id,
            available_on,
        },
    )
}

/// The card's bank sends the money back to us.
pub fn fail(state: &mut State, id: &str) {
    let Some(found) = state.find(id).filter(|found| found["status"] == "succeeded").cloned() else {
        return;
    };
    let owner = found["_"]["owner"].as_str().map(str::to_owned);
    let (amount, charge) = (int(&found, "amount"), text(&found, "charge").to_owned());
    let line =
        move_money(state, owner.as_deref(), id, text(&found, "currency"), "refund_failure", amount);
    let Ok(line) = line else { return };
    state.change(
        id,
        json!({"status": "failed", "failure_reason": "lost_or_stolen_card",
            "failure_balance_transaction": line}),
    );
    let refunded = state.find(&charge).map_or(0, |charge| int(charge, "amount_refunded")) - amount;
    state.change(&charge, json!({"amount_refunded": refunded.max(0), "refunded": false}));
    state.emit("refund.updated", id);
    state.emit("refund.failed", id);
}
