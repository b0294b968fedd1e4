//! Everything that can happen to the sandbox from outside. What is noted in the log is exactly this,
//! so replaying the log leads to the same state.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    agenda::{DAY, Task},
    api::{self, accounts, cards, checkout, disputes, invoices, payouts},
    fail::Failure,
    faults::{CallFault, EventFault},
    form,
    idempotency::digest,
    params::Params,
    shape::text,
    state::State,
};

/// One thing, and when it happened on the virtual clock.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Input {
    pub at: i64,
    pub what: What,
}

/// A call of the API that changes something.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Call {
    pub method: String,
    pub path: String,
    pub body: String,
    pub account: Option<String>,
    pub key: Option<String>,
    pub request: String,
}

/// What can happen.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// The first of all: what ids are made from.
    Begin {
        seed: String,
    },
    Call(Call),
    /// A buyer leaves a card on a Checkout page.
    Checkout {
        session: String,
        number: String,
    },
    /// A buyer leaves another card in the portal.
    ChangeCard {
        session: String,
        number: String,
    },
    /// A buyer pays an invoice on its page.
    PayInvoice {
        invoice: String,
        number: String,
    },
    /// A creator goes through the form of an account link.
    Onboard {
        token: String,
        how: String,
    },
    Order(Order),
    /// The clock moved, and something is due.
    Tick,
    /// An attempt to deliver an event has ended.
    Delivered {
        ticket: u64,
        is_taken: bool,
    },
}

/// What the control panel can ask for.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "order", rename_all = "snake_case")]
pub enum Order {
    Advance {
        seconds: i64,
    },
    Dispute {
        charge: String,
    },
    Win {
        dispute: String,
    },
    Lose {
        dispute: String,
    },
    FailPayout {
        payout: String,
    },
    /// More is to be known of an account, by a deadline.
    Ask {
        account: String,
    },
    /// More is to be known, and it is too late already.
    Stop {
        account: String,
    },
    /// All is known again.
    Complete {
        account: String,
    },
    Redeliver {
        event: String,
    },
    FaultCall {
        fault: CallFault,
        path: String,
        times: u32,
    },
    FaultEvent {
        fault: EventFault,
        times: u32,
    },
    Forget,
}

/// What comes of it.
#[derive(Clone, Debug)]
pub enum Reply {
    /// An answer of the API.
    Answer { status: u16, body: Value, is_replayed: bool, fault: Option<CallFault> },
    /// Where a person goes next.
    Next(String),
    /// Nothing to say.
    Nothing,
}

impl State {
    /// Applies one input. This is the only way anything changes.
    pub fn apply(&mut self, input: Input) -> Result<Reply, Failure> {
        self.advance(input.at);
        self.cause = (None, None);
        match input.what {
            What::Begin { seed } => {
                *self = Self::new(seed, std::mem::take(&mut self.base));
                self.now = input.at;
                self.later((input.at / DAY + 1) * DAY, Task::PayOut);
                Ok(Reply::Nothing)
            }
            What::Call(call) => Ok(self.call(&call)),
            What::Checkout { session, number } => {
                checkout::complete(self, &session, &number).map(Reply::Next)
            }
            What::ChangeCard { session, number } => self.change_card(&session, &number),
            What::PayInvoice { invoice, number } => self.pay_invoice(&invoice, &number),
            What::Onboard { token, how } => {
                let how = match how.as_str() {
                    "half_way" => accounts::Onboarded::HalfWay,
                    "unverified" => accounts::Onboarded::Unverified,
                    _ => accounts::Onboarded::Complete,
                };
                let (Ok(next) | Err(next)) = accounts::onboard(self, &token, how);
                Ok(Reply::Next(next))
            }
            What::Order(order) => self.order(order).map(|()| Reply::Nothing),
            What::Tick => Ok(Reply::Nothing),
            What::Delivered { ticket, is_taken } => {
                self.delivered(ticket, is_taken);
                Ok(Reply::Nothing)
            }
        }
    }

