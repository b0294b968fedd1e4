//! Accepting an offer, capping what it costs, cancelling and renewing; creating, rotating and revoking
//! tokens.

use app::pages;
use axum::{extract::State, response::Response};
use chrono::DateTime;
use imprimatur::{
    domain::{
        access_token::TypedLimits,
        error::Refusal,
        ids::{LicenseId, TierId, TokenId},
        money::Money,
    },
    services::{
        Result,
        licenses::{self, Acceptance, Renewal},
        tokens::{self, NewToken, Rotation},
    },
};

use crate::portal::{Ask, Done, Fields, Portal, Subject, form_incomplete};

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
            .map_err(|_| Refusal::invalid("tier", t!("Choose one of the tiers listed.")))?;
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
            days => Some(days.parse().ok().filter(|days| (1..=3650).contains(days)).ok_or_else(
                || Refusal::invalid("expires", t!("Choose one of the times listed.")),
            )?),
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
        let token_id = new.token_id;
        let secret = tokens::create(&portal.services, &request.actor, new).await?;
        let page = pages::new_token::created(&request, (license_id, token_id), secret).await?;
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
                .map_err(|_| Refusal::invalid("overlap", t!("Choose one of the times listed.")))?,
        };
        let (license_id, secret) =
            tokens::rotate(&portal.services, &request.actor, rotation).await?;
        let token = (license_id, rotation.token_id);
        let page = pages::new_token::created(&request, token, secret).await?;
        Ok(Done::Show(Box::new(page)))
    };
    let outcome = deed().await;
    portal.finish(&request, fields, outcome, pages::rotate_token::show(&request, &id)).await
}

/// `POST /licenses/{id}`: revoking a token, capping what the license costs, cancelling it and taking
/// that back, renewing it.
pub async fn change(
    State(portal): State<Portal>,
    Ask(request): Ask,
    Subject(id): Subject,
    fields: Fields,
) -> Response {
    let deed = async || -> Result<Done> {
        let (services, actor) = (&portal.services, &request.actor);
        if fields.text("form") == "revoke" {
            let token_id: TokenId = fields.text("token_id").parse()?;
            let license_id = tokens::revoke(services, actor, token_id).await?;
            return Ok(Done::To(format!("/licenses/{license_id}?done=revoked")));
        }
        let license_id: LicenseId = id.parse()?;
        let done = match fields.text("form") {
            "cap" => {
                let before = licenses::get(services, actor, license_id).await?.spend_cap;
                licenses::set_spend_cap(services, actor, license_id, fields.text("spend_cap"))
                    .await?;
                format!("capped&before={}", before.map(Money::decimal).unwrap_or_default())
            }
            "cancel" => {
                licenses::cancel(services, actor, license_id).await?;
                "cancelled".to_owned()
            }
            "resume" => {
                licenses::resume(services, actor, license_id).await?;
                "resumed".to_owned()
            }
            "renew" => {
                let ends_at = DateTime::parse_from_rfc3339(fields.text("ends_at"))
                    .map_err(|_| form_incomplete())?
                    .to_utc();
                let renewal = Renewal { license_id, ends_at, agreed: fields.ticked("agreed") };
                licenses::renew(services, actor, renewal).await?;
                "renewed".to_owned()
            }
            _ => return Err(super::unknown_form()),
        };
        Ok(Done::To(format!("/licenses/{license_id}?done={done}")))
    };
    let outcome = deed().await;
    portal.finish(&request, fields, outcome, pages::license::show(&request, &id)).await
}
