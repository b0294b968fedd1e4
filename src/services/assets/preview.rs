//! What a version looks like, told from a part of its bytes.
//!
//! Members see much of their own; the public sees at most a quarter of a text or a table, and never
//! bytes that a program could use for the whole. Everything shown is text; nothing of it is markup.

use futures::TryStreamExt as _;
use serde_json::Value;

use crate::{
    domain::{asset::ContentId, sheet::Sheet},
    services::{Error, Result, Services},
};

/// What members see at most of one of their own texts.
const OWN_BYTES_MAX: u64 = 64 * 1024;
/// What the public sees at most.
const PUBLIC_BYTES_MAX: u64 = 2 * 1024;
/// The public sees at most one part in so many.
const PUBLIC_SHARE: u64 = 4;
/// Less than this shows nothing of a work.
const PUBLIC_BYTES_MIN: u64 = 48;
const LINES_MAX: usize = 200;
const ROWS_MAX: usize = 10;
const COLUMNS_MAX: usize = 8;
const CELL_LENGTH_MAX: usize = 80;

/// What the public hears of a recording at most.
const SAMPLE_BYTES_MAX: u64 = 512 * 1024;
/// The public hears at most one part in so many.
const SAMPLE_SHARE: u64 = 8;

/// What a version looks like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Preview {
    /// Its beginning, and whether it goes on.
    Text { excerpt: String, cut: bool },
    /// Its first rows, and whether there are more.
    Table { columns: Vec<String>, rows: Vec<Vec<String>>, cut: bool },
    /// A player of the browser's plays it.
    Media(Media),
    /// The beginning of a recording, which a player of the browser's plays.
    Sample,
    /// Nothing can be shown; the sentence says why.
    None(&'static str),
}

/// How a browser shows bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Media {
    Image,
    Audio,
    Video,
}

/// Who looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// Members of the work's organization.
    Members,
    Public,
}

/// A version, as its preview needs it.
#[derive(Clone, Debug)]
pub struct Previewed<'a> {
    pub content_id: &'a str,
    pub bytes: i64,
    pub media_type: &'a str,
}

/// How a browser may show bytes of this type. Only types that run nothing are here.
pub fn media(media_type: &str) -> Option<Media> {
    match media_type {
        "image/png" | "image/jpeg" | "image/gif" | "image/webp" | "image/avif" | "image/bmp" => {
            Some(Media::Image)
        }
        "audio/mpeg" | "audio/x-wav" | "audio/ogg" | "audio/x-flac" | "audio/aac" | "audio/m4a"
        | "audio/opus" => Some(Media::Audio),
        "video/mp4" | "video/webm" | "video/x-m4v" => Some(Media::Video),
        _ => None,
    }
}

/// How much of a version the public may play: of recordings that can be cut anywhere, the beginning.
pub fn sample_bytes(media_type: &str, bytes: i64) -> Option<u64> {
    let cut_anywhere =
        matches!(media_type, "audio/mpeg" | "audio/x-wav" | "audio/ogg" | "audio/x-flac");
    let bytes = u64::try_from(bytes).unwrap_or_default();
    cut_anywhere.then(|| (bytes / SAMPLE_SHARE).min(SAMPLE_BYTES_MAX)).filter(|sample| *sample > 0)
}

