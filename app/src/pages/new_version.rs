//! `/assets/{id}/versions/new`: new bytes for a work.

use imprimatur::{
    domain::{
        asset::AssetKind,
        error::Refusal,
        ids::{AssetId, VersionId},
    },
    services::{Result, assets, mint},
};
use leptos::prelude::*;

use crate::{
    islands::UploadProgress,
    request::{Page, Request},
    ui::{Button, ButtonKind, ButtonLink, Crumb, FileField, FormActions, PageHeader, PostForm},
};

/// The form that takes them.
pub async fn show(request: &Request, id: &str) -> Result<Page> {
    assets::may_edit(&request.actor)?;
    let asset_id: AssetId = id.parse()?;
    let work = assets::get(&request.services, &request.actor, asset_id).await?;
    if work.particulars.kind == AssetKind::Site {
        return Err(Refusal::not_found("work").into());
    }
    let size_max = request.services.content.upload_limit();
    let bytes_max = request.services.content.upload_bytes_max();
    let title = work.particulars.title;
    Ok(Page::workspace(request, t!("New version of {title}"), move || {
        let version_id: VersionId = mint();
        let crumbs = vec![
            Crumb::new(t!("Works"), "/assets"),
            Crumb::new(title, format!("/assets/{asset_id}")),
        ];
        view! {
            <div class="narrow">
                <PageHeader
                    title=t!("New version")
                    crumbs
                    lead=|| t!("The bytes become the newest version. Versions before stay as they are, and licenses reach them all.")
                />
                <UploadProgress bytes_max limit=size_max.clone()>
                    <PostForm creates=version_id.to_string() multipart=true>
                        <FileField
                            name="file"
                            label=t!("File")
                            hint=t!("Any type, at most {size_max}.")
                            required=true
                        />
                        <FormActions>
                            <Button>{t!("Add version")}</Button>
                            <ButtonLink kind=ButtonKind::Quiet href=format!("/assets/{asset_id}")>
                                {t!("Cancel")}
                            </ButtonLink>
                        </FormActions>
                    </PostForm>
                </UploadProgress>
            </div>
        }
    }))
}
