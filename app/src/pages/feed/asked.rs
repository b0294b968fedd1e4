//! What the address of the feed asks for, so that links can ask for the same with one thing changed.

use chrono::{Days, NaiveDate};
use imprimatur::{
    domain::{
        error::Refusal,
        ids::{AssetId, LicenseId, OrgId, TokenId},
        metering::Side,
        terms::Scope,
    },
    services::{
        Result,
        reports::{Cost, EventFilter, Failed, FailureFilter},
    },
};

use super::super::usage::{chosen_side, midnight, said};
use crate::{address::Address, request::Request};

/// How a request ended, of those shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Delivered(Option<Cost>),
    Failed(Failed),
}

impl Outcome {
    /// Every outcome, with its name in the address and in words.
    pub const ALL: [(Self, &'static str, &'static str); 5] = [
        (Self::Delivered(None), "", n!("Delivered")),
        (Self::Delivered(Some(Cost::Billable)), "billable", n!("Delivered, billable")),
        (Self::Delivered(Some(Cost::Free)), "free", n!("Delivered, free")),
        (Self::Failed(Failed::Refused), "refused", n!("Refused")),
        (Self::Failed(Failed::Incomplete), "incomplete", n!("Not complete")),
    ];

    fn read(name: Option<&str>) -> std::result::Result<Self, Refusal> {
        let name = name.unwrap_or_default();
        Self::ALL
            .into_iter()
            .find(|(_, known, _)| *known == name)
            .map(|(outcome, ..)| outcome)
            .ok_or_else(|| Refusal::not_listed("outcome"))
    }

    /// Its name in the address; nothing for the usual one.
    pub fn name(self) -> &'static str {
        Self::ALL.into_iter().find(|(outcome, ..)| *outcome == self).map_or("", |(_, name, _)| name)
    }
}

/// Everything the address asks for.
#[derive(Clone)]
pub struct Asked {
    pub side: Side,
    pub outcome: Outcome,
    pub asset_id: Option<AssetId>,
    pub license_id: Option<LicenseId>,
    pub token_id: Option<TokenId>,
    /// The buyer for a creator, the creator for a buyer.
    pub party: Option<OrgId>,
    pub scope: Option<Scope>,
    pub region: Option<String>,
    pub model: Option<String>,
    pub class: Option<String>,
    /// The code of a refusal.
    pub code: Option<String>,
    /// The first day and the last.
    pub days: (Option<NaiveDate>, Option<NaiveDate>),
}

impl Asked {
    /// Reads the address.
    ///
    /// # Errors
    ///
    /// Refuses what cannot be read, except a side that does not exist: then it is the usual one.
    pub fn read(request: &Request) -> Result<Self> {
        let day = |name: &'static str| {
            request.param(name).map(|day| day.parse::<NaiveDate>()).transpose().map_err(|_| {
                Refusal::invalid(name, t!("Write the day as year, month, day: 2026-11-22."))
            })
        };
        let license_id: Option<LicenseId> = request.param("license").map(str::parse).transpose()?;
        // A license is the buyer's; asking for one is asking as the buyer.
        let side = match (request.param("side"), license_id) {
            (None, Some(_)) if request.sides().buyer => Side::Buyer,
            // Of its works such an organization has no feed.
            (None, None) if request.sides().buyer && request.sees_coarsely(Side::Creator) => {
                Side::Buyer
            }
            _ => chosen_side(request),
        };
        let said = |name| said(request, name);
        Ok(Self {
            side,
            outcome: Outcome::read(request.param("outcome"))?,
            asset_id: request.param("asset").map(str::parse).transpose()?,
            license_id,
            token_id: request.param("token").map(str::parse).transpose()?,
            party: request.param("party").map(str::parse).transpose()?,
            scope: request.param("scope").map(str::parse).transpose()?,
            region: said("region")?,
            model: said("model")?,
            class: said("class")?,
            code: said("code")?,
            days: (day("from")?, day("until")?),
        })
    }

    /// Deliveries, narrowed as asked.
    pub fn events(&self, cost: Option<Cost>) -> EventFilter {
        EventFilter {
            asset_id: self.asset_id,
            license_id: self.license_id,
            token_id: self.token_id,
            counterparty: self.party,
            scope: self.scope,
            cost,
            region: self.region.clone(),
            model: self.model.clone(),
            consumer_class: self.class.clone(),
            from: self.days.0.map(midnight),
            until: self.until(),
            ..EventFilter::default()
        }
    }

    /// Attempts that ended without a delivery, narrowed as asked. For what use and where was not
    /// settled when they failed.
    pub fn failures(&self, failed: Failed) -> FailureFilter {
        FailureFilter {
            asset_id: self.asset_id,
            license_id: self.license_id,
            token_id: self.token_id,
            counterparty: self.party,
            code: self.code.clone(),
            from: self.days.0.map(midnight),
            until: self.until(),
            ..FailureFilter::of(failed)
        }
    }

    fn until(&self) -> Option<chrono::DateTime<chrono::Utc>> {
        self.days.1.and_then(|day| day.checked_add_days(Days::new(1))).map(midnight)
    }

    /// The address of this, from a cursor on.
    pub fn href(&self, cursor: Option<&str>) -> String {
        let outcome = self.outcome.name();
        Address::new("/feed")
            .with("side", self.side)
            .with_some("outcome", (!outcome.is_empty()).then_some(outcome))
            .with_some("asset", self.asset_id)
            .with_some("license", self.license_id)
            .with_some("token", self.token_id)
            .with_some("party", self.party)
            .with_some("scope", self.scope)
            .with_some("region", self.region.as_ref())
            .with_some("model", self.model.as_ref())
            .with_some("class", self.class.as_ref())
            .with_some("code", self.code.as_ref())
            .with_some("from", self.days.0)
            .with_some("until", self.days.1)
            .with_some("cursor", cursor)
            .href()
    }
}
