//! `/sites/{id}`: proving that a host is one's own, where its pages come from, who may have which
//! paths.

use chrono::{DateTime, Utc};
use imprimatur::{
    domain::{
        actor::Deed,
        gate::{PathRules, Pattern},
        ids::AssetId,
        site::{Challenge, ProvenBy, SiteState, file_url, record_name},
    },
    services::{
        Result,
        offers::{self, OfferRow},
        sites::{self, Site},
    },
};
use leptos::prelude::*;

use super::sites::state_in_words;
use crate::{
    request::{Page, Request},
    ui::{
        Button, ButtonKind, ButtonLink, Cell, CodeBlock, Column, Columns, Crumb, Definition,
        Definitions, EmptyState, FormActions, HiddenField, Instant, PageHeader, PostForm, Row,
        Section, Status, Table, TextField, Toast, Undo,
    },
};

/// One of one's own sites.
pub async fn show(request: &Request, id: &str) -> Result<Page> {
    let asset_id: AssetId = id.parse()?;
    let site = sites::get(&request.services, &request.actor, asset_id).await?;
    let on_offer = offers::list(&request.services, &request.actor, Some(asset_id)).await?;
    let challenge: Challenge = site.challenge.parse()?;
    let may_manage = request.actor.may_as_creator(Deed::ManageSite).is_ok();
    let may_publish = request.actor.may_as_creator(Deed::PublishOffer).is_ok();
    let done = match (request.param("done"), site.state) {
        (Some("verified"), SiteState::Verified) => {
            Some((t!("Verified. The gate answers for this host."), None))
        }
        (Some("origin"), _) => {
            let before = request.param("before").filter(|before| *before != site.origin);
            Some((t!("Pages come from there now."), before.map(str::to_owned)))
        }
        _ => None,
    };
    let now = request.now;
    Ok(Page::workspace(request, site.host.clone(), move || {
        let lead = lead(&site, !on_offer.is_empty());
        let host = site.host.clone();
        let origin = site.origin.clone();
        let proof = proof(&site, &challenge, may_manage);
        let side = side(&site, may_manage, now);
        view! {
            {done
                .map(|(sentence, before)| {
                    let undo = before
                        .filter(|_| may_manage)
                        .map(|before| {
                            let fields = vec![("was", origin), ("origin", before)];
                            let action = format!("/sites/{asset_id}");
                            view! { <Undo action form="origin" fields /> }
                        });
                    view! { <Toast sentence>{undo}</Toast> }
                })}
            <PageHeader
                title=host
                crumbs=vec![Crumb::new(t!("Sites"), "/sites")]
                lead=move || lead
            >
                <ButtonLink kind=ButtonKind::Quiet href=format!("/sites/{asset_id}/try")>
                    {t!("Try a path")}
                </ButtonLink>
                <ButtonLink kind=ButtonKind::Quiet href=format!("/assets/{asset_id}")>
                    {t!("As a work")}
                </ButtonLink>
            </PageHeader>
            <Columns side=move || side>
                {proof}
                <Section title=t!("Paths")>{paths(on_offer, asset_id, may_publish)}</Section>
            </Columns>
        }
    }))
}

fn lead(site: &Site, offered: bool) -> String {
    match (site.state, offered) {
        (SiteState::Claimed, _) => {
            t!("Claimed, and not served yet: prove that the host is yours.").to_owned()
        }
        (SiteState::Lapsed, _) => {
            t!("The proof was not found for a week, so the site is served no longer. Put it back and check again.").to_owned()
        }
        (SiteState::Verified, _) if site.failing_since.is_some() => {
            t!("Served. The proof was not found the last time; without it the site lapses after a week.").to_owned()
        }
        (SiteState::Verified, true) => t!("Verified and on offer.").to_owned(),
        (SiteState::Verified, false) => {
            t!("Verified, and not on offer: nobody can license its pages yet.").to_owned()
        }
    }
}

/// What to put where, and the button that looks for it.
fn proof(site: &Site, challenge: &Challenge, may_manage: bool) -> AnyView {
    let check = may_manage.then(|| {
        let label = if site.state == SiteState::Verified { t!("Check now") } else { t!("Verify") };
        let kind = match site.state {
            SiteState::Verified => ButtonKind::Quiet,
            SiteState::Claimed | SiteState::Lapsed => ButtonKind::Primary,
        };
        view! {
            <PostForm name="verify">
                <FormActions>
                    <Button kind>{label}</Button>
                </FormActions>
            </PostForm>
        }
    });
    let sentence = match site.state {
        SiteState::Verified => {
            t!(
                "Leave it where it is: it is looked for once a week, and the site is served as long as it is found."
            )
        }
        SiteState::Claimed | SiteState::Lapsed => {
            t!("Do one of the two, then verify. A new DNS record can take an hour to be seen.")
        }
    };
    let record_label = t!("A TXT record for {host}", host = record_name(&site.host));
    let file_label = t!("Or a file at {host}", host = file_url(&site.host));
    let (record, file) = (challenge.record(), challenge.as_str().to_owned());
    view! {
        <Section title=t!("Proof that the host is yours")>
            <p class="section__note">{sentence}</p>
            <CodeBlock label=record_label code=record />
            <CodeBlock label=file_label code=file />
            {check}
        </Section>
    }
    .into_any()
}

