//! The mark: a seal, its ring and its check.

use leptos::prelude::*;

/// The seal with the name beside it, leading to `href`.
#[component]
pub fn Mark(#[prop(into)] href: String) -> impl IntoView {
    view! {
        <a class="mark" href=href>
            <svg class="mark__seal" viewBox="0 0 32 32" width="26" height="26" aria-hidden="true">
                <circle class="mark__ring" cx="16" cy="16" r="14.5" />
                <circle class="mark__disc" cx="16" cy="16" r="11" />
                <path class="mark__check" d="M11 16.4l3.4 3.4 6.8-7" />
            </svg>
            <span class="mark__name">"Imprimatur"</span>
        </a>
    }
}
