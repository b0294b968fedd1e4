//! `/creators/{slug}`: who offers works, and which.

use imprimatur::{
    domain::{
        money::grouped,
        profile::{Profile, Said},
    },
    services::{Result, catalogue, identity::Recorded},
};
use leptos::prelude::*;

use super::{
    catalogue::{By, table},
    collections::shown_table,
    work::paragraphs,
};
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
    let description = match creator.profile.about.lines().next() {
        Some(first) => format!("{}: {first}", creator.name),
        None => t!("Works by {name}, to license now.", name = creator.name),
    };
    Ok(Page::public(request, creator.name.clone(), description, move || {
        let lead = match creator.works.total {
            0 => t!("Nothing is on offer at the moment.").to_owned(),
            works => tn!(
                works,
                "One work on offer.",
                "{works} works on offer.",
                works = grouped(&works.to_string())
            ),
        };
        let all = creator.works.older.is_some().then(|| {
            let href = Address::new("/catalogue").with("creator", &creator.slug).href();
            let label = t!("All {total}", total = grouped(&creator.works.total.to_string()));
            view! { <a href=href>{label}</a> }
        });
        let sites = (!creator.hosts.is_empty()).then(|| {
            let hosts = creator.hosts.join(", ");
            view! { <Definition name=t!("Sites")>{hosts}</Definition> }
        });
        let collections = (!creator.collections.is_empty()).then(|| {
            view! {
                <Section title=t!("Collections")>{shown_table(creator.collections, now)}</Section>
            }
        });
        let Profile { jurisdiction, about, .. } = &creator.profile;
        let jurisdiction = jurisdiction.map(|country| {
            view! { <Definition name=t!("Jurisdiction")>{country.title()}</Definition> }
        });
        let website = (!creator.profile.website.is_empty()).then(|| {
            let words = creator.profile.website_in_words().to_owned();
            let href = creator.profile.website.clone();
            view! {
                <Definition name=t!("Website")>
                    <a href=href rel="nofollow noopener ugc">
                        {words}
                    </a>
                </Definition>
            }
        });
        let consents = consents(creator.consents, now);
        let about = (!about.is_empty())
            .then(|| view! { <div class="prose prose--lead">{paragraphs(about)}</div> });
        view! {
            <PageHeader
                title=creator.name
                crumbs=vec![Crumb::new(t!("Catalogue"), "/catalogue")]
                lead=move || lead
            />
            {about}
            <Section title=t!("Works") links=move || all.into_any()>
                {table(t!("Works on offer"), creator.works.works, By::Host, now, nothing)}
            </Section>
            {collections}
            <Section title=t!("The creator")>
                <Definitions>
                    {jurisdiction}
                    {website}
                    {sites}
                    {consents}
                    <Definition name=t!("On Imprimatur since")>
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
            title=t!("No offers now")
            sentence=t!("This creator's works appear here as soon as one is on offer again.")
        >
            <ButtonLink kind=ButtonKind::Quiet href="/catalogue">{t!("See every work")}</ButtonLink>
        </EmptyState>
    }
    .into_any()
}

/// What the creator has said about each consent.
fn consents(consents: Vec<Recorded>, now: chrono::DateTime<chrono::Utc>) -> AnyView {
    consents
        .into_iter()
        .filter(|each| each.said != Said::Open)
        .filter_map(|each| {
            let (at, _) = each.by?;
            Some(view! {
                <Definition name=each.about.in_words()>
                    {each.said.in_words()} {t!(", recorded ")} <Instant at now />
                </Definition>
            })
        })
        .collect_view()
        .into_any()
}
