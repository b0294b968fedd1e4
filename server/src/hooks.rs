//! `POST /hooks/stripe` and `POST /hooks/stripe/connect`: letters of the payment provider.
//!
//! Always true: nothing of a letter is read before its signature is found right; it is answered as
//! soon as it is kept, and what it says is applied later.

use std::sync::Arc;

use axum::{
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse as _, Response},
};
use imprimatur::{
    domain::error::{Kind, Refusal},
    services::{
        Error, Result, Services,
        payments::{inbox, signature::Secret},
    },
};

use crate::config;

/// The longest letter that is taken.
pub const LETTER_BYTES_MAX: usize = 1 << 20;

/// What the doors for letters hold.
#[derive(Clone)]
pub struct Hooks {
    services: Services,
    own: Arc<Secret>,
    connect: Arc<Secret>,
    is_live: bool,
}

impl Hooks {
    /// As configured.
    pub fn new(services: Services, stripe: &config::Stripe) -> Self {
        Self {
            services,
            own: Arc::new(Secret::new(&stripe.webhook_secret.0)),
            connect: Arc::new(Secret::new(&stripe.connect_secret.0)),
            is_live: ["sk_live_", "rk_live_"].iter().any(|key| stripe.key.0.starts_with(key)),
        }
    }
}

/// `POST /hooks/stripe`: about our own account.
pub async fn own(State(hooks): State<Hooks>, headers: HeaderMap, body: Bytes) -> Response {
    answer(take(&hooks, &hooks.own, &headers, &body).await)
}

/// `POST /hooks/stripe/connect`: about accounts that are paid.
pub async fn connect(State(hooks): State<Hooks>, headers: HeaderMap, body: Bytes) -> Response {
    answer(take(&hooks, &hooks.connect, &headers, &body).await)
}

async fn take(hooks: &Hooks, secret: &Secret, headers: &HeaderMap, body: &[u8]) -> Result<()> {
    let signature = headers.get("stripe-signature").and_then(|value| value.to_str().ok());
    secret.verify(signature.unwrap_or_default(), body, hooks.services.now())?;
    let notice = inbox::read(body)?;
    // What happened in the other mode is not about anything here.
    if notice.raw["livemode"].as_bool().unwrap_or_default() != hooks.is_live {
        return Err(Refusal::new(
            Kind::Malformed,
            "letter_of_other_mode",
            "This letter is about the provider's other mode.",
        )
        .into());
    }
    inbox::keep(&hooks.services, &notice, true).await?;
    Ok(())
}

fn answer(taken: Result<()>) -> Response {
    match taken {
        Ok(()) => StatusCode::OK.into_response(),
        Err(Error::Refused(refusal)) => {
            let status = StatusCode::from_u16(refusal.kind.status());
            (status.unwrap_or(StatusCode::BAD_REQUEST), refusal.sentence).into_response()
        }
        // The provider sends it again.
        Err(error) => {
            tracing::error!(%error, "A letter of the payment provider could not be kept");
            StatusCode::SERVICE_UNAVAILABLE.into_response()
        }
    }
}
