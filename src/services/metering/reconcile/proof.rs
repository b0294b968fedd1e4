//! What was compared, what differs, and how it is said.

use std::fmt;

use chrono::{DateTime, Utc};

use crate::domain::{
    ids::{LicenseId, UsageEventId},
    metering::Grain,
    terms::Scope,
};

/// What was compared, and what differs.
#[derive(Clone, Debug)]
pub struct Proof {
    pub checks: Vec<Check>,
}

impl Proof {
    /// Whether everything agrees.
    pub fn holds(&self) -> bool {
        self.checks.iter().all(|check| check.differing == 0)
    }
}

/// One comparison.
#[derive(Clone, Debug)]
pub struct Check {
    /// What must be equal, as a sentence without its full stop.
    pub claim: &'static str,
    /// How many rows were held against each other.
    pub compared: i64,
    /// How many of them differ.
    pub differing: i64,
    /// What differs in the first of those.
    pub differences: Vec<Difference>,
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = if self.differing == 0 { "ok  " } else { "FAIL" };
        write!(f, "{verdict} {}: {} compared", self.claim, self.compared)?;
        if self.differing > 0 {
            write!(f, ", {} differ", self.differing)?;
        }
        Ok(())
    }
}

/// Something that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Difference {
    /// A sum is not what its events add up to.
    Sum {
        grain: Grain,
        bucket: DateTime<Utc>,
        license_id: LicenseId,
        scope: Scope,
        /// Region, model and consumer class.
        dimensions: [String; 3],
        metric: &'static str,
        stored: i64,
        raw: i64,
    },
    /// A month whose events are in the archive, and what is wrong about its sums.
    Archived { month: String, fault: String },
    /// An event, and what is wrong about it.
    Event { usage_event_id: UsageEventId, fault: String },
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sum { grain, bucket, license_id, scope, dimensions, metric, stored, raw } => {
                let [region, model, class] = dimensions;
                write!(
                    f,
                    "{grain} {} license {license_id} {scope} region={region:?} model={model:?} \
                     class={class:?}: {metric} is {stored}, its events add up to {raw}",
                    bucket.format("%Y-%m-%dT%H:%MZ"),
                )
            }
            Self::Archived { month, fault } => write!(f, "archived month {month}: {fault}"),
            Self::Event { usage_event_id, fault } => write!(f, "event {usage_event_id}: {fault}"),
        }
    }
}
