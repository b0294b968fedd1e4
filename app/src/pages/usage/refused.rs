//! What was not delivered, and what is left: refusals by reason, quotas by license.

use imprimatur::{
    domain::{metering::Side, pricing::Overrun},
    services::reports::{Quota, RefusalCount},
};
use leptos::prelude::*;

use crate::{
    address::Address,
    ui::{Cell, Column, EmptyState, Meter, Quantity, Row, Table, Tone},
};

/// What a refusal's code says, for a person.
pub fn code_in_words(code: &str) -> Option<&'static str> {
    Some(match code {
        "invalid_token" => t!("The token was unknown, revoked or expired"),
        "license_inactive" => t!("The license was not in force"),
        "domain_not_allowed" => t!("The token may not be used for this domain"),
        "content_not_licensed" => t!("The license does not cover this content"),
        "path_not_allowed" => t!("No tier covers this path"),
        "invalid_path" => t!("The path could not be read"),
        "tier_required" => t!("The path needs another tier"),
        "scope_not_granted" => t!("This use is not granted"),
        "invalid_job" => t!("The job's name could not be read"),
        "job_not_allowed" => t!("The token may not be used for this job"),
        "nonce_required" => t!("The token needs a new nonce each time"),
        "invalid_nonce" => t!("The nonce could not be read"),
        "nonce_replayed" => t!("The nonce was used before"),
        "nonces_full" => t!("Too many nonces at once"),
        "rate_limited" => t!("Too many requests a minute"),
        "quota_exceeded" => t!("The month's units were used up"),
        "spend_cap_reached" => t!("The buyer's spend cap was reached"),
        "license_state_unknown" => t!("The license could not be looked up"),
        "outbox_full" => t!("No receipt could be kept"),
        "aborted" => t!("The client went away"),
        "cut_off" => t!("We could not go on"),
        _ => return None,
    })
}

/// Refusals by reason, the most frequent first; each leads to its attempts, where there is a feed of them.
pub fn refusals_table(refusals: Vec<RefusalCount>, feed: Option<&Address>) -> AnyView {
    let rows = refusals
        .into_iter()
        .map(|RefusalCount { code, attempts }| {
            let words = code_in_words(&code).unwrap_or(t!("Refused for another reason"));
            let words = match feed {
                Some(feed) => Cell::link(words, feed.clone().with("code", &code).href()),
                None => Cell::new(words),
            };
            Row::new(vec![
                words.note(view! { <code class="digest">{code}</code> }),
                Cell::new(view! { <Quantity count=attempts /> }),
            ])
        })
        .collect();
    view! {
        <Table
            caption=t!("Refusals by reason")
            columns=vec![Column::text(t!("Reason")), Column::number(t!("Times"))]
            rows
            empty=|| {
                view! {
                    <EmptyState
                        title=t!("Nothing was refused")
                        sentence=t!("A refusal costs nothing and is never billed. Each is counted here with its reason.")
                    />
                }
                .into_any()
            }
        />
    }
    .into_any()
}

/// How much of its units each license has used, the fullest first.
pub fn quota_list(quotas: Vec<Quota>, side: Side) -> AnyView {
    if quotas.is_empty() {
        let sentence = match side {
            Side::Creator => {
                t!("When a buyer licenses a work of yours, what they have used of it stands here.")
            }
            Side::Buyer => t!("What you have used of each license stands here."),
        };
        return view! { <EmptyState title=t!("No license in force") sentence /> }.into_any();
    }
    let quotas = quotas
        .into_iter()
        .map(|quota| {
            let tone = tone(&quota);
            let name = format!("{}, {}", quota.title, quota.tier_name);
            let (used, most) = (quota.used_units, quota.included_units);
            let use_of =
                Address::new("/usage").with("side", side).with("license", quota.license_id);
            let note = match side {
                Side::Creator => quota.counterparty,
                Side::Buyer => t!("From {counterparty}", counterparty = quota.counterparty),
            };
            let end = match quota.overrun {
                Overrun::Stop => t!("then deliveries stop"),
                Overrun::Charge => t!("then more is charged"),
                Overrun::Upgrade => t!("then it moves to the next tier"),
            };
            view! {
                <li class="quotas__one">
                    <Meter label=name used most tone />
                    <p class="section__note">
                        <a href=use_of.href()>{note}</a> ", " {end} "."
                    </p>
                </li>
            }
        })
        .collect_view();
    view! { <ul class="quotas">{quotas}</ul> }.into_any()
}

/// How much a quota presses: not at all, soon, now.
fn tone(quota: &Quota) -> Tone {
    let share = i128::from(quota.used_units) * 100 / i128::from(quota.included_units.max(1));
    match (share, quota.overrun) {
        (100.., Overrun::Stop) => Tone::Seal,
        (80.., _) => Tone::Warn,
        _ => Tone::Neutral,
    }
}
