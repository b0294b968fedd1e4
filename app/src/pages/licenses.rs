//! `/licenses`: what one's own organization may use.

use imprimatur::services::{Result, licenses};
use leptos::prelude::*;

use super::license::state_tone;
use crate::{
    request::{Page, Request},
    ui::{ButtonLink, Cell, Column, EmptyState, Instant, PageHeader, Row, Status, Table},
};

/// One's own licenses, newest first.
pub async fn show(request: &Request) -> Result<Page> {
    let licenses = licenses::list(&request.services, &request.actor).await?;
    let now = request.now;
    Ok(Page::workspace(request, t!("Licenses"), move || {
        let rows = licenses
            .into_iter()
            .map(|license| {
                let tone = state_tone(license.state);
                let ends = match license.ends_at {
                    Some(at) => view! { <Instant at now /> }.into_any(),
                    None => t!("Open-ended").into_any(),
                };
                Row::new(vec![
                    Cell::link(license.title, format!("/licenses/{}", license.license_id))
                        .note(license.creator),
                    Cell::new(license.tier_name),
                    Cell::new(view! { <Status tone word=license.state.in_words() /> }),
                    Cell::new(view! { <Instant at=license.accepted_at now /> }),
                    Cell::new(ends),
                ])
            })
            .collect();
        view! {
            <PageHeader
                title=t!("Licenses")
                lead=|| t!("Each license lets your machines fetch one work, with tokens you create for it.")
            />
            <Table
                caption=t!("Your licenses")
                columns=vec![
                    Column::text(t!("Work")),
                    Column::text(t!("Tier")).support(),
                    Column::text(t!("State")),
                    Column::number(t!("Accepted")).support(),
                    Column::number(t!("Ends")),
                ]
                rows
                empty=|| {
                    view! {
                        <EmptyState
                            title=t!("No licenses yet")
                            sentence=t!("Find a work in the catalogue, read its terms, choose a tier and accept.")
                        >
                            <ButtonLink href="/catalogue">{t!("Browse the catalogue")}</ButtonLink>
                        </EmptyState>
                    }
                        .into_any()
                }
            />
        }
    }))
}
