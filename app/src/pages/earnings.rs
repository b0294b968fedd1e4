//! `/earnings`: what one's own works have earned, where that money is, and the statements behind it.

use chrono::{DateTime, Utc};
use imprimatur::{
    domain::money::Money,
    services::{
        Result, billing,
        payouts::{self, Balance},
    },
};
use leptos::prelude::*;

use crate::{
    request::{Page, Request},
    ui::{
        Amount, ButtonKind, ButtonLink, Cell, Column, EmptyState, Figure, Figures, PageHeader,
        Quantity, Row, Section, Table, text,
    },
};

/// What there is, and a statement for each month.
pub async fn show(request: &Request) -> Result<Page> {
    let balances = payouts::balances(&request.services, &request.actor).await?;
    let statements = billing::statements(&request.services, &request.actor).await?;
    Ok(Page::workspace(request, t!("Earnings"), move || {
        let figures = balances.into_iter().map(draw_balance).collect_view();
        let rows = statements
            .into_iter()
            .map(|row| {
                let href = format!("/earnings/{}", row.month);
                Row::new(vec![
                    Cell::link(month_in_words(row.month.from()), href),
                    Cell::new(view! { <Quantity count=row.lines /> }),
                    Cell::new(amount(row.net)),
                    Cell::new(amount(row.matured)),
                ])
            })
            .collect();
        view! {
            <PageHeader
                title=t!("Earnings")
                lead=|| t!("What your works have earned, after the platform's fee. A month is billed when it is over, and can be paid out seven days after its invoice is paid.")
            >
                <ButtonLink kind=ButtonKind::Quiet href="/payouts">{t!("Payouts")}</ButtonLink>
            </PageHeader>
            {figures}
            <Section title=t!("Statements") id="statements">
                <Table
                    caption=t!("Statements by month")
                    columns=vec![
                        Column::text(t!("Month")),
                        Column::number(t!("Lines")).support(),
                        Column::number(t!("Earned")),
                        Column::number(t!("Became available")),
                    ]
                    rows
                    empty=|| {
                        view! {
                            <EmptyState
                                title=t!("No statements yet")
                                sentence=t!("The first one is written on the first of the month after somebody has licensed one of your works.")
                            >
                                <ButtonLink href="/offers">{t!("See what is on offer")}</ButtonLink>
                            </EmptyState>
                        }
                            .into_any()
                    }
                />
            </Section>
        }
    }))
}

fn draw_balance(balance: Balance) -> impl IntoView {
    let label = t!("Your balance in {currency}", currency = balance.pending.currency);
    view! {
        <Figures label>
            <Figure label=t!("Pending") href="#statements" note=|| t!("Not paid yet, or less than 7 days ago")>
                {display(balance.pending)}
            </Figure>
            <Figure label=t!("Available") href="/payouts" note=|| t!("The next payout sends it")>
                {display(balance.available)}
            </Figure>
            <Figure label=t!("Held") note=|| t!("Until a dispute is decided")>
                {display(balance.held)}
            </Figure>
            <Figure label=t!("In transit") href="/payouts" note=|| t!("On its way to your bank")>
                {display(balance.in_transit)}
            </Figure>
        </Figures>
    }
}

fn display(money: Money) -> impl IntoView {
    view! { <Amount micros=money.micros currency=money.currency.as_str() display=true /> }
}

/// Money in a table: exact.
pub(super) fn amount(money: Money) -> impl IntoView {
    view! { <Amount micros=money.micros currency=money.currency.as_str() /> }
}

/// `March 2026`.
pub(super) fn month_in_words(at: DateTime<Utc>) -> String {
    text::month_in_full(at.date_naive())
}
