//! The gate's door: content, its manifest, receipts and the keys to check them, over plain HTTP.
//!
//! Handlers parse, ask the engine in `services::gate`, and answer. Every refusal is
//! `application/problem+json` with a stable code, and no log line holds a secret.

mod body;
mod deliver;
mod documents;
mod problem;
pub mod proxy;
mod request;

use std::sync::Arc;

use axum::{Router, middleware::from_fn, routing::get};
use imprimatur::{
    domain::asset::ContentId,
    services::{
        Result, Services,
        gate::{Keeper, Signer},
    },
};

use crate::session::number_request;

/// The running gate. Clones are the same gate.
#[derive(Clone)]
pub struct Gate(Arc<Inner>);

struct Inner {
    keeper: Keeper,
    /// Where the product answers, without a slash at its end.
    base_url: String,
}

impl Gate {
    /// Registers the signing key, reads licenses and tokens, and starts to keep them fresh.
    /// `base_url` is where the product answers.
    pub async fn start(services: Services, signer: Signer, base_url: &str) -> Result<Self> {
        let keeper = Keeper::open(services, signer).await?;
        Ok(Self(Arc::new(Inner { keeper, base_url: base_url.trim_end_matches('/').to_owned() })))
    }

    /// Writes the receipts that still wait and stops. To be called when no request is left.
    pub async fn close(&self) {
        self.0.keeper.close().await;
    }

    fn keeper(&self) -> &Keeper {
        &self.0.keeper
    }

    fn manifest_url(&self, content_id: &ContentId) -> String {
        format!("{}/c/{content_id}/manifest", self.0.base_url)
    }

    fn license_url(&self, terms_digest: &str) -> String {
        format!("{}/terms/{terms_digest}", self.0.base_url)
    }
}

/// Everything machines reach at the gate. Every answer carries its request id.
pub fn routes(gate: Gate) -> Router {
    Router::new()
        .route("/c/{content_id}", get(deliver::content))
        .route("/c/{content_id}/manifest", get(documents::manifest))
        .route("/receipts/{receipt_id}", get(documents::receipt))
        .route("/.well-known/jwks.json", get(documents::jwks))
        .method_not_allowed_fallback(problem::method_not_allowed)
        .layer(from_fn(number_request))
        .with_state(gate)
}
