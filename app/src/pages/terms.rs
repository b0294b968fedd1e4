//! Terms in plain words, wherever they are shown, and `/terms`: those one's own offers stand on.

use imprimatur::{
    domain::terms::{ClauseKind, Terms},
    services::{Result, offers},
};
use leptos::prelude::*;

use crate::{
    request::{Page, Request},
    ui::{
        ButtonLink, Cell, CodeBlock, Column, Digest, EmptyState, Instant, PageHeader, Quantity,
        Row, Section, Table,
    },
};

/// What terms allow, forbid and ask for, as a list of sentences.
#[component]
pub fn TermsInWords(terms: Terms) -> impl IntoView {
    let clauses = terms
        .in_words()
        .into_iter()
        .map(|clause| {
            let class = match clause.kind {
                ClauseKind::May => "clause",
                ClauseKind::MayNot => "clause clause--not",
                ClauseKind::Must => "clause clause--must",
            };
            view! { <li class=class>{clause.sentence}</li> }
        })
        .collect_view();
    view! { <ul class="clauses">{clauses}</ul> }
}

/// One's own published terms.
pub async fn list(request: &Request) -> Result<Page> {
    let rows = offers::list_terms(&request.services, &request.actor).await?;
    let now = request.now;
    Ok(Page::workspace(request, "Terms", move || {
        let rows = rows
            .into_iter()
            .map(|row| {
                let digest = row.terms.digest;
                Row::new(vec![
                    Cell::link(row.terms.terms.name, format!("/terms/{digest}"))
                        .note(view! { <Digest value=digest /> }),
                    Cell::new(view! { <Quantity count=row.offers /> }),
                    Cell::new(view! { <Instant at=row.created_at now /> }),
                ])
            })
            .collect();
        view! {
            <PageHeader
                title="Terms"
                lead=|| "Published terms never change. A license names them by their digest, so both sides hold the same words."
            />
            <Table
                caption="Terms your offers stand on"
                columns=vec![
                    Column::text("Terms"),
                    Column::number("Live offers"),
                    Column::number("Published"),
                ]
                rows
                empty=|| {
                    view! {
                        <EmptyState
                            title="No terms published yet"
                            sentence="Terms are published with an offer: choose a work, then a template."
                        >
                            <ButtonLink href="/assets">"Choose a work"</ButtonLink>
                        </EmptyState>
                    }
                        .into_any()
                }
            />
        }
    }))
}

/// `/terms/{digest}`: published terms, for anybody who holds their digest.
pub async fn show(request: &Request, digest: &str) -> Result<Page> {
    let published = offers::terms_by_digest(&request.services, digest).await?;
    let canonical = published.terms.canonical()?;
    Ok(Page::public(
        request,
        published.terms.name.clone(),
        "Published license terms, in plain words and as canonical JSON.",
        move || {
            view! {
                <PageHeader
                    title=published.terms.name.clone()
                    lead=|| "Published terms. They never change; their digest is their name."
                />
                <TermsInWords terms=published.terms />
                <Section title="Digest">
                    <p>
                        <Digest value=published.digest whole=true copy="digest" />
                    </p>
                </Section>
                <Section title="For machines">
                    <CodeBlock label="Canonical JSON (RFC 8785)" code=canonical />
                </Section>
            }
        },
    ))
}
