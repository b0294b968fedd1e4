//! A small real authorization server: authorization code with PKCE (RFC 6749, RFC 7636), discovery
//! and user info (OpenID Connect), for people who exist only here.
//!
//! It listens on loopback alone, keeps everything in memory and within bounds, and believes nobody:
//! redirect URIs match exactly, codes work once, within a minute, for the client they were made for.

mod grants;
mod page;

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use axum::{
    Form, Json, Router,
    extract::{
        DefaultBodyLimit, Query, State,
        rejection::{FormRejection, QueryRejection},
    },
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse as _, Response},
    routing::{get, post},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tokio::net::TcpListener;
use url::{Url, form_urlencoded};

use grants::{Grant, Grants};
use page::Mistyped;

const FORM_BYTES_MAX: usize = 16 * 1024;
const NAME_LENGTH_MAX: usize = 60;

/// Somebody who can sign in here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SandboxPerson {
    pub subject: String,
    pub name: String,
    pub email: String,
    /// Who they are in the demo, in a few words.
    pub about: String,
}

/// The one client of the sandbox.
#[derive(Clone)]
pub struct SandboxClient {
    pub client_id: String,
    pub client_secret: String,
    /// Where codes may be sent; compared character by character.
    pub redirect_uris: Vec<String>,
}

/// The server, listening but not yet answering.
pub struct AuthorizationServer {
    listener: TcpListener,
    issuer: String,
    router: Router,
}

struct Sandbox {
    issuer: String,
    client: SandboxClient,
    people: Vec<SandboxPerson>,
    grants: Mutex<Grants>,
}

impl AuthorizationServer {
    /// Listens on this port of loopback; 0 takes a free one.
    pub async fn bind(
        port: u16,
        client: SandboxClient,
        people: Vec<SandboxPerson>,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        let address: SocketAddr = listener.local_addr()?;
        let issuer = format!("http://{address}");
        let grants = Mutex::new(Grants::default());
        let sandbox = Sandbox { issuer: issuer.clone(), client, people, grants };
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(discovery))
            .route("/authorize", get(show_people).post(choose_person))
            .route("/token", post(token))
            .route("/userinfo", get(userinfo).post(userinfo))
            .layer(DefaultBodyLimit::max(FORM_BYTES_MAX))
            .with_state(Arc::new(sandbox));
        Ok(Self { listener, issuer, router })
    }

    /// What the portal is configured with.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Answers until told to stop.
    pub async fn serve(self, stop: impl Future<Output = ()> + Send + 'static) -> io::Result<()> {
        axum::serve(self.listener, self.router).with_graceful_shutdown(stop).await
    }
}

impl Sandbox {
    fn grants(&self) -> MutexGuard<'_, Grants> {
        self.grants.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a client asks for at `/authorize`; it travels through the page as hidden fields.
#[derive(Clone, Default, Deserialize)]
struct Asked {
    #[serde(default)]
    response_type: String,
    #[serde(default)]
    client_id: String,
    #[serde(default)]
    redirect_uri: String,
    #[serde(default)]
    scope: String,
    state: Option<String>,
    #[serde(default)]
    code_challenge: String,
    #[serde(default)]
    code_challenge_method: String,
}

#[derive(Deserialize)]
struct Chosen {
    /// Who signs in; the button that was pressed.
    subject: Option<String>,
    /// The name of somebody new.
    name: Option<String>,
    /// Present when the person would rather not.
    deny: Option<String>,
    #[serde(flatten)]
    asked: Asked,
}

#[derive(Deserialize)]
struct TokenForm {
    #[serde(default)]
    grant_type: String,
    #[serde(default)]
    code: String,
    #[serde(default)]
    redirect_uri: String,
    #[serde(default)]
    code_verifier: String,
    client_id: Option<String>,
    client_secret: Option<String>,
}

async fn discovery(State(sandbox): State<Arc<Sandbox>>) -> Json<Value> {
    let issuer = &sandbox.issuer;
    Json(json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/authorize"),
        "token_endpoint": format!("{issuer}/token"),
        "userinfo_endpoint": format!("{issuer}/userinfo"),
        "scopes_supported": ["openid", "profile", "email"],
        "response_types_supported": ["code"],
        "grant_types_supported": ["authorization_code"],
        "subject_types_supported": ["public"],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        "authorization_response_iss_parameter_supported": true,
    }))
}

async fn show_people(
    State(sandbox): State<Arc<Sandbox>>,
    query: Result<Query<Asked>, QueryRejection>,
) -> Response {
    let Ok(Query(asked)) = query else {
        return page::refuse("The request cannot be read: a parameter is missing or doubled.");
    };
    match check(&sandbox, &asked) {
        Ok(()) => page::people(&sandbox.people, &asked, None),
        Err(answer) => *answer,
    }
}

async fn choose_person(
    State(sandbox): State<Arc<Sandbox>>,
    form: Result<Form<Chosen>, FormRejection>,
) -> Response {
    let Ok(Form(chosen)) = form else {
        return page::refuse("The form cannot be read.");
    };
    let asked = &chosen.asked;
    if let Err(answer) = check(&sandbox, asked) {
        return *answer;
    }
    if chosen.deny.is_some() {
        return send_back(&sandbox, asked, &[("error", "access_denied")]);
    }
    let name = chosen.name.unwrap_or_default();
    let person = match &chosen.subject {
        Some(subject) => sandbox.people.iter().find(|person| person.subject == *subject).cloned(),
        None => newcomer(&name),
    };
    let Some(person) = person else {
        let error =
            format!("Type a name of 1 to {NAME_LENGTH_MAX} characters, or choose somebody.");
        return page::people(&sandbox.people, asked, Some(&Mistyped { name, error }));
    };
    let code = sandbox.grants().grant(
        Grant {
            redirect_uri: asked.redirect_uri.clone(),
            challenge: asked.code_challenge.clone(),
            person,
        },
        Instant::now(),
    );
    send_back(&sandbox, asked, &[("code", &code)])
}

