//! The rule: what one use costs, given what is known of its unit.
//!
//! A judgement has either units to bill or the reason why there are none, never both and never
//! neither.

use chrono::{DateTime, Utc};

use super::Measures;
use crate::domain::{money::grouped, terms::Scope, text::text_enum};

text_enum! {
    /// Why a use costs nothing.
    pub enum FreeReason("free reason") {
        /// The same content reached the same consumer before, within the job's window.
        Repeat = "repeat",
        /// Looking before licensing is free.
        Preview = "preview",
        /// It happened before the license began to count.
        BeforeMeter = "before_meter",
        /// It holds none of the units the tier counts.
        NoUnits = "no_units",
    }
}

impl FreeReason {
    /// As a line of a feed says it.
    pub fn in_words(self) -> &'static str {
        match self {
            Self::Repeat => t!("Free: repeat"),
            Self::Preview => t!("Free: preview"),
            Self::BeforeMeter => t!("Free: before the license"),
            Self::NoUnits => t!("Free: no units"),
        }
    }
}

text_enum! {
    /// What a use for inference or display is billed by.
    pub enum Unit("unit") {
        /// Each call.
        Call = "call",
        /// Each page.
        Page = "page",
        /// Each token of a model.
        Token = "token",
        /// Each byte.
        Byte = "byte",
        /// Each image.
        Image = "image",
        /// Each answer of a model that read it.
        Inference = "inference",
    }
}

impl Unit {
    /// One of it, in a sentence.
    pub fn singular(self) -> &'static str {
        match self {
            Self::Call => t!("request"),
            Self::Page => t!("page"),
            Self::Token => t!("token"),
            Self::Byte => t!("byte"),
            Self::Image => t!("image"),
            Self::Inference => t!("inference"),
        }
    }

    /// Several of it, in a sentence.
    pub fn plural(self) -> &'static str {
        match self {
            Self::Call => t!("requests"),
            Self::Page => t!("pages"),
            Self::Token => t!("tokens"),
            Self::Byte => t!("bytes"),
            Self::Image => t!("images"),
            Self::Inference => t!("inferences"),
        }
    }

    /// So many of it, in a sentence.
    pub fn counted(self, count: i64) -> String {
        let n = grouped(&count.to_string());
        match self {
            Self::Call => tn!(count, "1 request", "{n} requests"),
            Self::Page => tn!(count, "1 page", "{n} pages"),
            Self::Token => tn!(count, "1 token", "{n} tokens"),
            Self::Byte => tn!(count, "1 byte", "{n} bytes"),
            Self::Image => tn!(count, "1 image", "{n} images"),
            Self::Inference => tn!(count, "1 inference", "{n} inferences"),
        }
    }

    /// Whether one delivery for training is one of it: training is billed by the delivery.
    pub const fn counts_training(self) -> bool {
        matches!(self, Self::Call | Self::Page | Self::Image)
    }

    /// How many units a delivery of the gate counts for. Tokens are known only to the consumer, who
    /// reports them.
    pub fn of_delivery(self, scope: Scope, bytes: u64) -> i64 {
        match scope {
            Scope::Training | Scope::Preview => 1,
            Scope::Inference | Scope::Display => Measures::of_delivery(scope, bytes).of(self),
        }
    }
}

/// How the uses of a license are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Metered {
    /// Nothing before this instant is billed.
    pub since: DateTime<Utc>,
    pub unit: Unit,
}

/// The part of a use that decides what it costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Use {
    pub scope: Scope,
    pub occurred_at: DateTime<Utc>,
    pub measures: Measures,
    /// What its receipt says. Who was told that a delivery is free is never billed for it.
    pub free_said: Option<FreeReason>,
}

impl Use {
    /// Whether it may be the first of its unit. What is free for another reason leaves the unit to
    /// the next one.
    pub fn claims_unit(&self, metered: &Metered) -> bool {
        once_per_window(self.scope) && self.free_said.is_none() && self.occurred_at >= metered.since
    }
}

/// What one use costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Judgement {
    pub billable_units: i64,
    /// There exactly where nothing is billed.
    pub free_reason: Option<FreeReason>,
}

impl Judgement {
    const fn free(reason: FreeReason) -> Self {
        Self { billable_units: 0, free_reason: Some(reason) }
    }
}

/// Whether uses of this scope are billed once per content, consumer and window.
pub const fn once_per_window(scope: Scope) -> bool {
    matches!(scope, Scope::Training)
}

/// The rule. `taken` says whether an earlier use claimed the unit; it matters only where
/// `claims_unit` holds.
pub fn judge(taken: bool, each: &Use, metered: &Metered) -> Judgement {
    if each.scope == Scope::Preview {
        return Judgement::free(FreeReason::Preview);
    }
    if let Some(said) = each.free_said {
        return Judgement::free(said);
    }
    if each.occurred_at < metered.since {
        return Judgement::free(FreeReason::BeforeMeter);
    }
    let units = match each.scope {
        Scope::Training if taken => return Judgement::free(FreeReason::Repeat),
        Scope::Training => 1,
        _ => each.measures.of(metered.unit),
    };
    match units {
        ..=0 => Judgement::free(FreeReason::NoUnits),
        billable_units => Judgement { billable_units, free_reason: None },
    }
}

#[cfg(test)]
mod tests;
