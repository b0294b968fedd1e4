//! `POST /settings/members`: inviting, changing roles, removing, withdrawing invitations.

use app::pages;
use axum::{extract::State, response::Response};
use imprimatur::{
    domain::{
        actor::Role,
        ids::{InvitationId, PersonId},
    },
    services::{
        Result,
        identity::{self as people, Invite},
    },
};

use crate::portal::{Ask, Done, Fields, Portal};

/// `POST /settings/members`
pub async fn change(State(portal): State<Portal>, Ask(request): Ask, fields: Fields) -> Response {
    let deed = async || -> Result<Done> {
        let (services, actor) = (&portal.services, &request.actor);
        let done = match fields.text("form") {
            "invite" => {
                let invite =
                    Invite { invitation_id: fields.new_id()?, role: fields.text("role").parse()? };
                let link = people::invite(services, actor, invite).await?;
                let page = pages::members::invited(&request, link).await?;
                return Ok(Done::Show(Box::new(page)));
            }
            "role" => {
                let person_id: PersonId = fields.text("person_id").parse()?;
                let role = fields.text("role").parse()?;
                people::change_role(services, actor, person_id, role).await?;
                // What the page said when the form was filled in: sent twice, it is the same.
                match fields.text("was").parse::<Role>() {
                    Ok(was) if was != role => format!("role&of={person_id}&before={was}"),
                    _ => "role".to_owned(),
                }
            }
            "remove" => {
                let person_id: PersonId = fields.text("person_id").parse()?;
                people::remove_member(services, actor, person_id).await?;
                if actor.person_id() == Some(person_id) {
                    return Ok(Done::To("/overview".into()));
                }
                "removed".to_owned()
            }
            "withdraw" => {
                let invitation_id: InvitationId = fields.text("invitation_id").parse()?;
                people::withdraw_invitation(services, actor, invitation_id).await?;
                "withdrawn".to_owned()
            }
            _ => return Err(super::unknown_form()),
        };
        Ok(Done::To(format!("/settings/members?done={done}")))
    };
    let outcome = deed().await;
    portal.finish(&request, fields, outcome, pages::members::show(&request)).await
}
