//! `POST /assets/new`: registering a work by upload.
//!
//! The file is the form's last field and streams from the socket to where content is kept; it is
//! never whole in memory, and nothing of it is read before the other fields are right.

use app::pages;
use axum::{
    extract::{Multipart, State, multipart::MultipartRejection},
    response::Response,
};
use futures::StreamExt as _;
use imprimatur::{
    domain::{
        asset::Particulars,
        error::{Kind, Refusal},
        ids::AssetId,
        text,
    },
    services::{
        Result,
        assets::{self, NewAsset},
    },
};

use crate::portal::{Ask, Done, Fields, Portal, not_a_form};

/// The most bytes one text field may have before it is read no further.
const FIELD_BYTES_MAX: usize = 64 * 1024;
/// What is still read of a refused upload, so that a browser gets to see the answer.
const DRAIN_BYTES_MAX: usize = 32 * 1024 * 1024;

/// `POST /assets/new`
pub async fn register(
    State(portal): State<Portal>,
    Ask(request): Ask,
    upload: std::result::Result<Multipart, MultipartRejection>,
) -> Response {
    let mut fields = Fields::default();
    let outcome = match upload {
        Ok(mut upload) => {
            let outcome = read(&portal, &request, &mut upload, &mut fields).await;
            if outcome.is_err() {
                drain(&mut upload).await;
            }
            outcome
        }
        Err(_) => Err(not_a_form().into()),
    };
    portal.finish(&request, fields, outcome, pages::new_asset::show(&request)).await
}

async fn read(
    portal: &Portal,
    request: &app::request::Request,
    upload: &mut Multipart,
    fields: &mut Fields,
) -> Result<Done> {
    assets::may_register(&request.actor)?;
    while let Some(mut field) = upload.next_field().await.map_err(|_| cut_off())? {
        let name = field.name().unwrap_or_default().to_owned();
        if name != "file" {
            let mut value = Vec::new();
            while let Some(chunk) = field.chunk().await.map_err(|_| cut_off())? {
                if value.len() + chunk.len() > FIELD_BYTES_MAX {
                    return Err(Refusal::invalid(name, "Shorten this.").into());
                }
                value.extend_from_slice(&chunk);
            }
            let value = String::from_utf8_lossy(&value).into_owned();
            fields.0.push((name, value));
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
        let staged = portal.services.content.stage(field.by_ref()).await?;
        let new = NewAsset { asset_id, particulars, file_name, staged };
        let asset_id = assets::register(&portal.services, &request.actor, new).await?;
        return Ok(Done::To(format!("/assets/{asset_id}")));
    }
    Err(Refusal::invalid("file", "Choose a file.").into())
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

/// Browsers show the answer only after they have sent the form, so a refused one is read on, up to
/// a limit, and thrown away.
async fn drain(upload: &mut Multipart) {
    let mut drained = 0;
    while let Ok(Some(mut field)) = upload.next_field().await {
        while let Ok(Some(chunk)) = field.chunk().await {
            drained += chunk.len();
            if drained > DRAIN_BYTES_MAX {
                return;
            }
        }
    }
}
