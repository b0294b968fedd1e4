//! The start page: what Imprimatur is, for whom, and the road of a delivery.

use leptos::prelude::*;

#[component]
pub fn Landing() -> impl IntoView {
    view! { <h1>"Imprimatur"</h1> }
}
