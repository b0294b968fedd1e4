//! The gate's door: content, its manifest, receipts and the keys to check them, over plain HTTP.
//!
//! Handlers parse, ask the engine in `services::gate`, and answer. Every refusal is
//! `application/problem+json` with a stable code, and no log line holds a secret.

mod body;
mod client;
mod conditional;
mod deliver;
mod documents;
mod encoding;
mod head;
mod problem;
pub mod proxy;
mod quiet;
pub(crate) mod range;
mod refuse;
mod request;
mod status;
mod unlicensed;

use std::sync::Arc;

use axum::{Router, middleware::from_fn, response::Response, routing::get};
use imprimatur::{
    domain::{asset::ContentId, ids::RequestId},
    services::{
        Error, Result, Services,
        gate::{
            self, Keeper,
            attempts::{AttemptKey, Attempts},
        },
        reports::CursorKey,
    },
};
use ipnet::IpNet;

pub use client::Connection;
pub use deliver::subject;

use self::{head::Heads, problem::Problem, quiet::Quiet, refuse::Offers, unlicensed::Unlicensed};
use crate::session::number_request;

/// The running gate. Clones are the same gate.
#[derive(Clone)]
pub struct Gate(Arc<Inner>);

struct Inner {
    keeper: Keeper,
    attempts: Attempts,
    unlicensed: Unlicensed,
    offers: Offers,
    heads: Heads,
    quiet: Quiet,
    settings: Settings,
}

/// How the gate meets its clients.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where the product answers.
    pub base_url: String,
    /// Requests an hour that an address may make without a license.
    pub unlicensed_per_hour: u32,
    /// Proxies that say in `X-Forwarded-For` for whom they ask.
    pub trusted_proxies: Vec<IpNet>,
    /// What clients are hashed with.
    pub attempt_key: AttemptKey,
    /// What cursors of batches are signed with.
    pub cursor_key: CursorKey,
    pub keeper: gate::Settings,
}

impl Gate {
    /// Reads keys, licenses and tokens, and starts to keep them fresh.
    pub async fn start(services: Services, mut settings: Settings) -> Result<Self> {
        settings.base_url.truncate(settings.base_url.trim_end_matches('/').len());
        let keeper = Keeper::open(services, settings.keeper.clone()).await?;
        let attempts = Attempts::open(keeper.backroom(), settings.attempt_key.clone());
        let unlicensed = Unlicensed::new(settings.unlicensed_per_hour);
        let (offers, heads, quiet) = (Offers::default(), Heads::default(), Quiet::default());
        let inner = Inner { keeper, attempts, unlicensed, offers, heads, quiet, settings };
        Ok(Self(Arc::new(inner)))
    }

    /// Writes the receipts that still wait and stops. To be called when no request is left.
    pub async fn close(&self) {
        self.0.keeper.close().await;
        self.0.attempts.close().await;
    }

    /// Where refusals and deliveries that were not complete are noted.
    pub fn attempts(&self) -> &Attempts {
        &self.0.attempts
    }

    /// Waits until every receipt of a delivery so far is in the books.
    pub async fn settled(&self) {
        self.0.keeper.settled().await;
    }

    fn keeper(&self) -> &Keeper {
        &self.0.keeper
    }

    fn cursor_key(&self) -> &CursorKey {
        &self.0.settings.cursor_key
    }

    fn base_url(&self) -> &str {
        &self.0.settings.base_url
    }

    /// The answer to a request that brought down whoever worked on it.
    pub(crate) fn panicked(&self, request_id: RequestId) -> Response {
        let fault = Error::fault("answering at the gate", "a panic, which is logged beside");
        Problem::from(fault).answer(self, request_id)
    }

    fn manifest_url(&self, content_id: &ContentId) -> String {
        format!("{}/c/{content_id}/manifest", self.base_url())
    }

    fn license_url(&self, terms_digest: &str) -> String {
        format!("{}/terms/{terms_digest}", self.base_url())
    }
}

/// What machines reach at the gate besides content. Every answer carries its request id.
pub fn routes(gate: Gate) -> Router {
    Router::new()
        .route("/c/{content_id}/manifest", get(documents::manifest))
        .route("/receipts", get(documents::receipts))
        .route("/receipts/{receipt_id}", get(documents::receipt))
        .route("/healthz/gate", get(status::status))
        .route("/.well-known/jwks.json", get(documents::jwks))
        .method_not_allowed_fallback(problem::method_not_allowed)
        .layer(from_fn(number_request))
        .with_state(gate)
}

#[cfg(test)]
mod tests;
