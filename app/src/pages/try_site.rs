//! `/sites/{id}/try`: what the gate would answer, before any machine asks.

use imprimatur::{
    domain::{gate::SitePath, ids::AssetId, site::SiteState, terms::Scope},
    services::{
        Result,
        gate::{Asker, Trial, Tried, Verdict},
        offers::{self, OfferRow},
        sites::{self, Site},
    },
};
use leptos::prelude::*;

use crate::{
    request::{Page, Request},
    ui::{
        Button, ButtonKind, ButtonLink, Choice, Crumb, Definition, Definitions, FormActions,
        Notice, PageHeader, PostForm, Section, SelectField, Status, TextField, Tone,
    },
};

/// How the form names somebody without a token, and whoever holds one that is pasted.
pub const NOBODY: &str = "nobody";
/// See `NOBODY`.
pub const TOKEN: &str = "token";

/// The form.
pub async fn show(request: &Request, id: &str) -> Result<Page> {
    page(request, id, None).await
}

/// The form with what was tried, and the answer to it. A secret is never shown again.
pub async fn answered(request: &Request, id: &str, trial: Trial, tried: Tried) -> Result<Page> {
    page(request, id, Some((trial, tried))).await
}

async fn page(request: &Request, id: &str, tried: Option<(Trial, Tried)>) -> Result<Page> {
    let asset_id: AssetId = id.parse()?;
    let site = sites::get(&request.services, &request.actor, asset_id).await?;
    let on_offer = offers::list(&request.services, &request.actor, Some(asset_id)).await?;
    Ok(Page::workspace(request, t!("Try {host}", host = site.host), move || {
        let Site { host, state, .. } = site;
        let (trial, answer) = tried.unzip();
        let trial = trial.unwrap_or(Trial {
            asset_id,
            path: "/".to_owned(),
            asker: Asker::Nobody,
            scope: None,
            job: String::new(),
        });
        let asker = match &trial.asker {
            Asker::Nobody => NOBODY.to_owned(),
            Asker::Token(_) => TOKEN.to_owned(),
            Asker::Tier(tier_id) => tier_id.to_string(),
        };
        let scopes = std::iter::once(Choice::new("", t!("None named")))
            .chain(Scope::ALL.iter().map(|scope| Choice::new(scope.as_str(), scope.in_words())))
            .collect();
        let not_yet = (state != SiteState::Verified).then(|| {
            view! {
                <Notice tone=Tone::Warn title=t!("Not served yet")>
                    {t!("This is what the gate would answer once the host is verified. Until then no token covers it.")}
                </Notice>
            }
        });
        view! {
            <div class="narrow">
                <PageHeader
                    title=t!("Try a path")
                    crumbs=vec![
                        Crumb::new(t!("Sites"), "/sites"),
                        Crumb::new(host.clone(), format!("/sites/{asset_id}")),
                    ]
                    here=t!("Try")
                    lead=|| t!("What the gate would answer a machine. Nothing is fetched, counted or billed.")
                />
                {not_yet}
                {answer.map(|(path, verdict)| draw(&host, path, verdict))}
                <Section title=t!("The request")>
                <PostForm>
                    <TextField
                        name="path"
                        label=t!("Path")
                        hint=t!("Or a whole address of the site.")
                        value=trial.path
                        required=true
                        maxlength=4096
                    />
                    <SelectField
                        name="asker"
                        label=t!("Who asks")
                        hint=t!("The gate tells clients apart by their token alone; what a program calls itself changes nothing.")
                        choices=askers(&on_offer)
                        value=asker
                        required=true
                    />
                    <TextField
                        name="token"
                        label=t!("Token")
                        hint=t!("Only for “Whoever holds the token below”. It is not kept.")
                        maxlength=100
                        autocomplete="off"
                    />
                    <SelectField
                        name="scope"
                        label=t!("Use it names")
                        choices=scopes
                        value=trial.scope.map(|scope| scope.as_str().to_owned()).unwrap_or_default()
                    />
                    <TextField name="job" label=t!("Job it names") value=trial.job maxlength=200 />
                    <FormActions>
                        <Button>{t!("Try it")}</Button>
                        <ButtonLink kind=ButtonKind::Quiet href=format!("/sites/{asset_id}")>
                            {t!("Back to the site")}
                        </ButtonLink>
                    </FormActions>
                </PostForm>
                </Section>
            </div>
        }
    }))
}

fn askers(on_offer: &[OfferRow]) -> Vec<Choice> {
    let tiers = on_offer.iter().flat_map(|offer| {
        let whom = offer.buyer.as_deref().unwrap_or("anybody");
        offer.tiers.iter().map(move |each| {
            let label = t!("A license on {name}, as for {whom}", name = each.tier.name);
            Choice::new(each.tier_id.to_string(), label)
        })
    });
    std::iter::once(Choice::new(NOBODY, t!("Somebody without a token")))
        .chain(tiers)
        .chain(std::iter::once(Choice::new(TOKEN, t!("Whoever holds the token below"))))
        .collect()
}

fn draw(host: &str, path: String, verdict: Verdict) -> AnyView {
    let readable = SitePath::parse(&path).is_ok();
    let (tone, word, code, sentence) = match verdict {
        Verdict::Free => (
            Tone::Good,
            "200".to_owned(),
            None,
            t!("The page, as everybody gets it: this path needs no license and costs nothing.")
                .to_owned(),
        ),
        Verdict::Served { scope, tier } => (
            Tone::Good,
            "200".to_owned(),
            None,
            t!(
                "The page, with a receipt, for {scope}, under the tier {tier}.",
                scope = scope.in_words().to_lowercase()
            ),
        ),
        Verdict::Refused { status, refusal } => {
            let sentence = match status {
                402 => t!("Nothing but the offers that could be licensed, with their prices.")
                    .to_owned(),
                _ => refusal.sentence.to_string(),
            };
            (Tone::Warn, status.to_string(), Some(refusal.code), sentence)
        }
    };
    let asked = if readable { format!("{host}{path}") } else { path };
    view! {
        <div role="status">
            <Section title=t!("The answer")>
                <Definitions>
                    <Definition name=t!("Asked for")>
                        <code class="digest digest--whole">{asked}</code>
                    </Definition>
                    <Definition name=t!("Status")><Status tone word /></Definition>
                    {code.map(|code| view! { <Definition name=t!("Code")><code>{code}</code></Definition> })}
                    <Definition name=t!("Says")>{sentence}</Definition>
                </Definitions>
            </Section>
        </div>
    }
    .into_any()
}
