//! `/find`: pages and things by a few letters of their name. The command palette asks the same and
//! shows it without leaving the page.

use imprimatur::{
    domain::{actor::Sides, metering::Side},
    services::{
        Result,
        find::{self, Found},
    },
};
use leptos::prelude::*;
use serde::Serialize;

use crate::{
    request::{Page, Request, navigation},
    ui::{
        Button, ButtonKind, Cell, Column, EmptyState, FilterForm, PageHeader, Row, Table, TextField,
    },
};

/// Somewhere to go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Place {
    pub title: String,
    pub href: String,
    /// What sort of thing it is, and whose.
    pub note: String,
}

impl Place {
    fn new(title: impl Into<String>, href: impl Into<String>, note: impl Into<String>) -> Self {
        Self { title: title.into(), href: href.into(), note: note.into() }
    }
}

/// Where the text leads: pages first, then things. Without text, every page.
pub async fn places(request: &Request) -> Result<Vec<Place>> {
    let text = request.param("q").unwrap_or_default();
    let wanted = text.trim().to_lowercase();
    let mut places: Vec<Place> = pages(request)
        .into_iter()
        .filter(|place| place.title.to_lowercase().contains(&wanted))
        .collect();
    let found = find::find(&request.services, &request.actor, text).await?;
    places.extend(found.into_iter().map(thing));
    Ok(places)
}

/// The pages of whoever asks.
fn pages(request: &Request) -> Vec<Place> {
    let acting = request.viewer.as_ref().and_then(|viewer| viewer.organization.as_ref());
    let signed_in = acting.is_some();
    let Sides { creator, buyer } = request.sides();
    let items = acting.map(navigation).into_iter().flatten().flat_map(|group| group.items);
    let mut places: Vec<Place> =
        items.map(|item| Place::new(item.label, item.href, t!("Page"))).collect();
    let coarse = request.sees_coarsely(Side::Creator);
    let others = [
        (creator, t!("Register a work"), "/assets/new"),
        (creator, t!("Register several works"), "/assets/several"),
        (creator, t!("Claims"), "/assets/claims"),
        (creator, t!("New collection"), "/assets/collections/new"),
        (creator, t!("Claim a site"), "/sites/new"),
        (creator, t!("Write terms"), "/terms/new"),
        (signed_in && (buyer || !coarse), t!("Refused requests"), "/feed?outcome=refused"),
        (signed_in && !coarse, t!("Use by region"), "/usage?by=region"),
        (request.viewer.is_some(), t!("Your sessions"), "/settings/sessions"),
        (request.viewer.is_some(), t!("Create an organization"), "/welcome"),
        (signed_in, t!("Privacy and consent"), "/settings/profile"),
        (!buyer, t!("Catalogue"), "/catalogue"),
        (true, t!("Collections of works"), "/collections"),
        (true, t!("Documentation"), "/docs"),
        (true, t!("Documentation: quickstart"), "/docs/quickstart"),
        (true, t!("Documentation: receipts"), "/docs/receipts"),
        (true, t!("Documentation: errors"), "/docs/errors"),
        (true, t!("Start page"), "/"),
        (request.viewer.is_none(), t!("Sign in"), "/sign-in"),
    ];
    let others = others.into_iter().filter(|(open, ..)| *open);
    places.extend(others.map(|(_, title, href)| Place::new(title, href, t!("Page"))));
    places
}

fn thing(found: Found) -> Place {
    match found {
        Found::Work { asset_id, title } => {
            Place::new(title, format!("/assets/{asset_id}"), t!("Your work"))
        }
        Found::Collection { collection_id, title } => {
            Place::new(title, format!("/assets/collections/{collection_id}"), t!("Your collection"))
        }
        Found::Site { asset_id, host } => {
            Place::new(host, format!("/sites/{asset_id}"), t!("Your site"))
        }
        Found::Terms { digest, name } => {
            Place::new(name, format!("/terms/{digest}"), t!("Your terms"))
        }
        Found::License { license_id, title, tier } => {
            Place::new(title, format!("/licenses/{license_id}"), t!("License, {tier}"))
        }
        Found::Token { license_id, name, title } => {
            Place::new(name, format!("/licenses/{license_id}"), t!("Token, {title}"))
        }
        Found::Offered { asset_id, title, creator } => {
            Place::new(title, format!("/catalogue/{asset_id}"), t!("On offer by {creator}"))
        }
        Found::OnShow { collection_id, title, creator } => {
            let note = t!("Collection by {creator}");
            Place::new(title, format!("/collections/{collection_id}"), note)
        }
    }
}

/// The page.
pub async fn show(request: &Request) -> Result<Page> {
    let places = places(request).await?;
    let text = request.param("q").unwrap_or_default().to_owned();
    let body = move || {
        let rows = places
            .into_iter()
            .map(|place| Row::new(vec![Cell::link(place.title, place.href), Cell::new(place.note)]))
            .collect();
        let sentence = t!("Nothing that you can open has “{text}” in its name.");
        view! {
            <PageHeader title=t!("Find") lead=|| t!("Pages, your works, collections, sites, terms, licenses and tokens, and what is on offer, by a few letters of the name.") />
            <FilterForm label=t!("Find")>
                <TextField name="q" label=t!("Name") value=text required=true />
                <Button kind=ButtonKind::Quiet>{t!("Find")}</Button>
            </FilterForm>
            <Table
                caption=t!("What was found")
                columns=vec![Column::text(t!("Name")), Column::text(t!("What it is"))]
                rows
                empty=move || {
                    view! { <EmptyState title=t!("Nothing of that name") sentence=sentence /> }.into_any()
                }
            />
        }
    };
    let in_workspace = request.viewer.as_ref().is_some_and(|viewer| viewer.organization.is_some());
    Ok(if in_workspace {
        Page::workspace(request, t!("Find"), body)
    } else {
        Page::public(request, t!("Find"), "", body).unlisted()
    })
}
