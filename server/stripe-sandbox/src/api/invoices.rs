//! Invoices: a draft with lines, finalized, paid or given up.

use serde_json::{Value, json};

use super::{list, paying, reading};
use crate::{
    fail::{Answer, Failure},
    params::Params,
    shape::{int, shape, text},
    state::State,
};

/// How many lines come along with an invoice; the others are asked for.
const LINES_SHOWN: usize = 10;

/// How many lines one call may add.
const LINES_ADDED_MAX: usize = 250;

/// A new draft.
pub fn create(state: &mut State, owner: Option<&str>, mut p: Params) -> Answer {
    let customer = p.need("customer")?;
    let currency = p.currency()?.unwrap_or_else(|| "usd".to_owned());
    let description = p.text("description")?;
    let auto_advance = p.flag("auto_advance")?.unwrap_or_default();
    let collection = p
        .choice("collection_method", &["charge_automatically", "send_invoice"])?
        .unwrap_or("charge_automatically");
    let days_until_due = p.int("days_until_due")?;
    let card = p.text("default_payment_method")?;
    let footer = p.text("footer")?;
    let metadata = p.metadata()?;
    p.choice("pending_invoice_items_behavior", &["exclude", "include"])?;
    p.ignore(&["payment_settings"]);
    p.finish()?;
    let payer = state.get(owner, "customer", &customer)?;
    if collection == "send_invoice" && days_until_due.is_none() {
        return Err(Failure::needed("days_until_due"));
    }
    let made = state.make(
        owner,
        "in",
        "invoice",
        json!({
            "customer": customer, "customer_email": payer["email"], "customer_name": payer["name"],
            "customer_tax_exempt": "none", "currency": currency, "description": description,
            "footer": footer, "auto_advance": auto_advance, "collection_method": collection,
            "default_payment_method": card, "metadata": metadata, "status": "draft",
            "due_date": days_until_due.map(|days| state.now + days * crate::agenda::DAY),
            "period_start": state.now, "period_end": state.now, "subtotal_excluding_tax": 0,
            "total_excluding_tax": 0,
        }),
        json!({"lines": []}),
    );
    let id = text(&made, "id").to_owned();
    let made = state.change(&id, json!({"lines": {"url": format!("/v1/invoices/{id}/lines")}}));
    state.emit("invoice.created", &id);
    Ok(made)
}

/// A line that was asked for.
struct NewLine {
    amount: i64,
    description: Option<String>,
    metadata: Value,
}

fn new_line(p: &mut Params) -> Result<NewLine, Failure> {
    let amount = p.need_int("amount")?;
    let description = p.text("description")?;
    let metadata = Value::Object(p.metadata()?);
    p.ignore(&["discountable", "period"]);
    Ok(NewLine { amount, description, metadata })
}

/// Adds up to 250 lines to a draft.
pub fn add_lines(state: &mut State, owner: Option<&str>, id: &str, mut p: Params) -> Answer {
    let mut wanted = Vec::new();
    for mut group in p.groups("lines")? {
        wanted.push(new_line(&mut group)?);
        group.finish()?;
    }
    p.ignore(&["invoice_metadata"]);
    p.finish()?;
    if wanted.is_empty() {
        return Err(Failure::needed("lines"));
    }
    if wanted.len() > LINES_ADDED_MAX {
        return Err(Failure::invalid(
            "parameter_invalid",
            "At most 250 lines can be added at once.",
        )
        .about("lines"));
    }
    draft(state, owner, id)?;
    for line in wanted {
        add(state, id, line);
    }
    let changed = total(state, id);
    state.emit("invoice.updated", id);
    Ok(changed)
}

/// Adds one line to a draft, by its older name.
pub fn add_item(state: &mut State, owner: Option<&str>, mut p: Params) -> Answer {
    let customer = p.need("customer")?;
    let invoice = p.need("invoice")?;
    let currency = p.currency()?;
    let line = new_line(&mut p)?;
    p.finish()?;
    let found = draft(state, owner, &invoice)?;
    if text(&found, "customer") != customer {
        return Err(Failure::invalid("resource_missing", "The invoice is another customer's.")
            .about("invoice"));
    }
    if currency.is_some_and(|currency| currency != text(&found, "currency")) {
        return Err(Failure::invalid(
            "parameter_invalid",
            "All lines of an invoice have its currency.",
        )
        .about("currency"));
    }
    let item = state.make(
        owner,
        "ii",
        "invoiceitem",
        json!({"amount": line.amount, "currency": found["currency"], "customer": customer,
            "date": state.now, "description": line.description, "invoice": invoice,
            "metadata": line.metadata, "period": {"start": state.now, "end": state.now}}),
        json!({}),
    );
    add(state, &invoice, line);
    total(state, &invoice);
    state.emit("invoiceitem.created", text(&item, "id"));
    Ok(item)
}