/// What a version looks like to whoever looks.
pub async fn preview(
    services: &Services,
    version: &Previewed<'_>,
    audience: Audience,
) -> Result<Preview> {
    if let Some(media) = media(version.media_type) {
        return Ok(match audience {
            Audience::Members => Preview::Media(media),
            Audience::Public if sample_bytes(version.media_type, version.bytes).is_some() => {
                Preview::Sample
            }
            Audience::Public => Preview::None(t!(
                "Its creator shows it to licensees only. The free tier, where there is one, delivers it whole."
            )),
        });
    }
    let kind = version.media_type.split(';').next().unwrap_or_default();
    if !kind.starts_with("text/") && !matches!(kind, "application/json" | "application/x-ndjson") {
        return Ok(Preview::None(t!("There is no preview for this type of file.")));
    }
    let bytes = u64::try_from(version.bytes).unwrap_or_default();
    let shown = match audience {
        Audience::Members => bytes.min(OWN_BYTES_MAX),
        Audience::Public => (bytes / PUBLIC_SHARE).min(PUBLIC_BYTES_MAX),
    };
    if audience == Audience::Public && shown < PUBLIC_BYTES_MIN {
        return Ok(Preview::None(t!("It is too short for a preview that would not be all of it.")));
    }
    let Some(text) = beginning(services, version.content_id, shown, bytes).await? else {
        return Ok(Preview::None(t!("Its bytes cannot be read now.")));
    };
    let cut = shown < bytes;
    Ok(match kind {
        "text/csv" => table_of_sheet(&text, cut),
        "application/x-ndjson" => table_of_values(lines_of_values(&text), cut),
        "application/json" => {
            let values = list_of_values(&text);
            if values.is_empty() { excerpt(&text, cut) } else { table_of_values(values, cut) }
        }
        _ => excerpt(&text, cut),
    })
}

/// The first bytes, up to a whole character; nothing if they are not kept here.
async fn beginning(
    services: &Services,
    content_id: &str,
    shown: u64,
    registered: u64,
) -> Result<Option<String>> {
    let content_id: ContentId = content_id.parse()?;
    let stream = match services.content.read_part(&content_id, 0..shown, registered).await {
        Ok(stream) => stream,
        Err(Error::Refused(_)) => return Ok(None),
        Err(fault) => return Err(fault),
    };
    let parts: Vec<bytes::Bytes> =
        stream.try_collect().await.map_err(|error| Error::fault("reading a preview", error))?;
    let mut bytes = parts.concat();
    if let Err(error) = std::str::from_utf8(&bytes)
        && error.error_len().is_none()
    {
        bytes.truncate(error.valid_up_to());
    }
    Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
}

/// The first lines; where the text is cut, the last of several is left out, for it is not whole.
fn excerpt(text: &str, cut: bool) -> Preview {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let whole = match text.rfind('\n') {
        Some(end) if cut => &text[..end],
        _ => text,
    };
    let mut lines = whole.lines();
    let mut excerpt = lines.by_ref().take(LINES_MAX).collect::<Vec<_>>().join("\n");
    // What turns the direction of reading around would do so to the page.
    excerpt.retain(|c| matches!(c, '\n' | '\t') || !crate::domain::text::is_invisible(c));
    Preview::Text { excerpt, cut: cut || lines.next().is_some() }
}

fn table_of_sheet(text: &str, cut: bool) -> Preview {
    let mut rows: Vec<Vec<String>> =
        Sheet::new(text).take(ROWS_MAX + 3).map(|row| row.cells).collect();
    let more = rows.len() > ROWS_MAX + 1;
    if cut && !more {
        // The last row is not whole.
        rows.pop();
    }
    if rows.is_empty() {
        return excerpt(text, cut);
    }
    let columns: Vec<String> =
        rows.remove(0).iter().take(COLUMNS_MAX).map(|cell| short(cell)).collect();
    rows.truncate(ROWS_MAX);
    let rows = rows
        .iter()
        .map(|row| {
            (0..columns.len())
                .map(|at| row.get(at).map(|cell| short(cell)).unwrap_or_default())
                .collect()
        })
        .collect();
    Preview::Table { columns, rows, cut: cut || more }
}

