//! `/catalogue/{id}`: a work on offer, its terms in plain words and its tiers side by side.

use imprimatur::{
    domain::{
        asset::{Language, Visibility},
        ids::{AssetId, CollectionId},
        money::grouped,
        pricing::{PriceWords, Tier},
        terms::Scope,
    },
    services::{
        Result,
        assets::{self, Audience, Previewed},
        catalogue::{self, Shown, WorkDetail},
        licenses::{self, Held},
        offers::OfferedTier,
    },
};
use leptos::prelude::*;

use super::{
    calculator::Calculator,
    catalogue::{By, table},
    preview,
    terms::TermsInWords,
};
use crate::{
    request::{Page, Request},
    ui::{
        ButtonKind, ButtonLink, Bytes, Columns, Crumb, Definition, Definitions, Digest, Instant,
        Notice, PageHeader, Section,
    },
};

/// What the viewer can do about the work.
enum Stance {
    /// It is their own.
    Owner,
    /// They hold a license; another tier may take its place.
    Licensed(Held),
    /// They may accept, or sign in and accept.
    Open,
}

/// A work's page.
pub async fn show(request: &Request, id: &str) -> Result<Page> {
    let asset_id: AssetId = id.parse()?;
    let work = catalogue::work(&request.services, &request.actor, asset_id).await?;
    let stance = if request.actor.org_id() == Some(work.org_id) {
        Stance::Owner
    } else {
        match licenses::for_work(&request.services, &request.actor, asset_id).await? {
            Some(held) => Stance::Licensed(held),
            None => Stance::Open,
        }
    };
    let looks = match &work.newest {
        Some(newest) => {
            let version = Previewed {
                content_id: &newest.content_id,
                bytes: newest.bytes,
                media_type: &newest.media_type,
            };
            Some(assets::preview(&request.services, &version, Audience::Public).await?)
        }
        None => None,
    };
    let alike = catalogue::similar(&request.services, &request.actor, asset_id).await?;
    let collections =
        catalogue::collections_with(&request.services, &request.actor, asset_id).await?;
    let offered: Vec<Tier> = work.offer.tiers.iter().map(|offered| offered.tier.clone()).collect();
    let calculator = Calculator::read(request, &offered);
    let now = request.now;
    let description =
        t!("{title} by {creator}, to license now.", title = work.title, creator = work.creator);
    let listed = work.visibility == Visibility::Listed;
    let page = Page::public(request, work.title.clone(), description, move || {
        let lead = t!("{kind} by {creator}", kind = work.kind.in_words(), creator = work.creator);
        let particulars = particulars(&work, collections, now);
        let sample = Some(format!("/catalogue/{asset_id}/sample"));
        let looks = looks.map(|looks| preview::draw(looks, work.kind, &work.title, sample));
        view! {
            <PageHeader
                title=work.title
                crumbs=vec![Crumb::new(t!("Catalogue"), "/catalogue")]
                lead=move || lead
            />
            {notice(&stance, work.asset_id, work.visibility)}
            {work
                .offer
                .contract
                .then(|| {
                    view! {
                        <Notice title=t!("This offer is for your organization alone")>
                            {t!("The creator made it for you; nobody else sees it.")}
                        </Notice>
                    }
                })}
            <Columns side=move || particulars>
                {(!work.description.is_empty())
                    .then(|| view! { <div class="prose">{paragraphs(&work.description)}</div> })}
                <Section title=t!("Tiers")>
                    {tiers(&work.offer.tiers, &stance, work.asset_id)}
                </Section>
                {calculator.map(Calculator::draw)}
                {looks.map(|looks| view! { <Section title=t!("Preview")>{looks}</Section> })}
                <Section
                    title=t!("Terms in plain words")
                    links={
                        let href = format!("/terms/{}", work.offer.terms.digest);
                        move || view! { <a href=href>{t!("For machines")}</a> }.into_any()
                    }
                >
                    <p class="section__note">{work.offer.terms.terms.name.clone()}</p>
                    <TermsInWords terms=work.offer.terms.terms />
                </Section>
            </Columns>
            {(!alike.is_empty())
                .then(|| {
                    view! {
                        <Section title=t!("Similar works")>
                            {table(t!("Similar works"), alike, By::Creator, now, || ().into_any())}
                        </Section>
                    }
                })}
        }
    });
    Ok(if listed { page } else { page.unlisted() })
}

fn notice(stance: &Stance, asset_id: AssetId, visibility: Visibility) -> Option<AnyView> {
    match stance {
        Stance::Owner => Some(
            view! {
                <Notice title=t!("This is your work")>
                    {(visibility == Visibility::Private)
                        .then_some(t!("It is private: nobody else sees this page. "))}
                    <a href=format!("/assets/{asset_id}")>{t!("Go to its page in your workspace")}</a>
                </Notice>
            }
            .into_any(),
        ),
        Stance::Licensed(held) => {
            let href = format!("/licenses/{}", held.license_id);
            let change = held.gives_way.then(|| {
                let name = &held.tier_name;
                t!(" Taking another tier ends your {name} license; its tokens stop.")
            });
            Some(
                view! {
                    <Notice title=t!("Your organization holds a license")>
                        <a href=href>{t!("Go to the license")}</a>
                        {t!(" to create tokens.")}
                        {change}
                    </Notice>
                }
                .into_any(),
            )
        }
        Stance::Open => None,
    }
}

