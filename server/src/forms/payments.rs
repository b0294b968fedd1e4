//! Leaving a card, and being paid: people are sent to the payment provider's own pages and come back.
//! Coming back proves nothing; what it says now is read again.

use app::pages;
use axum::{
    extract::State,
    response::{IntoResponse as _, Redirect, Response},
};
use imprimatur::{
    domain::ids::RequestId,
    services::{
        Result, mint,
        payments::{CheckoutId, parties},
    },
};
use uuid::Uuid;

use crate::portal::{Ask, Done, Fields, Portal};

/// `POST /settings/payment`
pub async fn pay(State(portal): State<Portal>, Ask(request): Ask, fields: Fields) -> Response {
    let deed = async || -> Result<Done> {
        let (services, actor) = (&portal.services, &request.actor);
        let leaves_card = match fields.text("form") {
            "card" => true,
            "portal" => false,
            _ => return Err(super::unknown_form()),
        };
        let attempt = fields.new_id::<RequestId>()?.uuid();
        let payments = portal.payments()?;
        let here = format!("{}/settings/payment", portal.base_url);
        let page = if leaves_card {
            let back = format!("{here}/back?checkout={{CHECKOUT_SESSION_ID}}");
            parties::leave_card(services, payments, actor, attempt, (back, here)).await?
        } else {
            parties::portal(services, payments, actor, attempt, &here).await?
        };
        Ok(Done::To(page.url))
    };
    let outcome = deed().await;
    portal.finish(&request, fields, outcome, pages::payment::show(&request)).await
}

/// `GET /settings/payment/back`: the card that was left is the one that is charged from now on.
pub async fn card_left(State(portal): State<Portal>, Ask(request): Ask) -> Response {
    let deed = async || -> Result<&'static str> {
        let checkout = CheckoutId(request.param("checkout").unwrap_or_default().to_owned());
        let (services, actor) = (&portal.services, &request.actor);
        parties::card_left(services, portal.payments()?, actor, &checkout).await?;
        Ok("/settings/payment?saved=yes")
    };
    lead_on(&portal, &request, deed().await).await
}

/// `POST /settings/payouts`
pub async fn be_paid(State(portal): State<Portal>, Ask(request): Ask, fields: Fields) -> Response {
    let deed = async || -> Result<Done> {
        let attempt = fields.new_id::<RequestId>()?.uuid();
        Ok(Done::To(onboarding(&portal, &request, fields.text("country"), attempt).await?))
    };
    let outcome = deed().await;
    portal.finish(&request, fields, outcome, pages::getting_paid::show(&request)).await
}

/// `GET /settings/payouts/again`: the link to the hosted form was used or is too old.
pub async fn onboard_again(State(portal): State<Portal>, Ask(request): Ask) -> Response {
    let attempt = mint::<RequestId>().uuid();
    let outcome = onboarding(&portal, &request, "", attempt).await;
    lead_on(&portal, &request, outcome).await
}

/// `GET /settings/payouts/back`: the hosted form was left, wherever it had got to.
pub async fn onboarded(State(portal): State<Portal>, Ask(request): Ask) -> Response {
    let deed = async || -> Result<&'static str> {
        parties::refresh(&portal.services, portal.payments()?, &request.actor).await?;
        Ok("/settings/payouts?back=yes")
    };
    lead_on(&portal, &request, deed().await).await
}

async fn onboarding(
    portal: &Portal,
    request: &app::request::Request,
    country: &str,
    attempt: Uuid,
) -> Result<String> {
    let here = format!("{}/settings/payouts", portal.base_url);
    let ways = (format!("{here}/again"), format!("{here}/back"));
    let (services, actor) = (&portal.services, &request.actor);
    let payments = portal.payments()?;
    Ok(parties::onboard(services, payments, actor, country, attempt, ways).await?.url)
}

async fn lead_on(
    portal: &Portal,
    request: &app::request::Request,
    outcome: Result<impl AsRef<str>>,
) -> Response {
    match outcome {
        Ok(next) => Redirect::to(next.as_ref()).into_response(),
        Err(error) => portal.answer(request, Err(error)).await,
    }
}
