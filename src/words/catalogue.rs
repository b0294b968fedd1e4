//! A file of sentences as translators' tools write it (GNU gettext, `.po`).
//!
//! Always true: what was read has exactly the places its English has, so nothing that is said lacks a
//! figure or shows a brace.

use std::collections::{BTreeSet, HashMap};

use super::{Piece, name_of, pieces, plural::Plural};

/// Why a file cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {reason}")]
pub struct Unreadable {
    pub line: usize,
    pub reason: String,
}

/// Sentences by their English.
#[derive(Debug)]
pub(super) struct Catalogue {
    one: HashMap<String, String>,
    counted: HashMap<String, Vec<String>>,
    plural: Plural,
}

/// What is written of one sentence.
#[derive(Default)]
struct Entry {
    line: usize,
    /// A translation that its translator is not sure of.
    fuzzy: bool,
    english: Option<String>,
    english_many: Option<String>,
    /// With the lines they begin in.
    said: Vec<(usize, String)>,
}

/// The text that a line in quotes goes on with.
#[derive(Clone, Copy)]
enum Goes {
    Nowhere,
    English,
    EnglishMany,
    Said,
}

impl Catalogue {
    pub(super) fn read(text: &str) -> Result<Self, Unreadable> {
        let mut catalogue =
            Self { one: HashMap::new(), counted: HashMap::new(), plural: Plural::default() };
        let mut entry = Entry::default();
        let mut goes = Goes::Nowhere;
        for (line, written) in (1..).zip(text.lines()) {
            let wrong = |reason: &str| Unreadable { line, reason: reason.to_owned() };
            let written = written.trim();
            let starts = written.starts_with('#') || written.starts_with("msgid ");
            if starts && !entry.said.is_empty() {
                catalogue.keep(std::mem::take(&mut entry))?;
            }
            if let Some(flags) = written.strip_prefix("#,") {
                entry.fuzzy |= flags.split(',').any(|flag| flag.trim() == "fuzzy");
            }
            if written.is_empty() || written.starts_with('#') {
                goes = Goes::Nowhere;
                continue;
            }
            let (word, quoted) = match written.find('"') {
                Some(at) => written.split_at(at),
                None => return Err(wrong("text in quotes is missing")),
            };
            let text = unquoted(quoted).ok_or_else(|| wrong("the text in quotes has no end"))?;
            match word.trim_end() {
                "" => match (goes, entry.said.last_mut()) {
                    (Goes::English, _) => entry.english.get_or_insert_default().push_str(&text),
                    (Goes::EnglishMany, _) => {
                        entry.english_many.get_or_insert_default().push_str(&text);
                    }
                    (Goes::Said, Some((_, said))) => said.push_str(&text),
                    _ => return Err(wrong("this goes on from nothing")),
                },
                "msgid" => {
                    entry.line = line;
                    entry.english = Some(text);
                    goes = Goes::English;
                }
                "msgid_plural" => {
                    entry.english_many = Some(text);
                    goes = Goes::EnglishMany;
                }
                word if word == "msgstr" || word == format!("msgstr[{}]", entry.said.len()) => {
                    entry.said.push((line, text));
                    goes = Goes::Said;
                }
                _ => return Err(wrong("only msgid, msgid_plural and msgstr are known")),
            }
        }
        if entry.english.is_some() {
            catalogue.keep(entry)?;
        }
        Ok(catalogue)
    }

    fn keep(&mut self, entry: Entry) -> Result<(), Unreadable> {
        let Entry { line, fuzzy, english, english_many, said } = entry;
        let wrong = |line, reason: String| Err(Unreadable { line, reason });
        let Some(english) = english else {
            return wrong(line, "msgstr has no msgid before it".to_owned());
        };
        if english.is_empty() {
            let header = said.first().map(|(_, header)| header.as_str()).unwrap_or_default();
            let rule = header.lines().find_map(|field| field.strip_prefix("Plural-Forms:"));
            if let Some(rule) = rule {
                self.plural = Plural::parse(rule)
                    .ok_or(Unreadable { line, reason: "Plural-Forms cannot be read".to_owned() })?;
            }
            return Ok(());
        }
        // What is not translated yet is said in English.
        if fuzzy || said.iter().any(|(_, said)| said.is_empty()) {
            return Ok(());
        }
        let needed = places(&english);
        let known: BTreeSet<&str> =
            english_many.iter().flat_map(|many| places(many)).chain(needed.clone()).collect();
        for (line, said) in &said {
            let given = places(said);
            if let Some(name) = needed.difference(&given).next() {
                return wrong(*line, format!("{{{name}}} is missing"));
            }
            if let Some(name) = given.difference(&known).next() {
                return wrong(*line, format!("there is no {{{name}}} in English"));
            }
        }
        let mut said: Vec<(usize, String)> = said;
        if english_many.is_none() {
            let Some((_, said)) = said.pop() else { return Ok(()) };
            self.one.insert(english, said);
            return Ok(());
        }
        if said.len() != self.plural.forms() {
            let forms = self.plural.forms();
            return wrong(line, format!("Plural-Forms says {forms}, and there are {}", said.len()));
        }
        // The last form is for many, and has to say how many.
        if let Some((line, last)) = said.last() {
            let given = places(last);
            if let Some(name) = known.iter().find(|name| !given.contains(*name)) {
                return wrong(*line, format!("{{{name}}} is missing"));
            }
        }
        self.counted.insert(english, said.into_iter().map(|(_, said)| said).collect());
        Ok(())
    }

