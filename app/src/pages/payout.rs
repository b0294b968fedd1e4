//! `/payouts/{id}`: where one payout is, and what it is made of.

use chrono::{DateTime, Utc};
use imprimatur::{
    domain::payout::State,
    services::{
        Result,
        payouts::{self, PayoutRow},
    },
};
use leptos::prelude::*;

use super::{earnings::amount, payouts::tone};
use crate::{
    request::{Page, Request},
    ui::{
        Cell, Column, Columns, Crumb, Definition, Definitions, EmptyState, Instant, PageHeader,
        Row, Section, Status, Table, Timeline, TimelineStep, text,
    },
};

/// One of one's own payouts.
pub async fn show(request: &Request, id: &str) -> Result<Page> {
    let (payout, parts) = payouts::payout(&request.services, &request.actor, id.parse()?).await?;
    let now = request.now;
    let title = t!(
        "Payout of {date_naive}",
        date_naive = text::day_in_full(payout.created_at.date_naive())
    );
    Ok(Page::workspace(request, title.clone(), move || {
        let lead = sentence(&payout);
        let rows = parts
            .into_iter()
            .map(|part| {
                // What was earned begins with its month, whose statement has the line.
                let month = part.reason.get(..7).filter(|_| part.code == "earning.matured");
                let name = match month {
                    Some(month) => Cell::link(part.reason.clone(), format!("/earnings/{month}")),
                    None => Cell::new(part.reason.clone()),
                };
                Row::new(vec![
                    name,
                    Cell::new(view! { <Instant at=part.posted_at now /> }),
                    Cell::new(amount(part.sum)),
                ])
            })
            .collect();
        let timeline = draw_steps(&payout, now);
        let (sum, state) = (payout.sum, payout.state);
        let side = move || {
            view! {
                <Definitions>
                    <Definition name=t!("Sum")>{amount(sum)}</Definition>
                    <Definition name=t!("State")>
                        <Status tone=tone(state) word=state.in_words() />
                    </Definition>
                </Definitions>
            }
        };
        view! {
            <PageHeader title crumbs=vec![Crumb::new(t!("Payouts"), "/payouts")] lead=move || lead />
            <Columns side>
                <Section title=t!("Where it is")>{timeline}</Section>
                <Section title=t!("What it is made of")>
                    <Table
                        caption=t!("What became available since the payout before")
                        columns=vec![
                            Column::text(t!("For")),
                            Column::number(t!("Became available")).support(),
                            Column::number(t!("Sum")),
                        ]
                        rows
                        empty=|| {
                            view! {
                                <EmptyState
                                    title=t!("Nothing new")
                                    sentence=t!("It sends what was left over from before.")
                                />
                            }
                                .into_any()
                        }
                    />
                </Section>
            </Columns>
        }
    }))
}

fn sentence(payout: &PayoutRow) -> String {
    let sum = payout.sum;
    let why = payout.failure.clone().unwrap_or_default();
    match payout.state {
        State::Reserved => t!("{sum} is being sent."),
        State::Transferred => t!("{sum} is on its way to your bank."),
        State::Paid => t!("{sum} is with your bank."),
        State::Refused => t!("{sum} was not sent and is available again. {why}"),
        State::Failed => t!("Your bank did not take {sum}; it is being brought back. {why}"),
        State::Returned => t!("{sum} came back and is available again. {why}"),
    }
}

fn draw_steps(payout: &PayoutRow, now: DateTime<Utc>) -> impl IntoView + use<> {
    let step = move |title: &'static str, at: Option<DateTime<Utc>>| {
        let done = at.is_some();
        let when = move || match at {
            Some(at) => view! { <Instant at now /> }.into_any(),
            None => t!("to come").into_any(),
        };
        view! { <TimelineStep when title done /> }
    };
    let has_failed = payout.failed_at.is_some() || payout.state == State::Refused;
    let back = has_failed.then(|| {
        let failed = payout.failed_at.map(|at| step(t!("Failed"), Some(at)));
        let again = step(t!("Available again"), payout.ended_at);
        view! { {failed} {again} }
    });
    let sent = (payout.state != State::Refused)
        .then(|| step(t!("In your account at Stripe"), payout.transferred_at));
    let paid = (!has_failed || payout.paid_at.is_some())
        .then(|| step(t!("With your bank"), payout.paid_at));
    let decided = step(t!("Decided"), Some(payout.created_at));
    view! {
        <Timeline label=t!("Steps of the payout")>
            {decided} {sent} {paid} {back}
        </Timeline>
    }
}
