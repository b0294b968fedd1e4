//! `/sites/new`: claiming a host.

use imprimatur::{
    domain::{
        actor::Deed,
        asset::{ATTRIBUTION_LENGTH_MAX, DESCRIPTION_LENGTH_MAX, TITLE_LENGTH_MAX},
        ids::AssetId,
    },
    services::{Result, mint},
};
use leptos::prelude::*;

use crate::{
    request::{Page, Request},
    ui::{
        Button, ButtonKind, ButtonLink, Crumb, FormActions, PageHeader, PostForm, TextArea,
        TextField,
    },
};

/// The form that claims a host.
pub async fn show(request: &Request) -> Result<Page> {
    request.actor.may_as_creator(Deed::ManageSite)?;
    Ok(Page::workspace(request, t!("Claim a site"), move || {
        let asset_id: AssetId = mint();
        let length = |max: usize| u32::try_from(max).unwrap_or(u32::MAX);
        view! {
            <div class="narrow">
                <PageHeader
                    title=t!("Claim a site")
                    crumbs=vec![Crumb::new(t!("Sites"), "/sites")]
                    here=t!("Claim")
                    lead=|| t!("Name the host first; on the next page you prove that it is yours.")
                />
                <PostForm creates=asset_id.to_string()>
                    <TextField
                        name="host"
                        label=t!("Host")
                        hint=t!("Where machines will ask for its pages, like archive.example.com.")
                        required=true
                        maxlength=253
                    />
                    <TextField
                        name="origin"
                        label=t!("Pages come from")
                        hint=t!("Your own server, like https://www.example.com. The gate asks it for each page.")
                        required=true
                        maxlength=300
                    />
                    <TextField
                        name="title"
                        label=t!("Title")
                        hint=t!("As buyers find it in the catalogue.")
                        required=true
                        maxlength=length(TITLE_LENGTH_MAX)
                    />
                    <TextArea
                        name="description"
                        label=t!("Description")
                        hint=t!("What a buyer should know before licensing it.")
                        maxlength=length(DESCRIPTION_LENGTH_MAX)
                    />
                    <TextField
                        name="attribution"
                        label=t!("Credit line")
                        hint=t!("Shown wherever the terms ask for credit.")
                        required=true
                        maxlength=length(ATTRIBUTION_LENGTH_MAX)
                    />
                    <FormActions>
                        <Button>{t!("Claim site")}</Button>
                        <ButtonLink kind=ButtonKind::Quiet href="/sites">{t!("Cancel")}</ButtonLink>
                    </FormActions>
                </PostForm>
            </div>
        }
    }))
}
