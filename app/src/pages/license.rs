//! `/licenses/{id}`: what the license allows, its quota, its tokens, and a request that works.

use chrono::{DateTime, Utc};
use imprimatur::{
    domain::{
        actor::Deed,
        ids::LicenseId,
        license::State,
        metering::{Grain, Range, Side, month_start},
        terms::Scope,
    },
    services::{
        Result,
        licenses::{self, License},
        reports::{self, UsageFilter},
        tokens::{self, Token},
    },
};
use leptos::prelude::*;

use super::{terms::TermsInWords, work::TierInWords};
use crate::{
    request::{Page, Request},
    ui::{
        Button, ButtonKind, ButtonLink, Cell, CodeBlock, Column, Columns, Confirm, Crumb,
        Definition, Definitions, Digest, EmptyState, Figure, Figures, HiddenField, Instant,
        PageHeader, PostForm, Quantity, Row, RowRefusal, Section, Status, Table, Tone,
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
    let may_revoke = request.actor.may(Deed::RevokeToken).is_ok();
    let now = request.now;
    let curl = curl(&request.base_url, &license.content_id, &license.file_name, None);
    Ok(Page::workspace(request, license.title.clone(), move || {
        let lead = format!("{} tier, licensed from {}.", license.tier.name, license.creator);
        let remaining = (license.tier.included_units - quota_used).max(0);
        let new_token = format!("/licenses/{license_id}/tokens/new");
        let (title, state, ends_at) = (license.title.clone(), license.state, license.ends_at);
        let included = license.tier.included_units;
        let side = side(license, now);
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
            <Figures label="This month">
                <Figure label="Used this month" href=format!("/feed?license={license_id}") note=|| "Repeats are free and do not count">
                    <Quantity count=quota_used />
                </Figure>
                <Figure label="Left of the included" note={
                    move || view! { "of " <Quantity count=included /> }.into_any()
                }>
                    <Quantity count=remaining />
                </Figure>
                <Figure label="Deliveries" note=|| "This month, repeats included">
                    <Quantity count=deliveries />
                </Figure>
                <Figure label="State" note={
                    move || match ends_at {
                        Some(at) if at <= now => view! { "Ended " <Instant at now /> }.into_any(),
                        Some(at) => view! { "Ends " <Instant at now /> }.into_any(),
                        None => "Open-ended".into_any(),
                    }
                }>{state.in_words()}</Figure>
            </Figures>
            <Columns side=move || side>
                <Section title="Tokens">{draw_tokens(tokens, license_id, may_create, may_revoke, now)}</Section>
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

/// A request that works as pasted. Without the secret it reads it from the environment.
pub fn curl(base_url: &str, content_id: &str, file_name: &str, secret: Option<&str>) -> String {
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
         \"{base_url}/c/{content_id}\""
    )
}

fn side(license: License, now: DateTime<Utc>) -> AnyView {
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
                <Definition name="Content ID">
                    <Digest value=license.content_id copy="content ID" />
                </Definition>
                <Definition name="Credit line">{license.attribution}</Definition>
            </Definitions>
        </Section>
        <Section title="Tier">
            <div class="tier">
                <TierInWords tier=license.tier />
            </div>
        </Section>
        <Section title="What you may do with it">
            {narrowed}
            <TermsInWords terms />
        </Section>
    }
    .into_any()
}

fn draw_tokens(
    tokens: Vec<Token>,
    license_id: LicenseId,
    may_create: bool,
    may_revoke: bool,
    now: DateTime<Utc>,
) -> AnyView {
    let rows = tokens
        .into_iter()
        .map(|token| {
            let live = token.is_live(now);
            let status = match (token.revoked_at, live) {
                (Some(_), _) => view! { <Status word="Revoked" /> }.into_any(),
                (None, false) => view! { <Status word="Expired" /> }.into_any(),
                (None, true) => view! { <Status tone=Tone::Good word="Live" /> }.into_any(),
            };
            let used = match token.last_used_at {
                Some(at) => view! { <Instant at now /> }.into_any(),
                None => "Never".into_any(),
            };
            let scopes: Vec<_> = token.scopes.iter().copied().map(Scope::in_words).collect();
            let revoke = (live && may_revoke).then(|| {
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
                Cell::new(token.name).note(view! {
                    <code class="digest">{format!("{}…{}", token.prefix, token.last_four)}</code>
                }),
                Cell::new(scopes.join(", ")),
                Cell::new(status),
                Cell::new(used),
                Cell::new(revoke),
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
                Column::number("Revoke").label_hidden(),
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
