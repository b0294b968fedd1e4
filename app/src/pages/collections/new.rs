//! `/assets/collections/new`: making a collection, empty or of works that were ticked before.

use imprimatur::{
    domain::{
        asset::Visibility,
        collection::About,
        ids::{AssetId, CollectionId},
    },
    services::{Result, collections, mint},
};
use leptos::prelude::*;

use super::about::AboutFields;
use crate::{
    request::{Page, Request},
    ui::{
        Button, ButtonKind, ButtonLink, Crumb, FormActions, HiddenField, Notice, PageHeader,
        PostForm,
    },
};

/// The form.
pub async fn show(request: &Request) -> Result<Page> {
    collections::may_collect(&request.actor)?;
    let works = request.param("works").unwrap_or_default().to_owned();
    let ticked = works.split(',').filter(|id| id.parse::<AssetId>().is_ok()).count();
    Ok(Page::workspace(request, t!("New collection"), move || {
        let collection_id: CollectionId = mint();
        let about = About {
            title: String::new(),
            description: String::new(),
            visibility: Visibility::Listed,
        };
        let begins = match ticked {
            0 => None,
            some => Some(tn!(
                some,
                "It begins with the work you ticked",
                "It begins with the {some} works you ticked"
            )),
        };
        view! {
            <div class="narrow">
                <PageHeader
                    title=t!("New collection")
                    crumbs=vec![
                        Crumb::new(t!("Works"), "/assets"),
                        Crumb::new(t!("Collections"), "/assets/collections"),
                    ]
                    lead=|| t!("Works that belong together, on a page of their own. Each keeps its own terms and its own price.")
                />
                {begins.map(|title| view! { <Notice title /> })}
                <PostForm creates=collection_id.to_string()>
                    <HiddenField name="works" value=works.clone() />
                    <AboutFields about />
                    <FormActions>
                        <Button>{t!("Make collection")}</Button>
                        <ButtonLink kind=ButtonKind::Quiet href="/assets/collections">
                            {t!("Cancel")}
                        </ButtonLink>
                    </FormActions>
                </PostForm>
            </div>
        }
    }))
}