fn add(state: &mut State, invoice: &str, line: NewLine) {
    let id = state.mint("il");
    let Some(found) = state.find(invoice) else { return };
    let made = shape(
        "line_item",
        json!({
            "id": id, "amount": line.amount, "subtotal": line.amount, "invoice": invoice,
            "currency": found["currency"], "description": line.description,
            "metadata": line.metadata, "period": {"start": state.now, "end": state.now},
        }),
    );
    let mut hidden = found["_"].clone();
    if let Some(lines) = hidden["lines"].as_array_mut() {
        lines.push(made);
    }
    state.set(invoice, "_", hidden);
}

/// Adds the lines up.
fn total(state: &mut State, id: &str) -> Value {
    let Some(found) = state.find(id) else { return Value::Null };
    let lines = found["_"]["lines"].as_array().cloned().unwrap_or_default();
    let sum: i64 = lines.iter().map(|line| int(line, "amount")).sum();
    let due = sum.max(0);
    let shown: Vec<&Value> = lines.iter().take(LINES_SHOWN).collect();
    let members = json!({
        "lines": {"data": shown, "has_more": lines.len() > LINES_SHOWN},
        "subtotal": sum, "subtotal_excluding_tax": sum, "total": sum, "total_excluding_tax": sum,
        "amount_due": due, "amount_remaining": due,
    });
    state.change(id, members)
}

/// All lines of an invoice, in their order.
pub fn lines(state: &State, owner: Option<&str>, id: &str, p: Params) -> Answer {
    let found = state.get(owner, "invoice", id)?;
    let rows = found["_"]["lines"].as_array().cloned().unwrap_or_default();
    list::page(p, &format!("/v1/invoices/{id}/lines"), rows)
}

fn draft(state: &State, owner: Option<&str>, id: &str) -> Result<Value, Failure> {
    let found = state.get(owner, "invoice", id)?;
    if found["status"] == "draft" {
        Ok(found)
    } else {
        Err(Failure::invalid(
            "invoice_not_editable",
            "This invoice is finalized and can't be changed.",
        ))
    }
}

/// Numbers a draft. One over nothing is paid at once.
pub fn finalize(state: &mut State, owner: Option<&str>, id: &str, mut p: Params) -> Answer {
    let auto_advance = p.flag("auto_advance")?;
    p.finish()?;
    let found = draft(state, owner, id)?;
    if found["_"]["lines"].as_array().is_none_or(Vec::is_empty) {
        return Err(Failure::invalid(
            "invoice_no_customer_line_items",
            "Nothing to invoice: the invoice has no lines.",
        ));
    }
    let customer = text(&found, "customer").to_owned();
    let prefix = state.find(&customer).map_or("", |found| text(found, "invoice_prefix")).to_owned();
    let count = state
        .all(owner, "invoice")
        .filter(|other| text(other, "customer") == customer && !other["number"].is_null())
        .count();
    let base = state.base.clone();
    let mut members = json!({
        "status": "open", "number": format!("{prefix}-{:04}", count + 1), "effective_at": state.now,
        "status_transitions": {"finalized_at": state.now},
        "hosted_invoice_url": format!("{base}/invoice/{id}"),
        "invoice_pdf": format!("{base}/invoice/{id}/pdf"),
    });
    if let Some(auto_advance) = auto_advance {
        members["auto_advance"] = json!(auto_advance);
    }
    let changed = state.change(id, members);
    state.emit("invoice.finalized", id);
    if int(&changed, "amount_due") == 0 {
        return Ok(mark_paid(state, id, 0));
    }
    let payment = paying::intend(state, owner, &changed);
    state.make(
        owner,
        "inpay",
        "invoice_payment",
        json!({"invoice": id, "amount_requested": int(&changed, "amount_due"),
            "currency": changed["currency"], "is_default": true,
            "payment": {"type": "payment_intent", "payment_intent": payment}, "status": "open"}),
        json!({}),
    );
    state.get(owner, "invoice", id)
}

