//! Signing in and out: OAuth 2.0 authorization code with PKCE and state, and what the session then
//! says.
//!
//! Each attempt lives in the session of the browser that began it, and is over with its first
//! answer, whatever that says. No path here leads to another site except the provider's own.

mod attempt;
mod config;
mod fetch;
mod next;
mod provider;

use axum::{
    Extension, Form, Router,
    extract::{
        DefaultBodyLimit, Path, Query, State,
        rejection::{FormRejection, QueryRejection},
    },
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse as _, Response},
    routing::{get, post},
};
use imprimatur::{
    domain::{
        actor::{Actor, Who},
        error::{Kind, Refusal},
        ids::{OrgId, RequestId},
    },
    services::{Error, Result, Services, identity, sessions},
};
use oauth2::{CsrfToken, PkceCodeChallenge};
use serde::Deserialize;
use tower_sessions::Session;
use url::Url;

pub use config::{ConfigError, ProviderConfig, ProviderKind};
pub use fetch::Unreachable;
pub use next::same_site_path;
pub use provider::Providers;

use crate::{
    kept, refused,
    session::{self, CurrentSession},
};
use attempt::Attempt;

/// The page that lists the providers.
pub const SIGN_IN_PATH: &str = "/sign-in";
/// Where somebody without an organization begins.
pub const WELCOME_PATH: &str = "/welcome";
/// Invitations are under this path; nobody needs an organization to accept one.
pub const INVITATION_PATH: &str = "/join/";
/// Where a person lands who wanted nowhere in particular.
const HOME_PATH: &str = "/overview";
/// Where a browser that has signed out lands.
const LANDING_PATH: &str = "/";
const CODE_LENGTH_MAX: usize = 2048;
const FORM_BYTES_MAX: usize = 16 * 1024;

/// What signing in needs.
#[derive(Clone)]
pub struct SignIn {
    pub services: Services,
    pub providers: Providers,
    /// The portal's public address; providers send browsers back to it.
    pub base_url: Url,
}

impl SignIn {
    /// Where the provider sends the browser back to. Each provider has its own, so that one cannot
    /// pass its answer off as another's (RFC 9700, section 4.4.2.2).
    fn redirect_uri(&self, key: &str) -> Result<String> {
        let path = format!("/auth/callback/{key}");
        let url = self.base_url.join(&path);
        Ok(url.map_err(|error| Error::fault("making the address to come back to", error))?.into())
    }
}

/// The routes of signing in. They expect the layers of [`session::portal`] around them.
pub fn routes<S>(sign_in: SignIn) -> Router<S> {
    Router::new()
        .route("/auth/start/{provider}", post(start_door))
        .route("/auth/callback/{provider}", get(callback_door))
        .route("/auth/sign-out", post(sign_out_door))
        .route("/auth/act-for", post(act_for_door))
        .layer(DefaultBodyLimit::max(FORM_BYTES_MAX))
        .with_state(sign_in)
}

#[derive(Default, Deserialize)]
struct StartForm {
    #[serde(default)]
    next: String,
}

#[derive(Deserialize)]
struct CallbackQuery {
    state: Option<String>,
    code: Option<String>,
    error: Option<String>,
    iss: Option<String>,
}

#[derive(Deserialize)]
struct ActForForm {
    org_id: String,
    #[serde(default)]
    next: String,
}

async fn start_door(
    State(sign_in): State<SignIn>,
    Path(key): Path<String>,
    Extension(request_id): Extension<RequestId>,
    session: Session,
    form: std::result::Result<Form<StartForm>, FormRejection>,
) -> Response {
    // A form that cannot be read wishes to go nowhere in particular.
    let Form(form) = form.unwrap_or_default();
    let answered = start(&sign_in, &key, &session, &form.next).await;
    answered.unwrap_or_else(|error| refused::answer(&error, request_id, SIGN_IN_PATH))
}

/// Remembers the attempt in the session and sends the browser to the provider.
async fn start(sign_in: &SignIn, key: &str, session: &Session, next: &str) -> Result<Response> {
    let provider = sign_in.providers.find(key)?;
    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let state = CsrfToken::new_random();
    let redirect_uri = sign_in.redirect_uri(key)?;
    let url = provider.authorize_url(&redirect_uri, &state, challenge).await?;
    let attempt = Attempt {
        provider: key.to_owned(),
        state: state.into_secret(),
        verifier: verifier.into_secret(),
        // The paths here are doors, not pages: nobody can come back to one.
        next: same_site_path(next).filter(|next| !next.starts_with("/auth/")),
        started_at: sign_in.services.now(),
    };
    attempt::remember(session, attempt).await?;
    Ok(see_other(url.as_str()))
}

async fn callback_door(
    State(sign_in): State<SignIn>,
    Path(key): Path<String>,
    Extension(actor): Extension<Actor>,
    session: Session,
    headers: HeaderMap,
    query: std::result::Result<Query<CallbackQuery>, QueryRejection>,
) -> Response {
    let user_agent = headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok());
    let answered = match query {
        Ok(Query(query)) => callback(&sign_in, &key, &actor, &session, user_agent, query).await,
        Err(_) => Err(broken().into()),
    };
    answered.unwrap_or_else(|error| refused::answer(&error, actor.request_id, SIGN_IN_PATH))
}

