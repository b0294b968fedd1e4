//! `/feed`: every delivery, newest first, page by page with a signed cursor.

use chrono::{DateTime, Days, NaiveDate, NaiveTime, Utc};
use imprimatur::{
    domain::{
        error::Refusal,
        ids::{AssetId, LicenseId},
        metering::{FreeReason, Side},
        terms::Scope,
    },
    services::{
        Result,
        reports::{self, Cost, EventFilter, EventLine},
    },
};
use leptos::prelude::*;

use super::usage::{chosen_side, unused};
use crate::{
    request::{Page, Request},
    ui::{
        Button, ButtonKind, ButtonLink, Bytes, Cell, Choice, Column, EmptyState, FilterForm,
        HiddenField, Instant, PageHeader, Pager, Row, SelectField, Status, Table, TextField, Tone,
    },
};

/// Events on one page.
const EVENTS_PER_PAGE: u8 = 50;

/// What the address asks for, so that links can ask for the same with one thing changed.
#[derive(Clone)]
struct View {
    side: Side,
    filter: EventFilter,
    /// The first day and the last, as they stand in the address.
    days: (Option<NaiveDate>, Option<NaiveDate>),
}

impl View {
    fn read(request: &Request) -> Result<Self> {
        let filled = |name: &str| request.param(name).filter(|value| !value.is_empty());
        let asset_id: Option<AssetId> = filled("asset").map(str::parse).transpose()?;
        let license_id: Option<LicenseId> = filled("license").map(str::parse).transpose()?;
        let scope: Option<Scope> = filled("scope").map(str::parse).transpose()?;
        let cost: Option<Cost> = filled("cost").map(str::parse).transpose()?;
        let day = |name: &'static str| {
            filled(name).map(|day| day.parse::<NaiveDate>()).transpose().map_err(|_| {
                Refusal::invalid(name, "Write the day as year, month, day: 2026-11-22.")
            })
        };
        let days = (day("from")?, day("until")?);
        // A license is the buyer's; asking for one is asking as the buyer.
        let side = match (request.param("side"), license_id) {
            (None, Some(_)) if request.sides().buyer => Side::Buyer,
            _ => chosen_side(request),
        };
        let filter = EventFilter {
            asset_id,
            license_id,
            scope,
            cost,
            from: days.0.map(midnight),
            until: days.1.and_then(|day| day.checked_add_days(Days::new(1))).map(midnight),
            ..EventFilter::default()
        };
        Ok(Self { side, filter, days })
    }

    fn href(&self, cursor: Option<&str>) -> String {
        let mut href = format!("/feed?side={}", self.side);
        let mut add = |name: &str, value: Option<String>| {
            if let Some(value) = value {
                href.push('&');
                href.push_str(name);
                href.push('=');
                href.push_str(&value);
            }
        };
        add("asset", self.filter.asset_id.map(|id| id.to_string()));
        add("license", self.filter.license_id.map(|id| id.to_string()));
        add("scope", self.filter.scope.map(|scope| scope.as_str().to_owned()));
        add("cost", self.filter.cost.map(|cost| cost.as_str().to_owned()));
        add("from", self.days.0.map(|day| day.to_string()));
        add("until", self.days.1.map(|day| day.to_string()));
        add("cursor", cursor.map(str::to_owned));
        href
    }
}

fn midnight(day: NaiveDate) -> DateTime<Utc> {
    day.and_time(NaiveTime::MIN).and_utc()
}

/// A page of the feed.
pub async fn show(request: &Request) -> Result<Page> {
    request.member_only()?;
    let view = View::read(request)?;
    let page = reports::events(
        &request.services,
        &request.cursor_key,
        &request.actor,
        view.side,
        &view.filter,
        request.param("cursor"),
        EVENTS_PER_PAGE,
    )
    .await?;
    let now = request.now;
    let sides = request.sides();
    Ok(Page::workspace(request, "Event feed", move || {
        let newer = page.newer.map(|cursor| view.href(Some(&cursor)));
        let older = page.older.map(|cursor| view.href(Some(&cursor)));
        let paged = newer.is_some() || older.is_some();
        let further = older.is_some();
        let rows = page.lines.into_iter().map(|line| draw(line, now)).collect();
        let other = match view.side {
            Side::Creator => "Buyer",
            Side::Buyer => "Creator",
        };
        view! {
            <PageHeader
                title="Event feed"
                lead=|| "Every delivery with its receipt, newest first."
            />
            {filters(&view, sides.creator && sides.buyer)}
            <Table
                caption="Deliveries"
                columns=vec![
                    Column::text("Work"),
                    Column::text(other).support(),
                    Column::text("Use"),
                    Column::number("Size").support(),
                    Column::number("When"),
                ]
                rows
                empty=move || unfound(view.side, further)
            />
            {paged.then(|| view! { <Pager newer=newer older=older what="deliveries" /> })}
        }
    }))
}

