//! `/settings/payouts`: where a creator's earnings go, and what the payment service still asks.

use imprimatur::{
    domain::{actor::Deed, ids::RequestId},
    services::{
        Result, mint,
        payments::{Account, parties, plain},
    },
    words::say,
};
use leptos::prelude::*;

use super::payment::SandboxNotice;
use crate::{
    request::{Page, Request},
    ui::{
        Button, Choice, Definition, Definitions, FormActions, Instant, Notice, PageHeader,
        PostForm, Section, SelectField, Status, Tone, text,
    },
};

/// How it stands, in a sentence.
fn standing(account: Option<&Account>) -> (Tone, &'static str, &'static str) {
    match account {
        None => (
            Tone::Neutral,
            t!("Not set up"),
            t!("Your earnings wait here until the payment service knows where to send them."),
        ),
        Some(account) if account.is_ready() => {
            (Tone::Good, t!("Ready"), t!("Your earnings are sent to your bank with every payout."))
        }
        Some(account) if !account.is_submitted => (
            Tone::Warn,
            t!("Half-way"),
            t!("You have begun; the payment service needs the rest before it can pay you."),
        ),
        Some(account) if !account.requirements.in_review.is_empty() => (
            Tone::Info,
            t!("In review"),
            t!(
                "The payment service checks what you gave it; that takes a few minutes to a few days."
            ),
        ),
        Some(_) => (
            Tone::Seal,
            t!("Stopped"),
            t!("Payouts wait, because the payment service needs something more from you."),
        ),
    }
}

/// Where earnings go.
pub async fn show(request: &Request) -> Result<Page> {
    let party = parties::own(&request.services, &request.actor).await?;
    let may = request.actor.may_as_creator(Deed::ManagePayouts).is_ok();
    let (demo, now) = (request.demo, request.now);
    let attempt = mint::<RequestId>().to_string();
    Ok(Page::workspace(request, t!("Getting paid"), move || {
        let (account, read_at) = party.account.unzip();
        let (tone, word, sentence) = standing(account.as_ref());
        let ready = account.as_ref().is_some_and(Account::is_ready);
        let label = match &account {
            None => t!("Set up payouts"),
            Some(_) if ready => t!("Change where it goes"),
            Some(_) => t!("Go on with the form"),
        };
        let choose = account.is_none();
        view! {
            <div class="narrow">
                <PageHeader title=t!("Getting paid") lead=move || sentence />
                {demo.then(|| view! { <SandboxNotice /> })}
                {account.as_ref().map(asked)}
                {(!may)
                    .then(|| {
                        view! {
                            <Notice title=t!("Only owners, admins and finance of a creator change this")>
                                {t!("Ask one of them; they are listed under Members.")}
                            </Notice>
                        }
                    })}
                {may
                    .then(|| {
                        let country = choose
                            .then(|| {
                                let choices = plain::COUNTRIES
                                    .iter()
                                    .map(|(code, name)| Choice::new(*code, say(name)));
                                let choices = std::iter::once(Choice::new("", t!("Choose a country")))
                                    .chain(choices)
                                    .collect();
                                view! {
                                    <SelectField
                                        name="country"
                                        label=t!("Where you or your company are")
                                        hint=t!("It cannot be changed later.")
                                        choices
                                        required=true
                                    />
                                }
                            });
                        view! {
                            <PostForm name="onboard" creates=attempt>
                                {country}
                                <FormActions>
                                    <Button>{label}</Button>
                                </FormActions>
                            </PostForm>
                        }
                    })}
                <Section title=t!("For the record")>
                    <Definitions>
                        <Definition name=t!("Payouts")>
                            <Status tone word />
                        </Definition>
                        {read_at
                            .map(|at| {
                                view! {
                                    <Definition name=t!("As of")>
                                        <Instant at now />
                                    </Definition>
                                }
                            })}
                        <Definition name=t!("Payment service")>{t!("Stripe")}</Definition>
                    </Definitions>
                </Section>
            </div>
        }
    }))
}

/// What is asked, and by when.
fn asked(account: &Account) -> impl IntoView + use<> {
    let asked = &account.requirements;
    let list = |title: &'static str, words: Vec<String>| {
        (!words.is_empty()).then(|| {
            let items = words.into_iter().map(|words| view! { <li>{words}</li> }).collect_view();
            view! {
                <Section title=title>
                    <ul>{items}</ul>
                </Section>
            }
        })
    };
    let in_words = |codes: &[String]| -> Vec<String> {
        plain::requirements(codes).into_iter().map(str::to_owned).collect()
    };
    let title = match asked.deadline {
        Some(_) => t!("Needed soon"),
        None => t!("Still needed"),
    };
    let deadline = asked.deadline.map(|at| {
        let by = text::day_in_full(at.date_naive());
        view! { <p>{t!("Give it by {by}, and payouts go on without a break.")}</p> }
    });
    view! {
        {list(t!("What was wrong"), asked.errors.clone())}
        {list(title, in_words(&asked.now))}
        {deadline}
        {list(t!("Being checked"), in_words(&asked.in_review))}
    }
}
