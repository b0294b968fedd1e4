//! What can be done with things, and the SQL that does it. Every deed takes the actor first.
//!
//! Use cases stand on top of each file, their SQL below. A table is written by exactly one file.
//! One deed is one transaction; no network call happens inside it.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use sqlx::PgPool;

use crate::domain::{error::Refusal, ids::TypedId};

pub mod archive;
pub mod backroom;
pub mod content;
pub mod events;
pub mod health;
pub mod identity;
pub mod jobs;
pub mod sessions;

pub mod assets;
pub mod catalogue;
pub mod collections;
pub mod find;
pub mod licenses;
mod media_type;
pub mod offers;
pub mod payments;
mod sent_before;
pub mod sites;
pub mod storefront;
pub mod terms;
pub mod tokens;

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
pub(crate) mod testing_bank;

pub mod gate;
pub mod metering;
pub mod reports;

pub mod billing;
pub mod ledger;
pub mod payouts;
pub mod settlement;

/// What a deed can answer besides success.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// An expected "no"; it is shown as it is.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The unexpected; it is logged once, and outside only the request id is seen.
    #[error("{doing} failed")]
    Fault {
        /// What was being done, as in "reading the catalogue".
        doing: &'static str,
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl Error {
    /// A fault while doing something.
    pub fn fault(
        doing: &'static str,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self::Fault { doing, source: source.into() }
    }

    /// The refusal, if it is one.
    pub const fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Refused(refusal) => Some(refusal),
            Self::Fault { .. } => None,
        }
    }

    /// Whether PostgreSQL refused what was to be written: bad data (class 22) or a broken constraint
    /// (class 23). Everything else, such as a deadlock or a full disk, says nothing about any row.
    pub(crate) fn is_about_rows(&self) -> bool {
        let Self::Fault { source, .. } = self else { return false };
        let Some(sqlx::Error::Database(error)) = source.downcast_ref() else { return false };
        error.code().is_some_and(|code| code.starts_with("22") || code.starts_with("23"))
    }
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        Self::fault("talking to PostgreSQL", error)
    }
}

/// The answer of every deed.
pub type Result<T> = std::result::Result<T, Error>;

/// Where "now" comes from.
pub trait Clock: Send + Sync {
    /// The present instant, in whole microseconds: what PostgreSQL can store.
    fn now(&self) -> DateTime<Utc>;
}

/// What every deed needs besides its actor and its input.
#[derive(Clone)]
pub struct Services {
    pub pool: PgPool,
    pub clock: Arc<dyn Clock>,
    pub content: content::ContentStore,
    /// Whether this deployment makes `sk_live_` tokens; a demo makes `sk_test_` ones.
    pub live: bool,
}

impl Services {
    /// The present instant.
    pub fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }
}

/// A fresh id.
pub fn mint<T: TypedId>() -> T {
    T::from_uuid(ulid::Ulid::new().into())
}

/// Turns the violation of a named constraint into the refusal that says it to a person.
pub(crate) trait OnConstraint<T> {
    /// If the named constraint was violated, answers with the refusal instead.
    fn on_constraint(self, name: &str, refusal: impl FnOnce() -> Refusal) -> Result<T>;
}

impl<T> OnConstraint<T> for std::result::Result<T, sqlx::Error> {
    fn on_constraint(self, name: &str, refusal: impl FnOnce() -> Refusal) -> Result<T> {
        self.map_err(|error| match &error {
            sqlx::Error::Database(database) if database.constraint() == Some(name) => {
                refusal().into()
            }
            _ => error.into(),
        })
    }
}
