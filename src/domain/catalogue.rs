//! What the catalogue can be asked for: words, and one choice of each facet.
//!
//! A search is read from the address of a page, so that what is found can be shared.

use super::{
    asset::{AssetKind, Language},
    cursor::Binding,
    error::Refusal,
    ids::CollectionId,
    pricing::PriceModel,
    terms::Scope,
    text::{self, text_enum},
};

/// The most characters of what is searched for.
pub const WORDS_LENGTH_MAX: usize = 200;
/// Words beyond these are left out: nobody means that many.
const WORDS_MAX: usize = 8;
/// Characters of a word beyond these are left out.
const WORD_LENGTH_MAX: usize = 60;
/// The most characters of a creator's short name.
const SLUG_LENGTH_MAX: usize = 64;

text_enum! {
    /// In which order works are shown.
    pub enum Sort("sort") {
        /// What fits the words best comes first; without words, the newest.
        Match = "match",
        Newest = "newest",
        Title = "title",
        Largest = "largest",
        Smallest = "smallest",
        /// As a collection has them.
        Arranged = "arranged",
    }
}

impl Sort {
    /// As a choice says it.
    pub fn in_words(self) -> &'static str {
        match self {
            Self::Match => t!("Best match"),
            Self::Newest => t!("Newest first"),
            Self::Title => t!("By title"),
            Self::Largest => t!("Largest first"),
            Self::Smallest => t!("Smallest first"),
            Self::Arranged => t!("As arranged"),
        }
    }
}

text_enum! {
    /// How large a work is.
    pub enum Size("size") {
        Small = "small",
        Medium = "medium",
        Large = "large",
    }
}

impl Size {
    /// The bytes at which each size after the first begins.
    pub const BOUNDS: [i64; 2] = [100_000, 10_000_000];

    /// As a choice says it.
    pub fn in_words(self) -> &'static str {
        match self {
            Self::Small => t!("Under 100 KB"),
            Self::Medium => t!("100 KB to 10 MB"),
            Self::Large => t!("10 MB and more"),
        }
    }

    /// How many of the bounds are reached.
    pub const fn step(self) -> i32 {
        match self {
            Self::Small => 0,
            Self::Medium => 1,
            Self::Large => 2,
        }
    }

    /// The size at which this many bounds are reached.
    pub fn at_step(step: i32) -> Option<Self> {
        Self::ALL.iter().copied().find(|size| size.step() == step)
    }
}

/// What to show of the catalogue. Nothing chosen is everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Search {
    /// As it was typed.
    pub typed: String,
    pub kind: Option<AssetKind>,
    /// Of a tier that is paid for.
    pub scope: Option<Scope>,
    /// Of a tier that is paid for.
    pub model: Option<PriceModel>,
    /// The creator's short name.
    pub creator: Option<String>,
    /// What the works are to be part of.
    pub collection: Option<CollectionId>,
    pub language: Option<Language>,
    pub size: Option<Size>,
    pub sort: Option<Sort>,
}

