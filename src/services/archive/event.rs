//! A usage event as it lies in the archive, and what many of them add up to.

use std::ops::AddAssign;

use chrono::{DateTime, Utc};

use super::columns::rows;
use crate::domain::{
    ids::{AssetId, LicenseId, OrgId, UsageEventId},
    metering::FreeReason,
    terms::Scope,
};

rows! {
    /// Everything that `usage_event` said of one use. Empty text where nobody said.
    pub struct ArchivedEvent {
        pub usage_event_id: UsageEventId,
        pub license_id: LicenseId,
        /// The buyer.
        pub org_id: OrgId,
        pub creator_org_id: OrgId,
        pub asset_id: AssetId,
        /// Who reported it; missing where the gate saw it.
        pub sender_org_id: Option<OrgId>,
        pub occurred_at: DateTime<Utc>,
        pub recorded_at: DateTime<Utc>,
        pub billable_units: i64,
        pub calls: i64,
        pub pages: i64,
        pub tokens: i64,
        pub bytes: i64,
        pub training_examples: i64,
        pub inference_requests: i64,
        /// Millionths.
        pub attribution: Option<i32>,
        pub cache_hit: bool,
        pub scope: Scope,
        pub content_id: String,
        pub job_id: Option<String>,
        pub region: String,
        pub model: String,
        pub consumer_class: String,
        pub free_reason: Option<FreeReason>,
    }
}

/// What events add up to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    pub events: i64,
    pub calls: i64,
    pub pages: i64,
    pub tokens: i64,
    pub bytes: i64,
    pub training_examples: i64,
    pub inference_requests: i64,
    pub billable_units: i64,
    pub cache_hits: i64,
    /// Millionths, of the events that said it.
    pub attribution_sum: i64,
    /// How many events said it.
    pub attribution_count: i64,
}

impl Sums {
    /// What these events add up to.
    pub fn of(events: &[ArchivedEvent]) -> Self {
        let mut sums = Self::default();
        for event in events {
            sums += Self {
                events: 1,
                calls: event.calls,
                pages: event.pages,
                tokens: event.tokens,
                bytes: event.bytes,
                training_examples: event.training_examples,
                inference_requests: event.inference_requests,
                billable_units: event.billable_units,
                cache_hits: event.cache_hit.into(),
                attribution_sum: event.attribution.unwrap_or_default().into(),
                attribution_count: event.attribution.is_some().into(),
            };
        }
        sums
    }
}

impl AddAssign for Sums {
    fn add_assign(&mut self, other: Self) {
        let add = |sum: &mut i64, more: i64| *sum = sum.saturating_add(more);
        add(&mut self.events, other.events);
        add(&mut self.calls, other.calls);
        add(&mut self.pages, other.pages);
        add(&mut self.tokens, other.tokens);
        add(&mut self.bytes, other.bytes);
        add(&mut self.training_examples, other.training_examples);
        add(&mut self.inference_requests, other.inference_requests);
        add(&mut self.billable_units, other.billable_units);
        add(&mut self.cache_hits, other.cache_hits);
        add(&mut self.attribution_sum, other.attribution_sum);
        add(&mut self.attribution_count, other.attribution_count);
    }
}
