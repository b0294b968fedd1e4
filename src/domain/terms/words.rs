//! Terms read in plain words, one short sentence each.

use chrono::{Datelike as _, NaiveDate};

use super::{Intent, Revocation, Scope, Terms};
use crate::words::{all_of, any_of, month_name};

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

/// Clauses as they are collected.
#[derive(Default)]
struct Clauses(Vec<Clause>);

impl Clauses {
    fn add(&mut self, kind: ClauseKind, sentence: impl Into<String>) {
        self.0.push(Clause { kind, sentence: sentence.into() });
    }

    fn say(&mut self, allowed: bool, yes: &str, no: &str) {
        match allowed {
            true => self.add(ClauseKind::May, yes),
            false => self.add(ClauseKind::MayNot, no),
        }
    }
}

impl Terms {
    /// What the buyer may and must do.
    pub fn in_words(&self) -> Vec<Clause> {
        let mut clauses = Clauses::default();
        self.training(&mut clauses);
        self.inference(&mut clauses);
        clauses.say(
            self.has(Intent::Show),
            t!("The work may be shown to people, and each showing is reported."),
            t!("The work may not be shown to people by itself."),
        );
        clauses.say(
            self.commercial,
            t!("What is made with it may be sold."),
            t!("What is made with it may not be sold."),
        );
        clauses.say(
            self.derivatives,
            t!("Works derived from it may be published."),
            t!("Works derived from it may not be published."),
        );
        clauses.say(
            self.sublicensing,
            t!("The rights may be passed on to others under the same terms."),
            t!("The rights may not be passed on."),
        );
        if !self.excluded_models.is_empty() {
            let sentence =
                t!("No model of {models} may use it.", models = any_of(&self.excluded_models));
            clauses.add(ClauseKind::MayNot, sentence);
        }
        clauses.0.sort_by_key(|clause| clause.kind);
        self.duties(&mut clauses);
        clauses.0
    }

    fn has(&self, intent: Intent) -> bool {
        self.intents.contains(&intent)
    }

    fn training(&self, clauses: &mut Clauses) {
        use ClauseKind::{May, MayNot};
        match (self.has(Intent::Train), self.has(Intent::FineTune)) {
            (true, true) => {
                clauses.add(May, t!("Models may be trained and fine-tuned on the work."));
            }
            (true, false) => {
                clauses.add(May, t!("Models may be trained on the work."));
                clauses.add(MayNot, t!("No finished model may be fine-tuned on it."));
            }
            (false, true) => {
                clauses.add(May, t!("Finished models may be fine-tuned on the work."));
                clauses.add(MayNot, t!("No model may be trained on it from the start."));
            }
            (false, false) => {
                clauses.add(MayNot, t!("No model may be trained or fine-tuned on the work."));
            }
        }
        if self.has(Intent::Distill) {
            clauses.add(May, t!("What a model learned from it may be taught to other models."));
        } else if self.grants(Scope::Training) {
            clauses
                .add(MayNot, t!("What a model learned from it may not be taught to other models."));
        }
    }

    fn inference(&self, clauses: &mut Clauses) {
        let verbs = |granted: bool| {
            let of = [
                (Intent::Read, t!("read")),
                (Intent::Quote, t!("quote")),
                (Intent::Summarize, t!("summarize")),
                (Intent::Translate, t!("translate")),
                (Intent::Analyze, t!("analyze")),
                (Intent::Embed, t!("index")),
            ];
            let verbs = of.iter().filter(|(intent, _)| self.has(*intent) == granted);
            verbs.map(|(_, verb)| *verb).collect::<Vec<_>>()
        };
        let (may, may_not) = (verbs(true), verbs(false));
        if may.is_empty() {
            clauses
                .add(ClauseKind::MayNot, t!("Models may not read or quote the work in answers."));
            return;
        }
        let sentence = t!("To answer people, models may {uses} the work.", uses = all_of(&may));
        clauses.add(ClauseKind::May, sentence);
        if !may_not.is_empty() {
            let sentence = t!("To answer people, they may not {uses} it.", uses = any_of(&may_not));
            clauses.add(ClauseKind::MayNot, sentence);
        }
    }

    fn duties(&self, clauses: &mut Clauses) {
        let mut duty = |sentence: String| clauses.add(ClauseKind::Must, sentence);
        if self.attribution {
            duty(t!("The credit line must be shown wherever the work is shown.").into());
        }
        if let Some(places) = self.territory.in_words() {
            duty(t!("It may be used in {places} only."));
        }
        match (self.starts_on, self.ends_on) {
            (Some(from), Some(until)) => {
                duty(t!(
                    "It may be used from {from} until {until}.",
                    from = day(from),
                    until = day(until)
                ));
            }
            (Some(from), None) => duty(t!("It may be used from {from} on.", from = day(from))),
            (None, Some(until)) => duty(t!("It may be used until {until}.", until = day(until))),
            (None, None) => {}
        }
        duty(match self.duration_days {
            Some(days) => t!("A license lasts {days}.", days = counted_days(days)),
            None => t!("A license lasts until one side ends it.").into(),
        });
        duty(match (self.revocation, self.notice_days) {
            (Revocation::Never, _) => t!("The creator cannot end a license early.").into(),
            (Revocation::Breach, _) => {
                t!("The creator may end a license early only if these terms are broken.").into()
            }
            (Revocation::Notice, days) => tn!(
                days,
                "The creator may end a license early with a day’s notice, or at once if these terms are broken.",
                "The creator may end a license early with {days} days’ notice, or at once if these terms are broken."
            ),
        });
        duty(match self.retention_days {
            0 => t!("When it ends, copies must be deleted at once.").into(),
            days => {
                t!("When it ends, copies must be deleted within {days}.", days = counted_days(days))
            }
        });
        match self.audits_per_year {
            0 => {}
            1 => duty(t!("Once a year the creator may ask for a report of use.").into()),
            2 => duty(t!("Twice a year the creator may ask for a report of use.").into()),
            4 => duty(t!("Every quarter the creator may ask for a report of use.").into()),
            12 => duty(t!("Every month the creator may ask for a report of use.").into()),
            times => duty(t!("{times} times a year the creator may ask for a report of use.")),
        }
    }
}

/// By hand: the browser loads this, and a formatter of dates is larger than all the rest.
fn day(date: NaiveDate) -> String {
    let month = month_name(date.month());
    t!("{day} {month} {year}", day = date.day(), year = date.year())
}

fn counted_days(days: u32) -> String {
    match days {
        365 => t!("a year").into(),
        _ => tn!(days, "1 day", "{days} days"),
    }
}
