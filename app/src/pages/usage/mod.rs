//! `/usage`: use over time from either side of the market, as a chart and as tables, narrowed and
//! broken down as the address says.

mod asked;
mod csv;
mod narrowed;
mod parts;
mod refused;

use imprimatur::words::say;
use imprimatur::{
    domain::{
        metering::{Grain, Range, Side},
        report::{Dimension, Dimensions, Metric},
    },
    services::{
        Result,
        reports::{self, UsageFilter},
    },
};
use leptos::prelude::*;

pub use self::{
    asked::{Asked, midnight, said},
    csv::csv,
    narrowed::{Chip, Chips},
    parts::{Groups, Sums, groups_table, unused, use_chart},
    refused::{code_in_words, quota_list},
};
use self::{
    narrowed::{chips, filters},
    refused::refusals_table,
};
use crate::{
    request::{Page, Request},
    ui::{Notice, PageHeader, Section, Segment, Segmented, text::quantity},
};

/// How many groups and licenses are listed.
const GROUPS: u8 = 10;
const QUOTAS: u8 = 8;

/// Use over the chosen time, from the chosen side.
pub async fn show(request: &Request) -> Result<Page> {
    request.member_only()?;
    let asked = Asked::read(request)?;
    let range = asked.range(request.now)?;
    let (services, actor) = (&request.services, &request.actor);
    let (side, filter) = (asked.side, &asked.filter);
    let report = reports::usage(services, actor, side, filter, &range).await?;
    let before = match range.previous() {
        Ok(previous) => Some(reports::usage(services, actor, side, filter, &previous).await?),
        Err(_) => None,
    };
    let groups = Groups::read(request, &asked, &range, (asked.by, GROUPS)).await?;
    let coarse = asked.coarse;
    let regions = if coarse {
        Vec::new()
    } else {
        groups_of_all(request, side, &range, Dimension::Region).await?
    };
    let refusals = reports::refusals(services, actor, side, filter, &range).await?;
    let quotas = if coarse {
        Vec::new()
    } else {
        reports::quotas(services, actor, side, filter.license_id, QUOTAS).await?
    };
    let chips = chips(request, &asked, &range).await?;
    let now = request.now;
    let sides = request.sides();
    Ok(Page::workspace(request, t!("Usage"), move || {
        let used = report.totals.calls > 0;
        let lead = lead(&asked, report.totals.calls);
        let file = asked.address("/usage.csv");
        let groups_file = file.clone().with("table", "groups").href();
        let feed =
            asked.feed(&range).map(|feed| view! { <a href=feed.href()>{t!("Event feed")}</a> });
        let sides = (sides.creator && sides.buyer).then(|| sides_of(&asked));
        let periods = periods(&asked);
        let filters = filters(&asked, regions, chips);
        let before_sums = before.as_ref().map(|before| before.totals);
        let chart = if used {
            use_chart(&report, before.as_ref(), &range, now)
        } else {
            unused(side, coarse)
        };
        let refused = asked.feed(&range).map(|feed| feed.with("outcome", "refused"));
        let refusals = refusals_table(refusals, refused.as_ref());
        let table = used.then(|| {
            let to = |value: &str| {
                let part = || asked.narrow(asked.by, Some(value)).address("/usage").href();
                (!value.is_empty()).then(part)
            };
            (dimensions(&asked), groups_table(groups, to))
        });
        view! {
            <PageHeader title=t!("Usage") lead=move || lead>
                {sides.map(|segments| view! { <Segmented label=t!("Side") segments /> })}
                <Segmented label=t!("Period") segments=periods />
            </PageHeader>
            {coarse.then(only_coarse)}
            {filters}
            <Sums totals=report.totals before=before_sums asked range />
            <Section title=t!("Over time") links=move || {
                view! {
                    {feed}
                    <a href=file.href() download>"CSV"</a>
                }
                .into_any()
            }>{chart}</Section>
            {table
                .map(|(dimensions, table)| {
                    view! {
                        <Section title=t!("By what") links=move || {
                            view! { <a href=groups_file download>"CSV"</a> }.into_any()
                        }>
                            <Segmented label=t!("Broken down by") segments=dimensions />
                            {table}
                        </Section>
                    }
                })}
            <div class="halves">
                <Section title=t!("Refused by the gate")>{refusals}</Section>
                {(!coarse)
                    .then(|| {
                        view! { <Section title=t!("Quota this month")>{quota_list(quotas, side)}</Section> }
                    })}
            </div>
        }
    }))
}

