//! A collection: works of one creator that are shown together, in an order of their own.

use super::{asset::Visibility, error::Refusal, text};

/// The most characters a title may have.
pub const TITLE_LENGTH_MAX: usize = 200;
/// The most characters a description may have.
pub const DESCRIPTION_LENGTH_MAX: usize = 4000;
/// The most works a collection holds.
pub const WORKS_MAX: usize = 500;

/// What a creator says about a collection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    pub title: String,
    pub description: String,
    pub visibility: Visibility,
}

/// The same, as it was typed.
#[derive(Clone, Debug, Default)]
pub struct TypedAbout {
    pub title: String,
    pub description: String,
    /// Listed where it is empty.
    pub visibility: String,
}

impl TypedAbout {
    /// Reads what was typed; the refusal names the first field to mend.
    pub fn parse(&self) -> Result<About, Refusal> {
        Ok(About {
            title: text::line("title", &self.title, TITLE_LENGTH_MAX)?,
            description: text::paragraphs(
                "description",
                &self.description,
                DESCRIPTION_LENGTH_MAX,
            )?,
            visibility: match self.visibility.trim() {
                "" => Visibility::Listed,
                typed => typed.parse()?,
            },
        })
    }
}

impl About {
    /// The names of the fields in which `other` differs.
    pub fn differing(&self, other: &Self) -> Vec<&'static str> {
        [
            ("title", self.title != other.title),
            ("description", self.description != other.description),
            ("visibility", self.visibility != other.visibility),
        ]
        .into_iter()
        .filter_map(|(name, differs)| differs.then_some(name))
        .collect()
    }
}

/// The works of a collection in the order that was asked for: by the places typed, then as they stood.
/// What stands in `works` and is asked nothing about stays behind those that are; what is asked about
/// and does not stand there is passed over.
pub fn arranged<T: Copy + PartialEq>(works: &[T], places: &[(T, u32)]) -> Vec<T> {
    let mut order: Vec<(u32, usize, T)> = works
        .iter()
        .enumerate()
        .map(|(stood, work)| {
            let place = places.iter().find(|(asked, _)| asked == work).map(|(_, place)| *place);
            (place.unwrap_or(u32::MAX), stood, *work)
        })
        .collect();
    order.sort_by_key(|(place, stood, _)| (*place, *stood));
    order.into_iter().map(|(_, _, work)| work).collect()
}

/// Reads the place that was typed for a work.
pub fn place(typed: &str) -> Result<u32, Refusal> {
    let typed = typed.trim();
    let digits = typed.len() <= 6 && typed.bytes().all(|b| b.is_ascii_digit());
    match typed.parse() {
        Ok(place) if digits && place > 0 => Ok(place),
        _ => Err(Refusal::invalid("place", t!("Write a place as a whole number: 1 is the first."))),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn typed() -> TypedAbout {
        TypedAbout { title: "Salt and water".into(), ..TypedAbout::default() }
    }

    #[test]
    fn a_collection_names_the_field_to_mend_and_what_differs() {
        let about = typed().parse().unwrap();
        assert_eq!((about.visibility, about.description.as_str()), (Visibility::Listed, ""));
        for (field, bad) in [
            ("title", TypedAbout { title: " ".into(), ..typed() }),
            ("title", TypedAbout { title: "å".repeat(TITLE_LENGTH_MAX + 1), ..typed() }),
            ("description", TypedAbout { description: "å".repeat(4001), ..typed() }),
            ("visibility", TypedAbout { visibility: "secret".into(), ..typed() }),
        ] {
            assert_eq!(bad.parse().unwrap_err().field.as_deref(), Some(field), "{bad:?}");
        }
        let after = TypedAbout { visibility: "private".into(), ..typed() }.parse().unwrap();
        assert_eq!(about.differing(&after), ["visibility"]);
    }

    #[test]
    fn a_place_is_a_whole_number() {
        assert_eq!(place(" 12 ").unwrap(), 12);
        for bad in ["", "0", "-1", "1.5", "+1", "9999999", "one", "1\0"] {
            assert_eq!(place(bad).unwrap_err().field.as_deref(), Some("place"), "{bad:?}");
        }
    }

    #[test]
    fn works_go_where_they_are_told_and_the_others_follow() {
        assert_eq!(arranged(&['a', 'b', 'c'], &[('a', 3), ('b', 1), ('c', 2)]), ['b', 'c', 'a']);
        // Somebody added d meanwhile, and took x away.
        assert_eq!(arranged(&['a', 'b', 'd'], &[('b', 1), ('x', 2), ('a', 3)]), ['b', 'a', 'd']);
        // Where two want one place, whoever stood before stays before.
        assert_eq!(arranged(&['a', 'b'], &[('a', 1), ('b', 1)]), ['a', 'b']);
    }

    proptest! {
        #[test]
        fn arranging_neither_loses_nor_doubles_a_work(
            works in proptest::collection::hash_set(0_u8..40, 0..20),
            places in proptest::collection::vec((0_u8..40, 1_u32..30), 0..30),
        ) {
            let works: Vec<u8> = works.into_iter().collect();
            let mut order = arranged(&works, &places);
            let again = arranged(&order, &places);
            prop_assert_eq!(&again, &order);
            order.sort_unstable();
            let mut all = works.clone();
            all.sort_unstable();
            prop_assert_eq!(order, all);
        }
    }
}
