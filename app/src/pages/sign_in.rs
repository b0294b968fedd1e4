//! `/sign-in`: the ways in, each a button.

use imprimatur::services::Result;
use leptos::prelude::*;

use crate::{
    request::{Page, Request},
    ui::{Button, Notice, PageHeader, Tone},
};

/// The ways to sign in. After it one comes back to where one wanted to go.
pub async fn show(request: &Request) -> Result<Page> {
    let providers = request.providers.clone();
    let next = request.param("next").unwrap_or_default().to_owned();
    let demo = request.demo;
    let signed_in = request.viewer.as_ref().map(|viewer| viewer.person.clone());
    Ok(Page::public(
        request,
        t!("Sign in"),
        t!("Sign in to Imprimatur to license work, or to let yours be licensed."),
        move || {
            let buttons = providers
                .into_iter()
                .map(|(key, label)| {
                    view! {
                        <form method="post" action=format!("/auth/start/{key}")>
                            <input type="hidden" name="next" value=next.clone() />
                            <Button>{t!("Continue with {label}")}</Button>
                        </form>
                    }
                })
                .collect_view();
            view! {
                <div class="narrow">
                    <PageHeader
                        title=t!("Sign in")
                        lead=|| t!("The first time you sign in, you create an organization or join one by invitation.")
                    />
                    {signed_in
                        .map(|person| {
                            view! {
                                <Notice title=t!("You are signed in as {person}")>
                                    <a href="/overview">{t!("Go to your workspace")}</a>
                                    {t!(", or continue as somebody else.")}
                                </Notice>
                            }
                        })}
                    <div class="stack">{buttons}</div>
                    {demo
                        .then(|| {
                            view! {
                                <Notice tone=Tone::Info title=t!("This is a demo")>
                                    {t!("Its sign-in provider runs on this machine and lets you choose who you are. No real money moves.")}
                                </Notice>
                            }
                        })}
                </div>
            }
        },
    ))
}
