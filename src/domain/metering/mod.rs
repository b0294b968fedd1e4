//! Which uses cost money, and what they add up to.
//!
//! A training use is billed once per content, consumer and window; an inference use is billed each
//! time; a preview never. Which of several equal training uses is the first does not change what
//! they cost together, so late and shuffled events come out the same.

mod range;

use std::ops::AddAssign;

use chrono::{DateTime, DurationRound as _, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

pub use range::{Grain, Range, month_start};

use super::{
    error::{Kind, Refusal},
    terms::Scope,
    text::text_enum,
};

text_enum! {
    /// Why a use costs nothing.
    pub enum FreeReason("free reason") {
        /// The same content reached the same consumer before, within the job's window.
        Repeat = "repeat",
        /// Looking before licensing is free.
        Preview = "preview",
    }
}

impl FreeReason {
    /// As a line of a feed says it.
    pub const fn in_words(self) -> &'static str {
        match self {
            Self::Repeat => "Free: repeat",
            Self::Preview => "Free: preview",
        }
    }
}

text_enum! {
    /// From which side of a license its use is looked at.
    pub enum Side("side") {
        /// The organization whose works were used.
        Creator = "creator",
        /// The organization that used them.
        Buyer = "buyer",
    }
}

/// The most characters a job's name may have.
pub const JOB_LENGTH_MAX: usize = 128;

/// The consumer's own name for a job: printable ASCII, no blanks at its ends.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct JobName(String);

impl JobName {
    /// Reads what a machine sent.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        let printable = text.bytes().all(|b| matches!(b, b' '..=b'~'));
        if text.is_empty() || text.len() > JOB_LENGTH_MAX || !printable || text.trim() != text {
            return Err(Refusal::new(
                Kind::Malformed,
                "invalid_job",
                format!("Name the job with 1 to {JOB_LENGTH_MAX} printable ASCII characters."),
            ));
        }
        Ok(Self(text.to_owned()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for JobName {
    type Error = Refusal;

    fn try_from(text: String) -> Result<Self, Refusal> {
        Self::parse(&text)
    }
}

impl From<JobName> for String {
    fn from(job: JobName) -> Self {
        job.0
    }
}

/// The window in which a content is billed once: the job's, or the calendar month (UTC) where no
/// job is named. The two can never be mistaken for each other.
pub fn window_key(job: Option<&JobName>, at: DateTime<Utc>) -> String {
    match job {
        Some(job) => format!("job:{}", job.as_str()),
        None => format!("month:{}", at.format("%Y-%m")),
    }
}

/// The hour an event is counted in.
pub fn hour(at: DateTime<Utc>) -> DateTime<Utc> {
    at.duration_trunc(TimeDelta::hours(1)).unwrap_or(at)
}

/// What one use costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Judgement {
    pub billable_units: i64,
    /// There exactly where nothing is billed.
    pub free_reason: Option<FreeReason>,
}

impl Judgement {
    /// What the use takes from the quota: everything but repeats does.
    pub const fn quota_units(self) -> i64 {
        match self.free_reason {
            Some(FreeReason::Repeat) => 0,
            Some(FreeReason::Preview) | None => 1,
        }
    }
}

/// Whether uses of this scope are billed once per content, consumer and window.
pub const fn once_per_window(scope: Scope) -> bool {
    matches!(scope, Scope::Training)
}

/// The rule. `first` says whether this use claimed its window; it matters only where
/// `once_per_window` holds.
pub const fn judge(scope: Scope, first: bool) -> Judgement {
    match scope {
        Scope::Preview => Judgement { billable_units: 0, free_reason: Some(FreeReason::Preview) },
        Scope::Training if !first => {
            Judgement { billable_units: 0, free_reason: Some(FreeReason::Repeat) }
        }
        Scope::Training | Scope::Inference => Judgement { billable_units: 1, free_reason: None },
    }
}

/// What uses add up to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Totals {
    pub calls: i64,
    pub bytes: i64,
    pub billable_units: i64,
}

impl AddAssign for Totals {
    fn add_assign(&mut self, other: Self) {
        self.calls = self.calls.saturating_add(other.calls);
        self.bytes = self.bytes.saturating_add(other.bytes);
        self.billable_units = self.billable_units.saturating_add(other.billable_units);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use proptest::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, Hash)]
    struct Use {
        key: u16,
        scope: Scope,
        consumer: u8,
        content: u8,
        job: Option<JobName>,
        at: DateTime<Utc>,
    }

