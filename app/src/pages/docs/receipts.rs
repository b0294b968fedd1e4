//! `/docs/receipts`: what is signed, how to check it, how to keep them all.

use imprimatur::services::Result;
use imprimatur::words::say;
use leptos::prelude::*;

use super::{page, part, samples};
use crate::{
    request::{Page, Request},
    ui::{Cell, CodeBlock, Column, Row, Table},
};

/// The fields of a receipt, in the order they are signed in.
pub const FIELDS: [(&str, &str); 13] = [
    ("bytes", "How many were delivered."),
    ("consumer_id", "Who received it: a keyed hash of the buyer, another one for each creator."),
    ("content_id", "What was delivered: the SHA-256 of the whole work."),
    ("free_reason", "Why it costs nothing, where that was known at once."),
    ("job_id", "The training run, as it was named."),
    ("license_id", "The license it was delivered under."),
    ("nonce", "Random, or the one you sent: no two receipts have the same bytes."),
    ("range", "Which part was delivered; left out for the whole."),
    ("receipt_id", "A ULID: receipts sort by their time."),
    ("resource", "The address, for a page of a site."),
    ("scope", "What it was for: training, inference or preview."),
    ("timestamp", "When, in UTC, to the microsecond."),
    ("token_id", "The token that was used; not its secret."),
];

/// The page.
pub async fn show(request: &Request) -> Result<Page> {
    let base_url = request.base_url.clone();
    let lead = "The gate signs a receipt for each delivery. Both sides can check it without asking anybody.";
    Ok(page(request, "Receipts", lead, move || {
        let rows = FIELDS
            .iter()
            .map(|(name, what)| {
                Row::new(vec![Cell::new(view! { <code>{*name}</code> }), Cell::new(say(what))])
            })
            .collect();
        view! {
            {part("What it is", view! {
                <p>
                    "A compact JWS (RFC 7515), signed with Ed25519. Its header names the algorithm EdDSA, the key and the type "
                    <code>"receipt+jws"</code> "; refuse any other. Its payload is canonical JSON (RFC 8785), so equal receipts have "
                    "equal bytes. It comes in the header " <code>"Imprimatur-Receipt"</code>
                    ", and for large pages of a site as a trailer."
                </p>
                <Table caption="Fields of a receipt" columns=vec![Column::text("Field"), Column::text("What it says")] rows />
            })}
            {part("Check one", view! {
                <p>
                    "The public keys are at " <a href="/.well-known/jwks.json">"/.well-known/jwks.json"</a>
                    ". Keys that were replaced stay there, so old receipts go on checking. Put a receipt in RECEIPT:"
                </p>
                <CodeBlock label="Check, Node 20" code=samples::check_a_receipt(&base_url) />
            })}
            {part("Keep them all", view! {
                <p>
                    "A token can read every receipt of its license, oldest first, up to 1,000 at a time. "
                    "The last batch has no " <code>"next"</code> "; a cursor opens for 72 hours."
                </p>
                <CodeBlock label="Keep, Python" code=samples::keep_receipts(&base_url) />
                <p>"One receipt alone is at " <code>"/receipts/{receipt_id}"</code> ", as it was signed."</p>
            })}
            {part("From a receipt to money", view! {
                <p>
                    "A receipt becomes a usage event within a second. For training, the first delivery of a work within a run is "
                    "billed and repeats are free; for inference each call counts, as the tier says. What you are billed leads back "
                    "to receipts you hold: if a line has none, object to it."
                </p>
            })}
        }
        .into_any()
    }))
}
