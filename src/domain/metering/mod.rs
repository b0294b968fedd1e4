//! Which uses cost money, and what they add up to.
//!
//! A training use is billed once per content, consumer and window; an inference or display use by
//! what the tier counts; a preview never, and nothing that happened before the license began. Which
//! of several equal training uses is the first does not change what they cost together, so late and
//! shuffled events come out the same.

mod measure;
mod range;
mod reported;
mod rule;

use chrono::{DateTime, DurationRound as _, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

pub use measure::{Attribution, Dimensions, Measures, Totals};
pub use range::{Grain, Range, month_start};
pub use reported::{
    BATCH_MAX, EVENT_AGE_DAYS_MAX, EVENT_AHEAD_HOURS_MAX, KEY_LENGTH_MAX, Reported,
};
pub use rule::{FreeReason, Judgement, Metered, Unit, Use, judge, once_per_window};

use super::{
    asset::ContentId,
    error::{Kind, Refusal},
    ids::OrgId,
    text::text_enum,
};

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
                t!("Name the job with 1 to {JOB_LENGTH_MAX} printable ASCII characters."),
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

/// What is billed once, in 16 bytes: the first ones of the SHA-256 of the consumer, the content and
/// the window's key.
pub fn unit_hash(org_id: OrgId, content_id: &ContentId, window_key: &str) -> Uuid {
    // The first two have a fixed length, so the parts cannot run into each other.
    let mut hasher = Sha256::new();
    hasher.update(org_id.uuid().as_bytes());
    hasher.update(content_id.as_str());
    hasher.update(window_key);
    shortened(hasher)
}

/// The first 16 bytes of a digest.
fn shortened(hasher: Sha256) -> Uuid {
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hasher.finalize()[..16]);
    Uuid::from_bytes(bytes)
}

/// The hour an event is counted in.
pub fn hour(at: DateTime<Utc>) -> DateTime<Utc> {
    at.duration_trunc(TimeDelta::hours(1)).unwrap_or(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_named_like_a_month_is_not_that_month() {
        let at: DateTime<Utc> = "2026-11-30T23:59:59.999999Z".parse().unwrap();
        assert_eq!(window_key(None, at), "month:2026-11");
        assert_eq!(window_key(None, at + TimeDelta::microseconds(1)), "month:2026-12");
        let job = JobName::parse("month:2026-11").unwrap();
        assert_ne!(window_key(Some(&job), at), window_key(None, at));
    }

    #[test]
    fn a_unit_is_one_consumer_one_content_and_one_window() {
        let org = |n| <OrgId as crate::domain::ids::TypedId>::from_uuid(Uuid::from_u128(n));
        let (a, b) = (ContentId::of(b"a"), ContentId::of(b"b"));
        let unit = unit_hash(org(1), &a, "month:2026-11");
        assert_eq!(unit, unit_hash(org(1), &a, "month:2026-11"));
        for other in [
            unit_hash(org(2), &a, "month:2026-11"),
            unit_hash(org(1), &b, "month:2026-11"),
            unit_hash(org(1), &a, "month:2026-12"),
        ] {
            assert_ne!(unit, other);
        }
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
