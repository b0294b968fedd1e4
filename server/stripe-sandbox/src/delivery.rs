//! Telling webhook endpoints what happened: signed, at least once, again after a failure, on the
//! virtual clock.

use aws_lc_rs::hmac;
use serde_json::json;

use crate::{
    faults::EventFault,
    shape::{shown, text},
    state::State,
};

/// Seconds until the next attempt, after each that failed.
const RETRY_SECONDS: [i64; 8] = [5, 60, 300, 1_800, 7_200, 18_000, 36_000, 86_400];

/// One event on its way to one endpoint.
#[derive(Clone, Debug)]
pub struct Delivery {
    pub event: String,
    pub endpoint: String,
    pub due: i64,
    pub attempt: usize,
    /// Whether the next attempt is signed with a wrong secret.
    pub is_badly_signed: bool,
}

/// What is to be sent, and where.
#[derive(Clone, Debug)]
pub struct Letter {
    pub ticket: u64,
    pub url: String,
    pub body: String,
    pub signature: String,
}

impl State {
    /// The endpoints that want an event of this kind.
    pub fn wanting(&self, kind: &str, account: Option<&str>) -> Vec<String> {
        self.every("webhook_endpoint")
            .filter(|endpoint| {
                let kinds =
                    endpoint["enabled_events"].as_array().map(Vec::as_slice).unwrap_or_default();
                endpoint["status"] == "enabled"
                    && endpoint["_"]["connect"].as_bool().unwrap_or_default() == account.is_some()
                    && kinds.iter().any(|wanted| wanted == "*" || wanted == kind)
            })
            .map(|endpoint| text(endpoint, "id").to_owned())
            .collect()
    }

    /// Plans the deliveries of an event, with the faults that were ordered.
    pub fn plan_deliveries(&mut self, event: &str, endpoints: &[String]) {
        if endpoints.is_empty() {
            return;
        }
        let fault = self.faults.take_event();
        for endpoint in endpoints {
            let delay = match fault {
                Some(EventFault::Lost) => continue,
                Some(EventFault::Reordered) => 3,
                Some(EventFault::Late) => 3_600,
                _ => 0,
            };
            let delivery = Delivery {
                event: event.to_owned(),
                endpoint: endpoint.clone(),
                due: self.now + delay,
                attempt: 0,
                is_badly_signed: fault == Some(EventFault::BadlySigned),
            };
            let copies = if fault == Some(EventFault::Duplicated) { 2 } else { 1 };
            for _ in 0..copies {
                let ticket = self.ticket();
                self.deliveries.insert(ticket, delivery.clone());
            }
        }
    }

    /// The letters that are due now, oldest first. They are signed at `signed_at`: whoever gets them
    /// looks at the clock on the wall, not at ours.
    pub fn due_letters(&self, now: i64, signed_at: i64, count_max: usize) -> Vec<Letter> {
        self.deliveries
            .iter()
            .filter(|(_, delivery)| delivery.due <= now)
            .filter_map(|(ticket, delivery)| self.letter(*ticket, delivery, signed_at))
            .take(count_max)
            .collect()
    }

    fn letter(&self, ticket: u64, delivery: &Delivery, signed_at: i64) -> Option<Letter> {
        let event = self.find(&delivery.event)?;
        let endpoint = self.find(&delivery.endpoint)?;
        let body = serde_json::to_string_pretty(&shown(event)).ok()?;
        let secret = match delivery.is_badly_signed {
            true => "whsec_wrong",
            false => text(&endpoint["_"], "secret"),
        };
        Some(Letter {
            ticket,
            url: text(endpoint, "url").to_owned(),
            signature: sign(secret, signed_at, &body),
            body,
        })
    }

    /// Notes how an attempt ended.
    pub fn delivered(&mut self, ticket: u64, is_taken: bool) {
        let Some(mut delivery) = self.deliveries.remove(&ticket) else { return };
        if is_taken {
            let waiting = self
                .find(&delivery.event)
                .map_or(0, |event| crate::shape::int(event, "pending_webhooks"));
            self.change(&delivery.event, json!({"pending_webhooks": (waiting - 1).max(0)}));
            return;
        }
        let Some(delay) = RETRY_SECONDS.get(delivery.attempt) else { return };
        delivery.attempt += 1;
        delivery.due = self.now + delay;
        delivery.is_badly_signed = false;
        self.deliveries.insert(ticket, delivery);
    }

    /// Sends an event again, as a person may ask for.
    pub fn deliver_again(&mut self, event: &str) {
        let Some(found) = self.find(event).cloned() else { return };
        let account = found["account"].as_str().map(str::to_owned);
        let wanted = self.wanting(text(&found, "type"), account.as_deref());
        self.plan_deliveries(event, &wanted);
    }
}

/// The header `Stripe-Signature`.
pub fn sign(secret: &str, at: i64, body: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let tag = hmac::sign(&key, format!("{at}.{body}").as_bytes());
    let hex: String = tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("t={at},v1={hex}")
}
