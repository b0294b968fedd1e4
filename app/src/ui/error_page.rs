//! A page for what went wrong: what happened, what to do, and the number to
//! quote when asking for help.

use leptos::prelude::*;

use super::button::{ButtonKind, ButtonLink};

#[component]
pub fn ErrorPage(
    /// "This page does not exist".
    #[prop(into)]
    title: String,
    /// What happened, in one sentence.
    #[prop(into)]
    sentence: String,
    /// What the person can do now.
    #[prop(into)]
    advice: String,
    /// The refusal's stable code.
    #[prop(optional, into)]
    code: Option<String>,
    #[prop(optional, into)] request_id: Option<String>,
    /// Where it goes on, and what the link says.
    #[prop(default = ("/", t!("Go to the start page")))]
    way_on: (&'static str, &'static str),
) -> impl IntoView {
    let (href, label) = way_on;
    view! {
        <div class="error-page">
            <h1 class="page-header__title">{title}</h1>
            <p class="error-page__sentence">{sentence}</p>
            <p class="error-page__advice">{advice}</p>
            <p>
                <ButtonLink href kind=ButtonKind::Quiet>{label}</ButtonLink>
            </p>
            {request_id
                .map(|id| {
                    view! {
                        <p class="error-page__id">
                            {t!("If you ask for help, quote ")}
                            {code
                                .map(|code| {
                                    view! { <code class="digest digest--whole">{code}</code> {t!(" and ")} }
                                })} {t!("request ")} <code class="digest digest--whole">{id}</code> "."
                        </p>
                    }
                })}
        </div>
    }
}
