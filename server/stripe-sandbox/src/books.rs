//! The sandbox's own books: every movement takes from one place what it puts into another, so all
//! places of a currency add up to zero at any time.

use std::collections::BTreeMap;

use crate::fail::Failure;

/// Where money is, seen from the provider.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// On a balance, free to be sent on. `None` is the platform's own.
    Available(Option<String>),
    /// On a balance, not settled yet.
    Pending(Option<String>),
    /// With the holders of cards.
    Cards,
    /// In banks, where payouts go.
    Banks,
    /// The provider's own earnings.
    Fees,
    /// On its way from one balance to another.
    Transit,
}

/// One change of one place.
#[derive(Clone, Debug)]
pub struct Entry {
    pub place: Place,
    pub amount: i64,
}

/// What is where, by currency.
#[derive(Debug, Default)]
pub struct Books {
    balances: BTreeMap<(String, Place), i64>,
}

impl Books {
    /// Moves money; refused unless the entries add up to nothing.
    pub fn post(&mut self, currency: &str, entries: &[Entry]) -> Result<(), Failure> {
        let sum: i128 = entries.iter().map(|entry| i128::from(entry.amount)).sum();
        if sum != 0 {
            return Err(Failure::broken(500));
        }
        for entry in entries {
            let balance =
                self.balances.entry((currency.to_owned(), entry.place.clone())).or_default();
            *balance = balance.saturating_add(entry.amount);
        }
        Ok(())
    }

    /// What is in a place.
    pub fn balance(&self, currency: &str, place: &Place) -> i64 {
        self.balances.get(&(currency.to_owned(), place.clone())).copied().unwrap_or_default()
    }

    /// The currencies a balance has ever held.
    pub fn currencies(&self, owner: Option<&str>) -> Vec<String> {
        let mut found: Vec<String> = self
            .balances
            .keys()
            .filter(|(_, place)| match place {
                Place::Available(of) | Place::Pending(of) => of.as_deref() == owner,
                _ => false,
            })
            .map(|(currency, _)| currency.clone())
            .collect();
        found.dedup();
        found
    }

    /// What all places of each currency add up to: zero, always.
    pub fn sums(&self) -> BTreeMap<String, i128> {
        let mut sums = BTreeMap::new();
        for ((currency, _), balance) in &self.balances {
            *sums.entry(currency.clone()).or_default() += i128::from(*balance);
        }
        sums
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn all_places_add_up_to_nothing(moves in prop::collection::vec((0..4usize, 0..4usize, -1_000i64..1_000), 0..60)) {
            let places = [Place::Available(None), Place::Pending(None), Place::Cards,
                Place::Available(Some("acct_1".to_owned()))];
            let mut books = Books::default();
            for (from, to, amount) in moves {
                let entries = [
                    Entry { place: places[from].clone(), amount: -amount },
                    Entry { place: places[to].clone(), amount },
                ];
                books.post("usd", &entries).unwrap();
                prop_assert!(books.sums().values().all(|sum| *sum == 0));
            }
        }

        #[test]
        fn what_does_not_add_up_is_refused(a in -10i64..10, b in -10i64..10) {
            let mut books = Books::default();
            let entries = [
                Entry { place: Place::Cards, amount: a },
                Entry { place: Place::Fees, amount: b },
            ];
            prop_assert_eq!(books.post("usd", &entries).is_ok(), a + b == 0);
        }
    }
}
