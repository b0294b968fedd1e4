//! What waits for the person: on the overview of a creator, and on that of a buyer.

use chrono::{DateTime, TimeDelta, Utc};
use imprimatur::{
    domain::{
        actor::Deed,
        metering::{Range, Side},
        pricing::Overrun,
    },
    services::{
        Result, assets, licenses,
        reports::{self, Quota, UsageFilter},
    },
};
use leptos::prelude::*;

use super::super::usage::code_in_words;
use crate::{
    request::Request,
    ui::{EmptyState, Task, Tasks, Tone, text},
};

/// The most of one kind that are listed.
const EACH: usize = 3;
/// A quota is worth a word from this share on, in percent.
const QUOTA_PERCENT: i128 = 80;
/// A license is worth a word this long before its end.
const BEFORE_END: TimeDelta = TimeDelta::days(14);

/// Something that waits for the person.
pub struct Todo {
    tone: Tone,
    title: String,
    note: String,
    href: String,
}

/// What waits for a creator.
pub async fn of_creator(request: &Request) -> Result<Vec<Todo>> {
    let may_register = request.actor.may_as_creator(Deed::RegisterAsset).is_ok();
    let may_publish = request.actor.may_as_creator(Deed::PublishOffer).is_ok();
    let works = assets::list(&request.services, &request.actor).await?;
    if works.is_empty() && may_register {
        return Ok(vec![Todo {
            tone: Tone::Info,
            title: t!("Register your first work").into(),
            note: t!("Choose a file and give it a title. It takes a minute.").into(),
            href: "/assets/new".into(),
        }]);
    }
    Ok(works
        .into_iter()
        .filter(|work| may_publish && work.offered.is_none())
        .take(EACH)
        .map(|work| Todo {
            tone: Tone::Warn,
            title: t!("Put “{title}” on offer", title = work.title),
            note: t!("Nobody can license it yet: it has no terms and no price.").into(),
            href: format!("/assets/{}/offer", work.asset_id),
        })
        .collect())
}

/// What waits for a buyer: what stops machines first, then what will, then what was begun.
pub async fn of_buyer(request: &Request, week: &Range) -> Result<Vec<Todo>> {
    let (services, actor) = (&request.services, &request.actor);
    let may_accept = actor.may_as_buyer(Deed::AcceptLicense).is_ok();
    let may_create = actor.may_as_buyer(Deed::CreateToken).is_ok();
    let held = licenses::list(services, actor).await?;
    if held.is_empty() && may_accept {
        return Ok(vec![Todo {
            tone: Tone::Info,
            title: t!("License your first work").into(),
            note: t!("Find it in the catalogue, read its terms, choose a tier.").into(),
            href: "/catalogue".into(),
        }]);
    }
    let quotas = reports::quotas(services, actor, Side::Buyer, None, 20).await?;
    let mut todo: Vec<Todo> = quotas.iter().filter_map(short_of_units).take(EACH).collect();
    let filter = UsageFilter::default();
    let refusals = reports::refusals(services, actor, Side::Buyer, &filter, week).await?;
    if let Some(most) = refusals.first() {
        let times: i64 = refusals.iter().map(|refused| refused.attempts).sum();
        todo.push(Todo {
            tone: Tone::Warn,
            title: tn!(
                times,
                "One request refused in the last 7 days",
                "{times} requests refused in the last 7 days",
                times = text::quantity(times)
            ),
            note: t!(
                "Most often: {code}. See what was asked and mend it.",
                code = code_in_words(&most.code).unwrap_or(&most.code)
            ),
            href: "/feed?side=buyer&outcome=refused".into(),
        });
    }
    let now = request.now;
    let ending = |at: DateTime<Utc>| now < at && at <= now + BEFORE_END;
    todo.extend(
        held.iter()
            .filter_map(|license| Some((license, license.ends_at.filter(|at| ending(*at))?)))
            .filter(|(license, _)| license.state.is_live())
            .take(EACH)
            .map(|(license, at)| Todo {
                tone: Tone::Warn,
                title: t!(
                    "“{title}” ends {relative}",
                    title = license.title,
                    relative = text::relative(at, now)
                ),
                note: t!("After that the gate refuses its tokens.").into(),
                href: format!("/licenses/{}", license.license_id),
            }),
    );
    todo.extend(
        held.into_iter()
            .filter(|license| may_create && license.state.is_live() && !license.has_token)
            .take(EACH)
            .map(|license| Todo {
                tone: Tone::Info,
                title: t!("Create a token for “{title}”", title = license.title),
                note: t!("The license is yours; no machine can use it yet.").into(),
                href: format!("/licenses/{}/tokens/new", license.license_id),
            }),
    );
    Ok(todo)
}

fn short_of_units(quota: &Quota) -> Option<Todo> {
    let share = i128::from(quota.used_units) * 100 / i128::from(quota.included_units.max(1));
    if share < QUOTA_PERCENT {
        return None;
    }
    let (used_up, end) = match quota.overrun {
        Overrun::Stop => (Tone::Seal, t!("deliveries stop until the next month")),
        Overrun::Charge => (Tone::Warn, t!("more units cost the price beyond")),
        Overrun::Upgrade => (Tone::Warn, t!("the license moves to the next tier")),
    };
    let (tone, note) = if share >= 100 {
        (
            used_up,
            t!(
                "All {included_units} are used; {end}.",
                included_units = text::quantity(quota.included_units)
            ),
        )
    } else {
        let left = text::quantity(quota.included_units - quota.used_units);
        (Tone::Warn, t!("{left} units are left this month; then {end}."))
    };
    Some(Todo {
        tone,
        title: t!(
            "“{title}” has used {share}\u{a0}% of its month",
            title = quota.title,
            share = share.min(100)
        ),
        note,
        href: format!("/licenses/{}", quota.license_id),
    })
}

/// The list, or a word that there is nothing in it.
pub fn draw(todo: Vec<Todo>) -> AnyView {
    if todo.is_empty() {
        return view! {
            <EmptyState title=t!("Nothing needs you") sentence=t!("Whatever waits for you is listed here.") />
        }
        .into_any();
    }
    let tasks = todo
        .into_iter()
        .map(|todo| {
            view! { <Task tone=todo.tone title=todo.title href=todo.href note=todo.note /> }
        })
        .collect_view();
    view! { <Tasks label=t!("Needs you")>{tasks}</Tasks> }.into_any()
}
