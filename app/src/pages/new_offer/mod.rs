//! `/assets/{id}/offer`: terms, and tiers whose price works in one of five ways. The address says
//! which way, so the form shows the fields of that one and needs no script.

mod fields;
mod preview;

use imprimatur::{
    domain::{
        actor::Deed,
        ids::{AssetId, OfferId},
        pricing::PriceModel,
        terms::{Terms, templates},
    },
    services::{Result, assets, mint, offers, terms},
};
use leptos::prelude::*;

use super::terms::TermsInWords;
use crate::{
    request::{Page, Request},
    ui::{
        Button, ButtonKind, ButtonLink, Choice, Columns, Crumb, FormActions, HiddenField, Notice,
        PageHeader, PostForm, Section, Segment, Segmented, TextField, Tone, Typed,
    },
};

/// The form that publishes an offer.
pub async fn show(request: &Request, id: &str) -> Result<Page> {
    draw(request, id, None).await
}

/// The same, with what last month's use would have paid.
pub async fn previewed(request: &Request, id: &str, preview: offers::Preview) -> Result<Page> {
    draw(request, id, Some(preview)).await
}

async fn draw(request: &Request, id: &str, preview: Option<offers::Preview>) -> Result<Page> {
    let asset_id: AssetId = id.parse()?;
    request.actor.may_as_creator(Deed::PublishOffer)?;
    let work = assets::get(&request.services, &request.actor, asset_id).await?;
    let standing = offers::current(&request.services, asset_id).await?.is_some();
    let own = own_terms(request).await?;
    let asked = request.param("model").and_then(|model| model.parse().ok());
    let path = request.path.clone();
    Ok(Page::workspace(request, t!("Publish an offer"), move || {
        let offer_id: OfferId = mint();
        let title = work.particulars.title;
        let is_site = work.host.is_some();
        let model = typed_model().or(asked).unwrap_or(PriceModel::Subscription);
        let read_back = read_back(&own);
        view! {
            <PageHeader
                title=t!("Publish an offer")
                crumbs=vec![
                    Crumb::new(t!("Works"), "/assets"),
                    Crumb::new(title.clone(), format!("/assets/{asset_id}")),
                ]
                here=t!("Offer")
                lead=move || t!("What buyers may do with “{title}”, and what it costs.")
            />
            {standing
                .then(|| {
                    view! {
                        <Notice tone=Tone::Warn title=t!("This replaces the offer that stands now")>
                            {t!("Licenses already accepted keep their terms, tier and price. A contract for one buyer stands beside it.")}
                        </Notice>
                    }
                })}
            {preview.map(preview::draw)}
            <Columns side=move || read_back>
                <Section title=t!("How buyers pay") id="model">
                    <Segmented label=t!("How buyers pay") segments=models(&path, model) wraps=true />
                    <p class="section__note section__note--under">{explained(model)}</p>
                </Section>
                <PostForm creates=offer_id.to_string()>
                    <HiddenField name="model" value=model.as_str() />
                    {fields::terms(own)}
                    {fields::tiers(model, is_site)}
                    {contract()}
                    <FormActions>
                        <Button>{t!("Publish offer")}</Button>
                        <Button kind=ButtonKind::Quiet name="do" value="preview">
                            {t!("Try it on last month")}
                        </Button>
                        <ButtonLink kind=ButtonKind::Quiet href=format!("/assets/{asset_id}")>
                            {t!("Cancel")}
                        </ButtonLink>
                    </FormActions>
                </PostForm>
            </Columns>
        }
    }))
}

/// One's own terms that no newer version replaces, and that no template says word for word.
async fn own_terms(request: &Request) -> Result<Vec<(String, Terms)>> {
    let rows = terms::list(&request.services, &request.actor).await?;
    let known: Vec<Terms> = templates().into_iter().map(|template| template.terms).collect();
    let own = rows.into_iter().filter(|row| !row.replaced && !known.contains(&row.terms.terms));
    Ok(own.map(|row| (row.terms.digest, row.terms.terms)).collect())
}

/// The model of a form that came back.
fn typed_model() -> Option<PriceModel> {
    use_context::<Typed>()?.value("model")?.parse().ok()
}

fn models(path: &str, current: PriceModel) -> Vec<Segment> {
    PriceModel::ALL
        .iter()
        .map(|&model| {
            let href = format!("{path}?model={model}");
            Segment::new(model.in_words(), href, model == current)
        })
        .collect()
}

fn explained(model: PriceModel) -> &'static str {
    match model {
        PriceModel::Subscription => {
            t!("A fee every month with units included, and a price for each further 1,000 started.")
        }
        PriceModel::PerUse => t!("A price for what is used, and nothing where nothing is used."),
        PriceModel::RevenueShare => {
            t!("A share of what the buyer earns with the work. The buyer reports it each month.")
        }
        PriceModel::Upfront => {
            t!("A fee once, when the license is accepted, and a smaller price for what is used.")
        }
        PriceModel::Prepaid => {
            t!(
                "A fee for twelve months in advance, with units in every calendar month. The year begins with the month of the license."
            )
        }
    }
}

/// Folded, for most offers are for everybody.
fn contract() -> AnyView {
    let open = use_context::<Typed>()
        .is_some_and(|typed| typed.value("buyer").is_some_and(|buyer| !buyer.is_empty()));
    view! {
        <details class="fold" open=open>
            <summary>{t!("Only for one buyer")}</summary>
            <TextField
                name="buyer"
                label=t!("Short name of the buyer")
                hint=t!("The buyer finds it in Settings. Nobody else sees this offer. Leave the previews empty to offer none.")
                maxlength=64
                mono=true
            />
        </details>
    }
    .into_any()
}

/// Every choice of terms read back in plain words, folded.
fn read_back(own: &[(String, Terms)]) -> AnyView {
    let all = own.iter().map(|(_, terms)| terms.clone());
    let all = all
        .chain(templates().into_iter().map(|template| template.terms))
        .map(|terms| {
            view! {
                <details class="fold">
                    <summary>{terms.name.clone()}</summary>
                    <TermsInWords terms=terms />
                </details>
            }
        })
        .collect_view();
    view! {
        <Section
            title=t!("What the terms say")
            links=|| view! { <a href="/terms/new">{t!("Write your own")}</a> }.into_any()
        >
            {all}
        </Section>
    }
    .into_any()
}

/// A choice of terms.
fn choice(key: &str, terms: &Terms, note: String) -> Choice {
    Choice::new(key, terms.name.clone()).note(note)
}
