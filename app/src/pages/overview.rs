//! `/overview`: the first thing one sees. What needs the person, then what happened.

use imprimatur::{
    domain::{
        actor::Deed,
        metering::{Grain, Range, Side},
    },
    services::{
        Result, assets, licenses,
        reports::{self, EventFilter, EventLine, UsageFilter},
    },
};
use leptos::prelude::*;

use super::{
    feed::outcome,
    usage::{Totals, chosen_side, top_works, unused, use_chart, works_table},
};
use crate::{
    request::{Page, Request},
    ui::{
        ButtonKind, ButtonLink, Cell, Column, Columns, EmptyState, Instant, PageHeader, Row,
        Section, Segment, Segmented, Table, Task, Tasks, Tone,
    },
};

const LATEST: u8 = 6;
const WORKS: u8 = 5;
const DAYS: u16 = 30;

/// Something that waits for the person.
struct Todo {
    tone: Tone,
    title: String,
    note: &'static str,
    href: String,
}

/// The overview, from the side that is asked for.
pub async fn show(request: &Request) -> Result<Page> {
    request.member_only()?;
    let side = chosen_side(request);
    let (services, actor) = (&request.services, &request.actor);
    let range = Range::last_days(request.now, DAYS, Grain::Day)?;
    let report = reports::usage(services, actor, side, &UsageFilter::default(), &range).await?;
    let works = top_works(request, side, &range, WORKS).await?;
    let latest = reports::events(
        services,
        &request.cursor_key,
        actor,
        side,
        &EventFilter::default(),
        None,
        LATEST,
    )
    .await?
    .lines;
    let todo = match side {
        Side::Creator => creator_todo(request).await?,
        Side::Buyer => buyer_todo(request).await?,
    };
    let may_register = actor.may_as_creator(Deed::RegisterAsset).is_ok();
    let sides = request.sides();
    let now = request.now;
    Ok(Page::workspace(request, "Overview", move || {
        let lead = match (side, report.totals.calls) {
            (Side::Creator, 0) => "Nothing of yours was fetched in the last 30 days.".to_owned(),
            (Side::Creator, 1) => "One delivery of your works in the last 30 days.".to_owned(),
            (Side::Creator, calls) => {
                format!(
                    "{} deliveries of your works in the last 30 days.",
                    crate::ui::text::quantity(calls)
                )
            }
            (Side::Buyer, 0) => "Your machines fetched nothing in the last 30 days.".to_owned(),
            (Side::Buyer, 1) => "Your machines fetched one work in the last 30 days.".to_owned(),
            (Side::Buyer, calls) => {
                format!(
                    "Your machines fetched {} times in the last 30 days.",
                    crate::ui::text::quantity(calls)
                )
            }
        };
        let used = report.totals.calls > 0;
        let both = sides.creator && sides.buyer;
        let segments = vec![
            Segment::new("As creator", "/overview?side=creator", side == Side::Creator),
            Segment::new("As buyer", "/overview?side=buyer", side == Side::Buyer),
        ];
        let aside = move || {
            view! {
                <Section title="Needs you">{draw_todo(todo)}</Section>
                <Section
                    title="Latest deliveries"
                    links=move || view! { <a href=format!("/feed?side={side}")>"Feed"</a> }.into_any()
                >
                    {draw_latest(latest, side, now)}
                </Section>
            }
            .into_any()
        };
        view! {
            <PageHeader title="Overview" lead=move || lead>
                {both.then(|| view! { <Segmented label="Side" segments /> })}
                {match side {
                    Side::Creator => {
                        may_register
                            .then(|| view! { <ButtonLink href="/assets/new">"Register work"</ButtonLink> })
                            .into_any()
                    }
                    Side::Buyer => {
                        view! { <ButtonLink href="/catalogue">"Browse the catalogue"</ButtonLink> }
                            .into_any()
                    }
                }}
            </PageHeader>
            <Totals report=report.clone() side />
            <Columns side=aside>
                <Section title="Use" links=move || {
                    view! { <a href=format!("/usage?side={side}")>"All usage"</a> }.into_any()
                }>{if used { use_chart(&report, now) } else { unused(side) }}</Section>
                {used.then(|| view! { <Section title="Works, by use">{works_table(works, side)}</Section> })}
            </Columns>
        }
    }))
}

async fn creator_todo(request: &Request) -> Result<Vec<Todo>> {
    let may_register = request.actor.may_as_creator(Deed::RegisterAsset).is_ok();
    let may_publish = request.actor.may_as_creator(Deed::PublishOffer).is_ok();
    let works = assets::list(&request.services, &request.actor).await?;
    if works.is_empty() && may_register {
        return Ok(vec![Todo {
            tone: Tone::Info,
            title: "Register your first work".into(),
            note: "Choose a file and give it a title. It takes a minute.",
            href: "/assets/new".into(),
        }]);
    }
    Ok(works
        .into_iter()
        .filter(|work| may_publish && work.offered.is_none())
        .take(5)
        .map(|work| Todo {
            tone: Tone::Warn,
            title: format!("Put “{}” on offer", work.title),
            note: "Nobody can license it yet: it has no terms and no price.",
            href: format!("/assets/{}/offer", work.asset_id),
        })
        .collect())
}

async fn buyer_todo(request: &Request) -> Result<Vec<Todo>> {
    let may_accept = request.actor.may_as_buyer(Deed::AcceptLicense).is_ok();
    let may_create = request.actor.may_as_buyer(Deed::CreateToken).is_ok();
    let licenses = licenses::list(&request.services, &request.actor).await?;
    if licenses.is_empty() && may_accept {
        return Ok(vec![Todo {
            tone: Tone::Info,
            title: "License your first work".into(),
            note: "Find it in the catalogue, read its terms, choose a tier.",
            href: "/catalogue".into(),
        }]);
    }
    Ok(licenses
        .into_iter()
        .filter(|license| may_create && !license.has_token)
        .take(5)
        .map(|license| Todo {
            tone: Tone::Info,
            title: format!("Create a token for “{}”", license.title),
            note: "The license is yours; no machine can use it yet.",
            href: format!("/licenses/{}/tokens/new", license.license_id),
        })
        .collect())
}

fn draw_todo(todo: Vec<Todo>) -> AnyView {
    if todo.is_empty() {
        return view! {
            <EmptyState title="Nothing needs you" sentence="Whatever waits for you is listed here." />
        }
        .into_any();
    }
    let tasks = todo
        .into_iter()
        .map(|todo| {
            view! { <Task tone=todo.tone title=todo.title href=todo.href note=todo.note /> }
        })
        .collect_view();
    view! { <Tasks label="Needs you">{tasks}</Tasks> }.into_any()
}

fn draw_latest(latest: Vec<EventLine>, side: Side, now: chrono::DateTime<chrono::Utc>) -> AnyView {
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
            caption="Latest deliveries"
            columns=vec![Column::text("Work"), Column::number("Use")]
            rows
            empty=move || {
                let sentence = match side {
                    Side::Creator => "The first delivery appears here with its receipt.",
                    Side::Buyer => "The first fetch appears here with its receipt.",
                };
                view! {
                    <EmptyState title="No deliveries yet" sentence>
                        <ButtonLink kind=ButtonKind::Quiet href="/catalogue">
                            "See the catalogue"
                        </ButtonLink>
                    </EmptyState>
                }
                    .into_any()
            }
        />
    }
    .into_any()
}
