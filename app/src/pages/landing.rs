//! The start page: what Imprimatur is, for whom, and the road of a delivery.

use imprimatur::services::storefront::{self, FIGURES_DAYS};
use imprimatur::words::say;
use leptos::prelude::*;

use crate::ui::{
    ButtonKind, ButtonLink, Bytes, Definition, Definitions, Digest, Figure, Figures, Quantity,
    Status, Tone,
};

/// `workspace` is where a signed-in person works.
#[component]
pub fn Landing(
    figures: storefront::Figures,
    #[prop(optional, into)] workspace: Option<String>,
) -> impl IntoView {
    let way_in = match &workspace {
        Some(href) => {
            view! { <ButtonLink href=href.clone()>"Go to workspace"</ButtonLink> }.into_any()
        }
        None => view! { <ButtonLink href="/sign-in">"Sign in"</ButtonLink> }.into_any(),
    };
    view! {
        <div class="landing">
              <div class="landing__head">
                <div>
                <h1 class="landing__title">"Work licensed to AI companies, and every line of every payout proved."</h1>
                <p class="landing__lead">{say(SENTENCE)}</p>
                <div class="landing__actions">
                    {way_in}
                    <ButtonLink kind=ButtonKind::Quiet href="/catalogue">"Browse the catalogue"</ButtonLink>
                    <ButtonLink kind=ButtonKind::Quiet href="/docs/quickstart">"Fetch in five minutes"</ButtonLink>
                </div>
                </div>
                <Specimen />
              </div>
                <Market figures />
                <div class="landing__sides">
                    <Side
                        title="If you make the work"
                        points=[
                            "Register a file. Its SHA-256 becomes its identity.",
                            "Choose terms, set a free tier and a paid one, publish.",
                            "See which organization used what, receipt by receipt.",
                        ]
                    />
                    <Side
                        title="If you train or run models"
                        points=[
                            "Pick a tier and accept the terms in plain words.",
                            "Create a token and paste one request into your job.",
                            "Repeats within a job cost nothing; a refusal is never billed.",
                        ]
                    />
                </div>
                <Road />
            </div>
    }
}

/// What it is, in two sentences.
pub const SENTENCE: &str = "Creators set terms and a price. Buyers accept them, create a token and \
    fetch. The gate signs a receipt for each delivery, and money follows the receipts.";

/// The market in numbers. An empty one says nothing about itself.
#[component]
fn Market(figures: storefront::Figures) -> impl IntoView {
    let storefront::Figures { works, creators, deliveries, bytes } = figures;
    let bytes = u64::try_from(bytes).unwrap_or_default();
    let days = format!("In the last {FIGURES_DAYS} days");
    (works > 0).then(|| {
        view! {
            <div class="landing__figures">
                <Figures label="The market now">
                    <Figure label="Works on offer" href="/catalogue" note=|| "Each can be licensed now">
                        <Quantity count=works short=true />
                    </Figure>
                    <Figure label="Creators" note=|| "Each sets terms and prices">
                        <Quantity count=creators short=true />
                    </Figure>
                    <Figure label="Uses on record" note=move || days>
                        <Quantity count=deliveries short=true />
                    </Figure>
                    <Figure label="Delivered" note=|| "In the same time, by receipt">
                        <Bytes count=bytes />
                    </Figure>
                </Figures>
            </div>
        }
    })
}

/// What a receipt says, so that the word means something before one is owned.
#[component]
fn Specimen() -> impl IntoView {
    view! {
        <figure class="landing__receipt">
            <figcaption class="landing__receipt-head">
                <span>"A receipt, as an example"</span>
                <Status tone=Tone::Good word="Signature valid" />
            </figcaption>
            <Definitions>
                <Definition name="Receipt">
                    <Digest value="01JD3Q8K2M7Z0V5X9W4T6R18K2" />
                </Definition>
                <Definition name="Content">
                    <Digest value="sha256:9b1e4d6f8a2c0b7e5d3f1a9c8b6e4d2f0a7c5b3e1d9f8a6c4b2e0d7f5a3cc07a" />
                </Definition>
                <Definition name="License">"Tide tables, standard"</Definition>
                <Definition name="Scope">"Training, job " <code class="digest">"7c"</code></Definition>
                <Definition name="Delivered">"21 Nov 2026, 09:14:02 UTC"</Definition>
                <Definition name="Bytes">"84,112"</Definition>
                <Definition name="Signed">"Ed25519, as a compact JWS"</Definition>
            </Definitions>
        </figure>
    }
}

#[component]
fn Side(title: &'static str, points: [&'static str; 3]) -> impl IntoView {
    let points = points.map(|point| view! { <li>{point}</li> }).collect_view();
    view! {
        <section class="landing__side">
            <h2 class="section__title">{title}</h2>
            <ul class="landing__points">{points}</ul>
        </section>
    }
}

const STEPS: [(&str, &str); 6] = [
    ("Terms", "A statement of rights that cannot change, named by its digest."),
    ("License", "Who accepted which terms, when, and for which tier."),
    ("Token", "Lets one machine act under one license. Shown once."),
    ("Gate", "Checks token, scope and quota before a byte leaves."),
    ("Receipt", "Signed, and stored before the last byte leaves."),
    ("Use", "Added up by the hour, for both sides alike."),
];

#[component]
fn Road() -> impl IntoView {
    let steps = STEPS
        .map(|(name, what)| {
            view! {
                <li class="road__step">
                    <span class="road__name">{say(name)}</span>
                    <span class="road__what">{say(what)}</span>
                </li>
            }
        })
        .collect_view();
    view! {
        <section id="road">
            <div class="section__head">
                <h2 class="section__title">"The road of one delivery"</h2>
            </div>
            <ol class="road">{steps}</ol>
            <p class="landing__proof">
                "A receipt can be checked without asking us: "
                <a href="/docs/receipts">"how to"</a> ", and the keys at "
                <a href="/.well-known/jwks.json">"/.well-known/jwks.json"</a> "."
            </p>
        </section>
    }
}
