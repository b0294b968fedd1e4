//! `/assets`: one's own works.

use imprimatur::{
    domain::actor::Deed,
    services::{Result, assets},
};
use leptos::prelude::*;

use crate::{
    request::{Page, Request},
    ui::{
        ButtonLink, Bytes, Cell, Column, Digest, EmptyState, Instant, PageHeader, Row, Status,
        Table, Tone,
    },
};

/// One's own works, newest first.
pub async fn show(request: &Request) -> Result<Page> {
    let works = assets::list(&request.services, &request.actor).await?;
    let may_register = request.actor.may_as_creator(Deed::RegisterAsset).is_ok();
    let now = request.now;
    Ok(Page::workspace(request, "Works", move || {
        let unoffered = works.iter().filter(|work| work.offered.is_none()).count();
        let lead = match (works.len(), unoffered) {
            (0, _) => "A work can be anything you own the rights to: a text, a picture, a recording, a data set.".to_owned(),
            (_, 0) => "Every work is on offer.".to_owned(),
            (_, 1) => "One work has no offer yet, so nobody can license it.".to_owned(),
            (_, some) => format!("{some} works have no offer yet, so nobody can license them."),
        };
        let none = works.is_empty();
        let rows = works
            .into_iter()
            .map(|work| {
                let size = work.bytes.map(|bytes| {
                    let bytes = u64::try_from(bytes).unwrap_or_default();
                    view! { <Bytes count=bytes /> }
                });
                let named = match (work.content_id, work.host) {
                    (Some(content_id), _) => view! { <Digest value=content_id /> }.into_any(),
                    (None, host) => host.into_any(),
                };
                let offered = match work.offered {
                    Some(terms) => view! { <Status tone=Tone::Good word=terms /> }.into_any(),
                    None => view! { <Status tone=Tone::Warn word="No offer" /> }.into_any(),
                };
                Row::new(vec![
                    Cell::link(work.title, format!("/assets/{}", work.asset_id)).note(view! {
                        {work.kind.in_words()} " · " {named}
                    }),
                    Cell::new(offered),
                    Cell::new(size),
                    Cell::new(view! { <Instant at=work.created_at now /> }),
                ])
            })
            .collect();
        view! {
            <PageHeader title="Works" lead=move || lead>
                {(may_register && !none)
                    .then(|| view! { <ButtonLink href="/assets/new">"Register work"</ButtonLink> })}
            </PageHeader>
            <Table
                caption="Your works"
                columns=vec![
                    Column::text("Work"),
                    Column::text("Offer"),
                    Column::number("Size").support(),
                    Column::number("Registered").support(),
                ]
                rows
                empty=move || {
                    view! {
                        <EmptyState
                            title="No works yet"
                            sentence="Register the first one: choose a file, give it a title, and it has a content ID."
                        >
                            {may_register
                                .then(|| {
                                    view! { <ButtonLink href="/assets/new">"Register work"</ButtonLink> }
                                })}
                        </EmptyState>
                    }
                        .into_any()
                }
            />
        }
    }))
}
