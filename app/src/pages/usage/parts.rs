//! What the usage page and the overview both show: figures, the chart, works by use.

use chrono::{DateTime, Utc};
use imprimatur::{
    domain::{
        metering::{Grain, Range, Side, Totals},
        report::{Dimension, Dimensions, Metric},
    },
    services::{
        Result,
        reports::{self, Breakdown, Key, UsageReport},
    },
};
use leptos::prelude::*;

use super::{asked::Asked, dimension_in_words};
use crate::{
    request::Request,
    ui::{
        ButtonKind, ButtonLink, Bytes, Cell, Chart, Column, EmptyState, Figure, Figures, Line,
        Quantity, Row, Sparkline, Table, Unit,
        text::{self, date},
    },
};

/// Deliveries, billable units and bytes of the period, each beside those of the period before.
#[component]
pub fn Sums(totals: Totals, before: Option<Totals>, asked: Asked, range: Range) -> impl IntoView {
    let bytes = u64::try_from(totals.bytes).unwrap_or_default();
    let feed = asked.feed(&range);
    let billable = feed.clone().map(|feed| feed.with("outcome", "billable").href());
    let deliveries = feed.map(|feed| feed.href());
    let note = move |of: fn(&Totals) -> i64, alone: &'static str| {
        let before = before.as_ref().map(of).unwrap_or_default();
        let words = text::change(of(&totals), before);
        move || match words {
            Some(words) => {
                view! { {words} {t!(" (before: ")} <Quantity count=before short=true /> ")" }
                    .into_any()
            }
            None => alone.into_any(),
        }
    };
    view! {
        <Figures label=t!("The period")>
            <Figure label=t!("Deliveries") nostrip:href=deliveries note=note(|sums| sums.calls, t!("Complete, receipted"))>
                <Quantity count=totals.calls short=true />
            </Figure>
            <Figure
                label=t!("Billable units")
                nostrip:href=billable
                note=note(|sums| sums.billable_units, t!("Repeats and previews are free"))
            >
                <Quantity count=totals.billable_units short=true />
            </Figure>
            <Figure label=t!("Delivered") note=|| t!("Bytes that reached the buyer")>
                <Bytes count=bytes />
            </Figure>
        </Figures>
    }
}

/// Deliveries and billable units, a panel each, over those of the period before.
pub fn use_chart(
    report: &UsageReport,
    before: Option<&UsageReport>,
    range: &Range,
    now: DateTime<Utc>,
) -> AnyView {
    let grain = range.grain();
    let (step, title, deliveries, units) = match grain {
        Grain::Hour => (
            t!("Hour (UTC)"),
            t!("Use per hour"),
            t!("Deliveries per hour"),
            t!("Billable units per hour"),
        ),
        Grain::Day => (
            t!("Day (UTC)"),
            t!("Use per day"),
            t!("Deliveries per day"),
            t!("Billable units per day"),
        ),
        Grain::Month => (
            t!("Month (UTC)"),
            t!("Use per month"),
            t!("Deliveries per month"),
            t!("Billable units per month"),
        ),
    };
    let mut dates: Vec<String> = report
        .buckets
        .iter()
        .map(|bucket| match grain {
            Grain::Hour => text::hour(bucket.at),
            Grain::Day => date(bucket.at, now),
            Grain::Month => text::month(bucket.at),
        })
        .collect();
    let unfinished = range.until() > now;
    if let Some(last) = dates.last_mut().filter(|_| unfinished) {
        last.push_str(t!(", so far"));
    }
    let values = |report: &UsageReport, of: fn(&Totals) -> i64| -> Vec<i64> {
        report.buckets.iter().map(|bucket| of(&bucket.totals)).collect()
    };
    // Months before the first use, or a first month: nothing to compare with.
    let before = before.filter(|before| before.totals.calls > 0);
    let line = |label: &'static str, of: fn(&Totals) -> i64| {
        Line::new(label, Unit::Count, values(report, of))
            .before(before.map(|before| values(before, of)))
    };
    view! {
        <Chart
            title
            step
            unfinished
            dates
            lines=vec![
                line(deliveries, |sums| sums.calls),
                line(units, |sums| sums.billable_units).seal(),
            ]
        >
            <EmptyState
                title=t!("Too short for a line")
                sentence=t!("Choose a longer time, or hours instead of days.")
            />
        </Chart>
    }
    .into_any()
}

