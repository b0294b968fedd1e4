//! What operators and their machines ask of a gate. Nothing here is about anybody's license.

use axum::{Json, extract::State};
use chrono::{DateTime, Utc};
use serde::Serialize;

use super::Gate;

/// What waits, and how fresh what the gate knows is.
#[derive(Serialize)]
pub(super) struct Status {
    /// Receipts that are durable and not in the books.
    receipts_waiting: u64,
    /// When the oldest of them was made; missing where none waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    oldest_receipt_at: Option<DateTime<Utc>>,
    /// Bytes the outbox holds.
    outbox_bytes: u64,
    /// Seconds since PostgreSQL last confirmed what the gate knows.
    unconfirmed_seconds: u64,
}

/// `GET /healthz/gate`.
pub(super) async fn status(State(gate): State<Gate>) -> Json<Status> {
    let keeper = gate.keeper();
    let outbox = keeper.status();
    Json(Status {
        receipts_waiting: outbox.receipts,
        oldest_receipt_at: outbox.oldest_at,
        outbox_bytes: outbox.bytes,
        unconfirmed_seconds: keeper.snapshot_age().as_secs(),
    })
}
