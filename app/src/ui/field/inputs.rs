//! Fields one types into, and the one that takes a file.

use leptos::prelude::*;

use super::Frame;
use crate::ui::text::in_markup;

/// One line of text.
#[component]
pub fn TextField(
    #[prop(into)] name: String,
    #[prop(into)] label: String,
    #[prop(optional, into)] hint: Option<String>,
    #[prop(optional, into)] value: Option<String>,
    /// `email`, `url`, `search`; plain text unless told.
    #[prop(optional, into)]
    kind: Option<String>,
    #[prop(optional)] required: bool,
    #[prop(optional, into)] autocomplete: Option<String>,
    #[prop(optional)] maxlength: Option<u32>,
    /// `decimal` or `numeric` brings up the right keyboard and sets figures
    /// of one width.
    #[prop(optional, into)]
    inputmode: Option<String>,
    /// Stands before the control: "$".
    #[prop(optional, into)]
    prefix: Option<String>,
    /// Stands after the control: "per 1,000".
    #[prop(optional, into)]
    suffix: Option<String>,
    /// Set in the mono face: digests, domains, keys.
    #[prop(optional)]
    mono: bool,
    /// As wide as a number needs.
    #[prop(optional)]
    narrow: bool,
) -> impl IntoView {
    let frame = Frame::of(&name, hint);
    let class = match (mono, narrow) {
        (false, false) => "input",
        (true, false) => "input input--mono",
        (false, true) => "input input--narrow",
        (true, true) => "input input--mono input--narrow",
    };
    let input = view! {
        <input
            class=class
            id=frame.id.clone()
            name=name
            type=kind.unwrap_or_else(|| "text".to_owned())
            value=frame.value(value)
            required=required
            autocomplete=autocomplete
            maxlength=maxlength.map(|n| n.to_string())
            inputmode=inputmode
            aria-invalid=frame.invalid()
            aria-describedby=frame.described_by()
        />
    };
    let control = if prefix.is_some() || suffix.is_some() {
        view! {
            <div class="affixed">
                {prefix.map(|words| view! { <span class="affixed__words">{words}</span> })}
                {input}
                {suffix.map(|words| view! { <span class="affixed__words">{words}</span> })}
            </div>
        }
        .into_any()
    } else {
        input.into_any()
    };
    frame.around(label, required, control)
}

/// Several lines of text.
#[component]
pub fn TextArea(
    #[prop(into)] name: String,
    #[prop(into)] label: String,
    #[prop(optional, into)] hint: Option<String>,
    #[prop(optional, into)] value: Option<String>,
    #[prop(optional)] required: bool,
    #[prop(optional)] maxlength: Option<u32>,
    #[prop(default = 4)] rows: u32,
    #[prop(optional)] mono: bool,
) -> impl IntoView {
    let frame = Frame::of(&name, hint);
    let control = view! {
        <textarea
            class=if mono { "input input--area input--mono" } else { "input input--area" }
            id=frame.id.clone()
            name=name
            rows=rows.to_string()
            required=required
            maxlength=maxlength.map(|n| n.to_string())
            aria-invalid=frame.invalid()
            aria-describedby=frame.described_by()
        >
            {raw_text(&frame.value(value).unwrap_or_default())}
        </textarea>
    };
    frame.around(label, required, control.into_any())
}

/// Text inside `<textarea>`, which Leptos writes as it is. HTML drops one line break at its start,
/// so that one is put there.
fn raw_text(text: &str) -> String {
    format!("\n{}", in_markup(text))
}

/// A file. A browser never sends a file back, so it is asked for again.
#[component]
pub fn FileField(
    #[prop(into)] name: String,
    #[prop(into)] label: String,
    #[prop(optional, into)] hint: Option<String>,
    /// Kinds to offer first: "image/*,.csv". The server decides, not this.
    #[prop(optional, into)]
    accept: Option<String>,
    #[prop(optional)] required: bool,
    /// Takes several at once.
    #[prop(optional)]
    multiple: bool,
) -> impl IntoView {
    let mut frame = Frame::of(&name, hint);
    if frame.came_back && frame.error.is_none() {
        frame.hint = Some(t!("Choose the file again: browsers do not keep it.").to_owned());
    }
    let control = view! {
        <input
            class="input input--file"
            type="file"
            id=frame.id.clone()
            name=name
            accept=accept
            required=required
            multiple=multiple
            aria-invalid=frame.invalid()
            aria-describedby=frame.described_by()
        />
    };
    frame.around(label, required, control.into_any())
}

/// Sent along, not shown. It says what the page shows now, whatever was sent before.
#[component]
pub fn HiddenField(#[prop(into)] name: String, #[prop(into)] value: String) -> impl IntoView {
    view! { <input type="hidden" name=name value=value /> }
}
