//! Sentences, said in the language that is asked for.
//!
//! Always true: the English sentence in the source is the key. Without another language, in commands
//! and in the browser, what is said is that sentence, and nothing is looked up.
//!
//! `words/imprimatur.pot` lists every sentence; a second language is a file beside it (`de.po`).

#[cfg(feature = "ssr")]
mod catalogue;
#[cfg(feature = "ssr")]
mod language;
#[cfg(feature = "ssr")]
mod plural;

use std::fmt::Display;

#[cfg(feature = "ssr")]
pub use self::{
    catalogue::Unreadable,
    language::{Language, Languages, tag},
};

/// A sentence as a translator wrote it, with the names of what is put into it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Said(&'static str);

impl Said {
    /// The sentence with everything in its places.
    pub fn filled(self, values: &[(&str, &dyn Display)]) -> String {
        use std::fmt::Write as _;

        let mut filled = String::with_capacity(self.0.len() + 16 * values.len());
        for piece in pieces(self.0) {
            match piece {
                Piece::Text(text) => filled.push_str(text),
                Piece::Place(place) => {
                    let value = values.iter().find(|(name, _)| *name == name_of(place));
                    if let Some((_, value)) = value {
                        // Nothing that is shown refuses to be.
                        let _ = write!(filled, "{value}");
                    }
                }
            }
        }
        filled
    }
}

/// A sentence in the language asked for.
#[inline]
pub fn say(sentence: &'static str) -> &'static str {
    find(sentence).map_or(sentence, |said| said.0)
}

/// The same for a sentence that was made of an English noun; each that can be made is listed.
#[inline]
pub fn say_made(sentence: String) -> String {
    find(&sentence).map_or(sentence, |said| said.0.to_owned())
}

/// What a translator made of a sentence; nothing in English.
#[cfg(feature = "ssr")]
#[inline]
pub fn find(sentence: &str) -> Option<Said> {
    language::asked()?.one(sentence).map(Said)
}

/// In the browser everything is English.
#[cfg(not(feature = "ssr"))]
#[inline(always)]
pub const fn find(_: &str) -> Option<Said> {
    None
}

/// The form of a sentence that a language has for so many; nothing in English.
#[cfg(feature = "ssr")]
#[inline]
pub fn find_counted(one: &str, _: &str, count: u64) -> Option<Said> {
    language::asked()?.counted(one, count).map(Said)
}

/// In the browser everything is English.
#[cfg(not(feature = "ssr"))]
#[inline(always)]
pub const fn find_counted(_: &str, _: &str, _: u64) -> Option<Said> {
    None
}

/// How many, whatever it was counted in; what is below zero counts as its size.
#[inline]
pub fn count(many: impl TryInto<i128>) -> u64 {
    many.try_into().map_or(u64::MAX, |many| u64::try_from(many.unsigned_abs()).unwrap_or(u64::MAX))
}

/// Several names as one: `a, b and c`.
pub fn all_of<T: AsRef<str>>(names: &[T]) -> String {
    listed(names, |first, last| t!("{first} and {last}"))
}

/// A choice of several names: `a, b or c`.
pub fn any_of<T: AsRef<str>>(names: &[T]) -> String {
    listed(names, |first, last| t!("{first} or {last}"))
}

/// The name of a month, the first being 1.
pub fn month_name(month: u32) -> &'static str {
    match month {
        1 => t!("January"),
        2 => t!("February"),
        3 => t!("March"),
        4 => t!("April"),
        5 => t!("May"),
        6 => t!("June"),
        7 => t!("July"),
        8 => t!("August"),
        9 => t!("September"),
        10 => t!("October"),
        11 => t!("November"),
        _ => t!("December"),
    }
}

fn listed<T: AsRef<str>>(names: &[T], join: impl Fn(&str, &str) -> String) -> String {
    match names {
        [] => String::new(),
        [one] => one.as_ref().to_owned(),
        [first @ .., last] => {
            let first: Vec<&str> = first.iter().map(AsRef::as_ref).collect();
            join(&first.join(", "), last.as_ref())
        }
    }
}

/// A part of a sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Piece<'a> {
    Text(&'a str),
    /// What stands between braces.
    Place(&'a str),
}

/// The name in a place, without its format.
fn name_of(place: &str) -> &str {
    place.split(':').next().unwrap_or_default().trim()
}

/// The parts of a sentence, in order; a brace that is text is written twice.
fn pieces(sentence: &str) -> impl Iterator<Item = Piece<'_>> {
    let mut rest = sentence;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let place = rest.strip_prefix('{').filter(|inside| !inside.starts_with('{'));
        if let Some((place, after)) = place.and_then(|inside| inside.split_once('}')) {
            rest = after;
            return Some(Piece::Place(place));
        }
        let doubled = rest.starts_with("{{") || rest.starts_with("}}");
        let (text, after) = if doubled {
            (&rest[..1], &rest[2..])
        } else {
            let first = rest.chars().next().map_or(1, char::len_utf8);
            let end = rest[first..].find(['{', '}']).map_or(rest.len(), |at| at + first);
            rest.split_at(end)
        };
        rest = after;
        Some(Piece::Text(text))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_falls_into_text_and_places() {
        use Piece::{Place, Text};
        let all = |sentence| pieces(sentence).collect::<Vec<_>>();
        assert_eq!(all("Until {ends:>5}."), [Text("Until "), Place("ends:>5"), Text(".")]);
        assert_eq!(all("{{a}} {b}"), [Text("{"), Text("a"), Text("}"), Text(" "), Place("b")]);
        assert_eq!(all("open {"), [Text("open "), Text("{")]);
        assert_eq!(all(""), []);
    }

    #[test]
    fn without_another_language_everything_is_as_it_was_written() {
        let ends = "21 Nov";
        assert_eq!(t!("It is over."), "It is over.");
        assert_eq!(
            t!("Until {ends}; {n:>3}, \u{a0}{{so}}.", n = 3),
            "Until 21 Nov;   3, \u{a0}{so}."
        );
        let say = |count: i64| tn!(count, "One work.", "{works} works.", works = count.abs());
        assert_eq!(say(1), "One work.");
        assert_eq!(say(0), "0 works.");
        assert_eq!(say(2), "2 works.");
        assert_eq!(super::say(n!("Held")), "Held");
    }

    #[test]
    fn several_names_are_read_as_one() {
        assert_eq!(all_of::<&str>(&[]), "");
        assert_eq!(all_of(&["a"]), "a");
        assert_eq!(all_of(&["a", "b", "c"]), "a, b and c");
        assert_eq!(any_of(&["a", "b"]), "a or b");
    }
}
