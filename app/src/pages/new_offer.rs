//! `/assets/{id}/offer`: terms from a template, a free and a paid tier.

use imprimatur::{
    domain::{
        actor::Deed,
        ids::{AssetId, OfferId},
        money::Currency,
        terms::templates,
    },
    services::{Result, assets, mint, offers},
};
use leptos::prelude::*;

use super::terms::TermsInWords;
use crate::{
    request::{Page, Request},
    ui::{
        Button, ButtonKind, ButtonLink, Choice, Columns, Crumb, FieldSet, FormActions, Notice,
        PageHeader, PostForm, RadioCards, Section, SelectField, TextField, Tone, Typed,
    },
};

/// The form that publishes an offer.
pub async fn show(request: &Request, id: &str) -> Result<Page> {
    let asset_id: AssetId = id.parse()?;
    request.actor.may_as_creator(Deed::PublishOffer)?;
    let work = assets::get(&request.services, &request.actor, asset_id).await?;
    let standing = offers::current(&request.services, asset_id).await?.is_some();
    Ok(Page::workspace(request, "Publish an offer", move || {
        let offer_id: OfferId = mint();
        let title = work.particulars.title;
        view! {
            <PageHeader
                title="Publish an offer"
                crumbs=vec![
                    Crumb::new("Works", "/assets"),
                    Crumb::new(title.clone(), format!("/assets/{asset_id}")),
                ]
                here="Offer"
                lead=move || format!("What buyers may do with “{title}”, and what it costs.")
            />
            {standing
                .then(|| {
                    view! {
                        <Notice tone=Tone::Warn title="This replaces the offer that stands now">
                            "Licenses already accepted keep their terms, tier and price."
                        </Notice>
                    }
                })}
            <Columns side=read_back>
                <PostForm creates=offer_id.to_string()>{fields(asset_id)}</PostForm>
            </Columns>
        }
    }))
}

fn fields(asset_id: AssetId) -> AnyView {
    let choices = templates()
        .into_iter()
        .map(|template| Choice::new(template.key, template.terms.name).note(template.purpose))
        .collect();
    let currencies = Currency::ALL
        .iter()
        .map(|currency| Choice::new(currency.as_str(), currency.as_str()))
        .collect();
    let overruns = vec![
        Choice::new("charge", "Charge for more"),
        Choice::new("stop", "Stop until the next month"),
        Choice::new("upgrade", "Move to the larger tier"),
    ];
    view! {
        <RadioCards name="terms" legend="Terms" choices value="training" required=true />
        <SelectField name="currency" label="Currency" choices=currencies value="USD" required=true />
        <FieldSet
            legend="Free tier: Preview"
            hint="Buyers look before they license: previews only, and it stops at the limit."
        >
            <TextField
                name="free_units"
                label="Previews a month"
                value="1000"
                inputmode="numeric"
                narrow=true
                required=true
            />
            <TextField
                name="free_rate"
                label="Requests a minute"
                value="10"
                inputmode="numeric"
                narrow=true
                required=true
            />
        </FieldSet>
        <FieldSet legend="Paid tier" hint="Every use the terms grant.">
            <TextField name="paid_name" label="Name" value="Standard" required=true maxlength=60 />
            <TextField
                name="paid_base"
                label="Base fee"
                hint="In the currency above, like 2500."
                suffix="a month"
                inputmode="decimal"
                narrow=true
                required=true
            />
            <TextField
                name="paid_units"
                label="Units included"
                hint="A unit is the first delivery of a content within a training job, or one inference."
                value="50000"
                suffix="a month"
                inputmode="numeric"
                narrow=true
                required=true
            />
            <SelectField
                name="paid_overrun"
                label="When they are used up"
                choices=overruns
                value="charge"
                required=true
            />
            <TextField
                name="paid_overage"
                label="Price beyond"
                hint="Only where more is charged; else leave it empty."
                value="5"
                suffix="per 1,000 started"
                inputmode="decimal"
                narrow=true
            />
            <TextField
                name="paid_rate"
                label="Requests a minute"
                value="100"
                inputmode="numeric"
                narrow=true
                required=true
            />
        </FieldSet>
        {larger()}
        <FormActions>
            <Button>"Publish offer"</Button>
            <ButtonLink kind=ButtonKind::Quiet href=format!("/assets/{asset_id}")>"Cancel"</ButtonLink>
        </FormActions>
    }
    .into_any()
}

/// A second paid tier: folded, for most offers have one.
fn larger() -> AnyView {
    let came_back = use_context::<Typed>().is_some();
    view! {
        <details class="fold" open=came_back>
            <summary>"A larger tier"</summary>
            <TextField
                name="larger_name"
                label="Larger tier"
                hint="Leave it empty to offer one paid tier."
                maxlength=60
            />
            <TextField
                name="larger_base"
                label="Larger tier’s fee"
                suffix="a month"
                inputmode="decimal"
                narrow=true
            />
            <TextField
                name="larger_units"
                label="Larger tier’s units"
                hint="More than in the tier before it."
                suffix="a month"
                inputmode="numeric"
                narrow=true
            />
            <TextField
                name="larger_overage"
                label="Larger tier’s price past them"
                hint="Leave it empty to stop at the included units."
                suffix="per 1,000 started"
                inputmode="decimal"
                narrow=true
            />
            <TextField
                name="larger_rate"
                label="Larger tier’s rate"
                suffix="a minute"
                inputmode="numeric"
                narrow=true
            />
        </details>
    }
    .into_any()
}

/// Every template read back in plain words, folded.
fn read_back() -> AnyView {
    let all = templates()
        .into_iter()
        .map(|template| {
            view! {
                <details class="fold">
                    <summary>{template.terms.name.clone()}</summary>
                    <TermsInWords terms=template.terms />
                </details>
            }
        })
        .collect_view();
    view! { <Section title="What the terms say">{all}</Section> }.into_any()
}
