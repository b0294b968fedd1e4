//! How much was used, where and by what; and what uses add up to.
//!
//! Counts are never negative and have an end, so that sums of them fit 64 bits.

use std::ops::AddAssign;

use serde::{Deserialize, Serialize};

use super::Unit;
use crate::domain::{error::Refusal, terms::Scope};

/// The most of anything one event may count.
const COUNT_MAX: i64 = 1_000_000_000_000;
/// The most characters a dimension may have.
const LABEL_LENGTH_MAX: usize = 64;

/// How much one event used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Measures {
    pub calls: i64,
    pub pages: i64,
    pub tokens: i64,
    pub bytes: i64,
    pub training_examples: i64,
    pub inference_requests: i64,
}

impl Measures {
    /// What one delivery of the gate counts for. Tokens are known only to the consumer.
    pub fn of_delivery(scope: Scope, bytes: u64) -> Self {
        Self {
            calls: 1,
            pages: 1,
            tokens: 0,
            bytes: i64::try_from(bytes).unwrap_or(i64::MAX),
            training_examples: i64::from(scope == Scope::Training),
            inference_requests: i64::from(scope == Scope::Inference),
        }
    }

    /// How many of this unit.
    pub const fn of(&self, unit: Unit) -> i64 {
        match unit {
            Unit::Call | Unit::Image => self.calls,
            Unit::Page => self.pages,
            Unit::Token => self.tokens,
            Unit::Byte => self.bytes,
            Unit::Inference => self.inference_requests,
        }
    }

    /// Refuses counts that no event can have.
    pub fn check(&self) -> Result<(), Refusal> {
        for (field, count) in [
            ("calls", self.calls),
            ("pages", self.pages),
            ("tokens", self.tokens),
            ("bytes", self.bytes),
            ("training_examples", self.training_examples),
            ("inference_requests", self.inference_requests),
        ] {
            if !(0..=COUNT_MAX).contains(&count) {
                let sentence = t!("Count {field} from 0 to {COUNT_MAX}.");
                return Err(Refusal::invalid(field, sentence));
            }
        }
        Ok(())
    }
}

/// How much of an answer came from the work, in millionths of the whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "i32", into = "i32")]
pub struct Attribution(i32);

impl Attribution {
    /// Between nothing and the whole, both among it.
    pub fn millionths(millionths: i32) -> Result<Self, Refusal> {
        match millionths {
            0..=1_000_000 => Ok(Self(millionths)),
            _ => Err(Refusal::invalid("attribution", t!("Give millionths, from 0 to 1000000."))),
        }
    }

    /// The share.
    pub const fn get(self) -> i32 {
        self.0
    }
}

impl TryFrom<i32> for Attribution {
    type Error = Refusal;

    fn try_from(millionths: i32) -> Result<Self, Refusal> {
        Self::millionths(millionths)
    }
}

impl From<Attribution> for i32 {
    fn from(attribution: Attribution) -> Self {
        attribution.0
    }
}

/// Where a work was used, by which model and what kind of consumer; empty where nobody said.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Dimensions {
    pub region: String,
    pub model: String,
    pub consumer_class: String,
}

impl Dimensions {
    /// Refuses names that are long or hold anything but printable ASCII.
    pub fn check(&self) -> Result<(), Refusal> {
        for (field, label) in [
            ("region", &self.region),
            ("model", &self.model),
            ("consumer_class", &self.consumer_class),
        ] {
            let printable = label.bytes().all(|b| matches!(b, b' '..=b'~'));
            if !printable || label.len() > LABEL_LENGTH_MAX || label.trim() != label {
                return Err(Refusal::invalid(
                    field,
                    t!("Use at most {LABEL_LENGTH_MAX} printable ASCII characters."),
                ));
            }
        }
        Ok(())
    }
}

/// What uses add up to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Totals {
    pub calls: i64,
    pub pages: i64,
    pub tokens: i64,
    pub bytes: i64,
    pub training_examples: i64,
    pub inference_requests: i64,
    pub billable_units: i64,
    /// Events answered from a cache.
    pub cache_hits: i64,
    /// The sum of what was said, in millionths, and how many events said it.
    pub attribution_sum: i64,
    pub attribution_count: i64,
}

impl Totals {
    /// What one event adds.
    pub fn of(
        measures: &Measures,
        billable_units: i64,
        cache_hit: bool,
        attribution: Option<Attribution>,
    ) -> Self {
        Self {
            calls: measures.calls,
            pages: measures.pages,
            tokens: measures.tokens,
            bytes: measures.bytes,
            training_examples: measures.training_examples,
            inference_requests: measures.inference_requests,
            billable_units,
            cache_hits: i64::from(cache_hit),
            attribution_sum: attribution.map_or(0, |share| i64::from(share.get())),
            attribution_count: i64::from(attribution.is_some()),
        }
    }

    /// Each sum with its name, as columns and reports name them.
    pub const fn named(&self) -> [(&'static str, i64); 10] {
        [
            ("calls", self.calls),
            ("pages", self.pages),
            ("tokens", self.tokens),
            ("bytes", self.bytes),
            ("training_examples", self.training_examples),
            ("inference_requests", self.inference_requests),
            ("billable_units", self.billable_units),
            ("cache_hits", self.cache_hits),
            ("attribution_sum", self.attribution_sum),
            ("attribution_count", self.attribution_count),
        ]
    }
}

impl AddAssign for Totals {
    fn add_assign(&mut self, other: Self) {
        let add = i64::saturating_add;
        *self = Self {
            calls: add(self.calls, other.calls),
            pages: add(self.pages, other.pages),
            tokens: add(self.tokens, other.tokens),
            bytes: add(self.bytes, other.bytes),
            training_examples: add(self.training_examples, other.training_examples),
            inference_requests: add(self.inference_requests, other.inference_requests),
            billable_units: add(self.billable_units, other.billable_units),
            cache_hits: add(self.cache_hits, other.cache_hits),
            attribution_sum: add(self.attribution_sum, other.attribution_sum),
            attribution_count: add(self.attribution_count, other.attribution_count),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_is_not_negative_and_has_an_end() {
        assert!(Measures { tokens: COUNT_MAX, ..Measures::default() }.check().is_ok());
        for measures in [
            Measures { calls: -1, ..Measures::default() },
            Measures { bytes: COUNT_MAX + 1, ..Measures::default() },
            Measures { training_examples: i64::MIN, ..Measures::default() },
        ] {
            assert_eq!(measures.check().unwrap_err().code, "invalid_field");
        }
    }

    #[test]
    fn a_dimension_is_short_and_printable() {
        let model = |model: &str| Dimensions { model: model.into(), ..Dimensions::default() };
        assert!(model("").check().is_ok() && model("Llama 4 / 7B").check().is_ok());
        for bad in [" a", "a\n", "\0", "é", &"x".repeat(LABEL_LENGTH_MAX + 1)] {
            assert_eq!(model(bad).check().unwrap_err().field.as_deref(), Some("model"), "{bad:?}");
        }
    }

    #[test]
    fn attribution_is_a_share() {
        assert!(Attribution::millionths(0).is_ok() && Attribution::millionths(1_000_000).is_ok());
        assert!(
            Attribution::millionths(-1).is_err() && Attribution::millionths(1_000_001).is_err()
        );
    }
}
