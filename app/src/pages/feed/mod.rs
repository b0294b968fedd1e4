//! `/feed`: what was fetched and what was refused, newest first, page by page with a signed cursor.

mod asked;
mod narrowed;

use chrono::{DateTime, Utc};
use imprimatur::{
    domain::{
        metering::{FreeReason, Side},
        terms::Scope,
    },
    services::{
        Result,
        reports::{self, Cost, EventLine, Failed, FailureLine},
    },
};
use leptos::prelude::*;

use self::{
    asked::{Asked, Outcome},
    narrowed::{Choices, filters},
};
use super::usage::{code_in_words, unused};
use crate::{
    request::{Page, Request},
    ui::{Bytes, Cell, Column, EmptyState, Instant, PageHeader, Pager, Row, Status, Table, Tone},
};

/// Events on one page.
const EVENTS_PER_PAGE: u8 = 50;

/// What a page of the feed lists, whichever outcome it is.
struct Listed {
    rows: Vec<Row>,
    columns: Vec<Column>,
    caption: &'static str,
    /// The title of the first one's work.
    title: Option<String>,
    newer: Option<String>,
    older: Option<String>,
}

/// A page of the feed.
pub async fn show(request: &Request) -> Result<Page> {
    request.member_only()?;
    let asked = Asked::read(request)?;
    let listed = match asked.outcome {
        Outcome::Delivered(cost) => delivered(request, &asked, cost).await?,
        Outcome::Failed(failed) => not_delivered(request, &asked, failed).await?,
    };
    let choices = Choices::read(request, &asked).await?;
    let sides = request.sides();
    let both = sides.creator && sides.buyer && !request.sees_coarsely(Side::Creator);
    Ok(Page::workspace(request, t!("Event feed"), move || {
        let Listed { rows, columns, caption, title, newer, older } = listed;
        let (side, outcome) = (asked.side, asked.outcome);
        let paged = newer.is_some() || older.is_some();
        let further = older.is_some();
        let lead = match outcome {
            Outcome::Delivered(_) => t!("Every delivery with its receipt, newest first."),
            Outcome::Failed(Failed::Refused) => {
                t!("What the gate refused, newest first. A refusal costs nothing.")
            }
            Outcome::Failed(Failed::Incomplete) => {
                t!("Deliveries that did not reach their end, newest first. They are never billed.")
            }
        };
        let what = match outcome {
            Outcome::Delivered(_) => "deliveries",
            Outcome::Failed(_) => "attempts",
        };
        view! {
            <PageHeader title=t!("Event feed") lead=move || lead />
            {filters(&asked, choices, both, title.as_deref())}
            <Table caption columns rows empty=move || unfound(side, outcome, further) />
            {paged.then(|| view! { <Pager newer=newer older=older what /> })}
        }
    }))
}

async fn delivered(request: &Request, asked: &Asked, cost: Option<Cost>) -> Result<Listed> {
    let page = reports::events(
        &request.services,
        &request.cursor_key,
        &request.actor,
        asked.side,
        &asked.events(cost),
        request.param("cursor"),
        EVENTS_PER_PAGE,
    )
    .await?;
    let now = request.now;
    Ok(Listed {
        caption: t!("Deliveries"),
        title: page.lines.first().map(|line| line.title.clone()),
        rows: page.lines.into_iter().map(|line| draw(line, now)).collect(),
        columns: vec![
            Column::text(t!("Work")),
            Column::text(other(asked.side)).support(),
            Column::text(t!("Use")),
            Column::number(t!("Size")).support(),
            Column::number(t!("When")),
        ],
        newer: page.newer.map(|cursor| asked.href(Some(&cursor))),
        older: page.older.map(|cursor| asked.href(Some(&cursor))),
    })
}

