//! `/welcome`: onboarding. Who one is, what the organization is called, and which sides it acts on.

use imprimatur::{
    domain::{identity::NAME_LENGTH_MAX, ids::OrgId},
    services::{Result, identity, mint},
};
use leptos::prelude::*;

use crate::{
    request::{Page, Request},
    ui::{Button, CheckGroup, Choice, FormActions, PageHeader, PostForm, TextField},
};

/// The form that founds an organization.
pub async fn show(request: &Request) -> Result<Page> {
    let person = identity::person(&request.services, &request.actor).await?;
    let first = request
        .viewer
        .as_ref()
        .is_none_or(|viewer| viewer.organization.is_none() && viewer.others.is_empty());
    let length_max = u32::try_from(NAME_LENGTH_MAX).ok();
    Ok(Page::workspace(request, t!("Create an organization"), move || {
        let org_id: OrgId = mint();
        let title =
            if first { t!("Welcome to Imprimatur") } else { t!("Create another organization") };
        view! {
            <div class="narrow">
                <PageHeader
                    title
                    lead=|| t!("Works, licenses and money belong to an organization; people act for it. One person can be an organization too.")
                />
                <PostForm creates=org_id.to_string()>
                    {first
                        .then(|| {
                            view! {
                                <TextField
                                    name="person_name"
                                    label=t!("Your name")
                                    value=person.name
                                    required=true
                                    autocomplete="name"
                                    maxlength=length_max.unwrap_or(120)
                                />
                            }
                        })}
                    <TextField
                        name="name"
                        label=t!("Organization")
                        hint=t!("As it should read on licenses and receipts. You can change it later.")
                        required=true
                        autocomplete="organization"
                        maxlength=length_max.unwrap_or(120)
                    />
                    <CheckGroup
                        name="sides"
                        legend=t!("What it does")
                        required=true
                        choices=vec![
                            Choice::new("creator", t!("Creator"))
                                .note(t!("Registers works, sets terms and prices, sees who used what.")),
                            Choice::new("buyer", t!("Buyer"))
                                .note(t!("Licenses works and fetches them with tokens.")),
                        ]
                    />
                    <FormActions>
                        <Button>{t!("Create organization")}</Button>
                    </FormActions>
                </PostForm>
            </div>
        }
    }))
}
