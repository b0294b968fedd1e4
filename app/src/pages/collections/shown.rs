//! `/collections`: listed collections, and the page of each: its works as the catalogue shows them.

use imprimatur::{
    domain::{
        asset::Visibility,
        catalogue::{Search, Sort},
        ids::CollectionId,
    },
    services::{
        Result,
        catalogue::{self, Collection, Facets, Shown},
    },
};
use leptos::prelude::*;

use super::works_in_words;
use crate::{
    address::Address,
    pages::{
        catalogue::{By, facet, found, table as works_table},
        work::paragraphs,
    },
    request::{Page, Request},
    ui::{
        Button, ButtonKind, ButtonLink, Cell, Choice, Column, Crumb, EmptyState, FilterForm,
        Instant, Notice, PageHeader, Pager, Row, SelectField, Table,
    },
};

/// Every listed collection.
pub async fn list(request: &Request) -> Result<Page> {
    let collections = catalogue::collections(&request.services, &request.actor).await?;
    let now = request.now;
    Ok(Page::public(
        request,
        t!("Collections"),
        t!("Works that belong together, chosen by the creators who license them to AI companies."),
        move || {
            view! {
                <PageHeader
                    title=t!("Collections")
                    crumbs=vec![Crumb::new(t!("Catalogue"), "/catalogue")]
                    lead=|| t!("Works that belong together, chosen by their creators. Each is licensed by itself.")
                />
                {table(collections, now)}
            }
        },
    ))
}

/// Collections, each with its creator and how much it holds.
pub fn table(collections: Vec<Shown>, now: chrono::DateTime<chrono::Utc>) -> AnyView {
    let rows = collections
        .into_iter()
        .map(|each| {
            Row::new(vec![
                Cell::link(each.title, format!("/collections/{}", each.collection_id))
                    .note(each.creator),
                Cell::new(works_in_words(each.works)),
                Cell::new(view! { <Instant at=each.published_at now /> }),
            ])
        })
        .collect();
    view! {
        <Table
            caption=t!("Collections")
            columns=vec![
                Column::text(t!("Collection")),
                Column::number(t!("On offer")),
                Column::number(t!("Latest offer")).support(),
            ]
            rows
            empty=|| {
                view! {
                    <EmptyState
                        title=t!("No collections yet")
                        sentence=t!("Creators put works together here. Until they do, every work is in the catalogue.")
                    >
                        <ButtonLink kind=ButtonKind::Quiet href="/catalogue">
                            {t!("Show every work")}
                        </ButtonLink>
                    </EmptyState>
                }
                .into_any()
            }
        />
    }
    .into_any()
}

