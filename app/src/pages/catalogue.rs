//! `/catalogue`: works on offer, found by words and by facets that say how many they leave.

use std::fmt::Display;

use imprimatur::{
    domain::{
        asset::Language,
        catalogue::{Search, Sort, WORDS_LENGTH_MAX},
        money::grouped,
    },
    services::{
        Result,
        catalogue::{self, Facets, Work},
    },
};
use leptos::prelude::*;

use super::collections::shown_table;
use crate::{
    address::Address,
    request::{Page, Request},
    ui::{
        Button, ButtonKind, ButtonLink, Bytes, Cell, Choice, Column, EmptyState, FilterForm,
        HiddenField, Instant, PageHeader, Pager, Row, Section, SelectField, Table, TextField,
    },
};

/// What is found.
pub async fn show(request: &Request) -> Result<Page> {
    let search = Search::read(|name| request.param(name))?;
    let (services, actor) = (&request.services, &request.actor);
    let cursor = request.param("cursor");
    let page = catalogue::page(services, &request.cursor_key, actor, &search, cursor).await?;
    let facets = catalogue::facets(services, actor, &search).await?;
    let collections = catalogue::matching(services, actor, &search).await?;
    let now = request.now;
    Ok(Page::public(
        request,
        t!("Catalogue"),
        t!("Works that creators license to AI companies, with their terms in plain words."),
        move || {
            let paged = page.newer.is_some() || page.older.is_some();
            let [newer, older] =
                [page.newer, page.older].map(|cursor| Some(href(&search, Some(&cursor?))));
            let sentence = found(page.total, page.first, page.works.len());
            let narrows = search.narrows();
            view! {
                <PageHeader
                    title=t!("Catalogue")
                    lead=|| t!("Every work here can be licensed now. The terms are on its page, in plain words.")
                >
                    <ButtonLink kind=ButtonKind::Quiet href="/collections">{t!("Collections")}</ButtonLink>
                </PageHeader>
                {filters(search, facets)}
                {(!collections.is_empty())
                    .then(|| {
                        view! {
                            <Section
                                title=t!("Collections")
                                links=|| view! { <a href="/collections">{t!("All")}</a> }.into_any()
                            >
                                {shown_table(collections, now)}
                            </Section>
                        }
                    })}
                {(!page.works.is_empty())
                    .then(|| {
                        view! {
                            <p class="found" role="status">
                                {sentence}
                                {narrows
                                    .then(|| {
                                        view! {
                                            " "
                                            <a href="/catalogue">{t!("Show every work")}</a>
                                        }
                                    })}
                            </p>
                        }
                    })}
                {table(t!("Works on offer"), page.works, By::Creator, now, move || nothing(narrows))}
                {paged
                    .then(|| {
                        view! { <Pager newer=newer older=older what=t!("works") by_place=true /> }
                    })}
            }
        },
    ))
}

/// What is said of each work in a table.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// Its creator, and its host if it is a site.
    Creator,
    /// Its host alone: the creator is whose page it is.
    Host,
}

/// Works on offer, each with its price.
pub fn table(
    caption: &'static str,
    works: Vec<Work>,
    by: By,
    now: chrono::DateTime<chrono::Utc>,
    empty: impl FnOnce() -> AnyView + Send + 'static,
) -> AnyView {
    let rows = works
        .into_iter()
        .map(|work| {
            let size = work.bytes.map(|bytes| {
                let bytes = u64::try_from(bytes).unwrap_or_default();
                view! { <Bytes count=bytes /> }
            });
            let creator = (by == By::Creator).then_some(work.creator);
            let said: Vec<String> = creator.into_iter().chain(work.host).collect();
            let title = Cell::link(work.title, format!("/catalogue/{}", work.asset_id));
            Row::new(vec![
                if said.is_empty() { title } else { title.note(said.join(", ")) },
                Cell::new(work.kind.in_words()),
                Cell::new(work.terms_name),
                Cell::new(work.price.amount).note(work.price.per),
                Cell::new(size),
                Cell::new(view! { <Instant at=work.published_at now /> }),
            ])
        })
        .collect();
    view! {
        <Table
            caption
            columns=vec![
                Column::text(t!("Work")),
                Column::text(t!("Kind")).support(),
                Column::text(t!("Terms")).support(),
                Column::number(t!("Price from")),
                Column::number(t!("Size")).support(),
                Column::number(t!("Offered")).support(),
            ]
            rows
            empty
        />
    }
    .into_any()
}

