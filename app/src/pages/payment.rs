//! `/settings/payment`: the card that invoices are charged to.

use imprimatur::{
    domain::{actor::Deed, ids::RequestId},
    services::{Result, mint, payments::parties},
};
use leptos::prelude::*;

use crate::{
    request::{Page, Request},
    ui::{Button, ButtonKind, FormActions, Notice, PageHeader, PostForm, Section, Toast, Tone},
};

/// The card, and the ways to leave another.
pub async fn show(request: &Request) -> Result<Page> {
    let party = parties::own(&request.services, &request.actor).await?;
    let may = request.actor.may_as_buyer(Deed::AcceptLicense).is_ok();
    let saved = request.param("saved").is_some();
    let demo = request.demo;
    let (leave, change) = (mint::<RequestId>().to_string(), mint::<RequestId>().to_string());
    Ok(Page::workspace(request, t!("Payment method"), move || {
        let has_card = party.default_card.is_some();
        let lead = if has_card {
            t!("A card is on file: invoices are charged to it when they are issued.")
        } else {
            t!("No card is on file. Leave one, so that your invoices can be paid on their day.")
        };
        let label = if has_card { t!("Use another card") } else { t!("Leave a card") };
        view! {
            <div class="narrow">
                <PageHeader title=t!("Payment method") lead=move || lead />
                {saved.then(|| view! { <Toast sentence=t!("Your card is on file.") /> })}
                {demo.then(|| view! { <SandboxNotice /> })}
                {(!may)
                    .then(|| {
                        view! {
                            <Notice title=t!("Only owners, admins and finance change this")>
                                {t!("Ask one of them; they are listed under Members.")}
                            </Notice>
                        }
                    })}
                {may
                    .then(|| {
                        view! {
                            <PostForm name="card" creates=leave>
                                <FormActions>
                                    <Button>{label}</Button>
                                </FormActions>
                            </PostForm>
                        }
                    })}
                {(may && has_card)
                    .then(|| {
                        view! {
                            <Section title=t!("Past invoices and receipts")>
                                <p>{t!("The payment service keeps a page with all of them, and your cards.")}</p>
                                <PostForm name="portal" creates=change>
                                    <FormActions>
                                        <Button kind=ButtonKind::Quiet>{t!("Open that page")}</Button>
                                    </FormActions>
                                </PostForm>
                            </Section>
                        }
                    })}
                <Section title=t!("Where your card is kept")>
                    <p>
                        {t!("With our payment service, Stripe. Its number never reaches Imprimatur; nothing is charged while you leave it.")}
                    </p>
                </Section>
            </div>
        }
    }))
}

/// Says that nothing is real.
#[component]
pub(super) fn SandboxNotice() -> impl IntoView {
    view! {
        <Notice tone=Tone::Warn title=t!("Sandbox: no real money")>
            {t!("The payment service of this demo runs on this machine. Use the test card 4242 4242 4242 4242.")}
        </Notice>
    }
}