/// A collection's page.
pub async fn show(request: &Request, id: &str) -> Result<Page> {
    let collection_id: CollectionId = id.parse()?;
    let search = Search::read(|name| match name {
        // What the page is about, and not a choice.
        "collection" | "creator" => None,
        _ => request.param(name),
    })?;
    let (services, actor, key) = (&request.services, &request.actor, &request.cursor_key);
    let cursor = request.param("cursor");
    let shown = catalogue::collection(services, key, actor, &search, collection_id, cursor).await?;
    let within = Search { collection: Some(collection_id), ..search.clone() };
    let facets = catalogue::facets(services, actor, &within).await?;
    let now = request.now;
    let description = t!(
        "{title}: a collection by {creator}, to license now.",
        title = shown.title,
        creator = shown.creator
    );
    let listed = shown.visibility == Visibility::Listed;
    let page = Page::public(request, shown.title.clone(), description, move || {
        let Collection { title, description, creator, creator_slug, works, .. } = &shown;
        let paged = works.newer.is_some() || works.older.is_some();
        let [newer, older] = [&works.newer, &works.older]
            .map(|cursor| Some(href(collection_id, &search, Some(cursor.as_ref()?))));
        let sentence = found(works.total, works.first, works.works.len());
        let narrows = search.narrows();
        let (by, name) = (format!("/creators/{creator_slug}"), creator.clone());
        let notice = notice(&shown, narrows);
        let filled = narrows || works.total > 0;
        view! {
            <PageHeader
                title=title.clone()
                crumbs=vec![
                    Crumb::new(t!("Catalogue"), "/catalogue"),
                    Crumb::new(t!("Collections"), "/collections"),
                ]
                lead=move || {
                    view! { {t!("A collection by ")} <a href=by>{name}</a> {t!(". Each work is licensed by itself.")} }
                        .into_any()
                }
            />
            {notice}
            {(!description.is_empty())
                .then(|| view! { <div class="prose prose--lead">{paragraphs(description)}</div> })}
            {filled.then(|| filters(search.clone(), facets))}
            {(!works.works.is_empty())
                .then(|| {
                    view! {
                        <p class="found" role="status">
                            {sentence}
                            {narrows
                                .then(|| {
                                    let all = format!("/collections/{collection_id}");
                                    view! { " " <a href=all>{t!("Show every work")}</a> }
                                })}
                        </p>
                    }
                })}
            {filled
                .then(|| {
                    works_table(
                        t!("Works of this collection"),
                        shown.works.works,
                        By::Host,
                        now,
                        || {
                            view! {
                                <EmptyState
                                    title=t!("No work of it fits all of this")
                                    sentence=t!("Leave one of the choices open.")
                                />
                            }
                            .into_any()
                        },
                    )
                })}
            {paged
                .then(|| view! { <Pager newer=newer older=older what=t!("works") by_place=true /> })}
        }
    });
    Ok(if listed { page } else { page.unlisted() })
}

/// What its owner is told about who sees it.
fn notice(shown: &Collection, narrows: bool) -> Option<AnyView> {
    if !shown.own {
        return None;
    }
    let own = format!("/assets/collections/{}", shown.collection_id);
    let says = match (shown.visibility, shown.holds, shown.works.total) {
        (_, 0, _) => t!("It is empty, so nobody else sees this page. "),
        (Visibility::Private, ..) => t!("It is private: nobody else sees this page. "),
        (_, _, 0) if !narrows => {
            t!("None of its works is both listed and on offer, so nobody else sees this page. ")
        }
        _ => "",
    };
    Some(
        view! {
            <Notice title=t!("This is your collection")>
                {says} <a href=own>{t!("Go to its page in your workspace")}</a>
            </Notice>
        }
        .into_any(),
    )
}

fn filters(search: Search, facets: Facets) -> AnyView {
    let kinds = facets.kinds.into_iter().map(|(kind, works)| (kind, kind.in_words(), works));
    let scopes = facets.scopes.into_iter().map(|(scope, works)| (scope, scope.in_words(), works));
    let models = facets.models.into_iter().map(|(model, works)| (model, model.in_words(), works));
    let orders = [Sort::Arranged, Sort::Newest, Sort::Title, Sort::Largest, Sort::Smallest]
        .iter()
        .map(|sort| Choice::new(sort.as_str(), sort.in_words()))
        .collect();
    let sort = search.sort.unwrap_or(Sort::Arranged).as_str();
    view! {
        <FilterForm label=t!("Collection")>
            {facet("scope", t!("Use"), search.scope, scopes)}
            {facet("kind", t!("Kind"), search.kind, kinds)}
            {facet("model", t!("Price model"), search.model, models)}
            <SelectField name="sort" label=t!("Order") choices=orders value=sort required=true />
            <Button kind=ButtonKind::Quiet>{t!("Show")}</Button>
        </FilterForm>
    }
    .into_any()
}

/// The address of what is chosen, from a cursor on.
fn href(collection_id: CollectionId, search: &Search, cursor: Option<&str>) -> String {
    let chosen = Address::new("")
        .with_some("scope", search.scope)
        .with_some("kind", search.kind)
        .with_some("model", search.model)
        .with_some("sort", search.sort)
        .with_some("cursor", cursor)
        .href();
    format!("/collections/{collection_id}{chosen}")
}
