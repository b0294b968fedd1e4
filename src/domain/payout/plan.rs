//! What a payout run does about one creator and one currency, and why, in a sentence.

use chrono::{DateTime, Datelike as _, Days, Utc, Weekday};

use crate::domain::{
    money::{Currency, MICROS_PER_UNIT, Money},
    month::Month,
    text::text_enum,
};

/// Payment services count in hundredths.
const MICROS_PER_CENT: i64 = 10_000;

text_enum! {
    /// How often a creator is paid.
    pub enum Schedule("schedule") {
        Weekly = "weekly",
        Monthly = "monthly",
        OnRequest = "on_request",
    }
}

impl Schedule {
    /// As a choice says it.
    pub fn in_words(self) -> &'static str {
        match self {
            Self::Weekly => t!("Every Monday"),
            Self::Monthly => t!("On the first of every month"),
            Self::OnRequest => t!("When I ask for it"),
        }
    }

    /// The instant of the latest run that was due; none where somebody has to ask.
    pub fn latest(self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        match self {
            Self::Weekly => {
                let today = now.date_naive();
                let since_monday = today.weekday().days_since(Weekday::Mon);
                let monday = today.checked_sub_days(Days::new(since_monday.into()))?;
                Some(monday.and_time(chrono::NaiveTime::MIN).and_utc())
            }
            Self::Monthly => Some(Month::of(now).from()),
            Self::OnRequest => None,
        }
    }
}

/// The least a run sends: ten of the currency's unit.
pub const fn least(currency: Currency) -> Money {
    match currency {
        Currency::Usd | Currency::Eur | Currency::Gbp => Money::new(10 * MICROS_PER_UNIT, currency),
    }
}

/// Whether money can be sent to a creator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Readiness {
    Ready,
    /// They have no account to be paid to.
    NotConnected,
    /// They have one, and something is missing.
    Incomplete,
}

/// What a creator has in one currency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    pub available: Money,
    pub pending_micros: i64,
    pub held_micros: i64,
    pub readiness: Readiness,
}

/// What is sent, and why not more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Whole cents; nothing where the payout is skipped.
    pub micros: i64,
    /// Why it is skipped or cut.
    pub why: Option<String>,
}

/// Decides on a payout.
pub fn plan(standing: &Standing) -> Plan {
    let Standing { available, pending_micros, held_micros, .. } = *standing;
    let money = |micros| Money::new(micros, available.currency);
    let skip = |why: String| Plan { micros: 0, why: Some(why) };
    let least = least(available.currency);
    if available.micros < 0 {
        let owed = money(available.micros.saturating_neg());
        return skip(format!(
            "{owed} that was paid out before had to be given back; your next earnings make up for it."
        ));
    }
    if available.micros < least.micros {
        let held = (held_micros > 0)
            .then(|| format!(" {} is held until a dispute is decided.", money(held_micros)));
        let pending = (pending_micros > 0)
            .then(|| format!(" {} is not available yet.", money(pending_micros)));
        return skip(format!(
            "{available} is available, and the least that is sent is {least}.{}{}",
            held.unwrap_or_default(),
            pending.unwrap_or_default(),
        ));
    }
    match standing.readiness {
        Readiness::Ready => {}
        Readiness::NotConnected => {
            return skip(format!("{available} waits for you: set up payouts to have it sent."));
        }
        Readiness::Incomplete => {
            return skip(format!(
                "{available} waits for you: Stripe needs to know more before it can be sent."
            ));
        }
    }
    let why = (held_micros > 0)
        .then(|| format!("{} is held until a dispute is decided.", money(held_micros)));
    Plan { micros: available.micros / MICROS_PER_CENT * MICROS_PER_CENT, why }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn standing(available: i64) -> Standing {
        Standing {
            available: Money::new(available, Currency::Usd),
            pending_micros: 0,
            held_micros: 0,
            readiness: Readiness::Ready,
        }
    }

    #[test]
    fn what_is_skipped_or_cut_says_why() {
        let ready = standing(25_000_000);
        assert_eq!(plan(&ready), Plan { micros: 25_000_000, why: None });
        for (standing, part) in [
            (standing(9_999_999), "the least that is sent is $10.00"),
            (standing(-1), "make up for it"),
            (Standing { held_micros: 5_000_000, ..standing(0) }, "$5.00 is held"),
            (Standing { readiness: Readiness::NotConnected, ..ready.clone() }, "set up payouts"),
            (Standing { readiness: Readiness::Incomplete, ..ready.clone() }, "needs to know more"),
        ] {
            let plan = plan(&standing);
            assert_eq!(plan.micros, 0);
            assert!(plan.why.unwrap().contains(part), "{part}");
        }
        let cut = plan(&Standing { held_micros: 5_000_000, ..ready });
        assert_eq!((cut.micros, cut.why.is_some()), (25_000_000, true));
    }

    #[test]
    fn runs_come_round_on_mondays_and_on_the_first() {
        let now = "2026-11-22T16:00:00Z".parse().unwrap();
        let at = |schedule: Schedule| schedule.latest(now).map(|at| at.to_rfc3339());
        assert_eq!(at(Schedule::Weekly).unwrap(), "2026-11-16T00:00:00+00:00");
        assert_eq!(at(Schedule::Monthly).unwrap(), "2026-11-01T00:00:00+00:00");
        assert_eq!(at(Schedule::OnRequest), None);
    }

    proptest! {
        #[test]
        fn nothing_is_sent_that_is_not_there(available in any::<i64>(), held in any::<i64>(), pending in any::<i64>()) {
            let standing = Standing { held_micros: held, pending_micros: pending, ..standing(available) };
            let plan = plan(&standing);
            prop_assert!(plan.micros >= 0 && plan.micros <= available.max(0));
            prop_assert_eq!(plan.micros % MICROS_PER_CENT, 0);
            prop_assert!(plan.micros > 0 || plan.why.is_some());
        }
    }
}
