//! Making, filling, arranging and changing collections.

use app::pages;
use axum::{extract::State, response::Response};
use imprimatur::{
    domain::{
        collection::{TypedAbout, place},
        error::Refusal,
        ids::{AssetId, CollectionId},
    },
    services::{
        Result,
        collections::{self, Arrangement, EditCollection, NewCollection},
    },
};

use crate::portal::{Ask, Done, Fields, Portal, Subject, form_incomplete};

/// `POST /assets`: what is to be done with the works that were ticked.
pub async fn collect(State(portal): State<Portal>, Ask(request): Ask, fields: Fields) -> Response {
    let deed = async || -> Result<Done> {
        collections::may_collect(&request.actor)?;
        if fields.text("form") != "collect" {
            return Err(super::unknown_form());
        }
        let works = ids(fields.all("work"))?;
        if works.is_empty() {
            return Err(Refusal::invalid("into", t!("Tick a work in the list first.")).into());
        }
        let into = fields.text("into");
        if into == pages::assets::NEW_COLLECTION {
            let works: Vec<String> = works.iter().map(AssetId::to_string).collect();
            return Ok(Done::To(format!("/assets/collections/new?works={}", works.join(","))));
        }
        let collection_id: CollectionId = into
            .parse()
            .map_err(|_| Refusal::invalid("into", t!("Choose one of the listed collections.")))?;
        let added =
            collections::add(&portal.services, &request.actor, collection_id, &works).await?;
        Ok(Done::To(format!("/assets/collections/{collection_id}?done=added&of={added}")))
    };
    let outcome = deed().await;
    portal.finish(&request, fields, outcome, pages::assets::show(&request)).await
}

/// `POST /assets/collections/new`
pub async fn make(State(portal): State<Portal>, Ask(request): Ask, fields: Fields) -> Response {
    let deed = async || -> Result<Done> {
        collections::may_collect(&request.actor)?;
        let new = NewCollection {
            collection_id: fields.new_id()?,
            typed: typed(&fields),
            works: ids(fields.text("works").split(',').filter(|id| !id.is_empty()))?,
        };
        let collection_id = new.collection_id;
        collections::make(&portal.services, &request.actor, new).await?;
        Ok(Done::To(format!("/assets/collections/{collection_id}")))
    };
    let outcome = deed().await;
    portal.finish(&request, fields, outcome, pages::collections::new(&request)).await
}

/// `POST /assets/collections/{id}`: the order of its works, taking some out, and taking it apart.
pub async fn change(
    State(portal): State<Portal>,
    Ask(request): Ask,
    Subject(id): Subject,
    fields: Fields,
) -> Response {
    let deed = async || -> Result<Done> {
        let (services, actor) = (&portal.services, &request.actor);
        collections::may_collect(actor)?;
        let collection_id: CollectionId = id.parse()?;
        let own = format!("/assets/collections/{collection_id}");
        match (fields.text("form"), fields.text("do")) {
            ("works", "take-out") => {
                let works = ids(fields.all("work"))?;
                if works.is_empty() {
                    let kind = imprimatur::domain::error::Kind::Invalid;
                    let sentence = t!("Tick what to take out first.");
                    return Err(Refusal::new(kind, "nothing_ticked", sentence).into());
                }
                let taken = collections::take_out(services, actor, collection_id, &works).await?;
                Ok(Done::To(format!("{own}?done=taken&of={taken}")))
            }
            ("works", "arrange") => {
                let arrangement =
                    fields.text("arrangement").parse().map_err(|_| form_incomplete())?;
                let places = ids(fields.all("asset"))?
                    .into_iter()
                    .zip(fields.all("place"))
                    .map(|(asset_id, typed)| Ok((asset_id, place(typed)?)))
                    .collect::<std::result::Result<_, Refusal>>()
                    // The row is marked; there is no one field to lead to.
                    .map_err(|refusal| Refusal { field: None, ..refusal })?;
                let asked = Arrangement { collection_id, arrangement, places };
                collections::arrange(services, actor, asked).await?;
                Ok(Done::To(format!("{own}?done=saved")))
            }
            ("remove", _) => {
                collections::remove(services, actor, collection_id).await?;
                Ok(Done::To("/assets/collections?done=removed".to_owned()))
            }
            _ => Err(super::unknown_form()),
        }
    };
    let outcome = deed().await;
    portal.finish(&request, fields, outcome, pages::collections::own(&request, &id)).await
}

/// `POST /assets/collections/{id}/edit`
pub async fn edit(
    State(portal): State<Portal>,
    Ask(request): Ask,
    Subject(id): Subject,
    fields: Fields,
) -> Response {
    let deed = async || -> Result<Done> {
        let collection_id: CollectionId = id.parse()?;
        let revision = fields.text("revision").parse().map_err(|_| form_incomplete())?;
        let edit = EditCollection { collection_id, revision, typed: typed(&fields) };
        collections::edit(&portal.services, &request.actor, edit).await?;
        Ok(Done::To(format!("/assets/collections/{collection_id}?done=saved")))
    };
    let outcome = deed().await;
    portal.finish(&request, fields, outcome, pages::collections::edit(&request, &id)).await
}

fn typed(fields: &Fields) -> TypedAbout {
    let text = |name: &str| fields.text(name).to_owned();
    TypedAbout {
        title: text("title"),
        description: text("description"),
        visibility: text("visibility"),
    }
}

fn ids<'a>(texts: impl Iterator<Item = &'a str>) -> std::result::Result<Vec<AssetId>, Refusal> {
    texts.map(str::parse).collect()
}