    fn call(&mut self, call: &Call) -> Reply {
        let request = digest(&call.method, &call.path, &call.body);
        let account = call.account.as_deref();
        if let Some(key) = &call.key {
            match self.answered(account, key, request) {
                Ok(Some(saved)) => {
                    return Reply::Answer {
                        status: saved.status,
                        body: saved.body,
                        is_replayed: true,
                        fault: None,
                    };
                }
                Ok(None) => {}
                Err(failure) => return refuse(&failure, None),
            }
        }
        let fault = self.faults.take_call(&call.path);
        match fault {
            Some(CallFault::ErrorBefore) => return refuse(&Failure::broken(500), fault),
            Some(CallFault::CutBefore) => return refuse(&Failure::broken(500), fault),
            Some(CallFault::Conflict) => {
                let failure = Failure::invalid(
                    "lock_timeout",
                    "This object cannot be accessed right now because another API request is currently accessing it.",
                );
                return refuse(&failure.with_status(409), fault);
            }
            Some(CallFault::TooMany) => {
                let failure = Failure::invalid("rate_limit", "Request rate limit exceeded.");
                return refuse(&failure.with_status(429), fault);
            }
            _ => {}
        }
        self.cause = (call.key.clone(), Some(call.request.clone()));
        let params = Params::new(form::decode(call.body.as_bytes()));
        let answer = api::carry_out(self, account, &call.method, &call.path, params);
        let (mut status, mut body) = match &answer {
            Ok(body) => (200, body.clone()),
            Err(failure) => (failure.status, failure.body()),
        };
        if fault == Some(CallFault::ErrorAfter) {
            (status, body) = (500, Failure::broken(500).body());
        }
        let is_kept = match &answer {
            Err(failure) => fault == Some(CallFault::ErrorAfter) || !failure.is_before_execution(),
            Ok(_) => true,
        };
        if let (Some(key), true) = (&call.key, is_kept) {
            self.keep(account, key, request, status, body.clone());
        }
        Reply::Answer { status, body, is_replayed: false, fault }
    }

    fn change_card(&mut self, session: &str, number: &str) -> Result<Reply, Failure> {
        let found = self
            .find(session)
            .filter(|found| found["object"] == "billing_portal.session")
            .cloned()
            .ok_or_else(|| Failure::missing("portal session", session))?;
        let owner = found["_"]["owner"].as_str().map(str::to_owned);
        let customer = text(&found, "customer").to_owned();
        let card = cards::make(self, owner.as_deref(), number)?;
        let card = cards::give(self, owner.as_deref(), text(&card, "id"), &customer)?;
        self.change(&customer, json!({"invoice_settings": {"default_payment_method": card}}));
        self.emit("customer.updated", &customer);
        Ok(Reply::Next(text(&found, "return_url").to_owned()))
    }

    fn pay_invoice(&mut self, invoice: &str, number: &str) -> Result<Reply, Failure> {
        let found = self
            .find(invoice)
            .filter(|found| found["object"] == "invoice" && found["status"] == "open")
            .cloned()
            .ok_or_else(|| Failure::missing("invoice", invoice))?;
        let owner = found["_"]["owner"].as_str().map(str::to_owned);
        let card = cards::make(self, owner.as_deref(), number)?;
        invoices::pay_with(self, owner.as_deref(), &found, text(&card, "id"))?;
        Ok(Reply::Next(format!("/invoice/{invoice}")))
    }

    fn order(&mut self, order: Order) -> Result<(), Failure> {
        match order {
            Order::Advance { seconds } => {
                let seconds = seconds.clamp(0, 400 * DAY);
                self.offset = self.offset.saturating_add(seconds);
                let to = self.now.saturating_add(seconds);
                self.advance(to);
            }
            Order::Dispute { charge } => {
                disputes::open(self, &charge, "fraudulent")?;
            }
            Order::Win { dispute } => disputes::decide(self, &dispute, true)?,
            Order::Lose { dispute } => disputes::decide(self, &dispute, false)?,
            Order::FailPayout { payout } => payouts::fail(self, &payout)?,
            Order::Ask { account } => {
                accounts::ask(self, &account, &["individual.verification.document"], None, None);
            }
            Order::Stop { account } => accounts::ask(
                self,
                &account,
                &["individual.verification.document"],
                Some("requirements.past_due"),
                Some("The deadline for this document has passed."),
            ),
            Order::Complete { account } => accounts::complete(self, &account),
            Order::Redeliver { event } => self.deliver_again(&event),
            Order::FaultCall { fault, path, times } => {
                self.faults.order_call(fault, path, times.clamp(1, 1_000));
            }
            Order::FaultEvent { fault, times } => {
                self.faults.order_event(fault, times.clamp(1, 1_000));
            }
            Order::Forget => self.faults.forget(),
        }
        Ok(())
    }
}

fn refuse(failure: &Failure, fault: Option<CallFault>) -> Reply {
    Reply::Answer { status: failure.status, body: failure.body(), is_replayed: false, fault }
}
