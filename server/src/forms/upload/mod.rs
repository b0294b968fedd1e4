//! A form with files: what its sender may do and typed, and then the files.
//!
//! Always true: a file streams, and is never whole in memory; what stands beside it is bounded; and
//! where the sender may not do it nothing is parsed, but for the texts of somebody whose session
//! has ended.

mod source;

use axum::{
    body::Body,
    extract::{FromRequest as _, Multipart, Request, multipart::Field},
};
use imprimatur::{
    domain::{
        asset::batch::last_part,
        error::{Kind, Refusal},
        text,
    },
    services::{Error, Result},
};

pub use self::source::Source;
use crate::portal::{Done, Fields, not_a_form};

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
/// The most texts a form may have beside its files.
pub const TEXTS_MAX: usize = 16;
/// The most bytes one text field may have before it is read no further.
const FIELD_BYTES_MAX: usize = 64 * 1024;

/// A form with files, while it is read.
pub struct Upload {
    source: Source,
    parts: Multipart,
    parts_left: usize,
}

impl Upload {
    /// The form, where its sender `may` send it.
    ///
    /// # Errors
    ///
    /// Why they may not, or that this is no form; whatever was sent is read by then.
    pub async fn open<T>(
        may: Result<T>,
        sent: Request,
        files_max: usize,
        fields: &mut Fields,
    ) -> Result<Self> {
        let (head, body) = sent.into_parts();
        let source = Source::new(body);
        let form = Request::from_parts(head, Body::from_stream(source.stream()));
        let refused = match may {
            Ok(_) => match Multipart::from_request(form, &()).await {
                Ok(parts) => {
                    let parts_left = files_max + TEXTS_MAX;
                    return Ok(Self { source, parts, parts_left });
                }
                Err(_) => not_a_form().into(),
            },
            Err(refused) => {
                read_typed(&refused, form, fields).await;
                refused
            }
        };
        source.drain().await;
        Err(refused)
    }

    /// What came of reading it. Where it was refused, the rest of the form is read first: browsers
    /// show an answer only after they have sent all.
    pub async fn close(self, outcome: Result<Done>) -> Result<Done> {
        if outcome.is_err() {
            self.source.drain().await;
        }
        outcome
    }

    /// The next part, and where its bytes come from. What is more than a form may have is not read.
    ///
    /// # Errors
    ///
    /// It was cut off.
    pub async fn next(&mut self) -> Result<(&Source, Option<Field<'_>>)> {
        let Some(left) = self.parts_left.checked_sub(1) else { return Ok((&self.source, None)) };
        self.parts_left = left;
        Ok((&self.source, self.parts.next_field().await.map_err(|_| cut_off())?))
    }
}

/// The form's one file, or nothing where this is a text, which is kept in `fields`.
pub async fn file_or_text<'a>(
    source: &Source,
    mut field: Field<'a>,
    fields: &mut Fields,
) -> Result<Option<Field<'a>>> {
    let name = field.name().unwrap_or_default().to_owned();
    if name == "file" {
        source.file_begins();
        return Ok(Some(field));
    }
    read_text(&mut field, name, fields).await?;
    Ok(None)
}

/// The form ended without its file.
pub fn no_file() -> Refusal {
    Refusal::invalid("file", t!("Choose a file."))
}

/// Reads what somebody typed whose session has ended: the texts before the first file, and nothing
/// else.
async fn read_typed(refused: &Error, form: Request, fields: &mut Fields) {
    if !refused.refusal().is_some_and(|refusal| refusal.kind == Kind::Unauthenticated) {
        return;
    }
    let Ok(mut parts) = Multipart::from_request(form, &()).await else { return };
    for _ in 0..FIELDS.len() {
        let Ok(Some(mut field)) = parts.next_field().await else { return };
        let name = field.name().unwrap_or_default().to_owned();
        let is_file = matches!(name.as_str(), "file" | "table");
        if is_file || read_text(&mut field, name, fields).await.is_err() {
            return;
        }
    }
}

/// Reads a field that is no file, if it is one of ours.
pub async fn read_text(field: &mut Field<'_>, name: String, fields: &mut Fields) -> Result<()> {
    let mut value = Vec::new();
    while let Some(chunk) = field.chunk().await.map_err(|_| cut_off())? {
        if value.len() + chunk.len() > FIELD_BYTES_MAX {
            return Err(Refusal::invalid(name, t!("Shorten this.")).into());
        }
        value.extend_from_slice(&chunk);
    }
    if FIELDS.contains(&name.as_str()) && fields.text(&name).is_empty() {
        fields.0.push((name, String::from_utf8_lossy(&value).into_owned()));
    }
    Ok(())
}

/// The last part of the name a browser sent; a name is only ever shown, never a path.
pub fn file_name(file: &Field<'_>) -> Result<String> {
    let last = last_part(file.file_name().unwrap_or_default());
    if last.is_empty() {
        return Err(no_file().into());
    }
    let shortened: String = last.chars().filter(|&c| !text::is_invisible(c)).take(200).collect();
    Ok(text::line("file", &shortened, 200)?)
}

pub fn cut_off() -> Refusal {
    Refusal::new(
        Kind::Malformed,
        "upload_cut_off",
        t!("The upload was cut off. Choose the file again."),
    )
    .on("file")
}
