//! Notices, lists, code, and what stands where there is nothing or something
//! broke.

use leptos::prelude::*;

use super::sample;
use crate::ui::{
    Breadcrumb, ButtonKind, ButtonLink, CodeBlock, Crumb, Definition, Definitions, Digest,
    EmptyState, ErrorPage, Instant, Meter, Notice, Panel, Panels, Secret, Section, Skeleton,
    Timeline, TimelineStep, Toast, Tone,
};

#[component]
pub fn Notices() -> impl IntoView {
    view! {
        <Section title="Notices" id="notices">
            <Toast sentence="Token “Nightly crawl” was revoked. Requests with it are refused from now on.">
                <a href="/design#notices">"Undo"</a>
            </Toast>
            <div class="grid gap-3">
                <Notice title="Terms version 3 is in force">
                    "Licenses bought before 1 November keep version 2."
                </Notice>
                <Notice tone=Tone::Good title="The books balance">
                    "1,200 receipts add up to what was charged, to the micro."
                </Notice>
                <Notice tone=Tone::Info title="Cobalt Research used 84 % of its quota">
                    "At this pace the quota is used up on 26 November."
                </Notice>
                <Notice tone=Tone::Warn title="Stripe asks for a tax document">
                    "Payouts continue until 15 December. " <a href="/design#notices">"Send it now"</a>
                </Notice>
                <Notice tone=Tone::Seal title="A dispute needs your answer by tomorrow 14:00">
                    "Without one, staff decide on the evidence."
                </Notice>
            </div>
        </Section>
    }
}

#[component]
pub fn Steps() -> impl IntoView {
    let when = |seconds| move || view! { <Instant at=sample::ago(seconds) now=sample::now() /> };
    view! {
        <Section title="Lists" id="lists">
            <Breadcrumb crumbs=vec![Crumb::new("Disputes", "/design#lists")] here="D-2041" />
            <div class="grid gap-10 md:grid-cols-2">
                <Timeline label="So far">
                    <TimelineStep when=when(90_000) title="Opened, $31.20 held" done=true>
                        "Ostrava Labs, on invoice line 14"
                    </TimelineStep>
                    <TimelineStep when=when(89_940) title="Evidence assembled" done=true>
                        "1,200 receipts, terms v3, both usage reports"
                    </TimelineStep>
                    <TimelineStep when=|| "by 23 Nov 14:00" title="Your answer">
                        "Without one, staff decide on the evidence"
                    </TimelineStep>
                    <TimelineStep when=|| "by 26 Nov" title="Decision">
                        "Either side may appeal once"
                    </TimelineStep>
                </Timeline>
                <div class="grid content-start gap-8">
                    <Definitions>
                        <Definition name="License">
                            <a href="/design#lists">"Tide tables, standard"</a>
                        </Definition>
                        <Definition name="Terms">
                            "Version 3 " <Digest value="sha256:c7aab3e1d9f8a6c4b2e0d7f519e4" />
                        </Definition>
                        <Definition name="Billable unit">"First delivery per job window"</Definition>
                        <Definition name="Job window">"30 days"</Definition>
                    </Definitions>
                    <Meter label="Requests this month" used=42_117 most=50_000 tone=Tone::Warn />
                </div>
            </div>
            <div class="mt-8">
                <Panels>
                    <Panel label="The gate">
                        "1,200 deliveries, 600 contents, job " <code class="digest">"7c"</code>
                        " and job " <code class="digest">"7c-retry"</code> ". 940 charged."
                    </Panel>
                    <Panel label="Ostrava Labs">
                        "600 contents ingested once. The retry ran under a new job name after a crash at 09:20."
                    </Panel>
                </Panels>
            </div>
        </Section>
    }
}

const REQUEST: &str = "curl --fail --remote-name \\
  --header \"Authorization: Bearer $IMPRIMATUR_TOKEN\" \\
  https://gate.example/c/sha256:9b1e4d6f8a2c0b7e5d3f1a9c8b6e4d2f0a7c5b3e1d9f8a6c4b2e0d7f5a3cc07a";

#[component]
pub fn Pasted() -> impl IntoView {
    view! {
        <Section title="Code" id="code">
            <div class="grid gap-4">
                <Secret
                    label="Token"
                    value="sk_test_0000000000000000000000000000000000000000000000000000000000000000"
                />
                <CodeBlock label="Request" code=REQUEST />
            </div>
        </Section>
    }
}

#[component]
pub fn Terms() -> impl IntoView {
    view! {
        <Section title="Terms and tiers" id="terms">
            <div class="tiers">
                <div class="tier">
                    <h3 class="tier__name">"Preview"</h3>
                    <p class="tier__price">"Free"</p>
                    <ul class="tier__lines">
                        <li>"Preview"</li>
                        <li>"100 units a month"</li>
                        <li>"10 requests a minute"</li>
                    </ul>
                    <ButtonLink kind=ButtonKind::Quiet href="#terms">"License Preview"</ButtonLink>
                </div>
                <div class="tier">
                    <h3 class="tier__name">"Standard"</h3>
                    <p class="tier__price">"$2,500.00 " <span class="tier__per">"a month"</span></p>
                    <ul class="tier__lines">
                        <li>"Training, inference"</li>
                        <li>"50,000 units a month"</li>
                        <li>"Then $5.00 per 1,000"</li>
                        <li>"100 requests a minute"</li>
                    </ul>
                    <ButtonLink kind=ButtonKind::Quiet href="#terms">"License Standard"</ButtonLink>
                </div>
            </div>
            <p class="section__note">"Training, with attribution. Version 3."</p>
            <ul class="clauses">
                <li class="clause">"You may train models on the content."</li>
                <li class="clause">"You must credit the creator wherever the content is shown."</li>
                <li class="clause clause--not">"You may not pass the content on."</li>
            </ul>
            <details class="fold">
                <summary>"Inference only"</summary>
                <ul class="clauses">
                    <li class="clause">"You may read the content at the moment of an answer."</li>
                    <li class="clause clause--not">"You may not train models on it."</li>
                </ul>
            </details>
        </Section>
    }
}

#[component]
pub fn Nothing() -> impl IntoView {
    view! {
        <Section title="Empty and loading" id="empty">
            <EmptyState
                title="No work registered yet"
                sentence="Register a file, and buyers can find it as soon as you publish an offer for it."
            >
                <ButtonLink kind=ButtonKind::Quiet href="/design#forms">"Register work"</ButtonLink>
            </EmptyState>
            <Skeleton lines=4 />
        </Section>
    }
}

#[component]
pub fn Broken() -> impl IntoView {
    view! {
        <Section title="Errors" id="errors">
            <ErrorPage
                title="Something broke on our side"
                sentence="The page could not be drawn, and nothing you did was lost."
                advice="Try again in a minute. If it happens again, write to support."
                request_id="01JD3Q8K2M7Z0V5X9W4T6R1NPA"
            />
        </Section>
    }
}
