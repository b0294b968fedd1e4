//! Providers people sign in with: any OpenID Connect issuer by discovery, and GitHub.
//!
//! A provider proves who somebody is by its user endpoint, asked with the access token that came
//! straight from its token endpoint over TLS. ID tokens are not read: their signatures would have
//! to be checked to learn the same. So a nonce has nothing to bind; PKCE already ties the code to
//! this browser's session (RFC 9700, section 2.1.1).

use std::{sync::Arc, time::Duration};

use imprimatur::{
    domain::{
        error::{Kind, Refusal},
        identity::ProvenIdentity,
    },
    services::{Error, Result},
};
use oauth2::{
    AuthType, AuthUrl, AuthorizationCode, ClientId, ClientSecret, CsrfToken, PkceCodeChallenge,
    PkceCodeVerifier, RedirectUrl, RequestTokenError, Scope, TokenResponse as _, TokenUrl,
    basic::{BasicClient, BasicErrorResponseType},
};
use serde::Deserialize;
use tokio::{sync::RwLock, time::Instant};
use url::Url;

use super::{
    config::{ConfigError, ProviderConfig, ProviderKind, is_loopback, is_safe_address},
    fetch::{self, FetchError, Unreachable},
};

/// How long a discovery document is believed.
const DISCOVERY_LIFE: Duration = Duration::from_secs(60 * 60);

/// The configured providers.
#[derive(Clone)]
pub struct Providers(Arc<[Provider]>);

impl Providers {
    /// Providers as configured, in this order.
    pub fn new(configs: Vec<ProviderConfig>) -> std::result::Result<Self, ConfigError> {
        let mut providers: Vec<Provider> = Vec::new();
        for config in configs {
            if providers.iter().any(|other| other.config.key == config.key) {
                let key = config.key;
                return Err(ConfigError(format!("Two sign-in providers have the key “{key}”.")));
            }
            providers.push(Provider::new(config)?);
        }
        Ok(Self(providers.into()))
    }

    /// Key and label of each provider, for the sign-in page.
    pub fn choices(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|p| (p.config.key.as_str(), p.config.label.as_str()))
    }

    /// Where the form that starts a sign-in leads: browsers hold `form-action` of a content
    /// security policy against redirects too.
    pub fn origins(&self) -> Vec<String> {
        self.0.iter().map(|p| p.base.origin().ascii_serialization()).collect()
    }

    pub(super) fn find(&self, key: &str) -> Result<&Provider> {
        let found = self.0.iter().find(|provider| provider.config.key == key);
        Ok(found.ok_or_else(|| Refusal::not_found("sign-in provider"))?)
    }
}

/// Where a provider is asked what.
#[derive(Clone, Debug)]
struct Endpoints {
    authorize: String,
    token: String,
    user: String,
    auth_type: AuthType,
}

pub(super) struct Provider {
    config: ProviderConfig,
    base: Url,
    http: reqwest::Client,
    discovered: RwLock<Option<(Instant, Endpoints)>>,
}

impl Provider {
    fn new(config: ProviderConfig) -> std::result::Result<Self, ConfigError> {
        let base = config.check()?;
        let http =
            fetch::client(is_loopback(&base)).map_err(|error| config.refuse(&error.to_string()))?;
        Ok(Self { config, base, http, discovered: RwLock::new(None) })
    }

    pub(super) fn label(&self) -> &str {
        &self.config.label
    }

    /// What names this provider's subjects, and what an `iss` parameter must say (RFC 9207).
    pub(super) fn issuer(&self) -> &str {
        match &self.config.kind {
            ProviderKind::Oidc { issuer } => issuer,
            ProviderKind::GitHub { site, .. } => site,
        }
    }

    /// Where to send the browser.
    pub(super) async fn authorize_url(
        &self,
        redirect_uri: &str,
        state: &CsrfToken,
        challenge: PkceCodeChallenge,
    ) -> Result<Url> {
        let endpoints = self.endpoints().await?;
        let auth_url = AuthUrl::new(endpoints.authorize).map_err(|e| self.unreachable(e))?;
        let scopes: &[&str] = match self.config.kind {
            ProviderKind::Oidc { .. } => &["openid", "profile", "email"],
            ProviderKind::GitHub { .. } => &["read:user"],
        };
        let (url, _) = BasicClient::new(ClientId::new(self.config.client_id.clone()))
            .set_auth_uri(auth_url)
            .set_redirect_uri(address(redirect_uri)?)
            .authorize_url(|| state.clone())
            .add_scopes(scopes.iter().map(|&scope| Scope::new(scope.to_owned())))
            .set_pkce_challenge(challenge)
            .url();
        Ok(url)
    }

    /// Trades the code for a token and the token for who signs in.
    pub(super) async fn prove(
        &self,
        redirect_uri: &str,
        code: String,
        verifier: String,
    ) -> Result<ProvenIdentity> {
        let endpoints = self.endpoints().await?;
        let token_url = TokenUrl::new(endpoints.token).map_err(|error| self.unreachable(error))?;
        let client = BasicClient::new(ClientId::new(self.config.client_id.clone()))
            .set_client_secret(ClientSecret::new(self.config.client_secret.clone()))
            .set_auth_type(endpoints.auth_type)
            .set_token_uri(token_url)
            .set_redirect_uri(address(redirect_uri)?);
        let http = self.http.clone();
        let send = move |request| {
            let http = http.clone();
            async move { fetch::send(&http, request).await }
        };
        let token = client
            .exchange_code(AuthorizationCode::new(code))
            .set_pkce_verifier(PkceCodeVerifier::new(verifier))
            .request_async(&send)
            .await
            .map_err(|error| self.not_traded(error))?;
        let bearer = token.access_token().secret();
        match &self.config.kind {
            ProviderKind::Oidc { issuer } => {
                let user: UserInfo = self.ask(&endpoints.user, Some(bearer)).await?;
                let name = user.name.or(user.preferred_username);
                Ok(ProvenIdentity::new(issuer, &user.sub, name.as_deref(), user.email.as_deref())?)
            }
            ProviderKind::GitHub { site, .. } => {
                let user: GitHubUser = self.ask(&endpoints.user, Some(bearer)).await?;
                // The number stays with the account; a login can be given up and taken by another.
                let name = user.name.filter(|name| !name.trim().is_empty()).unwrap_or(user.login);
                let subject = user.id.to_string();
                Ok(ProvenIdentity::new(site, &subject, Some(&name), user.email.as_deref())?)
            }
        }
    }

