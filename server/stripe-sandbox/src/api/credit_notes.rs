//! Credit notes: a part of an invoice is taken back.

use serde_json::{Value, json};

use super::{invoices, refunds};
use crate::{
    fail::{Answer, Failure},
    params::Params,
    shape::{int, shape, text},
    state::State,
};

/// A new one, against an open or a paid invoice.
pub fn create(state: &mut State, owner: Option<&str>, mut p: Params) -> Answer {
    let invoice = p.need("invoice")?;
    let amount = p.need_positive("amount")?;
    let refund = p.int("refund_amount")?.unwrap_or_default();
    let credit = p.int("credit_amount")?.unwrap_or_default();
    let elsewhere = p.int("out_of_band_amount")?.unwrap_or_default();
    let memo = p.text("memo")?;
    let reason =
        p.choice("reason", &["duplicate", "fraudulent", "order_change", "product_unsatisfactory"])?;
    let metadata = Value::Object(p.metadata()?);
    p.ignore(&["email_type", "effective_at"]);
    p.finish()?;
    let found = state.get(owner, "invoice", &invoice)?;
    let is_paid = match text(&found, "status") {
        "paid" => true,
        "open" => false,
        other => {
            return Err(Failure::invalid(
                "invoice_not_editable",
                format!("A credit note needs an open or a paid invoice; this one is {other}."),
            ));
        }
    };
    let left = if is_paid {
        int(&found, "amount_paid") - int(&found, "post_payment_credit_notes_amount")
    } else {
        int(&found, "amount_remaining")
    };
    if amount > left {
        return Err(Failure::invalid(
            "amount_too_large",
            format!("The credit note is over {amount}, and only {left} of the invoice is left."),
        )
        .about("amount"));
    }
    if is_paid && refund + credit + elsewhere != amount {
        return Err(Failure::invalid(
            "parameter_invalid",
            "The sum of refund_amount, credit_amount and out_of_band_amount must equal the amount.",
        )
        .about("refund_amount"));
    }

    let refunded = match refund {
        0 => None,
        refund => {
            let charge = charge_of(state, &invoice).ok_or_else(|| {
                Failure::invalid("charge_not_refundable", "The invoice was not paid by card.")
            })?;
            let made = refunds::refund(
                state,
                owner,
                &charge,
                Some(refund),
                Some("requested_by_customer"),
                metadata.clone(),
            )?;
            Some(json!([{"amount_refunded": refund, "refund": text(&made, "id"),
                "payment_record_refund": null, "type": "refund"}]))
        }
    };
    let count = state.all(owner, "credit_note").count();
    let number = format!("{}-CN-{:02}", text(&found, "number"), count + 1);
    let line_id = state.mint("cnli");
    let base = state.base.clone();
    let made = state.make(
        owner,
        "cn",
        "credit_note",
        json!({
            "amount": amount, "currency": found["currency"], "customer": found["customer"],
            "invoice": invoice, "memo": memo, "metadata": metadata, "number": number,
            "reason": reason, "refunds": refunded.unwrap_or_else(|| json!([])),
            "status": "issued", "subtotal": amount, "total": amount,
            "subtotal_excluding_tax": amount, "total_excluding_tax": amount,
            "out_of_band_amount": if elsewhere == 0 { Value::Null } else { json!(elsewhere) },
            "type": if is_paid { "post_payment" } else { "pre_payment" },
            "post_payment_amount": if is_paid { amount } else { 0 },
            "pre_payment_amount": if is_paid { 0 } else { amount },
            "pdf": format!("{base}/invoice/{invoice}/pdf"), "total_taxes": [], "effective_at": state.now,
            "lines": {"data": [shape("credit_note_line_item", json!({
                "id": line_id, "amount": amount, "description": memo, "quantity": 1,
                "unit_amount": amount, "unit_amount_decimal": amount.to_string(),
                "metadata": {}, "taxes": []}))]},
        }),
        json!({}),
    );
    let id = text(&made, "id").to_owned();
    let made = state.change(&id, json!({"lines": {"url": format!("/v1/credit_notes/{id}/lines")}}));
    settle(state, &found, is_paid, amount);
    state.emit("credit_note.created", &id);
    Ok(made)
}

/// What the credit note does to its invoice.
fn settle(state: &mut State, invoice: &Value, is_paid: bool, amount: i64) {
    let id = text(invoice, "id");
    if is_paid {
        let credited = int(invoice, "post_payment_credit_notes_amount") + amount;
        state.change(id, json!({"post_payment_credit_notes_amount": credited}));
        state.emit("invoice.updated", id);
        return;
    }
    let left = int(invoice, "amount_remaining") - amount;
    let credited = int(invoice, "pre_payment_credit_notes_amount") + amount;
    state.change(
        id,
        json!({"pre_payment_credit_notes_amount": credited, "amount_remaining": left,
            "amount_due": left}),
    );
    if left == 0 {
        invoices::mark_paid(state, id, 0);
    } else {
        state.emit("invoice.updated", id);
    }
}

/// The charge that paid an invoice.
fn charge_of(state: &State, invoice: &str) -> Option<String> {
    let payment = state
        .every("invoice_payment")
        .find(|payment| text(payment, "invoice") == invoice && payment["status"] == "paid")?;
    let intent = state.find(text(&payment["payment"], "payment_intent"))?;
    intent["latest_charge"].as_str().map(str::to_owned)
}
