use std::collections::HashSet;

use super::*;
use crate::domain::metering::{JobName, window_key};
use chrono::TimeDelta;
use proptest::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Drawn {
    key: u16,
    scope: Scope,
    consumer: u8,
    content: u8,
    job: Option<JobName>,
    day: i64,
    tokens: i64,
    said_free: bool,
}

/// The meter of every consumer begins on this day.
const FIRST_DAY: i64 = 20;

fn metered() -> Metered {
    Metered { since: DateTime::UNIX_EPOCH + TimeDelta::days(FIRST_DAY), unit: Unit::Token }
}

impl Drawn {
    fn at(&self) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::days(self.day)
    }

    fn window(&self) -> (u8, u8, String) {
        (self.consumer, self.content, window_key(self.job.as_ref(), self.at()))
    }

    fn as_use(&self) -> Use {
        Use {
            scope: self.scope,
            occurred_at: self.at(),
            measures: Measures { calls: 1, tokens: self.tokens, ..Measures::default() },
            free_said: self.said_free.then_some(FreeReason::Repeat),
        }
    }
}

fn histories() -> impl Strategy<Value = Vec<Drawn>> {
    let one = (
        0..Scope::ALL.len(),
        0..3_u8,
        0..4_u8,
        proptest::option::of(0..3_u8),
        0..90_i64,
        0..4_i64,
        proptest::bool::weighted(0.1),
    );
    proptest::collection::vec(one, 0..60).prop_map(|drawn| {
        drawn
            .into_iter()
            .enumerate()
            .map(|(key, (scope, consumer, content, job, day, tokens, said_free))| Drawn {
                key: u16::try_from(key).unwrap(),
                scope: Scope::ALL[scope],
                consumer,
                content,
                job: job.map(|job| JobName::parse(&format!("run-{job}")).unwrap()),
                day,
                tokens,
                said_free,
            })
            .collect()
    })
}

/// Meters a history as it arrives: equal keys are one event.
fn meter(history: &[Drawn]) -> i64 {
    let (mut keys, mut claimed) = (HashSet::new(), HashSet::new());
    let mut billable = 0;
    for each in history {
        if !keys.insert(each.key) {
            continue;
        }
        let taken = each.as_use().claims_unit(&metered()) && !claimed.insert(each.window());
        let judgement = judge(taken, &each.as_use(), &metered());
        billable += judgement.billable_units;
    }
    billable
}

proptest! {
    #[test]
    fn order_and_repetition_do_not_change_what_a_history_costs(
        (history, shuffled) in histories().prop_flat_map(|history| {
            let twice: Vec<Drawn> = history.iter().chain(&history).cloned().collect();
            (Just(history), Just(twice).prop_shuffle())
        })
    ) {
        prop_assert_eq!(meter(&history), meter(&shuffled));
    }

    /// Against a model that looks at the whole history at once and knows no order.
    #[test]
    fn each_training_window_is_billed_once_and_each_token_each_time(history in histories()) {
        let counted: Vec<&Drawn> =
            history.iter().filter(|each| each.day >= FIRST_DAY && !each.said_free).collect();
        let windows: HashSet<_> = counted
            .iter()
            .filter(|each| each.scope == Scope::Training)
            .map(|each| each.window())
            .collect();
        let tokens: i64 = counted
            .iter()
            .filter(|each| matches!(each.scope, Scope::Inference | Scope::Display))
            .map(|each| each.tokens)
            .sum();
        prop_assert_eq!(meter(&history), i64::try_from(windows.len()).unwrap() + tokens);
    }

    #[test]
    fn a_judgement_is_free_exactly_where_it_has_a_reason(history in histories(), taken: bool) {
        for each in history {
            let judgement = judge(taken, &each.as_use(), &metered());
            prop_assert!(judgement.billable_units >= 0);
            prop_assert_eq!(judgement.billable_units == 0, judgement.free_reason.is_some());
        }
    }
}

#[test]
fn every_reason_is_given_where_it_belongs() {
    let each = |scope| Use {
        scope,
        occurred_at: metered().since,
        measures: Measures { calls: 3, pages: 2, tokens: 0, bytes: 70, ..Measures::default() },
        free_said: None,
    };
    let early =
        |scope| Use { occurred_at: metered().since - TimeDelta::microseconds(1), ..each(scope) };
    let said = Use { free_said: Some(FreeReason::Repeat), ..each(Scope::Training) };
    let by = |unit| Metered { unit, ..metered() };
    let free = |reason| (0, Some(reason));
    for (taken, each, unit, expected) in [
        (false, each(Scope::Training), Unit::Token, (1, None)),
        (true, each(Scope::Training), Unit::Call, free(FreeReason::Repeat)),
        (false, early(Scope::Training), Unit::Call, free(FreeReason::BeforeMeter)),
        (false, said, Unit::Call, free(FreeReason::Repeat)),
        (false, each(Scope::Inference), Unit::Call, (3, None)),
        (false, each(Scope::Display), Unit::Page, (2, None)),
        (false, each(Scope::Inference), Unit::Byte, (70, None)),
        (true, each(Scope::Inference), Unit::Byte, (70, None)),
        (false, each(Scope::Display), Unit::Token, free(FreeReason::NoUnits)),
        (false, early(Scope::Display), Unit::Call, free(FreeReason::BeforeMeter)),
        (false, each(Scope::Preview), Unit::Call, free(FreeReason::Preview)),
        (false, early(Scope::Preview), Unit::Call, free(FreeReason::Preview)),
    ] {
        let judgement = judge(taken, &each, &by(unit));
        assert_eq!((judgement.billable_units, judgement.free_reason), expected, "{each:?}");
    }
}
