//! A machine-readable statement of rights, immutable once published.
//!
//! Terms are identified by the SHA-256 of their canonical JSON (RFC 8785), so two parties who hold
//! the same digest hold the same terms. Everything a page says about terms comes from `in_words`.

use serde::{Deserialize, Serialize};

use super::{asset::ContentId, error::Refusal, text::text_enum};

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
    pub const fn in_words(self) -> &'static str {
        match self {
            Self::Training => "Training",
            Self::Inference => "Inference",
            Self::Display => "Display",
            Self::Preview => "Preview",
        }
    }
}

/// A statement of rights. The field names are part of the canonical form and do not change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Terms {
    /// Of this document's form.
    pub version: u32,
    pub name: String,
    pub scopes: Vec<Scope>,
    /// Whether what is made with the work may be sold.
    pub commercial: bool,
    /// Whether works derived from it may be published.
    pub derivatives: bool,
    /// Whether the rights may be passed on.
    pub sublicensing: bool,
    /// Whether the credit line must be shown.
    pub attribution: bool,
    /// Days copies may be kept after the license ends; 0 is "delete at once".
    pub retention_days: u32,
    /// Days a license lasts; open-ended where missing.
    pub duration_days: Option<u32>,
}

/// Terms ready to be chosen.
#[derive(Clone, Debug)]
pub struct Template {
    /// Stable; forms name a template by it.
    pub key: &'static str,
    /// For whom it is, in one sentence.
    pub purpose: &'static str,
    pub terms: Terms,
}

/// Every template, in the order they are offered.
pub fn templates() -> Vec<Template> {
    use Scope::{Inference, Preview, Training};
    let base = Terms {
        version: 1,
        name: String::new(),
        scopes: vec![Preview],
        commercial: true,
        derivatives: true,
        sublicensing: false,
        attribution: false,
        retention_days: 0,
        duration_days: Some(365),
    };
    vec![
        Template {
            key: "training",
            purpose: "A company trains models on the work and sells what the models make.",
            terms: Terms {
                name: "Training, commercial".into(),
                scopes: vec![Training, Preview],
                retention_days: 90,
                ..base.clone()
            },
        },
        Template {
            key: "research",
            purpose: "Universities and labs train models and publish, and sell nothing.",
            terms: Terms {
                name: "Training, research only".into(),
                scopes: vec![Training, Preview],
                commercial: false,
                attribution: true,
                retention_days: 90,
                ..base.clone()
            },
        },
        Template {
            key: "answers",
            purpose: "An assistant reads the work while it answers, and names you.",
            terms: Terms {
                name: "Answers with credit".into(),
                scopes: vec![Inference, Preview],
                derivatives: false,
                attribution: true,
                ..base.clone()
            },
        },
        Template {
            key: "all-uses",
            purpose: "Training and answers under one license.",
            terms: Terms {
                name: "Training and answers".into(),
                scopes: vec![Training, Inference, Preview],
                attribution: true,
                retention_days: 90,
                ..base.clone()
            },
        },
        Template {
            key: "evaluation",
            purpose: "A team tests the work for a month before it decides.",
            terms: Terms {
                name: "Thirty-day evaluation".into(),
                scopes: vec![Training, Inference, Preview],
                commercial: false,
                derivatives: false,
                duration_days: Some(30),
                ..base.clone()
            },
        },
        Template {
            key: "open-ended",
            purpose: "Training and answers for as long as both sides want it.",
            terms: Terms {
                name: "Standing license".into(),
                scopes: vec![Training, Inference, Preview],
                sublicensing: true,
                attribution: true,
                retention_days: 365,
                duration_days: None,
                ..base
            },
        },
    ]
}

/// The template with this key.
pub fn template(key: &str) -> Result<Template, Refusal> {
    templates()
        .into_iter()
        .find(|template| template.key == key)
        .ok_or_else(|| Refusal::invalid("terms", "Choose one of the terms listed."))
}

