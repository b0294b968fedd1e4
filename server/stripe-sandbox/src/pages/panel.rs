//! The control panel: the clock, and everything that can go wrong.

use std::{fmt::Write as _, sync::Arc};

use axum::{
    Form,
    extract::State as Given,
    http::StatusCode,
    response::{Html, IntoResponse, Redirect, Response},
};
use serde::Deserialize;
use serde_json::Value;

use super::{amount, complaint, escaped, instant, page, read};
use crate::{
    Shared,
    fail::Failure,
    faults::{CallFault, EventFault},
    input::{Order, What},
    shape::{int, text},
    state::State,
};

/// How many of each kind are shown.
const ROWS: usize = 15;

pub async fn show(Given(shared): Given<Arc<Shared>>) -> Html<String> {
    draw(&shared, None).await
}

async fn draw(shared: &Shared, failure: Option<&Failure>) -> Html<String> {
    let body = read(shared, |state| {
        let mut state_now = String::new();
        let _ = write!(state_now, "<p>The clock says {}.</p>", instant(shared.now(state)));
        format!(
            "{}{state_now}{}{}{}{}{}{}",
            complaint(failure),
            clock(),
            faults(state),
            accounts(state),
            payouts(state),
            charges(state),
            events(state)
        )
    })
    .await;
    page("Control panel", &body)
}

fn button(order: &str, fields: &[(&str, &str)], label: &str) -> String {
    let mut form = format!(
        "<form class=\"inline\" method=\"post\" action=\"/_sandbox/order\"><input type=\"hidden\" name=\"order\" value=\"{order}\">"
    );
    for (name, value) in fields {
        let _ =
            write!(form, "<input type=\"hidden\" name=\"{name}\" value=\"{}\">", escaped(value));
    }
    let _ = write!(form, "<button class=\"quiet\">{label}</button></form>");
    form
}

fn clock() -> String {
    let steps = [
        ("3600", "An hour on"),
        ("86400", "A day on"),
        ("604800", "A week on"),
        ("2592000", "Thirty days on"),
    ];
    steps.iter().map(|(seconds, label)| button("advance", &[("seconds", seconds)], label)).collect()
}

fn faults(state: &State) -> String {
    let mut drawn = String::from("<h2>Bad luck</h2>");
    let waiting = state.faults.waiting();
    if waiting.is_empty() {
        drawn.push_str("<p>Nothing is ordered.</p>");
    } else {
        let items: String =
            waiting.iter().map(|line| format!("<li>{}</li>", escaped(line))).collect();
        let _ = write!(drawn, "<ul>{items}</ul>{}", button("forget", &[], "Forget all of it"));
    }
    drawn.push_str(
        "<form method=\"post\" action=\"/_sandbox/order\"><input type=\"hidden\" name=\"order\" value=\"fault_call\">\
         <label for=\"call\">The next call</label><select id=\"call\" name=\"fault\">\
         <option value=\"error_before\">500, nothing done<option value=\"error_after\">500, though it was done\
         <option value=\"cut_before\">cut, nothing done<option value=\"cut_after\">cut, though it was done\
         <option value=\"conflict\">409<option value=\"too_many\">429<option value=\"slow\">takes three seconds</select>\
         <label for=\"path\">whose path begins with</label><input id=\"path\" name=\"path\" value=\"/v1/\">\
         <input type=\"hidden\" name=\"times\" value=\"1\"><button class=\"quiet\">Order</button></form>\
         <form method=\"post\" action=\"/_sandbox/order\"><input type=\"hidden\" name=\"order\" value=\"fault_event\">\
         <label for=\"event\">The next event</label><select id=\"event\" name=\"fault\">\
         <option value=\"duplicated\">comes twice<option value=\"reordered\">comes after the next one\
         <option value=\"late\">comes an hour late<option value=\"badly_signed\">is badly signed at first\
         <option value=\"lost\">never comes</select><input type=\"hidden\" name=\"times\" value=\"1\">\
         <button class=\"quiet\">Order</button></form>",
    );
    drawn
}

fn table(title: &str, heads: &str, rows: &str) -> String {
    if rows.is_empty() {
        return format!("<h2>{title}</h2><p>None yet.</p>");
    }
    format!("<h2>{title}</h2><table><thead><tr>{heads}</thead><tbody>{rows}</tbody></table>")
}

fn accounts(state: &State) -> String {
    let mut rows = String::new();
    for account in state.every("account").take(ROWS) {
        let id = text(account, "id");
        let able =
            if account["payouts_enabled"] == true { "can be paid" } else { "cannot be paid" };
        let _ = write!(
            rows,
            "<tr><td class=\"mono\">{}<td>{able}<td>{}{}{}",
            escaped(id),
            button("ask", &[("account", id)], "Ask for a document"),
            button("stop", &[("account", id)], "Stop, too late"),
            button("complete", &[("account", id)], "All is known")
        );
    }
    table("Accounts", "<th>Account<th>State<th>Do", &rows)
}

