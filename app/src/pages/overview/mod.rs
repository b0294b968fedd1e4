//! `/overview`: the first thing one sees. What needs the person, then what happened.

mod todo;

use chrono::{DateTime, TimeDelta, Utc};
use imprimatur::{
    domain::{
        actor::Deed,
        metering::{Grain, Range, Side},
        report::Dimension,
    },
    services::{
        Result,
        reports::{self, EventFilter, EventLine, UsageFilter},
    },
};
use leptos::prelude::*;

use super::{
    feed::outcome,
    live::{Metered, live},
    usage::{Asked, Groups, chosen_side, groups_table, only_coarse, unused, use_chart},
};
use crate::{
    request::{Page, Request},
    ui::{
        ButtonKind, ButtonLink, Cell, Column, Columns, EmptyState, Figure, Figures, Instant,
        PageHeader, Quantity, Row, Section, Segment, Segmented, Table,
        text::{change, quantity},
    },
};

const LATEST: u8 = 6;
const WORKS: u8 = 5;
const DAYS: u16 = 30;

/// The counts the page begins with.
#[derive(Clone, Copy)]
struct Counts {
    calls: i64,
    calls_before: i64,
    units: i64,
    units_before: i64,
    /// Of today, or of the last day that is over.
    today: i64,
    refused: i64,
}

/// The overview, from the side that is asked for.
pub async fn show(request: &Request) -> Result<Page> {
    request.member_only()?;
    let side = chosen_side(request);
    let (services, actor) = (&request.services, &request.actor);
    let coarse = request.sees_coarsely(side);
    // Coarse reports know of days that are over.
    let (last, fine) = match coarse {
        true => (request.now - TimeDelta::days(1), Grain::Day),
        false => (request.now, Grain::Hour),
    };
    let range = Range::last_days(last, DAYS, Grain::Day)?;
    let week = Range::last_days(last, 7, fine)?;
    let filter = UsageFilter::default();
    let report = reports::usage(services, actor, side, &filter, &range).await?;
    let before = reports::usage(services, actor, side, &filter, &range.previous()?).await?;
    let asked = Asked::last_days(side, DAYS, coarse);
    let works = Groups::read(request, &asked, &range, (Dimension::Asset, WORKS)).await?;
    let (key, every) = (&request.cursor_key, EventFilter::default());
    let latest = match coarse {
        true => None,
        false => {
            Some(reports::events(services, key, actor, side, &every, None, LATEST).await?.lines)
        }
    };
    let refusals = reports::refusals(services, actor, side, &filter, &week).await?;
    let todo = match side {
        Side::Creator => todo::of_creator(request).await?,
        Side::Buyer => todo::of_buyer(request, &week).await?,
    };
    let counts = Counts {
        calls: report.totals.calls,
        calls_before: before.totals.calls,
        units: report.totals.billable_units,
        units_before: before.totals.billable_units,
        today: report.buckets.last().map_or(0, |today| today.totals.calls),
        refused: refusals.iter().map(|refused| refused.attempts).sum(),
    };
    let may_register = actor.may_as_creator(Deed::RegisterAsset).is_ok();
    let sides = request.sides();
    let now = request.now;
    Ok(Page::workspace(request, t!("Overview"), move || {
        let lead = lead(side, counts);
        let used = counts.calls > 0;
        let both = sides.creator && sides.buyer;
        let segments = vec![
            Segment::new(t!("As creator"), "/overview?side=creator", side == Side::Creator),
            Segment::new(t!("As buyer"), "/overview?side=buyer", side == Side::Buyer),
        ];
        let aside = move || {
            view! {
                <Section title=t!("Needs you")>{todo::draw(todo)}</Section>
                {latest
                    .map(|latest| {
                        view! {
                            <Section
                                title=t!("Latest deliveries")
                                links=move || {
                                    view! { <a href=format!("/feed?side={side}")>{t!("Feed")}</a> }.into_any()
                                }
                            >
                                {draw_latest(latest, side, now)}
                            </Section>
                        }
                    })}
            }
            .into_any()
        };
        let table = used.then(|| {
            let to = move |work: &str| Some(format!("/usage?side={side}&asset={work}"));
            groups_table(works, to)
        });
        view! {
            <PageHeader title=t!("Overview") lead=move || lead>
                {both.then(|| view! { <Segmented label=t!("Side") segments /> })}
                {match side {
                    Side::Creator => {
                        may_register
                            .then(|| view! { <ButtonLink href="/assets/new">{t!("Register work")}</ButtonLink> })
                            .into_any()
                    }
                    Side::Buyer => {
                        view! { <ButtonLink href="/catalogue">{t!("Browse the catalogue")}</ButtonLink> }
                            .into_any()
                    }
                }}
            </PageHeader>
            {coarse.then(only_coarse)}
            {live((!coarse).then_some(Metered::Today(side)), figures(side, counts, coarse))}
            <Columns side=aside>
                <Section title=t!("Use") links=move || {
                    view! { <a href=format!("/usage?side={side}")>{t!("All usage")}</a> }.into_any()
                }>
                    {if used { use_chart(&report, Some(&before), &range, now) } else { unused(side, coarse) }}
                </Section>
                {table.map(|table| view! { <Section title=t!("Works, by use")>{table}</Section> })}
            </Columns>
        }
    }))
}

