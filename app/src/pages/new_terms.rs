//! `/terms/new`: the editor of terms, read back in plain words beside it.

use imprimatur::{
    domain::{
        actor::Deed,
        ids::TermsId,
        terms::{Intent, Revocation, TypedTerms, difference, template, templates},
    },
    services::{Result, mint, terms},
};
use leptos::prelude::*;

use super::terms::{Differences, TermsInWords};
use crate::{
    islands::AsTyped,
    request::{Page, Request},
    ui::{
        Button, ButtonKind, CheckField, CheckGroup, Choice, Columns, Crumb, FieldSet, FormActions,
        HiddenField, Notice, PageHeader, PostForm, Section, Segment, Segmented, SelectField,
        TextArea, TextField, Tone, Typed,
    },
};

/// The part that says in words what is typed.
const READ_BACK: &str = "read-back";

/// What the editor starts from.
struct Start {
    typed: TypedTerms,
    /// The terms that a new version takes the place of.
    replaces: Option<terms::PublishedTerms>,
    number: i32,
    /// Whether a newer version stands already, by its digest.
    newer: Option<String>,
}

/// The editor: a new document from a template, or the next version of one's own.
pub async fn show(request: &Request) -> Result<Page> {
    request.actor.may_as_creator(Deed::PublishTerms)?;
    let from = request.param("from").unwrap_or("training").to_owned();
    let start = start(request, &from).await?;
    let title = if start.replaces.is_some() { t!("A new version") } else { t!("New terms") };
    Ok(Page::workspace(request, title, move || {
        let terms_id: TermsId = mint();
        let typed = use_context::<Typed>().map_or_else(
            || start.typed.clone(),
            |came| {
                let fields = came.values.iter();
                TypedTerms::of_fields(fields.map(|(name, value)| (name.as_str(), value.as_str())))
            },
        );
        let side = read_back(&typed, start.replaces.as_ref());
        let mut crumbs = vec![Crumb::new(t!("Terms"), "/terms")];
        let lead = match &start.replaces {
            Some(before) => {
                let href = format!("/terms/{}", before.digest);
                crumbs.push(Crumb::new(before.terms.name.clone(), href));
                t!(
                    "It becomes version {number}. Licenses and offers stay on the one they were made with.",
                    number = start.number + 1
                )
            }
            None => t!("What buyers may do, in words you choose. Published terms never change; a new version is new terms.").to_owned(),
        };
        let replaces = start.replaces.map(|before| before.digest).unwrap_or_default();
        let is_new = replaces.is_empty();
        let newer = start.newer.filter(|_| !is_new).map(|newer| {
            view! {
                <Notice tone=Tone::Warn title=t!("There is a newer version already")>
                    <a href=format!("/terms/new?from={newer}")>{t!("Start from that one")}</a>
                    {t!("; this one cannot be continued.")}
                </Notice>
            }
        });
        view! {
            <PageHeader title crumbs here=t!("Write") lead=move || lead />
            {newer}
            <Columns side=move || side>
                {is_new.then(|| starts(&from))}
                <AsTyped part=READ_BACK.to_owned() button="do=read".to_owned()>
                    <PostForm creates=terms_id.to_string()>
                        <HiddenField name="replaces" value=replaces />
                        {fields(start.typed)}
                        <FormActions>
                            <Button>{t!("Publish terms")}</Button>
                            <Button kind=ButtonKind::Quiet name="do" value="read">
                                {t!("Read it back")}
                            </Button>
                        </FormActions>
                    </PostForm>
                </AsTyped>
            </Columns>
        }
    }))
}

async fn start(request: &Request, from: &str) -> Result<Start> {
    if !from.starts_with("sha256:") {
        let typed = TypedTerms::of(&template(from)?.terms);
        return Ok(Start { typed, replaces: None, number: 0, newer: None });
    }
    let before = terms::by_digest(&request.services, &request.actor, from).await?;
    Ok(Start {
        typed: TypedTerms::of(&before.published.terms),
        replaces: before.own.then_some(before.published),
        number: before.number,
        newer: before.after,
    })
}

/// Templates to start from.
fn starts(from: &str) -> AnyView {
    let all = templates();
    let purpose = all.iter().find(|template| template.key == from).map(|template| template.purpose);
    let segments = all
        .iter()
        .map(|template| {
            let href = format!("/terms/new?from={}", template.key);
            Segment::new(template.terms.name.clone(), href, template.key == from)
        })
        .collect();
    view! {
        <Section title=t!("Start from")>
            <Segmented label=t!("Templates") segments wraps=true />
            {purpose.map(|purpose| view! { <p class="section__note section__note--under">{purpose}</p> })}
        </Section>
    }
    .into_any()
}

