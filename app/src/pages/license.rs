//! `/licenses/{id}`: what the license allows, its quota, its tokens, and a request that works.

use chrono::{DateTime, Utc};
use imprimatur::{
    domain::{
        access_token::TokenLimits,
        actor::Deed,
        ids::LicenseId,
        license::State,
        metering::{Grain, Range, Side, month_start},
        pricing::Price,
        terms::Scope,
    },
    services::{
        Result,
        licenses::{self, License, Subject},
        reports::{self, UsageFilter},
        tokens::{self, Token},
    },
};
use leptos::prelude::*;

use super::{
    live::{Metered, live},
    terms::TermsInWords,
    work::TierInWords,
};
use crate::{
    request::{Page, Request},
    ui::{
        Button, ButtonKind, ButtonLink, Cell, CodeBlock, Column, Columns, Confirm, Crumb,
        Definition, Definitions, Digest, EmptyState, Figure, Figures, FormActions, HiddenField,
        Instant, PageHeader, PostForm, Quantity, Row, RowRefusal, Section, Status, Table,
        TextField, Tone,
    },
};

/// The tint of a license's state.
pub const fn state_tone(state: State) -> Tone {
    match state {
        State::Active => Tone::Good,
        State::Pending => Tone::Info,
        State::Suspended => Tone::Warn,
        State::Revoked | State::Expired => Tone::Neutral,
    }
}

/// One of one's own licenses.
pub async fn show(request: &Request, id: &str) -> Result<Page> {
    let license_id: LicenseId = id.parse()?;
    let license = licenses::get(&request.services, &request.actor, license_id).await?;
    let tokens = tokens::list(&request.services, &request.actor, license_id).await?;
    let metered = Metered::License(license_id);
    let is_live = metered.read(&request.services, &request.actor).await?.is_some();
    let quota_used = reports::quota_used(&request.services, &request.actor, license_id).await?;
    let month = Range::new(month_start(request.now), request.now, Grain::Month)?;
    let filter = UsageFilter { license_id: Some(license_id), ..UsageFilter::default() };
    let deliveries =
        reports::usage(&request.services, &request.actor, Side::Buyer, &filter, &month)
            .await?
            .totals
            .calls;
    let may_create =
        license.state.is_live() && request.actor.may_as_buyer(Deed::CreateToken).is_ok();
    let may_rotate =
        license.state.is_live() && request.actor.may_as_buyer(Deed::RotateToken).is_ok();
    let may_revoke = request.actor.may(Deed::RevokeToken).is_ok();
    let may_cap = license.state.is_live() && request.actor.may_as_buyer(Deed::CapSpend).is_ok();
    let now = request.now;
    let curl = curl(&request.base_url, &license.subject, None);
    Ok(Page::workspace(request, license.title.clone(), move || {
        let lead = format!("{} tier, licensed from {}.", license.tier.name, license.creator);
        let new_token = format!("/licenses/{license_id}/tokens/new");
        let (title, state, ends_at) = (license.title.clone(), license.state, license.ends_at);
        let left = left(license.tier.price.month_units(), quota_used);
        let side = side(license, may_cap, now);
        let figures = view! {
            <Figures label="This month">
                <Figure label="Used this month" href=format!("/feed?license={license_id}") note=|| "Repeats are free and do not count">
                    <span data-live="used"><Quantity count=quota_used /></span>
                </Figure>
                {left}
                <Figure label="Deliveries" note=|| "This month, repeats included">
                    <span data-live="deliveries"><Quantity count=deliveries /></span>
                </Figure>
                <Figure label="State" note={
                    move || match ends_at {
                        Some(at) if at <= now => view! { "Ended " <Instant at now /> }.into_any(),
                        Some(at) => view! { "Ends " <Instant at now /> }.into_any(),
                        None => "Open-ended".into_any(),
                    }
                }>{state.in_words()}</Figure>
            </Figures>
        }
        .into_any();
        view! {
            <PageHeader
                title
                crumbs=vec![Crumb::new("Licenses", "/licenses")]
                lead=move || lead
            >
                {may_create
                    .then(|| view! { <ButtonLink href=new_token.clone()>"Create token"</ButtonLink> })}
            </PageHeader>
            <RowRefusal forms=&["revoke"] />
            {live(is_live.then_some(metered), figures)}
            <Columns side=move || side>
                <Section title="Tokens">{draw_tokens(tokens, license_id, MayDo { create: may_create, rotate: may_rotate, revoke: may_revoke }, now)}</Section>
                <Section title="Fetch it">
                    <p class="section__note">
                        "Put a token in the place of $IMPRIMATUR_TOKEN. The receipt comes back in the header Imprimatur-Receipt."
                    </p>
                    <CodeBlock label="Request" code=curl />
                </Section>
            </Columns>
        }
    }))
}

