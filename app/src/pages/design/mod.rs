//! Every component in every state, in words a page would really use. Shown in
//! the demo only; what it shows is made up and leads nowhere else.

mod figures;
mod forms;
mod sample;
mod words;

use leptos::prelude::*;

use crate::shell::{Account, NavGroup, NavItem, OtherOrganization, WorkspaceLayout};
use crate::ui::{ButtonKind, ButtonLink, PageHeader, Segment, Segmented};

/// The components, in the workspace layout. The navigation leads to the parts
/// of this page.
#[component]
pub fn Design() -> impl IntoView {
    view! {
        <WorkspaceLayout path="/design" nav=parts() account=somebody()>
            <PageHeader
                title="Overview"
                lead=|| "Next payout on Friday 27 November: about $1,284 to the account ending 4417."
            >
                <Segmented
                    label="Period"
                    segments=vec![
                        Segment::new("7 days", "/design?days=7", false),
                        Segment::new("30 days", "/design?days=30", false),
                        Segment::new("90 days", "/design?days=90", true),
                    ]
                />
                <ButtonLink href="/design#forms">"Register work"</ButtonLink>
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
            <p class="section">
                <ButtonLink kind=ButtonKind::Quiet href="/">"Back to the start page"</ButtonLink>
            </p>
        </WorkspaceLayout>
    }
}

fn parts() -> Vec<NavGroup> {
    let part = |label: &str, id: &str| NavItem::new(label, format!("/design#{id}"));
    vec![
        NavGroup {
            title: None,
            items: vec![
                NavItem::new("Overview", "/design"),
                part("Figures", "figures").count(4),
                part("Charts", "charts").count(2),
                part("Tables", "tables").count(5),
                part("Values", "values"),
            ],
        },
        NavGroup {
            title: Some("Forms".to_owned()),
            items: vec![
                part("Buttons", "buttons"),
                part("A fresh form", "forms"),
                part("A form that came back", "refused"),
            ],
        },
        NavGroup {
            title: Some("Words".to_owned()),
            items: vec![
                part("Notices", "notices"),
                part("Lists", "lists"),
                part("Terms and tiers", "terms"),
                part("Code", "code"),
                part("Empty and loading", "empty"),
                part("Errors", "errors"),
            ],
        },
    ]
}

fn somebody() -> Account {
    Account {
        organization: "Hollow Fen Press".to_owned(),
        person: "Mira Okafor".to_owned(),
        role: "owner".to_owned(),
        others: vec![OtherOrganization {
            id: "01JD3Q8K2M7Z0V5X9W4T6R1NPA".to_owned(),
            name: "Ostrava Labs".to_owned(),
        }],
        switch_action: "/design".to_owned(),
        sign_out_action: "/design".to_owned(),
        links: vec![NavItem::new("Your sessions", "/design")],
    }
}
