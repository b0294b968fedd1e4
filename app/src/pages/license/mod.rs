//! `/licenses/{id}`: what the license allows, how its month goes, its tokens, and a request that works.

mod month;
mod side;
mod tokens;

use imprimatur::{
    domain::{
        actor::Deed,
        ids::LicenseId,
        license::State,
        metering::{Grain, Range, Side},
    },
    services::{
        Result,
        licenses::{self, License},
        reports::{self, UsageFilter},
        tokens as issued,
    },
};
use leptos::prelude::*;

use super::{
    live::{Metered, live},
    snippets::{self, Fetch},
};
use crate::{
    request::{Page, Request},
    ui::{
        ButtonLink, Columns, Crumb, PageHeader, RowRefusal, Section, Toast, Tone, Undo, text::date,
    },
};

/// The tint of a license's state.
pub const fn state_tone(state: State) -> Tone {
    match state {
        State::Active => Tone::Good,
        State::Pending => Tone::Info,
        State::Suspended => Tone::Warn,
        State::Revoked | State::Expired => Tone::Neutral,
    }
}

/// What the person may change here.
#[derive(Clone, Copy)]
struct MayChange {
    cap: bool,
    cancel: bool,
    renew: bool,
    create: bool,
    rotate: bool,
    revoke: bool,
}

impl MayChange {
    fn of(request: &Request, license: &License) -> Self {
        let buys = |deed| license.state.is_live() && request.actor.may_as_buyer(deed).is_ok();
        Self {
            cap: buys(Deed::CapSpend),
            cancel: buys(Deed::CancelLicense),
            renew: buys(Deed::AcceptLicense),
            create: buys(Deed::CreateToken),
            rotate: buys(Deed::RotateToken),
            revoke: request.actor.may(Deed::RevokeToken).is_ok(),
        }
    }
}

/// One of one's own licenses.
pub async fn show(request: &Request, id: &str) -> Result<Page> {
    let license_id: LicenseId = id.parse()?;
    let (services, actor, now) = (&request.services, &request.actor, request.now);
    let license = licenses::get(services, actor, license_id).await?;
    let tokens = issued::list(services, actor, license_id).await?;
    let metered = Metered::License(license_id);
    let is_live = metered.read(services, actor).await?.is_some();
    let price = license.tier.price;
    let month =
        reports::month_so_far(services, actor, license_id, &price, license.starts_at).await?;
    let range = Range::new(month.month.from(), month.month.until(), Grain::Month)?;
    let filter = UsageFilter { license_id: Some(license_id), ..UsageFilter::default() };
    let used = reports::usage(services, actor, Side::Buyer, &filter, &range).await?;
    let deliveries = used.totals.calls;
    let may = MayChange::of(request, &license);
    let done = done(request, &license);
    // The request is written for the token that was asked about.
    let chosen = request.param("token").and_then(|id| {
        tokens.iter().find(|token| token.token_id.to_string() == id && token.is_live(now))
    });
    let fetch_note = match chosen {
        Some(token) => {
            t!("For “{name}”. Put it in the place of $IMPRIMATUR_TOKEN.", name = token.name)
        }
        None => t!("Put a token in the place of $IMPRIMATUR_TOKEN.").to_owned(),
    };
    let limits = chosen.map(|token| token.limits.clone()).unwrap_or_default();
    let base_url = request.base_url.clone();
    Ok(Page::workspace(request, license.title.clone(), move || {
        let lead = t!(
            "{name} tier, licensed from {creator}.",
            name = license.tier.name,
            creator = license.creator
        );
        let new_token = format!("/licenses/{license_id}/tokens/new");
        let title = license.title.clone();
        let figures = month::figures(&license, &month, deliveries, now);
        let burn_down = month::burn_down(&license, &month, now);
        let requests = snippets::draw(&Fetch {
            base_url: &base_url,
            subject: &license.subject,
            secret: None,
            limits: &limits,
        });
        let side = side::draw(license, may, now);
        view! {
            {done.map(|done| toast(done, license_id))}
            <PageHeader
                title
                crumbs=vec![Crumb::new(t!("Licenses"), "/licenses")]
                lead=move || lead
            >
                {may.create
                    .then(|| view! { <ButtonLink href=new_token.clone()>{t!("Create token")}</ButtonLink> })}
            </PageHeader>
            <RowRefusal forms=&["revoke", "cancel", "resume"] />
            {live(is_live.then_some(metered), figures)}
            <Columns side=move || side>
                {burn_down}
                <Section title=t!("Tokens")>{tokens::draw(tokens, license_id, may, now)}</Section>
                <Section title=t!("Fetch it") id="fetch">
                    <p class="section__note">
                        {fetch_note} {t!(" The receipt comes back in the header Imprimatur-Receipt.")}
                    </p>
                    {requests}
                </Section>
            </Columns>
        }
    }))
}

/// What was done just before, and the form that takes it back.
struct Done {
    sentence: String,
    /// A form, and what it sends.
    undo: Option<(&'static str, Vec<(&'static str, String)>)>,
}

fn done(request: &Request, license: &License) -> Option<Done> {
    let ends = license.ends_at.map(|at| date(at, request.now)).unwrap_or_default();
    Some(match (request.param("done")?, license.cancelled_at) {
        ("cancelled", Some(_)) => Done {
            sentence: t!("Cancelled. The license works until {ends}."),
            undo: Some(("resume", Vec::new())),
        },
        ("resumed", None) => Done {
            sentence: t!("The cancellation is undone. The license goes on.").into(),
            undo: None,
        },
        ("renewed", None) => {
            Done { sentence: t!("Renewed. The license runs until {ends}."), undo: None }
        }
        ("capped", _) => {
            let before = request.query.get("before").cloned().unwrap_or_default();
            Done {
                sentence: match license.spend_cap {
                    Some(cap) => t!("The cap is {cap} a month from now on."),
                    None => t!("There is no cap any more.").into(),
                },
                undo: Some(("cap", vec![("spend_cap", before)])),
            }
        }
        ("revoked", _) => Done {
            sentence: t!("Revoked. The gate refuses the token within a second, for good.").into(),
            undo: None,
        },
        _ => return None,
    })
}

fn toast(done: Done, license_id: LicenseId) -> AnyView {
    let action = format!("/licenses/{license_id}");
    let undo = done.undo.map(|(form, fields)| view! { <Undo action form fields /> });
    view! { <Toast sentence=done.sentence>{undo}</Toast> }.into_any()
}