/// The first sentence: how much in these days, and against those before.
fn lead(side: Side, counts: Counts) -> String {
    let begin = match (side, counts.calls) {
        (Side::Creator, 0) => t!("Nothing of yours was fetched in the last 30 days").to_owned(),
        (Side::Creator, 1) => t!("Buyers fetched one work of yours in the last 30 days").to_owned(),
        (Side::Creator, calls) => {
            t!(
                "Buyers fetched your works {calls} times in the last 30 days",
                calls = quantity(calls)
            )
        }
        (Side::Buyer, 0) => t!("Your machines fetched nothing in the last 30 days").to_owned(),
        (Side::Buyer, 1) => t!("Your machines fetched one work in the last 30 days").to_owned(),
        (Side::Buyer, calls) => {
            t!("Your machines fetched {calls} times in the last 30 days", calls = quantity(calls))
        }
    };
    match change(counts.calls, counts.calls_before) {
        Some(words) if counts.calls == counts.calls_before => {
            t!("{begin}: {words} as in the 30 before.")
        }
        Some(words) => t!("{begin}: {words} than in the 30 before."),
        None => format!("{begin}."),
    }
}

fn figures(side: Side, counts: Counts, coarse: bool) -> AnyView {
    let against = |now: i64, before: i64, alone: &'static str| {
        change(now, before).unwrap_or_else(|| alone.to_owned())
    };
    let deliveries = against(counts.calls, counts.calls_before, t!("Complete, receipted"));
    let units = against(counts.units, counts.units_before, t!("Repeats and previews are free"));
    let day = match coarse {
        true => view! {
            <Figure label=t!("Yesterday") href=format!("/usage?side={side}&days=7") note=|| t!("From 00:00 to 24:00 UTC")>
                <Quantity count=counts.today />
            </Figure>
        }
        .into_any(),
        false => view! {
            <Figure label=t!("Today") href=format!("/usage?side={side}&days=1") note=|| t!("Since 00:00 UTC")>
                <span data-live="today">
                    <Quantity count=counts.today />
                </span>
            </Figure>
        }
        .into_any(),
    };
    let feed = |outcome: &str| (!coarse).then(|| format!("/feed?side={side}&outcome={outcome}"));
    let (billable, refused) = (feed("billable"), feed("refused"));
    view! {
        <Figures label=t!("The last 30 days")>
            {day}
            <Figure label=t!("Deliveries, 30 days") href=format!("/usage?side={side}") note=move || deliveries>
                <Quantity count=counts.calls short=true />
            </Figure>
            <Figure
                label=t!("Billable units, 30 days")
                nostrip:href=billable
                note=move || units
            >
                <Quantity count=counts.units short=true />
            </Figure>
            <Figure
                label=t!("Refused, 7 days")
                nostrip:href=refused
                note=|| t!("Never billed")
            >
                <Quantity count=counts.refused short=true />
            </Figure>
        </Figures>
    }
    .into_any()
}

fn draw_latest(latest: Vec<EventLine>, side: Side, now: DateTime<Utc>) -> AnyView {
    let rows = latest
        .into_iter()
        .map(|line| {
            let title = match line.receipt_id() {
                Some(receipt_id) => Cell::link(line.title, format!("/feed/{receipt_id}")),
                None => Cell::new(line.title),
            };
            Row::new(vec![
                title.note(view! { {line.counterparty} ", " <Instant at=line.occurred_at now /> }),
                Cell::new(outcome(line.scope, line.free_reason)),
            ])
        })
        .collect();
    view! {
        <Table
            caption=t!("Latest deliveries")
            columns=vec![Column::text(t!("Work")), Column::number(t!("Use"))]
            rows
            empty=move || {
                let (sentence, href, next) = match side {
                    Side::Creator => {
                        let sentence = t!("The first delivery appears here with its receipt.");
                        (sentence, "/offers", t!("See what is on offer"))
                    }
                    Side::Buyer => {
                        let sentence = t!("The first fetch appears here with its receipt.");
                        (sentence, "/docs/quickstart", t!("How to fetch"))
                    }
                };
                view! {
                    <EmptyState title=t!("No deliveries yet") sentence>
                        <ButtonLink kind=ButtonKind::Quiet href>{next}</ButtonLink>
                    </EmptyState>
                }
                    .into_any()
            }
        />
    }
    .into_any()
}
