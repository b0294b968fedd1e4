//! What every layout ends with: the command palette, and the keys it knows.

use leptos::prelude::*;

use crate::islands::{Palette, Shortcut};

/// The palette. `places` are reached with `g` and a letter.
#[component]
pub fn Finder(places: Vec<(char, &'static str, &'static str)>) -> impl IntoView {
    let shortcuts = places
        .into_iter()
        .map(|(key, name, href)| Shortcut { key, name: name.to_owned(), href: href.to_owned() })
        .collect();
    view! { <Palette shortcuts /> }
}