impl Search {
    /// Reads what an address asks for; `param` answers with what is not empty.
    ///
    /// # Errors
    ///
    /// Refuses, at its field, what is no choice.
    pub fn read<'a>(param: impl Fn(&str) -> Option<&'a str>) -> Result<Self, Refusal> {
        let creator = param("creator").map(|slug| {
            let known = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            match slug.len() <= SLUG_LENGTH_MAX && slug.chars().all(known) {
                true => Ok(slug.to_owned()),
                false => Err(Refusal::invalid("creator", t!("Choose one of the listed creators."))),
            }
        });
        Ok(Self {
            typed: text::optional_line("q", param("q").unwrap_or_default(), WORDS_LENGTH_MAX)?,
            kind: param("kind").map(str::parse).transpose()?,
            scope: param("scope").map(str::parse).transpose()?,
            model: param("model").map(str::parse).transpose()?,
            creator: creator.transpose()?,
            collection: param("collection").map(str::parse).transpose()?,
            language: param("language").map(str::parse).transpose()?,
            size: param("size").map(str::parse).transpose()?,
            sort: param("sort").map(str::parse).transpose()?,
        })
    }

    /// The words that every work shown has, as they are or nearly so.
    pub fn words(&self) -> Vec<String> {
        self.typed
            .split(|c: char| !c.is_alphanumeric())
            .filter(|word| !word.is_empty())
            .take(WORDS_MAX)
            .map(|word| word.to_lowercase().chars().take(WORD_LENGTH_MAX).collect())
            .collect()
    }

    /// Whether it leaves anything out.
    pub fn narrows(&self) -> bool {
        *self != Self { sort: self.sort, ..Self::default() }
    }

    /// The order asked for, or the one that suits what is searched.
    pub fn sort(&self) -> Sort {
        let usual = match (self.typed.is_empty(), self.collection) {
            (false, _) => Sort::Match,
            (true, Some(_)) => Sort::Arranged,
            (true, None) => Sort::Newest,
        };
        self.sort.unwrap_or(usual)
    }

    /// What cursors of this search belong to; `viewer` sees contracts of its own.
    pub fn binding(&self, viewer: &str) -> Binding {
        Binding::of(&[
            "catalogue",
            viewer,
            &self.typed,
            self.kind.map_or("", AssetKind::as_str),
            self.scope.map_or("", Scope::as_str),
            self.model.map_or("", PriceModel::as_str),
            self.creator.as_deref().unwrap_or_default(),
            &self.collection.map(|id| id.to_string()).unwrap_or_default(),
            self.language.as_ref().map_or("", Language::as_str),
            self.size.map_or("", Size::as_str),
            self.sort().as_str(),
        ])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(name: &str, value: &str) -> Result<Search, Refusal> {
        Search::read(|asked| (asked == name).then_some(value))
    }

    #[test]
    fn a_search_is_what_the_address_says() {
        assert_eq!(Search::read(|_| None).unwrap(), Search::default());
        assert_eq!(read("kind", "data").unwrap().kind, Some(AssetKind::Data));
        assert_eq!(read("size", "large").unwrap().size, Some(Size::Large));
        for (name, value) in [
            ("kind", "song"),
            ("scope", "everything"),
            ("model", "free"),
            ("size", "huge"),
            ("sort", "price"),
            ("language", "?"),
            ("creator", "Mira Holm"),
            ("creator", "\0"),
            ("collection", "x"),
            ("q", "\0"),
        ] {
            assert!(read(name, value).is_err(), "{name}={value}");
        }
        assert!(!read("sort", "title").unwrap().narrows());
        assert!(read("q", "salt").unwrap().narrows());
        assert_eq!(read("q", "salt").unwrap().sort(), Sort::Match);
        assert_eq!(Search::default().sort(), Sort::Newest);
        let collection = read("collection", "01ARZ3NDEKTSV4RRFFQ69G5FAV").unwrap();
        assert!(collection.narrows());
        assert_eq!(collection.sort(), Sort::Arranged);
    }

    #[test]
    fn a_size_is_the_step_it_stands_on() {
        for size in Size::ALL {
            assert_eq!(Size::at_step(size.step()), Some(*size));
        }
        assert_eq!(Size::at_step(3), None);
        assert_eq!(Size::BOUNDS.len() + 1, Size::ALL.len());
    }

    proptest! {
        #[test]
        fn words_are_few_short_and_plain(typed in ".{0,200}") {
            let search = Search { typed, ..Search::default() };
            let words = search.words();
            prop_assert!(words.len() <= WORDS_MAX);
            for word in words {
                prop_assert!(!word.is_empty() && word.chars().count() <= WORD_LENGTH_MAX);
                prop_assert!(!word.contains([' ', '\0', '%', '\'']));
            }
        }

        #[test]
        fn every_difference_is_another_binding(one in "[a-z ]{0,9}", other in "[a-z ]{0,9}") {
            let [first, second] = [&one, &other]
                .map(|typed| Search { typed: typed.clone(), ..Search::default() }.binding("a"));
            prop_assert_eq!(first == second, one == other);
        }
    }
}
