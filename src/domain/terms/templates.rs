//! Terms ready to be chosen, under short plain names.

use super::{Intent, Revocation, Terms, Territory};
use crate::domain::error::Refusal;

/// Terms ready to be chosen.
#[derive(Clone, Debug)]
pub struct Template {
    /// Stable; forms name a template by it.
    pub key: &'static str,
    /// For whom it is, in one sentence.
    pub purpose: &'static str,
    pub terms: Terms,
}

const TRAINING: &[Intent] = &[Intent::Train, Intent::FineTune, Intent::Distill];
const ANSWERS: &[Intent] = &[
    Intent::Read,
    Intent::Quote,
    Intent::Summarize,
    Intent::Translate,
    Intent::Analyze,
    Intent::Embed,
];

/// Every template, in the order they are offered.
pub fn templates() -> Vec<Template> {
    use Intent::{Embed, FineTune, Quote, Read, Show, Summarize, Train};
    vec![
        Template {
            key: "training",
            purpose: t!("A company trains models on the work and sells what the models make."),
            terms: Terms { retention_days: 90, ..base("Training, commercial", TRAINING) },
        },
        Template {
            key: "research",
            purpose: t!("Universities and labs train models and publish, and sell nothing."),
            terms: Terms {
                commercial: false,
                attribution: true,
                retention_days: 90,
                audits_per_year: 1,
                ..base("Training, research only", &[Train, FineTune])
            },
        },
        Template {
            key: "answers",
            purpose: t!("An assistant reads the work while it answers, and names you."),
            terms: Terms {
                derivatives: false,
                attribution: true,
                ..base("Answers with credit", &[Read, Quote, Summarize])
            },
        },
        Template {
            key: "search",
            purpose: t!("A search engine indexes the work and sends readers to you."),
            terms: Terms {
                derivatives: false,
                attribution: true,
                revocation: Revocation::Notice,
                notice_days: 30,
                ..base("Search and links", &[Read, Embed])
            },
        },
        Template {
            key: "display",
            purpose: t!("A page or an app shows the work to people, with your name."),
            terms: Terms {
                derivatives: false,
                attribution: true,
                ..base("Display with credit", &[Show])
            },
        },
        Template {
            key: "all-uses",
            purpose: t!("Training and answers under one license."),
            terms: Terms {
                attribution: true,
                retention_days: 90,
                ..base("Training and answers", &[TRAINING, ANSWERS].concat())
            },
        },
        Template {
            key: "evaluation",
            purpose: t!("A team tests the work for a month before it decides."),
            terms: Terms {
                commercial: false,
                derivatives: false,
                duration_days: Some(30),
                ..base("Thirty-day evaluation", &[&[Train, FineTune], ANSWERS].concat())
            },
        },
        Template {
            key: "open-ended",
            purpose: t!("Training and answers for as long as both sides want it."),
            terms: Terms {
                sublicensing: true,
                attribution: true,
                retention_days: 365,
                duration_days: None,
                audits_per_year: 4,
                revocation: Revocation::Notice,
                notice_days: 90,
                ..base("Standing license", &[TRAINING, ANSWERS].concat())
            },
        },
    ]
}

/// The template with this key.
pub fn template(key: &str) -> Result<Template, Refusal> {
    templates()
        .into_iter()
        .find(|template| template.key == key)
        .ok_or_else(|| Refusal::invalid("terms", t!("Choose one of the terms listed.")))
}

fn base(name: &str, intents: &[Intent]) -> Terms {
    Terms {
        version: 1,
        name: name.into(),
        scopes: Terms::scopes_of(intents),
        intents: intents.to_vec(),
        commercial: true,
        derivatives: true,
        sublicensing: false,
        attribution: false,
        territory: Territory::default(),
        starts_on: None,
        ends_on: None,
        duration_days: Some(365),
        retention_days: 0,
        audits_per_year: 0,
        revocation: Revocation::Breach,
        notice_days: 0,
        excluded_models: Vec::new(),
    }
}
