//! `/creators/{slug}`: who offers works, and which.

use imprimatur::{
    domain::money::grouped,
    services::{Result, catalogue},
};
use leptos::prelude::*;

use super::catalogue::{By, table};
use crate::{
    address::Address,
    request::{Page, Request},
    ui::{
        ButtonKind, ButtonLink, Crumb, Definition, Definitions, EmptyState, Instant, PageHeader,
        Section,
    },
};

/// A creator's page.
pub async fn show(request: &Request, slug: &str) -> Result<Page> {
    let (services, key, actor) = (&request.services, &request.cursor_key, &request.actor);
    let creator = catalogue::creator(services, key, actor, slug).await?;
    let now = request.now;
    let description = format!("Works by {}, to license now.", creator.name);
    Ok(Page::public(request, creator.name.clone(), description, move || {
        let lead = match creator.works.total {
            0 => "Nothing is on offer at the moment.".to_owned(),
            1 => "One work on offer.".to_owned(),
            works => format!("{} works on offer.", grouped(&works.to_string())),
        };
        let all = creator.works.older.is_some().then(|| {
            let href = Address::new("/catalogue").with("creator", &creator.slug).href();
            let label = format!("All {}", grouped(&creator.works.total.to_string()));
            view! { <a href=href>{label}</a> }
        });
        let sites = (!creator.hosts.is_empty()).then(|| {
            let hosts = creator.hosts.join(", ");
            view! { <Definition name="Sites">{hosts}</Definition> }
        });
        view! {
            <PageHeader
                title=creator.name
                crumbs=vec![Crumb::new("Catalogue", "/catalogue")]
                lead=move || lead
            />
            <Section title="Works" links=move || all.into_any()>
                {table("Works on offer", creator.works.works, By::Host, now, nothing)}
            </Section>
            <Section title="The creator">
                <Definitions>
                    {sites}
                    <Definition name="On Imprimatur since">
                        <Instant at=creator.founded_at now />
                    </Definition>
                </Definitions>
            </Section>
        }
    }))
}

fn nothing() -> AnyView {
    view! {
        <EmptyState
            title="No offers now"
            sentence="This creator's works appear here as soon as one is on offer again."
        >
            <ButtonLink kind=ButtonKind::Quiet href="/catalogue">"See every work"</ButtonLink>
        </EmptyState>
    }
    .into_any()
}
