//! `/assets/collections`: one's own collections.

use imprimatur::{
    domain::asset::Visibility,
    services::{
        Result,
        collections::{self, CollectionRow},
    },
};
use leptos::prelude::*;

use super::works_in_words;
use crate::{
    request::{Page, Request},
    ui::{
        ButtonLink, Cell, Column, Crumb, EmptyState, Instant, PageHeader, Row, Status, Table,
        Toast, Tone,
    },
};

/// One's own collections, the newest first.
pub async fn show(request: &Request) -> Result<Page> {
    let rows = collections::list(&request.services, &request.actor).await?;
    let may_collect = collections::may_collect(&request.actor).is_ok();
    let removed = request.param("done") == Some("removed");
    let now = request.now;
    Ok(Page::workspace(request, t!("Collections"), move || {
        let none = rows.is_empty();
        let rows = rows
            .into_iter()
            .map(|row| {
                let state = state(&row);
                Row::new(vec![
                    Cell::link(row.title, format!("/assets/collections/{}", row.collection_id))
                        .note(works_in_words(row.works)),
                    Cell::new(state),
                    Cell::new(view! { <Instant at=row.created_at now /> }),
                ])
            })
            .collect();
        view! {
            {removed.then(|| view! { <Toast sentence=t!("Taken apart. Its works stay as they are.") /> })}
            <PageHeader
                title=t!("Collections")
                crumbs=vec![Crumb::new(t!("Works"), "/assets")]
                lead=|| t!("Works that belong together, on a page of their own. A work may be in several.")
            >
                {(may_collect && !none)
                    .then(|| {
                        view! { <ButtonLink href="/assets/collections/new">{t!("New collection")}</ButtonLink> }
                    })}
            </PageHeader>
            <Table
                caption=t!("Your collections")
                columns=vec![
                    Column::text(t!("Collection")),
                    Column::text(t!("Who sees it")),
                    Column::number(t!("Made")).support(),
                ]
                rows
                empty=move || {
                    view! {
                        <EmptyState
                            title=t!("No collections yet")
                            sentence=t!("Make one, then tick works in your list of works and add them.")
                        >
                            {may_collect
                                .then(|| {
                                    view! {
                                        <ButtonLink href="/assets/collections/new">
                                            {t!("New collection")}
                                        </ButtonLink>
                                    }
                                })}
                        </EmptyState>
                    }
                        .into_any()
                }
            />
        }
    }))
}

/// Who sees it, in a word and a sentence.
fn state(row: &CollectionRow) -> AnyView {
    match (row.visibility, row.shown) {
        (Visibility::Private, _) => {
            view! { <Status tone=Tone::Neutral word=t!("Private") /> }.into_any()
        }
        (_, 0) => view! { <Status tone=Tone::Warn word=t!("Nothing to show") /> }.into_any(),
        (Visibility::Unlisted, _) => {
            view! { <Status tone=Tone::Info word=t!("Unlisted") /> }.into_any()
        }
        (Visibility::Listed, _) => {
            view! { <Status tone=Tone::Good word=t!("Listed") /> }.into_any()
        }
    }
}
