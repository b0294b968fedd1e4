//! The fields of an offer, by how its price works.

use imprimatur::domain::{
    metering::Unit,
    money::Currency,
    pricing::PriceModel,
    terms::{Terms, templates},
};
use leptos::prelude::*;

use super::choice;
use crate::ui::{
    CheckField, Choice, FieldSet, RadioCards, SelectField, TextArea, TextField, Typed,
};

/// One's own terms first, then the templates.
pub(super) fn terms(own: Vec<(String, Terms)>) -> AnyView {
    let mine = own.into_iter().map(|(digest, terms)| {
        choice(&digest, &terms, "Terms your organization has published.".to_owned())
    });
    let ready = templates()
        .into_iter()
        .map(|template| choice(template.key, &template.terms, template.purpose.to_owned()));
    let choices = mine.chain(ready).collect();
    let currencies = Currency::ALL
        .iter()
        .map(|currency| Choice::new(currency.as_str(), currency.as_str()))
        .collect();
    view! {
        <RadioCards name="terms" legend="Terms" choices value="training" required=true />
        <SelectField name="currency" label="Currency" choices=currencies value="USD" required=true />
    }
    .into_any()
}

/// A free tier, a paid one, and perhaps a larger one.
pub(super) fn tiers(model: PriceModel, is_site: bool) -> AnyView {
    view! {
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
            {paths("free", "Previews", is_site)}
        </FieldSet>
        <FieldSet legend="Paid tier" hint="Every use the terms grant.">
            <TextField name="paid_name" label="Name" value="Standard" required=true maxlength=60 />
            {counted(model)}
            {price(model)}
            <TextField
                name="paid_rate"
                label="Requests a minute"
                value="100"
                inputmode="numeric"
                narrow=true
                required=true
            />
            {paths("paid", "Paid tier", is_site)}
        </FieldSet>
        {larger(model, is_site)}
    }
    .into_any()
}

/// What is counted, where each use has its price.
fn counted(model: PriceModel) -> Option<AnyView> {
    if !matches!(model, PriceModel::PerUse | PriceModel::Upfront) {
        return None;
    }
    let units = Unit::ALL
        .iter()
        .map(|unit| Choice::new(unit.as_str(), capitalized(unit.plural())))
        .collect();
    let per = [("1", "each"), ("1000", "1,000"), ("1000000", "1,000,000")];
    let per = per.into_iter().map(|(value, label)| Choice::new(value, label)).collect();
    Some(
        view! {
            <SelectField
                name="unit"
                label="What is counted"
                hint="A work delivered for training counts once per job. The gate counts everything but tokens: those are billed as the buyer reports them, and a limit or cap on them holds from the next report on."
                choices=units
                value="call"
                required=true
            />
            <SelectField name="per" label="The price is for" choices=per value="1" required=true />
        }
        .into_any(),
    )
}

fn price(model: PriceModel) -> AnyView {
    match model {
        PriceModel::Subscription => view! {
            <TextField
                name="paid_base"
                label="Base fee"
                hint="In the currency above, like 2500."
                suffix="a month"
                inputmode="decimal"
                narrow=true
                required=true
            />
            {included()}
        }
        .into_any(),
        PriceModel::Prepaid => view! {
            <TextField
                name="paid_base"
                label="Fee for a year"
                hint="In the currency above, like 24000."
                suffix="in advance"
                inputmode="decimal"
                narrow=true
                required=true
            />
            {included()}
            <CheckField
                name="rolls_over"
                label="Unused units roll over to the next month of the year"
                hint="Else they expire at the end of the month."
            />
        }
        .into_any(),
        PriceModel::PerUse => view! {
            {money("paid_price", "Price", "In the currency above, like 0.01.")}
            {limit()}
        }
        .into_any(),
        PriceModel::Upfront => view! {
            <TextField
                name="paid_base"
                label="Fee"
                hint="In the currency above, like 10000."
                suffix="once"
                inputmode="decimal"
                narrow=true
                required=true
            />
            {money("paid_price", "Residual", "For each use, like 0.001.")}
            {limit()}
        }
        .into_any(),
        PriceModel::RevenueShare => view! {
            <TextField
                name="paid_share"
                label="Share"
                hint="With at most two digits after the point, like 7.5."
                suffix="% of what is earned with it"
                inputmode="decimal"
                narrow=true
                required=true
            />
            {limit()}
        }
        .into_any(),
    }
}

