//! The tokens of a license: what each may do, and the way to rotate, revoke and use it.

use chrono::{DateTime, Utc};
use imprimatur::{
    domain::{access_token::TokenLimits, ids::LicenseId, terms::Scope},
    services::tokens::Token,
};
use leptos::prelude::*;

use super::MayChange;
use crate::ui::{
    Button, ButtonKind, ButtonLink, Cell, Column, Confirm, EmptyState, HiddenField, Instant,
    PostForm, Row, Status, Table, Tone,
};

/// Limits in a few words: "job run-7, 2 domains, nonces".
fn limits_in_words(limits: &TokenLimits) -> Option<String> {
    let jobs = match &limits.jobs[..] {
        [] => None,
        [job] => Some(t!("job {job}", job = job.as_str())),
        jobs => Some(tn!(jobs.len(), "1 job", "{jobs} jobs", jobs = jobs.len())),
    };
    let domains = match &limits.domains[..] {
        [] => None,
        [domain] => Some(t!("domain {domain}", domain = domain.as_str())),
        domains => {
            Some(tn!(domains.len(), "1 domain", "{domains} domains", domains = domains.len()))
        }
    };
    let words: Vec<String> =
        [jobs, domains, limits.requires_nonce.then(|| t!("nonces").to_owned())]
            .into_iter()
            .flatten()
            .collect();
    (!words.is_empty()).then(|| t!("Limited to {value}", value = words.join(", ")))
}

/// Every token, newest first.
pub(super) fn draw(
    tokens: Vec<Token>,
    license_id: LicenseId,
    may: MayChange,
    now: DateTime<Utc>,
) -> AnyView {
    let may_create = may.create;
    let rows = tokens
        .into_iter()
        .map(|token| {
            let live = token.is_live(now);
            let status = match (token.revoked_at, live) {
                (Some(_), _) => view! { <Status word=t!("Revoked") /> }.into_any(),
                (None, false) => view! { <Status word=t!("Expired") /> }.into_any(),
                (None, true) if token.rotated => {
                    view! { <Status tone=Tone::Warn word=t!("Ending") /> }.into_any()
                }
                (None, true) => view! { <Status tone=Tone::Good word=t!("Live") /> }.into_any(),
            };
            let used = match token.last_used_at {
                Some(at) => view! { <Instant at now /> }.into_any(),
                None => t!("Never").into_any(),
            };
            let until = match token.expires_at {
                _ if token.revoked_at.is_some() => ().into_any(),
                Some(at) => {
                    view! { {if live { t!("until ") } else { "" }} <Instant at now /> }.into_any()
                }
                None => t!("until revoked").into_any(),
            };
            let fetch = live.then(|| {
                let href = format!("/licenses/{license_id}?token={}#fetch", token.token_id);
                view! { " " <a href=href>{t!("Request")}</a> }
            });
            let scopes: Vec<_> = token.scopes.iter().copied().map(Scope::in_words).collect();
            let rotate = (live && may.rotate && !token.rotated).then(|| {
                let href = format!("/licenses/{license_id}/rotate?token={}", token.token_id);
                view! { <ButtonLink kind=ButtonKind::Quiet href>{t!("Rotate")}</ButtonLink> }
            });
            let revoke = (live && may.revoke).then(|| {
                let sentence = t!(
                    "The gate refuses “{name}” within a second, for good. Machines that use it stop.",
                    name = token.name
                );
                view! {
                    <Confirm label=t!("Revoke") sentence>
                        <PostForm name="revoke" row=true>
                            <HiddenField name="token_id" value=token.token_id.to_string() />
                            <Button kind=ButtonKind::Destructive>{t!("Revoke this token")}</Button>
                        </PostForm>
                    </Confirm>
                }
            });
            Row::new(vec![
                Cell::link(
                    token.name,
                    format!("/feed?side=buyer&license={license_id}&token={}", token.token_id),
                )
                .note(view! {
                    <code class="digest">{format!("{}…{}", token.prefix, token.last_four)}</code>
                    {fetch}
                }),
                match limits_in_words(&token.limits) {
                    Some(words) => Cell::new(scopes.join(", ")).note(words),
                    None => Cell::new(scopes.join(", ")),
                },
                Cell::new(status).note(until),
                Cell::new(used),
                Cell::new(view! { <div class="table__deeds">{rotate} {revoke}</div> }),
            ])
        })
        .collect();
    view! {
        <Table
            caption=t!("Tokens of this license")
            columns=vec![
                Column::text(t!("Token")),
                Column::text(t!("For")).support(),
                Column::text(t!("State")),
                Column::number(t!("Last used")).support(),
                Column::number(t!("Rotate or revoke")).label_hidden(),
            ]
            rows
            empty=move || {
                view! {
                    <EmptyState
                        title=t!("No tokens yet")
                        sentence=t!("A token is what a crawler or a training job sends with each request.")
                    >
                        {may_create
                            .then(|| {
                                view! {
                                    <ButtonLink
                                        kind=ButtonKind::Quiet
                                        href=format!("/licenses/{license_id}/tokens/new")
                                    >
                                        {t!("Create token")}
                                    </ButtonLink>
                                }
                            })}
                    </EmptyState>
                }
                    .into_any()
            }
        />
    }
    .into_any()
}
