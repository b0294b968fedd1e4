//! Every component in every state, in one place.

use leptos::prelude::*;

#[component]
pub fn Design() -> impl IntoView {
    view! { <h1>"Design"</h1> }
}
