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
    ("bytes", n!("How many were delivered.")),
    (
        "consumer_id",
        n!("Who received it: a keyed hash of the buyer, another one for each creator."),
    ),
    ("content_id", n!("What was delivered: the SHA-256 of the whole work.")),
    ("free_reason", n!("Why it costs nothing, where that was known at once.")),
    ("job_id", n!("The training run, as it was named.")),
    ("license_id", n!("The license it was delivered under.")),
    ("nonce", n!("Random, or the one you sent: no two receipts have the same bytes.")),
    ("range", n!("Which part was delivered; left out for the whole.")),
    ("receipt_id", n!("A ULID: receipts sort by their time.")),
    ("resource", n!("The address, for a page of a site.")),
    ("scope", n!("What it was for: training, inference or preview.")),
    ("timestamp", n!("When, in UTC, to the microsecond.")),
    ("token_id", n!("The token that was used; not its secret.")),
];

/// The page.
pub async fn show(request: &Request) -> Result<Page> {
    let base_url = request.base_url.clone();
    let lead = t!(
        "The gate signs a receipt for each delivery. Both sides can check it without asking anybody."
    );
    Ok(page(request, t!("Receipts"), lead, move || {
        let rows = FIELDS
            .iter()
            .map(|(name, what)| {
                Row::new(vec![Cell::new(view! { <code>{*name}</code> }), Cell::new(say(what))])
            })
            .collect();
        view! {
            {part(t!("What it is"), view! {
                <p>
                    {t!("A compact JWS (RFC 7515), signed with Ed25519. Its header names the algorithm EdDSA, the key and the type ")}
                    <code>"receipt+jws"</code> {t!("; refuse any other. Its payload is canonical JSON (RFC 8785), so equal receipts have ")}
                    {t!("equal bytes. It comes in the header ")} <code>"Imprimatur-Receipt"</code>
                    {t!(", and for large pages of a site as a trailer.")}
                </p>
                <Table caption=t!("Fields of a receipt") columns=vec![Column::text(t!("Field")), Column::text(t!("What it says"))] rows />
            })}
            {part(t!("Check one"), view! {
                <p>
                    {t!("The public keys are at ")} <a href="/.well-known/jwks.json">"/.well-known/jwks.json"</a>
                    {t!(". Keys that were replaced stay there, so old receipts go on checking. Put a receipt in RECEIPT:")}
                </p>
                <CodeBlock label=t!("Check, Node 20") code=samples::check_a_receipt(&base_url) />
            })}
            {part(t!("Keep them all"), view! {
                <p>
                    {t!("A token can read every receipt of its license, oldest first, up to 1,000 at a time. ")}
                    {t!("The last batch has no ")} <code>"next"</code> {t!("; a cursor opens for 72 hours.")}
                </p>
                <CodeBlock label=t!("Keep, Python") code=samples::keep_receipts(&base_url) />
                <p>{t!("One receipt alone is at ")} <code>"/receipts/{receipt_id}"</code> {t!(", as it was signed.")}</p>
            })}
            {part(t!("From a receipt to money"), view! {
                <p>
                    {t!("A receipt becomes a usage event within a second. For training, the first delivery of a work within a run is ")}
                    {t!("billed and repeats are free; for inference each call counts, as the tier says. What you are billed leads back ")}
                    {t!("to receipts you hold: if a line has none, object to it.")}
                </p>
            })}
        }
        .into_any()
    }))
}
