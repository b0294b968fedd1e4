//! `POST /assets/…`: registering a work by upload, new bytes for one, and what is said about it.
//!
//! The file is the form's last field and streams from the socket to where content is kept; it is
//! never whole in memory, and nothing of it is read before the other fields are right. What stands
//! before the file is bounded, and nothing else is parsed for whoever may not register.

use app::{pages, request::Request as PageRequest};
use axum::{
    body::Body,
    extract::{FromRequest as _, Multipart, Request, State, multipart::Field},
    http::request::Parts,
    response::Response,
};
use imprimatur::{
    domain::{
        asset::{TypedParticulars, batch::last_part},
        error::{Kind, Refusal},
        ids::AssetId,
        text,
    },
    services::{
        Error, Result,
        assets::{self, Edit, NewAsset, NewVersion, Registered},
    },
};

use super::upload::Source;
use crate::portal::{Ask, Done, Fields, Portal, Subject, form_incomplete, not_a_form};

/// The fields beside the file; others are passed over.
const FIELDS: [&str; 9] = [
    "id",
    "title",
    "kind",
    "description",
    "attribution",
    "rights",
    "tags",
    "language",
    "visibility",
];
/// The most parts a form may have.
const PARTS_MAX: usize = 16;
/// The most bytes one text field may have before it is read no further.
const FIELD_BYTES_MAX: usize = 64 * 1024;

/// `POST /assets/new`
pub async fn register(State(portal): State<Portal>, Ask(request): Ask, sent: Request) -> Response {
    let mut fields = Fields::default();
    let (parts, body) = sent.into_parts();
    let source = Source::new(body);
    let outcome = match assets::may_register(&request.actor) {
        Err(refused) => {
            read_typed(&refused, parts, &source, &mut fields).await;
            Err(refused)
        }
        Ok(_) => {
            let form = Request::from_parts(parts, Body::from_stream(source.stream()));
            match Multipart::from_request(form, &()).await {
                Ok(mut upload) => read(&portal, &request, &source, &mut upload, &mut fields).await,
                Err(_) => Err(not_a_form().into()),
            }
        }
    };
    if outcome.is_err() {
        source.drain().await;
    }
    portal.finish(&request, fields, outcome, pages::new_asset::show(&request)).await
}

async fn read(
    portal: &Portal,
    request: &PageRequest,
    source: &Source,
    upload: &mut Multipart,
    fields: &mut Fields,
) -> Result<Done> {
    for _ in 0..PARTS_MAX {
        let Some(mut field) = upload.next_field().await.map_err(|_| cut_off())? else { break };
        let name = field.name().unwrap_or_default().to_owned();
        if name != "file" {
            read_text(&mut field, name, fields).await?;
            continue;
        }
        let asset_id: AssetId = fields.new_id()?;
        let particulars = typed(fields).parse()?;
        let file_name = file_name(field.file_name().unwrap_or_default())?;
        source.file_begins();
        let staged = portal.services.content.stage(field).await?;
        let new = NewAsset { asset_id, particulars, file_name, staged };
        let registered = assets::register(&portal.services, &request.actor, new).await?;
        return Ok(Done::To(leads_to(registered)));
    }
    Err(Refusal::invalid("file", "Choose a file.").into())
}

/// `POST /assets/{id}/versions/new`
pub async fn add_version(
    State(portal): State<Portal>,
    Ask(request): Ask,
    Subject(id): Subject,
    sent: Request,
) -> Response {
    let mut fields = Fields::default();
    let (parts, body) = sent.into_parts();
    let source = Source::new(body);
    let outcome = match assets::may_edit(&request.actor) {
        Err(refused) => {
            read_typed(&refused, parts, &source, &mut fields).await;
            Err(refused)
        }
        Ok(_) => {
            let form = Request::from_parts(parts, Body::from_stream(source.stream()));
            match Multipart::from_request(form, &()).await {
                Ok(mut upload) => {
                    read_version(&portal, &request, &id, &source, &mut upload, &mut fields).await
                }
                Err(_) => Err(not_a_form().into()),
            }
        }
    };
    if outcome.is_err() {
        source.drain().await;
    }
    portal.finish(&request, fields, outcome, pages::new_version::show(&request, &id)).await
}

