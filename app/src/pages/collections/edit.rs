//! `/assets/collections/{id}/edit`: what is said about a collection.
//!
//! Two who edit at once lose nothing: the second is shown what the first has saved, and keeps what they
//! typed.

use imprimatur::{
    domain::{asset::Visibility, ids::CollectionId},
    services::{
        Result,
        collections::{self, Collection},
    },
};
use leptos::prelude::*;

use super::{
    super::meanwhile::{Difference, saved_meanwhile},
    about::AboutFields,
};
use crate::{
    request::{Page, Request},
    ui::{Button, ButtonKind, ButtonLink, Crumb, FormActions, HiddenField, PageHeader, PostForm},
};

/// The form, with what is said now.
pub async fn show(request: &Request, id: &str) -> Result<Page> {
    collections::may_collect(&request.actor)?;
    let collection_id: CollectionId = id.parse()?;
    let collection = collections::get(&request.services, &request.actor, collection_id).await?;
    let now = request.now;
    let own = format!("/assets/collections/{collection_id}");
    Ok(Page::workspace(request, t!("Edit {title}", title = collection.about.title), move || {
        let crumbs = vec![
            Crumb::new(t!("Works"), "/assets"),
            Crumb::new(t!("Collections"), "/assets/collections"),
            Crumb::new(collection.about.title.clone(), own.clone()),
        ];
        let saved = saved(&collection, now);
        let (revision, about) = (collection.revision, collection.about);
        view! {
            <div class="narrow">
                <PageHeader
                    title=t!("Edit collection")
                    crumbs
                    here=t!("Edit")
                    lead=|| t!("What is said about it. Its works and their offers stay as they are.")
                />
                {saved}
                <PostForm>
                    <HiddenField name="revision" value=revision.to_string() />
                    <AboutFields about />
                    <FormActions>
                        <Button>{t!("Save")}</Button>
                        <ButtonLink kind=ButtonKind::Quiet href=own.clone()>{t!("Cancel")}</ButtonLink>
                    </FormActions>
                </PostForm>
            </div>
        }
    }))
}

fn saved(collection: &Collection, now: chrono::DateTime<chrono::Utc>) -> Option<AnyView> {
    let about = &collection.about;
    saved_meanwhile(
        "collection",
        collection.revision,
        collection.edited.clone(),
        now,
        vec![
            Difference::of("title", t!("Title"), &about.title),
            Difference::of("description", t!("Description"), &about.description),
            Difference::in_words(
                "visibility",
                t!("Who finds it"),
                about.visibility.as_str(),
                Visibility::in_words(about.visibility),
            ),
        ],
    )
}
