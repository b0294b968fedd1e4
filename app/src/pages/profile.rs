//! `/settings/profile`: what the organization says of itself to everybody, what it consents to, and how
//! closely it looks at the use of its works.
//!
//! Two who edit at once lose nothing: the second is shown what the first has saved, and keeps what they
//! typed.

use chrono::{DateTime, Utc};
use imprimatur::{
    domain::{
        actor::Deed,
        country::Country,
        profile::{ABOUT_LENGTH_MAX, Consent, Profile, Reporting, Said, WEBSITE_LENGTH_MAX},
    },
    services::{
        Result,
        identity::{self, OwnProfile, Recorded},
    },
};
use leptos::prelude::*;

use super::meanwhile::{Difference, saved_meanwhile};
use crate::{
    request::{Page, Request},
    ui::{
        Button, ButtonKind, ButtonLink, Choice, Crumb, Definition, Definitions, FormActions,
        HiddenField, Instant, Notice, PageHeader, PostForm, RadioCards, Section, SelectField,
        TextArea, TextField, Toast,
    },
};

/// The profile, as its members see and change it.
pub async fn show(request: &Request) -> Result<Page> {
    let own = identity::profile(&request.services, &request.actor).await?;
    let organization = identity::organization(&request.services, &request.actor).await?;
    let may_edit = request.actor.may(Deed::EditOrganization).is_ok();
    let creator = organization.sides.creator;
    let saved = request.param("done") == Some("saved");
    let now = request.now;
    Ok(Page::workspace(request, t!("Profile and privacy"), move || {
        let meanwhile = meanwhile(&own, now);
        let OwnProfile { profile, revision, edited, reporting, consents } = own;
        let edited = edited.map(|(at, editor)| {
            view! { <p class="section__note">{t!("Last saved ")} <Instant at now /> {t!(" by ")} {editor} "."</p> }
        });
        let public = format!("/creators/{}", organization.slug);
        let rights = creator.then(|| {
            let recorded = recorded(&consents, now);
            view! {
                <Section title=t!("Consent")>
                    <p class="section__note">
                        {t!("It holds for all that you offer. What you withhold no new offer may allow; licenses in force go on. What you say is kept with your name and the time, and shown on your page.")}
                    </p>
                    {recorded}
                    {may_edit.then(|| consent_form(&consents))}
                </Section>
                <Section title=t!("Reports of your works") id="reporting">
                    <p class="section__note">
                        {t!("How closely your members see the use of your works. What you buy you always see in full.")}
                    </p>
                    {if may_edit {
                        reporting_form(reporting)
                    } else {
                        view! {
                            <Definitions>
                                <Definition name=reporting.in_words()>{reporting.meaning()}</Definition>
                            </Definitions>
                        }
                            .into_any()
                    }}
                </Section>
            }
        });
        view! {
            <div class="narrow">
                {saved.then(|| view! { <Toast sentence=t!("Saved.") /> })}
                <PageHeader
                    title=t!("Profile and privacy")
                    crumbs=vec![Crumb::new(t!("Settings"), "/settings")]
                    here=t!("Profile")
                    lead=|| t!("What everybody may know of your organization, what it consents to, and how much it sees.")
                >
                    {creator
                        .then(|| {
                            view! {
                                <ButtonLink kind=ButtonKind::Quiet href=public>
                                    {t!("See your page")}
                                </ButtonLink>
                            }
                        })}
                </PageHeader>
                {(!may_edit)
                    .then(|| {
                        view! {
                            <Notice title=t!("Only owners and admins change this")>
                                {t!("Ask one of them; they are listed under Members.")}
                            </Notice>
                        }
                    })}
                <Section title=t!("About")>
                    {meanwhile}
                    {if may_edit { about_form(profile, revision) } else { read_only(&profile) }}
                    {edited}
                </Section>
                {rights}
            </div>
        }
    }))
}

