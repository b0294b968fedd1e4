//! How much of something is used: a quota, a cap, a job that is still running.

use leptos::prelude::*;

use super::status::Tone;
use super::text;

/// A bar under a line of words. Past `most` the bar is full; the words say by
/// how much.
#[component]
pub fn Meter(
    /// What is used: "Requests this month".
    #[prop(into)]
    label: String,
    used: i64,
    most: i64,
    /// Instead of "84 of 100": "84 % of the upload".
    #[prop(optional, into)]
    words: Option<String>,
    #[prop(optional)] tone: Tone,
) -> impl IntoView {
    let words = words.unwrap_or_else(|| {
        t!("{used} of {most}", used = text::quantity(used), most = text::quantity(most))
    });
    view! {
        <div class=format!("meter meter--{}", tone.name())>
            <div class="meter__words">
                <span>{label.clone()}</span>
                <span class="meter__value">{words.clone()}</span>
            </div>
            <svg class="meter__bar" role="img" aria-label=format!("{label}: {words}")>
                <rect class="meter__rail" width="100%" height="100%" rx="2" />
                <rect class="meter__used" width=format!("{}%", percent(used, most)) height="100%" rx="2" />
            </svg>
        </div>
    }
}

fn percent(used: i64, most: i64) -> i64 {
    if most <= 0 {
        return 0;
    }
    let share = i128::from(used.max(0)) * 100 / i128::from(most);
    i64::try_from(share).unwrap_or(100).min(100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_never_more_than_full() {
        assert_eq!(percent(42_000, 50_000), 84);
        assert_eq!(percent(60_000, 50_000), 100);
        assert_eq!(percent(i64::MAX, 1), 100);
        assert_eq!(percent(-1, 10), 0);
        assert_eq!(percent(1, 0), 0);
    }
}
