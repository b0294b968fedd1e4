//! Founding and editing an organization, and joining one by invitation.

use app::pages;
use axum::{extract::State, response::Response};
use imprimatur::services::{
    Result,
    identity::{self as people, EditOrganization, NewOrganization},
};
use tower_sessions::Session;

use crate::{
    portal::{Ask, Done, Fields, Portal, Subject},
    session,
    sign_in::same_site_path,
};

/// `POST /welcome`
pub async fn found(
    State(portal): State<Portal>,
    Ask(request): Ask,
    browser: Session,
    fields: Fields,
) -> Response {
    let deed = async || -> Result<Done> {
        let sides: Vec<_> = fields.all("sides").collect();
        let new = NewOrganization {
            org_id: fields.new_id()?,
            name: fields.text("name").to_owned(),
            creator: sides.contains(&"creator"),
            buyer: sides.contains(&"buyer"),
            person_name: fields
                .0
                .iter()
                .find(|(name, _)| name == "person_name")
                .map(|(_, n)| n.clone()),
        };
        let organization =
            people::found_organization(&portal.services, &request.actor, new).await?;
        session::act_for(&browser, organization.org_id).await?;
        // Whoever was on their way somewhere when they signed in goes on.
        let next = request.param("next").and_then(same_site_path);
        Ok(Done::To(next.unwrap_or_else(|| "/overview".to_owned())))
    };
    let outcome = deed().await;
    portal.finish(&request, fields, outcome, pages::welcome::show(&request)).await
}

/// `POST /settings`
pub async fn edit(State(portal): State<Portal>, Ask(request): Ask, fields: Fields) -> Response {
    let deed = async || -> Result<Done> {
        let sides: Vec<_> = fields.all("sides").collect();
        let edit = EditOrganization {
            name: fields.text("name").to_owned(),
            creator: sides.contains(&"creator"),
            buyer: sides.contains(&"buyer"),
        };
        people::edit_organization(&portal.services, &request.actor, edit).await?;
        Ok(Done::To("/settings?done=saved".into()))
    };
    let outcome = deed().await;
    portal.finish(&request, fields, outcome, pages::settings::show(&request)).await
}

/// `POST /join/{code}`
pub async fn join(
    State(portal): State<Portal>,
    Ask(request): Ask,
    Subject(code): Subject,
    browser: Session,
    fields: Fields,
) -> Response {
    let deed = async || -> Result<Done> {
        let member = people::accept_invitation(&portal.services, &request.actor, &code).await?;
        session::act_for(&browser, member.org_id).await?;
        Ok(Done::To("/overview".into()))
    };
    let outcome = deed().await;
    portal.finish(&request, fields, outcome, pages::invitation::show(&request, &code)).await
}