/// Checks what a client asks for. An unknown client or address is told to the person and never to
/// the address; all else is told to the client (RFC 6749, section 4.1.2.1).
fn check(sandbox: &Sandbox, asked: &Asked) -> Result<(), Box<Response>> {
    if asked.client_id != sandbox.client.client_id {
        return Err(Box::new(page::refuse("This client is not known here.")));
    }
    if !sandbox.client.redirect_uris.contains(&asked.redirect_uri) {
        return Err(Box::new(page::refuse("This client may not be answered at that address.")));
    }
    let error = if asked.response_type != "code" {
        "unsupported_response_type"
    } else if asked.code_challenge_method != "S256" || asked.code_challenge.len() != 43 {
        "invalid_request"
    } else if !asked.scope.split(' ').any(|scope| scope == "openid") {
        "invalid_scope"
    } else {
        return Ok(());
    };
    Err(Box::new(send_back(sandbox, asked, &[("error", error)])))
}

/// Sends the browser back to the client, with the issuer's name (RFC 9207).
fn send_back(sandbox: &Sandbox, asked: &Asked, answer: &[(&str, &str)]) -> Response {
    let Ok(mut url) = Url::parse(&asked.redirect_uri) else {
        return page::refuse("This client may not be answered at that address.");
    };
    let state = asked.state.as_deref().map(|state| ("state", state));
    url.query_pairs_mut()
        .extend_pairs(answer)
        .extend_pairs(state)
        .append_pair("iss", &sandbox.issuer);
    (StatusCode::SEE_OTHER, [(header::LOCATION, url.as_str())]).into_response()
}

/// Somebody who typed their name. The same name is the same person, so that one can come back.
fn newcomer(name: &str) -> Option<SandboxPerson> {
    let name = name.trim();
    let usable = (1..=NAME_LENGTH_MAX).contains(&name.chars().count())
        && !name.chars().any(char::is_control);
    if !usable {
        return None;
    }
    let digest = Sha256::digest(name.to_lowercase().as_bytes());
    let short: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    let local = imprimatur::domain::identity::slug(name);
    Some(SandboxPerson {
        subject: format!("newcomer-{short}"),
        name: name.to_owned(),
        email: format!("{local}@sandbox.example"),
        about: String::new(),
    })
}

async fn token(
    State(sandbox): State<Arc<Sandbox>>,
    headers: HeaderMap,
    form: Result<Form<TokenForm>, FormRejection>,
) -> Response {
    let Ok(Form(form)) = form else {
        return no_token(StatusCode::BAD_REQUEST, "invalid_request");
    };
    let named = basic(&headers).or_else(|| form.client_id.clone().zip(form.client_secret.clone()));
    let client = &sandbox.client;
    let known = named.is_some_and(|(id, secret)| {
        id == client.client_id && Sha256::digest(secret) == Sha256::digest(&client.client_secret)
    });
    if !known {
        let mut answer = no_token(StatusCode::UNAUTHORIZED, "invalid_client");
        let realm = header::HeaderValue::from_static("Basic realm=\"sandbox\"");
        answer.headers_mut().insert(header::WWW_AUTHENTICATE, realm);
        return answer;
    }
    if form.grant_type != "authorization_code" {
        return no_token(StatusCode::BAD_REQUEST, "unsupported_grant_type");
    }
    if form.code.is_empty() || form.code_verifier.is_empty() {
        return no_token(StatusCode::BAD_REQUEST, "invalid_request");
    }
    let traded =
        sandbox.grants().trade(&form.code, &form.redirect_uri, &form.code_verifier, Instant::now());
    let Some(access_token) = traded else {
        return no_token(StatusCode::BAD_REQUEST, "invalid_grant");
    };
    let answer = json!({
        "access_token": access_token,
        "token_type": "Bearer",
        "expires_in": grants::TOKEN_LIFE.as_secs(),
        "scope": "openid profile email",
    });
    ([(header::CACHE_CONTROL, "no-store")], Json(answer)).into_response()
}

fn no_token(status: StatusCode, error: &str) -> Response {
    let headers = [(header::CACHE_CONTROL, "no-store")];
    (status, headers, Json(json!({ "error": error }))).into_response()
}

/// Client id and secret of HTTP Basic; both are form-encoded inside (RFC 6749, section 2.3.1).
fn basic(headers: &HeaderMap) -> Option<(String, String)> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let decoded = STANDARD.decode(value.strip_prefix("Basic ")?).ok()?;
    let decoded = String::from_utf8(decoded).ok()?;
    let (id, secret) = decoded.split_once(':')?;
    Some((form_decoded(id)?, form_decoded(secret)?))
}

fn form_decoded(text: &str) -> Option<String> {
    form_urlencoded::parse(text.as_bytes()).next().map(|(name, _)| name.into_owned())
}

async fn userinfo(State(sandbox): State<Arc<Sandbox>>, headers: HeaderMap) -> Response {
    let value = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = value.and_then(|value| value.strip_prefix("Bearer "));
    let found = token.and_then(|token| sandbox.grants().person(token, Instant::now()));
    let Some(person) = found else {
        let challenge = [(header::WWW_AUTHENTICATE, "Bearer error=\"invalid_token\"")];
        return (StatusCode::UNAUTHORIZED, challenge).into_response();
    };
    let SandboxPerson { subject, name, email, .. } = person;
    let answer = json!({ "sub": subject, "name": name, "email": email, "email_verified": true });
    ([(header::CACHE_CONTROL, "no-store")], Json(answer)).into_response()
}
