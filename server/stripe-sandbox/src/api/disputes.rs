//! Disputes: a card's holder objects, the bank takes the money back, and somebody wins.

use serde_json::{Value, json};

use crate::{
    agenda::DAY,
    balance::{Line, write},
    books::Place,
    fail::{Answer, Failure},
    params::{Params, apply_metadata},
    shape::{int, text},
    state::State,
};

/// What a dispute costs, whoever wins.
const FEE: i64 = 1_500;

/// The holder of a card objects to a charge.
pub fn open(state: &mut State, charge: &str, reason: &str) -> Result<String, Failure> {
    let found = state
        .find(charge)
        .filter(|found| found["object"] == "charge" && found["paid"] == true)
        .cloned()
        .ok_or_else(|| Failure::missing("charge", charge))?;
    if found["disputed"] == true {
        return Err(Failure::invalid("charge_disputed", "This charge is disputed already."));
    }
    let owner = found["_"]["owner"].as_str().map(str::to_owned);
    let made = state.make(
        owner.as_deref(),
        "du",
        "dispute",
        json!({
            "amount": int(&found, "amount_captured") - int(&found, "amount_refunded"),
            "charge": charge, "currency": found["currency"], "payment_intent": found["payment_intent"],
            "reason": reason, "status": "needs_response",
            "evidence_details": {"due_by": state.now + 7 * DAY},
            "payment_method_details": {"type": "card", "card": {"brand": "visa", "network": "visa",
                "case_type": "chargeback", "network_reason_code": "10"}},
        }),
        json!({}),
    );
    let id = text(&made, "id").to_owned();
    state.change(charge, json!({"disputed": true}));
    state.emit("charge.dispute.created", &id);
    move_money(state, &made, -int(&made, "amount"), FEE)?;
    state.emit("charge.dispute.funds_withdrawn", &id);
    Ok(id)
}

/// Money of a dispute goes out, or comes back.
fn move_money(state: &mut State, dispute: &Value, amount: i64, fee: i64) -> Result<(), Failure> {
    let id = text(dispute, "id");
    let owner = dispute["_"]["owner"].as_str().map(str::to_owned);
    let available_on = state.now;
    let line = write(
        state,
        &Line {
            owner: owner.as_deref(),
            currency: text(dispute, "currency"),
            kind: "adjustment",
            category: if amount < 0 { "dispute" } else { "dispute_reversal" },
            amount,
            fee,
            other: Place::Cards,
            source: id,
            available_on,
        },
    )?;
    let line = state.find(&line).map(crate::shape::shown).unwrap_or_default();
    let mut lines = state
        .find(id)
        .and_then(|found| found["balance_transactions"].as_array().cloned())
        .unwrap_or_default();
    lines.push(line);
    state.set(id, "balance_transactions", json!(lines));
    Ok(())
}

/// The bank decides.
pub fn decide(state: &mut State, id: &str, is_won: bool) -> Result<(), Failure> {
    let found = state
        .find(id)
        .filter(|found| !matches!(text(found, "status"), "won" | "lost"))
        .cloned()
        .ok_or_else(|| Failure::missing("dispute", id))?;
    state.change(id, json!({"status": if is_won { "won" } else { "lost" }}));
    if is_won {
        move_money(state, &found, int(&found, "amount"), 0)?;
        state.emit("charge.dispute.funds_reinstated", id);
    }
    state.emit("charge.dispute.closed", id);
    Ok(())
}

/// Evidence is handed in.
pub fn update(state: &mut State, owner: Option<&str>, id: &str, mut p: Params) -> Answer {
    let found = state.get(owner, "dispute", id)?;
    let mut evidence = p.group("evidence")?;
    let statement = evidence.text("uncategorized_text")?;
    evidence.finish()?;
    let is_submitted = p.flag("submit")?.unwrap_or(true);
    let metadata = apply_metadata(&found["metadata"], p.metadata()?);
    p.finish()?;
    if let Some(statement) = statement {
        state.change(
            id,
            json!({"evidence": {"uncategorized_text": statement},
                "evidence_details": {"has_evidence": true}}),
        );
        if is_submitted && found["status"] == "needs_response" {
            state.change(
                id,
                json!({"status": "under_review", "evidence_details": {"submission_count": 1}}),
            );
        }
    }
    state.set(id, "metadata", metadata);
    state.emit("charge.dispute.updated", id);
    state.get(owner, "dispute", id)
}

/// We give in.
pub fn accept(state: &mut State, owner: Option<&str>, id: &str, p: Params) -> Answer {
    p.finish()?;
    state.get(owner, "dispute", id)?;
    decide(state, id, false)?;
    state.get(owner, "dispute", id)
}
