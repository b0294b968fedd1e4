//! Which events a feed shows.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::domain::{
    cursor::Binding,
    ids::{AssetId, LicenseId, OrgId, TokenId},
    metering::{FreeReason, Side},
    terms::Scope,
    text::text_enum,
};

/// Which events to show; all where nothing is named.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventFilter {
    pub asset_id: Option<AssetId>,
    pub license_id: Option<LicenseId>,
    /// Deliveries to this token alone.
    pub token_id: Option<TokenId>,
    /// The buyer for a creator, the creator for a buyer.
    pub counterparty: Option<OrgId>,
    pub scope: Option<Scope>,
    pub cost: Option<Cost>,
    /// Why it cost nothing.
    pub free_reason: Option<FreeReason>,
    pub region: Option<String>,
    pub model: Option<String>,
    pub consumer_class: Option<String>,
    pub job_id: Option<String>,
    pub source: Option<Source>,
    /// The first instant, and the first after the last.
    pub from: Option<DateTime<Utc>>,
    pub until: Option<DateTime<Utc>>,
}

text_enum! {
    /// Whether a use cost something.
    pub enum Cost("cost") {
        Billable = "billable",
        Free = "free",
    }
}

text_enum! {
    /// Who saw a use.
    pub enum Source("source") {
        /// The gate delivered, and signed a receipt.
        Gate = "gate",
        /// The buyer reported it.
        Outside = "outside",
    }
}

text_enum! {
    /// Why nothing was delivered.
    pub enum Failed("outcome") {
        /// The gate said no.
        Refused = "refused",
        /// The last byte never left.
        Incomplete = "incomplete",
    }
}

/// Which attempts without a delivery to show; all of a kind where nothing is named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailureFilter {
    pub failed: Failed,
    pub asset_id: Option<AssetId>,
    pub license_id: Option<LicenseId>,
    pub token_id: Option<TokenId>,
    /// The buyer for a creator, the creator for a buyer.
    pub counterparty: Option<OrgId>,
    /// The stable code of the refusal.
    pub code: Option<String>,
    /// The first instant, and the first after the last.
    pub from: Option<DateTime<Utc>>,
    pub until: Option<DateTime<Utc>>,
}

impl FailureFilter {
    /// All of a kind.
    pub const fn of(failed: Failed) -> Self {
        Self {
            failed,
            asset_id: None,
            license_id: None,
            token_id: None,
            counterparty: None,
            code: None,
            from: None,
            until: None,
        }
    }
}

impl EventFilter {
    /// Whether it lets only some of the events of its index through.
    pub(super) fn narrows(&self, drive: Drive) -> bool {
        let Self {
            asset_id,
            license_id: _,
            token_id,
            counterparty,
            scope,
            cost,
            free_reason,
            region,
            model,
            consumer_class,
            job_id,
            source,
            from: _,
            until: _,
        } = self;
        (asset_id.is_some() && drive != Drive::Asset)
            || token_id.is_some()
            || counterparty.is_some()
            || scope.is_some()
            || cost.is_some()
            || free_reason.is_some()
            || region.is_some()
            || model.is_some()
            || consumer_class.is_some()
            || job_id.is_some()
            || source.is_some()
    }

    /// The index that leads through the events in their order with the fewest others between.
    pub(super) const fn drive(&self, side: Side) -> Drive {
        match (self.license_id, self.asset_id, side) {
            (Some(_), _, _) => Drive::License,
            (None, Some(_), Side::Creator) => Drive::Asset,
            (None, _, Side::Creator) => Drive::Creator,
            (None, _, Side::Buyer) => Drive::Buyer,
        }
    }

    /// What the cursors of the feed are good for.
    pub(super) fn binding(&self, org_id: OrgId, side: Side) -> Binding {
        fn id(id: Option<Uuid>) -> String {
            id.map(|id| id.to_string()).unwrap_or_default()
        }
        fn text(text: Option<&String>) -> String {
            // Nothing asked and nothing said are not the same.
            text.map(|text| format!("={text}")).unwrap_or_default()
        }
        fn instant(at: Option<DateTime<Utc>>) -> String {
            at.map(|at| at.timestamp_micros().to_string()).unwrap_or_default()
        }
        Binding::of(&[
            "usage events",
            &org_id.to_string(),
            side.as_str(),
            &id(self.asset_id.map(AssetId::uuid)),
            &id(self.license_id.map(LicenseId::uuid)),
            &id(self.token_id.map(TokenId::uuid)),
            &id(self.counterparty.map(OrgId::uuid)),
            self.scope.map(Scope::as_str).unwrap_or_default(),
            self.cost.map(Cost::as_str).unwrap_or_default(),
            self.free_reason.map(FreeReason::as_str).unwrap_or_default(),
            &text(self.region.as_ref()),
            &text(self.model.as_ref()),
            &text(self.consumer_class.as_ref()),
            &text(self.job_id.as_ref()),
            self.source.map(Source::as_str).unwrap_or_default(),
            &instant(self.from),
            &instant(self.until),
        ])
    }
}

/// What an index of events begins with, before instant and id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Drive {
    License,
    Asset,
    Creator,
    Buyer,
}