/// How many works there are, and which of them are shown.
pub fn found(total: i64, first: i64, shown: usize) -> String {
    let shown = i64::try_from(shown).unwrap_or(i64::MAX);
    let words = |count: i64| grouped(&count.to_string());
    match total {
        _ if shown >= total => tn!(total, "One work.", "{works} works.", works = words(total)),
        _ => {
            let last = first.saturating_add(shown).saturating_sub(1);
            t!(
                "{first} to {last} of {total} works.",
                first = words(first),
                last = words(last),
                total = words(total)
            )
        }
    }
}

fn nothing(narrows: bool) -> AnyView {
    if !narrows {
        return view! {
            <EmptyState
                title=t!("Nothing is on offer here yet")
                sentence=t!("Works appear as soon as a creator publishes an offer.")
            />
        }
        .into_any();
    }
    view! {
        <EmptyState
            title=t!("No work fits all of this")
            sentence=t!("Use fewer words, or leave one of the choices open.")
        >
            <ButtonLink kind=ButtonKind::Quiet href="/catalogue">
                {t!("Show every work")}
            </ButtonLink>
        </EmptyState>
    }
    .into_any()
}

fn filters(search: Search, facets: Facets) -> AnyView {
    let creators = facets.creators.into_iter();
    let languages = facets.languages.into_iter().map(|(tag, works)| {
        let name = Language::in_words(&tag).to_owned();
        (tag, name, works)
    });
    let kinds = facets.kinds.into_iter().map(|(kind, works)| (kind, kind.in_words(), works));
    let scopes = facets.scopes.into_iter().map(|(scope, works)| (scope, scope.in_words(), works));
    let models = facets.models.into_iter().map(|(model, works)| (model, model.in_words(), works));
    let sizes = facets.sizes.into_iter().map(|(size, works)| (size, size.in_words(), works));
    let orders = Sort::ALL
        .iter()
        .filter(|sort| match sort {
            Sort::Match => !search.typed.is_empty(),
            Sort::Arranged => search.collection.is_some(),
            _ => true,
        })
        .map(|sort| Choice::new(sort.as_str(), sort.in_words()))
        .collect();
    let sort = search.sort().as_str();
    view! {
        <FilterForm label=t!("Catalogue")>
            {search
                .collection
                .map(|id| view! { <HiddenField name="collection" value=id.to_string() /> })}
            <TextField
                name="q"
                label=t!("Search")
                kind="search"
                value=search.typed
                maxlength=u32::try_from(WORDS_LENGTH_MAX).unwrap_or(200)
                required=true
            />
            {facet("kind", t!("Kind"), search.kind, kinds)}
            {facet("scope", t!("Use"), search.scope, scopes)}
            {facet("model", t!("Price model"), search.model, models)}
            {facet("creator", t!("Creator"), search.creator, creators)}
            {facet("language", t!("Language"), search.language, languages)}
            {facet("size", t!("Size"), search.size, sizes)}
            <SelectField
                name="sort"
                label=t!("Order")
                choices=orders
                value=sort
                required=true
            />
            <Button kind=ButtonKind::Quiet>{t!("Show")}</Button>
        </FilterForm>
    }
    .into_any()
}

/// A choice of one facet. What is chosen stays a choice even where it leaves nothing.
pub fn facet(
    name: &'static str,
    label: &'static str,
    chosen: Option<impl Display>,
    counts: impl Iterator<Item = (impl Display, impl Display, i64)>,
) -> AnyView {
    let chosen = chosen.map(|chosen| chosen.to_string()).unwrap_or_default();
    let mut choices = vec![Choice::new("", t!("Any"))];
    let mut listed = chosen.is_empty();
    for (value, words, works) in counts {
        let value = value.to_string();
        listed |= value == chosen;
        choices.push(Choice::new(value, format!("{words} ({})", grouped(&works.to_string()))));
    }
    if !listed {
        choices.push(Choice::new(chosen.clone(), format!("{chosen} (0)")));
    }
    view! { <SelectField name label choices value=chosen required=true /> }.into_any()
}

/// The address of what is searched, from a cursor on.
fn href(search: &Search, cursor: Option<&str>) -> String {
    let typed = (!search.typed.is_empty()).then_some(&search.typed);
    Address::new("/catalogue")
        .with_some("q", typed)
        .with_some("kind", search.kind)
        .with_some("scope", search.scope)
        .with_some("model", search.model)
        .with_some("creator", search.creator.as_ref())
        .with_some("collection", search.collection)
        .with_some("language", search.language.as_ref())
        .with_some("size", search.size)
        .with_some("sort", search.sort)
        .with_some("cursor", cursor)
        .href()
}