fn particulars(
    work: &WorkDetail,
    collections: Vec<Shown>,
    now: chrono::DateTime<chrono::Utc>,
) -> AnyView {
    let (creator, attribution) = (work.creator.clone(), work.attribution.clone());
    let by = format!("/creators/{}", work.creator_slug);
    let newest = work.newest.clone().map(|newest| {
        let bytes = u64::try_from(newest.bytes).unwrap_or_default();
        view! {
            <Definition name=t!("Type")>{newest.media_type}</Definition>
            <Definition name=t!("Size")>
                <Bytes count=bytes />
            </Definition>
            <Definition name=t!("Content ID")>
                <Digest value=newest.content_id copy=t!("content ID") />
            </Definition>
        }
    });
    let host =
        work.host.clone().map(|host| view! { <Definition name=t!("Site")>{host}</Definition> });
    let language = work.language.as_deref().map(Language::in_words).unwrap_or_default();
    let tags = said(t!("Tags"), work.tags.join(", "));
    let language = said(t!("Language"), language.to_owned());
    let rights = said(t!("Rights"), work.rights.clone());
    let name = tn!(collections.len(), "Collection", "Collections");
    let collections = (!collections.is_empty()).then(|| {
        let links = collections.into_iter().map(|each| (each.collection_id, each.title));
        view! { <Definition name>{collection_links("/collections", links)}</Definition> }
    });
    let provenance = format!("/catalogue/{}/provenance.json", work.asset_id);
    let (created_at, published_at) = (work.created_at, work.offer.published_at);
    view! {
        <Section title=t!("The work")>
            <Definitions>
                <Definition name=t!("Creator")>
                    <a href=by>{creator}</a>
                </Definition>
                <Definition name=t!("Credit line")>{attribution}</Definition>
                {collections}
                {rights}
                {tags}
                {language}
                {newest}
                {host}
                <Definition name=t!("Registered")>
                    <Instant at=created_at now />
                </Definition>
                <Definition name=t!("Offered")>
                    <Instant at=published_at now />
                </Definition>
                <Definition name=t!("Provenance")>
                    <a href=provenance>{t!("As W3C PROV, JSON")}</a>
                </Definition>
            </Definitions>
        </Section>
    }
    .into_any()
}

/// Collections by their titles, each leading to its page below `base`.
pub fn collection_links(
    base: &'static str,
    collections: impl Iterator<Item = (CollectionId, String)>,
) -> AnyView {
    collections
        .enumerate()
        .map(|(at, (id, title))| {
            let href = format!("{base}/{id}");
            view! { {(at > 0).then_some(", ")} <a href=href>{title}</a> }
        })
        .collect_view()
        .into_any()
}

/// What is said, if anything is.
pub fn said(name: &'static str, value: String) -> Option<AnyView> {
    (!value.is_empty()).then(|| view! { <Definition name>{value}</Definition> }.into_any())
}

fn tiers(tiers: &[OfferedTier], stance: &Stance, asset_id: AssetId) -> AnyView {
    let on_offer = |OfferedTier { tier_id, tier }: &OfferedTier| match stance {
        Stance::Owner => false,
        Stance::Licensed(held) => held.gives_way && held.tier_id != *tier_id && !tier.is_free(),
        Stance::Open => true,
    };
    // The paid tier is what the page is for; one primary a page.
    let columns = tiers
        .iter()
        .map(|offered| {
            let OfferedTier { tier_id, tier } = offered;
            let open = on_offer(offered);
            let kind = if tier.is_free() { ButtonKind::Quiet } else { ButtonKind::Primary };
            let href = format!("/catalogue/{asset_id}/license?tier={tier_id}");
            let label = t!("License {name}", name = tier.name);
            view! {
                <div class="tier">
                    <TierInWords tier=tier.clone() />
                    {open.then(|| view! { <ButtonLink kind href>{label}</ButtonLink> })}
                </div>
            }
        })
        .collect_view();
    view! { <div class="tiers">{columns}</div> }.into_any()
}

/// A tier: its name, its price, and what it includes, one line each.
#[component]
pub fn TierInWords(tier: Tier) -> impl IntoView {
    let PriceWords { amount, per, lines } = tier.price_words();
    let lines = lines.into_iter().map(|line| view! { <li>{line}</li> }).collect_view();
    let uses: Vec<&str> = tier.scopes.iter().copied().map(Scope::in_words).collect();
    view! {
        <h3 class="tier__name">{tier.name}</h3>
        <p class="tier__price">
            {amount} " " {(!per.is_empty()).then(|| view! { <span class="tier__per">{per}</span> })}
        </p>
        <ul class="tier__lines">
            <li>{uses.join(", ")}</li>
            {lines}
            <li>{grouped(&tier.rate_per_minute.to_string())} {t!(" requests a minute")}</li>
        </ul>
    }
}

/// Text in the paragraphs it was written in.
pub fn paragraphs(text: &str) -> AnyView {
    text.split("\n\n")
        .map(|paragraph| view! { <p>{paragraph.to_owned()}</p> })
        .collect_view()
        .into_any()
}
