//! The one way to ask a provider something: no redirects, ten seconds, 64 KiB.

use std::time::Duration;

use oauth2::{HttpRequest, HttpResponse};

const TIMEOUT: Duration = Duration::from_secs(10);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const BODY_BYTES_MAX: usize = 64 * 1024;

/// A provider that could not be asked, or did not answer as the protocol wants.
#[derive(Debug, thiserror::Error)]
#[error("{label} did not answer as it should")]
pub struct Unreachable {
    /// What people call the provider.
    pub label: String,
    #[source]
    pub source: Box<dyn std::error::Error + Send + Sync>,
}

/// Why there is no answer. It names no URL: one could carry what should not be in a log.
#[derive(Debug, thiserror::Error)]
pub(super) enum FetchError {
    #[error("the request failed")]
    Request(#[source] reqwest::Error),
    #[error("the answer is larger than {BODY_BYTES_MAX} bytes")]
    TooLarge,
    #[error("the answer has status {0}")]
    Status(u16),
    #[error("the answer cannot be read")]
    Unreadable(#[from] serde_json::Error),
    #[error("the request cannot be made")]
    Unaskable(#[from] http::Error),
}

impl From<reqwest::Error> for FetchError {
    fn from(error: reqwest::Error) -> Self {
        Self::Request(error.without_url())
    }
}

/// An HTTP client for providers. Providers on loopback are asked without a proxy.
pub(super) fn client(loopback: bool) -> reqwest::Result<reqwest::Client> {
    let builder = reqwest::Client::builder()
        // A redirect could lead to an inside address.
        .redirect(reqwest::redirect::Policy::none())
        .timeout(TIMEOUT)
        .connect_timeout(CONNECT_TIMEOUT)
        .user_agent("Imprimatur");
    if loopback { builder.no_proxy().build() } else { builder.build() }
}

/// Sends a request and reads its answer, of any status below 500.
pub(super) async fn send(
    http: &reqwest::Client,
    request: HttpRequest,
) -> Result<HttpResponse, FetchError> {
    let mut response = http.execute(request.try_into()?).await?;
    let status = response.status();
    if status.is_server_error() {
        return Err(FetchError::Status(status.as_u16()));
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if body.len() + chunk.len() > BODY_BYTES_MAX {
            return Err(FetchError::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    let mut answer = HttpResponse::new(body);
    *answer.status_mut() = status;
    *answer.headers_mut() = response.headers().clone();
    Ok(answer)
}

/// Reads a JSON document, with a bearer token where one is needed.
pub(super) async fn json<T: serde::de::DeserializeOwned>(
    http: &reqwest::Client,
    url: &str,
    bearer: Option<&str>,
) -> Result<T, FetchError> {
    let mut request = http::Request::get(url).header(http::header::ACCEPT, "application/json");
    if let Some(bearer) = bearer {
        let mut value =
            http::HeaderValue::from_str(&format!("Bearer {bearer}")).map_err(http::Error::from)?;
        value.set_sensitive(true);
        request = request.header(http::header::AUTHORIZATION, value);
    }
    let answer = send(http, request.body(Vec::new())?).await?;
    if answer.status() != http::StatusCode::OK {
        return Err(FetchError::Status(answer.status().as_u16()));
    }
    Ok(serde_json::from_slice(answer.body())?)
}
