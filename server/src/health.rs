//! Whether the process lives, and whether it can do its work.

use std::time::Duration;

use axum::{extract::State, http::StatusCode};
use imprimatur::services::{Services, health};
use tokio::time::timeout;

/// PostgreSQL must answer within this.
const PATIENCE: Duration = Duration::from_secs(2);

/// `GET /healthz`: the process answers.
pub async fn alive() -> &'static str {
    "ok\n"
}

/// `GET /readyz`: PostgreSQL answers, and its schema is the one this program was built for.
pub async fn ready(State(services): State<Services>) -> (StatusCode, String) {
    match timeout(PATIENCE, health::schema_is_current(&services)).await {
        Ok(Ok(true)) => (StatusCode::OK, "ready\n".into()),
        Ok(Ok(false)) => (
            StatusCode::SERVICE_UNAVAILABLE,
            "The schema is behind; run imprimatur migrate.\n".into(),
        ),
        Ok(Err(_)) | Err(_) => {
            (StatusCode::SERVICE_UNAVAILABLE, "PostgreSQL does not answer.\n".into())
        }
    }
}