/// Takes the provider's answer to an attempt of this browser, and signs in whom it proves.
async fn callback(
    sign_in: &SignIn,
    key: &str,
    actor: &Actor,
    session: &Session,
    user_agent: Option<&str>,
    query: CallbackQuery,
) -> Result<Response> {
    let provider = sign_in.providers.find(key)?;
    let state = query.state.ok_or_else(broken)?;
    let attempt = attempt::take(session, key, &state, sign_in.services.now()).await?;
    if query.iss.is_some_and(|iss| iss != provider.issuer()) {
        return Err(broken().into());
    }
    let label = provider.label();
    match query.error.as_deref() {
        None => {}
        Some("access_denied") => {
            let sentence = t!("You cancelled at {label}. Nothing has changed.");
            return Err(Refusal::new(Kind::Forbidden, "sign_in_denied", sentence).into());
        }
        Some(_) => {
            let sentence = t!("{label} refused the sign-in. Try again, or another provider.");
            return Err(Refusal::new(Kind::Malformed, "sign_in_refused", sentence).into());
        }
    }
    let code = query.code.filter(|code| (1..=CODE_LENGTH_MAX).contains(&code.len()));
    let code = code.ok_or_else(broken)?;
    let redirect_uri = sign_in.redirect_uri(key)?;
    let proven = provider.prove(&redirect_uri, code, attempt.verifier).await?;

    let person = identity::sign_in(&sign_in.services, actor, proven).await?;
    let person_id = person.person_id;
    let signed_in = Actor { who: Who::Person(person_id), request_id: actor.request_id };
    let member = identity::latest_member(&sign_in.services, &signed_in).await?;
    let org_id = member.map(|member| member.org_id);
    let typed = kept::take(session, attempt.next.as_deref(), sign_in.services.now()).await?;
    session::begin(session, person_id, org_id, user_agent).await?;
    if let Some(typed) = typed {
        kept::put(session, typed).await?;
    }
    Ok(see_other(&destination(attempt.next, org_id.is_some())))
}

/// Where a person goes once they are signed in. Whoever has no organization founds or joins one
/// first, and then goes on.
fn destination(next: Option<String>, has_organization: bool) -> String {
    match next {
        Some(next) if has_organization || next.starts_with(INVITATION_PATH) => next,
        None if has_organization => HOME_PATH.to_owned(),
        Some(next) if next != HOME_PATH && next != LANDING_PATH => {
            let next: String = url::form_urlencoded::byte_serialize(next.as_bytes()).collect();
            format!("{WELCOME_PATH}?next={next}")
        }
        _ => WELCOME_PATH.to_owned(),
    }
}

async fn sign_out_door(
    State(sign_in): State<SignIn>,
    Extension(actor): Extension<Actor>,
    current: Option<Extension<CurrentSession>>,
    session: Session,
) -> Response {
    let answered = sign_out(&sign_in.services, &actor, current.map(|c| c.0), &session).await;
    answered.unwrap_or_else(|error| refused::answer(&error, actor.request_id, LANDING_PATH))
}

/// Ends the session. Signing out twice is signing out once.
async fn sign_out(
    services: &Services,
    actor: &Actor,
    current: Option<CurrentSession>,
    session: &Session,
) -> Result<Response> {
    if let Some(CurrentSession(session_id)) = current {
        match sessions::revoke(services, actor, session_id).await {
            Err(Error::Refused(refusal)) if refusal.kind == Kind::NotFound => {}
            other => other?,
        }
    }
    session.flush().await.map_err(session::reading)?;
    Ok(see_other(LANDING_PATH))
}

async fn act_for_door(
    State(sign_in): State<SignIn>,
    Extension(actor): Extension<Actor>,
    session: Session,
    form: std::result::Result<Form<ActForForm>, FormRejection>,
) -> Response {
    let answered = match form {
        Ok(Form(form)) => act_for(&sign_in.services, &actor, &session, form).await,
        Err(_) => Err(Refusal::not_found("organization").into()),
    };
    answered.unwrap_or_else(|error| refused::answer(&error, actor.request_id, HOME_PATH))
}

/// Switches to another organization of the person's.
async fn act_for(
    services: &Services,
    actor: &Actor,
    session: &Session,
    form: ActForForm,
) -> Result<Response> {
    let org_id: OrgId = form.org_id.parse()?;
    let member = identity::act_for(services, actor, org_id).await?;
    session::act_for(session, member.org_id).await?;
    Ok(see_other(same_site_path(&form.next).as_deref().unwrap_or(HOME_PATH)))
}

fn broken() -> Refusal {
    let sentence = t!("The provider's answer is incomplete. Sign in again.");
    Refusal::new(Kind::Malformed, "sign_in_broken", sentence)
}

/// Sends the browser on. Every `location` here is ASCII: a parsed URL or a checked path.
fn see_other(location: &str) -> Response {
    (StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_newcomer_is_welcomed_and_then_goes_on() {
        let to = |next: Option<&str>, has| destination(next.map(str::to_owned), has);
        assert_eq!(to(None, true), "/overview");
        assert_eq!(to(Some("/works?q=a"), true), "/works?q=a");
        assert_eq!(to(None, false), "/welcome");
        assert_eq!(to(Some("/"), false), "/welcome");
        assert_eq!(to(Some("/overview"), false), "/welcome");
        assert_eq!(to(Some("/works?q=a&b"), false), "/welcome?next=%2Fworks%3Fq%3Da%26b");
        assert_eq!(to(Some("/join/abc"), false), "/join/abc");
    }
}