    fn uses() -> impl Strategy<Value = Vec<Use>> {
        let one = (0..3_usize, 0..3_u8, 0..4_u8, proptest::option::of(0..3_u8), 0..90_i64);
        proptest::collection::vec(one, 0..60).prop_map(|drawn| {
            drawn
                .into_iter()
                .enumerate()
                .map(|(key, (scope, consumer, content, job, day))| Use {
                    key: u16::try_from(key).unwrap(),
                    scope: Scope::ALL[scope],
                    consumer,
                    content,
                    job: job.map(|job| JobName::parse(&format!("run-{job}")).unwrap()),
                    at: DateTime::UNIX_EPOCH + TimeDelta::days(day),
                })
                .collect()
        })
    }

    /// Meters a history as it arrives: equal keys are one event.
    fn meter(history: &[Use]) -> (i64, i64) {
        let (mut keys, mut claimed) = (HashSet::new(), HashSet::new());
        let (mut billable, mut quota) = (0, 0);
        for each in history {
            if !keys.insert(each.key) {
                continue;
            }
            let window = (each.consumer, each.content, window_key(each.job.as_ref(), each.at));
            let first = once_per_window(each.scope) && claimed.insert(window);
            let judgement = judge(each.scope, first);
            billable += judgement.billable_units;
            quota += judgement.quota_units();
        }
        (billable, quota)
    }

    proptest! {
        #[test]
        fn order_and_repetition_do_not_change_what_a_history_costs(
            (history, shuffled) in uses().prop_flat_map(|history| {
                let twice: Vec<Use> = history.iter().chain(&history).cloned().collect();
                (Just(history), Just(twice).prop_shuffle())
            })
        ) {
            prop_assert_eq!(meter(&history), meter(&shuffled));
        }

        #[test]
        fn each_training_window_is_billed_once_and_each_inference_each_time(history in uses()) {
            let windows: HashSet<_> = history
                .iter()
                .filter(|each| each.scope == Scope::Training)
                .map(|each| (each.consumer, each.content, window_key(each.job.as_ref(), each.at)))
                .collect();
            let calls = |scope| history.iter().filter(|each| each.scope == scope).count();
            let billable = i64::try_from(windows.len() + calls(Scope::Inference)).unwrap();
            let previews = i64::try_from(calls(Scope::Preview)).unwrap();
            prop_assert_eq!(meter(&history), (billable, billable + previews));
        }
    }

    #[test]
    fn a_judgement_is_free_exactly_where_it_has_a_reason() {
        for &scope in Scope::ALL {
            for first in [true, false] {
                let judgement = judge(scope, first);
                assert_eq!(judgement.billable_units == 0, judgement.free_reason.is_some());
            }
        }
    }

    #[test]
    fn a_job_named_like_a_month_is_not_that_month() {
        let at: DateTime<Utc> = "2026-11-30T23:59:59.999999Z".parse().unwrap();
        assert_eq!(window_key(None, at), "month:2026-11");
        assert_eq!(window_key(None, at + TimeDelta::microseconds(1)), "month:2026-12");
        let job = JobName::parse("month:2026-11").unwrap();
        assert_ne!(window_key(Some(&job), at), window_key(None, at));
    }

    #[test]
    fn the_last_microsecond_of_an_hour_belongs_to_it() {
        let at: DateTime<Utc> = "2026-11-30T23:59:59.999999Z".parse().unwrap();
        assert_eq!(hour(at).to_rfc3339(), "2026-11-30T23:00:00+00:00");
        assert_eq!(hour(hour(at)), hour(at));
    }

    #[test]
    fn a_job_name_is_short_and_printable() {
        assert!(JobName::parse("llm-7b / epoch 3").is_ok());
        let long = "x".repeat(JOB_LENGTH_MAX + 1);
        for bad in ["", " a", "a ", "a\nb", "a\0", "é", long.as_str()] {
            assert_eq!(JobName::parse(bad).unwrap_err().code, "invalid_job", "{bad:?}");
        }
    }
}