fn side(site: &Site, may_manage: bool, now: DateTime<Utc>) -> AnyView {
    let (tone, word) = state_in_words(site.state);
    let verified = site.verified_at.zip(site.verified_by).map(|(at, by)| {
        let by = match by {
            ProvenBy::Dns => t!("by DNS record"),
            ProvenBy::File => t!("by file"),
        };
        view! { <Definition name=t!("Verified")><Instant at now /> ", " {by}</Definition> }
    });
    let checked = site.checked_at.map(|at| {
        view! { <Definition name=t!("Last checked")><Instant at now /></Definition> }
    });
    let failing = site.failing_since.map(|at| {
        view! { <Definition name=t!("Not found since")><Instant at now /></Definition> }
    });
    let origin = if may_manage {
        let origin = site.origin.clone();
        view! {
            <PostForm name="origin">
                <HiddenField name="was" value=origin.clone() />
                <TextField
                    name="origin"
                    label=t!("Origin")
                    hint=t!("Scheme and host, like https://www.example.com. The path comes from each request.")
                    value=origin
                    required=true
                    maxlength=300
                />
                <FormActions>
                    <Button kind=ButtonKind::Quiet>{t!("Change the origin")}</Button>
                </FormActions>
            </PostForm>
        }
        .into_any()
    } else {
        view! { <p>{site.origin.clone()}</p> }.into_any()
    };
    let (title, claimed_at) = (site.title.clone(), site.claimed_at);
    view! {
        <Section title=t!("The site")>
            <Definitions>
                <Definition name=t!("State")><Status tone word /></Definition>
                <Definition name=t!("Title")>{title}</Definition>
                <Definition name=t!("Claimed")><Instant at=claimed_at now /></Definition>
                {verified}
                {checked}
                {failing}
            </Definitions>
        </Section>
        <Section title=t!("Where pages come from")>{origin}</Section>
    }
    .into_any()
}

/// Which paths each tier covers.
fn paths(on_offer: Vec<OfferRow>, asset_id: AssetId, may_publish: bool) -> AnyView {
    let publish = format!("/assets/{asset_id}/offer");
    if on_offer.is_empty() {
        return view! {
            <EmptyState
                title=t!("No offer yet")
                sentence=t!("An offer says which paths each tier covers, under which terms and at which price.")
            >
                {may_publish.then(|| view! { <ButtonLink href=publish>{t!("Publish an offer")}</ButtonLink> })}
            </EmptyState>
        }
        .into_any();
    }
    let rows = on_offer
        .into_iter()
        .flat_map(|offer| {
            let whom = offer.buyer.map(|buyer| t!("Only {buyer}"));
            offer.tiers.into_iter().map(move |offered| (whom.clone(), offered.tier))
        })
        .map(|(whom, tier)| {
            let PathRules { allowed, forbidden } = tier.paths;
            let covered =
                if allowed.is_empty() { t!("Every path").to_owned() } else { listed(&allowed) };
            let name = Cell::new(tier.name);
            let left_out =
                if forbidden.is_empty() { t!("Nothing").to_owned() } else { listed(&forbidden) };
            Row::new(vec![
                match whom {
                    Some(whom) => name.note(whom),
                    None => name,
                },
                Cell::new(view! { <code class="digest digest--whole">{covered}</code> }),
                Cell::new(view! { <code class="digest digest--whole">{left_out}</code> }),
            ])
        })
        .collect();
    view! {
        <p class="section__note">
            {t!("A published offer never changes; other paths are another offer. ")}
            {may_publish.then(|| view! { <a href=publish>{t!("Publish another offer")}</a> })}
        </p>
        <Table
            caption=t!("Paths by tier")
            columns=vec![Column::text(t!("Tier")), Column::text(t!("Covers")), Column::text(t!("Leaves out"))]
            rows
        />
    }
    .into_any()
}

fn listed(patterns: &[Pattern]) -> String {
    patterns.iter().map(Pattern::as_str).collect::<Vec<_>>().join(", ")
}
