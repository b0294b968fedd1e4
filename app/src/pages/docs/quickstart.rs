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
        "“Bearer ” and the token. Without it the answer is 402 with the offers, or 401.",
    ),
    (
        "Imprimatur-Scope",
        "What it is for: training, inference or preview. Left out, the first that the token grants.",
    ),
    (
        "Imprimatur-Job",
        "A name for the training run. The same work again within a run costs nothing.",
    ),
    (
        "Imprimatur-Nonce",
        "16 to 128 letters, digits, “-” and “_”, new with every request. Only where the token asks for it.",
    ),
];

/// The headers that come back.
const ANSWERED: [(&str, &str); 5] = [
    ("Imprimatur-Receipt", "The signed receipt, a compact JWS. Keep it: it is what you pay by."),
    (
        "Imprimatur-Content-Id",
        "The SHA-256 of the whole work, which is also its address and its entity tag.",
    ),
    (
        "Link",
        "rel=\"license\" leads to the terms; the other link to the manifest with the credit line.",
    ),
    ("X-RateLimit-Remaining", "Requests left at this moment."),
    ("X-Request-Id", "Quote it when something is unclear."),
];

/// The page.
pub async fn show(request: &Request) -> Result<Page> {
    let base_url = request.base_url.clone();
    let lead = "Five minutes from a license to the first delivery: take a tier, create a token, send one request.";
    Ok(page(request, "Quickstart", lead, move || {
        view! {
            {part("1. Take a license", view! {
                <p>
                    "Open a work in the " <a href="/catalogue">"catalogue"</a>
                    ", choose a tier and accept its terms. A preview tier costs nothing and is enough to try this."
                </p>
            })}
            {part("2. Create a token", view! {
                <p>
                    "On the page of the license, create a token. It is shown once. Put it and the content ID, "
                    "which stands on the same page, into the environment:"
                </p>
                <CodeBlock label="Environment" code="export TOKEN='sk_…'\nexport CONTENT='sha256:…'" />
            })}
            {part("3. Fetch", view! {
                <p>"Any of these works as it stands. Change the use if your token grants another one."</p>
                <CodeBlock label="Shell" code=samples::fetch_with_curl(&base_url) />
                <CodeBlock label="Python" code=samples::fetch_with_python(&base_url) />
                <CodeBlock label="JavaScript, Node 20" code=samples::fetch_with_javascript(&base_url) />
                <p>
                    "The receipt is stored before the last byte leaves. A transfer that breaks off before it is written "
                    "has no receipt and costs nothing."
                </p>
            })}
            {part("What you send", headers("Headers of a request", &ASKED))}
            {part("What comes back", headers("Headers of an answer", &ANSWERED))}
            {part("Ask what it costs", view! {
                <p>
                    "Without a token, a work on offer answers 402 and names its tiers, their prices and where to take them. "
                    "A machine can find its price this way."
                </p>
                <CodeBlock label="Price" code=samples::ask_the_price(&base_url) />
            })}
            {part("Pages of a site", view! {
                <p>
                    "A license of a site works at the site's own addresses: send the same headers to the page itself. "
                    "Each page has its own content ID and its own receipt. robots.txt and the like need no token."
                </p>
            })}
            {part("What is free", view! {
                <p>
                    "A refusal, an error, HEAD and “not modified” cost nothing. Neither does the same work again "
                    "within one training run, or within the calendar month where no run is named."
                </p>
                <p>
                    "Next: " <a href="/docs/receipts">"check a receipt"</a> ", or see "
                    <a href="/docs/errors">"what each error means"</a> "."
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
        <Table caption columns=vec![Column::text("Header"), Column::text("What it says")] rows />
    }
    .into_any()
}
