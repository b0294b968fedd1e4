//! Fields one chooses from.

use leptos::prelude::*;

use super::{Frame, optional_mark};
use crate::ui::typed::FormScope;

/// One thing that can be chosen.
#[derive(Clone, Debug)]
pub struct Choice {
    value: String,
    label: String,
    note: Option<String>,
    side: Option<String>,
    disabled: bool,
}

impl Choice {
    #[must_use]
    pub fn new(value: impl Into<String>, label: impl Into<String>) -> Self {
        Self { value: value.into(), label: label.into(), note: None, side: None, disabled: false }
    }

    /// What choosing it means, in a quieter line.
    #[must_use]
    pub fn note(self, note: impl Into<String>) -> Self {
        Self { note: Some(note.into()), ..self }
    }

    /// Stands on the right of a card: a price.
    #[must_use]
    pub fn side(self, side: impl Into<String>) -> Self {
        Self { side: Some(side.into()), ..self }
    }

    #[must_use]
    pub fn disabled(self, disabled: bool) -> Self {
        Self { disabled, ..self }
    }
}

#[component]
pub fn SelectField(
    #[prop(into)] name: String,
    #[prop(into)] label: String,
    choices: Vec<Choice>,
    #[prop(optional, into)] hint: Option<String>,
    #[prop(optional, into)] value: Option<String>,
    #[prop(optional)] required: bool,
) -> impl IntoView {
    let frame = Frame::of(&name, hint);
    let chosen = frame.value(value);
    let options = choices
        .into_iter()
        .map(|choice| {
            let selected = chosen.as_deref() == Some(choice.value.as_str());
            view! {
                <option value=choice.value selected=selected disabled=choice.disabled>
                    {choice.label}
                </option>
            }
        })
        .collect_view();
    let control = view! {
        <select
            class="input input--select"
            id=frame.id.clone()
            name=name
            required=required
            aria-invalid=frame.invalid()
            aria-describedby=frame.described_by()
        >
            {options}
        </select>
    };
    frame.around(label, required, control.into_any())
}

/// One box to tick. It sends `yes`, or nothing.
#[component]
pub fn CheckField(
    #[prop(into)] name: String,
    /// The sentence that ticking agrees to.
    #[prop(into)]
    label: String,
    #[prop(optional, into)] hint: Option<String>,
    #[prop(optional)] checked: bool,
    #[prop(optional)] required: bool,
) -> impl IntoView {
    let frame = Frame::of(&name, hint);
    let checked = if frame.came_back { frame.typed.is_some() } else { checked };
    view! {
        <div class=frame.class()>
            <div class="check">
                <input
                    class="check__box"
                    type="checkbox"
                    id=frame.id.clone()
                    name=name
                    value="yes"
                    checked=checked
                    required=required
                    aria-invalid=frame.invalid()
                    aria-describedby=frame.described_by()
                />
                <label class="check__label" for=frame.id.clone()>{label}</label>
            </div>
            {frame.words()}
        </div>
    }
}

/// Several boxes that share one name.
#[component]
pub fn CheckGroup(
    #[prop(into)] name: String,
    #[prop(into)] legend: String,
    choices: Vec<Choice>,
    #[prop(optional, into)] hint: Option<String>,
    /// The values ticked at first.
    #[prop(optional)]
    values: Vec<String>,
    #[prop(optional)] required: bool,
    /// Two beside each other, where there is room: many short ones.
    #[prop(optional)]
    two: bool,
) -> impl IntoView {
    let class = if two { "cards cards--two" } else { "cards" };
    group(&name, legend, choices, hint, &values, required, ("checkbox", class))
}

/// Cards of which one is chosen: a tier, a template.
#[component]
pub fn RadioCards(
    #[prop(into)] name: String,
    #[prop(into)] legend: String,
    choices: Vec<Choice>,
    #[prop(optional, into)] hint: Option<String>,
    #[prop(optional, into)] value: Option<String>,
    #[prop(optional)] required: bool,
) -> impl IntoView {
    let values: Vec<String> = value.into_iter().collect();
    group(&name, legend, choices, hint, &values, required, ("radio", "cards"))
}

fn group(
    name: &str,
    legend: String,
    choices: Vec<Choice>,
    hint: Option<String>,
    defaults: &[String],
    required: bool,
    (kind, class): (&'static str, &'static str),
) -> impl IntoView + use<> {
    let frame = Frame::of(name, hint);
    FormScope::current().label(&frame.id, &legend);
    let typed = FormScope::current().typed;
    let ticked = |value: &str| match &typed {
        Some(typed) => typed.has(name, value),
        None => defaults.iter().any(|default| default == value),
    };
    let cards = choices
        .into_iter()
        .enumerate()
        .map(|(at, choice)| {
            // The error summary links to the field's id: the first control has it.
            let id = if at == 0 { frame.id.clone() } else { format!("{}-{at}", frame.id) };
            let note_id = format!("{id}-note");
            let checked = ticked(&choice.value);
            view! {
                <div class="card">
                    <input
                        class="card__control"
                        type=kind
                        id=id.clone()
                        name=name.to_owned()
                        value=choice.value
                        checked=checked
                        disabled=choice.disabled
                        required=required && kind == "radio"
                        aria-invalid=frame.invalid()
                        aria-describedby=choice.note.as_ref().map(|_| note_id.clone())
                    />
                    <label class="card__label" for=id>{choice.label}</label>
                    {choice.side.map(|side| view! { <span class="card__side">{side}</span> })}
                    {choice
                        .note
                        .map(|note| view! { <p class="card__note" id=note_id>{note}</p> })}
                </div>
            }
        })
        .collect_view();
    view! {
        <fieldset class=frame.class() aria-describedby=frame.described_by()>
            <legend class="field__label">
                {legend}
                {optional_mark(required)}
            </legend>
            {frame.words()}
            <div class=class>{cards}</div>
        </fieldset>
    }
}
