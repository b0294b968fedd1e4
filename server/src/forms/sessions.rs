//! `POST /settings/sessions`: signing other browsers out.

use app::pages;
use axum::{extract::State, response::Response};
use imprimatur::{
    domain::{error::Refusal, ids::SessionId},
    services::{Result, sessions},
};

use crate::portal::{Ask, Done, Fields, Portal};

/// `POST /settings/sessions`
pub async fn revoke(State(portal): State<Portal>, Ask(request): Ask, fields: Fields) -> Response {
    let deed = async || -> Result<Done> {
        let (services, actor) = (&portal.services, &request.actor);
        match fields.text("form") {
            "revoke" => {
                let session_id: SessionId = fields.text("session_id").parse()?;
                sessions::revoke(services, actor, session_id).await?;
            }
            "revoke-others" => {
                let current = request.session_id.ok_or_else(Refusal::sign_in_first)?;
                sessions::revoke_all_others(services, actor, current).await?;
            }
            _ => return Err(super::unknown_form()),
        }
        Ok(Done::To("/settings/sessions?done=revoked".into()))
    };
    let outcome = deed().await;
    portal.finish(&request, fields, outcome, pages::sessions::show(&request)).await
}
