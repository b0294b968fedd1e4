//! What the sandbox does by itself as its clock moves: money settles, payouts are made and arrive,
//! refunds end.

use serde_json::json;

use crate::{
    api::{payouts, refunds},
    balance::settle,
    shape::text,
    state::State,
};

/// One of these things.
#[derive(Clone, Debug)]
pub enum Task {
    /// A pending line of the books becomes available.
    Settle(String),
    /// Accounts with automatic payouts are paid out; every midnight.
    PayOut,
    /// A payout leaves.
    SendPayout(String),
    /// A payout arrives.
    LandPayout(String),
    /// A refund fails after it looked fine.
    FailRefund(String),
    /// A link or a page is no longer good.
    Expire(String),
}

/// Seconds in a day.
pub const DAY: i64 = 86_400;

impl State {
    /// Puts a task on the agenda.
    pub fn later(&mut self, due: i64, task: Task) {
        let ticket = self.ticket();
        self.agenda.insert((due, ticket), task);
    }

    /// Whether anything is due at this time.
    pub fn is_due(&self, at: i64) -> bool {
        self.agenda.keys().next().is_some_and(|(due, _)| *due <= at)
    }

    /// Moves the clock forward, one task after the other; it never goes back.
    pub fn advance(&mut self, to: i64) {
        while let Some(((due, _), task)) = self
            .agenda
            .first_entry()
            .filter(|first| first.key().0 <= to)
            .map(std::collections::btree_map::OccupiedEntry::remove_entry)
        {
            self.now = self.now.max(due);
            self.cause = (None, None);
            self.carry_out(task);
        }
        self.now = self.now.max(to);
    }

    fn carry_out(&mut self, task: Task) {
        match task {
            Task::Settle(id) => settle(self, &id),
            Task::PayOut => {
                payouts::pay_everybody_out(self);
                let midnight = (self.now / DAY + 1) * DAY;
                self.later(midnight, Task::PayOut);
            }
            Task::SendPayout(id) => payouts::send(self, &id),
            Task::LandPayout(id) => payouts::land(self, &id),
            Task::FailRefund(id) => refunds::fail(self, &id),
            Task::Expire(id) => {
                let is_open = self.find(&id).is_some_and(|page| text(page, "status") == "open");
                if is_open {
                    self.change(&id, json!({"status": "expired", "url": null}));
                    self.emit("checkout.session.expired", &id);
                }
            }
        }
    }
}
