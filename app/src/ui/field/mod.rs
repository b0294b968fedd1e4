//! Fields of a form. `Frame` ties label, hint and error to the control, so that
//! no page can forget to.
//!
//! Always true: the control's id is `{form}-{name}` or `field-{name}`, its hint
//! and error are in `aria-describedby`, and what a person typed wins over `value`.

mod choices;
mod inputs;

pub use choices::{CheckField, CheckGroup, Choice, RadioCards, SelectField};
pub use inputs::{FileField, HiddenField, TextArea, TextField};

use leptos::prelude::*;

use super::typed::FormScope;

/// What every field works out before it draws its control.
struct Frame {
    id: String,
    hint: Option<String>,
    error: Option<String>,
    typed: Option<String>,
    came_back: bool,
}

impl Frame {
    fn of(name: &str, hint: Option<String>) -> Self {
        let scope = FormScope::current();
        let typed = scope.typed.as_ref();
        Self {
            id: scope.id(name),
            hint,
            error: typed.and_then(|t| t.error_on(name)).map(str::to_owned),
            typed: typed.and_then(|t| t.value(name)).map(str::to_owned),
            came_back: typed.is_some(),
        }
    }

    fn hint_id(&self) -> String {
        format!("{}-hint", self.id)
    }

    fn error_id(&self) -> String {
        format!("{}-error", self.id)
    }

    fn described_by(&self) -> Option<String> {
        let ids: Vec<String> = [
            self.error.is_some().then(|| self.error_id()),
            self.hint.is_some().then(|| self.hint_id()),
        ]
        .into_iter()
        .flatten()
        .collect();
        (!ids.is_empty()).then(|| ids.join(" "))
    }

    fn invalid(&self) -> Option<&'static str> {
        self.error.is_some().then_some("true")
    }

    /// What was typed, else `default`.
    fn value(&self, default: Option<String>) -> Option<String> {
        self.typed.clone().or(default)
    }

    fn class(&self) -> &'static str {
        if self.error.is_some() { "field field--error" } else { "field" }
    }

    fn words(&self) -> impl IntoView + use<> {
        let hint = self.hint.clone().map(|hint| {
            view! { <p class="field__hint" id=self.hint_id()>{hint}</p> }
        });
        let error = self.error.clone().map(|error| {
            view! {
                <p class="field__error" id=self.error_id()>
                    <span class="sr-only">{t!("Error: ")}</span>
                    {error}
                </p>
            }
        });
        view! {
            {hint}
            {error}
        }
    }

    /// Label, hint and error above the control.
    fn around(&self, label: String, required: bool, control: AnyView) -> AnyView {
        FormScope::current().label(&self.id, &label);
        view! {
            <div class=self.class()>
                <label class="field__label" for=self.id.clone()>
                    {label}
                    {optional_mark(required)}
                </label>
                {self.words()}
                {control}
            </div>
        }
        .into_any()
    }
}

/// Most fields are needed, so only the others are marked.
fn optional_mark(required: bool) -> Option<impl IntoView> {
    (!required).then(|| view! { <span class="field__optional">{t!(" optional")}</span> })
}
