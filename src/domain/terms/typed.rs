//! Terms as a form sends them.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::{Intent, Revocation, Terms, Territory};
use crate::domain::{error::Refusal, text};

/// The most characters of a name; the most of a family of models.
const NAME_LENGTH_MAX: usize = 120;
const MODEL_LENGTH_MAX: usize = 80;
/// The most families of models that can be excluded.
const MODELS_MAX: usize = 20;
/// The longest that anything lasts: a hundred years.
const DAYS_MAX: u32 = 36_525;

/// Terms as typed. Server and browser read the fields of a form by the same names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TypedTerms {
    pub name: String,
    pub intents: Vec<String>,
    pub commercial: bool,
    pub derivatives: bool,
    pub sublicensing: bool,
    pub attribution: bool,
    /// Country codes; the whole world where empty.
    pub territory: String,
    pub starts_on: String,
    pub ends_on: String,
    /// Open-ended where empty.
    pub duration_days: String,
    pub retention_days: String,
    pub audits_per_year: String,
    pub revocation: String,
    pub notice_days: String,
    /// One to a line.
    pub excluded_models: String,
}

impl TypedTerms {
    /// Reads the fields of a form; what it does not know it passes over.
    pub fn of_fields<'a>(fields: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let mut typed = Self::default();
        for (name, value) in fields {
            let line = match name {
                "intents" => {
                    typed.intents.push(value.to_owned());
                    continue;
                }
                "commercial" | "derivatives" | "sublicensing" | "attribution" => {
                    let ticked = !value.is_empty();
                    match name {
                        "commercial" => typed.commercial = ticked,
                        "derivatives" => typed.derivatives = ticked,
                        "sublicensing" => typed.sublicensing = ticked,
                        _ => typed.attribution = ticked,
                    }
                    continue;
                }
                "name" => &mut typed.name,
                "territory" => &mut typed.territory,
                "starts_on" => &mut typed.starts_on,
                "ends_on" => &mut typed.ends_on,
                "duration_days" => &mut typed.duration_days,
                "retention_days" => &mut typed.retention_days,
                "audits_per_year" => &mut typed.audits_per_year,
                "revocation" => &mut typed.revocation,
                "notice_days" => &mut typed.notice_days,
                "excluded_models" => &mut typed.excluded_models,
                _ => continue,
            };
            value.clone_into(line);
        }
        typed
    }

    /// How a form would send these terms.
    pub fn of(terms: &Terms) -> Self {
        let date = |date: Option<NaiveDate>| date.map(|date| date.to_string()).unwrap_or_default();
        Self {
            name: terms.name.clone(),
            intents: terms.intents.iter().map(ToString::to_string).collect(),
            commercial: terms.commercial,
            derivatives: terms.derivatives,
            sublicensing: terms.sublicensing,
            attribution: terms.attribution,
            territory: terms.territory.codes().join(", "),
            starts_on: date(terms.starts_on),
            ends_on: date(terms.ends_on),
            duration_days: terms.duration_days.map(|days| days.to_string()).unwrap_or_default(),
            retention_days: terms.retention_days.to_string(),
            audits_per_year: terms.audits_per_year.to_string(),
            revocation: terms.revocation.to_string(),
            notice_days: match terms.revocation {
                Revocation::Notice => terms.notice_days.to_string(),
                Revocation::Never | Revocation::Breach => String::new(),
            },
            excluded_models: terms.excluded_models.join("\n"),
        }
    }

    /// The terms.
    ///
    /// # Errors
    ///
    /// Refuses what cannot be read or contradicts itself, by field.
    pub fn parse(&self) -> Result<Terms, Refusal> {
        let intents = self.intents()?;
        let starts_on = date("starts_on", &self.starts_on)?;
        let ends_on = date("ends_on", &self.ends_on)?;
        if starts_on.zip(ends_on).is_some_and(|(from, until)| until < from) {
            return Err(Refusal::invalid("ends_on", t!("Choose a last day after the first one.")));
        }
        let revocation: Revocation = self.revocation.parse()?;
        let duration_days = match self.duration_days.trim() {
            "" => None,
            typed => Some(days("duration_days", typed)?),
        };
        if duration_days == Some(0) {
            return Err(Refusal::invalid(
                "duration_days",
                t!("Write at least 1 day, or leave it empty for a license without an end."),
            ));
        }
        Ok(Terms {
            version: 1,
            name: text::line("name", &self.name, NAME_LENGTH_MAX)?,
            scopes: Terms::scopes_of(&intents),
            intents,
            commercial: self.commercial,
            derivatives: self.derivatives,
            sublicensing: self.sublicensing,
            attribution: self.attribution,
            territory: Territory::parse(&self.territory)?,
            starts_on,
            ends_on,
            duration_days,
            retention_days: days("retention_days", &self.retention_days)?,
            audits_per_year: self.audits()?,
            revocation,
            notice_days: match revocation {
                Revocation::Notice => self.notice()?,
                Revocation::Never | Revocation::Breach => 0,
            },
            excluded_models: self.models()?,
        })
    }

    fn intents(&self) -> Result<Vec<Intent>, Refusal> {
        let typed = self
            .intents
            .iter()
            .map(|name| name.parse().map_err(|refusal: Refusal| refusal.on("intents")))
            .collect::<Result<Vec<Intent>, Refusal>>()?;
        if typed.is_empty() {
            return Err(Refusal::invalid("intents", t!("Allow at least one use.")));
        }
        if typed == [Intent::Distill] {
            return Err(Refusal::invalid(
                "intents",
                t!("To distill, a model must first be trained: allow training or fine-tuning too."),
            ));
        }
        Ok(Intent::ALL.iter().copied().filter(|intent| typed.contains(intent)).collect())
    }

    fn notice(&self) -> Result<u32, Refusal> {
        match days("notice_days", &self.notice_days)? {
            0 => Err(Refusal::invalid("notice_days", t!("Give at least 1 day of notice."))),
            days => Ok(days),
        }
    }

    fn audits(&self) -> Result<u32, Refusal> {
        let choices = ["0", "1", "2", "4", "12"];
        choices
            .contains(&self.audits_per_year.as_str())
            .then(|| self.audits_per_year.parse().ok())
            .flatten()
            .ok_or_else(|| Refusal::invalid("audits_per_year", t!("Choose one of those listed.")))
    }

    fn models(&self) -> Result<Vec<String>, Refusal> {
        let mut models: Vec<String> = Vec::new();
        let typed = text::paragraphs("excluded_models", &self.excluded_models, 4000)?;
        for line in typed.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let model = text::line("excluded_models", line, MODEL_LENGTH_MAX)?;
            if !models.contains(&model) {
                models.push(model);
            }
        }
        if models.len() > MODELS_MAX {
            return Err(Refusal::invalid("excluded_models", t!("Name at most {MODELS_MAX}.")));
        }
        Ok(models)
    }
}

