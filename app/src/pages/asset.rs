//! `/assets/{id}`: one of one's own works: its offer, its versions.

use imprimatur::{
    domain::{actor::Deed, ids::AssetId},
    services::{Result, assets, offers},
};
use leptos::prelude::*;

use super::{terms::TermsInWords, work::TierInWords, work::paragraphs};
use crate::{
    request::{Page, Request},
    ui::{
        ButtonKind, ButtonLink, Bytes, Cell, Column, Columns, Crumb, Definition, Definitions,
        Digest, EmptyState, Instant, PageHeader, Row, Section, Table,
    },
};

/// One of one's own works.
pub async fn show(request: &Request, id: &str) -> Result<Page> {
    let asset_id: AssetId = id.parse()?;
    let work = assets::get(&request.services, &request.actor, asset_id).await?;
    let offer = offers::current(&request.services, asset_id).await?;
    let may_publish = request.actor.may_as_creator(Deed::PublishOffer).is_ok();
    let now = request.now;
    Ok(Page::workspace(request, work.particulars.title.clone(), move || {
        let lead = match &offer {
            Some(offer) => format!("On offer under “{}”.", offer.terms.terms.name),
            None => "Registered, and not on offer: nobody can license it yet.".to_owned(),
        };
        let offered = offer.is_some();
        let publish = format!("/assets/{asset_id}/offer");
        let (particulars, host) = (work.particulars, work.host);
        let side = move || {
            view! {
                <Section title="The work">
                    <Definitions>
                        <Definition name="Kind">{particulars.kind.in_words()}</Definition>
                        {host.map(|host| view! { <Definition name="Host">{host}</Definition> })}
                        <Definition name="Credit line">{particulars.attribution}</Definition>
                        <Definition name="Registered">
                            <Instant at=work.created_at now />
                        </Definition>
                    </Definitions>
                    <div class="prose">{paragraphs(&particulars.description)}</div>
                </Section>
            }
            .into_any()
        };
        let versions: Vec<Row> = work
            .versions
            .into_iter()
            .map(|version| {
                let bytes = u64::try_from(version.bytes).unwrap_or_default();
                Row::new(vec![
                    Cell::new(format!("Version {}", version.number)).note(version.file_name),
                    Cell::new(view! { <Digest value=version.content_id copy="content ID" /> }),
                    Cell::new(version.media_type),
                    Cell::new(view! { <Bytes count=bytes /> }),
                    Cell::new(view! { <Instant at=version.created_at now /> }),
                ])
            })
            .collect();
        view! {
            <PageHeader
                title=particulars.title
                crumbs=vec![Crumb::new("Works", "/assets")]
                lead=move || lead
            >
                {offered
                    .then(|| {
                        view! {
                            <ButtonLink kind=ButtonKind::Quiet href=format!("/catalogue/{asset_id}")>
                                "See it as buyers do"
                            </ButtonLink>
                        }
                    })}
                {may_publish
                    .then(|| {
                        let label = if offered { "Publish another offer" } else { "Publish an offer" };
                        view! { <ButtonLink href=publish.clone()>{label}</ButtonLink> }
                    })}
            </PageHeader>
            <Columns side=side>
                <Section title="Offer">{draw_offer(offer)}</Section>
                {(!versions.is_empty())
                    .then(|| {
                        view! {
                            <Section title="Versions">
                                <Table
                                    caption="Versions of this work"
                                    columns=vec![
                                        Column::text("Version"),
                                        Column::text("Content ID"),
                                        Column::text("Type").support(),
                                        Column::number("Size"),
                                        Column::number("Registered").support(),
                                    ]
                                    rows=versions
                                />
                            </Section>
                        }
                    })}
            </Columns>
        }
    }))
}

fn draw_offer(offer: Option<offers::Offer>) -> AnyView {
    let Some(offer) = offer else {
        return view! {
            <EmptyState
                title="No offer yet"
                sentence="An offer is terms and a price. Choose terms from a template and set a free and a paid tier."
            />
        }
        .into_any();
    };
    let tiers = offer
        .tiers
        .into_iter()
        .map(|offered| view! { <div class="tier"><TierInWords tier=offered.tier /></div> })
        .collect_view();
    let href = format!("/terms/{}", offer.terms.digest);
    view! {
        <div class="tiers">{tiers}</div>
        <p class="section__note">
            <a href=href>{offer.terms.terms.name.clone()}</a> " " <Digest value=offer.terms.digest />
        </p>
        <TermsInWords terms=offer.terms.terms />
    }
    .into_any()
}
