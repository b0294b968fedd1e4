//! `POST /assets/{id}/offer`: publishing an offer, or trying its tiers on last month.
//! `POST /offers`: withdrawing one, and putting it back.

use app::pages;
use axum::{extract::State, response::Response};
use imprimatur::{
    domain::{
        ids::OfferId,
        pricing::{TypedPaths, TypedTiers},
    },
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
    let (services, actor) = (&portal.services, &request.actor);
    if fields.text("do") == "preview" {
        let terms = fields.text("terms");
        let preview = async || -> Result<offers::Preview> {
            offers::preview(services, actor, id.parse()?, terms, &tiers(&fields)).await
        };
        return match preview().await {
            Ok(preview) => {
                let page = pages::new_offer::previewed(&request, &id, preview);
                portal.show_again(&request, fields, page).await
            }
            Err(error) => {
                let page = pages::new_offer::show(&request, &id);
                portal.finish(&request, fields, Err(error), page).await
            }
        };
    }
    let deed = async || -> Result<Done> {
        let new = NewOffer {
            offer_id: fields.new_id()?,
            asset_id: id.parse()?,
            terms: fields.text("terms").to_owned(),
            tiers: tiers(&fields),
            buyer: fields.text("buyer").to_owned(),
        };
        let contract = !new.buyer.trim().is_empty();
        offers::publish(services, actor, new).await?;
        Ok(Done::To(if contract { "/offers".to_owned() } else { format!("/assets/{id}") }))
    };
    let outcome = deed().await;
    portal.finish(&request, fields, outcome, pages::new_offer::show(&request, &id)).await
}

/// `POST /offers`
pub async fn change(State(portal): State<Portal>, Ask(request): Ask, fields: Fields) -> Response {
    let deed = async || -> Result<Done> {
        let (services, actor) = (&portal.services, &request.actor);
        let offer_id = || fields.text("offer_id").parse::<OfferId>();
        match fields.text("form") {
            "withdraw" => {
                let offer_id = offer_id()?;
                offers::withdraw(services, actor, offer_id).await?;
                Ok(Done::To(format!("/offers?done=withdrawn&of={offer_id}")))
            }
            "restore" => {
                offers::restore(services, actor, offer_id()?).await?;
                Ok(Done::To("/offers?done=restored".into()))
            }
            _ => Err(super::unknown_form()),
        }
    };
    let outcome = deed().await;
    portal.finish(&request, fields, outcome, pages::offers::show(&request)).await
}

fn tiers(fields: &Fields) -> TypedTiers {
    let text = |name: &str| fields.text(name).to_owned();
    let paths = |tier: &str| TypedPaths {
        allowed: text(&format!("{tier}_allowed")),
        forbidden: text(&format!("{tier}_forbidden")),
    };
    TypedTiers {
        model: text("model"),
        currency: text("currency"),
        unit: text("unit"),
        per: text("per"),
        rolls_over: fields.ticked("rolls_over"),
        for_one_buyer: !fields.text("buyer").trim().is_empty(),
        free_units: text("free_units"),
        free_rate: text("free_rate"),
        paid_name: text("paid_name"),
        paid_base: text("paid_base"),
        paid_price: text("paid_price"),
        paid_share: text("paid_share"),
        paid_units: text("paid_units"),
        paid_overrun: text("paid_overrun"),
        paid_overage: text("paid_overage"),
        paid_rate: text("paid_rate"),
        larger_name: text("larger_name"),
        larger_base: text("larger_base"),
        larger_price: text("larger_price"),
        larger_share: text("larger_share"),
        larger_units: text("larger_units"),
        larger_overage: text("larger_overage"),
        larger_rate: text("larger_rate"),
        free_paths: paths("free"),
        paid_paths: paths("paid"),
        larger_paths: paths("larger"),
    }
}
