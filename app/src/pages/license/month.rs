//! How the month of a license goes: its figures, and what it has used against what it includes.

use chrono::{DateTime, Datelike as _, Utc};
use imprimatur::{
    domain::{month::Month, pricing::Overrun},
    services::{licenses::License, reports::MonthSoFar},
};
use leptos::prelude::*;

use crate::ui::{Amount, Chart, Figure, Figures, Instant, Line, Quantity, Section, Unit, text};

/// Used, left, spent, delivered, and where the license stands.
pub(super) fn figures(
    license: &License,
    month: &MonthSoFar,
    deliveries: i64,
    now: DateTime<Utc>,
) -> AnyView {
    let used = used(month);
    let left = left(units(license, month), used);
    let (state, ends_at) = (license.state, license.ends_at);
    let href = format!("/feed?side=buyer&license={}", license.license_id);
    let currency = license.tier.currency.as_str();
    let spend = i64::try_from(month.spend_micros(&license.tier.price)).unwrap_or(i64::MAX);
    let capped = license.spend_cap.map(|cap| t!("Of {cap}, the cap"));
    let spend_note = capped.unwrap_or_else(|| t!("This month, the fee included").to_owned());
    let spend = (!license.tier.is_free()).then(|| {
        view! {
            <Figure label=t!("Spend") note=move || spend_note>
                <Amount micros=spend currency display=true />
            </Figure>
        }
    });
    view! {
        <Figures label=t!("This month")>
            <Figure label=t!("Used this month") href note=|| t!("Repeats are free and do not count")>
                <span data-live="used"><Quantity count=used /></span>
            </Figure>
            {left}
            {spend}
            <Figure label=t!("Deliveries") note=|| t!("This month, repeats included")>
                <span data-live="deliveries"><Quantity count=deliveries /></span>
            </Figure>
            <Figure label=t!("State") note={
                move || match ends_at {
                    Some(at) if at <= now => view! { {t!("Ended ")} <Instant at now /> }.into_any(),
                    Some(at) => view! { {t!("Ends ")} <Instant at now /> }.into_any(),
                    None => t!("Open-ended").into_any(),
                }
            }>{state.in_words()}</Figure>
        </Figures>
    }
    .into_any()
}

/// What is left of the units of a month, where there is an end to them.
fn left(month_units: Option<i64>, used: i64) -> AnyView {
    match month_units {
        Some(units) => view! {
            <Figure
                label=t!("Left of the included")
                note=move || view! { {t!("of ")} <Quantity count=units /> }.into_any()
            >
                <span data-live="left"><Quantity count=units.saturating_sub(used).max(0) /></span>
            </Figure>
        }
        .into_any(),
        None => view! {
            <Figure label=t!("Limit") note=|| t!("On what a month may use")>
                {t!("None")}
            </Figure>
        }
        .into_any(),
    }
}

/// What was used from day to day, beside the even use of everything included. Nothing is drawn where
/// there is no end to the units.
pub(super) fn burn_down(
    license: &License,
    month: &MonthSoFar,
    now: DateTime<Utc>,
) -> Option<AnyView> {
    let units = units(license, month).filter(|units| *units > 0)?;
    let last = last_day(month.month);
    let sums: Vec<i64> = month
        .days
        .iter()
        .scan(0_i64, |sum, day| {
            *sum = sum.saturating_add(*day);
            Some(*sum)
        })
        .collect();
    let dates = (0..last)
        .filter_map(|day| month.month.first_day().checked_add_days(chrono::Days::new(day.into())))
        .map(|date| text::date(date.and_time(chrono::NaiveTime::MIN).and_utc(), now))
        .collect();
    let pace = (1..=last).map(|day| share(units, day, last)).collect();
    let sentence = outlook(used(month), units, now.day(), month.month, license.tier.overrun);
    Some(
        view! {
            <Section title=t!("Used against included")>
                <p class="section__note">{sentence}</p>
                <Chart
                    title=t!("Units of this month")
                    step=t!("Day (UTC)")
                    dates
                    lines=vec![
                        Line::new(t!("Units used"), Unit::Count, sums)
                            .against(t!("All of them, used evenly"), t!("even"), pace),
                    ]
                />
            </Section>
        }
        .into_any(),
    )
}

/// The units of the month, those carried over among them.
fn units(license: &License, month: &MonthSoFar) -> Option<i64> {
    let units = license.tier.price.month_units()?;
    Some(units.saturating_add(month.carried_units))
}

fn used(month: &MonthSoFar) -> i64 {
    month.days.iter().fold(0, |sum, day| sum.saturating_add(*day))
}

fn last_day(month: Month) -> u32 {
    month.next().first_day().pred_opt().map_or(30, |date| date.day())
}

/// What even use has come to at the end of a day.
fn share(units: i64, day: u32, last: u32) -> i64 {
    let sum = i128::from(units) * i128::from(day) / i128::from(last.max(1));
    i64::try_from(sum).unwrap_or(i64::MAX)
}

/// What comes of it if the rest of the month is used like its days so far.
fn outlook(used: i64, units: i64, today: u32, month: Month, overrun: Overrun) -> String {
    let then = match overrun {
        Overrun::Stop => t!("then deliveries stop until the next month"),
        Overrun::Charge => t!("then each further thousand is charged"),
        Overrun::Upgrade => t!("then the license moves to the next larger tier"),
    };
    if used == 0 {
        return t!("Nothing is used yet this month.").to_owned();
    }
    if used >= units {
        return match overrun {
            Overrun::Charge => t!("Everything included is used up; what is used now is charged."),
            Overrun::Stop | Overrun::Upgrade => {
                t!("Everything included is used up. It starts again with the next month.")
            }
        }
        .to_owned();
    }
    let last = last_day(month);
    let day = (i128::from(units) * i128::from(today) + i128::from(used) - 1) / i128::from(used);
    match u64::try_from(day).ok().filter(|day| *day <= u64::from(last)) {
        Some(day) => {
            let date = month.first_day().checked_add_days(chrono::Days::new(day.max(1) - 1));
            let date = date.map(text::day_alone).unwrap_or_default();
            t!("At this pace the included units last until {date}; {then}.")
        }
        None => t!("At this pace the included units last all month.").to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_outlook_names_the_day_on_which_units_run_out() {
        let month: Month = "2026-11".parse().unwrap();
        let say = |used, today| outlook(used, 1000, today, month, Overrun::Stop);
        assert_eq!(say(0, 10), "Nothing is used yet this month.");
        assert!(
            say(500, 10).contains("until 20\u{a0}Nov; then deliveries stop"),
            "{}",
            say(500, 10)
        );
        assert!(say(999, 10).contains("until 11\u{a0}Nov"), "{}", say(999, 10));
        assert_eq!(say(300, 10), "At this pace the included units last all month.");
        assert!(say(334, 10).contains("until 30\u{a0}Nov"), "{}", say(334, 10));
        assert!(say(1000, 10).starts_with("Everything included is used up."));
        assert!(say(i64::MAX, 10).starts_with("Everything included is used up."));
    }

    #[test]
    fn even_use_ends_on_the_last_day_with_everything() {
        let month: Month = "2028-02".parse().unwrap();
        assert_eq!(last_day(month), 29);
        assert_eq!(share(50_000, 29, 29), 50_000);
        assert_eq!(share(i64::MAX, 29, 29), i64::MAX);
        assert_eq!(share(0, 1, 29), 0);
    }
}