impl Terms {
    /// The canonical JSON (RFC 8785).
    pub fn canonical(&self) -> Result<String, Refusal> {
        serde_json_canonicalizer::to_string(self).map_err(|_| {
            Refusal::invalid("terms", "These terms cannot be written down; choose others.")
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

    /// What the buyer may and must do, one short sentence each.
    pub fn in_words(&self) -> Vec<Clause> {
        let mut clauses = Vec::new();
        let mut say = |allowed: bool, yes: &str, no: &str| {
            let (kind, sentence) =
                if allowed { (ClauseKind::May, yes) } else { (ClauseKind::MayNot, no) };
            clauses.push(Clause { kind, sentence: sentence.to_owned() });
        };
        say(
            self.grants(Scope::Training),
            "Models may be trained and fine-tuned on the work.",
            "No model may be trained or fine-tuned on the work.",
        );
        say(
            self.grants(Scope::Inference),
            "Models may read the work while they answer, and quote it.",
            "Models may not read or quote the work in answers.",
        );
        say(
            self.commercial,
            "What is made with it may be sold.",
            "What is made with it may not be sold.",
        );
        say(
            self.derivatives,
            "Works derived from it may be published.",
            "Works derived from it may not be published.",
        );
        say(
            self.sublicensing,
            "The rights may be passed on to others under the same terms.",
            "The rights may not be passed on.",
        );
        clauses.sort_by_key(|clause| clause.kind);
        let mut duty = |sentence| clauses.push(Clause { kind: ClauseKind::Must, sentence });
        if self.attribution {
            duty("The credit line must be shown wherever the work is shown.".into());
        }
        duty(match self.duration_days {
            Some(days) => format!("A license lasts {}.", counted_days(days)),
            None => "A license lasts until one side ends it.".into(),
        });
        duty(match self.retention_days {
            0 => "When it ends, copies must be deleted at once.".into(),
            days => format!("When it ends, copies must be deleted within {}.", counted_days(days)),
        });
        clauses
    }
}

/// One sentence of terms read in plain words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clause {
    pub kind: ClauseKind,
    pub sentence: String,
}

/// What a clause does, in the order clauses are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ClauseKind {
    /// It allows something.
    May,
    /// It forbids something.
    MayNot,
    /// It asks for something, or says how long.
    Must,
}

fn counted_days(days: u32) -> String {
    match days {
        1 => "1 day".into(),
        365 => "a year".into(),
        _ => format!("{days} days"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_canonical_form_has_sorted_keys_and_no_spaces() {
        let terms = template("training").unwrap().terms;
        assert_eq!(
            terms.canonical().unwrap(),
            r#"{"attribution":false,"commercial":true,"derivatives":true,"duration_days":365,"name":"Training, commercial","retention_days":90,"scopes":["training","preview"],"sublicensing":false,"version":1}"#
        );
    }

    #[test]
    fn a_digest_changes_with_every_field() {
        let terms = template("training").unwrap().terms;
        let digest = terms.digest().unwrap();
        let other = Terms { retention_days: 91, ..terms };
        assert_ne!(other.digest().unwrap(), digest);
    }

    #[test]
    fn stored_terms_read_back_as_published() {
        for template in templates() {
            let stored = template.terms.canonical().unwrap();
            let read: Terms = serde_json::from_str(&stored).unwrap();
            assert_eq!(read, template.terms);
            assert_eq!(read.digest().unwrap(), template.terms.digest().unwrap());
        }
    }

    #[test]
    fn templates_have_distinct_keys_names_and_digests() {
        let all = templates();
        for (i, a) in all.iter().enumerate() {
            for b in &all[i + 1..] {
                assert!(a.key != b.key && a.terms.name != b.terms.name);
                assert_ne!(a.terms.digest().unwrap(), b.terms.digest().unwrap());
            }
        }
    }

    #[test]
    fn what_is_forbidden_is_said() {
        let clauses = template("answers").unwrap().terms.in_words();
        assert!(
            clauses
                .iter()
                .any(|c| c.kind == ClauseKind::MayNot && c.sentence.starts_with("No model may"))
        );
    }
}
