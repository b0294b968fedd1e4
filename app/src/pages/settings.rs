//! `/settings`: the organization's name and sides. What it says of itself is on the page of its profile.

use imprimatur::{
    domain::{actor::Deed, identity::NAME_LENGTH_MAX},
    services::{Result, identity},
};
use leptos::prelude::*;

use crate::{
    request::{Page, Request},
    ui::{
        Button, ButtonKind, ButtonLink, CheckGroup, Choice, Definition, Definitions, FormActions,
        Instant, Notice, PageHeader, PostForm, Section, TextField, Toast,
    },
};

/// The organization's profile.
pub async fn show(request: &Request) -> Result<Page> {
    let organization = identity::organization(&request.services, &request.actor).await?;
    let may_edit = request.actor.may(Deed::EditOrganization).is_ok();
    let saved = request.param("done") == Some("saved");
    let now = request.now;
    Ok(Page::workspace(request, t!("Settings"), move || {
        let mut sides = Vec::new();
        if organization.sides.creator {
            sides.push("creator".to_owned());
        }
        if organization.sides.buyer {
            sides.push("buyer".to_owned());
        }
        let form = may_edit.then(|| {
            view! {
                <PostForm>
                    <TextField
                        name="name"
                        label=t!("Organization")
                        value=organization.name.clone()
                        required=true
                        maxlength=u32::try_from(NAME_LENGTH_MAX).unwrap_or(120)
                    />
                    <CheckGroup
                        name="sides"
                        legend=t!("What it does")
                        hint=t!("Turning one off ends nothing that runs; it only stops new things.")
                        required=true
                        values=sides
                        choices=vec![
                            Choice::new("creator", t!("Creator")).note(t!("Registers works and offers them.")),
                            Choice::new("buyer", t!("Buyer")).note(t!("Licenses works and fetches them.")),
                        ]
                    />
                    <FormActions>
                        <Button>{t!("Save")}</Button>
                    </FormActions>
                </PostForm>
            }
        });
        view! {
            <div class="narrow">
                {saved.then(|| view! { <Toast sentence=t!("Saved.") /> })}
                <PageHeader title=t!("Settings") lead=|| t!("How your organization reads on licenses and receipts, and what it does here.")>
                    <ButtonLink kind=ButtonKind::Quiet href="/settings/profile">
                        {t!("Profile and privacy")}
                    </ButtonLink>
                </PageHeader>
                {(!may_edit)
                    .then(|| {
                        view! {
                            <Notice title=t!("Only owners and admins change this")>
                                {t!("Ask one of them; they are listed under Members.")}
                            </Notice>
                        }
                    })}
                {form}
                <Section title=t!("For the record")>
                    <Definitions>
                        <Definition name=t!("Short name")>
                            <code class="digest">{organization.slug.clone()}</code>
                        </Definition>
                        <Definition name=t!("Founded")>
                            <Instant at=organization.created_at now />
                        </Definition>
                    </Definitions>
                </Section>
            </div>
        }
    }))
}
