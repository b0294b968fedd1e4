//! Words that stand apart: a notice, a passing message, a list with nothing in
//! it, a place kept for what is still on its way.

use leptos::prelude::*;

use super::{
    button::{Button, ButtonKind},
    field::HiddenField,
    form::PostForm,
    status::Tone,
    typed::Typed,
};

/// Something the person should know on this page, read in its place.
#[component]
pub fn Notice(
    #[prop(optional)] tone: Tone,
    #[prop(into)] title: String,
    /// What it means and what to do.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    view! {
        <div class=format!("notice notice--{}", tone.name()) role="note">
            <p class="notice__title">{title}</p>
            {children.map(|children| view! { <div class="notice__body">{children()}</div> })}
        </div>
    }
}

/// Says that something was done, once, at the top of the next page. Not where a form came back
/// refused: what was done before is no answer to it.
#[component]
pub fn Toast(
    #[prop(into)] sentence: String,
    /// Takes the deed back, or leads to what was made.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    let refused = use_context::<Typed>().is_some_and(|typed| typed.error.is_some());
    (!refused).then(|| {
        view! {
            <div class="toast" role="status">
                <span class="toast__sentence">{sentence}</span>
                {children.map(|children| children())}
            </div>
        }
    })
}

/// Takes back what a `Toast` says was done, by another form of the same page.
#[component]
pub fn Undo(
    /// The page's own path: the address of the toast's page says what was done, and this undoes it.
    #[prop(into)]
    action: String,
    /// The name of the form.
    form: &'static str,
    /// What it sends besides.
    #[prop(optional)]
    fields: Vec<(&'static str, String)>,
) -> impl IntoView {
    let fields =
        fields.into_iter().map(|(name, value)| view! { <HiddenField name value /> }).collect_view();
    view! {
        <PostForm name=form row=true action>
            {fields}
            <Button kind=ButtonKind::Quiet>{t!("Undo")}</Button>
        </PostForm>
    }
}

/// A list with nothing in it: what would be here, and how to get it there.
#[component]
pub fn EmptyState(
    #[prop(into)] title: String,
    /// One sentence.
    #[prop(into)]
    sentence: String,
    /// The next step, usually a `ButtonLink`.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    view! {
        <div class="empty">
            <p class="empty__title">{title}</p>
            <p class="empty__sentence">{sentence}</p>
            {children.map(|children| view! { <div class="empty__next">{children()}</div> })}
        </div>
    }
}

/// Keeps the place of `lines` lines that are still being fetched.
#[component]
pub fn Skeleton(#[prop(default = 3)] lines: usize) -> impl IntoView {
    view! {
        <div class="skeleton" role="status">
            <span class="sr-only">{t!("Loading")}</span>
            {(0..lines)
                .map(|_| view! { <div class="skeleton__line" aria-hidden="true"></div> })
                .collect_view()}
        </div>
    }
}
