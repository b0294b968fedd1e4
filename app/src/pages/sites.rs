//! `/sites`: the hosts one's organization has claimed.

use imprimatur::{
    domain::{actor::Deed, site::SiteState},
    services::{Result, sites},
};
use leptos::prelude::*;

use crate::{
    request::{Page, Request},
    ui::{ButtonLink, Cell, Column, EmptyState, Instant, PageHeader, Row, Status, Table, Tone},
};

/// How a site's state reads.
pub(super) fn state_in_words(state: SiteState) -> (Tone, &'static str) {
    match state {
        SiteState::Claimed => (Tone::Warn, t!("Not verified")),
        SiteState::Verified => (Tone::Good, t!("Verified")),
        SiteState::Lapsed => (Tone::Seal, t!("Lapsed")),
    }
}

/// One's own sites, newest first.
pub async fn show(request: &Request) -> Result<Page> {
    let sites = sites::list(&request.services, &request.actor).await?;
    let may_claim = request.actor.may_as_creator(Deed::ManageSite).is_ok();
    let now = request.now;
    Ok(Page::workspace(request, t!("Sites"), move || {
        let rows = sites
            .into_iter()
            .map(|site| {
                let (tone, word) = state_in_words(site.state);
                let checked = match site.checked_at {
                    Some(at) => view! { <Instant at now /> }.into_any(),
                    None => t!("Never").into_any(),
                };
                Row::new(vec![
                    Cell::link(site.host, format!("/sites/{}", site.asset_id)).note(site.title),
                    Cell::new(site.origin),
                    Cell::new(view! { <Status tone word /> }),
                    Cell::new(checked),
                ])
            })
            .collect();
        let claim = move || {
            may_claim
                .then(|| view! { <ButtonLink href="/sites/new">{t!("Claim a site")}</ButtonLink> })
        };
        view! {
            <PageHeader
                title=t!("Sites")
                lead=|| t!("A site is licensed by its paths instead of by upload. Machines fetch its pages through the gate, which asks your server for them.")
            >
                {claim()}
            </PageHeader>
            <Table
                caption=t!("Your sites")
                columns=vec![
                    Column::text(t!("Host")),
                    Column::text(t!("Pages come from")).support(),
                    Column::text(t!("State")),
                    Column::number(t!("Last checked")).support(),
                ]
                rows
                empty=move || {
                    view! {
                        <EmptyState
                            title=t!("No sites yet")
                            sentence=t!("Claim the host of your web site, prove that it is yours, and publish an offer for its paths.")
                        >
                            {claim()}
                        </EmptyState>
                    }
                        .into_any()
                }
            />
        }
    }))
}