fn filters(view: &View, both: bool) -> AnyView {
    let side = if both {
        let choices = vec![
            Choice::new(Side::Creator.as_str(), "As creator"),
            Choice::new(Side::Buyer.as_str(), "As buyer"),
        ];
        view! {
            <SelectField name="side" label="Side" choices value=view.side.as_str() required=true />
        }
        .into_any()
    } else {
        view! { <HiddenField name="side" value=view.side.as_str() /> }.into_any()
    };
    let mut uses = vec![Choice::new("", "Every use")];
    uses.extend(Scope::ALL.iter().map(|scope| Choice::new(scope.as_str(), scope.in_words())));
    let used = view.filter.scope.map(Scope::as_str).unwrap_or_default();
    let costs = vec![
        Choice::new("", "Free and billable"),
        Choice::new(Cost::Billable.as_str(), "Billable only"),
        Choice::new(Cost::Free.as_str(), "Free only"),
    ];
    let cost = view.filter.cost.map(Cost::as_str).unwrap_or_default();
    let day = |day: Option<NaiveDate>| day.map(|day| day.to_string()).unwrap_or_default();
    let (from, until) = (day(view.days.0), day(view.days.1));
    let asset = view.filter.asset_id.map(|asset_id| {
        view! { <HiddenField name="asset" value=asset_id.to_string() /> }
    });
    let license = view.filter.license_id.map(|license_id| {
        view! { <HiddenField name="license" value=license_id.to_string() /> }
    });
    let narrowed = asset.is_some() || license.is_some();
    let mut wider = view.clone();
    (wider.filter.asset_id, wider.filter.license_id) = (None, None);
    view! {
        <FilterForm label="Event feed">
            {side}
            {asset}
            {license}
            <SelectField name="scope" label="Use" choices=uses value=used required=true />
            <SelectField name="cost" label="Cost" choices=costs value=cost required=true />
            <TextField name="from" label="From" kind="date" value=from />
            <TextField name="until" label="Until" kind="date" value=until />
            <Button kind=ButtonKind::Quiet>"Show"</Button>
            {narrowed
                .then(|| {
                    view! {
                        <ButtonLink kind=ButtonKind::Quiet href=wider.href(None)>
                            "Every work and license"
                        </ButtonLink>
                    }
                })}
        </FilterForm>
    }
    .into_any()
}

fn draw(line: EventLine, now: chrono::DateTime<chrono::Utc>) -> Row {
    let bytes = u64::try_from(line.bytes).unwrap_or_default();
    let title = match line.receipt_id() {
        Some(receipt_id) => Cell::link(line.title, format!("/feed/{receipt_id}")),
        None => Cell::new(line.title),
    };
    let job = line.job_id.map(|job| format!("Job {job}")).unwrap_or_default();
    Row::new(vec![
        title.note(job),
        Cell::new(line.counterparty),
        Cell::new(outcome(line.scope, line.free_reason)),
        Cell::new(view! { <Bytes count=bytes /> }),
        Cell::new(view! { <Instant at=line.occurred_at now /> }),
    ])
}

/// What stands where no line is: a page looks only so far back.
fn unfound(side: Side, further: bool) -> AnyView {
    if further {
        view! {
            <EmptyState
                title="Nothing of this kind so far back"
                sentence="There is more further back: go on to older deliveries, or ask for other days."
            />
        }
        .into_any()
    } else {
        unused(side)
    }
}

/// What a delivery was, and whether it counts.
pub fn outcome(scope: Scope, free_reason: Option<FreeReason>) -> AnyView {
    let (tone, word) = match free_reason {
        Some(FreeReason::Repeat) => (Tone::Info, "Repeat, free".to_owned()),
        Some(FreeReason::Preview) => (Tone::Neutral, "Preview, free".to_owned()),
        Some(FreeReason::BeforeMeter) => (Tone::Neutral, "Before the license, free".to_owned()),
        Some(FreeReason::NoUnits) => (Tone::Neutral, "No units, free".to_owned()),
        None => (Tone::Good, scope.in_words().to_owned()),
    };
    view! { <Status tone word /> }.into_any()
}
