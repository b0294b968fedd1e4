//! Many works at once: a table that names them, and files that come along.
//!
//! The first row of the table names its columns. Each other row is a work: its bytes are a file
//! (`file`) or stand in the table (`text`). What a row leaves open is as the form says for all.

use std::collections::HashSet;

use super::{AssetKind, Particulars, TypedParticulars, Visibility};
use crate::domain::{
    error::Refusal,
    sheet::{Sheet, SheetRow},
    text::is_invisible,
};

/// The columns a table may have, and what each holds.
pub const COLUMNS: [(&str, &str); 10] = [
    ("file", n!("The name of a file that comes along. Either this or text.")),
    ("text", n!("The work itself, where it is a short text.")),
    ("title", n!("As buyers see it. The file's name unless told.")),
    ("description", n!("What a buyer should know.")),
    ("tags", n!("With commas between, in quotes.")),
    ("kind", n!("text, image, audio, video, code or data. Told from the bytes unless told.")),
    ("attribution", n!("The credit line.")),
    ("rights", n!("Who holds the rights.")),
    ("language", n!("A tag, such as en or pt-BR.")),
    ("visibility", n!("private, unlisted or listed.")),
];

/// The most characters a file's name may have.
const NAME_LENGTH_MAX: usize = 200;

/// A work of a batch that can be registered once its bytes are there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub bytes: EntryBytes,
    /// Its kind is a guess where `kind_is_open`.
    pub particulars: Particulars,
    pub kind_is_open: bool,
}

/// Where the bytes of an entry are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EntryBytes {
    /// The name of a file.
    File(String),
    Text(String),
}

/// A row of the table: a work, or what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchRow {
    /// The line of the table it begins on.
    pub line: usize,
    /// What to call it when something is said about it.
    pub name: String,
    /// The file it names, also where something is wrong with it.
    pub file: Option<String>,
    pub entry: Result<Entry, Refusal>,
}

/// Reads a table, one outcome for each row. What a row leaves open is as `common` says.
///
/// # Errors
///
/// Refuses a table whose columns cannot be told, or that has more than `rows_max` rows.
pub fn read_table(
    table: &str,
    common: &TypedParticulars,
    rows_max: usize,
) -> Result<Vec<BatchRow>, Refusal> {
    let mut sheet = Sheet::new(table);
    let columns = sheet.next().map(|head| columns(&head)).transpose()?.unwrap_or_default();
    if columns.is_empty() {
        return Err(Refusal::invalid(
            "table",
            t!("The table is empty. Name its columns in the first row."),
        ));
    }
    let mut rows = Vec::new();
    let mut files = HashSet::new();
    for row in sheet.filter(|row| row.cells.iter().any(|cell| !cell.trim().is_empty())) {
        if rows.len() == rows_max {
            return Err(Refusal::invalid(
                "table",
                t!("The table has more than {rows_max} rows. Send it in parts, or have it \
                     imported by the command imprimatur import, which takes any number."),
            ));
        }
        let (line, cells) = (row.line, row.cells);
        let cell = |name: &str| -> &str {
            let at = columns.iter().position(|column| column == name);
            at.and_then(|at| cells.get(at)).map_or("", |cell| cell.trim())
        };
        let name = [cell("title"), cell("file")].into_iter().find(|name| !name.is_empty());
        let name = name.map_or_else(|| t!("Line {line}"), shortened);
        let mut entry = if cells.len() > columns.len() {
            let (has, named) = (cells.len(), columns.len());
            let sentence = t!(
                "The row has {has} cells and the table {named} columns. Put quotes around text with commas."
            );
            Err(Refusal::invalid("table", sentence))
        } else {
            read(&cell, common)
        };
        if let Ok(Entry { bytes: EntryBytes::File(file), .. }) = &entry
            && !files.insert(file.clone())
        {
            entry = Err(Refusal::invalid("file", t!("An earlier row names the same file.")));
        }
        let file = Some(last_part(cell("file")).to_owned()).filter(|file| !file.is_empty());
        rows.push(BatchRow { line, name, file, entry });
    }
    Ok(rows)
}

/// A file that no table names: a work called like the file.
pub fn of_file(file_name: &str, common: &TypedParticulars) -> Result<Entry, Refusal> {
    entry(EntryBytes::File(file_name.to_owned()), common.clone())
}

fn columns(head: &SheetRow) -> Result<Vec<String>, Refusal> {
    let mut columns: Vec<String> = Vec::new();
    for cell in &head.cells {
        let name = cell.trim().to_ascii_lowercase();
        if !COLUMNS.iter().any(|(known, _)| *known == name) {
            let known: Vec<&str> = COLUMNS.iter().map(|(known, _)| *known).collect();
            return Err(Refusal::invalid(
                "table",
                t!(
                    "There is no column “{cell}”. The columns are {value}.",
                    cell = shortened(cell),
                    value = known.join(", ")
                ),
            ));
        }
        if columns.contains(&name) {
            return Err(Refusal::invalid("table", t!("The column “{name}” stands twice.")));
        }
        columns.push(name);
    }
    if !columns.iter().any(|column| column == "file" || column == "text") {
        return Err(Refusal::invalid("table", t!("The table needs a column “file” or “text”.")));
    }
    Ok(columns)
}

