//! Fields that several forms about works share.

use imprimatur::domain::asset::{
    AssetKind, Language, TAG_LENGTH_MAX, TAGS_MAX, Visibility, WELL_KNOWN_LANGUAGES,
};
use imprimatur::words::say;
use leptos::prelude::*;

use crate::ui::{Choice, RadioCards, SelectField, TextArea, TextField, Typed};

/// What sort of work it is.
#[component]
pub fn KindField(value: AssetKind) -> impl IntoView {
    let choices =
        AssetKind::uploaded().map(|kind| Choice::new(kind.as_str(), kind.in_words())).collect();
    view! { <SelectField name="kind" label=t!("Kind") choices value=value.as_str() required=true /> }
}

/// Tags with commas between.
#[component]
pub fn TagsField(#[prop(optional, into)] value: String) -> impl IntoView {
    let hint = t!(
        "Up to {TAGS_MAX}, each of at most {TAG_LENGTH_MAX} characters, with commas between: salt trade, fens."
    );
    view! { <TextField name="tags" label=t!("Tags") hint value /> }
}

/// The language, by name.
#[component]
pub fn LanguageField(#[prop(optional, into)] value: String) -> impl IntoView {
    let mut choices = vec![Choice::new("", t!("None, or not said"))];
    if !value.is_empty() && !WELL_KNOWN_LANGUAGES.iter().any(|(tag, _)| *tag == value) {
        choices.push(Choice::new(value.clone(), Language::in_words(&value)));
    }
    choices.extend(WELL_KNOWN_LANGUAGES.iter().map(|(tag, name)| Choice::new(*tag, say(name))));
    view! { <SelectField name="language" label=t!("Language") choices value /> }
}

/// Who holds the rights.
#[component]
pub fn RightsField(#[prop(optional, into)] value: String, maxlength: u32) -> impl IntoView {
    view! {
        <TextArea
            name="rights"
            label=t!("Rights")
            hint=t!("Who holds them, and since when: “© 2019 Mira Okafor, all rights reserved.”")
            value
            maxlength
            rows=2
        />
    }
}

/// Who finds it.
#[component]
pub fn VisibilityField(value: Visibility) -> impl IntoView {
    let choices = Visibility::ALL
        .iter()
        .rev()
        .map(|each| Choice::new(each.as_str(), each.in_words()).note(each.meaning()))
        .collect();
    view! {
        <RadioCards name="visibility" legend=t!("Who finds it") choices value=value.as_str() required=true />
    }
}

/// Fields that only some want to fill in; open where one of them was refused.
#[component]
pub fn More(
    #[prop(into)] summary: String,
    /// The names of the fields inside.
    fields: &'static [&'static str],
    children: Children,
) -> impl IntoView {
    let open = use_context::<Typed>()
        .is_some_and(|typed| fields.iter().any(|field| typed.error_on(field).is_some()));
    view! {
        <details class="more" open=open>
            <summary class="more__summary">{summary}</summary>
            <div class="more__fields">{children()}</div>
        </details>
    }
}
