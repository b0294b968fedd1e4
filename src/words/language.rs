//! The languages there are besides English, and the one a request asks for.

use std::{fs, path::Path};

use super::catalogue::{Catalogue, Unreadable};

tokio::task_local! {
    static ASKED: Option<&'static Language>;
}

/// A language that was read from its file. It lives as long as the process.
#[derive(Debug)]
pub struct Language {
    tag: String,
    catalogue: Catalogue,
}

/// Every language besides English.
#[derive(Clone, Debug, Default)]
pub struct Languages(Vec<&'static Language>);

/// The language of what is being said; nothing where it is English.
pub(super) fn asked() -> Option<&'static Language> {
    ASKED.try_with(|asked| *asked).ok().flatten()
}

/// The tag of the language asked for (BCP 47), for the document.
pub fn tag() -> &'static str {
    asked().map_or("en", |language| &language.tag)
}

impl Language {
    /// Reads the text of a file of sentences, once in a process.
    ///
    /// # Errors
    ///
    /// Says in which line it breaks which rule.
    pub fn read(tag: &str, text: &str) -> Result<&'static Self, Unreadable> {
        let catalogue = Catalogue::read(text)?;
        Ok(Box::leak(Box::new(Self { tag: tag.to_owned(), catalogue })))
    }

    /// Its tag (BCP 47).
    pub fn tag(&self) -> &str {
        &self.tag
    }

    pub(super) fn one(&'static self, sentence: &str) -> Option<&'static str> {
        self.catalogue.one(sentence)
    }

    pub(super) fn counted(&'static self, one: &str, count: u64) -> Option<&'static str> {
        self.catalogue.counted(one, count)
    }
}

impl Languages {
    /// Reads every `*.po` of a folder, named by its language.
    ///
    /// # Errors
    ///
    /// Names the file and the line that cannot be used.
    pub fn read(folder: &Path) -> Result<Self, String> {
        let failed = |error: &dyn std::fmt::Display| format!("{} ({error})", folder.display());
        let mut languages = Vec::new();
        for entry in fs::read_dir(folder).map_err(|error| failed(&error))? {
            let path = entry.map_err(|error| failed(&error))?.path();
            if path.extension().is_none_or(|ending| ending != "po") {
                continue;
            }
            let failed = |error: &dyn std::fmt::Display| format!("{} ({error})", path.display());
            let text = fs::read_to_string(&path).map_err(|error| failed(&error))?;
            let tag = path.file_stem().map(|stem| stem.to_string_lossy()).unwrap_or_default();
            languages.push(Language::read(&tag, &text).map_err(|error| failed(&error))?);
        }
        languages.sort_by(|a, b| a.tag.cmp(&b.tag));
        Ok(Self(languages))
    }

    /// Whether there is English only.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The language somebody chose, or else the one they like best (RFC 9110, section 12.5.4);
    /// nothing where that is English, or nothing they like is there.
    pub fn choose(&self, chosen: Option<&str>, accepted: &str) -> Option<&'static Language> {
        if let Some(found) = chosen.and_then(|tag| self.named(tag)) {
            return found;
        }
        let mut wishes: Vec<(u16, &str)> = accepted.split(',').filter_map(wish).collect();
        // What is liked as well keeps its order.
        wishes.sort_by_key(|(liking, _)| std::cmp::Reverse(*liking));
        wishes.into_iter().find_map(|(_, tag)| self.named(tag)).flatten()
    }

    /// The language of a tag, or of the tag without what is most special in it: `de-CH` is read as
    /// `de`. English is there always.
    fn named(&self, tag: &str) -> Option<Option<&'static Language>> {
        let mut tag = tag;
        loop {
            let found = self.0.iter().find(|language| language.tag.eq_ignore_ascii_case(tag));
            if let Some(language) = found {
                return Some(Some(language));
            }
            match tag.rsplit_once('-') {
                Some((wider, _)) => tag = wider,
                None => return tag.eq_ignore_ascii_case("en").then_some(None),
            }
        }
    }

    /// Does something in a language.
    pub async fn within<T>(asked: Option<&'static Language>, deed: impl Future<Output = T>) -> T {
        ASKED.scope(asked, deed).await
    }
}

/// A language and how much it is liked, in thousandths: `de;q=0.8`.
fn wish(part: &str) -> Option<(u16, &str)> {
    let (tag, quality) = part.split_once(';').unwrap_or((part, "q=1"));
    let quality = quality.trim().strip_prefix("q=")?;
    let (whole, fraction) = quality.split_once('.').unwrap_or((quality, ""));
    let fraction: u16 = format!("{fraction:0<3}").get(..3)?.parse().ok()?;
    let liking = match whole {
        "1" => 1000,
        "0" => fraction,
        _ => return None,
    };
    (liking > 0).then_some((liking, tag.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GERMAN: &str = "msgid \"\"\nmsgstr \"Plural-Forms: nplurals=2; plural=(n != 1);\\n\"\n\n\
        msgid \"It is over.\"\nmsgstr \"Es ist vorbei.\"\n\n\
        msgid \"Until {ends}, {count:>2}.\"\nmsgstr \"{count}, bis {ends}.\"\n\n\
        msgid \"One work.\"\nmsgid_plural \"{works} works.\"\nmsgstr[0] \"Ein Werk.\"\nmsgstr[1] \"{works} Werke.\"\n";

    fn german() -> Languages {
        Languages(vec![Language::read("de", GERMAN).unwrap()])
    }

    #[tokio::test]
    async fn a_deed_is_told_in_the_language_it_is_done_in() {
        let asked = german().choose(None, "de");
        let said = Languages::within(asked, async {
            tokio::task::yield_now().await;
            let ends = "21.11.";
            let works = |works: usize| tn!(works, "One work.", "{works} works.");
            [
                t!("It is over.").to_owned(),
                t!("Until {ends}, {count:>2}.", count = 3),
                t!("Nobody translated this.").to_owned(),
                works(1),
                works(5),
                tag().to_owned(),
            ]
        });
        let expected = [
            "Es ist vorbei.",
            " 3, bis 21.11..",
            "Nobody translated this.",
            "Ein Werk.",
            "5 Werke.",
            "de",
        ];
        assert_eq!(said.await, expected);
        assert_eq!(t!("It is over."), "It is over.");
        assert_eq!(tag(), "en");
    }

    #[test]
    fn the_language_liked_best_is_chosen_where_it_is_there() {
        let languages = german();
        for (chosen, accepted, expected) in [
            (None, "", None),
            (None, "de", Some("de")),
            (None, "de-CH, en;q=0.5", Some("de")),
            (None, "en-GB, de;q=0.9", None),
            (None, "fr, de;q=0.3, en;q=0.7", None),
            (None, "fr, de;q=0.8, en;q=0.7", Some("de")),
            (None, "de;q=0, en;q=0.1", None),
            (None, "*;q=0.5, ;, de;q=x", None),
            (Some("de"), "en", Some("de")),
            (Some("en"), "de", None),
            (Some("xx"), "de", Some("de")),
        ] {
            let found = languages.choose(chosen, accepted).map(|language| language.tag.as_str());
            assert_eq!(found, expected, "{chosen:?}, {accepted}");
        }
    }
}
