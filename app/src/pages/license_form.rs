//! `/catalogue/{id}/license`: the terms once more, the tier, and the box that accepts them.

use imprimatur::{
    domain::{
        actor::Deed,
        ids::{AssetId, LicenseId},
    },
    services::{Result, catalogue, mint},
};
use leptos::prelude::*;

use super::terms::TermsInWords;
use crate::{
    request::{Page, Request},
    ui::{
        Button, CheckField, Choice, Crumb, Digest, FormActions, HiddenField, Notice, PageHeader,
        PostForm, RadioCards, Section, Tone,
    },
};

/// The form that accepts an offer.
pub async fn show(request: &Request, id: &str) -> Result<Page> {
    let asset_id: AssetId = id.parse()?;
    request.actor.may_as_buyer(Deed::AcceptLicense)?;
    let work = catalogue::work(&request.services, &request.actor, asset_id).await?;
    let chosen = request.param("tier").map(str::to_owned);
    let acting = request
        .viewer
        .as_ref()
        .and_then(|viewer| viewer.organization.as_ref())
        .map(|organization| organization.name.clone())
        .unwrap_or_default();
    Ok(Page::workspace(request, t!("License {title}", title = work.title), move || {
        let license_id: LicenseId = mint();
        let chosen = chosen.unwrap_or_else(|| {
            work.offer.tiers.last().map(|tier| tier.tier_id.to_string()).unwrap_or_default()
        });
        let choices = work
            .offer
            .tiers
            .iter()
            .map(|offered| {
                let tier = &offered.tier;
                let uses: Vec<_> = tier.scopes.iter().map(|scope| scope.in_words()).collect();
                Choice::new(offered.tier_id.to_string(), tier.name.clone()).note(format!(
                    "{}. {}.",
                    uses.join(", "),
                    tier.price_in_words()
                ))
            })
            .collect();
        let digest = work.offer.terms.digest.clone();
        let terms = work.offer.terms.terms.clone();
        let named = digest.clone();
        let lead = t!("By {creator}. {acting} becomes the licensee.", creator = work.creator);
        let agree = t!("{acting} accepts these terms.");
        view! {
            <PageHeader
                title=t!("License {title}", title = work.title)
                crumbs=vec![
                    Crumb::new(t!("Catalogue"), "/catalogue"),
                    Crumb::new(work.title.clone(), format!("/catalogue/{asset_id}")),
                ]
                here=t!("License")
                lead=move || lead
            />
            <div class="narrow">
                <PostForm creates=license_id.to_string()>
                    <RadioCards name="tier" legend=t!("Tier") choices value=chosen required=true />
                    // Before the button, so that nobody accepts what they have not passed.
                    <Section title=t!("The terms: {name}", name = terms.name)>
                        <p class="section__note">
                            {t!("Which of these uses you get, the tier says. Digest ")}
                            <Digest value=named copy=t!("digest") />
                        </p>
                        <TermsInWords terms />
                    </Section>
                    <Notice tone=Tone::Info title=t!("How it is paid")>
                        {t!("A fee the license begins with comes on an invoice within minutes, use when its month is over. Invoices are charged to the card under “Payment method”.")}
                    </Notice>
                    <HiddenField name="terms_digest" value=digest />
                    <CheckField
                        name="agreed"
                        label=agree
                        hint=t!("Your name, the time and the digest of these terms are kept for good.")
                        required=true
                    />
                    <FormActions>
                        <Button>{t!("Accept and license")}</Button>
                    </FormActions>
                </PostForm>
            </div>
        }
    }))
}
