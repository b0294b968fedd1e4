//! Reads terms back in plain words while they are typed.
//!
//! The words are the domain's own, so they cannot differ from those the server draws. What the
//! server drew stands until something is typed; without JavaScript a button asks for it.

use imprimatur::domain::terms::TypedTerms;
use leptos::prelude::*;

/// What was typed, in words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Reading {
    /// Why it cannot be read yet.
    refused: Option<String>,
    /// Each sentence with its class.
    clauses: Vec<(&'static str, String)>,
    /// What differs from the version before; nothing where there is none.
    changes: Option<Vec<(bool, String)>>,
}

/// Wraps the words that the server drew, and takes their place.
#[island]
pub fn ReadBack(
    /// The version before, as a form would send it.
    #[prop(optional_no_strip)]
    before: Option<TypedTerms>,
    children: Children,
) -> impl IntoView {
    let reading = RwSignal::new(None::<Reading>);
    #[cfg(feature = "hydrate")]
    {
        let handle = window_event_listener(leptos::ev::input, move |event| {
            if let Some(read) = live::read(&event, before.as_ref()) {
                reading.set(Some(read));
            }
        });
        on_cleanup(move || handle.remove());
    }
    #[cfg(not(feature = "hydrate"))]
    drop(before);
    view! {
        <div hidden=move || reading.read().is_some()>{children()}</div>
        {move || reading.get().map(draw)}
    }
}

fn draw(reading: Reading) -> AnyView {
    let clauses = reading
        .clauses
        .into_iter()
        .map(|(class, sentence)| view! { <li class=class>{sentence}</li> })
        .collect_view();
    let changes = reading.changes.map(|changes| {
        let none = changes.is_empty();
        let changes = changes
            .into_iter()
            .map(|(added, sentence)| match added {
                true => view! {
                    <li class="change">
                        <span class="change__kind">"Now"</span>
                        <ins>{sentence}</ins>
                    </li>
                }
                .into_any(),
                false => view! {
                    <li class="change change--removed">
                        <span class="change__kind">"No longer"</span>
                        <del>{sentence}</del>
                    </li>
                }
                .into_any(),
            })
            .collect_view();
        view! {
            <section class="section">
                <div class="section__head">
                    <h2 class="section__title">"Changed from the version before"</h2>
                </div>
                {none.then(|| view! { <p class="section__note">"Nothing is changed."</p> })}
                <ul class="changes">{changes}</ul>
            </section>
        }
    });
    view! {
        <section class="section">
            <div class="section__head">
                <h2 class="section__title">"In plain words"</h2>
            </div>
            {reading.refused.map(|sentence| view! { <p class="section__note">{sentence}</p> })}
            <ul class="clauses">{clauses}</ul>
        </section>
        {changes}
    }
    .into_any()
}

#[cfg(feature = "hydrate")]
mod live {
    use imprimatur::domain::terms::{ChangeKind, ClauseKind, Terms, TypedTerms, difference};
    use leptos::web_sys::{Element, Event, FormData, HtmlFormElement};
    use wasm_bindgen::JsCast as _;

    use super::Reading;

    /// Reads the form that something was typed into.
    pub fn read(event: &Event, before: Option<&TypedTerms>) -> Option<Reading> {
        let field: Element = event.target()?.dyn_into().ok()?;
        let form: HtmlFormElement = field.closest("form").ok()??.dyn_into().ok()?;
        let fields: Vec<(String, String)> =
            js_sys::try_iter(&FormData::new_with_form(&form).ok()?.into())
                .ok()??
                .filter_map(|pair| {
                    let pair: js_sys::Array = pair.ok()?.dyn_into().ok()?;
                    Some((pair.get(0).as_string()?, pair.get(1).as_string()?))
                })
                .collect();
        let typed = TypedTerms::of_fields(
            fields.iter().map(|(name, value)| (name.as_str(), value.as_str())),
        );
        Some(match typed.parse() {
            Ok(terms) => Reading {
                refused: None,
                clauses: clauses(&terms),
                changes: before
                    .and_then(|before| before.parse().ok())
                    .map(|before| changes(&before, &terms)),
            },
            Err(refusal) => Reading { refused: Some(refusal.sentence), ..Reading::default() },
        })
    }

    fn clauses(terms: &Terms) -> Vec<(&'static str, String)> {
        let class = |kind| match kind {
            ClauseKind::May => "clause",
            ClauseKind::MayNot => "clause clause--not",
            ClauseKind::Must => "clause clause--must",
        };
        let clauses = terms.in_words().into_iter();
        clauses.map(|clause| (class(clause.kind), clause.sentence)).collect()
    }

    fn changes(before: &Terms, terms: &Terms) -> Vec<(bool, String)> {
        let changes = difference(before, terms).into_iter();
        changes.map(|change| (change.kind == ChangeKind::Added, change.sentence)).collect()
    }
}
