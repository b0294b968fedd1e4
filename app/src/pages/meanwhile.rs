//! What the second of two editors is shown: what the first has saved, where it differs from what they
//! typed.

use chrono::{DateTime, Utc};
use leptos::prelude::*;

use crate::ui::{Definition, Definitions, Instant, Notice, Tone, Typed};

/// A field of the form, as it is saved.
pub struct Difference {
    field: &'static str,
    name: &'static str,
    saved: String,
    shown: String,
}

impl Difference {
    /// A field whose value reads as it is.
    pub fn of(field: &'static str, name: &'static str, saved: &str) -> Self {
        Self::in_words(field, name, saved, saved)
    }

    /// A field whose value is called otherwise.
    pub fn in_words(field: &'static str, name: &'static str, saved: &str, shown: &str) -> Self {
        Self { field, name, saved: saved.to_owned(), shown: shown.to_owned() }
    }
}

/// What somebody else has saved since the form that came back was opened.
pub fn saved_meanwhile(
    noun: &str,
    revision: i32,
    edited: Option<(DateTime<Utc>, String)>,
    now: DateTime<Utc>,
    fields: Vec<Difference>,
) -> Option<AnyView> {
    let typed = use_context::<Typed>()?;
    let (edited_at, editor) = edited?;
    if typed.value("revision")? == revision.to_string() {
        return None;
    }
    let differing = fields
        .into_iter()
        .filter(|each| {
            let typed = typed.value(each.field);
            typed.is_some_and(|typed| typed.replace("\r\n", "\n").trim() != each.saved)
        })
        .map(|each| {
            let shown = if each.shown.is_empty() { t!("Nothing").to_owned() } else { each.shown };
            view! { <Definition name=each.name>{shown}</Definition> }
        })
        .collect_view();
    Some(
        view! {
            <Notice
                tone=Tone::Warn
                title=t!("{editor} saved this {noun} while you were typing")
            >
                <p>
                    {t!("Saved ")} <Instant at=edited_at now />
                    {t!(". Where it differs from what you typed, it now says:")}
                </p>
                <Definitions>{differing}</Definitions>
            </Notice>
        }
        .into_any(),
    )
}
