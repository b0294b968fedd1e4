//! A machine-readable statement of rights, immutable once published.
//!
//! Terms are identified by the SHA-256 of their canonical JSON (RFC 8785), so two parties who hold
//! the same digest hold the same terms. Everything a page says about terms comes from `in_words`, and
//! every field is in those words: terms that differ, differ in words too.

mod difference;
mod templates;
mod territory;
mod typed;
mod words;

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

pub use difference::{Change, ChangeKind, difference};
pub use templates::{Template, template, templates};
pub use territory::Territory;
pub use typed::TypedTerms;
pub use words::{Clause, ClauseKind};

use super::{
    asset::ContentId,
    error::{Kind, Refusal},
    text::text_enum,
};

text_enum! {
    /// What delivered bytes may be used for.
    pub enum Scope("scope") {
        /// Training or fine-tuning a model.
        Training = "training",
        /// Being read by a model while it answers, and being shown in the answer.
        Inference = "inference",
        /// Being shown to people, counted by whoever shows it; the gate delivers nothing for it.
        Display = "display",
        /// Looking before licensing; never more than looking.
        Preview = "preview",
    }
}

impl Scope {
    /// As a heading says it.
    pub fn in_words(self) -> &'static str {
        match self {
            Self::Training => t!("Training"),
            Self::Inference => t!("Inference"),
            Self::Display => t!("Display"),
            Self::Preview => t!("Preview"),
        }
    }
}

text_enum! {
    /// A finer use within a scope.
    pub enum Intent("intent") {
        /// Training a model from the start.
        Train = "train",
        /// Training a finished model further.
        FineTune = "fine_tune",
        /// Teaching another model by what a trained one says.
        Distill = "distill",
        /// Being read while a model answers.
        Read = "read",
        /// Being quoted word for word.
        Quote = "quote",
        /// Being told in short.
        Summarize = "summarize",
        /// Being put into another language.
        Translate = "translate",
        /// Being analyzed: topics, sentiment, facts.
        Analyze = "analyze",
        /// Being kept as vectors, for search.
        Embed = "embed",
        /// Being shown to people as it is.
        Show = "show",
    }
}

impl Intent {
    /// The scope that it is a part of.
    pub const fn scope(self) -> Scope {
        match self {
            Self::Train | Self::FineTune | Self::Distill => Scope::Training,
            Self::Read
            | Self::Quote
            | Self::Summarize
            | Self::Translate
            | Self::Analyze
            | Self::Embed => Scope::Inference,
            Self::Show => Scope::Display,
        }
    }

    /// As a box to tick says it.
    pub fn in_words(self) -> &'static str {
        match self {
            Self::Train => t!("Train models"),
            Self::FineTune => t!("Fine-tune models"),
            Self::Distill => t!("Teach other models"),
            Self::Read => t!("Read while answering"),
            Self::Quote => t!("Quote"),
            Self::Summarize => t!("Summarize"),
            Self::Translate => t!("Translate"),
            Self::Analyze => t!("Analyze"),
            Self::Embed => t!("Embed for search"),
            Self::Show => t!("Show to people"),
        }
    }
}

text_enum! {
    /// When the creator may end a license before its time.
    pub enum Revocation("revocation") {
        /// Not at all.
        Never = "never",
        /// When the buyer breaks the terms.
        Breach = "breach",
        /// At any time, with notice.
        Notice = "notice",
    }
}

/// A statement of rights. The field names are part of the canonical form and do not change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Terms {
    /// Of this document's form.
    pub version: u32,
    pub name: String,
    /// Those of the intents, and looking before licensing.
    pub scopes: Vec<Scope>,
    pub intents: Vec<Intent>,
    /// Whether what is made with the work may be sold.
    pub commercial: bool,
    /// Whether works derived from it may be published.
    pub derivatives: bool,
    /// Whether the rights may be passed on.
    pub sublicensing: bool,
    /// Whether the credit line must be shown.
    pub attribution: bool,
    pub territory: Territory,
    /// No license begins before this day (UTC).
    pub starts_on: Option<NaiveDate>,
    /// No license lasts longer than this day (UTC).
    pub ends_on: Option<NaiveDate>,
    /// Days a license lasts; open-ended where missing.
    pub duration_days: Option<u32>,
    /// Days copies may be kept after the license ends; 0 is "delete at once".
    pub retention_days: u32,
    /// How often a year the creator may ask for a report of use; 0 is never.
    pub audits_per_year: u32,
    pub revocation: Revocation,
    /// Days of notice, where a license may be ended with notice; else 0.
    pub notice_days: u32,
    /// Families of models that may not use the work at all.
    pub excluded_models: Vec<String>,
}

impl Terms {
    /// The canonical JSON (RFC 8785).
    pub fn canonical(&self) -> Result<String, Refusal> {
        serde_json_canonicalizer::to_string(self).map_err(|_| {
            Refusal::invalid("terms", t!("These terms cannot be written down; choose others."))
        })
    }

    /// What names these terms: `sha256:` and the hex digest of the canonical JSON.
    pub fn digest(&self) -> Result<ContentId, Refusal> {
        Ok(ContentId::of(self.canonical()?.as_bytes()))
    }

    /// Whether the terms grant this use.
    pub fn grants(&self, scope: Scope) -> bool {
        self.scopes.contains(&scope)
    }

    /// When a license accepted at this instant begins and ends.
    ///
    /// # Errors
    ///
    /// Refuses an acceptance after the last day of the terms.
    pub fn period(
        &self,
        accepted_at: DateTime<Utc>,
    ) -> Result<(DateTime<Utc>, Option<DateTime<Utc>>), Refusal> {
        let midnight = |date: NaiveDate| date.and_time(NaiveTime::MIN).and_utc();
        let starts_at = self.starts_on.map_or(accepted_at, |date| midnight(date).max(accepted_at));
        let runs_out = self
            .duration_days
            .and_then(|days| starts_at.checked_add_signed(TimeDelta::days(days.into())));
        let last = self.ends_on.and_then(|date| date.succ_opt()).map(midnight);
        if last.is_some_and(|last| last <= starts_at) {
            return Err(Refusal::new(
                Kind::Conflict,
                "terms_ended",
                t!("The last day of these terms is over. Ask the creator for new ones."),
            ));
        }
        Ok((starts_at, runs_out.into_iter().chain(last).min()))
    }

    /// When a license that ends at this instant ends once it is renewed; nothing where these terms
    /// end with their last day, or give no time to renew it for.
    pub fn renewed(&self, ends_at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let days = TimeDelta::days(self.duration_days?.into());
        let last = self.ends_on.and_then(|date| date.succ_opt());
        let last = last.map(|date| date.and_time(NaiveTime::MIN).and_utc());
        let longer = ends_at.checked_add_signed(days)?;
        let longer = last.map_or(longer, |last| last.min(longer));
        (longer > ends_at).then_some(longer)
    }

    /// Scopes in their order, from the intents; looking before licensing is always among them.
    fn scopes_of(intents: &[Intent]) -> Vec<Scope> {
        let granted =
            |scope| scope == Scope::Preview || intents.iter().any(|intent| intent.scope() == scope);
        Scope::ALL.iter().copied().filter(|&scope| granted(scope)).collect()
    }
}

#[cfg(test)]
mod tests;
