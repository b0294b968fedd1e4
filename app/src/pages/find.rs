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
        items.map(|item| Place::new(item.label, item.href, "Page")).collect();
    let coarse = request.sees_coarsely(Side::Creator);
    let others = [
        (creator, "Register a work", "/assets/new"),
        (creator, "Register several works", "/assets/several"),
        (creator, "Claims", "/assets/claims"),
        (creator, "New collection", "/assets/collections/new"),
        (creator, "Claim a site", "/sites/new"),
        (creator, "Write terms", "/terms/new"),
        (signed_in && (buyer || !coarse), "Refused requests", "/feed?outcome=refused"),
        (signed_in && !coarse, "Use by region", "/usage?by=region"),
        (request.viewer.is_some(), "Your sessions", "/settings/sessions"),
        (request.viewer.is_some(), "Create an organization", "/welcome"),
        (signed_in, "Privacy and consent", "/settings/profile"),
        (!buyer, "Catalogue", "/catalogue"),
        (true, "Collections of works", "/collections"),
        (true, "Documentation", "/docs"),
        (true, "Documentation: quickstart", "/docs/quickstart"),
        (true, "Documentation: receipts", "/docs/receipts"),
        (true, "Documentation: errors", "/docs/errors"),
        (true, "Start page", "/"),
        (request.viewer.is_none(), "Sign in", "/sign-in"),
    ];
    let others = others.into_iter().filter(|(open, ..)| *open);
    places.extend(others.map(|(_, title, href)| Place::new(title, href, "Page")));
    places
}

fn thing(found: Found) -> Place {
    match found {
        Found::Work { asset_id, title } => {
            Place::new(title, format!("/assets/{asset_id}"), "Your work")
        }
        Found::Collection { collection_id, title } => {
            Place::new(title, format!("/assets/collections/{collection_id}"), "Your collection")
        }
        Found::Site { asset_id, host } => {
            Place::new(host, format!("/sites/{asset_id}"), "Your site")
        }
        Found::Terms { digest, name } => Place::new(name, format!("/terms/{digest}"), "Your terms"),
        Found::License { license_id, title, tier } => {
            Place::new(title, format!("/licenses/{license_id}"), format!("License, {tier}"))
        }
        Found::Token { license_id, name, title } => {
            Place::new(name, format!("/licenses/{license_id}"), format!("Token, {title}"))
        }
        Found::Offered { asset_id, title, creator } => {
            Place::new(title, format!("/catalogue/{asset_id}"), format!("On offer by {creator}"))
        }
        Found::OnShow { collection_id, title, creator } => {
            let note = format!("Collection by {creator}");
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
        let sentence = format!("Nothing that you can open has “{text}” in its name.");
        view! {
            <PageHeader title="Find" lead=|| "Pages, your works, collections, sites, terms, licenses and tokens, and what is on offer, by a few letters of the name." />
            <FilterForm label="Find">
                <TextField name="q" label="Name" value=text required=true />
                <Button kind=ButtonKind::Quiet>"Find"</Button>
            </FilterForm>
            <Table
                caption="What was found"
                columns=vec![Column::text("Name"), Column::text("What it is")]
                rows
                empty=move || {
                    view! { <EmptyState title="Nothing of that name" sentence=sentence /> }.into_any()
                }
            />
        }
    };
    let in_workspace = request.viewer.as_ref().is_some_and(|viewer| viewer.organization.is_some());
    Ok(if in_workspace {
        Page::workspace(request, "Find", body)
    } else {
        Page::public(request, "Find", "", body).unlisted()
    })
}