fn payouts(state: &State) -> String {
    let mut rows = String::new();
    for payout in state.every("payout").take(ROWS) {
        let id = text(payout, "id");
        let _ = write!(
            rows,
            "<tr><td class=\"mono\">{}<td>{}<td class=\"number\">{}<td>{}",
            escaped(id),
            escaped(text(payout, "status")),
            amount(int(payout, "amount"), text(payout, "currency")),
            button("fail_payout", &[("payout", id)], "Comes back")
        );
    }
    table("Payouts", "<th>Payout<th>State<th class=\"number\">Amount<th>Do", &rows)
}

fn charges(state: &State) -> String {
    let mut rows = String::new();
    let own = |charge: &&Value| charge["source_transfer"].is_null();
    for charge in state.every("charge").filter(own).take(ROWS) {
        let id = text(charge, "id");
        let deed = match state.every("dispute").find(|dispute| text(dispute, "charge") == id) {
            Some(dispute) => {
                let id = text(dispute, "id");
                format!(
                    "disputed: {} {}{}",
                    escaped(text(dispute, "status")),
                    button("win", &[("dispute", id)], "We win"),
                    button("lose", &[("dispute", id)], "We lose")
                )
            }
            None => button("dispute", &[("charge", id)], "Is disputed"),
        };
        let _ = write!(
            rows,
            "<tr><td class=\"mono\">{}<td>{}<td class=\"number\">{}<td>{deed}",
            escaped(id),
            escaped(text(charge, "status")),
            amount(int(charge, "amount"), text(charge, "currency"))
        );
    }
    table("Charges", "<th>Charge<th>State<th class=\"number\">Amount<th>Do", &rows)
}

fn events(state: &State) -> String {
    let mut rows = String::new();
    for event in state.every("event").take(ROWS) {
        let id = text(event, "id");
        let _ = write!(
            rows,
            "<tr><td>{}<td>{}<td class=\"number\">{}<td>{}",
            escaped(text(event, "type")),
            instant(int(event, "created")),
            int(event, "pending_webhooks"),
            button("redeliver", &[("event", id)], "Send again")
        );
    }
    let waiting = state.deliveries.len();
    format!(
        "{}<p>{waiting} deliveries are waiting.</p>",
        table("Events", "<th>What<th>When<th class=\"number\">Not taken yet<th>Do", &rows)
    )
}

/// The fields of an order's form.
#[derive(Deserialize)]
pub struct Asked {
    order: String,
    seconds: Option<i64>,
    charge: Option<String>,
    dispute: Option<String>,
    payout: Option<String>,
    account: Option<String>,
    event: Option<String>,
    fault: Option<String>,
    path: Option<String>,
    times: Option<u32>,
}

impl Asked {
    fn read(self) -> Option<Order> {
        let times = self.times.unwrap_or(1);
        let fault = Value::String(self.fault.unwrap_or_default());
        Some(match self.order.as_str() {
            "advance" => Order::Advance { seconds: self.seconds? },
            "dispute" => Order::Dispute { charge: self.charge? },
            "win" => Order::Win { dispute: self.dispute? },
            "lose" => Order::Lose { dispute: self.dispute? },
            "fail_payout" => Order::FailPayout { payout: self.payout? },
            "ask" => Order::Ask { account: self.account? },
            "stop" => Order::Stop { account: self.account? },
            "complete" => Order::Complete { account: self.account? },
            "redeliver" => Order::Redeliver { event: self.event? },
            "fault_call" => {
                let fault: CallFault = serde_json::from_value(fault).ok()?;
                Order::FaultCall {
                    fault,
                    path: self.path.unwrap_or_else(|| "/v1/".to_owned()),
                    times,
                }
            }
            "fault_event" => {
                let fault: EventFault = serde_json::from_value(fault).ok()?;
                Order::FaultEvent { fault, times }
            }
            "forget" => Order::Forget,
            _ => return None,
        })
    }
}

pub async fn order(Given(shared): Given<Arc<Shared>>, Form(asked): Form<Asked>) -> Response {
    let Some(order) = asked.read() else {
        let failure = Failure::invalid("", "The sandbox does not know this order.");
        return (StatusCode::BAD_REQUEST, draw(&shared, Some(&failure)).await).into_response();
    };
    match shared.apply(What::Order(order)).await {
        Ok(_) => Redirect::to("/_sandbox").into_response(),
        Err(failure) => {
            (StatusCode::BAD_REQUEST, draw(&shared, Some(&failure)).await).into_response()
        }
    }
}
