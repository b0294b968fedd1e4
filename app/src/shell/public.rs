//! The public layout: a bar on top, the page, a foot. No account is needed for
//! anything in it.

use leptos::prelude::*;

use super::mark::Mark;
use crate::islands::{Palette, Shortcut};

/// `workspace` is where a signed-in person works; without it, one can sign in.
#[component]
pub fn PublicLayout(
    /// The address's path, to mark where one is.
    #[prop(into)]
    path: String,
    #[prop(optional, into)] workspace: Option<String>,
    children: Children,
) -> impl IntoView {
    let here = |href: &str| (path == href).then_some("page");
    let way_in = match workspace {
        Some(href) => Some(
            view! { <a class="bar__link bar__link--strong" href=href>{t!("Go to workspace")}</a> },
        ),
        // There it would forget where one wants to go after signing in.
        None if path == "/sign-in" => None,
        None => Some(
            view! { <a class="bar__link bar__link--strong" href="/sign-in".to_owned()>{t!("Sign in")}</a> },
        ),
    };
    view! {
        <a class="skip" href="#main">{t!("Skip to content")}</a>
        <header class="bar">
            <div class="bar__inner">
                <Mark href="/" />
                <nav class="bar__nav" aria-label=t!("Main")>
                    <a class="bar__link" href="/catalogue" aria-current=here("/catalogue")>{t!("Catalogue")}</a>
                    <a class="bar__link bar__link--support" href="/#road">{t!("How it works")}</a>
                    <a class="bar__link bar__link--support" href="/find" data-palette="">
                        {t!("Find ")} <kbd class="key">"Ctrl K"</kbd>
                    </a>
                    <a class="bar__link" href="/docs" aria-current=here("/docs")>{t!("Docs")}</a>
                    {way_in}
                </nav>
            </div>
        </header>
        <main class="public" id="main" tabindex="-1">{children()}</main>
        <footer class="foot">
            <div class="foot__inner">
                <p>{t!("Imprimatur licenses creators' work to AI companies and accounts for every delivery.")}</p>
                <nav class="foot__nav" aria-label=t!("Footer")>
                    <a href="/catalogue">{t!("Catalogue")}</a>
                    <a href="/docs">{t!("Documentation")}</a>
                    <a href="/find">{t!("Find")}</a>
                    <a href="/.well-known/jwks.json">{t!("Signing keys")}</a>
                </nav>
            </div>
        </footer>
        <Palette shortcuts=vec![
            Shortcut::new('c', t!("Catalogue"), "/catalogue"),
            Shortcut::new('d', t!("Documentation"), "/docs"),
        ] />
    }
}
