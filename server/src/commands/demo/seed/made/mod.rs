//! Works made for the demo: what each trade makes, its bytes drawn, played or written here.
//!
//! Always true: a work depends on its trade and its number alone, and no two are the same.

mod code;
mod data;
mod picture;
mod png;
mod prose;
mod sound;

/// What a creator makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trade {
    Essays,
    Recipes,
    FieldNotes,
    RustCode,
    PythonCode,
    Prints,
    Maps,
    Weaves,
    FieldRecordings,
    Bells,
    Weather,
    Questions,
}

/// A work, made.
#[derive(Clone, Debug)]
pub struct Piece {
    pub title: String,
    pub description: String,
    pub file_name: String,
    /// As a form says it.
    pub kind: &'static str,
    /// As typed, with commas between.
    pub tags: String,
    /// A language tag; empty where it has none.
    pub language: &'static str,
    pub bytes: Vec<u8>,
}

/// How many different works there are of each trade.
pub const PIECES: usize = 20;

/// A work of a trade; the number is below [`PIECES`].
pub fn piece(trade: Trade, number: usize) -> Piece {
    let number = number % PIECES;
    match trade {
        Trade::Essays => prose::essay(number),
        Trade::Recipes => prose::recipe(number),
        Trade::FieldNotes => prose::field_notes(number),
        Trade::RustCode => code::rust(number),
        Trade::PythonCode => code::python(number),
        Trade::Prints => picture::print(number),
        Trade::Maps => picture::map(number),
        Trade::Weaves => picture::weave(number),
        Trade::FieldRecordings => sound::field_recording(number),
        Trade::Bells => sound::bell(number),
        Trade::Weather => data::weather(number),
        Trade::Questions => data::questions(number),
    }
}

/// The last part of a file's name: lower case, with hyphens.
fn slug(title: &str) -> String {
    let mut slug = String::new();
    for letter in title.chars().flat_map(char::to_lowercase) {
        match letter {
            'a'..='z' | '0'..='9' => slug.push(letter),
            '\'' | '’' => {}
            _ if slug.ends_with('-') || slug.is_empty() => {}
            _ => slug.push('-'),
        }
    }
    slug.trim_end_matches('-').to_owned()
}

fn seed(trade: u64, number: usize) -> u64 {
    trade * 1000 + u64::try_from(number).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use imprimatur::domain::asset::TypedParticulars;

    use super::*;

    const TRADES: [Trade; 12] = [
        Trade::Essays,
        Trade::Recipes,
        Trade::FieldNotes,
        Trade::RustCode,
        Trade::PythonCode,
        Trade::Prints,
        Trade::Maps,
        Trade::Weaves,
        Trade::FieldRecordings,
        Trade::Bells,
        Trade::Weather,
        Trade::Questions,
    ];

    #[test]
    fn every_work_is_another_and_can_be_registered() {
        let (mut titles, mut bytes) = (HashSet::new(), HashSet::new());
        for trade in TRADES {
            for number in 0..PIECES {
                let piece = piece(trade, number);
                let typed = TypedParticulars {
                    title: piece.title.clone(),
                    description: piece.description,
                    attribution: "Made here".into(),
                    kind: piece.kind.into(),
                    tags: piece.tags,
                    language: piece.language.into(),
                    ..TypedParticulars::default()
                };
                assert!(typed.parse().is_ok(), "{typed:?}");
                assert!(!piece.bytes.is_empty() && piece.bytes.len() < 512 * 1024, "{typed:?}");
                let text = String::from_utf8_lossy(&piece.bytes).into_owned();
                let is_text = !matches!(piece.kind, "image" | "audio");
                assert!(!is_text || !text.contains(['{', '}']) || piece.kind != "text", "{text}");
                assert!(titles.insert(piece.title.clone()), "{}", piece.title);
                assert!(bytes.insert(piece.bytes), "{}", piece.title);
            }
        }
    }

    #[test]
    fn a_work_is_the_same_every_time() {
        for trade in TRADES {
            assert_eq!(piece(trade, 3).bytes, piece(trade, 3).bytes);
        }
    }

    #[test]
    fn names_of_files_are_plain() {
        assert_eq!(slug("The abbot’s windmill, 1790"), "the-abbots-windmill-1790");
    }
}
