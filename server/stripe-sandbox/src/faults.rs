//! Bad luck, on order: what the next calls or the next events are to suffer.

use serde::{Deserialize, Serialize};

/// What happens to a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallFault {
    /// A status of 500, and nothing was done.
    ErrorBefore,
    /// It was done, and the answer is a 500.
    ErrorAfter,
    /// The connection ends before anything was done.
    CutBefore,
    /// It was done, and the connection ends without an answer.
    CutAfter,
    /// Somebody else holds the object: 409.
    Conflict,
    /// Too many calls: 429.
    TooMany,
    /// The answer takes three seconds.
    Slow,
}

/// What happens to an event on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventFault {
    /// It comes twice.
    Duplicated,
    /// It comes after the one that follows it.
    Reordered,
    /// It comes an hour late.
    Late,
    /// It comes with a wrong signature first.
    BadlySigned,
    /// It never comes; only the list of events has it.
    Lost,
}

/// Faults that are waiting for their turn.
#[derive(Clone, Debug, Default)]
pub struct Faults {
    calls: Vec<(CallFault, String, u32)>,
    events: Vec<(EventFault, u32)>,
}

impl Faults {
    /// Orders a fault for the next calls whose path begins like this.
    pub fn order_call(&mut self, fault: CallFault, path: String, times: u32) {
        self.calls.push((fault, path, times));
    }

    /// Orders a fault for the next events.
    pub fn order_event(&mut self, fault: EventFault, times: u32) {
        self.events.push((fault, times));
    }

    /// The fault of a call that changes something, taken off the list.
    pub fn take_call(&mut self, path: &str) -> Option<CallFault> {
        let place =
            self.calls.iter().position(|(_, prefix, _)| path.starts_with(prefix.as_str()))?;
        let (fault, _, times) = self.calls.get_mut(place)?;
        let fault = *fault;
        *times = times.saturating_sub(1);
        if *times == 0 {
            self.calls.remove(place);
        }
        Some(fault)
    }

    /// The fault a call would meet; it stays on the list.
    pub fn peek_call(&self, path: &str) -> Option<CallFault> {
        self.calls
            .iter()
            .find(|(_, prefix, _)| path.starts_with(prefix.as_str()))
            .map(|(fault, ..)| *fault)
    }

    /// The fault of an event, taken off the list.
    pub fn take_event(&mut self) -> Option<EventFault> {
        let (fault, times) = self.events.first_mut()?;
        let fault = *fault;
        *times = times.saturating_sub(1);
        if *times == 0 {
            self.events.remove(0);
        }
        Some(fault)
    }

    /// What is waiting, in words.
    pub fn waiting(&self) -> Vec<String> {
        let calls = self.calls.iter().map(|(fault, path, times)| {
            format!("{} for the next {times} calls of {path}", word(fault))
        });
        let events = self
            .events
            .iter()
            .map(|(fault, times)| format!("{} for the next {times} events", word(fault)));
        calls.chain(events).collect()
    }

    /// Takes every fault off the list.
    pub fn forget(&mut self) {
        *self = Self::default();
    }
}

fn word(fault: impl Serialize) -> String {
    match serde_json::to_value(fault) {
        Ok(serde_json::Value::String(word)) => word.replace('_', " "),
        _ => String::new(),
    }
}
