//! Buttons and links that look like them. One primary per page; a destructive
//! one is outlined, so that it never looks like the way onward.

use leptos::prelude::*;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ButtonKind {
    #[default]
    Primary,
    Quiet,
    Destructive,
}

impl ButtonKind {
    fn class(self) -> &'static str {
        match self {
            Self::Primary => "button",
            Self::Quiet => "button button--quiet",
            Self::Destructive => "button button--destructive",
        }
    }
}

/// Sends the form it stands in.
#[component]
pub fn Button(
    #[prop(optional)] kind: ButtonKind,
    /// Sent with the form, to tell its buttons apart.
    #[prop(optional, into)]
    name: Option<String>,
    #[prop(optional, into)] value: Option<String>,
    #[prop(optional)] disabled: bool,
    /// Says more than the label does, when several buttons share one label.
    #[prop(optional, into)]
    describe: Option<String>,
    children: Children,
) -> impl IntoView {
    view! {
        <button type="submit" class=kind.class() name=name value=value disabled=disabled>
            {children()}
            {describe.map(|words| view! { <span class="sr-only">" " {words}</span> })}
        </button>
    }
}

/// Goes somewhere. It is a link, so it opens in a new tab when asked to.
#[component]
pub fn ButtonLink(
    #[prop(into)] href: String,
    #[prop(optional)] kind: ButtonKind,
    children: Children,
) -> impl IntoView {
    view! { <a class=kind.class() href=href>{children()}</a> }
}
