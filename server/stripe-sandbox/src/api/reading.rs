//! What is only read.

use serde_json::Value;

use super::list;
use crate::{
    balance,
    fail::Answer,
    params::Params,
    shape::{int, text},
    state::State,
};

/// One object of a kind.
pub fn one(state: &State, owner: Option<&str>, object: &str, id: &str, p: Params) -> Answer {
    p.finish()?;
    state.get(owner, object, id)
}

/// All objects of a kind.
pub fn all(state: &State, owner: Option<&str>, object: &str, url: &str, p: Params) -> Answer {
    list::page(p, url, state.all(owner, object).cloned().collect())
}

/// Charges, of one customer or payment if wanted.
pub fn charges(state: &State, owner: Option<&str>, p: Params) -> Answer {
    filtered(
        state,
        owner,
        "charge",
        "/v1/charges",
        &["customer", "payment_intent", "transfer_group"],
        p,
    )
}

/// Refunds, of one charge or payment if wanted.
pub fn refunds(state: &State, owner: Option<&str>, p: Params) -> Answer {
    filtered(state, owner, "refund", "/v1/refunds", &["charge", "payment_intent"], p)
}

/// What has paid an invoice.
pub fn invoice_payments(state: &State, owner: Option<&str>, p: Params) -> Answer {
    filtered(state, owner, "invoice_payment", "/v1/invoice_payments", &["invoice", "status"], p)
}

/// What is there.
pub fn balance(state: &State, owner: Option<&str>, p: Params) -> Answer {
    p.finish()?;
    Ok(balance::shown_balance(state, owner))
}

/// What moved.
pub fn balance_transactions(state: &State, owner: Option<&str>, mut p: Params) -> Answer {
    let payout = p.text("payout")?;
    let names = ["type", "source", "currency"];
    let wanted = wanted(&mut p, &names)?;
    let rows = state
        .all(owner, "balance_transaction")
        .filter(|line| {
            payout.as_deref().is_none_or(|payout| {
                line["_"]["payout"] == payout || text(line, "source") == payout
            })
        })
        .filter(|line| fits(line, &wanted))
        .cloned()
        .collect();
    list::page(p, "/v1/balance_transactions", rows)
}

/// What happened in the last thirty days.
pub fn events(state: &State, owner: Option<&str>, mut p: Params) -> Answer {
    let kind = p.text("type")?;
    let kinds = p.texts("types")?;
    let success = p.flag("delivery_success")?;
    let oldest = state.now - 30 * crate::agenda::DAY;
    let rows = state
        .all(owner, "event")
        .filter(|event| int(event, "created") >= oldest)
        .filter(|event| kind.as_deref().is_none_or(|kind| matches_kind(text(event, "type"), kind)))
        .filter(|event| kinds.is_empty() || kinds.iter().any(|kind| text(event, "type") == kind))
        .filter(|event| {
            success.is_none_or(|wanted| (int(event, "pending_webhooks") == 0) == wanted)
        })
        .cloned()
        .collect();
    list::page(p, "/v1/events", rows)
}

fn matches_kind(kind: &str, wanted: &str) -> bool {
    wanted.strip_suffix('*').map_or(kind == wanted, |beginning| kind.starts_with(beginning))
}

type Wanted = Vec<(&'static str, String)>;

fn wanted(p: &mut Params, names: &[&'static str]) -> Result<Wanted, crate::fail::Failure> {
    let mut wanted = Vec::new();
    for name in names {
        if let Some(value) = p.text(name)? {
            wanted.push((*name, value));
        }
    }
    Ok(wanted)
}

fn fits(row: &Value, wanted: &Wanted) -> bool {
    wanted.iter().all(|(name, value)| text(row, name) == value)
}

/// Objects of a kind whose members are as asked for.
pub fn filtered(
    state: &State,
    owner: Option<&str>,
    object: &str,
    url: &str,
    names: &[&'static str],
    mut p: Params,
) -> Answer {
    let wanted = wanted(&mut p, names)?;
    let rows = state.all(owner, object).filter(|row| fits(row, &wanted)).cloned().collect();
    list::page(p, url, rows)
}
