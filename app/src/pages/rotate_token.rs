//! `/licenses/{id}/rotate?token=…`: a new secret in the place of one in use.

use imprimatur::words::say;
use imprimatur::{
    domain::{
        actor::Deed,
        error::Refusal,
        ids::{LicenseId, TokenId},
    },
    services::{Result, licenses, mint, tokens},
};
use leptos::prelude::*;

use crate::{
    request::{Page, Request},
    ui::{
        Button, ButtonKind, ButtonLink, Choice, Crumb, FormActions, PageHeader, PostForm,
        SelectField,
    },
};

/// Days for which both secrets can be made to work.
const OVERLAPS: [(&str, &str); 4] =
    [("0", n!("Not at all")), ("1", n!("A day")), ("3", n!("Three days")), ("7", n!("A week"))];

/// The token that the address names.
pub fn token_of(request: &Request) -> Result<TokenId> {
    let token = request.query.get("token").and_then(|token| token.parse().ok());
    Ok(token.ok_or_else(|| Refusal::not_found("token"))?)
}

/// The form that rotates a token.
pub async fn show(request: &Request, id: &str) -> Result<Page> {
    let license_id: LicenseId = id.parse()?;
    let token_id = token_of(request)?;
    request.actor.may_as_buyer(Deed::RotateToken)?;
    let license = licenses::get(&request.services, &request.actor, license_id).await?;
    let tokens = tokens::list(&request.services, &request.actor, license_id).await?;
    let token = tokens.into_iter().find(|token| token.token_id == token_id);
    let token = token.ok_or_else(|| Refusal::not_found("token"))?;
    Ok(Page::workspace(request, t!("Rotate token"), move || {
        let fresh: TokenId = mint();
        let choices =
            OVERLAPS.iter().map(|(value, label)| Choice::new(*value, say(label))).collect();
        let name = token.name;
        view! {
            <div class="narrow">
                <PageHeader
                    title=t!("Rotate token")
                    crumbs=vec![
                        Crumb::new(t!("Licenses"), "/licenses"),
                        Crumb::new(license.title, format!("/licenses/{license_id}")),
                    ]
                    here=t!("Rotate")
                    lead=move || {
                        t!("“{name}” gets a new secret with the same uses and limits. It is shown once, on the next page.")
                    }
                />
                <PostForm creates=fresh.to_string()>
                    <SelectField
                        name="overlap"
                        label=t!("The old secret still works for")
                        hint=t!("Long enough to switch every machine over.")
                        choices
                        value="1"
                        required=true
                    />
                    <FormActions>
                        <Button>{t!("Rotate token")}</Button>
                        <ButtonLink kind=ButtonKind::Quiet href=format!("/licenses/{license_id}")>
                            {t!("Cancel")}
                        </ButtonLink>
                    </FormActions>
                </PostForm>
            </div>
        }
    }))
}
