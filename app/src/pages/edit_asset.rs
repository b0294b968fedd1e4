//! `/assets/{id}/edit`: what is said about a work.
//!
//! Two who edit at once lose nothing: the second is shown what the first has saved, and keeps what
//! they typed.

use imprimatur::{
    domain::{
        asset::{
            ATTRIBUTION_LENGTH_MAX, AssetKind, DESCRIPTION_LENGTH_MAX, Language, RIGHTS_LENGTH_MAX,
            TITLE_LENGTH_MAX, Visibility,
        },
        ids::AssetId,
    },
    services::{
        Result,
        assets::{self, Asset},
    },
};
use leptos::prelude::*;

use super::about::{KindField, LanguageField, RightsField, TagsField, VisibilityField};
use crate::{
    request::{Page, Request},
    ui::{
        Button, ButtonKind, ButtonLink, Crumb, Definition, Definitions, FormActions, HiddenField,
        Instant, Notice, PageHeader, PostForm, TextArea, TextField, Tone, Typed,
    },
};

/// The form, with what is said now.
pub async fn show(request: &Request, id: &str) -> Result<Page> {
    assets::may_edit(&request.actor)?;
    let asset_id: AssetId = id.parse()?;
    let work = assets::get(&request.services, &request.actor, asset_id).await?;
    let now = request.now;
    Ok(Page::workspace(request, format!("Edit {}", work.particulars.title), move || {
        let length = |max: usize| u32::try_from(max).unwrap_or(u32::MAX);
        let crumbs = vec![
            Crumb::new("Works", "/assets"),
            Crumb::new(work.particulars.title.clone(), format!("/assets/{asset_id}")),
        ];
        let saved = saved_meanwhile(&work, now);
        let said = work.particulars;
        let is_site = said.kind == AssetKind::Site;
        let tags = said.typed_tags();
        view! {
            <div class="narrow">
                <PageHeader
                    title="Edit work"
                    crumbs
                    here="Edit"
                    lead=|| "What is said about it. Its bytes, its offer and its licenses stay as they are."
                />
                {saved}
                <PostForm>
                    <HiddenField name="revision" value=work.revision.to_string() />
                    <TextField
                        name="title"
                        label="Title"
                        value=said.title
                        required=true
                        maxlength=length(TITLE_LENGTH_MAX)
                    />
                    {(!is_site).then(|| view! { <KindField value=said.kind /> })}
                    <TextArea
                        name="description"
                        label="Description"
                        hint="What a buyer should know before licensing it."
                        value=said.description
                        maxlength=length(DESCRIPTION_LENGTH_MAX)
                    />
                    <TagsField value=tags />
                    <LanguageField value=said.language.unwrap_or_default() />
                    <TextField
                        name="attribution"
                        label="Credit line"
                        hint="Shown wherever the terms ask for credit."
                        value=said.attribution
                        required=true
                        maxlength=length(ATTRIBUTION_LENGTH_MAX)
                    />
                    <RightsField value=said.rights maxlength=length(RIGHTS_LENGTH_MAX) />
                    <VisibilityField value=said.visibility />
                    <FormActions>
                        <Button>"Save"</Button>
                        <ButtonLink kind=ButtonKind::Quiet href=format!("/assets/{asset_id}")>
                            "Cancel"
                        </ButtonLink>
                    </FormActions>
                </PostForm>
            </div>
        }
    }))
}

/// What somebody else has saved since the form that came back was opened.
fn saved_meanwhile(
    work: &Asset,
    now: chrono::DateTime<chrono::Utc>,
) -> Option<impl IntoView + use<>> {
    let typed = use_context::<Typed>()?;
    let (edited_at, editor) = work.edited.clone()?;
    if typed.value("revision")? == work.revision.to_string() {
        return None;
    }
    let said = &work.particulars;
    let differing: Vec<_> = [
        ("title", "Title", said.title.clone(), said.title.clone()),
        ("kind", "Kind", said.kind.as_str().to_owned(), said.kind.in_words().to_owned()),
        ("description", "Description", said.description.clone(), said.description.clone()),
        ("tags", "Tags", said.typed_tags(), said.typed_tags()),
        ("language", "Language", said.language.clone().unwrap_or_default(), {
            said.language.as_deref().map(Language::in_words).unwrap_or_default().to_owned()
        }),
        ("attribution", "Credit line", said.attribution.clone(), said.attribution.clone()),
        ("rights", "Rights", said.rights.clone(), said.rights.clone()),
        ("visibility", "Visibility", said.visibility.as_str().to_owned(), {
            Visibility::in_words(said.visibility).to_owned()
        }),
    ]
    .into_iter()
    .filter(|(field, _, saved, _)| {
        typed.value(field).is_some_and(|typed| typed.replace("\r\n", "\n").trim() != saved)
    })
    .map(|(_, name, _, shown)| {
        let shown = if shown.is_empty() { "Nothing".to_owned() } else { shown };
        view! { <Definition name=name>{shown}</Definition> }
    })
    .collect();
    Some(view! {
        <Notice tone=Tone::Warn title=format!("{editor} saved this work while you were typing")>
            <p>
                "Saved " <Instant at=edited_at now />
                ". Where it differs from what you typed, it now says:"
            </p>
            <Definitions>{differing}</Definitions>
        </Notice>
    })
}
