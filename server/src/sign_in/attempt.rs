//! Attempts to sign in, between the way to the provider and the way back.
//!
//! They live in the browser's own session. An attempt is found by its state, taken once, and forgotten
//! after a quarter of an hour. A few may run side by side, one for each tab.

use chrono::{DateTime, Duration, Utc};
use imprimatur::{
    domain::error::{Kind, Refusal},
    services::Result,
};
use serde::{Deserialize, Serialize};
use tower_sessions::Session;

use crate::session::reading;

const KEY: &str = "sign_in";
const MINUTES_MAX: i64 = 15;
const ATTEMPTS_MAX: usize = 4;

/// One attempt.
#[derive(Serialize, Deserialize)]
pub(super) struct Attempt {
    pub provider: String,
    pub state: String,
    /// The PKCE verifier; worth nothing without the code it belongs to.
    pub verifier: String,
    pub next: Option<String>,
    pub started_at: DateTime<Utc>,
}

/// Keeps an attempt; the oldest gives way.
pub(super) async fn remember(session: &Session, attempt: Attempt) -> Result<()> {
    let mut attempts: Vec<Attempt> = session.get(KEY).await.map_err(reading)?.unwrap_or_default();
    let excess = (attempts.len() + 1).saturating_sub(ATTEMPTS_MAX);
    attempts.drain(..excess);
    attempts.push(attempt);
    session.insert(KEY, attempts).await.map_err(reading)
}

/// Takes the attempt that was started here with this provider and this state. It is gone from the
/// store before anything is done with it.
pub(super) async fn take(
    session: &Session,
    provider: &str,
    state: &str,
    now: DateTime<Utc>,
) -> Result<Attempt> {
    let refuse = |sentence| Refusal::new(Kind::Malformed, "sign_in_unknown", sentence);
    let mut attempts: Vec<Attempt> = session.get(KEY).await.map_err(reading)?.unwrap_or_default();
    let found = attempts.iter().position(|attempt| attempt.state == state);
    let Some(found) = found.filter(|&at| attempts[at].provider == provider) else {
        return Err(refuse(t!(
            "This sign-in did not begin in this browser, or it is over already. Sign in again."
        ))
        .into());
    };
    let attempt = attempts.remove(found);
    session.insert(KEY, attempts).await.map_err(reading)?;
    session.save().await.map_err(reading)?;
    if now - attempt.started_at > Duration::minutes(MINUTES_MAX) {
        return Err(refuse(t!("This sign-in took too long. Sign in again.")).into());
    }
    Ok(attempt)
}
