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
            view! { <ButtonLink href=href.clone()>{t!("Go to workspace")}</ButtonLink> }.into_any()
        }
        None => view! { <ButtonLink href="/sign-in">{t!("Sign in")}</ButtonLink> }.into_any(),
    };
    view! {
        <div class="landing">
              <div class="landing__head">
                <div>
                <h1 class="landing__title">{t!("Work licensed to AI companies, and every line of every payout proved.")}</h1>
                <p class="landing__lead">{say(SENTENCE)}</p>
                <div class="landing__actions">
                    {way_in}
                    <ButtonLink kind=ButtonKind::Quiet href="/catalogue">{t!("Browse the catalogue")}</ButtonLink>
                    <ButtonLink kind=ButtonKind::Quiet href="/docs/quickstart">{t!("Fetch in five minutes")}</ButtonLink>
                </div>
                </div>
                <Specimen />
              </div>
                <Market figures />
                <div class="landing__sides">
                    <Side
                        title=t!("If you make the work")
                        points=[
                            t!("Register a file. Its SHA-256 becomes its identity."),
                            t!("Choose terms, set a free tier and a paid one, publish."),
                            t!("See which organization used what, receipt by receipt."),
                        ]
                    />
                    <Side
                        title=t!("If you train or run models")
                        points=[
                            t!("Pick a tier and accept the terms in plain words."),
                            t!("Create a token and paste one request into your job."),
                            t!("Repeats within a job cost nothing; a refusal is never billed."),
                        ]
                    />
                </div>
                <Road />
            </div>
    }
}

/// What it is, in two sentences.
pub const SENTENCE: &str =
    n!("Creators set terms and a price. Buyers accept them, create a token and \
    fetch. The gate signs a receipt for each delivery, and money follows the receipts.");

/// The market in numbers. An empty one says nothing about itself.
#[component]
fn Market(figures: storefront::Figures) -> impl IntoView {
    let storefront::Figures { works, creators, deliveries, bytes } = figures;
    let bytes = u64::try_from(bytes).unwrap_or_default();
    let days = t!("In the last {FIGURES_DAYS} days");
    (works > 0).then(|| {
        view! {
            <div class="landing__figures">
                <Figures label=t!("The market now")>
                    <Figure label=t!("Works on offer") href="/catalogue" note=|| t!("Each can be licensed now")>
                        <Quantity count=works short=true />
                    </Figure>
                    <Figure label=t!("Creators") note=|| t!("Each sets terms and prices")>
                        <Quantity count=creators short=true />
                    </Figure>
                    <Figure label=t!("Uses on record") note=move || days>
                        <Quantity count=deliveries short=true />
                    </Figure>
                    <Figure label=t!("Delivered") note=|| t!("In the same time, by receipt")>
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
                <span>{t!("A receipt, as an example")}</span>
                <Status tone=Tone::Good word=t!("Signature valid") />
            </figcaption>
            <Definitions>
                <Definition name=t!("Receipt")>
                    <Digest value="01JD3Q8K2M7Z0V5X9W4T6R18K2" />
                </Definition>
                <Definition name=t!("Content")>
                    <Digest value="sha256:9b1e4d6f8a2c0b7e5d3f1a9c8b6e4d2f0a7c5b3e1d9f8a6c4b2e0d7f5a3cc07a" />
                </Definition>
                <Definition name=t!("License")>{t!("Tide tables, standard")}</Definition>
                <Definition name=t!("Scope")>{t!("Training, job ")} <code class="digest">"7c"</code></Definition>
                <Definition name=t!("Delivered")>{t!("21 Nov 2026, 09:14:02 UTC")}</Definition>
                <Definition name=t!("Bytes")>"84,112"</Definition>
                <Definition name=t!("Signed")>{t!("Ed25519, as a compact JWS")}</Definition>
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
    (n!("Terms"), n!("A statement of rights that cannot change, named by its digest.")),
    (n!("License"), n!("Who accepted which terms, when, and for which tier.")),
    (n!("Token"), n!("Lets one machine act under one license. Shown once.")),
    (n!("Gate"), n!("Checks token, scope and quota before a byte leaves.")),
    (n!("Receipt"), n!("Signed, and stored before the last byte leaves.")),
    (n!("Use"), n!("Added up by the hour, for both sides alike.")),
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
                <h2 class="section__title">{t!("The road of one delivery")}</h2>
            </div>
            <ol class="road">{steps}</ol>
            <p class="landing__proof">
                {t!("A receipt can be checked without asking us: ")}
                <a href="/docs/receipts">{t!("how to")}</a> {t!(", and the keys at ")}
                <a href="/.well-known/jwks.json">"/.well-known/jwks.json"</a> "."
            </p>
        </section>
    }
}
