//! Forms: plain HTML, posted to the page's own address, complete without
//! JavaScript.
//!
//! Always true: a form that comes back shows its refusal on top with a link to
//! the field it is about, and every field keeps what was typed.

use leptos::context::Provider;
use leptos::prelude::*;

use super::typed::{FORM_NAME, FormScope};

/// A form posted to its own page. The browser's own checks are off, so that one
/// voice, the server's, says what is wrong.
#[component]
pub fn PostForm(
    /// Tells the forms of one page apart; sent as the field `form`.
    #[prop(optional, into)]
    name: Option<String>,
    /// Id of what the form creates, sent as the field `id`: sent twice, it is
    /// created once.
    #[prop(optional, into)]
    creates: Option<String>,
    /// Where it goes, when that is not the page itself.
    #[prop(optional, into)]
    action: Option<String>,
    /// Needed by a form with a `FileField`.
    #[prop(optional)]
    multipart: bool,
    /// Off where a refused form is only shown, not answered.
    #[prop(default = true)]
    takes_focus: bool,
    children: Children,
) -> impl IntoView {
    let scope = FormScope::open(name.clone());
    let creates = creates.map(|id| {
        let id = scope
            .typed
            .as_ref()
            .and_then(|typed| typed.value("id").map(str::to_owned))
            .unwrap_or(id);
        view! { <input type="hidden" name="id" value=id /> }
    });
    let summary = summary(&scope, takes_focus);
    view! {
        <form
            class="form"
            method="post"
            action=action
            enctype=multipart.then_some("multipart/form-data")
            novalidate
        >
            {name.map(|name| view! { <input type="hidden" name=FORM_NAME value=name /> })}
            {creates}
            {summary}
            <Provider value=scope>{children()}</Provider>
        </form>
    }
}

/// What was refused, on top. `autofocus` brings keyboard and reader to it.
fn summary(scope: &FormScope, takes_focus: bool) -> Option<impl IntoView + use<>> {
    let error = scope.typed.as_ref()?.error.clone()?;
    let sentence = match error.field {
        Some(field) => {
            let href = format!("#{}", scope.id(&field));
            view! { <a href=href>{error.sentence}</a> }.into_any()
        }
        None => error.sentence.into_any(),
    };
    Some(view! {
        <div class="form__summary" role="alert" tabindex="-1" autofocus=takes_focus>
            <p class="form__summary-title">"Nothing was changed"</p>
            <p>{sentence}</p>
        </div>
    })
}

/// Fields that belong together under one title.
#[component]
pub fn FieldSet(
    #[prop(into)] legend: String,
    #[prop(optional, into)] hint: Option<String>,
    children: Children,
) -> impl IntoView {
    view! {
        <fieldset class="fieldset">
            <legend class="fieldset__legend">{legend}</legend>
            {hint.map(|hint| view! { <p class="field__hint">{hint}</p> })}
            {children()}
        </fieldset>
    }
}

/// The buttons at the foot of a form.
#[component]
pub fn FormActions(children: Children) -> impl IntoView {
    view! { <div class="form__actions">{children()}</div> }
}
