//! The ruled row of figures at the top of a page. Each figure says under itself
//! what it means, and links to what it is made of.

use leptos::prelude::*;

/// Up to four `Figure`s side by side; two by two on a phone.
#[component]
pub fn Figures(
    /// What the figures are about, for those who cannot see the row.
    #[prop(into)]
    label: String,
    children: Children,
) -> impl IntoView {
    view! { <dl class="figures" aria-label=label>{children()}</dl> }
}

/// One figure: `children` is the value, usually an `Amount display=true`.
#[component]
pub fn Figure(
    #[prop(into)] label: String,
    /// What it is made of.
    #[prop(optional, into)]
    href: Option<String>,
    /// One line that says what it means.
    #[prop(optional, into)]
    note: Option<ViewFnOnce>,
    children: Children,
) -> impl IntoView {
    let value = match href {
        Some(href) => view! { <a class="figure__link" href=href>{children()}</a> }.into_any(),
        None => children(),
    };
    view! {
        <div class="figure">
            <dt class="figure__label">{label}</dt>
            <dd class="figure__value">{value}</dd>
            {note.map(|note| view! { <dd class="figure__note">{note.run()}</dd> })}
        </div>
    }
}