    pub(super) fn one(&self, english: &str) -> Option<&str> {
        self.one.get(english).map(String::as_str)
    }

    pub(super) fn counted(&self, english: &str, count: u64) -> Option<&str> {
        let forms = self.counted.get(english)?;
        forms.get(self.plural.form(count)).or_else(|| forms.last()).map(String::as_str)
    }
}

/// The names of the places in a sentence.
fn places(sentence: &str) -> BTreeSet<&str> {
    pieces(sentence)
        .filter_map(|piece| match piece {
            Piece::Place(place) => Some(name_of(place)),
            Piece::Text(_) => None,
        })
        .collect()
}

/// Text between quotes, with what a backslash means in it.
fn unquoted(quoted: &str) -> Option<String> {
    let inside = quoted.strip_prefix('"')?.strip_suffix('"')?;
    let mut text = String::with_capacity(inside.len());
    let mut characters = inside.chars();
    while let Some(c) = characters.next() {
        text.push(match c {
            '"' => return None,
            '\\' => match characters.next()? {
                'n' => '\n',
                't' => '\t',
                other => other,
            },
            other => other,
        });
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLISH: &str = "msgid \"\"\nmsgstr \"\"\n\
        \"Plural-Forms: nplurals=3; plural=(n==1 ? 0 : n%10>=2 && n%10<=4 && (n%100<10 || n%100>=20) ? 1 : 2);\\n\"\n";

    fn refused(text: &str) -> String {
        Catalogue::read(&format!("{POLISH}\n{text}")).unwrap_err().to_string()
    }

    #[test]
    fn a_language_has_as_many_forms_as_it_needs() {
        let text = "\n#: a.rs\nmsgid \"One \\\"work\\\".\"\nmsgid_plural \"{n} works.\"\n\
            msgstr[0] \"Jedna praca.\"\nmsgstr[1] \"{n} prace.\"\nmsgstr[2] \"{n} \"\n\"prac.\"\n\
            \n#~ msgid \"gone\"\n#~ msgstr \"x\"\n";
        let catalogue = Catalogue::read(&format!("{POLISH}{text}")).unwrap();
        let say = |count| catalogue.counted("One \"work\".", count);
        assert_eq!(say(1), Some("Jedna praca."));
        assert_eq!(say(22), Some("{n} prace."));
        assert_eq!(say(12), Some("{n} prac."));
        assert_eq!(catalogue.one("gone"), None);
    }

    #[test]
    fn what_is_not_sure_or_not_written_is_english() {
        let text = "#, fuzzy, rust-format\nmsgid \"Held\"\nmsgstr \"Hold\"\n\nmsgid \"Paid\"\nmsgstr \"\"\n\n\
            msgid \"Free\"\nmsgstr \"Frei\"\n";
        let catalogue = Catalogue::read(text).unwrap();
        assert_eq!([catalogue.one("Held"), catalogue.one("Paid")], [None, None]);
        assert_eq!(catalogue.one("Free"), Some("Frei"));
    }

    #[test]
    fn a_wrong_sentence_is_refused_with_its_line() {
        for (text, reason) in [
            ("msgid \"Of {cap}\"\nmsgstr \"Von\"", "line 6: {cap} is missing"),
            ("msgid \"Of\"\nmsgstr \"Von {cap}\"", "line 6: there is no {cap} in English"),
            ("msgid \"Of\"\nmsgstr \"Von", "line 6: the text in quotes has no end"),
            (
                "msgid \"Of\"\nmsgctxt \"x\"\nmsgstr \"V\"",
                "line 6: only msgid, msgid_plural and msgstr are known",
            ),
            ("\"Of\"", "line 5: this goes on from nothing"),
            ("msgid Of", "line 5: text in quotes is missing"),
            (
                "msgid \"One\"\nmsgid_plural \"{n}\"\nmsgstr[0] \"A\"\nmsgstr[1] \"{n}\"",
                "line 5: Plural-Forms says 3, and there are 2",
            ),
            (
                "msgid \"One\"\nmsgid_plural \"{n}\"\nmsgstr[0] \"A\"\nmsgstr[1] \"B\"\nmsgstr[2] \"C\"",
                "line 9: {n} is missing",
            ),
        ] {
            assert_eq!(refused(text), reason, "{text}");
        }
    }
}
