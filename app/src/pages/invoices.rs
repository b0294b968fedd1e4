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
    Ok(Page::workspace(request, t!("Invoices"), move || {
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
                title=t!("Invoices")
                lead=|| t!("One for each month, with a line for each license and what it was charged for; and one for the fees a license begins with.")
            />
            <Table
                caption=t!("Your invoices")
                columns=vec![
                    Column::text(t!("Invoice")),
                    Column::text(t!("State")),
                    Column::number(t!("Issued")).support(),
                    Column::number(t!("Due")).support(),
                    Column::number(t!("Total")),
                ]
                rows
                empty=|| {
                    view! {
                        <EmptyState
                            title=t!("No invoices yet")
                            sentence=t!("The first one comes on the first of the month after you license a work, or at once where a license begins with a fee.")
                        >
                            <ButtonLink href="/licenses">{t!("See your licenses")}</ButtonLink>
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
    if row.is_for_fees { t!("Fees, {month}") } else { month }
}

/// Where it stands.
pub(super) fn state(row: &InvoiceRow) -> (Tone, &'static str) {
    match row.settled_at {
        Some(_) => (Tone::Good, t!("Paid")),
        None if row.due.micros < row.total.micros => (Tone::Info, t!("Paid in part")),
        None => (Tone::Info, t!("Open")),
    }
}
