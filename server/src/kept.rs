//! A form that somebody sent after their session had ended: what they typed is shown again once they
//! have signed in.
//!
//! Always true: nothing is done with it but to fill the form it came from, in the browser it was typed
//! in, until that form is sent again or half an hour has gone. No token's secret is kept.

use app::ui::{FieldError, Typed};
use axum::{
    extract::{Request, State},
    http::Method,
    middleware::Next,
    response::Response,
};
use chrono::{DateTime, Duration, Utc};
use imprimatur::{
    domain::access_token::TokenSecret,
    services::{Result, Services},
};
use serde::{Deserialize, Serialize};
use tower_sessions::Session;

use crate::{refused, session::reading};

const KEY: &str = "kept_form";
const MINUTES_MAX: i64 = 30;
/// The most of a form that is kept; what is longer is lost.
const BYTES_MAX: usize = 64 * 1024;

/// What was typed, on its way from the door that could not take it to the session.
#[derive(Clone)]
pub(crate) struct Sent(pub Vec<(String, String)>);

/// What was typed into the form of a page.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct KeptForm {
    path: String,
    fields: Vec<(String, String)>,
    at: DateTime<Utc>,
}

impl KeptForm {
    /// As the form shows it.
    pub fn typed(self) -> Typed {
        Typed {
            values: self.fields,
            error: Some(FieldError {
                field: None,
                sentence: t!("You had been signed out when you sent this. What you typed is here: look at it and send it again.").into(),
            }),
        }
    }

    fn is_for(&self, path: &str, now: DateTime<Utc>) -> bool {
        self.path == path && now - self.at < Duration::minutes(MINUTES_MAX)
    }
}

/// Keeps what a door could not take, and gives it to the page it was typed on.
pub(crate) async fn keep_forms(
    State(services): State<Services>,
    session: Session,
    mut request: Request,
    next: Next,
) -> Response {
    let (path, method) = (request.uri().path().to_owned(), request.method().clone());
    let now = services.now();
    let kept = read(&session).await.unwrap_or_default();
    let here = kept.filter(|kept| kept.is_for(&path, now));
    let is_here = here.is_some();
    if let Some(kept) = here.filter(|_| method == Method::GET) {
        request.extensions_mut().insert(kept);
    }
    let mut response = next.run(request).await;
    let written = match response.extensions_mut().remove::<Sent>() {
        Some(Sent(fields)) => keep(&session, path, fields, now).await,
        None if is_here && method == Method::POST => forget(&session).await,
        None => Ok(()),
    };
    if let Err(error) = written {
        // The answer stands without it.
        let request_id = crate::session::request_id_of(response.extensions());
        refused::log_fault(&error, request_id);
    }
    response
}

/// What is kept in a browser for this path; the session it is in is about to end.
pub(crate) async fn take(
    session: &Session,
    next: Option<&str>,
    now: DateTime<Utc>,
) -> Result<Option<KeptForm>> {
    let path = next.map(|next| next.split(['?', '#']).next().unwrap_or(next));
    let kept = read(session).await?;
    Ok(kept.filter(|kept| path.is_some_and(|path| kept.is_for(path, now))))
}

/// Puts it into the session that begins.
pub(crate) async fn put(session: &Session, kept: KeptForm) -> Result<()> {
    session.insert(KEY, kept).await.map_err(reading)
}

async fn read(session: &Session) -> Result<Option<KeptForm>> {
    session.get(KEY).await.map_err(reading)
}

async fn keep(
    session: &Session,
    path: String,
    mut fields: Vec<(String, String)>,
    now: DateTime<Utc>,
) -> Result<()> {
    fields.retain(|(_, value)| TokenSecret::hash_of(value.trim()).is_none());
    // No text in PostgreSQL has it.
    fields.retain(|(name, value)| !name.contains('\0') && !value.contains('\0'));
    let bytes: usize = fields.iter().map(|(name, value)| name.len() + value.len()).sum();
    if fields.is_empty() || bytes > BYTES_MAX {
        return Ok(());
    }
    put(session, KeptForm { path, fields, at: now }).await
}

async fn forget(session: &Session) -> Result<()> {
    session.remove_value(KEY).await.map_err(reading)?;
    Ok(())
}