fn money(name: &'static str, label: &'static str, hint: &'static str) -> AnyView {
    view! { <TextField name label hint inputmode="decimal" narrow=true required=true /> }.into_any()
}

/// Units included in a month, and what happens beyond them.
fn included() -> AnyView {
    let overruns = vec![
        Choice::new("charge", "Charge for more"),
        Choice::new("stop", "Stop until the next month"),
        Choice::new("upgrade", "Move to the larger tier"),
    ];
    view! {
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
    }
    .into_any()
}

/// The most units of a month, if there is a most.
fn limit() -> AnyView {
    let overruns = vec![
        Choice::new("stop", "Stop until the next month"),
        Choice::new("upgrade", "Move to the larger tier"),
    ];
    view! {
        <TextField
            name="paid_units"
            label="Limit"
            hint="Leave it empty for no limit."
            suffix="a month"
            inputmode="numeric"
            narrow=true
        />
        <SelectField
            name="paid_overrun"
            label="At the limit"
            choices=overruns
            value="stop"
            required=true
        />
    }
    .into_any()
}

/// A second paid tier: folded, for most offers have one.
fn larger(model: PriceModel, is_site: bool) -> AnyView {
    // Whoever was refused may have to fill it in.
    let open = use_context::<Typed>().is_some_and(|typed| {
        typed.error.is_some() || typed.value("larger_name").is_some_and(|name| !name.is_empty())
    });
    let fee = |suffix: &'static str| {
        view! {
            <TextField
                name="larger_base"
                label="Larger tier’s fee"
                suffix
                inputmode="decimal"
                narrow=true
            />
        }
        .into_any()
    };
    let each = || {
        view! {
            <TextField
                name="larger_price"
                label="Larger tier’s price"
                hint="For as many as above."
                inputmode="decimal"
                narrow=true
            />
        }
        .into_any()
    };
    let beyond = || {
        view! {
            <TextField
                name="larger_overage"
                label="Larger tier’s price past them"
                hint="Leave it empty to stop at the included units."
                suffix="per 1,000 started"
                inputmode="decimal"
                narrow=true
            />
        }
        .into_any()
    };
    let figures = match model {
        PriceModel::Subscription => vec![fee("a month"), beyond()],
        PriceModel::Prepaid => vec![fee("a year in advance"), beyond()],
        PriceModel::PerUse => vec![each()],
        PriceModel::Upfront => vec![fee("once"), each()],
        PriceModel::RevenueShare => vec![
            view! {
                <TextField
                    name="larger_share"
                    label="Larger tier’s share"
                    suffix="% of what is earned with it"
                    inputmode="decimal"
                    narrow=true
                />
            }
            .into_any(),
        ],
    };
    view! {
        <details class="fold" open=open>
            <summary>"A larger tier"</summary>
            <TextField
                name="larger_name"
                label="Larger tier"
                hint="Leave it empty to offer one paid tier."
                maxlength=60
            />
            {figures}
            <TextField
                name="larger_units"
                label="Larger tier’s units"
                hint="More than in the tier before it."
                suffix="a month"
                inputmode="numeric"
                narrow=true
            />
            <TextField
                name="larger_rate"
                label="Larger tier’s rate"
                suffix="a minute"
                inputmode="numeric"
                narrow=true
            />
            {paths("larger", "Larger tier", is_site)}
        </details>
    }
    .into_any()
}

/// Which paths of a site a tier covers.
fn paths(prefix: &'static str, tier: &'static str, is_site: bool) -> Option<AnyView> {
    is_site.then(|| {
        view! {
            <TextArea
                name=format!("{prefix}_allowed")
                label=format!("{tier}: paths")
                hint="One pattern to a line, like /articles/**. Empty is the whole site."
                rows=2
                mono=true
            />
            <TextArea
                name=format!("{prefix}_forbidden")
                label=format!("{tier}: paths left out")
                hint="They win over those above."
                rows=2
                mono=true
            />
        }
        .into_any()
    })
}

fn capitalized(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}
