//! `/catalogue`: every work on offer, newest first.

use imprimatur::{
    domain::{asset::AssetKind, ids::AssetId},
    services::{Result, catalogue},
};
use leptos::prelude::*;

use crate::{
    request::{Page, Request},
    ui::{
        Button, ButtonKind, ButtonLink, Bytes, Cell, Choice, Column, EmptyState, FilterForm,
        Instant, PageHeader, Pager, Row, SelectField, Table,
    },
};

/// The catalogue, optionally of one kind.
pub async fn show(request: &Request) -> Result<Page> {
    let kind: Option<AssetKind> = request.param("kind").map(str::parse).transpose()?;
    let after: Option<AssetId> = request.param("after").map(str::parse).transpose()?;
    let page = catalogue::page(&request.services, &request.actor, kind, after).await?;
    let now = request.now;
    Ok(Page::public(
        request,
        "Catalogue",
        "Works that creators license to AI companies, with their terms in plain words.",
        move || {
            let mut kinds = vec![Choice::new("", "Every kind")];
            kinds.extend(
                AssetKind::ALL.iter().map(|each| Choice::new(each.as_str(), each.in_words())),
            );
            let chosen = kind.map(AssetKind::as_str).unwrap_or_default();
            let narrowed = kind.map(|kind| format!("kind={kind}&")).unwrap_or_default();
            let newer = after.map(|_| match kind {
                Some(kind) => format!("/catalogue?kind={kind}"),
                None => "/catalogue".to_owned(),
            });
            let older = page.next.map(|next| format!("/catalogue?{narrowed}after={next}"));
            let paged = newer.is_some() || older.is_some();
            let rows = page
                .works
                .into_iter()
                .map(|work| {
                    let size = work.bytes.map(|bytes| {
                        let bytes = u64::try_from(bytes).unwrap_or_default();
                        view! { <Bytes count=bytes /> }
                    });
                    let by = match work.host {
                        Some(host) => format!("{}, {host}", work.creator),
                        None => work.creator,
                    };
                    Row::new(vec![
                        Cell::link(work.title, format!("/catalogue/{}", work.asset_id)).note(by),
                        Cell::new(work.kind.in_words()),
                        Cell::new(work.terms_name),
                        Cell::new(work.price.amount).note(work.price.per),
                        Cell::new(size),
                        Cell::new(view! { <Instant at=work.published_at now /> }),
                    ])
                })
                .collect();
            view! {
                <PageHeader
                    title="Catalogue"
                    lead=|| "Every work here can be licensed now. The terms are on its page, in plain words."
                />
                <FilterForm label="Catalogue">
                    <SelectField name="kind" label="Kind" choices=kinds value=chosen required=true />
                    <Button kind=ButtonKind::Quiet>"Show"</Button>
                </FilterForm>
                <Table
                    caption="Works on offer"
                    columns=vec![
                        Column::text("Work"),
                        Column::text("Kind").support(),
                        Column::text("Terms").support(),
                        Column::number("Price"),
                        Column::number("Size").support(),
                        Column::number("Offered").support(),
                    ]
                    rows
                    empty=|| {
                        view! {
                            <EmptyState
                                title="Nothing is on offer here yet"
                                sentence="Works appear as soon as a creator publishes an offer."
                            >
                                <ButtonLink kind=ButtonKind::Quiet href="/catalogue">
                                    "See every kind"
                                </ButtonLink>
                            </EmptyState>
                        }
                            .into_any()
                    }
                />
                {paged.then(|| view! { <Pager newer=newer older=older what="works" /> })}
            }
        },
    ))
}
