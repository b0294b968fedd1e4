//! Reads values off a chart that the server drew, by pointer or arrow keys.
//!
//! The plots carry what is needed (`data-labels`, the line's own points); this
//! island only moves the cursor that is already in them.

#[cfg(feature = "hydrate")]
mod cursor;

use leptos::ev::{KeyboardEvent, PointerEvent};
use leptos::html::Div;
use leptos::prelude::*;

/// Wraps the panels of a chart.
#[island]
pub fn ChartHover(
    /// Name of the chart, heard when it takes the focus.
    label: String,
    children: Children,
) -> impl IntoView {
    let area = NodeRef::<Div>::new();
    // Where the cursor stands, from the oldest date; none while it is hidden.
    let at = RwSignal::new(None::<usize>);
    let said = RwSignal::new(String::new());
    let live = RwSignal::new(false);
    Effect::new(move |_| live.set(true));

    let point = move |event: PointerEvent| {
        if let Some(area) = area.get_untracked() {
            stand(&area, at, nearest(&area, &event));
        }
    };
    let step = move |event: KeyboardEvent| {
        if let Some(area) = area.get_untracked()
            && let Some(to) = stepped(&area, at.get_untracked(), &event.key())
        {
            event.prevent_default();
            said.set(stand(&area, at, to).unwrap_or_default());
        }
    };
    let leave = move |_| at.set(None);

    view! {
        <div
            class="chart__area"
            class:chart__area--live=move || at.get().is_some()
            node_ref=area
            role="group"
            aria-label=label
            tabindex=move || live.get().then_some("0")
            on:pointermove=point
            on:pointerdown=point
            on:pointerleave=leave
            on:keydown=step
            on:blur=move |_| at.set(None)
        >
            {children()}
            <p class="sr-only" aria-live="polite">
                {said}
            </p>
        </div>
    }
}

/// Moves the cursor of every panel to `to` and answers what it reads there.
fn stand(area: &Area, at: RwSignal<Option<usize>>, to: Option<usize>) -> Option<String> {
    at.set(to);
    show(area, to?)
}

#[cfg(feature = "hydrate")]
use self::cursor::{Area, nearest, show, stepped};

#[cfg(not(feature = "hydrate"))]
use self::on_the_server::{Area, nearest, show, stepped};

/// On the server no event ever comes, so there is nothing to move.
#[cfg(not(feature = "hydrate"))]
mod on_the_server {
    use leptos::ev::PointerEvent;

    pub type Area = leptos::web_sys::HtmlDivElement;

    pub fn nearest(_: &Area, _: &PointerEvent) -> Option<usize> {
        None
    }

    pub fn stepped(_: &Area, _: Option<usize>, _: &str) -> Option<Option<usize>> {
        None
    }

    pub fn show(_: &Area, _: usize) -> Option<String> {
        None
    }
}
