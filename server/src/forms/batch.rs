//! `POST /assets/several`: many works by one form: files, and a table that says what they are.
//!
//! Always true: a file streams from the socket to where content is kept, one after the other; the
//! table is bounded and comes before them; and what is wrong with one work stops no other.

use app::{pages, request::Request as PageRequest};
use axum::{
    extract::{Request, State},
    response::Response,
};
use futures::StreamExt as _;
use imprimatur::{
    domain::error::{Kind, Refusal},
    services::{
        Error, Result,
        assets::{self, Batch},
    },
};

use super::{
    assets::typed,
    upload::{TEXTS_MAX, Upload, cut_off, file_name, read_text},
};
use crate::portal::{Ask, Done, Fields, Portal, not_a_form};

/// The most files a form may have.
const FILES_MAX: usize = 500;
/// One file more than is taken, to say so; and the table.
const PARTS_MAX: usize = FILES_MAX + 2;
/// The most bytes of a table.
const TABLE_BYTES_MAX: usize = 8 * 1024 * 1024;
/// The most rows of a table.
const ROWS_MAX: usize = 1000;

/// `POST /assets/several`
pub async fn register(State(portal): State<Portal>, Ask(request): Ask, sent: Request) -> Response {
    let mut fields = Fields::default();
    let may = assets::may_register(&request.actor);
    let outcome = match Upload::open(may, sent, PARTS_MAX, &mut fields).await {
        Ok(mut upload) => {
            let outcome = read(&portal, &request, &mut upload, &mut fields).await;
            upload.close(outcome).await
        }
        Err(refused) => Err(refused),
    };
    portal.finish(&request, fields, outcome, pages::several::show(&request)).await
}

async fn read(
    portal: &Portal,
    request: &PageRequest,
    upload: &mut Upload,
    fields: &mut Fields,
) -> Result<Done> {
    let (services, actor) = (&portal.services, &request.actor);
    let mut table = None;
    let mut batch = None;
    let (mut files, mut texts) = (0, 0);
    while let (source, Some(mut field)) = upload.next().await? {
        let name = field.name().unwrap_or_default().to_owned();
        match name.as_str() {
            // A browser sends a part without a name where no file was chosen.
            "file" | "table" if field.file_name().unwrap_or_default().is_empty() => {}
            "file" => {
                let batch = match &mut batch {
                    Some(batch) => batch,
                    none => none.insert(begin(request, fields, table.take())?),
                };
                files += 1;
                if files > FILES_MAX {
                    batch.refuse(t!("More files"), too_many_files());
                    source.drain().await;
                    break;
                }
                source.file_begins();
                let named = file_name(&field);
                let mut field = Box::pin(field);
                match named {
                    Ok(named) => batch.file(services, actor, &named, field.as_mut()).await?,
                    Err(Error::Refused(refusal)) => batch.refuse(t!("A file"), refusal),
                    Err(fault) => return Err(fault),
                }
                // Nothing is kept of what is left of a file that was refused.
                while let Some(rest) = field.next().await {
                    rest.map_err(|_| cut_off())?;
                }
                source.file_ends();
            }
            "table" => {
                source.file_begins();
                let mut read = Vec::new();
                while let Some(chunk) = field.chunk().await.map_err(|_| cut_off())? {
                    if read.len() + chunk.len() > TABLE_BYTES_MAX {
                        return Err(table_too_large().into());
                    }
                    read.extend_from_slice(&chunk);
                }
                source.file_ends();
                let read = String::from_utf8(read).map_err(|_| no_table())?;
                table = Some(read);
            }
            _ => {
                texts += 1;
                if texts > TEXTS_MAX {
                    return Err(not_a_form().into());
                }
                read_text(&mut field, name, fields).await?;
            }
        }
    }
    let mut batch = match batch {
        Some(batch) => batch,
        None if table.is_none() => {
            return Err(Refusal::invalid("file", t!("Choose files, or a table, or both.")).into());
        }
        None => begin(request, fields, table)?,
    };
    while batch.text(services, actor).await? {}
    let report = pages::several::report(request, batch.finish());
    Ok(Done::Show(Box::new(report)))
}

/// The batch, once everything that is said about all of it has come.
fn begin(request: &PageRequest, fields: &Fields, table: Option<String>) -> Result<Batch> {
    let mut batch = Batch::new(&request.actor, fields.new_id()?, typed(fields))?;
    if let Some(table) = table {
        batch.read_table(&table, ROWS_MAX)?;
    }
    Ok(batch)
}

fn too_many_files() -> Refusal {
    let says = t!("Only {FILES_MAX} files are taken at once; the others were left out.");
    Refusal::invalid("file", says)
}

fn table_too_large() -> Refusal {
    Refusal::new(
        Kind::TooLarge,
        "table_too_large",
        t!(
            "Choose a table of at most 8 MiB, or have it imported by the command imprimatur import."
        ),
    )
    .on("table")
}

fn no_table() -> Refusal {
    Refusal::invalid("table", t!("This is no table: save it as CSV in UTF-8."))
}
