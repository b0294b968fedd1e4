//! `/licenses/{id}/tokens/new`: creating a token, and the one time its secret is shown.

use imprimatur::words::say;
use imprimatur::{
    domain::{
        access_token::TokenSecret,
        actor::Deed,
        ids::{LicenseId, TokenId},
    },
    services::{Result, licenses, mint, tokens},
};
use leptos::prelude::*;

use super::snippets::{self, Fetch};
use crate::{
    request::{Page, Request},
    ui::{
        Button, ButtonKind, ButtonLink, CheckField, CheckGroup, Choice, Crumb, FormActions, Notice,
        PageHeader, PostForm, Secret, Section, SelectField, TextArea, TextField, Tone, Typed,
    },
};

/// Days a token can be made to live; empty is "until revoked".
const LIFETIMES: [(&str, &str); 4] = [
    ("30", n!("30 days")),
    ("90", n!("90 days")),
    ("365", n!("A year")),
    ("", n!("Until revoked")),
];

/// The form that creates a token.
pub async fn show(request: &Request, id: &str) -> Result<Page> {
    let license_id: LicenseId = id.parse()?;
    request.actor.may_as_buyer(Deed::CreateToken)?;
    let license = licenses::get(&request.services, &request.actor, license_id).await?;
    Ok(Page::workspace(request, t!("Create token"), move || {
        let token_id: TokenId = mint();
        let scopes: Vec<String> = license.tier.scopes.iter().map(ToString::to_string).collect();
        let choices = license
            .tier
            .scopes
            .iter()
            .map(|scope| Choice::new(scope.as_str(), scope.in_words()))
            .collect();
        let lifetimes =
            LIFETIMES.iter().map(|(value, label)| Choice::new(*value, say(label))).collect();
        let title = license.title;
        view! {
            <div class="narrow">
                <PageHeader
                    title=t!("Create token")
                    crumbs=vec![
                        Crumb::new(t!("Licenses"), "/licenses"),
                        Crumb::new(title.clone(), format!("/licenses/{license_id}")),
                    ]
                    here=t!("Token")
                    lead=|| t!("The secret is shown once, on the next page. Keep it where your machines keep secrets.")
                />
                <PostForm creates=token_id.to_string()>
                    <TextField
                        name="name"
                        label=t!("Name")
                        hint=t!("What will use it: “nightly crawl”, “training run 7”.")
                        required=true
                        maxlength=80
                    />
                    <CheckGroup name="scopes" legend=t!("For") choices values=scopes required=true />
                    <SelectField name="expires" label=t!("Valid for") choices=lifetimes value="90" required=true />
                    {limits()}
                    <FormActions>
                        <Button>{t!("Create token")}</Button>
                        <ButtonLink kind=ButtonKind::Quiet href=format!("/licenses/{license_id}")>
                            {t!("Cancel")}
                        </ButtonLink>
                    </FormActions>
                </PostForm>
            </div>
        }
    }))
}

/// What a token can be limited to besides its uses: folded, for most have no limits.
fn limits() -> AnyView {
    let came_back = use_context::<Typed>().is_some();
    view! {
        <details class="fold" open=came_back>
            <summary>{t!("Limits")}</summary>
            <TextArea
                name="jobs"
                label=t!("Jobs")
                hint=t!("One to a line. Every request must then name one of them as Imprimatur-Job.")
                rows=2
                mono=true
            />
            <TextArea
                name="domains"
                label=t!("Domains")
                hint=t!("One to a line, like news.example or *.news.example. Requests to other hosts are refused.")
                rows=2
                mono=true
            />
            <CheckField
                name="requires_nonce"
                label=t!("Require a nonce")
                hint=t!("Every request carries a new Imprimatur-Nonce, so that nobody can send it again.")
            />
        </details>
    }
    .into_any()
}

/// The token's one showing. `secret` is missing where the form was sent twice.
pub async fn created(
    request: &Request,
    (license_id, token_id): (LicenseId, TokenId),
    secret: Option<TokenSecret>,
) -> Result<Page> {
    let license = licenses::get(&request.services, &request.actor, license_id).await?;
    let tokens = tokens::list(&request.services, &request.actor, license_id).await?;
    let token = tokens.into_iter().find(|token| token.token_id == token_id);
    let limits = token.map(|token| token.limits).unwrap_or_default();
    let base_url = request.base_url.clone();
    Ok(Page::workspace(request, t!("Token created"), move || {
        let shown = match secret {
            Some(secret) => {
                let secret = secret.reveal();
                let requests = snippets::draw(&Fetch {
                    base_url: &base_url,
                    subject: &license.subject,
                    secret: Some(secret),
                    limits: &limits,
                });
                view! {
                    <Secret label=t!("Token") value=secret.to_owned() />
                    <Section title=t!("Fetch it")>
                        <p class="section__note">
                            {t!("Paste it into a terminal. The work lands in a file beside you, the receipt in headers.txt.")}
                        </p>
                        {requests}
                    </Section>
                }
                .into_any()
            }
            None => view! {
                <Notice tone=Tone::Warn title=t!("This token was created before")>
                    {t!("Its secret was shown then and cannot be shown again. Revoke it and create another if you did not keep it.")}
                </Notice>
            }
            .into_any(),
        };
        view! {
            <div class="narrow">
                <PageHeader
                    title=t!("Token created")
                    crumbs=vec![
                        Crumb::new(t!("Licenses"), "/licenses"),
                        Crumb::new(license.title.clone(), format!("/licenses/{license_id}")),
                    ]
                    here=t!("Token")
                    lead=|| t!("Copy it now. This is the only time it is shown.")
                />
                {shown}
                <FormActions>
                    <ButtonLink kind=ButtonKind::Quiet href=format!("/licenses/{license_id}")>
                        {t!("To the license")}
                    </ButtonLink>
                </FormActions>
            </div>
        }
    }))
}
