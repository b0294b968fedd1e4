//! `/assets/new`: registering a work by upload.

use imprimatur::{
    domain::{
        asset::{
            ATTRIBUTION_LENGTH_MAX, AssetKind, DESCRIPTION_LENGTH_MAX, RIGHTS_LENGTH_MAX,
            TITLE_LENGTH_MAX, Visibility,
        },
        ids::AssetId,
    },
    services::{Result, assets, mint},
};
use leptos::prelude::*;

use super::about::{LanguageField, More, RightsField, TagsField, VisibilityField};
use crate::{
    islands::UploadProgress,
    request::{Page, Request},
    ui::{
        Button, ButtonKind, ButtonLink, Choice, Crumb, FileField, FormActions, PageHeader,
        PostForm, SelectField, TextArea, TextField,
    },
};

/// The form that registers a work. The file comes last, so that everything else is checked before
/// any of it is read.
pub async fn show(request: &Request) -> Result<Page> {
    assets::may_register(&request.actor)?;
    let credit = request
        .viewer
        .as_ref()
        .and_then(|viewer| viewer.organization.as_ref())
        .map(|organization| organization.name.clone())
        .unwrap_or_default();
    let size_max = request.services.content.upload_limit();
    let bytes_max = request.services.content.upload_bytes_max();
    Ok(Page::workspace(request, t!("Register work"), move || {
        let asset_id: AssetId = mint();
        let length = |max: usize| u32::try_from(max).unwrap_or(u32::MAX);
        let kinds =
            AssetKind::uploaded().map(|kind| Choice::new(kind.as_str(), kind.in_words())).collect();
        view! {
                            <div class="narrow">
                                <PageHeader
                                    title=t!("Register work")
                                    crumbs=vec![Crumb::new(t!("Works"), "/assets")]
                                    lead=|| t!("Registering keeps the bytes and names them by their digest. Nobody sees them before you publish an offer.")
                                >
                                    <ButtonLink kind=ButtonKind::Quiet href="/assets/several">
                                        {t!("Register several")}
                                    </ButtonLink>
                                </PageHeader>
                                <UploadProgress bytes_max limit=size_max.clone()>
                <PostForm creates=asset_id.to_string() multipart=true>
                                    <TextField
                                        name="title"
                                        label=t!("Title")
                                        required=true
                                        maxlength=length(TITLE_LENGTH_MAX)
                                    />
                                    <SelectField name="kind" label=t!("Kind") choices=kinds required=true />
                                    <TextArea
                                        name="description"
                                        label=t!("Description")
                                        hint=t!("What a buyer should know before licensing it.")
                                        maxlength=length(DESCRIPTION_LENGTH_MAX)
                                    />
                                    <TextField
                                        name="attribution"
                                        label=t!("Credit line")
                                        hint=t!("Shown wherever the terms ask for credit.")
                                        value=credit
                                        required=true
                                        maxlength=length(ATTRIBUTION_LENGTH_MAX)
                                    />
                                    <More
        summary=t!("Tags, language, rights, who finds it")
        fields=&["tags", "language", "rights", "visibility"]
        >
                                            <TagsField />
                                            <LanguageField />
                                            <RightsField maxlength=length(RIGHTS_LENGTH_MAX) />
                                            <VisibilityField value=Visibility::Listed />
                                        </More>
                                    <FileField
                                        name="file"
                                        label=t!("File")
                                        hint=t!("Any type, at most {size_max}. Its type is told from its bytes.")
                                        required=true
                                    />
                                    <FormActions>
                                        <Button>{t!("Register work")}</Button>
                                        <ButtonLink kind=ButtonKind::Quiet href="/assets">{t!("Cancel")}</ButtonLink>
                                    </FormActions>
                                </PostForm>
                </UploadProgress>
                            </div>
                        }
    }))
}