/// What is left of the units of a month, where there is an end to them.
fn left(month_units: Option<i64>, used: i64) -> AnyView {
    match month_units {
        Some(units) => view! {
            <Figure
                label="Left of the included"
                note=move || view! { "of " <Quantity count=units /> }.into_any()
            >
                <span data-live="left"><Quantity count=units.saturating_sub(used).max(0) /></span>
            </Figure>
        }
        .into_any(),
        None => view! {
            <Figure label="Limit" note=|| "On what a month may use">
                "None"
            </Figure>
        }
        .into_any(),
    }
}

/// A request that works as pasted. Without the secret it reads it from the environment.
pub fn curl(base_url: &str, subject: &Subject, secret: Option<&str>) -> String {
    let (file_name, address) = match subject {
        Subject::Content { content_id, file_name } => {
            (file_name.as_str(), format!("{base_url}/c/{content_id}"))
        }
        Subject::Site { host } => ("index.html", site_address(base_url, host)),
    };
    let token = secret.unwrap_or("$IMPRIMATUR_TOKEN");
    let output: String = file_name
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_') { c } else { '-' })
        .collect();
    let output = output.trim_start_matches(['-', '.']);
    // The receipt is in headers.txt; the work must not be written over it.
    let output = if output.is_empty() || output == "headers.txt" { "content" } else { output };
    format!(
        "curl --fail-with-body --dump-header headers.txt \\\n  \
         --header \"Authorization: Bearer {token}\" \\\n  \
         --output \"{output}\" \\\n  \
         \"{address}\""
    )
}

/// The first page of a site, where this product answers for it: with its scheme and its port.
fn site_address(base_url: &str, host: &str) -> String {
    let (scheme, authority) = base_url.split_once("://").unwrap_or(("https", base_url));
    match authority.rsplit_once(':') {
        Some((_, port)) if port.bytes().all(|b| b.is_ascii_digit()) => {
            format!("{scheme}://{host}:{port}/")
        }
        _ => format!("{scheme}://{host}/"),
    }
}

fn side(license: License, may_cap: bool, now: DateTime<Utc>) -> AnyView {
    let cap = spend_cap(&license, may_cap);
    let (terms, digest) = (license.terms.terms, license.terms.digest);
    let href = format!("/terms/{digest}");
    let name = terms.name.clone();
    let granted = &license.tier.scopes;
    let narrowed = terms.scopes.iter().any(|scope| !granted.contains(scope)).then(|| {
        let uses: Vec<_> = granted.iter().copied().map(Scope::in_words).collect();
        let uses = uses.join(", ");
        view! {
            <p class="section__note">
                {format!("Your tier covers: {uses}. Whatever else the terms allow needs another tier.")}
            </p>
        }
    });
    view! {
        <Section title="Accepted">
            <Definitions>
                <Definition name="By">{license.accepted_by}</Definition>
                <Definition name="When">
                    <Instant at=license.accepted_at now exact=true />
                </Definition>
                <Definition name="Terms">
                    <a href=href>{name}</a>
                </Definition>
                <Definition name="Digest">
                    <Digest value=digest copy="digest" />
                </Definition>
                {match license.subject {
                    Subject::Content { content_id, .. } => view! {
                        <Definition name="Content ID">
                            <Digest value=content_id copy="content ID" />
                        </Definition>
                    }
                    .into_any(),
                    Subject::Site { host } => {
                        view! { <Definition name="Site">{host}</Definition> }.into_any()
                    }
                }}
                <Definition name="Credit line">{license.attribution}</Definition>
            </Definitions>
        </Section>
        <Section title="Tier">
            <div class="tier">
                <TierInWords tier=license.tier />
            </div>
        </Section>
        {cap}
        <Section title="What you may do with it">
            {narrowed}
            <TermsInWords terms />
        </Section>
    }
    .into_any()
}

