//! `/payouts`: what was sent and what was not, how often that happens, and asking for it now.

use chrono::{DateTime, Utc};
use imprimatur::{
    domain::{
        actor::Deed,
        payout::{Schedule, State},
    },
    services::{
        Result,
        payouts::{self, DecisionRow},
    },
};
use leptos::prelude::*;

use super::earnings::amount;
use crate::{
    request::{Page, Request},
    ui::{
        Button, ButtonKind, ButtonLink, Cell, Choice, Column, Columns, EmptyState, FormActions,
        HiddenField, Instant, PageHeader, Panel, PostForm, Row, RowRefusal, SelectField, Status,
        Table, Toast, Tone, text,
    },
};

/// Every decision, newest first.
pub async fn show(request: &Request) -> Result<Page> {
    let (services, actor) = (&request.services, &request.actor);
    let decisions = payouts::decisions(services, actor).await?;
    let schedule = payouts::schedule_of(services, actor).await?;
    let balances = payouts::balances(services, actor).await?;
    let may_manage = actor.may_as_creator(Deed::ManagePayouts).is_ok();
    let done = match request.param("done") {
        Some("schedule") => Some(t!("Saved.")),
        Some("asked") => Some(t!("The payout is being sent.")),
        _ => None,
    };
    let now = request.now;
    Ok(Page::workspace(request, t!("Payouts"), move || {
        let rows = decisions.into_iter().map(|row| draw(row, now)).collect();
        let asks = balances
            .into_iter()
            .filter(|balance| balance.available.micros > 0)
            .map(|balance| {
                let currency = balance.available.currency.to_string();
                view! {
                    <PostForm name="request" row=true>
                        <HiddenField name="currency" value=currency />
                        <Button>{t!("Pay out ")} {balance.available.to_string()} {t!(" now")}</Button>
                    </PostForm>
                }
            })
            .collect_view();
        let side = move || {
            view! {
                <Panel label=t!("How often")>
                    <PostForm name="schedule">
                        <SelectField
                            name="schedule"
                            label=t!("Payouts")
                            hint=t!("At least 10.00 is sent; less waits for the next time.")
                            choices=Schedule::ALL
                                .iter()
                                .map(|each| Choice::new(each.as_str(), each.in_words()))
                                .collect()
                            value=schedule.as_str()
                            required=true
                        />
                        <FormActions>
                            <Button kind=ButtonKind::Quiet>{t!("Save")}</Button>
                        </FormActions>
                    </PostForm>
                </Panel>
            }
        };
        let list = view! {
            <Table
                caption=t!("Payouts, newest first")
                columns=vec![
                    Column::text(t!("Payout")),
                    Column::text(t!("State")),
                    Column::number(t!("Available then")).support(),
                    Column::number(t!("Sent")),
                ]
                rows
                empty=|| {
                    view! {
                        <EmptyState
                            title=t!("Nothing was paid out yet")
                            sentence=t!("Earnings are sent when they have become available: seven days after their invoice is paid.")
                        >
                            <ButtonLink href="/earnings">{t!("See earnings")}</ButtonLink>
                        </EmptyState>
                    }
                        .into_any()
                }
            />
        };
        let body = match may_manage {
            true => view! { <Columns side>{list}</Columns> }.into_any(),
            false => list.into_any(),
        };
        view! {
            {done.map(|sentence| view! { <Toast sentence /> })}
            <PageHeader
                title=t!("Payouts")
                lead=|| t!("Your earnings on their way to your bank. Where nothing was sent, or not all, the row says why.")
            >
                {may_manage.then_some(asks)}
                <ButtonLink kind=ButtonKind::Quiet href="/settings/payouts">
                    {t!("Where they go")}
                </ButtonLink>
            </PageHeader>
            <RowRefusal forms=&["request"] />
            {body}
        }
    }))
}

fn draw(row: DecisionRow, now: DateTime<Utc>) -> Row {
    let at = view! { <Instant at=row.run_at now /> };
    let (name, state, sent) = match row.payout {
        Some(payout) => {
            let href = format!("/payouts/{}", payout.payout_id);
            let name = Cell::link(
                t!(
                    "Payout of {date_naive}",
                    date_naive = text::day_in_full(row.run_at.date_naive())
                ),
                href,
            );
            let why = payout.failure.or(row.why);
            let status = view! {
                <Status tone=tone(payout.state) word=payout.state.in_words() />
            };
            (name.note(at), Cell::new(status).note(why), Cell::new(amount(payout.sum)))
        }
        None => {
            let status = view! { <Status word=t!("Nothing sent") /> };
            (Cell::new(at), Cell::new(status).note(row.why), Cell::new("–"))
        }
    };
    Row::new(vec![name, state, Cell::new(amount(row.available)), sent])
}

/// How a state is tinted.
pub(super) const fn tone(state: State) -> Tone {
    match state {
        State::Reserved | State::Transferred => Tone::Info,
        State::Paid => Tone::Good,
        State::Failed | State::Refused => Tone::Warn,
        State::Returned => Tone::Neutral,
    }
}
