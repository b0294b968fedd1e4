//! The fields of what is said about a collection.

use imprimatur::domain::{
    asset::Visibility,
    collection::{About, DESCRIPTION_LENGTH_MAX, TITLE_LENGTH_MAX},
};
use leptos::prelude::*;

use crate::ui::{Choice, RadioCards, TextArea, TextField};

/// Title, description and who finds it.
#[component]
pub fn AboutFields(about: About) -> impl IntoView {
    let length = |max: usize| u32::try_from(max).unwrap_or(u32::MAX);
    let choices = Visibility::ALL
        .iter()
        .rev()
        .map(|each| Choice::new(each.as_str(), each.in_words()).note(meaning(*each)))
        .collect();
    view! {
        <TextField
            name="title"
            label=t!("Title")
            value=about.title
            required=true
            maxlength=length(TITLE_LENGTH_MAX)
        />
        <TextArea
            name="description"
            label=t!("Description")
            hint=t!("What its works have in common.")
            value=about.description
            maxlength=length(DESCRIPTION_LENGTH_MAX)
        />
        <RadioCards
            name="visibility"
            legend=t!("Who finds it")
            hint=t!("Of its works, strangers see those that are listed and on offer.")
            choices
            value=about.visibility.as_str()
            required=true
        />
    }
}

/// What a visibility means for a collection.
pub(super) fn meaning(visibility: Visibility) -> &'static str {
    match visibility {
        Visibility::Private => t!("Only your organization sees it."),
        Visibility::Unlisted => t!("Whoever has its link sees it."),
        Visibility::Listed => t!("It is in the catalogue, beside its works."),
    }
}
