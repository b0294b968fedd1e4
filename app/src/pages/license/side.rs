//! Beside a license: what was accepted, what it may cost, how long it runs, what it allows.

use chrono::{DateTime, Utc};
use imprimatur::{
    domain::{license::paid_until, pricing::Price, terms::Scope},
    services::licenses::{License, Subject},
};
use leptos::prelude::*;

use super::MayChange;
use crate::{
    pages::{terms::TermsInWords, work::TierInWords},
    ui::{
        Button, ButtonKind, ButtonLink, CheckField, Confirm, Definition, Definitions, Digest,
        FormActions, HiddenField, Instant, PostForm, Section, TextField, text::date,
    },
};

/// Everything beside a license.
pub(super) fn draw(license: License, may: MayChange, now: DateTime<Utc>) -> AnyView {
    let cap = spend_cap(&license, may.cap);
    let time = time(&license, may, now);
    let (terms, digest) = (license.terms.terms, license.terms.digest);
    let href = format!("/terms/{digest}");
    let name = terms.name.clone();
    let granted = &license.tier.scopes;
    let narrowed = terms.scopes.iter().any(|scope| !granted.contains(scope)).then(|| {
        let uses: Vec<_> = granted.iter().copied().map(Scope::in_words).collect();
        let uses = uses.join(", ");
        view! {
            <p class="section__note">
                {t!("Your tier covers: {uses}. Whatever else the terms allow needs another tier.")}
            </p>
        }
    });
    view! {
        <Section title=t!("Accepted")>
            <Definitions>
                <Definition name=t!("By")>{license.accepted_by}</Definition>
                <Definition name=t!("When")>
                    <Instant at=license.accepted_at now exact=true />
                </Definition>
                <Definition name=t!("Terms")>
                    <a href=href>{name}</a>
                </Definition>
                <Definition name=t!("Digest")>
                    <Digest value=digest copy=t!("digest") />
                </Definition>
                {match license.subject {
                    Subject::Content { content_id, .. } => view! {
                        <Definition name=t!("Content ID")>
                            <Digest value=content_id copy=t!("content ID") />
                        </Definition>
                    }
                    .into_any(),
                    Subject::Site { host } => {
                        view! { <Definition name=t!("Site")>{host}</Definition> }.into_any()
                    }
                }}
                <Definition name=t!("Credit line")>{license.attribution}</Definition>
            </Definitions>
        </Section>
        <Section title=t!("Tier")>
            <div class="tier">
                <TierInWords tier=license.tier />
            </div>
        </Section>
        {cap}
        <Section title=t!("How long it runs")>{time}</Section>
        <Section title=t!("What you may do with it")>
            {narrowed}
            <TermsInWords terms />
        </Section>
    }
    .into_any()
}

/// When it ends, and what can be done about that.
fn time(license: &License, may: MayChange, now: DateTime<Utc>) -> AnyView {
    let day = move |at: DateTime<Utc>| t!("{date} (UTC)", date = date(at, now));
    let ends = license.ends_at.map(|at| view! { <Instant at now day=true /> });
    if !license.state.is_live() {
        let href = format!("/catalogue/{}", license.asset_id);
        return view! {
            <p class="section__note">
                {t!("It is over. Your machines get nothing more under it; what the terms say about copies you keep still holds.")}
            </p>
            <ButtonLink kind=ButtonKind::Quiet href>{t!("See what is offered now")}</ButtonLink>
        }
        .into_any();
    }
    if license.cancelled_at.is_some() {
        let undo = may.cancel.then(|| {
            view! {
                <PostForm name="resume" row=true>
                    <Button kind=ButtonKind::Quiet>{t!("Undo the cancellation")}</Button>
                </PostForm>
            }
        });
        return view! {
            <p class="section__note">
                {t!("Cancelled: it works as before until ")} {ends} {t!(", then it ends and costs nothing more.")}
            </p>
            {undo}
        }
        .into_any();
    }
    let sentence = match ends {
        Some(ends) => view! { {t!("It runs until ")} {ends} "." }.into_any(),
        None => t!("It has no end; it runs until you cancel it.").into_any(),
    };
    let paid_until = paid_until(&license.tier.price, license.starts_at, now);
    let paid_until = license.ends_at.map_or(paid_until, |ends_at| ends_at.min(paid_until));
    let renew = license.renewable_until.zip(license.ends_at).filter(|_| may.renew);
    let renew = renew.map(|(until, ends_at)| {
        view! {
            <PostForm name="renew">
                <HiddenField name="ends_at" value=ends_at.to_rfc3339() />
                <CheckField
                    name="agreed"
                    label=t!("We accept these terms for the time until {until}.", until = day(until))
                />
                <FormActions>
                    <Button kind=ButtonKind::Quiet>{t!("Renew until {until}", until = day(until))}</Button>
                </FormActions>
            </PostForm>
        }
    });
    let cancel = may.cancel.then(|| {
        let question = if license.starts_at > now {
            t!("It never begins, and costs nothing. You can undo this until then.").to_owned()
        } else {
            t!(
                "It works until {paid_until}, when what is paid for is over, and costs nothing after that. You can undo this until then.",
                paid_until = day(paid_until)
            )
        };
        view! {
            <Confirm label=t!("Cancel license") sentence=question>
                <PostForm name="cancel" row=true>
                    <Button kind=ButtonKind::Destructive>{t!("Cancel this license")}</Button>
                </PostForm>
            </Confirm>
        }
    });
    view! {
        <p class="section__note">{sentence}</p>
        {renew}
        {cancel}
    }
    .into_any()
}

/// What the license may cost in a month, where its use costs something.
fn spend_cap(license: &License, may_cap: bool) -> Option<AnyView> {
    let hint = match license.tier.price {
        _ if license.tier.is_free() => return None,
        Price::RevenueShare { .. } => return None,
        Price::Subscription { .. } => {
            t!("The base fee and everything beyond it. Leave it empty for none.")
        }
        Price::PerUse { .. } => t!("Everything used in the month. Leave it empty for none."),
        Price::Upfront { .. } | Price::Prepaid { .. } => {
            t!(
                "What is used in the month; the fee paid in advance does not count. Leave it empty for none."
            )
        }
    };
    let said = match license.spend_cap {
        Some(cap) => t!("Deliveries that would cost more than {cap} in a month are refused."),
        None => t!("There is no cap on what a month may cost.").to_owned(),
    };
    let typed = license.spend_cap.map(imprimatur::domain::money::Money::decimal);
    let sign = license.tier.currency.sign();
    let form = may_cap.then(|| {
        view! {
            <PostForm name="cap">
                <TextField
                    name="spend_cap"
                    label=t!("Spend cap")
                    hint
                    value=typed.unwrap_or_default()
                    prefix=sign
                    suffix=t!("a month")
                    inputmode="decimal"
                    narrow=true
                />
                <FormActions>
                    <Button kind=ButtonKind::Quiet>{t!("Set the cap")}</Button>
                </FormActions>
            </PostForm>
        }
    });
    Some(
        view! { <Section title=t!("Spend cap")><p class="section__note">{said}</p>{form}</Section> }
            .into_any(),
    )
}
