//! Lines of a balance: what moved, what it cost, and when it is free to be sent on.

use serde_json::{Value, json};

use crate::{
    agenda::Task,
    books::{Entry, Place},
    fail::Failure,
    shape::{int, text},
    state::State,
};

/// A line to be written.
pub struct Line<'a> {
    /// Whose balance; `None` is the platform's own.
    pub owner: Option<&'a str>,
    pub currency: &'a str,
    /// As Stripe names it: `charge`, `transfer`, `payout`, …
    pub kind: &'static str,
    pub category: &'static str,
    pub amount: i64,
    pub fee: i64,
    /// Where the amount comes from, or goes to.
    pub other: Place,
    pub source: &'a str,
    pub available_on: i64,
}

/// Writes a line, and moves the money. Answers with its id.
pub fn write(state: &mut State, line: &Line<'_>) -> Result<String, Failure> {
    let owner = line.owner.map(str::to_owned);
    let net = line.amount - line.fee;
    let is_pending = line.available_on > state.now;
    let place = if is_pending { Place::Pending(owner) } else { Place::Available(owner) };
    state.books.post(
        line.currency,
        &[
            Entry { place, amount: net },
            Entry { place: Place::Fees, amount: line.fee },
            Entry { place: line.other.clone(), amount: -line.amount },
        ],
    )?;
    let fees = if line.fee == 0 {
        json!([])
    } else {
        json!([{"amount": line.fee, "application": null, "currency": line.currency,
            "description": "Stripe processing fees", "type": "stripe_fee"}])
    };
    let made = state.make(
        line.owner,
        "txn",
        "balance_transaction",
        json!({
            "amount": line.amount, "fee": line.fee, "net": net, "fee_details": fees,
            "currency": line.currency, "type": line.kind, "reporting_category": line.category,
            "source": line.source, "available_on": line.available_on,
            "status": if is_pending { "pending" } else { "available" },
        }),
        json!({}),
    );
    let id = text(&made, "id").to_owned();
    if is_pending {
        state.later(line.available_on, Task::Settle(id.clone()));
    }
    Ok(id)
}

/// A pending line becomes available.
pub fn settle(state: &mut State, id: &str) {
    let Some(line) = state.find(id).cloned() else { return };
    let owner = line["_"]["owner"].as_str().map(str::to_owned);
    let net = int(&line, "net");
    let moved = state.books.post(
        text(&line, "currency"),
        &[
            Entry { place: Place::Pending(owner.clone()), amount: -net },
            Entry { place: Place::Available(owner), amount: net },
        ],
    );
    if moved.is_ok() {
        state.change(id, json!({"status": "available"}));
    }
}

/// What is free to be sent on.
pub fn available(state: &State, owner: Option<&str>, currency: &str) -> i64 {
    state.books.balance(currency, &Place::Available(owner.map(str::to_owned)))
}

/// The balance as it is shown.
pub fn shown_balance(state: &State, owner: Option<&str>) -> Value {
    let mut currencies = state.books.currencies(owner);
    if currencies.is_empty() {
        currencies.push("usd".to_owned());
    }
    let amounts = |place: &dyn Fn(Option<String>) -> Place| -> Vec<Value> {
        currencies
            .iter()
            .map(|currency| {
                let amount = state.books.balance(currency, &place(owner.map(str::to_owned)));
                json!({"amount": amount, "currency": currency, "source_types": {"card": amount}})
            })
            .collect()
    };
    crate::shape::shape(
        "balance",
        json!({
            "available": amounts(&Place::Available),
            "pending": amounts(&Place::Pending),
            "connect_reserved": currencies.iter()
                .map(|currency| json!({"amount": reserved(state, owner, currency), "currency": currency}))
                .collect::<Vec<_>>(),
        }),
    )
}

/// What the platform has to keep for the debts of its accounts.
fn reserved(state: &State, owner: Option<&str>, currency: &str) -> i64 {
    if owner.is_some() {
        return 0;
    }
    state
        .every("account")
        .map(|account| (-available(state, Some(text(account, "id")), currency)).max(0))
        .sum()
}