/// What the license may cost in a month, where its use costs something.
fn spend_cap(license: &License, may_cap: bool) -> Option<AnyView> {
    let hint = match license.tier.price {
        _ if license.tier.is_free() => return None,
        Price::RevenueShare { .. } => return None,
        Price::Subscription { .. } => {
            "The base fee and everything beyond it. Leave it empty for none."
        }
        Price::PerUse { .. } => "Everything used in the month. Leave it empty for none.",
        Price::Upfront { .. } | Price::Prepaid { .. } => {
            "What is used in the month; the fee paid in advance does not count. Leave it empty for none."
        }
    };
    let said = match license.spend_cap {
        Some(cap) => format!("Deliveries that would cost more than {cap} in a month are refused."),
        None => "There is no cap on what a month may cost.".to_owned(),
    };
    let typed = license.spend_cap.map(imprimatur::domain::money::Money::decimal);
    let sign = license.tier.currency.sign();
    let form = may_cap.then(|| {
        view! {
            <PostForm name="cap">
                <TextField
                    name="spend_cap"
                    label="Spend cap"
                    hint
                    value=typed.unwrap_or_default()
                    prefix=sign
                    suffix="a month"
                    inputmode="decimal"
                    narrow=true
                />
                <FormActions>
                    <Button kind=ButtonKind::Quiet>"Set the cap"</Button>
                </FormActions>
            </PostForm>
        }
    });
    Some(
        view! { <Section title="Spend cap"><p class="section__note">{said}</p>{form}</Section> }
            .into_any(),
    )
}

/// What the person may do with tokens.
#[derive(Clone, Copy)]
struct MayDo {
    create: bool,
    rotate: bool,
    revoke: bool,
}

/// Limits in a few words: "2 jobs, 1 domain, nonces".
fn limits_in_words(limits: &TokenLimits) -> Option<String> {
    let counted = |count: usize, noun: &str| match count {
        0 => None,
        1 => Some(format!("1 {noun}")),
        _ => Some(format!("{count} {noun}s")),
    };
    let words: Vec<String> = [
        counted(limits.jobs.len(), "job"),
        counted(limits.domains.len(), "domain"),
        limits.requires_nonce.then(|| "nonces".to_owned()),
    ]
    .into_iter()
    .flatten()
    .collect();
    (!words.is_empty()).then(|| format!("Limited to {}", words.join(", ")))
}

fn draw_tokens(
    tokens: Vec<Token>,
    license_id: LicenseId,
    may: MayDo,
    now: DateTime<Utc>,
) -> AnyView {
    let may_create = may.create;
    let rows = tokens
        .into_iter()
        .map(|token| {
            let live = token.is_live(now);
            let status = match (token.revoked_at, live) {
                (Some(_), _) => view! { <Status word="Revoked" /> }.into_any(),
                (None, false) => view! { <Status word="Expired" /> }.into_any(),
                (None, true) if token.rotated => {
                    view! { <Status tone=Tone::Warn word="Ending" /> }.into_any()
                }
                (None, true) => view! { <Status tone=Tone::Good word="Live" /> }.into_any(),
            };
            let used = match token.last_used_at {
                Some(at) => view! { <Instant at now /> }.into_any(),
                None => "Never".into_any(),
            };
            let scopes: Vec<_> = token.scopes.iter().copied().map(Scope::in_words).collect();
            let rotate = (live && may.rotate && !token.rotated).then(|| {
                let href = format!("/licenses/{license_id}/rotate?token={}", token.token_id);
                view! { <ButtonLink kind=ButtonKind::Quiet href>"Rotate"</ButtonLink> }
            });
            let revoke = (live && may.revoke).then(|| {
                let sentence = format!(
                    "The gate refuses “{}” within a second, for good. Machines that use it stop.",
                    token.name
                );
                view! {
                    <Confirm label="Revoke" sentence>
                        <PostForm name="revoke" row=true>
                            <HiddenField name="token_id" value=token.token_id.to_string() />
                            <Button kind=ButtonKind::Destructive>"Revoke this token"</Button>
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
                }),
                match limits_in_words(&token.limits) {
                    Some(words) => Cell::new(scopes.join(", ")).note(words),
                    None => Cell::new(scopes.join(", ")),
                },
                Cell::new(status),
                Cell::new(used),
                Cell::new(view! { {rotate} {revoke} }),
            ])
        })
        .collect();
    view! {
        <Table
            caption="Tokens of this license"
            columns=vec![
                Column::text("Token"),
                Column::text("For").support(),
                Column::text("State"),
                Column::number("Last used").support(),
                Column::number("Rotate or revoke").label_hidden(),
            ]
            rows
            empty=move || {
                view! {
                    <EmptyState
                        title="No tokens yet"
                        sentence="A token is what a crawler or a training job sends with each request."
                    >
                        {may_create
                            .then(|| {
                                view! {
                                    <ButtonLink
                                        kind=ButtonKind::Quiet
                                        href=format!("/licenses/{license_id}/tokens/new")
                                    >
                                        "Create token"
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