fn about_form(profile: Profile, revision: i32) -> AnyView {
    let length = |max: usize| u32::try_from(max).unwrap_or(u32::MAX);
    let mut countries = vec![Choice::new("", t!("Not said"))];
    countries.extend(
        Country::all().into_iter().map(|country| Choice::new(country.code(), country.title())),
    );
    let jurisdiction = profile.jurisdiction.map(Country::code).unwrap_or_default();
    view! {
        <PostForm name="about">
            <HiddenField name="revision" value=revision.to_string() />
            <SelectField
                name="jurisdiction"
                label=t!("Jurisdiction")
                hint=t!("The country whose law your organization is under.")
                choices=countries
                value=jurisdiction
            />
            <TextArea
                name="about"
                label=t!("About you")
                hint=t!("Who you are and what you make. Its first line is what search engines show.")
                value=profile.about
                maxlength=length(ABOUT_LENGTH_MAX)
                rows=6
            />
            <TextField
                name="website"
                label=t!("Website")
                hint=t!("As in https://www.example.com.")
                value=profile.website
                maxlength=length(WEBSITE_LENGTH_MAX)
                inputmode="url"
                autocomplete="url"
            />
            <FormActions>
                <Button>{t!("Save profile")}</Button>
            </FormActions>
        </PostForm>
    }
    .into_any()
}

fn read_only(profile: &Profile) -> AnyView {
    let said = |value: &str| {
        let said = if value.is_empty() { t!("Not said") } else { value };
        said.to_owned()
    };
    let country = said(&profile.jurisdiction.map(Country::title).unwrap_or_default());
    let (about, website) = (said(&profile.about), said(profile.website_in_words()));
    view! {
        <Definitions>
            <Definition name=t!("Jurisdiction")>{country}</Definition>
            <Definition name=t!("About")>{about}</Definition>
            <Definition name=t!("Website")>{website}</Definition>
        </Definitions>
    }
    .into_any()
}

/// What was said before, by whom and when.
fn recorded(consents: &[Recorded], now: DateTime<Utc>) -> AnyView {
    let said: Vec<_> = consents
        .iter()
        .filter_map(|each| {
            let (at, recorder) = each.by.clone()?;
            let (name, said) = (each.about.in_words(), each.said.in_words());
            Some(view! {
                <Definition name=name>
                    {said} {t!(", said by ")} {recorder} " " <Instant at now />
                </Definition>
            })
        })
        .collect();
    (!said.is_empty()).then(|| view! { <Definitions>{said}</Definitions> }).into_any()
}

fn consent_form(consents: &[Recorded]) -> AnyView {
    let said: Vec<_> = consents.iter().map(|each| (each.about, each.said)).collect();
    let field = |(about, said): (Consent, Said)| {
        let choices =
            Said::ALL.iter().map(|each| Choice::new(each.as_str(), each.in_words())).collect();
        view! {
            <RadioCards
                name=about.as_str()
                legend=about.in_words()
                choices
                value=said.as_str()
                required=true
            />
        }
    };
    view! {
        <PostForm name="consent">
            {said.into_iter().map(field).collect_view()}
            <FormActions>
                <Button kind=ButtonKind::Quiet>{t!("Record consent")}</Button>
            </FormActions>
        </PostForm>
    }
    .into_any()
}

fn reporting_form(reporting: Reporting) -> AnyView {
    let choices = Reporting::ALL
        .iter()
        .map(|each| Choice::new(each.as_str(), each.in_words()).note(each.meaning()))
        .collect();
    view! {
        <PostForm name="reporting">
            <RadioCards
                name="reporting"
                legend=t!("Reports")
                choices
                value=reporting.as_str()
                required=true
            />
            <FormActions>
                <Button kind=ButtonKind::Quiet>{t!("Choose")}</Button>
            </FormActions>
        </PostForm>
    }
    .into_any()
}

fn meanwhile(own: &OwnProfile, now: DateTime<Utc>) -> Option<AnyView> {
    let Profile { jurisdiction, about, website } = &own.profile;
    saved_meanwhile(
        "profile",
        own.revision,
        own.edited.clone(),
        now,
        vec![
            Difference::in_words(
                "jurisdiction",
                t!("Jurisdiction"),
                jurisdiction.map(Country::code).unwrap_or_default(),
                &jurisdiction.map(Country::title).unwrap_or_default(),
            ),
            Difference::of("about", t!("About you"), about),
            Difference::of("website", t!("Website"), website),
        ],
    )
}
