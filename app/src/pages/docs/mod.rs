//! `/docs`: what somebody needs whose machine is to fetch. Three pages and the way between them.
//!
//! Always true: every sample here is run by a test against a real gate, and every code that the gate
//! can answer stands on the page of errors.

pub mod errors;
mod quickstart;
mod receipts;
mod samples;

use imprimatur::services::Result;
use imprimatur::words::say;
use leptos::prelude::*;

pub use errors::show as errors;
pub use quickstart::show as quickstart;
pub use receipts::{FIELDS as RECEIPT_FIELDS, show as receipts};

use crate::{
    request::{Page, Request},
    ui::{Columns, PageHeader, Section},
};

/// The pages: address, name, and what each is for.
const PAGES: [(&str, &str, &str); 3] = [
    (
        "/docs/quickstart",
        n!("Quickstart"),
        n!("From a license to the first delivery, in five minutes."),
    ),
    (
        "/docs/receipts",
        n!("Receipts"),
        n!("What is signed, how to check it, and how to keep them all."),
    ),
    (
        "/docs/errors",
        n!("Errors"),
        n!("Every code the gate answers with, and what to do about it."),
    ),
];

/// `/docs`: where to begin.
pub async fn show(request: &Request) -> Result<Page> {
    Ok(Page::public(
        request,
        t!("Documentation"),
        t!("How a machine fetches licensed work: quickstart, receipts, and every error code."),
        || {
            let pages = PAGES
                .map(|(href, name, what)| {
                    view! {
                        <li class="docs__page">
                            <a class="docs__name" href=href>{say(name)}</a>
                            <p>{say(what)}</p>
                        </li>
                    }
                })
                .collect_view();
            view! {
                <PageHeader
                    title=t!("Documentation")
                    lead=|| t!("One address, one header, one receipt for each delivery. Any HTTP client will do.")
                />
                <ul class="docs__pages">{pages}</ul>
            }
        },
    ))
}

/// A page of the documentation, with the ways to the others beside it.
fn page(
    request: &Request,
    title: &'static str,
    lead: &'static str,
    body: impl FnOnce() -> AnyView + Send + 'static,
) -> Page {
    let here = request.path.clone();
    Page::public(request, title, lead, move || {
        let links = PAGES
            .map(|(href, name, _)| {
                let current = (href == here).then_some("page");
                view! { <li><a class="docs__link" href=href aria-current=current>{say(name)}</a></li> }
            })
            .collect_view();
        let side = move || {
            view! {
                <nav class="docs__nav" aria-label=t!("Documentation")>
                    <ul>{links}</ul>
                </nav>
            }
            .into_any()
        };
        view! {
            <PageHeader title lead=move || lead />
            <Columns side>
                <div class="docs">{body()}</div>
            </Columns>
        }
    })
}

/// A part of a page: a heading and what stands under it.
fn part(title: &'static str, body: impl IntoView + 'static) -> AnyView {
    view! { <Section title>{body}</Section> }.into_any()
}
