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

use super::{
    about::{KindField, LanguageField, RightsField, TagsField, VisibilityField},
    meanwhile::{Difference, saved_meanwhile},
};
use crate::{
    request::{Page, Request},
    ui::{
        Button, ButtonKind, ButtonLink, Crumb, FormActions, HiddenField, PageHeader, PostForm,
        TextArea, TextField,
    },
};

/// The form, with what is said now.
pub async fn show(request: &Request, id: &str) -> Result<Page> {
    assets::may_edit(&request.actor)?;
    let asset_id: AssetId = id.parse()?;
    let work = assets::get(&request.services, &request.actor, asset_id).await?;
    let now = request.now;
    Ok(Page::workspace(request, t!("Edit {title}", title = work.particulars.title), move || {
        let length = |max: usize| u32::try_from(max).unwrap_or(u32::MAX);
        let crumbs = vec![
            Crumb::new(t!("Works"), "/assets"),
            Crumb::new(work.particulars.title.clone(), format!("/assets/{asset_id}")),
        ];
        let saved = saved(&work, now);
        let said = work.particulars;
        let is_site = said.kind == AssetKind::Site;
        let tags = said.typed_tags();
        view! {
            <div class="narrow">
                <PageHeader
                    title=t!("Edit work")
                    crumbs
                    here=t!("Edit")
                    lead=|| t!("What is said about it. Its bytes, its offer and its licenses stay as they are.")
                />
                {saved}
                <PostForm>
                    <HiddenField name="revision" value=work.revision.to_string() />
                    <TextField
                        name="title"
                        label=t!("Title")
                        value=said.title
                        required=true
                        maxlength=length(TITLE_LENGTH_MAX)
                    />
                    {(!is_site).then(|| view! { <KindField value=said.kind /> })}
                    <TextArea
                        name="description"
                        label=t!("Description")
                        hint=t!("What a buyer should know before licensing it.")
                        value=said.description
                        maxlength=length(DESCRIPTION_LENGTH_MAX)
                    />
                    <TagsField value=tags />
                    <LanguageField value=said.language.unwrap_or_default() />
                    <TextField
                        name="attribution"
                        label=t!("Credit line")
                        hint=t!("Shown wherever the terms ask for credit.")
                        value=said.attribution
                        required=true
                        maxlength=length(ATTRIBUTION_LENGTH_MAX)
                    />
                    <RightsField value=said.rights maxlength=length(RIGHTS_LENGTH_MAX) />
                    <VisibilityField value=said.visibility />
                    <FormActions>
                        <Button>{t!("Save")}</Button>
                        <ButtonLink kind=ButtonKind::Quiet href=format!("/assets/{asset_id}")>
                            {t!("Cancel")}
                        </ButtonLink>
                    </FormActions>
                </PostForm>
            </div>
        }
    }))
}

/// What somebody else has saved since the form that came back was opened.
fn saved(work: &Asset, now: chrono::DateTime<chrono::Utc>) -> Option<AnyView> {
    let said = &work.particulars;
    let tags = said.typed_tags();
    let language = said.language.as_deref();
    saved_meanwhile(
        "work",
        work.revision,
        work.edited.clone(),
        now,
        vec![
            Difference::of("title", t!("Title"), &said.title),
            Difference::in_words("kind", t!("Kind"), said.kind.as_str(), said.kind.in_words()),
            Difference::of("description", t!("Description"), &said.description),
            Difference::of("tags", t!("Tags"), &tags),
            Difference::in_words(
                "language",
                t!("Language"),
                language.unwrap_or_default(),
                language.map(Language::in_words).unwrap_or_default(),
            ),
            Difference::of("attribution", t!("Credit line"), &said.attribution),
            Difference::of("rights", t!("Rights"), &said.rights),
            Difference::in_words(
                "visibility",
                t!("Visibility"),
                said.visibility.as_str(),
                Visibility::in_words(said.visibility),
            ),
        ],
    )
}
