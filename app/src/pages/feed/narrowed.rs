//! The form that narrows the feed, and a way back out of each choice.

use chrono::NaiveDate;
use imprimatur::words::say;
use imprimatur::{
    domain::{ids::LicenseId, metering::Side, terms::Scope},
    services::{Result, assets, licenses, tokens},
};
use leptos::prelude::*;

use super::{
    super::usage::{Chip, Chips},
    asked::{Asked, Outcome},
};
use crate::{
    request::Request,
    ui::{Button, ButtonKind, Choice, FilterForm, HiddenField, SelectField, TextField},
};

/// What can be chosen: one's own works as creator, one's own licenses and their tokens as buyer.
pub struct Choices {
    works: Vec<Choice>,
    licenses: Vec<Choice>,
    tokens: Vec<Choice>,
}

impl Choices {
    /// Reads what belongs to the actor.
    pub async fn read(request: &Request, asked: &Asked) -> Result<Self> {
        let (services, actor) = (&request.services, &request.actor);
        let mut choices = Self { works: Vec::new(), licenses: Vec::new(), tokens: Vec::new() };
        if asked.side == Side::Creator {
            choices.works = assets::list(services, actor)
                .await?
                .into_iter()
                .map(|work| Choice::new(work.asset_id.to_string(), work.title))
                .collect();
            return Ok(choices);
        }
        let held = licenses::list(services, actor).await?;
        let is_held = |id: LicenseId| held.iter().any(|license| license.license_id == id);
        if let Some(license_id) = asked.license_id.filter(|id| is_held(*id)) {
            choices.tokens = tokens::list(services, actor, license_id)
                .await?
                .into_iter()
                .map(|token| Choice::new(token.token_id.to_string(), token.name))
                .collect();
        }
        choices.licenses = held
            .into_iter()
            .map(|license| {
                let words = format!("{}, {}", license.title, license.tier_name);
                Choice::new(license.license_id.to_string(), words)
            })
            .collect();
        Ok(choices)
    }
}

/// The form, and under it what the feed is narrowed to besides.
pub fn filters(asked: &Asked, choices: Choices, both: bool, title: Option<&str>) -> AnyView {
    let side = if both {
        let choices = vec![
            Choice::new(Side::Creator.as_str(), t!("As creator")),
            Choice::new(Side::Buyer.as_str(), t!("As buyer")),
        ];
        view! {
            <SelectField name="side" label=t!("Side") choices value=asked.side.as_str() required=true />
        }
        .into_any()
    } else {
        view! { <HiddenField name="side" value=asked.side.as_str() /> }.into_any()
    };
    let id = |id: Option<String>| id.unwrap_or_default();
    let (asset, license, token) = (
        id(asked.asset_id.map(|id| id.to_string())),
        id(asked.license_id.map(|id| id.to_string())),
        id(asked.token_id.map(|id| id.to_string())),
    );
    let outcomes = Outcome::ALL.map(|(_, name, words)| Choice::new(name, say(words))).to_vec();
    // For what use something was refused was not settled.
    let uses: Vec<Choice> = match asked.outcome {
        Outcome::Delivered(_) => {
            Scope::ALL.iter().map(|scope| Choice::new(scope.as_str(), scope.in_words())).collect()
        }
        Outcome::Failed(_) => Vec::new(),
    };
    let used = asked.scope.map(Scope::as_str).unwrap_or_default();
    let day = |day: Option<NaiveDate>| day.map(|day| day.to_string()).unwrap_or_default();
    let (from, until) = (day(asked.days.0), day(asked.days.1));
    let outcome = asked.outcome.name();
    let chips = chips(asked, title);
    // Those that the form has no field for.
    let hidden = [
        ("party", asked.party.map(|id| id.to_string())),
        ("region", asked.region.clone()),
        ("model", asked.model.clone()),
        ("class", asked.class.clone()),
        ("code", asked.code.clone()),
    ]
    .into_iter()
    .filter_map(|(name, value)| Some(view! { <HiddenField name value=value? /> }))
    .collect_view();
    view! {
        <FilterForm label=t!("Event feed")>
            {side}
            {select("asset", t!("Work"), t!("Every work"), asset, choices.works)}
            {select("license", t!("License"), t!("Every license"), license, choices.licenses)}
            {select("token", t!("Token"), t!("Every token"), token, choices.tokens)}
            <SelectField
                name="outcome"
                label=t!("Outcome")
                choices=outcomes
                value=outcome
                required=true
            />
            {select("scope", t!("Use"), t!("Every use"), used.to_owned(), uses)}
            <TextField name="from" label=t!("From") kind="date" value=from />
            <TextField name="until" label=t!("Until") kind="date" value=until />
            {hidden}
            <Button kind=ButtonKind::Quiet>{t!("Show")}</Button>
        </FilterForm>
        <Chips chips />
    }
    .into_any()
}

/// One of several, or all of them. What is asked for and not listed stays asked for.
fn select(
    name: &'static str,
    label: &'static str,
    all: &'static str,
    value: String,
    listed: Vec<Choice>,
) -> AnyView {
    if listed.is_empty() {
        return (!value.is_empty()).then(|| view! { <HiddenField name value=value /> }).into_any();
    }
    let mut choices = vec![Choice::new("", all)];
    choices.extend(listed);
    view! { <SelectField name label choices value required=true /> }.into_any()
}

fn chips(asked: &Asked, title: Option<&str>) -> Vec<Chip> {
    let mut chips = Vec::new();
    let mut add = |words: String, wider: Asked| {
        chips.push(Chip { words, href: wider.href(None) });
    };
    if asked.asset_id.is_some() {
        let words = title.map_or_else(|| t!("One work").to_owned(), |title| t!("Work: {title}"));
        add(words, Asked { asset_id: None, ..asked.clone() });
    }
    if asked.license_id.is_some() {
        let wider = Asked { license_id: None, token_id: None, ..asked.clone() };
        add(t!("One license").to_owned(), wider);
    }
    if asked.token_id.is_some() {
        add(t!("One token").to_owned(), Asked { token_id: None, ..asked.clone() });
    }
    if asked.party.is_some() {
        let words = match asked.side {
            Side::Creator => t!("One buyer"),
            Side::Buyer => t!("One creator"),
        };
        add(words.to_owned(), Asked { party: None, ..asked.clone() });
    }
    if let Some(region) = &asked.region {
        add(t!("Region: {region}"), Asked { region: None, ..asked.clone() });
    }
    if let Some(model) = &asked.model {
        add(t!("Model: {model}"), Asked { model: None, ..asked.clone() });
    }
    if let Some(class) = &asked.class {
        add(t!("Kind of client: {class}"), Asked { class: None, ..asked.clone() });
    }
    if let Some(code) = &asked.code {
        add(t!("Reason: {code}"), Asked { code: None, ..asked.clone() });
    }
    chips
}