/// Why less is here than others see.
pub fn only_coarse() -> AnyView {
    view! {
        <Notice title=t!("Your organization has chosen coarse reports")>
            {t!("Days appear here once they are over (UTC), by work and by use. ")}
            <a href="/settings/profile#reporting">{t!("What that leaves out")}</a>
        </Notice>
    }
    .into_any()
}

/// The side asked for, else the one the organization is on; creators come first.
pub fn chosen_side(request: &Request) -> Side {
    let fallback = if request.sides().creator { Side::Creator } else { Side::Buyer };
    request.param("side").and_then(|side| side.parse().ok()).unwrap_or(fallback)
}

/// What a dimension takes over all use of the range, however the page is narrowed.
async fn groups_of_all(
    request: &Request,
    side: Side,
    range: &Range,
    by: Dimension,
) -> Result<Vec<String>> {
    let (services, actor, filter) = (&request.services, &request.actor, UsageFilter::default());
    let (by, most) = (Dimensions::one(by), (Metric::Calls, 100));
    let found = reports::breakdown(services, actor, side, &filter, range, by, most).await?;
    Ok(found
        .groups
        .into_iter()
        .filter_map(|group| group.keys.into_iter().next())
        .map(|key| key.value)
        .filter(|value| !value.is_empty())
        .collect())
}

fn lead(asked: &Asked, calls: i64) -> String {
    let time = asked.time_in_words();
    match (asked.side, calls) {
        (Side::Creator, 0) => t!("Nobody fetched anything here in {time}."),
        (Side::Creator, 1) => t!("Buyers fetched one work once in {time}."),
        (Side::Creator, calls) => {
            t!("Buyers fetched your works {calls} times in {time}.", calls = quantity(calls))
        }
        (Side::Buyer, 0) => t!("Your machines fetched nothing in {time}."),
        (Side::Buyer, 1) => t!("Your machines fetched one work once in {time}."),
        (Side::Buyer, calls) => {
            t!("Your machines fetched {calls} times in {time}.", calls = quantity(calls))
        }
    }
}

fn sides_of(asked: &Asked) -> Vec<Segment> {
    [(Side::Creator, t!("As creator")), (Side::Buyer, t!("As buyer"))]
        .into_iter()
        .map(|(side, label)| {
            // What is narrowed to on one side means nothing on the other.
            let filter = UsageFilter::default();
            let other = Asked { side, filter, by: Dimension::Asset, grain: None, ..asked.clone() };
            Segment::new(label, other.address("/usage").href(), side == asked.side)
        })
        .collect()
}

fn periods(asked: &Asked) -> Vec<Segment> {
    asked::PERIODS
        .into_iter()
        .filter(|(days, ..)| !asked.coarse || *days > 1)
        .map(|(days, label, _)| {
            let time = asked::Time::Last(days);
            let other = Asked { time, grain: None, ..asked.clone() };
            Segment::new(say(label), other.address("/usage").href(), time == asked.time)
        })
        .collect()
}

fn dimensions(asked: &Asked) -> Vec<Segment> {
    Dimension::ALL
        .iter()
        .filter(|by| !asked.coarse || by.is_coarse())
        .map(|&by| {
            let other = Asked { by, ..asked.clone() };
            let label = dimension_in_words(by, asked.side);
            Segment::new(label, other.address("/usage").href(), by == asked.by)
        })
        .collect()
}

/// What a dimension is called, from a side.
fn dimension_in_words(dimension: Dimension, side: Side) -> &'static str {
    match (dimension, side) {
        (Dimension::Asset, _) => t!("Work"),
        (Dimension::License, _) => t!("License"),
        (Dimension::Counterparty, Side::Creator) => t!("Buyer"),
        (Dimension::Counterparty, Side::Buyer) => t!("Creator"),
        (Dimension::Scope, _) => t!("Use"),
        (Dimension::Region, _) => t!("Region"),
        (Dimension::Model, _) => t!("Model"),
        (Dimension::ConsumerClass, _) => t!("Kind of client"),
    }
}

/// What a grain is called in a form.
fn grain_in_words(grain: Grain) -> &'static str {
    match grain {
        Grain::Hour => t!("Hours"),
        Grain::Day => t!("Days"),
        Grain::Month => t!("Months"),
    }
}