    async fn endpoints(&self) -> Result<Endpoints> {
        let issuer = match &self.config.kind {
            ProviderKind::Oidc { issuer } => issuer,
            ProviderKind::GitHub { site, api } => {
                return Ok(Endpoints {
                    authorize: format!("{}/login/oauth/authorize", site.trim_end_matches('/')),
                    token: format!("{}/login/oauth/access_token", site.trim_end_matches('/')),
                    user: format!("{}/user", api.trim_end_matches('/')),
                    auth_type: AuthType::RequestBody,
                });
            }
        };
        let known = self.discovered.read().await.clone();
        if let Some((at, endpoints)) = &known
            && at.elapsed() < DISCOVERY_LIFE
        {
            return Ok(endpoints.clone());
        }
        match (self.discover(issuer).await, known) {
            (Ok(endpoints), _) => {
                *self.discovered.write().await = Some((Instant::now(), endpoints.clone()));
                Ok(endpoints)
            }
            // Endpoints rarely move: what was true an hour ago is better than no way in.
            (Err(_), Some((_, endpoints))) => Ok(endpoints),
            (Err(error), None) => Err(error),
        }
    }

    /// OpenID Connect Discovery 1.0, section 4.
    async fn discover(&self, issuer: &str) -> Result<Endpoints> {
        let url = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
        let found: Discovery = self.ask(&url, None).await?;
        let Discovery { authorization_endpoint, token_endpoint, userinfo_endpoint, .. } = found;
        if found.issuer != issuer {
            return Err(self.unreachable("its discovery document names another issuer"));
        }
        let all = [&authorization_endpoint, &token_endpoint, &userinfo_endpoint];
        if !all.into_iter().all(|endpoint| is_safe_address(endpoint)) {
            return Err(self.unreachable("its discovery document names an endpoint without TLS"));
        }
        let offers =
            |name: &str| found.token_endpoint_auth_methods_supported.iter().any(|m| m == name);
        let body_only = offers("client_secret_post") && !offers("client_secret_basic");
        Ok(Endpoints {
            authorize: authorization_endpoint,
            token: token_endpoint,
            user: userinfo_endpoint,
            auth_type: if body_only { AuthType::RequestBody } else { AuthType::BasicAuth },
        })
    }

    async fn ask<T: serde::de::DeserializeOwned>(
        &self,
        url: &str,
        bearer: Option<&str>,
    ) -> Result<T> {
        fetch::json(&self.http, url, bearer).await.map_err(|error| self.unreachable(error))
    }

    fn unreachable(&self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
        let label = self.config.label.clone();
        Error::fault("signing somebody in", Unreachable { label, source: source.into() })
    }

    /// A code that the provider does not take is the visitor's matter; all else is ours to mend.
    fn not_traded(&self, error: TradeError) -> Error {
        let refused = match &error {
            RequestTokenError::ServerResponse(said) => {
                *said.error() == BasicErrorResponseType::InvalidGrant
            }
            // GitHub answers an error with status 200.
            RequestTokenError::Parse(_, body) => serde_json::from_slice::<GitHubError>(body)
                .is_ok_and(|said| said.error == "bad_verification_code"),
            RequestTokenError::Request(_) | RequestTokenError::Other(_) => false,
        };
        if refused {
            let sentence = t!(
                "{label} did not accept this sign-in: it was used already or took too long. Sign in \
                 again.",
                label = self.config.label
            );
            return Refusal::new(Kind::Malformed, "sign_in_code_refused", sentence).into();
        }
        match error {
            RequestTokenError::ServerResponse(said) => {
                self.unreachable(format!("the token endpoint said “{}”", said.error().as_ref()))
            }
            // Its body could hold a token, so neither it nor its parser's words are kept.
            RequestTokenError::Parse(..) => {
                self.unreachable("the token endpoint's answer cannot be read")
            }
            RequestTokenError::Request(error) => self.unreachable(error),
            RequestTokenError::Other(what) => self.unreachable(what),
        }
    }
}

type TradeError = RequestTokenError<FetchError, oauth2::basic::BasicErrorResponse>;

#[derive(Deserialize)]
struct Discovery {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    userinfo_endpoint: String,
    #[serde(default)]
    token_endpoint_auth_methods_supported: Vec<String>,
}

#[derive(Deserialize)]
struct UserInfo {
    sub: String,
    name: Option<String>,
    preferred_username: Option<String>,
    email: Option<String>,
}

#[derive(Deserialize)]
struct GitHubUser {
    id: u64,
    login: String,
    name: Option<String>,
    email: Option<String>,
}

#[derive(Deserialize)]
struct GitHubError {
    error: String,
}

fn address(redirect_uri: &str) -> Result<RedirectUrl> {
    RedirectUrl::new(redirect_uri.to_owned())
        .map_err(|error| Error::fault("making the address to come back to", error))
}
