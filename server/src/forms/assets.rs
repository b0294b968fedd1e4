//! `POST /assets/…`: registering a work by upload, new bytes for one, and what is said about it.
//!
//! The file is the form's last field and streams from the socket to where content is kept; it is
//! never whole in memory, and nothing of it is read before the other fields are right. What stands
//! before the file is bounded, and nothing else is parsed for whoever may not register.

use app::{pages, request::Request as PageRequest};
use axum::{
    extract::{Request, State},
    response::Response,
};
use imprimatur::{
    domain::{
        asset::TypedParticulars,
        ids::{AssetId, ClaimId},
    },
    services::{
        Result,
        assets::{self, Edit, NewAsset, NewVersion, Registered},
    },
};

use super::upload::{Upload, file_name, file_or_text, no_file};
use crate::portal::{Ask, Done, Fields, Portal, Subject, form_incomplete};

/// `POST /assets/new`
pub async fn register(State(portal): State<Portal>, Ask(request): Ask, sent: Request) -> Response {
    let mut fields = Fields::default();
    let may = assets::may_register(&request.actor);
    let outcome = match Upload::open(may, sent, 1, &mut fields).await {
        Ok(mut upload) => {
            let outcome = read(&portal, &request, &mut upload, &mut fields).await;
            upload.close(outcome).await
        }
        Err(refused) => Err(refused),
    };
    portal.finish(&request, fields, outcome, pages::new_asset::show(&request)).await
}

async fn read(
    portal: &Portal,
    request: &PageRequest,
    upload: &mut Upload,
    fields: &mut Fields,
) -> Result<Done> {
    while let (source, Some(field)) = upload.next().await? {
        let Some(file) = file_or_text(source, field, fields).await? else { continue };
        let asset_id: AssetId = fields.new_id()?;
        let particulars = typed(fields).parse()?;
        let file_name = file_name(&file)?;
        let staged = portal.services.content.stage(file).await?;
        let new = NewAsset { asset_id, particulars, file_name, staged };
        let registered = assets::register(&portal.services, &request.actor, new).await?;
        return Ok(Done::To(leads_to(registered)));
    }
    Err(no_file().into())
}

/// `POST /assets/{id}/versions/new`
pub async fn add_version(
    State(portal): State<Portal>,
    Ask(request): Ask,
    Subject(id): Subject,
    sent: Request,
) -> Response {
    let mut fields = Fields::default();
    let may = assets::may_edit(&request.actor);
    let outcome = match Upload::open(may, sent, 1, &mut fields).await {
        Ok(mut upload) => {
            let outcome = read_version(&portal, &request, &id, &mut upload, &mut fields).await;
            upload.close(outcome).await
        }
        Err(refused) => Err(refused),
    };
    portal.finish(&request, fields, outcome, pages::new_version::show(&request, &id)).await
}

async fn read_version(
    portal: &Portal,
    request: &PageRequest,
    id: &str,
    upload: &mut Upload,
    fields: &mut Fields,
) -> Result<Done> {
    let asset_id: AssetId = id.parse()?;
    while let (source, Some(field)) = upload.next().await? {
        let Some(file) = file_or_text(source, field, fields).await? else { continue };
        let version_id = fields.new_id()?;
        // Before any of it is read: whether there is such a work.
        assets::get(&portal.services, &request.actor, asset_id).await?;
        let file_name = file_name(&file)?;
        let staged = portal.services.content.stage(file).await?;
        let new = NewVersion { version_id, asset_id, file_name, staged };
        let added = assets::add_version(&portal.services, &request.actor, new).await?;
        return Ok(Done::To(leads_to(added)));
    }
    Err(no_file().into())
}

/// `POST /assets/{id}/edit`
pub async fn edit(
    State(portal): State<Portal>,
    Ask(request): Ask,
    Subject(id): Subject,
    fields: Fields,
) -> Response {
    let deed = async || -> Result<Done> {
        let asset_id = id.parse()?;
        let revision = fields.text("revision").parse().map_err(|_| form_incomplete())?;
        let edit = Edit { asset_id, revision, typed: typed(&fields) };
        assets::edit(&portal.services, &request.actor, edit).await?;
        Ok(Done::To(format!("/assets/{asset_id}")))
    };
    let outcome = deed().await;
    portal.finish(&request, fields, outcome, pages::edit_asset::show(&request, &id)).await
}

/// `POST /assets/claims`
pub async fn change_claim(
    State(portal): State<Portal>,
    Ask(request): Ask,
    fields: Fields,
) -> Response {
    let deed = async || -> Result<Done> {
        let (services, actor) = (&portal.services, &request.actor);
        let claim_id: ClaimId = fields.text("claim_id").parse()?;
        match fields.text("form") {
            "withdraw" => {
                assets::withdraw_claim(services, actor, claim_id).await?;
                Ok(Done::To(format!("/assets/claims?done=withdrawn&of={claim_id}")))
            }
            "reopen" => {
                assets::reopen_claim(services, actor, claim_id).await?;
                Ok(Done::To("/assets/claims?done=reopened".to_owned()))
            }
            _ => Err(super::unknown_form()),
        }
    };
    let outcome = deed().await;
    portal.finish(&request, fields, outcome, pages::claims::show(&request)).await
}

/// What a form says about a work.
pub(super) fn typed(fields: &Fields) -> TypedParticulars {
    let text = |name: &str| fields.text(name).to_owned();
    TypedParticulars {
        title: text("title"),
        description: text("description"),
        attribution: text("attribution"),
        kind: text("kind"),
        rights: text("rights"),
        tags: text("tags"),
        language: text("language"),
        visibility: text("visibility"),
    }
}

/// Where what came of an upload is shown.
fn leads_to(registered: Registered) -> String {
    match registered {
        Registered::Work(asset_id) => format!("/assets/{asset_id}"),
        Registered::Claim(claim_id) => format!("/assets/claims#{claim_id}"),
    }
}