async fn not_delivered(request: &Request, asked: &Asked, failed: Failed) -> Result<Listed> {
    let cursor = request.param("cursor");
    let page = reports::failures(
        &request.services,
        &request.cursor_key,
        &request.actor,
        asked.side,
        &asked.failures(failed),
        cursor,
        EVENTS_PER_PAGE,
    )
    .await?;
    let now = request.now;
    Ok(Listed {
        caption: t!("Attempts without a delivery"),
        title: page.lines.first().map(|line| line.title.clone()),
        rows: page.lines.into_iter().map(|line| draw_failure(line, now)).collect(),
        columns: vec![
            Column::text(t!("Under the license of")),
            Column::text(other(asked.side)).support(),
            Column::text(t!("Why")),
            Column::number(t!("Went out")).support(),
            Column::number(t!("When")),
        ],
        // Attempts are read one way only; from any page it is one step to the newest.
        newer: cursor.map(|_| asked.href(None)),
        older: page.older.map(|cursor| asked.href(Some(&cursor))),
    })
}

fn other(side: Side) -> &'static str {
    match side {
        Side::Creator => t!("Buyer"),
        Side::Buyer => t!("Creator"),
    }
}

fn draw(line: EventLine, now: DateTime<Utc>) -> Row {
    // What was reported went over no gate, so nobody saw its bytes.
    let bytes = u64::try_from(line.bytes).ok().filter(|bytes| *bytes > 0);
    let title = match line.receipt_id() {
        Some(receipt_id) => Cell::link(line.title, format!("/feed/{receipt_id}")),
        None => Cell::new(line.title),
    };
    let job = line.job_id.map(|job| t!("Job {job}")).unwrap_or_default();
    Row::new(vec![
        title.note(job),
        Cell::new(line.counterparty),
        Cell::new(outcome(line.scope, line.free_reason)),
        Cell::new(bytes.map(|count| view! { <Bytes count /> })),
        Cell::new(view! { <Instant at=line.occurred_at now /> }),
    ])
}

fn draw_failure(line: FailureLine, now: DateTime<Utc>) -> Row {
    let bytes = u64::try_from(line.bytes_out).unwrap_or_default();
    let words = code_in_words(&line.code).unwrap_or(t!("Refused for another reason"));
    Row::new(vec![
        Cell::new(line.title)
            .note(view! { <code class="digest digest--whole">{line.subject}</code> }),
        Cell::new(line.counterparty),
        Cell::new(words).note(view! { <code class="digest">{line.code}</code> }),
        Cell::new(view! { <Bytes count=bytes /> }),
        Cell::new(view! { <Instant at=line.at now /> }),
    ])
}

/// What stands where no line is: a page looks only so far back.
fn unfound(side: Side, outcome: Outcome, further: bool) -> AnyView {
    match (outcome, further) {
        (_, true) => view! {
            <EmptyState
                title=t!("Nothing of this kind so far back")
                sentence=t!("There is more further back: go on to older deliveries, or ask for other days.")
            />
        }
        .into_any(),
        (Outcome::Delivered(_), false) => unused(side, false),
        (Outcome::Failed(_), false) => view! {
            <EmptyState
                title=t!("Nothing of this kind")
                sentence=t!("What the gate does not deliver is listed here with its reason, for 90 days.")
            />
        }
        .into_any(),
    }
}

/// What a delivery was, and whether it counts.
pub fn outcome(scope: Scope, free_reason: Option<FreeReason>) -> AnyView {
    let (tone, word) = match free_reason {
        Some(FreeReason::Repeat) => (Tone::Info, t!("Repeat, free").to_owned()),
        Some(FreeReason::Preview) => (Tone::Neutral, t!("Preview, free").to_owned()),
        Some(FreeReason::BeforeMeter) => (Tone::Neutral, t!("Before the license, free").to_owned()),
        Some(FreeReason::NoUnits) => (Tone::Neutral, t!("No units, free").to_owned()),
        None => (Tone::Good, scope.in_words().to_owned()),
    };
    view! { <Status tone word /> }.into_any()
}
