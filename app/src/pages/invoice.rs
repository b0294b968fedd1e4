//! `/invoices/{id}`: what an invoice asks for, line by line, and what was paid.

use chrono::Days;
use imprimatur::services::{
    Result,
    billing::{self, Invoice, InvoiceLine},
};
use leptos::prelude::*;

use super::{
    earnings::{amount, month_in_words},
    invoices::{name, state},
};
use crate::{
    address::Address,
    request::{Page, Request},
    ui::{
        ButtonKind, ButtonLink, Cell, Column, Columns, Crumb, Definition, Definitions, Instant,
        PageHeader, Quantity, Row, Section, Status, Table,
    },
};

/// One of one's own invoices.
pub async fn show(request: &Request, id: &str) -> Result<Page> {
    let found = billing::invoice(&request.services, &request.actor, id.parse()?).await?;
    let now = request.now;
    let title = t!("Invoice: {row}", row = name(&found.row));
    Ok(Page::workspace(request, title.clone(), move || {
        let Invoice { row, lines, brought, tax, payments, page_url, pdf_url } = found;
        let (tone, word) = state(&row);
        let (charged, credited): (Vec<_>, Vec<_>) =
            lines.into_iter().partition(|line| line.credit_note_id.is_none());
        let lead = match row.settled_at {
            Some(_) => t!("{total} was asked for, and nothing is due any more.", total = row.total),
            None => t!("{due} is due of {total}.", due = row.due, total = row.total),
        };
        let credits = (!credited.is_empty()).then(|| {
            view! { <Section title=t!("Taken back")>{draw_lines(t!("Credited"), credited)}</Section> }
        });
        let paid = payments
            .into_iter()
            .map(|payment| {
                let from = if payment.from_wallet { t!("From your wallet") } else { t!("By card") };
                let back = payment.returned_at.map(|_| t!("Taken back"));
                Row::new(vec![
                    Cell::new(from).note(back),
                    Cell::new(view! { <Instant at=payment.paid_at now /> }),
                    Cell::new(amount(payment.sum)),
                ])
            })
            .collect::<Vec<_>>();
        let payments = (!paid.is_empty()).then(|| {
            view! {
                <Section title=t!("Payments")>
                    <Table
                        caption=t!("Payments of this invoice")
                        columns=vec![
                            Column::text(t!("Payment")),
                            Column::number(t!("When")),
                            Column::number(t!("Sum")),
                        ]
                        rows=paid
                    />
                </Section>
            }
        });
        let (total, due) = (row.total, row.due);
        let side = move || {
            view! {
                <Definitions>
                    <Definition name=t!("State")><Status tone word /></Definition>
                    {(brought.micros != 0)
                        .then(|| view! { <Definition name=t!("Left over before")>{amount(brought)}</Definition> })}
                    {(tax.micros != 0)
                        .then(|| view! { <Definition name=t!("Tax")>{amount(tax)}</Definition> })}
                    <Definition name=t!("Total")>{amount(total)}</Definition>
                    <Definition name=t!("Due")>{amount(due)}</Definition>
                </Definitions>
            }
        };
        let links = [(page_url, t!("Pay or see it at Stripe")), (pdf_url, "PDF")]
            .into_iter()
            .filter_map(|(href, label)| {
                let href = href?;
                Some(view! { <ButtonLink kind=ButtonKind::Quiet href>{label}</ButtonLink> })
            })
            .collect_view();
        view! {
            <PageHeader
                title
                crumbs=vec![Crumb::new(t!("Invoices"), "/invoices")]
                here=name(&row)
                lead=move || lead
            >
                {links}
            </PageHeader>
            <Columns side>
                <Section title=t!("Charges")>{draw_lines(t!("Charges"), charged)}</Section>
                {credits}
                {payments}
            </Columns>
        }
    }))
}

fn draw_lines(caption: &'static str, lines: Vec<InvoiceLine>) -> impl IntoView {
    let rows = lines
        .into_iter()
        .map(|line| {
            let month = month_in_words(line.month.from());
            Row::new(vec![
                Cell::link(line.title.clone(), deliveries(&line)).note(month),
                Cell::new(line.words),
                Cell::new(view! { <Quantity count=line.units /> }),
                Cell::new(amount(line.sum)),
            ])
        })
        .collect();
    view! {
        <Table
            caption
            columns=vec![
                Column::text(t!("Work")),
                Column::text(t!("For")).support(),
                Column::number(t!("Units")).support(),
                Column::number(t!("Sum")),
            ]
            rows
        />
    }
}

/// The deliveries that a line was counted from.
fn deliveries(line: &InvoiceLine) -> String {
    let last = line.month.until().date_naive().checked_sub_days(Days::new(1));
    Address::new("/feed")
        .with("side", "buyer")
        .with("outcome", "billable")
        .with("license", line.license_id)
        .with("from", line.month.first_day())
        .with_some("until", last)
        .href()
}
