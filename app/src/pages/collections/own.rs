//! `/assets/collections/{id}`: one of one's own collections: its works, their order, and what strangers
//! see of it.

use imprimatur::{
    domain::{asset::Visibility, collection::place, ids::CollectionId},
    services::{
        Result,
        collections::{self, Collection, Part},
    },
};
use leptos::prelude::*;

use super::{about::meaning, works_in_words};
use crate::{
    pages::work::paragraphs,
    request::{Page, Request},
    ui::{
        Button, ButtonKind, ButtonLink, Cell, Column, Columns, Confirm, Crumb, Definition,
        Definitions, EmptyState, HiddenField, Instant, Notice, PageHeader, PostForm, Row, Section,
        Status, Table, Toast, Tone, Typed,
    },
};

/// The form with the works.
const WORKS_FORM: &str = "works";

/// One of one's own collections.
pub async fn show(request: &Request, id: &str) -> Result<Page> {
    let collection_id: CollectionId = id.parse()?;
    let collection = collections::get(&request.services, &request.actor, collection_id).await?;
    let may_collect = collections::may_collect(&request.actor).is_ok();
    let done = done(request);
    let now = request.now;
    Ok(Page::workspace(request, collection.about.title.clone(), move || {
        let Collection { about, arrangement, edited, created_at, works, .. } = collection;
        let lead = lead(about.visibility, &works);
        let (none, hidden) = (works.is_empty(), !works.iter().any(Part::is_shown));
        let edited = edited.map(|(at, editor)| {
            view! { <Definition name=t!("Edited")><Instant at now /> {t!(" by ")} {editor}</Definition> }
        });
        let side = move || {
            view! {
                <Section title=t!("The collection")>
                    <Definitions>
                        <Definition name=t!("Who finds it")>{about.visibility.in_words()}</Definition>
                        <Definition name=t!("Made")><Instant at=created_at now /></Definition>
                        {edited}
                    </Definitions>
                    {(!about.description.is_empty())
                        .then(|| view! { <div class="prose">{paragraphs(&about.description)}</div> })}
                    {may_collect.then(remove)}
                </Section>
            }
            .into_any()
        };
        let add = format!("/assets?into={collection_id}");
        let empty = {
            let add = add.clone();
            move || {
                view! {
                    <EmptyState
                        title=t!("Nothing in it yet")
                        sentence=t!("Tick works in your list and add them here. Until then nobody else sees this collection.")
                    >
                        {may_collect
                            .then(|| view! { <ButtonLink href=add.clone()>{t!("Choose works")}</ButtonLink> })}
                    </EmptyState>
                }
                .into_any()
            }
        };
        let listed = if none { empty() } else { draw(works, arrangement, may_collect) };
        view! {
            {done.map(|sentence| view! { <Toast sentence /> })}
            <PageHeader
                title=about.title
                crumbs=vec![
                    Crumb::new(t!("Works"), "/assets"),
                    Crumb::new(t!("Collections"), "/assets/collections"),
                ]
                lead=move || lead
            >
                {(!none)
                    .then(|| {
                        view! {
                            <ButtonLink
                                kind=ButtonKind::Quiet
                                href=format!("/collections/{collection_id}")
                            >
                                {t!("See it as buyers do")}
                            </ButtonLink>
                        }
                    })}
                {may_collect
                    .then(|| {
                        view! {
                            <ButtonLink
                                kind=ButtonKind::Quiet
                                href=format!("/assets/collections/{collection_id}/edit")
                            >
                                {t!("Edit")}
                            </ButtonLink>
                        }
                    })}
                {(may_collect && !none)
                    .then(|| view! { <ButtonLink href=add.clone()>{t!("Add works")}</ButtonLink> })}
            </PageHeader>
            {(!none && hidden && about.visibility != Visibility::Private)
                .then(|| {
                    view! {
                        <Notice tone=Tone::Warn title=t!("Nobody else sees this collection")>
                            {t!("None of its works is both listed and on offer.")}
                        </Notice>
                    }
                })}
            <Columns side=side>
                <Section title=t!("Works")>{listed}</Section>
            </Columns>
        }
    }))
}

/// What was done just before.
fn done(request: &Request) -> Option<String> {
    let count = request.param("of").and_then(|count| count.parse::<i64>().ok());
    Some(match (request.param("done")?, count) {
        ("added", Some(0)) => t!("Those works were here already.").to_owned(),
        ("added", Some(added)) => t!("{added} added.", added = works_in_words(added)),
        ("taken", Some(taken)) => t!("{taken} taken out.", taken = works_in_words(taken)),
        ("saved", _) => t!("Saved.").to_owned(),
        _ => return None,
    })
}

