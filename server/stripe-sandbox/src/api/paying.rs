//! Charging a card, and what the card's bank says.

use serde_json::{Value, json};

use super::disputes;
use crate::{
    agenda::DAY,
    balance::{Line, write},
    books::Place,
    fail::Failure,
    shape::{int, text},
    state::State,
};

/// Days until a card's money is available.
const SETTLE_DAYS: i64 = 2;

/// What the provider keeps of a charge: 2.9 % and 30 cents.
const fn fee(amount: i64) -> i64 {
    amount * 29 / 1_000 + 30
}

/// The intent to be paid for an invoice; answers with its id.
pub fn intend(state: &mut State, owner: Option<&str>, invoice: &Value) -> String {
    let secret = state.token();
    let made = state.make(
        owner,
        "pi",
        "payment_intent",
        json!({"amount": int(invoice, "amount_due"), "currency": invoice["currency"],
            "customer": invoice["customer"], "status": "requires_payment_method",
            "client_secret": secret, "description": invoice["description"]}),
        json!({"invoice": invoice["id"]}),
    );
    text(&made, "id").to_owned()
}

/// Charges a card for what remains of an invoice.
pub fn charge(
    state: &mut State,
    owner: Option<&str>,
    invoice: &Value,
    card: &str,
) -> Result<(), Failure> {
    let (invoice_id, amount) = (text(invoice, "id"), int(invoice, "amount_remaining"));
    let currency = text(invoice, "currency").to_owned();
    let payment = state
        .every("invoice_payment")
        .find(|payment| text(payment, "invoice") == invoice_id)
        .map(|payment| {
            (text(payment, "id").to_owned(), text(&payment["payment"], "payment_intent").to_owned())
        });
    let Some((payment, intent)) = payment else {
        return Err(Failure::missing("invoice_payment", invoice_id));
    };
    let method = state.get(owner, "payment_method", card)?;
    let does = text(&method["_"], "does").to_owned();
    let decline = match does.as_str() {
        "declined" | "never" => Some("generic_decline"),
        "insufficient_funds" => Some("insufficient_funds"),
        "authentication_required" => Some("authentication_required"),
        _ => None,
    };
    let is_paid = decline.is_none();
    let captured = if is_paid { amount } else { 0 };
    let made = state.make(
        owner,
        "ch",
        "charge",
        json!({
            "amount": amount, "amount_captured": captured, "captured": is_paid, "paid": is_paid,
            "currency": currency, "customer": invoice["customer"], "payment_intent": intent,
            "payment_method": card, "description": invoice["description"],
            "status": if is_paid { "succeeded" } else { "failed" },
            "failure_code": decline.map(|_| "card_declined"),
            "failure_message": decline.map(|_| "Your card was declined."),
            "calculated_statement_descriptor": "IMPRIMATUR SANDBOX",
        }),
        json!({"does": does}),
    );
    let charge = text(&made, "id").to_owned();
    if let Some(decline) = decline {
        let failure = Failure::declined(decline, Some(charge.clone()));
        state.change(
            &intent,
            json!({"status": if decline == "authentication_required" { "requires_action" } else { "requires_payment_method" },
                "latest_charge": charge, "last_payment_error": {"type": "card_error",
                "code": failure.code, "decline_code": decline, "message": failure.message,
                "charge": charge}}),
        );
        state.emit("charge.failed", &charge);
        state.emit("payment_intent.payment_failed", &intent);
        return Err(failure);
    }

    let available_on = if does == "instant" { state.now } else { state.now + SETTLE_DAYS * DAY };
    let line = write(
        state,
        &Line {
            owner,
            currency: &currency,
            kind: "charge",
            category: "charge",
            amount,
            fee: fee(amount),
            other: Place::Cards,
            source: &charge,
            available_on,
        },
    )?;
    state.change(&charge, json!({"balance_transaction": line}));
    state.change(
        &intent,
        json!({"status": "succeeded", "amount_received": amount, "latest_charge": charge,
            "payment_method": card, "last_payment_error": null}),
    );
    state.change(
        &payment,
        json!({"status": "paid", "amount_paid": amount,
            "status_transitions": {"paid_at": state.now}}),
    );
    state.emit("charge.succeeded", &charge);
    state.emit("payment_intent.succeeded", &intent);
    state.emit("invoice_payment.paid", &payment);
    if does == "disputed" {
        disputes::open(state, &charge, "fraudulent")?;
    }
    Ok(())
}
