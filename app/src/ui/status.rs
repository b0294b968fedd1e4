//! A state as a word on a tint. The word carries the meaning; the tint only
//! helps to find it.

use leptos::prelude::*;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tone {
    #[default]
    Neutral,
    Good,
    Warn,
    /// Spent only on what needs the person.
    Seal,
    Info,
}

impl Tone {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Neutral => "neutral",
            Self::Good => "good",
            Self::Warn => "warn",
            Self::Seal => "seal",
            Self::Info => "info",
        }
    }
}

#[component]
pub fn Status(#[prop(optional)] tone: Tone, #[prop(into)] word: String) -> impl IntoView {
    view! { <span class=format!("status status--{}", tone.name())>{word}</span> }
}
