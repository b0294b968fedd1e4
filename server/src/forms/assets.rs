//! `POST /assets/new`: registering a work by upload.
//!
//! The file is the form's last field and streams from the socket to where content is kept; it is
//! never whole in memory, and nothing of it is read before the other fields are right. What stands
//! before the file is bounded, and nothing is parsed for whoever may not register.

use app::{pages, request::Request as PageRequest};
use axum::{
    body::Body,
    extract::{FromRequest as _, Multipart, Request, State},
    response::Response,
};
use imprimatur::{
    domain::{
        asset::Particulars,
        error::{Kind, Refusal},
        ids::AssetId,
        text,
    },
    services::{
        Result,
        assets::{self, NewAsset, Registered},
    },
};

use super::upload::Source;
use crate::portal::{Ask, Done, Fields, Portal, not_a_form};

/// The fields beside the file; others are passed over.
const FIELDS: [&str; 5] = ["id", "title", "kind", "description", "attribution"];
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
        Err(refused) => Err(refused),
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
            continue;
        }
        let asset_id: AssetId = fields.new_id()?;
        let particulars = Particulars::parse(
            fields.text("title"),
            fields.text("description"),
            fields.text("attribution"),
            fields.text("kind"),
        )?;
        let file_name = file_name(field.file_name().unwrap_or_default())?;
        source.file_begins();
        let staged = portal.services.content.stage(field).await?;
        let new = NewAsset { asset_id, particulars, file_name, staged };
        let registered = assets::register(&portal.services, &request.actor, new).await?;
        return Ok(Done::To(leads_to(registered)));
    }
    Err(Refusal::invalid("file", "Choose a file.").into())
}

/// Where what came of an upload is shown.
fn leads_to(registered: Registered) -> String {
    match registered {
        Registered::Work(asset_id) => format!("/assets/{asset_id}"),
        Registered::Claim(claim_id) => format!("/assets/claims#{claim_id}"),
    }
}

/// The last part of the name a browser sent; a name is only ever shown, never a path.
fn file_name(sent: &str) -> Result<String> {
    let last = sent.rsplit(['/', '\\']).next().unwrap_or_default();
    if last.is_empty() {
        return Err(Refusal::invalid("file", "Choose a file.").into());
    }
    let shortened: String = last.chars().filter(|&c| !text::is_invisible(c)).take(200).collect();
    Ok(text::line("file", &shortened, 200)?)
}

fn cut_off() -> Refusal {
    Refusal::new(
        Kind::Malformed,
        "upload_cut_off",
        "The upload was cut off. Choose the file again.",
    )
    .on("file")
}