fn table_of_values(values: Vec<Value>, cut: bool) -> Preview {
    let mut columns: Vec<String> = Vec::new();
    for value in &values {
        for key in value.as_object().into_iter().flat_map(serde_json::Map::keys) {
            if columns.len() < COLUMNS_MAX && !columns.contains(key) {
                columns.push(key.clone());
            }
        }
    }
    let more = values.len() > ROWS_MAX;
    let rows = values
        .iter()
        .take(ROWS_MAX)
        .map(|value| match value {
            Value::Object(fields) if !columns.is_empty() => columns
                .iter()
                .map(|column| fields.get(column).map(in_words).unwrap_or_default())
                .collect(),
            other => vec![in_words(other)],
        })
        .collect();
    if columns.is_empty() {
        columns.push("value".to_owned());
    }
    Preview::Table {
        columns: columns.iter().map(|column| short(column)).collect(),
        rows,
        cut: cut || more,
    }
}

/// Each line is a value; the last one is left out where it is not whole.
fn lines_of_values(text: &str) -> Vec<Value> {
    let values = text.lines().map_while(|line| serde_json::from_str(line).ok());
    values.take(ROWS_MAX + 1).collect()
}

/// The first values of a list, as far as they are whole.
fn list_of_values(text: &str) -> Vec<Value> {
    let mut values = Vec::new();
    let Some(mut rest) = text.trim_start().strip_prefix('[') else { return values };
    while values.len() <= ROWS_MAX {
        let mut stream = serde_json::Deserializer::from_str(rest).into_iter::<Value>();
        let Some(Ok(value)) = stream.next() else { break };
        let end = stream.byte_offset();
        values.push(value);
        match rest[end..].trim_start().strip_prefix(',') {
            Some(further) => rest = further,
            None => break,
        }
    }
    values
}

fn in_words(value: &Value) -> String {
    match value {
        Value::String(text) => short(text),
        Value::Null => String::new(),
        other => short(&other.to_string()),
    }
}

fn short(text: &str) -> String {
    let visible = || text.chars().filter(|&c| !crate::domain::text::is_invisible(c));
    let mut short: String = visible().take(CELL_LENGTH_MAX).collect();
    if visible().nth(CELL_LENGTH_MAX).is_some() {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(preview: Preview) -> (Vec<String>, Vec<Vec<String>>, bool) {
        match preview {
            Preview::Table { columns, rows, cut } => (columns, rows, cut),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_last_line_of_what_is_cut_is_left_out() {
        let Preview::Text { excerpt, cut } = excerpt("one\ntwo\nthr", true) else { panic!() };
        assert_eq!((excerpt.as_str(), cut), ("one\ntwo", true));
        let (columns, rows, cut) = table(table_of_sheet("a,b\n1,2\n3,", true));
        assert_eq!(
            (columns, rows, cut),
            (vec!["a".into(), "b".into()], vec![vec!["1".into(), "2".into()]], true)
        );
    }

    #[test]
    fn values_become_rows() {
        let cut = r#"[{"a": 1, "b": "x"}, {"a": null, "c": [1, 2]}, {"a": "#;
        let (columns, rows, _) = table(table_of_values(list_of_values(cut), true));
        assert_eq!(columns, ["a", "b", "c"]);
        assert_eq!(rows, [["1", "x", ""], ["", "", "[1,2]"]]);
        let (columns, rows, _) = table(table_of_values(lines_of_values("1\n\"two\"\n{"), true));
        assert_eq!(
            (columns, rows),
            (vec!["value".to_owned()], vec![vec!["1".to_owned()], vec!["two".to_owned()]])
        );
        assert!(list_of_values("{\"a\": [1]}").is_empty());
    }

    #[test]
    fn only_types_that_run_nothing_are_played() {
        for media_type in ["image/svg+xml", "text/html", "application/pdf", "application/xml", ""] {
            assert_eq!(media(media_type), None);
        }
        assert_eq!(media("image/png"), Some(Media::Image));
        assert_eq!(sample_bytes("audio/mpeg", 800), Some(100));
        assert_eq!(sample_bytes("audio/mpeg", i64::MAX), Some(SAMPLE_BYTES_MAX));
        assert_eq!((sample_bytes("video/mp4", 800), sample_bytes("audio/mpeg", 7)), (None, None));
    }
}
