//! How a call ended. "Unknown" is an answer of its own: the money may have moved, so the same key
//! is asked again, or the thing is looked up, and nothing is sent under a new key.

use std::fmt;

use crate::domain::{
    error::{Kind, Refusal},
    ids::TypedId,
};

/// What a call is recognized by when it is sent again. It is made from the row that causes the call,
/// is stored before, and names no person.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Key(String);

impl Key {
    /// The longest a provider takes, less what an adapter appends for the parts of one call.
    const LENGTH_MAX: usize = 200;

    /// The key of what a row causes, as in `transfer:01J…:0`; `generation` counts up when a new attempt
    /// was decided on after the last one is known to have failed.
    pub fn of(deed: &'static str, row: impl TypedId, generation: u32) -> Self {
        Self(format!("{deed}:{row}:{generation}"))
    }

    /// A key as it was stored.
    pub fn new(text: String) -> Result<Self, Refusal> {
        let fits = (1..=Self::LENGTH_MAX).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_graphic());
        if fits {
            Ok(Self(text))
        } else {
            Err(Refusal::invalid("key", "A key has 1 to 200 printable characters, without spaces."))
        }
    }

    /// The key of a part of this call.
    #[must_use]
    pub fn part(&self, part: impl fmt::Display) -> Self {
        Self(format!("{}:{part}", self.0))
    }

    /// As it is sent.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The provider's "no": nothing happened, and the same call will be refused again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// As the provider names it: `card_declined`, `balance_insufficient`, `resource_missing`.
    pub code: String,
    /// In the provider's words.
    pub message: String,
}

/// How a call ended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum Outcome<T> {
    /// It happened.
    Done(T),
    /// It did not happen.
    Refused(Refused),
    /// Nobody knows: no answer came, or none that can be read. Ask again with the same key.
    Unknown(String),
}

impl<T> Outcome<T> {
    /// The same ending with another thing.
    pub fn map<U>(self, other: impl FnOnce(T) -> U) -> Outcome<U> {
        match self {
            Self::Done(thing) => Outcome::Done(other(thing)),
            Self::Refused(refused) => Outcome::Refused(refused),
            Self::Unknown(why) => Outcome::Unknown(why),
        }
    }

    /// What happened, or a refusal a person can read; for calls a person is waiting for.
    pub fn or_sentence(self) -> Result<T, Refusal> {
        match self {
            Self::Done(thing) => Ok(thing),
            Self::Refused(refused) => Err(Refusal::conflict("payment_refused", refused.message)),
            Self::Unknown(_) => Err(Refusal::new(
                Kind::Unavailable,
                "payments_unavailable",
                "The payment service did not answer; nothing was done twice. Try again in a minute.",
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::OrgId;

    #[test]
    fn a_key_is_what_a_header_can_hold() {
        let row: OrgId = "01ARZ3NDEKTSV4RRFFQ69G5FAV".parse().unwrap();
        let key = Key::of("transfer", row, 1);
        assert_eq!(key.as_str(), "transfer:01ARZ3NDEKTSV4RRFFQ69G5FAV:1");
        assert_eq!(Key::new(key.to_string()).unwrap(), key);
        for text in ["", "a b", "ä", "line\nbreak"] {
            assert!(Key::new(text.to_owned()).is_err(), "{text:?}");
        }
        assert!(Key::new("k".repeat(201)).is_err());
    }
}