fn date(field: &'static str, typed: &str) -> Result<Option<NaiveDate>, Refusal> {
    let typed = typed.trim();
    if typed.is_empty() {
        return Ok(None);
    }
    let read = || {
        let mut parts = typed.split('-');
        let mut part = |length: usize| {
            let part = parts.next()?;
            let digits = part.len() == length && part.bytes().all(|b| b.is_ascii_digit());
            digits.then(|| part.parse::<u32>().ok()).flatten()
        };
        let (year, month, day) = (part(4)?, part(2)?, part(2)?);
        let date = NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day)?;
        (parts.next().is_none() && (2000..=2200).contains(&year)).then_some(date)
    };
    read().map(Some).ok_or_else(|| {
        Refusal::invalid(field, t!("Write a day like 2027-01-31, or leave it empty."))
    })
}

fn days(field: &'static str, typed: &str) -> Result<u32, Refusal> {
    let typed = typed.trim();
    if typed.is_empty() || !typed.bytes().all(|b| b.is_ascii_digit()) {
        return Err(Refusal::invalid(field, t!("Write a number of days, like 90.")));
    }
    typed
        .parse()
        .ok()
        .filter(|&days| days <= DAYS_MAX)
        .ok_or_else(|| Refusal::invalid(field, t!("Use at most 36525 days, a hundred years.")))
}
