//! Terms in plain words, wherever they are shown; `/terms`, one's own; and `/terms/{digest}`, the
//! published document for anybody who holds its digest.

use imprimatur::{
    domain::{
        actor::Deed,
        terms::{Change, ChangeKind, ClauseKind, Terms, difference},
    },
    services::{Result, terms},
};
use leptos::prelude::*;

use crate::{
    request::{Page, Request},
    ui::{
        ButtonKind, ButtonLink, Cell, CodeBlock, Column, Digest, EmptyState, Instant, Notice,
        PageHeader, Quantity, Row, Section, Table,
    },
};

/// What terms allow, forbid and ask for, as a list of sentences.
#[component]
pub fn TermsInWords(terms: Terms) -> impl IntoView {
    let clauses = terms
        .in_words()
        .into_iter()
        .map(|clause| view! { <li class=class_of(clause.kind)>{clause.sentence}</li> })
        .collect_view();
    view! { <ul class="clauses">{clauses}</ul> }
}

const fn class_of(kind: ClauseKind) -> &'static str {
    match kind {
        ClauseKind::May => "clause",
        ClauseKind::MayNot => "clause clause--not",
        ClauseKind::Must => "clause clause--must",
    }
}

/// What one version says and the other does not.
#[component]
pub fn Differences(changes: Vec<Change>) -> impl IntoView {
    if changes.is_empty() {
        return view! { <p class="section__note">{t!("Nothing is changed.")}</p> }.into_any();
    }
    let changes = changes
        .into_iter()
        .map(|change| match change.kind {
            ChangeKind::Removed => view! {
                <li class="change change--removed">
                    <span class="change__kind">{t!("No longer")}</span>
                    <del>{change.sentence}</del>
                </li>
            }
            .into_any(),
            ChangeKind::Added => view! {
                <li class="change">
                    <span class="change__kind">{t!("Now")}</span>
                    <ins>{change.sentence}</ins>
                </li>
            }
            .into_any(),
        })
        .collect_view();
    view! { <ul class="changes">{changes}</ul> }.into_any()
}

/// One's own published terms.
pub async fn list(request: &Request) -> Result<Page> {
    let rows = terms::list(&request.services, &request.actor).await?;
    let may_publish = request.actor.may_as_creator(Deed::PublishTerms).is_ok();
    let now = request.now;
    Ok(Page::workspace(request, t!("Terms"), move || {
        let any = !rows.is_empty();
        let rows = rows
            .into_iter()
            .map(|row| {
                let digest = row.terms.digest;
                let version = match (row.number, row.replaced) {
                    (number, true) => t!("{number}, replaced"),
                    (number, false) => number.to_string(),
                };
                Row::new(vec![
                    Cell::link(row.terms.terms.name, format!("/terms/{digest}"))
                        .note(view! { <Digest value=digest /> }),
                    Cell::new(version),
                    Cell::new(view! { <Quantity count=row.offers /> }),
                    Cell::new(view! { <Instant at=row.created_at now /> }),
                ])
            })
            .collect();
        view! {
            <PageHeader
                title=t!("Terms")
                lead=|| t!("Published terms never change. A license names them by their digest, so both sides hold the same words.")
            >
                {(any && may_publish)
                    .then(|| view! { <ButtonLink href="/terms/new">{t!("New terms")}</ButtonLink> })}
            </PageHeader>
            <Table
                caption=t!("Terms your organization has published")
                columns=vec![
                    Column::text(t!("Terms")),
                    Column::text(t!("Version")).support(),
                    Column::number(t!("Live offers")),
                    Column::number(t!("Published")),
                ]
                rows
                empty=move || {
                    view! {
                        <EmptyState
                            title=t!("No terms published yet")
                            sentence=t!("Write your own, or publish an offer: it comes with terms to choose from.")
                        >
                            {may_publish
                                .then(|| {
                                    view! { <ButtonLink href="/terms/new">{t!("Write terms")}</ButtonLink> }
                                })}
                            <ButtonLink kind=ButtonKind::Quiet href="/assets">
                                {t!("Choose a work")}
                            </ButtonLink>
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
    let version = terms::by_digest(&request.services, &request.actor, digest).await?;
    let may_continue = version.own
        && version.after.is_none()
        && request.actor.may_as_creator(Deed::PublishTerms).is_ok();
    let canonical = version.published.terms.canonical()?;
    let now = request.now;
    Ok(Page::public(
        request,
        version.published.terms.name.clone(),
        t!("Published license terms, in plain words and as canonical JSON."),
        move || {
            let terms::TermsVersion {
                published, number, before, after, creator, created_at, ..
            } = version;
            let digest = published.digest;
            let from = format!("/terms/new?from={digest}");
            let download = format!("/terms/{digest}/json");
            let changes = before.map(|before| {
                let changes = difference(&before.terms, &published.terms);
                let href = format!("/terms/{}", before.digest);
                view! {
                    <Section
                        title=t!("Changed from the version before")
                        links=move || view! { <a href=href>{t!("Version before")}</a> }.into_any()
                    >
                        <Differences changes />
                    </Section>
                }
            });
            let replaced = after.map(|after| {
                view! {
                    <Notice title=t!("A newer version was published")>
                        <a href=format!("/terms/{after}")>{t!("Read the newer version")}</a>
                        {t!(". Licenses on this one keep it.")}
                    </Notice>
                }
            });
            view! {
                <PageHeader
                    title=published.terms.name.clone()
                    lead=move || {
                        view! {
                            {t!("Version {number}, published by {creator} ")}
                            <Instant at=created_at now />
                            {t!(". It never changes; its digest is its name.")}
                        }
                    }
                >
                    {may_continue
                        .then(|| view! { <ButtonLink href=from>{t!("Write a new version")}</ButtonLink> })}
                </PageHeader>
                {replaced}
                <Section title=t!("In plain words")>
                    <TermsInWords terms=published.terms />
                </Section>
                {changes}
                <Section title=t!("Digest")>
                    <p>
                        <Digest value=digest whole=true copy=t!("digest") />
                    </p>
                </Section>
                <Section
                    title=t!("For machines")
                    links=move || {
                        view! {
                            <a href=download download>
                                {t!("Download")}
                            </a>
                        }
                            .into_any()
                    }
                >
                    <CodeBlock label=t!("Canonical JSON (RFC 8785)") code=canonical />
                </Section>
            }
        },
    ))
}
