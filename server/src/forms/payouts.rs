//! How often one is paid, and asking for it now.

use app::pages;
use axum::{extract::State, response::Response};
use imprimatur::{
    domain::{error::Refusal, payout::Schedule},
    services::{Result, payouts},
};

use crate::portal::{Ask, Done, Fields, Portal};

/// `POST /payouts`
pub async fn change(State(portal): State<Portal>, Ask(request): Ask, fields: Fields) -> Response {
    let deed = async || -> Result<Done> {
        let (services, actor) = (&portal.services, &request.actor);
        match fields.text("form") {
            "schedule" => {
                let schedule: Schedule = fields
                    .text("schedule")
                    .parse()
                    .map_err(|_| Refusal::invalid("schedule", t!("Choose one of those listed.")))?;
                payouts::set_schedule(services, actor, schedule).await?;
                Ok(Done::To("/payouts?done=schedule".into()))
            }
            "request" => {
                payouts::request(services, actor, fields.text("currency").parse()?).await?;
                Ok(Done::To("/payouts?done=asked".into()))
            }
            _ => Err(super::unknown_form()),
        }
    };
    let outcome = deed().await;
    portal.finish(&request, fields, outcome, pages::payouts::show(&request)).await
}
