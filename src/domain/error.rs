//! Every expected "no". A refusal has a stable code for machines and a sentence for people.
//!
//! A refusal is an answer, not a failure: it changes nothing and is never logged as an error. What
//! nobody expected is a fault and lives with the services.

use std::borrow::Cow;

use serde::Serialize;

use crate::words::say_made;

/// Why a refusal happened, as HTTP names it (RFC 9110, section 15.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The input cannot be read or breaks a rule about itself: 422.
    Invalid,
    /// The request is malformed and no form field is to blame: 400.
    Malformed,
    /// Nobody is signed in, or no credentials came along: 401.
    Unauthenticated,
    /// A license is needed: 402.
    PaymentRequired,
    /// Known, and not allowed: 403.
    Forbidden,
    /// There is no such thing, or it is not yours: 404.
    NotFound,
    /// It collides with what is already there: 409.
    Conflict,
    /// It was there and will not come back: 410.
    Gone,
    /// More bytes than are taken: 413.
    TooLarge,
    /// The body is of a type that is not taken: 415.
    Unsupported,
    /// Too often, or more than the quota: 429.
    TooMany,
    /// Somebody we depend on does not answer: 503.
    Unavailable,
}

impl Kind {
    /// The HTTP status that says this.
    pub const fn status(self) -> u16 {
        match self {
            Self::Malformed => 400,
            Self::Unauthenticated => 401,
            Self::PaymentRequired => 402,
            Self::Forbidden => 403,
            Self::NotFound => 404,
            Self::Conflict => 409,
            Self::Gone => 410,
            Self::TooLarge => 413,
            Self::Unsupported => 415,
            Self::Invalid => 422,
            Self::TooMany => 429,
            Self::Unavailable => 503,
        }
    }
}

/// An expected "no".
#[derive(Clone, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("{code}: {sentence}")]
pub struct Refusal {
    pub kind: Kind,
    /// Stable; machines may depend on it.
    pub code: &'static str,
    /// The form field it is about, by its name in the form.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<Cow<'static, str>>,
    /// What happened and what to do, for a person.
    pub sentence: String,
}

impl Refusal {
    /// A refusal about no field in particular.
    pub fn new(kind: Kind, code: &'static str, sentence: impl Into<String>) -> Self {
        Self { kind, code, field: None, sentence: sentence.into() }
    }

    /// Input that breaks a rule about itself.
    pub fn invalid(field: impl Into<Cow<'static, str>>, sentence: impl Into<String>) -> Self {
        Self {
            kind: Kind::Invalid,
            code: "invalid_field",
            field: Some(field.into()),
            sentence: sentence.into(),
        }
    }

    /// There is no such thing, or it belongs to somebody else; the two read the same.
    pub fn not_found(noun: &'static str) -> Self {
        // One sentence for each noun: in other languages they differ by more than the noun.
        let sentence = say_made(t!("There is no such {noun}."));
        Self::new(Kind::NotFound, "not_found", sentence)
    }

    /// What was chosen is none of the choices.
    pub fn not_listed(noun: &'static str) -> Self {
        Self::invalid(noun, say_made(t!("Choose one of the listed values for {noun}.")))
    }

    /// Nobody is signed in.
    pub fn sign_in_first() -> Self {
        Self::new(Kind::Unauthenticated, "sign_in_required", t!("Sign in to do this."))
    }

    /// The person is known and their role does not allow it.
    pub fn forbidden(sentence: impl Into<String>) -> Self {
        Self::new(Kind::Forbidden, "role_not_allowed", sentence)
    }

    /// It collides with what is already there.
    pub fn conflict(code: &'static str, sentence: impl Into<String>) -> Self {
        Self::new(Kind::Conflict, code, sentence)
    }

    /// The same refusal, about this field.
    #[must_use]
    pub fn on(mut self, field: impl Into<Cow<'static, str>>) -> Self {
        self.field = Some(field.into());
        self
    }
}
