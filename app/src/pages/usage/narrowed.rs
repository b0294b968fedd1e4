//! What the use is narrowed to: the form that narrows it, and a way back out of each choice.

use imprimatur::{
    domain::{
        metering::{Grain, Range},
        report::{Dimension, Dimensions, Metric},
        terms::Scope,
    },
    services::{Result, reports},
};
use leptos::prelude::*;

use super::{
    asked::{Asked, Time},
    dimension_in_words, grain_in_words,
};
use crate::{
    request::Request,
    ui::{Button, ButtonKind, Choice, FilterForm, HiddenField, SelectField, TextField},
};

/// Something the page is narrowed to, and the page without it.
pub struct Chip {
    pub words: String,
    pub href: String,
}

/// The ids and names the page is narrowed to, by name. What has no use in the range has no name here:
/// nothing is looked up that the actor has no part in.
pub async fn chips(request: &Request, asked: &Asked, range: &Range) -> Result<Vec<Chip>> {
    let filter = &asked.filter;
    let narrowed = [
        (Dimension::Asset, filter.asset_id.is_some()),
        (Dimension::License, filter.license_id.is_some()),
        (Dimension::Counterparty, filter.counterparty.is_some()),
        (Dimension::Model, filter.model.is_some()),
        (Dimension::ConsumerClass, filter.consumer_class.is_some()),
    ];
    let mut chips = Vec::new();
    for (dimension, _) in narrowed.into_iter().filter(|(_, narrowed)| *narrowed) {
        let (services, actor) = (&request.services, &request.actor);
        let (by, most) = (Dimensions::one(dimension), (Metric::Calls, 1));
        let found =
            reports::breakdown(services, actor, asked.side, filter, range, by, most).await?;
        let name = found
            .groups
            .into_iter()
            .filter_map(|group| group.keys.into_iter().next())
            .map(|key| format!(": {}", key.label))
            .next()
            .unwrap_or_default();
        chips.push(Chip {
            words: format!("{}{name}", dimension_in_words(dimension, asked.side)),
            href: asked.narrow(dimension, None).address("/usage").href(),
        });
    }
    Ok(chips)
}

/// The form that narrows the page, and under it what it is narrowed to.
pub fn filters(asked: &Asked, regions: Vec<String>, chips: Vec<Chip>) -> AnyView {
    let usual = grain_in_words(asked.usual_grain());
    let mut grains = vec![Choice::new("", t!("As usual ({usual})", usual = usual.to_lowercase()))];
    grains.extend(
        Grain::ALL
            .iter()
            .filter(|grain| !asked.coarse || **grain != Grain::Hour)
            .map(|grain| Choice::new(grain.as_str(), grain_in_words(*grain))),
    );
    let grain = asked.grain.map(Grain::as_str).unwrap_or_default();
    let mut uses = vec![Choice::new("", t!("Every use"))];
    uses.extend(Scope::ALL.iter().map(|scope| Choice::new(scope.as_str(), scope.in_words())));
    let used = asked.filter.scope.map(Scope::as_str).unwrap_or_default();
    let region = asked.filter.region.clone().unwrap_or_default();
    let mut everywhere = vec![Choice::new("", t!("Every region"))];
    let asked_for = (!region.is_empty() && !regions.contains(&region)).then(|| region.clone());
    everywhere.extend(
        regions.into_iter().chain(asked_for).map(|region| Choice::new(region.clone(), region)),
    );
    let regions = (!asked.coarse).then(|| {
        view! {
            <SelectField name="region" label=t!("Region") choices=everywhere value=region required=true />
        }
    });
    let (from, until) = asked.days();
    let filter = &asked.filter;
    let hidden = [
        ("side", Some(asked.side.to_string())),
        (
            "days",
            match asked.time {
                Time::Last(days) => Some(days.to_string()),
                Time::Days(..) => None,
            },
        ),
        ("asset", filter.asset_id.map(|id| id.to_string())),
        ("license", filter.license_id.map(|id| id.to_string())),
        ("party", filter.counterparty.map(|id| id.to_string())),
        ("model", filter.model.clone()),
        ("class", filter.consumer_class.clone()),
        ("by", (asked.by != Dimension::Asset).then(|| asked.by.to_string())),
    ]
    .into_iter()
    .filter_map(|(name, value)| Some(view! { <HiddenField name value=value? /> }))
    .collect_view();
    view! {
        <FilterForm label=t!("Usage")>
            {hidden}
            <TextField name="from" label=t!("From") kind="date" value=from />
            <TextField name="until" label=t!("Until") kind="date" value=until />
            <SelectField name="grain" label=t!("Cut into") choices=grains value=grain required=true />
            <SelectField name="scope" label=t!("Use") choices=uses value=used required=true />
            {regions}
            <Button kind=ButtonKind::Quiet>{t!("Show")}</Button>
        </FilterForm>
        <Chips chips />
    }
    .into_any()
}

/// What a list is narrowed to; each leads to the list without it.
#[component]
pub fn Chips(chips: Vec<Chip>) -> impl IntoView {
    (!chips.is_empty()).then(|| {
        let chips = chips
            .into_iter()
            .map(|chip| {
                view! {
                    <li>
                        <a class="chip" href=chip.href>
                            <span class="sr-only">{t!("Show all, not only ")}</span>
                            {chip.words}
                            <span aria-hidden="true">" ×"</span>
                        </a>
                    </li>
                }
            })
            .collect_view();
        view! { <ul class="chips" aria-label=t!("Narrowed to")>{chips}</ul> }
    })
}