fn fields(typed: TypedTerms) -> AnyView {
    let (limits, ending) = (limits(typed.clone()), ending(typed.clone()));
    let intents = Intent::ALL
        .iter()
        .map(|intent| {
            Choice::new(intent.as_str(), intent.in_words()).side(intent.scope().in_words())
        })
        .collect();
    view! {
        <TextField
            name="name"
            label=t!("Name")
            hint=t!("Short and plain: buyers choose by it.")
            value=typed.name
            required=true
            maxlength=120
        />
        <CheckGroup
            name="intents"
            legend=t!("Uses")
            hint=t!("Looking before licensing is always allowed.")
            choices=intents
            values=typed.intents
            required=true
            two=true
        />
        <FieldSet legend=t!("Rights")>
            <CheckField
                name="commercial"
                label=t!("What is made with the work may be sold")
                checked=typed.commercial
            />
            <CheckField
                name="derivatives"
                label=t!("Works derived from it may be published")
                checked=typed.derivatives
            />
            <CheckField
                name="sublicensing"
                label=t!("The rights may be passed on under the same terms")
                checked=typed.sublicensing
            />
            <CheckField
                name="attribution"
                label=t!("The credit line must be shown")
                checked=typed.attribution
            />
        </FieldSet>
        {limits}
        {ending}
    }
    .into_any()
}

fn limits(typed: TypedTerms) -> AnyView {
    view! {
        <FieldSet legend=t!("Where and by whom")>
            <TextField
                name="territory"
                label=t!("Countries")
                hint=t!("Codes like DE, FR, US or EU. Empty is the whole world.")
                value=typed.territory
            />
            <TextArea
                name="excluded_models"
                label=t!("Model families left out")
                hint=t!("One to a line: their models may not use the work at all.")
                value=typed.excluded_models
                rows=2
            />
        </FieldSet>
        <FieldSet legend=t!("How long")>
            <TextField
                name="duration_days"
                label=t!("A license lasts")
                hint=t!("Empty is until one side ends it.")
                value=typed.duration_days
                suffix=t!("days")
                inputmode="numeric"
                narrow=true
            />
            <TextField
                name="starts_on"
                label=t!("First day")
                hint=t!("No license begins earlier (UTC).")
                kind="date"
                value=typed.starts_on
                narrow=true
            />
            <TextField
                name="ends_on"
                label=t!("Last day")
                hint=t!("No license goes on after it (UTC).")
                kind="date"
                value=typed.ends_on
                narrow=true
            />
        </FieldSet>
    }
    .into_any()
}

fn ending(typed: TypedTerms) -> AnyView {
    let revocations = Revocation::ALL
        .iter()
        .map(|revocation| {
            let words = match revocation {
                Revocation::Never => t!("Never"),
                Revocation::Breach => t!("Only when these terms are broken"),
                Revocation::Notice => t!("At any time, with notice"),
            };
            Choice::new(revocation.as_str(), words)
        })
        .collect();
    let audits = [
        ("0", t!("Never")),
        ("1", t!("Once a year")),
        ("2", t!("Twice a year")),
        ("4", t!("Every quarter")),
        ("12", t!("Every month")),
    ];
    let audits = audits.into_iter().map(|(value, label)| Choice::new(value, label)).collect();
    view! {
        <FieldSet legend=t!("Ending and checking")>
            <SelectField
                name="revocation"
                label=t!("You may end a license early")
                choices=revocations
                value=typed.revocation
                required=true
            />
            <TextField
                name="notice_days"
                label=t!("Notice")
                hint=t!("Only where you may end it at any time.")
                value=typed.notice_days
                suffix=t!("days")
                inputmode="numeric"
                narrow=true
            />
            <TextField
                name="retention_days"
                label=t!("Copies are deleted within")
                hint=t!("After the license ends. 0 is at once.")
                value=typed.retention_days
                suffix=t!("days")
                inputmode="numeric"
                narrow=true
                required=true
            />
            <SelectField
                name="audits_per_year"
                label=t!("You may ask for a report of use")
                choices=audits
                value=typed.audits_per_year
                required=true
            />
        </FieldSet>
    }
    .into_any()
}

/// What was typed, in words; and for a new version, what it changes.
fn read_back(typed: &TypedTerms, before: Option<&terms::PublishedTerms>) -> AnyView {
    let read = typed.parse();
    let changes = before.zip(read.as_ref().ok()).map(|(before, terms)| {
        let changes = difference(&before.terms, terms);
        view! {
            <Section title=t!("Changed from the version before")>
                <Differences changes />
            </Section>
        }
    });
    let words = match read {
        Ok(terms) => view! { <TermsInWords terms /> }.into_any(),
        Err(refusal) => view! { <p class="section__note">{refusal.sentence}</p> }.into_any(),
    };
    view! {
        <div class="read-back" id=READ_BACK>
            <Section title=t!("In plain words")>{words}</Section>
            {changes}
        </div>
    }
    .into_any()
}
