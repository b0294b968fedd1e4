//! Accepting an offer and capping what it costs; creating, rotating and revoking tokens.

use app::pages;
use axum::{extract::State, response::Response};
use imprimatur::{
    domain::{
        access_token::TypedLimits,
        error::Refusal,
        ids::{LicenseId, TierId, TokenId},
    },
    services::{
        Result,
        licenses::{self, Acceptance},
        tokens::{self, NewToken, Rotation},
    },
};

use crate::portal::{Ask, Done, Fields, Portal, Subject};

/// `POST /catalogue/{id}/license`
pub async fn accept(
    State(portal): State<Portal>,
    Ask(request): Ask,
    Subject(id): Subject,
    mut fields: Fields,
) -> Response {
    let deed = async || -> Result<Done> {
        let tier_id: TierId = fields
            .text("tier")
            .parse()
            .map_err(|_| Refusal::invalid("tier", "Choose one of the tiers listed."))?;
        let acceptance = Acceptance {
            license_id: fields.new_id()?,
            asset_id: id.parse()?,
            tier_id,
            terms_digest: fields.text("terms_digest").to_owned(),
            agreed: fields.ticked("agreed"),
        };
        let license_id = licenses::accept(&portal.services, &request.actor, acceptance).await?;
        Ok(Done::To(format!("/licenses/{license_id}")))
    };
    let outcome = deed().await;
    let refusal = outcome.as_ref().err().and_then(|error| error.refusal());
    if refusal.is_some_and(|refusal| refusal.code == "terms_changed") {
        // Nobody has agreed to what the page shows now.
        fields.0.retain(|(name, _)| name != "agreed");
    }
    portal.finish(&request, fields, outcome, pages::license_form::show(&request, &id)).await
}

/// `POST /licenses/{id}/tokens/new`
pub async fn create_token(
    State(portal): State<Portal>,
    Ask(request): Ask,
    Subject(id): Subject,
    fields: Fields,
) -> Response {
    let deed = async || -> Result<Done> {
        let license_id: LicenseId = id.parse()?;
        let expires_in_days = match fields.text("expires") {
            "" => None,
            days => {
                Some(days.parse().ok().filter(|days| (1..=3650).contains(days)).ok_or_else(
                    || Refusal::invalid("expires", "Choose one of the times listed."),
                )?)
            }
        };
        let new = NewToken {
            token_id: fields.new_id()?,
            license_id,
            name: fields.text("name").to_owned(),
            scopes: fields
                .all("scopes")
                .map(|scope| scope.parse().map_err(|refusal: Refusal| refusal.on("scopes")))
                .collect::<std::result::Result<_, _>>()?,
            expires_in_days,
            limits: TypedLimits {
                domains: fields.text("domains").to_owned(),
                jobs: fields.text("jobs").to_owned(),
                requires_nonce: fields.ticked("requires_nonce"),
            },
        };
        let secret = tokens::create(&portal.services, &request.actor, new).await?;
        let page = pages::new_token::created(&request, license_id, secret).await?;
        Ok(Done::Show(Box::new(page)))
    };
    let outcome = deed().await;
    portal.finish(&request, fields, outcome, pages::new_token::show(&request, &id)).await
}

/// `POST /licenses/{id}/rotate`
pub async fn rotate_token(
    State(portal): State<Portal>,
    Ask(request): Ask,
    Subject(id): Subject,
    fields: Fields,
) -> Response {
    let deed = async || -> Result<Done> {
        let overlap = fields.text("overlap").parse();
        let rotation = Rotation {
            token_id: fields.new_id()?,
            old: pages::rotate_token::token_of(&request)?,
            overlap_days: overlap
                .map_err(|_| Refusal::invalid("overlap", "Choose one of the times listed."))?,
        };
        let (license_id, secret) =
            tokens::rotate(&portal.services, &request.actor, rotation).await?;
        let page = pages::new_token::created(&request, license_id, secret).await?;
        Ok(Done::Show(Box::new(page)))
    };
    let outcome = deed().await;
    portal.finish(&request, fields, outcome, pages::rotate_token::show(&request, &id)).await
}

/// `POST /licenses/{id}`: revoking a token, or capping what the license costs.
pub async fn change(
    State(portal): State<Portal>,
    Ask(request): Ask,
    Subject(id): Subject,
    fields: Fields,
) -> Response {
    let deed = async || -> Result<Done> {
        let (services, actor) = (&portal.services, &request.actor);
        let license_id = match fields.text("form") {
            "revoke" => {
                let token_id: TokenId = fields.text("token_id").parse()?;
                tokens::revoke(services, actor, token_id).await?
            }
            "cap" => {
                let license_id: LicenseId = id.parse()?;
                let typed = fields.text("spend_cap");
                licenses::set_spend_cap(services, actor, license_id, typed).await?;
                license_id
            }
            _ => return Err(super::unknown_form()),
        };
        Ok(Done::To(format!("/licenses/{license_id}")))
    };
    let outcome = deed().await;
    portal.finish(&request, fields, outcome, pages::license::show(&request, &id)).await
}
