//! Every component in every state, in words a page would really use. Shown in
//! the demo only; what it shows is made up and leads nowhere else.

mod figures;
mod forms;
mod sample;
mod words;

use leptos::prelude::*;

use crate::ui::{ButtonLink, PageHeader, Segment, Segmented};

const PARTS: [(&str, &str); 11] = [
    ("figures", "Figures"),
    ("charts", "Charts"),
    ("tables", "Tables"),
    ("values", "Values"),
    ("buttons", "Buttons"),
    ("forms", "A fresh form"),
    ("refused", "A form that came back"),
    ("notices", "Notices"),
    ("lists", "Lists"),
    ("code", "Code"),
    ("empty", "Empty and loading"),
];

/// The components, as the body of a page; it stands in either layout.
#[component]
pub fn Design() -> impl IntoView {
    let parts = PARTS
        .map(|(id, label)| view! { <li><a href=format!("#{id}")>{label}</a></li> })
        .collect_view();
    view! {
        <PageHeader
            title="Overview"
            lead=|| "Next payout on Friday 27 November: about $1,284 to the account ending 4417."
        >
            <Segmented
                label="Period"
                segments=vec![
                    Segment::new("7 days", "?days=7", false),
                    Segment::new("30 days", "?days=30", false),
                    Segment::new("90 days", "?days=90", true),
                ]
            />
            <ButtonLink href="#forms">"Register work"</ButtonLink>
        </PageHeader>
        <figures::Money />
        <figures::Use />
        <figures::Works />
        <figures::Values />
        <forms::Buttons />
        <forms::Fresh />
        <forms::CameBack />
        <words::Notices />
        <words::Steps />
        <words::Terms />
        <words::Pasted />
        <words::Nothing />
        <words::Broken />
        <nav class="section" aria-label="Components">
            <ul class="contents">{parts}</ul>
        </nav>
    }
}