/// What stands where no use is.
pub fn unused(side: Side, coarse: bool) -> AnyView {
    match side {
        Side::Creator if coarse => view! {
            <EmptyState
                title=t!("Nothing was fetched in this time")
                sentence=t!("A day's use appears here once the day is over.")
            />
        }
        .into_any(),
        Side::Creator => view! {
            <EmptyState
                title=t!("Nothing was fetched in this time")
                sentence=t!("Use appears here seconds after a buyer's machine fetches one of your works.")
            >
                <ButtonLink kind=ButtonKind::Quiet href="/assets">{t!("Go to your works")}</ButtonLink>
            </EmptyState>
        }
        .into_any(),
        Side::Buyer => view! {
            <EmptyState
                title=t!("Nothing was fetched in this time")
                sentence=t!("Create a token for one of your licenses and paste the request beside it into a terminal.")
            >
                <ButtonLink kind=ButtonKind::Quiet href="/licenses">
                    {t!("Go to your licenses")}
                </ButtonLink>
            </EmptyState>
        }
        .into_any(),
    }
}

/// What use has in common, group by group.
pub struct Groups {
    /// What they are told apart by, as in "Work".
    pub name: &'static str,
    pub found: Breakdown,
    /// The calls of each group over time.
    pub trends: Vec<Vec<i64>>,
    /// The calls of all.
    pub whole: i64,
}

impl Groups {
    /// The largest groups of use in one dimension, and how each went over time.
    pub async fn read(
        request: &Request,
        asked: &Asked,
        range: &Range,
        (by, top): (Dimension, u8),
    ) -> Result<Self> {
        let (services, actor, side) = (&request.services, &request.actor, asked.side);
        let (dimensions, most) = (Dimensions::one(by), (Metric::Calls, top));
        let filter = &asked.filter;
        let found =
            reports::breakdown(services, actor, side, filter, range, dimensions, most).await?;
        let keys: Vec<&Key> = found.groups.iter().filter_map(|group| group.keys.first()).collect();
        let trends = reports::trends(services, actor, side, filter, range, &keys).await?;
        let parts = found.groups.iter().map(|group| group.totals.calls);
        let whole = parts.sum::<i64>() + found.other.calls;
        Ok(Self { name: dimension_in_words(by, side), found, trends, whole })
    }
}

/// Use by what it has in common, the largest part first. `href` leads from a value to its part.
pub fn groups_table(groups: Groups, href: impl Fn(&str) -> Option<String>) -> AnyView {
    let Groups { name, found: Breakdown { groups, other, others }, trends, whole } = groups;
    let mut rows: Vec<Row> = groups
        .into_iter()
        .filter_map(|group| Some((group.keys.into_iter().next()?, group.totals)))
        .zip(trends)
        .map(|((key, totals), trend)| {
            let label = if key.label.is_empty() { t!("Not said").to_owned() } else { key.label };
            let first = match href(&key.value) {
                Some(href) => Cell::link(label, href),
                None => Cell::new(label),
            };
            sums(first.note(share(totals.calls, whole)), trend, &totals)
        })
        .collect();
    if others > 0 {
        let label = tn!(others, "1 other", "{others} others");
        rows.push(sums(Cell::new(label).note(share(other.calls, whole)), Vec::new(), &other));
    }
    view! {
        <Table
            caption=t!("{name}, by use")
            columns=vec![
                Column::text(name),
                Column::text(t!("Over time")).support(),
                Column::number(t!("Deliveries")),
                Column::number(t!("Billable")),
                Column::number(t!("Delivered")).support(),
            ]
            rows
        />
    }
    .into_any()
}

fn sums(first: Cell, trend: Vec<i64>, totals: &Totals) -> Row {
    let bytes = u64::try_from(totals.bytes).unwrap_or_default();
    let highest = trend.iter().copied().max().unwrap_or_default();
    let line = (trend.len() > 1).then(|| {
        let label = t!("Highest {highest}", highest = text::quantity(highest));
        view! { <Sparkline values=trend label /> }
    });
    Row::new(vec![
        first,
        Cell::new(line),
        Cell::new(view! { <Quantity count=totals.calls /> }),
        Cell::new(view! { <Quantity count=totals.billable_units /> }),
        Cell::new(view! { <Bytes count=bytes /> }),
    ])
}

/// A bar as long as the part is of the whole; the number is in the next cell.
fn share(part: i64, whole: i64) -> impl IntoView {
    let percent = i128::from(part.max(0)) * 100 / i128::from(whole.max(1));
    view! {
        <svg class="share" aria-hidden="true">
            <rect class="share__part" width=format!("{}%", percent.clamp(1, 100)) height="100%" rx="1" />
        </svg>
    }
}
