//! `/assets/claims`: what was said about bytes that somebody else registered first.

use imprimatur::{
    domain::{actor::Deed, ids::ClaimId},
    services::{
        Result,
        assets::{self, Claim},
    },
};
use leptos::prelude::*;

use crate::{
    request::{Page, Request},
    ui::{
        Button, ButtonKind, ButtonLink, Confirm, Crumb, Definition, Definitions, Digest,
        EmptyState, HiddenField, Instant, PageHeader, PostForm, RowRefusal, Section, Status, Toast,
        Tone, Undo,
    },
};

/// Claims of one's organization, and those about its works.
pub async fn show(request: &Request) -> Result<Page> {
    let claims = assets::claims(&request.services, &request.actor).await?;
    let may_withdraw = request.actor.may_as_creator(Deed::RegisterAsset).is_ok();
    let withdrawn = request.param("of").and_then(|id| id.parse::<ClaimId>().ok());
    let withdrawn = withdrawn.filter(|_| request.param("done") == Some("withdrawn"));
    let reopened = request.param("done") == Some("reopened");
    let now = request.now;
    Ok(Page::workspace(request, t!("Claims"), move || {
        let open = claims.iter().filter(|claim| claim.withdrawn_at.is_none()).count();
        let lead = match open {
            0 => t!("No claim is open.").to_owned(),
            open => tn!(
                open,
                "One claim is open. Nothing changes for either side until our staff have settled it.",
                "{open} claims are open. Nothing changes for either side until our staff have settled them."
            ),
        };
        let none = claims.is_empty();
        let sections =
            claims.into_iter().map(|claim| draw(claim, may_withdraw, now)).collect_view();
        view! {
            <div class="narrow">
                {withdrawn
                    .map(|claim_id| {
                        let fields = vec![("claim_id", claim_id.to_string())];
                        view! {
                            <Toast sentence=t!("Withdrawn. The other creator keeps the bytes.")>
                                {may_withdraw
                                    .then(|| {
                                        view! { <Undo action="/assets/claims" form="reopen" fields /> }
                                    })}
                            </Toast>
                        }
                    })}
                {reopened.then(|| view! { <Toast sentence=t!("The claim is open again.") /> })}
                <PageHeader
                    title=t!("Claims")
                    crumbs=vec![Crumb::new(t!("Works"), "/assets")]
                    lead=move || lead
                />
                <RowRefusal forms=&["withdraw", "reopen"] />
                {sections}
                {none
                    .then(|| {
                        view! {
                            <EmptyState
                                title=t!("No claims")
                                sentence=t!("When two creators register exactly the same bytes, the first keeps them and the second raises a claim. It would be here.")
                            >
                                <ButtonLink kind=ButtonKind::Quiet href="/assets">{t!("Back to your works")}</ButtonLink>
                            </EmptyState>
                        }
                    })}
            </div>
        }
    }))
}

fn draw(claim: Claim, may_withdraw: bool, now: chrono::DateTime<chrono::Utc>) -> impl IntoView {
    let open = claim.withdrawn_at.is_none();
    let state = if open {
        view! { <Status tone=Tone::Warn word=t!("Open") /> }.into_any()
    } else {
        view! { <Status tone=Tone::Neutral word=t!("Withdrawn") /> }.into_any()
    };
    let (title, sentence) = match &claim.about {
        Some((_, work)) => (
            t!("{claimant} claims “{work}”", claimant = claim.claimant),
            t!(
                "{claimant} brought exactly these bytes and says that they are their own. The work stays yours, its licenses go on and earn.",
                claimant = claim.claimant
            ),
        ),
        None => (
            t!("You claim “{title}”", title = claim.title),
            t!("Another creator registered exactly these bytes before you, so no work was registered for you. If they are yours, leave the claim open: our staff will ask both sides for evidence.").to_owned(),
        ),
    };
    let about = claim.about.map(|(asset_id, work)| {
        let href = format!("/assets/{asset_id}");
        view! { <Definition name=t!("Your work")><a href=href>{work}</a></Definition> }
    });
    let withdrawn = claim.withdrawn_at.map(|at| {
        view! { <Definition name=t!("Withdrawn")><Instant at now /></Definition> }
    });
    let withdraw = (open && may_withdraw && claim.raised_by_us).then(|| {
        view! {
            <Confirm
                label=t!("Withdraw claim")
                sentence=t!("The other creator keeps the bytes. You can raise a claim again by bringing them again.")
            >
                <PostForm name="withdraw" row=true>
                    <HiddenField name="claim_id" value=claim.claim_id.to_string() />
                    <Button kind=ButtonKind::Destructive>{t!("Withdraw claim")}</Button>
                </PostForm>
            </Confirm>
        }
    });
    view! {
        <div id=claim.claim_id.to_string()>
            <Section title=title>
                <p>{sentence}</p>
                <Definitions>
                    <Definition name=t!("State")>{state}</Definition>
                    {about}
                    <Definition name=t!("File")>{claim.file_name}</Definition>
                    <Definition name=t!("Content ID")>
                        <Digest value=claim.content_id copy=t!("content ID") />
                    </Definition>
                    <Definition name=t!("First registered")>
                        <Instant at=claim.registered_at now />
                    </Definition>
                    <Definition name=t!("Claimed")>
                        <Instant at=claim.created_at now />
                    </Definition>
                    {withdrawn}
                </Definitions>
                {withdraw}
            </Section>
        </div>
    }
}