fn lead(visibility: Visibility, works: &[Part]) -> String {
    let all = i64::try_from(works.len()).unwrap_or(i64::MAX);
    let shown = works.iter().filter(|work| work.is_shown()).count();
    let count = match works.len() {
        0 => return meaning(visibility).to_owned(),
        _ => works_in_words(all),
    };
    match (visibility, works.len() - shown) {
        (Visibility::Private, _) | (_, 0) => format!("{count}. {}", meaning(visibility)),
        (_, 1) => t!(
            "{count}, one of which strangers do not see. {visibility}",
            visibility = meaning(visibility)
        ),
        (_, hidden) => {
            t!(
                "{count}, {hidden} of which strangers do not see. {visibility}",
                visibility = meaning(visibility)
            )
        }
    }
}

/// The works in their order, each with its place and a box.
fn draw(works: Vec<Part>, arrangement: i32, may_collect: bool) -> AnyView {
    let typed = use_context::<Typed>().filter(|typed| typed.value("form") == Some(WORKS_FORM));
    let mut columns = vec![Column::text(t!("Work")), Column::text(t!("Strangers see it"))];
    if may_collect {
        columns.push(Column::number(t!("Place")));
    }
    let rows = works
        .into_iter()
        .enumerate()
        .map(|(at, work)| {
            let id = work.asset_id.to_string();
            let first =
                Cell::link(work.title.clone(), format!("/assets/{id}")).note(work.kind.in_words());
            let state = Cell::new(state(&work));
            if !may_collect {
                return Row::new(vec![first, state]);
            }
            let ticked = typed.as_ref().is_some_and(|typed| typed.has("work", &id));
            let first =
                first.choice("work", &id, &t!("Choose {title}", title = work.title), ticked);
            Row::new(vec![
                first,
                state,
                Cell::new(place_field(at, &id, &work.title, typed.as_ref())),
            ])
        })
        .collect();
    let table = view! { <Table caption=t!("Works of this collection") columns rows /> };
    if !may_collect {
        return table.into_any();
    }
    view! {
        <PostForm name=WORKS_FORM>
            <HiddenField name="arrangement" value=arrangement.to_string() />
            {table}
            <div class="batch">
                <Button kind=ButtonKind::Quiet name="do" value="arrange">{t!("Save the order")}</Button>
                <Button kind=ButtonKind::Quiet name="do" value="take-out">
                    {t!("Take out what is ticked")}
                </Button>
            </div>
        </PostForm>
    }
    .into_any()
}

/// The place of a work, as a number one can change; it keeps what was typed.
fn place_field(at: usize, id: &str, title: &str, typed: Option<&Typed>) -> AnyView {
    let values = |name: &'static str| {
        typed.into_iter().flat_map(move |typed| {
            typed.values.iter().filter(move |(field, _)| field == name).map(|(_, value)| value)
        })
    };
    let typed = values("asset").zip(values("place")).find(|(asset, _)| *asset == id);
    let typed = typed.map(|(_, place)| place.clone());
    let invalid = typed.as_deref().is_some_and(|typed| place(typed).is_err()).then_some("true");
    let value = typed.unwrap_or_else(|| (at + 1).to_string());
    view! {
        <input type="hidden" name="asset" value=id.to_owned() />
        <input
            class="input input--place"
            type="text"
            inputmode="numeric"
            name="place"
            value=value
            aria-label=t!("Place of {title}")
            aria-invalid=invalid
        />
    }
    .into_any()
}

fn state(work: &Part) -> AnyView {
    let (tone, word) = match (work.visibility, work.offered) {
        (Visibility::Listed, true) => (Tone::Good, t!("Yes")),
        (Visibility::Listed, false) => (Tone::Warn, t!("No offer")),
        (Visibility::Unlisted, _) => (Tone::Neutral, t!("Unlisted")),
        (Visibility::Private, _) => (Tone::Neutral, t!("Private")),
    };
    view! { <Status tone word /> }.into_any()
}

fn remove() -> AnyView {
    view! {
        <Confirm
            label=t!("Take apart")
            sentence=t!("The collection and its page are gone for good. Its works, their offers and licenses stay as they are.")
        >
            <PostForm name="remove">
                <Button kind=ButtonKind::Destructive>{t!("Take this collection apart")}</Button>
            </PostForm>
        </Confirm>
    }
    .into_any()
}
