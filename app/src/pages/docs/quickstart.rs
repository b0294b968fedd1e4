//! `/docs/quickstart`: from a license to the first delivery.

use imprimatur::services::Result;
use imprimatur::words::say;
use leptos::prelude::*;

use super::{page, part, samples};
use crate::{
    request::{Page, Request},
    ui::{Cell, CodeBlock, Column, Row, Table},
};

/// The headers that a request may carry, and what each decides.
const ASKED: [(&str, &str); 4] = [
    (
        "Authorization",
        n!("“Bearer ” and the token. Without it the answer is 402 with the offers, or 401."),
    ),
    (
        "Imprimatur-Scope",
        n!(
            "What it is for: training, inference or preview. Left out, the first that the token grants."
        ),
    ),
    (
        "Imprimatur-Job",
        n!("A name for the training run. The same work again within a run costs nothing."),
    ),
    (
        "Imprimatur-Nonce",
        n!(
            "16 to 128 letters, digits, “-” and “_”, new with every request. Only where the token asks for it."
        ),
    ),
];

/// The headers that come back.
const ANSWERED: [(&str, &str); 5] = [
    (
        "Imprimatur-Receipt",
        n!("The signed receipt, a compact JWS. Keep it: it is what you pay by."),
    ),
    (
        "Imprimatur-Content-Id",
        n!("The SHA-256 of the whole work, which is also its address and its entity tag."),
    ),
    (
        "Link",
        n!(
            "rel=\"license\" leads to the terms; the other link to the manifest with the credit line."
        ),
    ),
    ("X-RateLimit-Remaining", n!("Requests left at this moment.")),
    ("X-Request-Id", n!("Quote it when something is unclear.")),
];

/// The page.
pub async fn show(request: &Request) -> Result<Page> {
    let base_url = request.base_url.clone();
    let lead = t!(
        "Five minutes from a license to the first delivery: take a tier, create a token, send one request."
    );
    Ok(page(request, t!("Quickstart"), lead, move || {
        view! {
            {part(t!("1. Take a license"), view! {
                <p>
                    {t!("Open a work in the ")} <a href="/catalogue">{t!("catalogue")}</a>
                    {t!(", choose a tier and accept its terms. A preview tier costs nothing and is enough to try this.")}
                </p>
            })}
            {part(t!("2. Create a token"), view! {
                <p>
                    {t!("On the page of the license, create a token. It is shown once. Put it and the content ID, ")}
                    {t!("which stands on the same page, into the environment:")}
                </p>
                <CodeBlock label=t!("Environment") code="export TOKEN='sk_…'\nexport CONTENT='sha256:…'" />
            })}
            {part(t!("3. Fetch"), view! {
                <p>{t!("Any of these works as it stands. Change the use if your token grants another one.")}</p>
                <CodeBlock label=t!("Shell") code=samples::fetch_with_curl(&base_url) />
                <CodeBlock label=t!("Python") code=samples::fetch_with_python(&base_url) />
                <CodeBlock label=t!("JavaScript, Node 20") code=samples::fetch_with_javascript(&base_url) />
                <p>
                    {t!("The receipt is stored before the last byte leaves. A transfer that breaks off before it is written ")}
                    {t!("has no receipt and costs nothing.")}
                </p>
            })}
            {part(t!("What you send"), headers(t!("Headers of a request"), &ASKED))}
            {part(t!("What comes back"), headers(t!("Headers of an answer"), &ANSWERED))}
            {part(t!("Ask what it costs"), view! {
                <p>
                    {t!("Without a token, a work on offer answers 402 and names its tiers, their prices and where to take them. ")}
                    {t!("A machine can find its price this way.")}
                </p>
                <CodeBlock label=t!("Price") code=samples::ask_the_price(&base_url) />
            })}
            {part(t!("Pages of a site"), view! {
                <p>
                    {t!("A license of a site works at the site's own addresses: send the same headers to the page itself. ")}
                    {t!("Each page has its own content ID and its own receipt. robots.txt and the like need no token.")}
                </p>
            })}
            {part(t!("What is free"), view! {
                <p>
                    {t!("A refusal, an error, HEAD and “not modified” cost nothing. Neither does the same work again ")}
                    {t!("within one training run, or within the calendar month where no run is named.")}
                </p>
                <p>
                    {t!("Next: ")} <a href="/docs/receipts">{t!("check a receipt")}</a> {t!(", or see ")}
                    <a href="/docs/errors">{t!("what each error means")}</a> "."
                </p>
            })}
        }
        .into_any()
    }))
}

fn headers(caption: &'static str, headers: &'static [(&str, &str)]) -> AnyView {
    let rows = headers
        .iter()
        .map(|(name, what)| {
            Row::new(vec![Cell::new(view! { <code>{*name}</code> }), Cell::new(say(what))])
        })
        .collect();
    view! {
        <Table caption columns=vec![Column::text(t!("Header")), Column::text(t!("What it says"))] rows />
    }
    .into_any()
}
