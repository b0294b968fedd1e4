//! `/join/{code}`: what one is invited to, and the button that joins.

use imprimatur::services::{Result, identity};
use leptos::prelude::*;

use crate::{
    request::{Page, Request},
    ui::{Button, FormActions, Instant, Notice, PageHeader, PostForm},
};

/// The invitation, as whoever opened the link sees it.
pub async fn show(request: &Request, code: &str) -> Result<Page> {
    request.actor.person()?;
    let invitation = identity::invitation(&request.services, &request.actor, code).await?;
    let now = request.now;
    Ok(Page::workspace(request, t!("Invitation"), move || {
        let lead = t!(
            "{invited_by} invites you to act for {organization} as {role}.",
            invited_by = invitation.invited_by,
            organization = invitation.organization,
            role = invitation.role.in_words()
        );
        view! {
            <div class="narrow">
                <PageHeader title=t!("Join {organization}", organization = invitation.organization) lead=move || lead />
                {invitation
                    .is_member
                    .then(|| {
                        view! {
                            <Notice title=t!("You are a member already")>
                                {t!("Joining again changes nothing.")}
                            </Notice>
                        }
                    })}
                <p>{t!("The invitation ends ")} <Instant at=invitation.expires_at now /> "."</p>
                <PostForm>
                    <FormActions>
                        <Button>{t!("Join {organization}", organization = invitation.organization)}</Button>
                    </FormActions>
                </PostForm>
            </div>
        }
    }))
}
