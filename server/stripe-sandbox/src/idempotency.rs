//! The same key with the same request happens once. The first answer is kept for a day, failures
//! included; the same key with another request is refused.

use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::{agenda::DAY, fail::Failure, state::State};

/// The answer that was given to a key.
#[derive(Clone, Debug)]
pub struct Saved {
    request: [u8; 32],
    at: i64,
    pub status: u16,
    pub body: Value,
}

/// What identifies a request besides its key: its parameters, in whatever order they came.
pub fn digest(method: &str, path: &str, body: &str) -> [u8; 32] {
    let mut parameters: Vec<&str> = body.split('&').collect();
    parameters.sort_unstable();
    let mut hash = Sha256::new();
    for part in [method, path].into_iter().chain(parameters) {
        hash.update(part.len().to_be_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

impl State {
    /// The answer this key was given before, if it was.
    pub fn answered(
        &self,
        account: Option<&str>,
        key: &str,
        request: [u8; 32],
    ) -> Result<Option<Saved>, Failure> {
        let place = (account.map(str::to_owned), key.to_owned());
        match self.saved.get(&place) {
            Some(saved) if saved.at + DAY <= self.now => Ok(None),
            Some(saved) if saved.request == request => Ok(Some(saved.clone())),
            Some(_) => Err(Failure {
                kind: "idempotency_error",
                ..Failure::invalid(
                    "",
                    format!(
                        "Keys for idempotent requests can only be used with the same parameters they \
                         were first used with. Try using a key other than '{key}' if you meant to \
                         execute a different request."
                    ),
                )
            }),
            None => Ok(None),
        }
    }

    /// Keeps an answer for its key.
    pub fn keep(
        &mut self,
        account: Option<&str>,
        key: &str,
        request: [u8; 32],
        status: u16,
        body: Value,
    ) {
        let place = (account.map(str::to_owned), key.to_owned());
        self.saved.insert(place, Saved { request, at: self.now, status, body });
    }
}
