//! What an organization says of itself, what it consents to, and how closely it looks.

use app::pages;
use axum::{extract::State, response::Response};
use imprimatur::{
    domain::{
        error::Refusal,
        profile::{Consent, Reporting, Said, TypedProfile},
    },
    services::{
        Result,
        identity::{self, EditProfile},
    },
};

use crate::portal::{Ask, Done, Fields, Portal, form_incomplete};

/// `POST /settings/profile`
pub async fn change(State(portal): State<Portal>, Ask(request): Ask, fields: Fields) -> Response {
    let deed = async || -> Result<Done> {
        let (services, actor) = (&portal.services, &request.actor);
        match fields.text("form") {
            "about" => {
                let revision = fields.text("revision").parse().map_err(|_| form_incomplete())?;
                let text = |name: &str| fields.text(name).to_owned();
                let typed = TypedProfile {
                    jurisdiction: text("jurisdiction"),
                    about: text("about"),
                    website: text("website"),
                };
                identity::edit_profile(services, actor, EditProfile { revision, typed }).await?;
            }
            "consent" => {
                let said = consents(&fields)?;
                identity::record_consents(services, actor, &said).await?;
            }
            "reporting" => {
                let reporting: Reporting = fields.text("reporting").parse()?;
                identity::choose_reporting(services, actor, reporting).await?;
            }
            _ => return Err(super::unknown_form()),
        }
        Ok(Done::To("/settings/profile?done=saved".to_owned()))
    };
    let outcome = deed().await;
    portal.finish(&request, fields, outcome, pages::profile::show(&request)).await
}

/// What was chosen of each consent.
fn consents(fields: &Fields) -> std::result::Result<Vec<(Consent, Said)>, Refusal> {
    let read = |about: &Consent| {
        let said: std::result::Result<Said, Refusal> = fields.text(about.as_str()).parse();
        Ok((*about, said.map_err(|refusal| refusal.on(about.as_str()))?))
    };
    Consent::ALL.iter().map(read).collect()
}
