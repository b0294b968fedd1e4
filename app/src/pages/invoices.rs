//! `/invoices`: what one's own organization was asked to pay.

use imprimatur::services::{
    Result,
    billing::{self, InvoiceRow},
};
use leptos::prelude::*;

use super::earnings::{amount, month_in_words};
use crate::{
    request::{Page, Request},
    ui::{ButtonLink, Cell, Column, EmptyState, Instant, PageHeader, Row, Status, Table, Tone},
};

/// One's own invoices, newest first.
pub async fn show(request: &Request) -> Result<Page> {
    let invoices = billing::invoices(&request.services, &request.actor).await?;
    let now = request.now;
    Ok(Page::workspace(request, "Invoices", move || {
        let rows = invoices
            .into_iter()
            .map(|row| {
                let (tone, word) = state(&row);
                Row::new(vec![
                    Cell::link(name(&row), format!("/invoices/{}", row.invoice_id)),
                    Cell::new(view! { <Status tone word /> }),
                    Cell::new(view! { <Instant at=row.issued_at now /> }),
                    Cell::new(amount(row.due)),
                    Cell::new(amount(row.total)),
                ])
            })
            .collect();
        view! {
            <PageHeader
                title="Invoices"
                lead=|| "One for each month, with a line for each license and what it was charged for; and one for the fees a license begins with."
            />
            <Table
                caption="Your invoices"
                columns=vec![
                    Column::text("Invoice"),
                    Column::text("State"),
                    Column::number("Issued").support(),
                    Column::number("Due").support(),
                    Column::number("Total"),
                ]
                rows
                empty=|| {
                    view! {
                        <EmptyState
                            title="No invoices yet"
                            sentence="The first one comes on the first of the month after you license a work, or at once where a license begins with a fee."
                        >
                            <ButtonLink href="/licenses">"See your licenses"</ButtonLink>
                        </EmptyState>
                    }
                        .into_any()
                }
            />
        }
    }))
}

/// What it is called.
pub(super) fn name(row: &InvoiceRow) -> String {
    let month = month_in_words(row.month.from());
    if row.is_for_fees { format!("Fees, {month}") } else { month }
}

/// Where it stands.
pub(super) const fn state(row: &InvoiceRow) -> (Tone, &'static str) {
    match row.settled_at {
        Some(_) => (Tone::Good, "Paid"),
        None if row.due.micros < row.total.micros => (Tone::Info, "Paid in part"),
        None => (Tone::Info, "Open"),
    }
}
