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
    Ok(Page::workspace(request, "Invitation", move || {
        let lead = format!(
            "{} invites you to act for {} as {}.",
            invitation.invited_by,
            invitation.organization,
            invitation.role.in_words()
        );
        view! {
            <div class="narrow">
                <PageHeader title=format!("Join {}", invitation.organization) lead=move || lead />
                {invitation
                    .is_member
                    .then(|| {
                        view! {
                            <Notice title="You are a member already">
                                "Joining again changes nothing."
                            </Notice>
                        }
                    })}
                <p>"The invitation ends " <Instant at=invitation.expires_at now /> "."</p>
                <PostForm>
                    <FormActions>
                        <Button>{format!("Join {}", invitation.organization)}</Button>
                    </FormActions>
                </PostForm>
            </div>
        }
    }))
}
