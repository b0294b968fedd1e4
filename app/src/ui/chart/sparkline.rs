//! A line the size of a word, for a table cell. It has no scale, so it says
//! only how a value moved; the cell beside it says how much.

use leptos::prelude::*;

use super::line::points;
use super::scale::{HEIGHT, Scale};

#[component]
pub fn Sparkline(
    values: Vec<i64>,
    /// What it shows, heard in its place: "Uses over 90 days, rising".
    #[prop(into)]
    label: String,
) -> impl IntoView {
    let lowest = values.iter().copied().min().unwrap_or(0);
    let moved: Vec<i64> = values.iter().map(|value| value.saturating_sub(lowest)).collect();
    let width = (moved.len().max(2) - 1) * 10;
    let line = points(&moved, Scale::over(&moved));
    view! {
        <svg
            class="sparkline"
            viewBox=format!("0 0 {width} {HEIGHT}")
            preserveAspectRatio="none"
            role="img"
            aria-label=label
        >
            <polyline class="sparkline__line" points=line />
        </svg>
    }
}
