//! `POST /assets/{id}/offer`: publishing an offer.

use app::pages;
use axum::{extract::State, response::Response};
use imprimatur::{
    domain::pricing::TypedTiers,
    services::{
        Result,
        offers::{self, NewOffer},
    },
};

use crate::portal::{Ask, Done, Fields, Portal, Subject};

/// `POST /assets/{id}/offer`
pub async fn publish(
    State(portal): State<Portal>,
    Ask(request): Ask,
    Subject(id): Subject,
    fields: Fields,
) -> Response {
    let deed = async || -> Result<Done> {
        let text = |name: &str| fields.text(name).to_owned();
        let new = NewOffer {
            offer_id: fields.new_id()?,
            asset_id: id.parse()?,
            template: text("terms"),
            tiers: TypedTiers {
                currency: text("currency"),
                free_units: text("free_units"),
                free_rate: text("free_rate"),
                paid_name: text("paid_name"),
                paid_base: text("paid_base"),
                paid_units: text("paid_units"),
                paid_overrun: text("paid_overrun"),
                paid_overage: text("paid_overage"),
                paid_rate: text("paid_rate"),
                larger_name: text("larger_name"),
                larger_base: text("larger_base"),
                larger_units: text("larger_units"),
                larger_overage: text("larger_overage"),
                larger_rate: text("larger_rate"),
                ..TypedTiers::default()
            },
        };
        offers::publish(&portal.services, &request.actor, new).await?;
        Ok(Done::To(format!("/assets/{id}")))
    };
    let outcome = deed().await;
    portal.finish(&request, fields, outcome, pages::new_offer::show(&request, &id)).await
}
