//! `/usage`: use over time, as a chart and as a table, from either side of the market.

use imprimatur::{
    domain::{
        metering::{Grain, Range, Side},
        report::{Dimension, Dimensions, Metric},
    },
    services::{
        Result,
        reports::{self, Group, UsageFilter, UsageReport},
    },
};
use leptos::prelude::*;

use crate::{
    request::{Page, Request},
    ui::{
        Bytes, Cell, Chart, Column, EmptyState, Figure, Figures, Line, PageHeader, Quantity, Row,
        Section, Segment, Segmented, Table, Unit, text::date,
    },
};

/// How many of the works used most are listed.
const WORKS: u8 = 10;

/// Periods one can look at, in days.
const PERIODS: [u16; 3] = [7, 30, 90];

/// Use over the chosen period, from the chosen side.
pub async fn show(request: &Request) -> Result<Page> {
    request.member_only()?;
    let side = chosen_side(request);
    let days = request
        .param("days")
        .and_then(|days| days.parse().ok())
        .filter(|days| PERIODS.contains(days))
        .unwrap_or(30);
    let range = Range::last_days(request.now, days, Grain::Day)?;
    let filter = UsageFilter::default();
    let (services, actor) = (&request.services, &request.actor);
    let report = reports::usage(services, actor, side, &filter, &range).await?;
    let works = top_works(request, side, &range, WORKS).await?;
    let now = request.now;
    let sides = request.sides();
    Ok(Page::workspace(request, "Usage", move || {
        let both = sides.creator && sides.buyer;
        let lead = match side {
            Side::Creator => {
                "What others fetched of your works. Every delivery has a signed receipt."
            }
            Side::Buyer => "What your tokens fetched. Every delivery has a signed receipt.",
        };
        let query = |side: Side, days: u16| format!("/usage?side={side}&days={days}");
        let periods = PERIODS
            .iter()
            .map(|&period| {
                Segment::new(format!("{period} days"), query(side, period), period == days)
            })
            .collect();
        let used = report.totals.calls > 0;
        view! {
            <PageHeader title="Usage" lead=move || lead>
                {both
                    .then(|| {
                        view! {
                            <Segmented
                                label="Side"
                                segments=vec![
                                    Segment::new("As creator", query(Side::Creator, days), side == Side::Creator),
                                    Segment::new("As buyer", query(Side::Buyer, days), side == Side::Buyer),
                                ]
                            />
                        }
                    })}
                <Segmented label="Period" segments=periods />
            </PageHeader>
            <Totals report=report.clone() side />
            <Section title="Over time" links=move || {
                view! { <a href=format!("/feed?side={side}")>"Event feed"</a> }.into_any()
            }>
                {if used { use_chart(&report, now) } else { unused(side) }}
            </Section>
            {used.then(|| view! { <Section title="Works, by use">{works_table(works, side)}</Section> })}
        }
    }))
}

/// The works used most over a range: most billable units first, then most calls.
pub async fn top_works(
    request: &Request,
    side: Side,
    range: &Range,
    top: u8,
) -> Result<Vec<Group>> {
    let by_work = Dimensions::one(Dimension::Asset);
    let most = (Metric::BillableUnits, top);
    let (services, actor) = (&request.services, &request.actor);
    let filter = UsageFilter::default();
    let found = reports::breakdown(services, actor, side, &filter, range, by_work, most).await?;
    Ok(found.groups)
}

/// The side asked for, else the one the organization is on; creators come first.
pub fn chosen_side(request: &Request) -> Side {
    let fallback = if request.sides().creator { Side::Creator } else { Side::Buyer };
    request.param("side").and_then(|side| side.parse().ok()).unwrap_or(fallback)
}

/// Deliveries, billable units and bytes of the period.
#[component]
pub fn Totals(report: UsageReport, side: Side) -> impl IntoView {
    let totals = report.totals;
    let bytes = u64::try_from(totals.bytes).unwrap_or_default();
    view! {
        <Figures label="The period">
            <Figure label="Deliveries" href=format!("/feed?side={side}") note=|| "Complete, receipted">
                <Quantity count=totals.calls />
            </Figure>
            <Figure
                label="Billable units"
                href=format!("/feed?side={side}&cost=billable")
                note=|| "Repeats and previews are free"
            >
                <Quantity count=totals.billable_units />
            </Figure>
            <Figure label="Delivered" note=|| "Bytes that reached the buyer">
                <Bytes count=bytes />
            </Figure>
        </Figures>
    }
}

/// Deliveries and billable units, a panel each.
pub fn use_chart(report: &UsageReport, now: chrono::DateTime<chrono::Utc>) -> AnyView {
    let mut dates: Vec<String> = report.buckets.iter().map(|bucket| date(bucket.at, now)).collect();
    if let Some(today) = dates.last_mut() {
        today.push_str(", so far");
    }
    let calls = report.buckets.iter().map(|bucket| bucket.totals.calls).collect();
    let units = report.buckets.iter().map(|bucket| bucket.totals.billable_units).collect();
    view! {
        <Chart
            title="Use per day"
            unfinished=true
            dates
            lines=vec![
                Line::new("Deliveries per day", Unit::Count, calls),
                Line::new("Billable units per day", Unit::Count, units).seal(),
            ]
        />
    }
    .into_any()
}

/// What stands where no use is.
pub fn unused(side: Side) -> AnyView {
    match side {
        Side::Creator => view! {
            <EmptyState
                title="Nothing was fetched in this time"
                sentence="Use appears here seconds after a buyer's machine fetches one of your works."
            />
        }
        .into_any(),
        Side::Buyer => view! {
            <EmptyState
                title="Nothing was fetched in this time"
                sentence="Create a token for one of your licenses and paste the request beside it into a terminal."
            />
        }
        .into_any(),
    }
}

/// Works by how much they were used.
pub fn works_table(works: Vec<Group>, side: Side) -> AnyView {
    let rows = works
        .into_iter()
        .filter_map(|work| Some((work.keys.into_iter().next()?, work.totals)))
        .map(|(work, totals)| {
            let bytes = u64::try_from(totals.bytes).unwrap_or_default();
            let href = format!("/feed?side={side}&asset={}", work.value);
            Row::new(vec![
                Cell::link(work.label, href),
                Cell::new(view! { <Quantity count=totals.calls /> }),
                Cell::new(view! { <Quantity count=totals.billable_units /> }),
                Cell::new(view! { <Bytes count=bytes /> }),
            ])
        })
        .collect();
    view! {
        <Table
            caption="Works, by use"
            columns=vec![
                Column::text("Work"),
                Column::number("Deliveries"),
                Column::number("Billable"),
                Column::number("Delivered").support(),
            ]
            rows
        />
    }
    .into_any()
}