/// Charges the customer's card.
pub fn pay(state: &mut State, owner: Option<&str>, id: &str, mut p: Params) -> Answer {
    let card = p.text("payment_method")?;
    let is_elsewhere = p.flag("paid_out_of_band")?.unwrap_or_default();
    p.ignore(&["off_session", "forgive"]);
    p.finish()?;
    let found = state.get(owner, "invoice", id)?;
    match text(&found, "status") {
        "open" => {}
        "draft" => {
            finalize(state, owner, id, Params::default())?;
        }
        "paid" => return Err(Failure::invalid("invoice_already_paid", "Invoice is already paid")),
        _ => {
            return Err(Failure::invalid(
                "invoice_not_editable",
                "This invoice can no longer be paid.",
            ));
        }
    }
    let found = state.get(owner, "invoice", id)?;
    if is_elsewhere || found["status"] == "paid" {
        return Ok(mark_paid(state, id, int(&found, "amount_remaining")));
    }
    let card = card
        .or_else(|| found["default_payment_method"].as_str().map(str::to_owned))
        .or_else(|| {
            let customer = state.find(text(&found, "customer"))?;
            customer["invoice_settings"]["default_payment_method"].as_str().map(str::to_owned)
        });
    let Some(card) = card else {
        return Err(Failure::invalid(
            "resource_missing",
            "There is no default payment method set on this Customer or Invoice. Please set one.",
        ));
    };
    pay_with(state, owner, &found, &card)
}

/// Charges this card for an open invoice.
pub fn pay_with(state: &mut State, owner: Option<&str>, invoice: &Value, card: &str) -> Answer {
    let id = text(invoice, "id");
    let customer = text(invoice, "customer");
    let card = super::cards::give(state, owner, card, customer)?;
    let attempts = int(invoice, "attempt_count") + 1;
    state.change(id, json!({"attempted": true, "attempt_count": attempts}));
    match paying::charge(state, owner, invoice, &card) {
        Ok(()) => Ok(mark_paid(state, id, int(invoice, "amount_remaining"))),
        Err(failure) => {
            state.emit("invoice.payment_failed", id);
            Err(failure)
        }
    }
}

/// Notes that nothing more is due.
pub fn mark_paid(state: &mut State, id: &str, amount: i64) -> Value {
    let paid = state.find(id).map_or(0, |found| int(found, "amount_paid")) + amount;
    let changed = state.change(
        id,
        json!({"status": "paid", "attempted": true, "amount_paid": paid, "amount_remaining": 0,
            "auto_advance": false, "status_transitions": {"paid_at": state.now}}),
    );
    for event in ["invoice.updated", "invoice.paid", "invoice.payment_succeeded"] {
        state.emit(event, id);
    }
    changed
}

/// Gives up an invoice that was not paid.
pub fn void(state: &mut State, owner: Option<&str>, id: &str, p: Params) -> Answer {
    p.finish()?;
    let found = state.get(owner, "invoice", id)?;
    if !matches!(text(&found, "status"), "open" | "uncollectible") {
        return Err(Failure::invalid(
            "invoice_not_editable",
            format!("You can only void an open invoice; this one is {}.", text(&found, "status")),
        ));
    }
    let changed = state.change(
        id,
        json!({"status": "void", "auto_advance": false,
            "status_transitions": {"voided_at": state.now}}),
    );
    state.emit("invoice.voided", id);
    Ok(changed)
}

/// Throws a draft away.
pub fn delete(state: &mut State, owner: Option<&str>, id: &str, p: Params) -> Answer {
    p.finish()?;
    draft(state, owner, id)?;
    state.set(id, "deleted", json!(true));
    Ok(json!({"id": id, "object": "invoice", "deleted": true}))
}

/// Invoices, of one customer or state if wanted.
pub fn list(state: &State, owner: Option<&str>, p: Params) -> Answer {
    let names = ["customer", "status", "collection_method"];
    reading::filtered(state, owner, "invoice", "/v1/invoices", &names, p)
}

/// What has paid an invoice, as a list inside of it.
pub fn payments(state: &State, id: &str) -> Value {
    let data: Vec<Value> = state
        .every("invoice_payment")
        .filter(|payment| text(payment, "invoice") == id)
        .map(crate::shape::shown)
        .collect();
    json!({"object": "list", "data": data, "has_more": false, "url": "/v1/invoice_payments"})
}
