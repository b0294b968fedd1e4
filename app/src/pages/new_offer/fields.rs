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
        choice(&digest, &terms, t!("Terms your organization has published.").to_owned())
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
        <RadioCards name="terms" legend=t!("Terms") choices value="training" required=true />
        <SelectField name="currency" label=t!("Currency") choices=currencies value="USD" required=true />
    }
    .into_any()
}

/// A free tier, a paid one, and perhaps a larger one.
pub(super) fn tiers(model: PriceModel, is_site: bool) -> AnyView {
    view! {
        <FieldSet
            legend=t!("Free tier: Preview")
            hint=t!("Buyers look before they license: previews only, and it stops at the limit.")
        >
            <TextField
                name="free_units"
                label=t!("Previews a month")
                value="1000"
                inputmode="numeric"
                narrow=true
                required=true
            />
            <TextField
                name="free_rate"
                label=t!("Requests a minute")
                value="10"
                inputmode="numeric"
                narrow=true
                required=true
            />
            {paths("free", t!("Previews"), is_site)}
        </FieldSet>
        <FieldSet legend=t!("Paid tier") hint=t!("Every use the terms grant.")>
            <TextField name="paid_name" label=t!("Name") value="Standard" required=true maxlength=60 />
            {counted(model)}
            {price(model)}
            <TextField
                name="paid_rate"
                label=t!("Requests a minute")
                value="100"
                inputmode="numeric"
                narrow=true
                required=true
            />
            {paths("paid", t!("Paid tier"), is_site)}
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
    let per = [("1", t!("each")), ("1000", "1,000"), ("1000000", "1,000,000")];
    let per = per.into_iter().map(|(value, label)| Choice::new(value, label)).collect();
    Some(
        view! {
            <SelectField
                name="unit"
                label=t!("What is counted")
                hint=t!("A work delivered for training counts once per job. The gate counts everything but tokens: those are billed as the buyer reports them, and a limit or cap on them holds from the next report on.")
                choices=units
                value="call"
                required=true
            />
            <SelectField name="per" label=t!("The price is for") choices=per value="1" required=true />
        }
        .into_any(),
    )
}

fn price(model: PriceModel) -> AnyView {
    match model {
        PriceModel::Subscription => view! {
            <TextField
                name="paid_base"
                label=t!("Base fee")
                hint=t!("In the currency above, like 2500.")
                suffix=t!("a month")
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
                label=t!("Fee for a year")
                hint=t!("In the currency above, like 24000.")
                suffix=t!("in advance")
                inputmode="decimal"
                narrow=true
                required=true
            />
            {included()}
            <CheckField
                name="rolls_over"
                label=t!("Unused units roll over to the next month of the year")
                hint=t!("Else they expire at the end of the month.")
            />
        }
        .into_any(),
        PriceModel::PerUse => view! {
            {money("paid_price", t!("Price"), t!("In the currency above, like 0.01."))}
            {limit()}
        }
        .into_any(),
        PriceModel::Upfront => view! {
            <TextField
                name="paid_base"
                label=t!("Fee")
                hint=t!("In the currency above, like 10000.")
                suffix=t!("once")
                inputmode="decimal"
                narrow=true
                required=true
            />
            {money("paid_price", t!("Residual"), t!("For each use, like 0.001."))}
            {limit()}
        }
        .into_any(),
        PriceModel::RevenueShare => view! {
            <TextField
                name="paid_share"
                label=t!("Share")
                hint=t!("With at most two digits after the point, like 7.5.")
                suffix=t!("% of what is earned with it")
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
        Choice::new("charge", t!("Charge for more")),
        Choice::new("stop", t!("Stop until the next month")),
        Choice::new("upgrade", t!("Move to the larger tier")),
    ];
    view! {
        <TextField
            name="paid_units"
            label=t!("Units included")
            hint=t!("A unit is the first delivery of a content within a training job, or one inference.")
            value="50000"
            suffix=t!("a month")
            inputmode="numeric"
            narrow=true
            required=true
        />
        <SelectField
            name="paid_overrun"
            label=t!("When they are used up")
            choices=overruns
            value="charge"
            required=true
        />
        <TextField
            name="paid_overage"
            label=t!("Price beyond")
            hint=t!("Only where more is charged; else leave it empty.")
            value="5"
            suffix=t!("per 1,000 started")
            inputmode="decimal"
            narrow=true
        />
    }
    .into_any()
}

/// The most units of a month, if there is a most.
fn limit() -> AnyView {
    let overruns = vec![
        Choice::new("stop", t!("Stop until the next month")),
        Choice::new("upgrade", t!("Move to the larger tier")),
    ];
    view! {
        <TextField
            name="paid_units"
            label=t!("Limit")
            hint=t!("Leave it empty for no limit.")
            suffix=t!("a month")
            inputmode="numeric"
            narrow=true
        />
        <SelectField
            name="paid_overrun"
            label=t!("At the limit")
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
                label=t!("Larger tier’s fee")
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
                label=t!("Larger tier’s price")
                hint=t!("For as many as above.")
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
                label=t!("Larger tier’s price past them")
                hint=t!("Leave it empty to stop at the included units.")
                suffix=t!("per 1,000 started")
                inputmode="decimal"
                narrow=true
            />
        }
        .into_any()
    };
    let figures = match model {
        PriceModel::Subscription => vec![fee(t!("a month")), beyond()],
        PriceModel::Prepaid => vec![fee(t!("a year in advance")), beyond()],
        PriceModel::PerUse => vec![each()],
        PriceModel::Upfront => vec![fee(t!("once")), each()],
        PriceModel::RevenueShare => vec![
            view! {
                <TextField
                    name="larger_share"
                    label=t!("Larger tier’s share")
                    suffix=t!("% of what is earned with it")
                    inputmode="decimal"
                    narrow=true
                />
            }
            .into_any(),
        ],
    };
    view! {
        <details class="fold" open=open>
            <summary>{t!("A larger tier")}</summary>
            <TextField
                name="larger_name"
                label=t!("Larger tier")
                hint=t!("Leave it empty to offer one paid tier.")
                maxlength=60
            />
            {figures}
            <TextField
                name="larger_units"
                label=t!("Larger tier’s units")
                hint=t!("More than in the tier before it.")
                suffix=t!("a month")
                inputmode="numeric"
                narrow=true
            />
            <TextField
                name="larger_rate"
                label=t!("Larger tier’s rate")
                suffix=t!("a minute")
                inputmode="numeric"
                narrow=true
            />
            {paths("larger", t!("Larger tier"), is_site)}
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
                label=t!("{tier}: paths")
                hint=t!("One pattern to a line, like /articles/**. Empty is the whole site.")
                rows=2
                mono=true
            />
            <TextArea
                name=format!("{prefix}_forbidden")
                label=t!("{tier}: paths left out")
                hint=t!("They win over those above.")
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
