//! `/feed`: every delivery, newest first, page by page with a signed cursor.

use imprimatur::{
    domain::{
        ids::{AssetId, LicenseId},
        metering::{FreeReason, Side},
        terms::Scope,
    },
    services::{
        Result,
        reports::{self, EventFilter, EventLine},
    },
};
use leptos::prelude::*;

use super::usage::{chosen_side, unused};
use crate::{
    request::{Page, Request},
    ui::{
        ButtonKind, ButtonLink, Bytes, Cell, Column, Instant, PageHeader, Pager, Row, Segment,
        Segmented, Status, Table, Tone,
    },
};

/// Events on one page.
const EVENTS_PER_PAGE: u8 = 50;

/// What the address asks for, so that links can ask for the same with one thing changed.
#[derive(Clone, Copy)]
struct View {
    side: Side,
    filter: EventFilter,
}

impl View {
    fn read(request: &Request) -> Result<Self> {
        let asset_id: Option<AssetId> = request.param("asset").map(str::parse).transpose()?;
        let license_id: Option<LicenseId> = request.param("license").map(str::parse).transpose()?;
        let scope: Option<Scope> = request.param("scope").map(str::parse).transpose()?;
        // A license is the buyer's; asking for one is asking as the buyer.
        let side = match (request.param("side"), license_id) {
            (None, Some(_)) if request.sides().buyer => Side::Buyer,
            _ => chosen_side(request),
        };
        let billable_only = request.param("billable").is_some();
        Ok(Self { side, filter: EventFilter { asset_id, license_id, scope, billable_only } })
    }

    fn href(self, cursor: Option<&str>) -> String {
        let mut href = format!("/feed?side={}", self.side);
        let mut add = |name: &str, value: &str| {
            href.push('&');
            href.push_str(name);
            href.push('=');
            href.push_str(value);
        };
        if let Some(asset_id) = self.filter.asset_id {
            add("asset", &asset_id.to_string());
        }
        if let Some(license_id) = self.filter.license_id {
            add("license", &license_id.to_string());
        }
        if let Some(scope) = self.filter.scope {
            add("scope", scope.as_str());
        }
        if self.filter.billable_only {
            add("billable", "yes");
        }
        if let Some(cursor) = cursor {
            add("cursor", cursor);
        }
        href
    }
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
            <div class="filters">{filters(view, sides.creator && sides.buyer)}</div>
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
                empty=move || unused(view.side)
            />
            {paged.then(|| view! { <Pager newer=newer older=older what="deliveries" /> })}
        }
    }))
}

fn filters(view: View, both: bool) -> AnyView {
    let with = |change: &dyn Fn(&mut View)| {
        let mut changed = view;
        change(&mut changed);
        changed.href(None)
    };
    let side = both.then(|| {
        let segments = [Side::Creator, Side::Buyer]
            .into_iter()
            .map(|side| {
                let label = match side {
                    Side::Creator => "As creator",
                    Side::Buyer => "As buyer",
                };
                Segment::new(label, with(&|view| view.side = side), view.side == side)
            })
            .collect();
        view! { <Segmented label="Side" segments /> }
    });
    let mut scopes = vec![Segment::new(
        "Every use",
        with(&|view| view.filter.scope = None),
        view.filter.scope.is_none(),
    )];
    scopes.extend(Scope::ALL.iter().map(|&scope| {
        let href = with(&|view| view.filter.scope = Some(scope));
        Segment::new(scope.in_words(), href, view.filter.scope == Some(scope))
    }));
    let billable = vec![
        Segment::new(
            "All",
            with(&|view| view.filter.billable_only = false),
            !view.filter.billable_only,
        ),
        Segment::new(
            "Billable only",
            with(&|view| view.filter.billable_only = true),
            view.filter.billable_only,
        ),
    ];
    let narrowed = view.filter.asset_id.is_some() || view.filter.license_id.is_some();
    view! {
        {side}
        <Segmented label="Use" segments=scopes />
        <Segmented label="Cost" segments=billable />
        {narrowed
            .then(|| {
                let href = with(&|view| {
                    view.filter.asset_id = None;
                    view.filter.license_id = None;
                });
                view! { <ButtonLink kind=ButtonKind::Quiet href>"Every work and license"</ButtonLink> }
            })}
    }
    .into_any()
}

fn draw(line: EventLine, now: chrono::DateTime<chrono::Utc>) -> Row {
    let bytes = u64::try_from(line.bytes).unwrap_or_default();
    let title = match line.receipt_id {
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

/// What a delivery was, and whether it counts.
pub fn outcome(scope: Scope, free_reason: Option<FreeReason>) -> AnyView {
    let (tone, word) = match free_reason {
        Some(FreeReason::Repeat) => (Tone::Info, "Repeat, free".to_owned()),
        Some(FreeReason::Preview) => (Tone::Neutral, "Preview, free".to_owned()),
        None => (Tone::Good, scope.in_words().to_owned()),
    };
    view! { <Status tone word /> }.into_any()
}