fn read<'a>(cell: &impl Fn(&str) -> &'a str, common: &TypedParticulars) -> Result<Entry, Refusal> {
    let bytes = match (cell("file"), cell("text")) {
        ("", "") => {
            return Err(Refusal::invalid("file", t!("Name a file, or write the text itself.")));
        }
        (file, "") => EntryBytes::File(last_part(file).to_owned()),
        ("", text) => EntryBytes::Text(text.to_owned()),
        _ => return Err(Refusal::invalid("file", t!("Name a file or write the text, not both."))),
    };
    let or = |name: &str, common: &str| match cell(name) {
        "" => common.to_owned(),
        said => said.to_owned(),
    };
    let typed = TypedParticulars {
        title: cell("title").to_owned(),
        description: or("description", &common.description),
        attribution: or("attribution", &common.attribution),
        kind: or("kind", &common.kind),
        rights: or("rights", &common.rights),
        tags: or("tags", &common.tags),
        language: or("language", &common.language),
        visibility: or("visibility", &common.visibility),
    };
    entry(bytes, typed)
}

fn entry(bytes: EntryBytes, mut typed: TypedParticulars) -> Result<Entry, Refusal> {
    if typed.title.is_empty()
        && let EntryBytes::File(file) = &bytes
    {
        typed.title = title_of(file);
    }
    let kind_is_open = typed.kind.trim().is_empty();
    if kind_is_open {
        typed.kind = AssetKind::Text.as_str().to_owned();
    }
    let particulars = typed.parse().map_err(|refusal| match refusal.field.as_deref() {
        // No list is in sight.
        Some("kind") => listed(refusal, "kind", AssetKind::uploaded().map(AssetKind::as_str)),
        Some("visibility") => {
            let values = Visibility::ALL.iter().map(|each| each.as_str());
            listed(refusal, "visibility", values)
        }
        _ => refusal,
    })?;
    Ok(Entry { bytes, particulars, kind_is_open })
}

/// The same refusal, with the values that can be written.
fn listed<'a>(refusal: Refusal, column: &str, values: impl Iterator<Item = &'a str>) -> Refusal {
    let values = values.collect::<Vec<_>>().join(", ");
    Refusal { sentence: t!("Write one of these as {column}: {values}."), ..refusal }
}

/// The name of a file without its folders; a name is only ever compared and shown.
pub fn last_part(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or_default()
}

/// What a work is called whose file is called so: `salt-roads.md` is “salt roads”.
fn title_of(file: &str) -> String {
    let stem = match file.rsplit_once('.') {
        Some((stem, _)) if !stem.is_empty() => stem,
        _ => file,
    };
    shortened(&stem.replace(['_', '-'], " "))
}

fn shortened(text: &str) -> String {
    text.chars().filter(|&c| !is_invisible(c)).take(NAME_LENGTH_MAX).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn common() -> TypedParticulars {
        TypedParticulars { attribution: "Mira".into(), ..TypedParticulars::default() }
    }

    fn read(table: &str) -> Vec<BatchRow> {
        read_table(table, &common(), 100).unwrap()
    }

    #[test]
    fn rows_are_works_and_say_what_is_common_where_they_are_silent() {
        let rows = read(
            "File,Title,tags,kind,attribution,text\n\
             a/salt-roads.md,,\"Salt, fens\",,,\n\
             \n\
             ,A note,,code,Theo,\"fn main() {}\"\n",
        );
        let first = rows[0].entry.clone().unwrap();
        assert_eq!(first.bytes, EntryBytes::File("salt-roads.md".into()));
        assert_eq!((first.particulars.title.as_str(), first.kind_is_open), ("salt roads", true));
        assert_eq!(first.particulars.tags, ["salt", "fens"]);
        assert_eq!(first.particulars.attribution, "Mira");
        let second = rows[1].entry.clone().unwrap();
        assert_eq!((rows[1].line, rows[1].name.as_str()), (4, "A note"));
        assert_eq!((second.particulars.kind, second.kind_is_open), (AssetKind::Code, false));
        assert_eq!(second.particulars.attribution, "Theo");
    }

    #[test]
    fn a_bad_row_says_why_and_spoils_no_other() {
        let long = "å".repeat(10_000);
        let table = format!(
            "file,title,kind,tags,language,text\n\
             ,Nothing,,,,\n\
             a.txt,Both,,,,words\n\
             a.txt,{long},,,,\n\
             a.txt,Kind,song,,,\n\
             a.txt,Language,,,english,\n\
             a.txt,Good,,,,\n\
             a.txt,Again,,,,\n\
             a.txt,Too,many,cells,,,\n\
             ,,,,,no title\n\
             ,\"a\0b\",,,,words\n"
        );
        let says: Vec<String> = read(&table)
            .into_iter()
            .map(|row| row.entry.map_or_else(|refusal| refusal.sentence, |_| "good".into()))
            .collect();
        let expected = [
            "Name a file, or",
            "not both",
            "Shorten this to 200",
            "one of these as kind: text, image",
            "language tag",
            "good",
            "earlier row",
            "7 cells",
            "Fill this in",
            "U+0000",
        ];
        assert_eq!(says.len(), expected.len());
        for (says, expected) in says.iter().zip(expected) {
            assert!(says.contains(expected), "{says}: {expected}");
        }
    }

    #[test]
    fn a_table_that_cannot_be_told_is_refused_whole() {
        for (table, says) in [
            ("", "empty"),
            ("title,price\n", "no column “price”"),
            ("title\nA", "needs a column"),
            ("file,File\n", "stands twice"),
        ] {
            let refusal = read_table(table, &common(), 100).unwrap_err();
            assert_eq!(refusal.field.as_deref(), Some("table"));
            assert!(refusal.sentence.contains(says), "{}", refusal.sentence);
        }
        let many = format!("text,title\n{}", "a,b\n".repeat(101));
        assert!(read_table(&many, &common(), 100).unwrap_err().sentence.contains("more than 100"));
        assert_eq!(read_table(&many, &common(), 101).unwrap().len(), 101);
    }

    proptest! {
        #[test]
        fn any_table_is_read(text in "(file|text|title|,|\n|\"|a|\u{0}|\u{202e}){0,40}") {
            let _ = read_table(&text, &common(), 10);
        }
    }
}
