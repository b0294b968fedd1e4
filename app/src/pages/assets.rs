//! `/assets`: one's own works. Those that are ticked go into a collection together.

use imprimatur::{
    domain::{actor::Deed, asset::Visibility, ids::AssetId},
    services::{
        Result, assets,
        collections::{self, CollectionRow},
    },
};
use leptos::prelude::*;

use crate::{
    request::{Page, Request},
    ui::{
        Button, ButtonKind, ButtonLink, Bytes, Cell, Choice, Column, Digest, EmptyState, Instant,
        Notice, PageHeader, Pager, PostForm, Row, SelectField, Status, Table, Tone, Typed,
    },
};

/// The choice that leads to a collection yet to be made.
pub const NEW_COLLECTION: &str = "new";

/// One's own works, newest first.
pub async fn show(request: &Request) -> Result<Page> {
    let after: Option<AssetId> = request.param("after").map(str::parse).transpose()?;
    let page = assets::page(&request.services, &request.actor, after).await?;
    let claims = assets::claims(&request.services, &request.actor).await?;
    let claims = claims.iter().filter(|claim| claim.withdrawn_at.is_none()).count();
    let may_register = request.actor.may_as_creator(Deed::RegisterAsset).is_ok();
    let collections = match collections::may_collect(&request.actor) {
        Ok(_) => Some(collections::list(&request.services, &request.actor).await?),
        Err(_) => None,
    };
    let into = request.param("into").map(str::to_owned);
    let now = request.now;
    Ok(Page::workspace(request, t!("Works"), move || {
        let works = page.works;
        let lead = match (works.len(), page.unoffered) {
            (0, _) => t!("A work can be anything you own the rights to: a text, a picture, a recording, a data set.").to_owned(),
            (_, 0) => t!("Every work is on offer.").to_owned(),
            (_, some) => tn!(
                some,
                "One work has no offer yet, so nobody can license it.",
                "{some} works have no offer yet, so nobody can license them."
            ),
        };
        let none = works.is_empty();
        let newer = after.map(|_| "/assets".to_owned());
        let older = page.next.map(|next| format!("/assets?after={next}"));
        let paged = newer.is_some() || older.is_some();
        let claims = (claims > 0).then(|| {
            let title = tn!(claims, "A claim is open", "{claims} claims are open");
            view! {
                <Notice tone=Tone::Warn title>
                    {t!("Two creators registered exactly the same bytes. ")}
                    <a href="/assets/claims">{t!("See what that means for you")}</a>
                </Notice>
            }
        });
        let typed = use_context::<Typed>();
        let may_collect = collections.is_some();
        let rows = works
            .into_iter()
            .map(|work| {
                let id = work.asset_id.to_string();
                let ticked = typed.as_ref().is_some_and(|typed| typed.has("work", &id));
                let choose = t!("Choose {title}", title = work.title);
                let size = work.bytes.map(|bytes| {
                    let bytes = u64::try_from(bytes).unwrap_or_default();
                    view! { <Bytes count=bytes /> }
                });
                let named = match (work.content_id, work.host) {
                    (Some(content_id), _) => view! { <Digest value=content_id /> }.into_any(),
                    (None, host) => host.into_any(),
                };
                let found = (work.visibility != Visibility::Listed)
                    .then(|| format!(", {}", work.visibility.in_words().to_lowercase()));
                let offered = match work.offered {
                    Some(terms) => view! { <Status tone=Tone::Good word=terms /> }.into_any(),
                    None => view! { <Status tone=Tone::Warn word=t!("No offer") /> }.into_any(),
                };
                let first = Cell::link(work.title, format!("/assets/{id}"))
                    .note(view! { {work.kind.in_words()} {found} " · " {named} });
                Row::new(vec![
                    if may_collect { first.choice("work", &id, &choose, ticked) } else { first },
                    Cell::new(offered),
                    Cell::new(size),
                    Cell::new(view! { <Instant at=work.created_at now /> }),
                ])
            })
            .collect();
        let columns = vec![
            Column::text(t!("Work")),
            Column::text(t!("Offer")),
            Column::number(t!("Size")).support(),
            Column::number(t!("Registered")).support(),
        ];
        let table = view! {
            <Table
                caption=t!("Your works")
                columns
                rows
                empty=move || {
                    view! {
                        <EmptyState
                            title=t!("No works yet")
                            sentence=t!("Register the first one: choose a file, give it a title, and it has a content ID.")
                        >
                            {may_register
                                .then(|| {
                                    view! {
                                        <ButtonLink href="/assets/new">{t!("Register work")}</ButtonLink>
                                        " "
                                        <ButtonLink kind=ButtonKind::Quiet href="/assets/several">
                                            {t!("Register several")}
                                        </ButtonLink>
                                    }
                                })}
                        </EmptyState>
                    }
                        .into_any()
                }
            />
        };
        let table = match collections.filter(|_| !none) {
            Some(collections) => view! {
                <PostForm name="collect">{table} {collect(collections, into)}</PostForm>
            }
            .into_any(),
            None => table.into_any(),
        };
        view! {
            <PageHeader title=t!("Works") lead=move || lead>
                {(!none)
                    .then(|| {
                        view! {
                            <ButtonLink kind=ButtonKind::Quiet href="/assets/collections">
                                {t!("Collections")}
                            </ButtonLink>
                        }
                    })}
                {(may_register && !none)
                    .then(|| {
                        view! {
                            <ButtonLink kind=ButtonKind::Quiet href="/assets/several">
                                {t!("Register several")}
                            </ButtonLink>
                            <ButtonLink href="/assets/new">{t!("Register work")}</ButtonLink>
                        }
                    })}
            </PageHeader>
            {claims}
            {table}
            {paged.then(|| view! { <Pager newer=newer older=older what=t!("works") /> })}
        }
    }))
}

/// What can be done with the works that are ticked.
fn collect(collections: Vec<CollectionRow>, into: Option<String>) -> AnyView {
    let first = collections.first().map(|each| each.collection_id.to_string());
    let mut choices: Vec<Choice> = collections
        .into_iter()
        .map(|each| Choice::new(each.collection_id.to_string(), each.title))
        .collect();
    choices.push(Choice::new(NEW_COLLECTION, t!("A new collection")));
    let value = into.or(first).unwrap_or_else(|| NEW_COLLECTION.to_owned());
    view! {
        <div class="batch">
            <SelectField
                name="into"
                label=t!("Add what is ticked to")
                choices
                value=value
                required=true
            />
            <Button kind=ButtonKind::Quiet>{t!("Add")}</Button>
        </div>
    }
    .into_any()
}
