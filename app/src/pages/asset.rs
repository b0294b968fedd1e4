//! `/assets/{id}`: one of one's own works: its offer, what it looks like, its versions.

use imprimatur::{
    domain::{
        actor::Deed,
        asset::{Language, Visibility},
        ids::AssetId,
    },
    services::{
        Result,
        assets::{self, Audience, Previewed},
        collections, offers,
    },
};
use leptos::prelude::*;

use super::{
    preview,
    terms::TermsInWords,
    work::{TierInWords, collection_links, paragraphs, said},
};
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
    let collections = collections::with_work(&request.services, &request.actor, asset_id).await?;
    let may_publish = request.actor.may_as_creator(Deed::PublishOffer).is_ok();
    let may_edit = assets::may_edit(&request.actor).is_ok();
    let looks = match work.versions.first() {
        Some(newest) => {
            let version = Previewed {
                content_id: &newest.content_id,
                bytes: newest.bytes,
                media_type: &newest.media_type,
            };
            Some(assets::preview(&request.services, &version, Audience::Members).await?)
        }
        None => None,
    };
    let now = request.now;
    Ok(Page::workspace(request, work.particulars.title.clone(), move || {
        let lead = match (&offer, work.particulars.visibility) {
            (_, Visibility::Private) => {
                t!("Private: only your organization sees it, and nobody new can license it.")
                    .to_owned()
            }
            (None, _) => t!("Registered, and not on offer: nobody can license it yet.").to_owned(),
            (Some(offer), Visibility::Unlisted) => {
                let name = &offer.terms.terms.name;
                t!("On offer under “{name}”, for whoever has its link.")
            }
            (Some(offer), Visibility::Listed) => {
                t!("On offer under “{name}”.", name = offer.terms.terms.name)
            }
        };
        let offered = offer.is_some();
        let publish = format!("/assets/{asset_id}/offer");
        let (particulars, host) = (work.particulars, work.host);
        let (kind, title) = (particulars.kind, particulars.title.clone());
        let source = work.versions.first().map(|newest| address(asset_id, newest.number));
        let looks = looks.map(|looks| preview::draw(looks, kind, &title, source));
        let edited = work.edited.map(|(at, editor)| {
            view! { <Definition name=t!("Edited")><Instant at now /> {t!(" by ")} {editor}</Definition> }
        });
        let language = particulars.language.as_deref().map(Language::in_words);
        let language = said(t!("Language"), language.unwrap_or_default().to_owned());
        let tags = said(t!("Tags"), particulars.typed_tags());
        let rights = said(t!("Rights"), particulars.rights);
        let name = tn!(collections.len(), "Collection", "Collections");
        let collections = (!collections.is_empty()).then(|| {
            let links = collection_links("/assets/collections", collections.into_iter());
            view! { <Definition name>{links}</Definition> }
        });
        let found = particulars.visibility.in_words();
        let side = move || {
            view! {
                <Section title=t!("The work")>
                    <Definitions>
                        <Definition name=t!("Kind")>{particulars.kind.in_words()}</Definition>
                        {host.map(|host| view! { <Definition name=t!("Host")>{host}</Definition> })}
                        <Definition name=t!("Who finds it")>
                            {found}
                        </Definition>
                        {collections}
                        {tags}
                        {language}
                        <Definition name=t!("Credit line")>{particulars.attribution}</Definition>
                        {rights}
                        <Definition name=t!("Registered")>
                            <Instant at=work.created_at now />
                        </Definition>
                        {edited}
                        <Definition name=t!("Provenance")>
                            <a href=format!("/assets/{asset_id}/provenance.json")>
                                {t!("As W3C PROV, JSON")}
                            </a>
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
                    Cell::link(
                        t!("Version {number}", number = version.number),
                        address(asset_id, version.number),
                    )
                    .note(version.file_name),
                    Cell::new(view! { <Digest value=version.content_id copy=t!("content ID") /> }),
                    Cell::new(version.media_type),
                    Cell::new(view! { <Bytes count=bytes /> }),
                    Cell::new(view! { <Instant at=version.created_at now /> }),
                ])
            })
            .collect();
        view! {
            <PageHeader
                title=title
                crumbs=vec![Crumb::new(t!("Works"), "/assets")]
                lead=move || lead
            >
                {offered
                    .then(|| {
                        view! {
                            <ButtonLink kind=ButtonKind::Quiet href=format!("/catalogue/{asset_id}")>
                                {t!("See it as buyers do")}
                            </ButtonLink>
                        }
                    })}
                {may_edit
                    .then(|| {
                        view! {
                            <ButtonLink kind=ButtonKind::Quiet href=format!("/assets/{asset_id}/edit")>
                                {t!("Edit")}
                            </ButtonLink>
                        }
                    })}
                {may_publish
                    .then(|| {
                        let label = if offered { t!("Publish another offer") } else { t!("Publish an offer") };
                        view! { <ButtonLink href=publish.clone()>{label}</ButtonLink> }
                    })}
            </PageHeader>
            <Columns side=side>
                <Section title=t!("Offer")>{draw_offer(offer)}</Section>
                {looks.map(|looks| view! { <Section title=t!("Preview")>{looks}</Section> })}
                {(!versions.is_empty())
                    .then(|| {
                        let add = format!("/assets/{asset_id}/versions/new");
                        let links = move || {
                            may_edit.then(|| view! { <a href=add>{t!("Add a version")}</a> }).into_any()
                        };
                        view! {
                            <Section title=t!("Versions") links>
                                <Table
                                    caption=t!("Versions of this work")
                                    columns=vec![
                                        Column::text(t!("Version")),
                                        Column::text(t!("Content ID")),
                                        Column::text(t!("Type")).support(),
                                        Column::number(t!("Size")),
                                        Column::number(t!("Registered")).support(),
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

/// Where the bytes of a version are.
fn address(asset_id: AssetId, number: i32) -> String {
    format!("/assets/{asset_id}/versions/{number}")
}

fn draw_offer(offer: Option<offers::Offer>) -> AnyView {
    let Some(offer) = offer else {
        return view! {
            <EmptyState
                title=t!("No offer yet")
                sentence=t!("An offer is terms and a price. Choose terms from a template and set a free and a paid tier.")
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
