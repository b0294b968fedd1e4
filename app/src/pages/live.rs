//! The figures of a page that go on moving while it is open: what they show when the page is drawn,
//! and what the stream that keeps them fresh (`/live`) sends, from one place.

use imprimatur::{
    domain::{
        actor::{Actor, Who},
        ids::LicenseId,
        metering::{Grain, Range, Side},
        month::Month,
    },
    services::{
        Result, Services,
        reports::{self, UsageFilter},
    },
};

use leptos::prelude::*;

use super::usage::chosen_side;
use crate::{address::Address, islands::LiveFigures, request::Request, ui::text::quantity};

/// What is metered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Metered {
    /// This month's use of one of the buyer's licenses.
    License(LicenseId),
    /// All use of today (UTC), from one side.
    Today(Side),
}

/// Figures by name, as they are written.
pub type Reading = Vec<(&'static str, String)>;

impl Metered {
    /// What the address asks for.
    ///
    /// # Errors
    ///
    /// Refuses what is no id, and those who have no organization.
    pub fn asked(request: &Request) -> Result<Self> {
        request.member_only()?;
        Ok(match request.param("license") {
            Some(id) => Self::License(id.parse()?),
            None => Self::Today(chosen_side(request)),
        })
    }

    /// Where its stream is.
    pub fn href(self) -> String {
        match self {
            Self::License(license_id) => Address::new("/live").with("license", license_id),
            Self::Today(side) => Address::new("/live").with("side", side),
        }
        .href()
    }

    /// What it reads now; nothing once the license is not in force, or where reports are coarse.
    pub async fn read(self, services: &Services, actor: &Actor) -> Result<Option<Reading>> {
        let now = services.now();
        match self {
            Self::License(license_id) => {
                let side = Side::Buyer;
                let quotas = reports::quotas(services, actor, side, Some(license_id), 1).await?;
                let Some(quota) = quotas.into_iter().next() else { return Ok(None) };
                let month = Month::of(now);
                let month = Range::new(month.from(), month.until(), Grain::Month)?;
                let filter = UsageFilter { license_id: Some(license_id), ..UsageFilter::default() };
                let used = reports::usage(services, actor, side, &filter, &month).await?;
                let left = (quota.included_units - quota.used_units).max(0);
                Ok(Some(vec![
                    ("used", quantity(quota.used_units)),
                    ("left", quantity(left)),
                    ("deliveries", quantity(used.totals.calls)),
                ]))
            }
            // Figures that move would tell each delivery.
            Self::Today(side) if sees_coarsely(actor, side) => Ok(None),
            Self::Today(side) => {
                let today = Range::last_days(now, 1, Grain::Day)?;
                let filter = UsageFilter::default();
                let used = reports::usage(services, actor, side, &filter, &today).await?;
                Ok(Some(vec![
                    ("today", quantity(used.totals.calls)),
                    ("today_units", quantity(used.totals.billable_units)),
                ]))
            }
        }
    }
}

fn sees_coarsely(actor: &Actor, side: Side) -> bool {
    matches!(actor.who, Who::Member(member) if member.sees_coarsely(side))
}

/// Figures that go on moving, where something is metered.
pub fn live(metered: Option<Metered>, figures: AnyView) -> AnyView {
    match metered {
        Some(metered) => {
            view! { <LiveFigures src=metered.href()>{figures}</LiveFigures> }.into_any()
        }
        None => figures,
    }
}