async fn read_version(
    portal: &Portal,
    request: &PageRequest,
    id: &str,
    source: &Source,
    upload: &mut Multipart,
    fields: &mut Fields,
) -> Result<Done> {
    let asset_id: AssetId = id.parse()?;
    for _ in 0..PARTS_MAX {
        let Some(mut field) = upload.next_field().await.map_err(|_| cut_off())? else { break };
        let name = field.name().unwrap_or_default().to_owned();
        if name != "file" {
            read_text(&mut field, name, fields).await?;
            continue;
        }
        let version_id = fields.new_id()?;
        // Before any of it is read: whether there is such a work.
        assets::get(&portal.services, &request.actor, asset_id).await?;
        let file_name = file_name(field.file_name().unwrap_or_default())?;
        source.file_begins();
        let staged = portal.services.content.stage(field).await?;
        let new = NewVersion { version_id, asset_id, file_name, staged };
        let added = assets::add_version(&portal.services, &request.actor, new).await?;
        return Ok(Done::To(leads_to(added)));
    }
    Err(Refusal::invalid("file", "Choose a file.").into())
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
pub async fn withdraw_claim(
    State(portal): State<Portal>,
    Ask(request): Ask,
    fields: Fields,
) -> Response {
    let deed = async || -> Result<Done> {
        let claim_id = fields.text("claim_id").parse()?;
        assets::withdraw_claim(&portal.services, &request.actor, claim_id).await?;
        Ok(Done::To("/assets/claims".to_owned()))
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

/// Reads what somebody typed whose session has ended: the texts before the first file, and nothing
/// else.
pub(super) async fn read_typed(
    refused: &Error,
    parts: Parts,
    source: &Source,
    fields: &mut Fields,
) {
    if !refused.refusal().is_some_and(|refusal| refusal.kind == Kind::Unauthenticated) {
        return;
    }
    let form = Request::from_parts(parts, Body::from_stream(source.stream()));
    let Ok(mut upload) = Multipart::from_request(form, &()).await else { return };
    for _ in 0..PARTS_MAX {
        let Ok(Some(mut field)) = upload.next_field().await else { return };
        let name = field.name().unwrap_or_default().to_owned();
        let is_file = matches!(name.as_str(), "file" | "table");
        if is_file || read_text(&mut field, name, fields).await.is_err() {
            return;
        }
    }
}

/// Reads a field that is no file, if it is one of ours.
pub(super) async fn read_text(
    field: &mut Field<'_>,
    name: String,
    fields: &mut Fields,
) -> Result<()> {
    let mut value = Vec::new();
    while let Some(chunk) = field.chunk().await.map_err(|_| cut_off())? {
        if value.len() + chunk.len() > FIELD_BYTES_MAX {
            return Err(Refusal::invalid(name, "Shorten this.").into());
        }
        value.extend_from_slice(&chunk);
    }
    if FIELDS.contains(&name.as_str()) && fields.text(&name).is_empty() {
        fields.0.push((name, String::from_utf8_lossy(&value).into_owned()));
    }
    Ok(())
}

/// Where what came of an upload is shown.
fn leads_to(registered: Registered) -> String {
    match registered {
        Registered::Work(asset_id) => format!("/assets/{asset_id}"),
        Registered::Claim(claim_id) => format!("/assets/claims#{claim_id}"),
    }
}

/// The last part of the name a browser sent; a name is only ever shown, never a path.
pub(super) fn file_name(sent: &str) -> Result<String> {
    let last = last_part(sent);
    if last.is_empty() {
        return Err(Refusal::invalid("file", "Choose a file.").into());
    }
    let shortened: String = last.chars().filter(|&c| !text::is_invisible(c)).take(200).collect();
    Ok(text::line("file", &shortened, 200)?)
}

pub(super) fn cut_off() -> Refusal {
    Refusal::new(
        Kind::Malformed,
        "upload_cut_off",
        "The upload was cut off. Choose the file again.",
    )
    .on("file")
}
