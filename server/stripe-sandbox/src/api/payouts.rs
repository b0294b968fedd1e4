//! Payouts: from an account's balance to its bank. One that has arrived can still come back.

use serde_json::{Value, json};

use super::reading;
use crate::{
    agenda::{DAY, Task},
    balance::{Line, available, write},
    books::Place,
    fail::{Answer, Failure},
    params::Params,
    shape::{int, text},
    state::State,
};

/// Seconds until a payout leaves.
const SENT_AFTER: i64 = 3_600;

/// Days until it arrives.
const ARRIVES_DAYS: i64 = 2;

/// A payout that was asked for.
pub fn create(state: &mut State, owner: Option<&str>, mut p: Params) -> Answer {
    let amount = p.need_positive("amount")?;
    let currency = p.currency()?.ok_or_else(|| Failure::needed("currency"))?;
    let description = p.text("description")?;
    let metadata = p.metadata()?;
    p.ignore(&["method", "statement_descriptor", "source_type", "destination"]);
    p.finish()?;
    if available(state, owner, &currency) < amount {
        return Err(Failure::invalid(
            "balance_insufficient",
            "You have insufficient funds in your Stripe account for this transfer.",
        ));
    }
    if let Some(account) = owner.and_then(|owner| state.find(owner))
        && account["payouts_enabled"] != true
    {
        return Err(Failure::invalid(
            "payouts_not_allowed",
            "Cannot create payouts; payouts are not enabled.",
        ));
    }
    start(
        state,
        owner,
        amount,
        &currency,
        json!({"description": description, "metadata": metadata}),
    )
}

fn start(
    state: &mut State,
    owner: Option<&str>,
    amount: i64,
    currency: &str,
    members: Value,
) -> Answer {
    let bank = owner
        .and_then(|owner| state.find(owner))
        .and_then(|account| account["external_accounts"]["data"][0]["id"].as_str())
        .map(str::to_owned);
    let arrives = (state.now / DAY + ARRIVES_DAYS) * DAY;
    let made = state.make(
        owner,
        "po",
        "payout",
        json!({"amount": amount, "currency": currency, "arrival_date": arrives,
            "destination": bank, "metadata": {}, "status": "pending"}),
        json!({}),
    );
    let id = text(&made, "id").to_owned();
    state.change(&id, members);
    let line = move_money(state, owner, &id, currency, "payout", -amount)?;
    let made = state.change(&id, json!({"balance_transaction": line}));
    state.later(state.now + SENT_AFTER, Task::SendPayout(id.clone()));
    state.later(arrives.max(state.now + SENT_AFTER), Task::LandPayout(id.clone()));
    state.emit("payout.created", &id);
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
    let category = if kind == "payout" { "payout" } else { "payout_reversal" };
    write(
        state,
        &Line {
            owner,
            currency,
            kind,
            category,
            amount,
            fee: 0,
            other: Place::Banks,
            source: id,
            available_on,
        },
    )
}

/// Every account with automatic payouts sends on what it has.
pub fn pay_everybody_out(state: &mut State) {
    let accounts: Vec<Value> = state
        .every("account")
        .filter(|account| {
            account["payouts_enabled"] == true
                && account["settings"]["payouts"]["schedule"]["interval"] != "manual"
        })
        .cloned()
        .collect();
    for account in accounts {
        let owner = text(&account, "id").to_owned();
        for currency in state.books.currencies(Some(&owner)) {
            let amount = available(state, Some(&owner), &currency);
            if amount < 1 {
                continue;
            }
            let contents: Vec<String> = state
                .all(Some(&owner), "balance_transaction")
                .filter(|line| {
                    text(line, "currency") == currency
                        && line["status"] == "available"
                        && line["_"]["payout"].is_null()
                        && line["type"] != "payout"
                })
                .map(|line| text(line, "id").to_owned())
                .collect();
            let members = json!({"automatic": true, "reconciliation_status": "completed",
                "description": "STRIPE PAYOUT"});
            let Ok(made) = start(state, Some(&owner), amount, &currency, members) else { continue };
            let payout = text(&made, "id").to_owned();
            for line in contents {
                state.change(&line, json!({"_": {"payout": payout}}));
            }
        }
    }
}

/// It leaves.
pub fn send(state: &mut State, id: &str) {
    if is(state, id, &["pending"]) {
        state.change(id, json!({"status": "in_transit"}));
        state.emit("payout.updated", id);
    }
}

/// It arrives.
pub fn land(state: &mut State, id: &str) {
    if is(state, id, &["pending", "in_transit"]) {
        state.change(
            id,
            json!({"status": "paid", "trace_id": {"status": "supported",
            "value": "sandbox"}}),
        );
        state.emit("payout.paid", id);
    }
}

/// It comes back, even if it had arrived.
pub fn fail(state: &mut State, id: &str) -> Result<(), Failure> {
    if !is(state, id, &["pending", "in_transit", "paid"]) {
        return Err(Failure::missing("payout", id));
    }
    let found = state.find(id).cloned().unwrap_or_default();
    let owner = found["_"]["owner"].as_str().map(str::to_owned);
    let (amount, currency) = (int(&found, "amount"), text(&found, "currency"));
    let line = move_money(state, owner.as_deref(), id, currency, "payout_failure", amount)?;
    state.change(
        id,
        json!({"status": "failed", "failure_code": "account_closed",
            "failure_message": "The bank account has been closed.",
            "failure_balance_transaction": line}),
    );
    state.emit("payout.failed", id);
    if let Some(owner) = owner {
        // A bank that sends money back is not used again until the account names another.
        super::accounts::ask(state, &owner, &["external_account"], None, None);
        state.change(&owner, json!({"payouts_enabled": false}));
        state.emit("account.updated", &owner);
    }
    Ok(())
}

/// Stops one that has not left.
pub fn cancel(state: &mut State, owner: Option<&str>, id: &str, p: Params) -> Answer {
    p.finish()?;
    let found = state.get(owner, "payout", id)?;
    if found["status"] != "pending" {
        return Err(Failure::invalid(
            "payout_not_cancelable",
            "Only a pending payout can be canceled.",
        ));
    }
    let (amount, currency) = (int(&found, "amount"), text(&found, "currency"));
    move_money(state, owner, id, currency, "payout_cancel", amount)?;
    let changed = state.change(id, json!({"status": "canceled"}));
    state.emit("payout.canceled", id);
    Ok(changed)
}

fn is(state: &State, id: &str, states: &[&str]) -> bool {
    state.find(id).is_some_and(|payout| states.contains(&text(payout, "status")))
}

/// Payouts, in one state if wanted.
pub fn list(state: &State, owner: Option<&str>, p: Params) -> Answer {
    reading::filtered(state, owner, "payout", "/v1/payouts", &["status", "destination"], p)
}
