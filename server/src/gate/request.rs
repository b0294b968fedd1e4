//! What a machine sent, read from headers and path. What cannot be read is kept as such: the
//! decision says when it matters.

use std::borrow::Cow;

use axum::{
    extract::{FromRequestParts, RawPathParams},
    http::{HeaderMap, Uri, header, request::Parts},
};
use imprimatur::{
    domain::{
        gate::{Ask, AskedScope, Nonce, Subject},
        ids::RequestId,
        metering::JobName,
    },
    services::gate::{Bearer, attempts::Client},
};

use super::{
    Gate,
    client::{self, Connection},
};
use crate::session::request_id_of;

/// Names the job that content is fetched for.
const JOB: &str = "imprimatur-job";
/// Marks one request, so that nobody can send it again.
const NONCE: &str = "imprimatur-nonce";
/// Names the use that content is fetched for.
const SCOPE: &str = "imprimatur-scope";

/// A request, as far as the gate reads it.
pub(super) struct Asked {
    pub request_id: RequestId,
    pub headers: HeaderMap,
    /// Who asks.
    pub bearer: Bearer,
    pub client: Client,
    /// Nothing where no listener of ours took the request.
    pub connection: Option<Connection>,
    /// What stands in the path where the handler expects an id.
    pub subject: String,
}

impl FromRequestParts<Gate> for Asked {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(
        parts: &mut Parts,
        gate: &Gate,
    ) -> Result<Self, std::convert::Infallible> {
        let params = RawPathParams::from_request_parts(parts, gate).await;
        // A path that is not UTF-8 names nothing, like any other that is no id.
        let subject = params
            .ok()
            .and_then(|params| params.iter().next().map(|(_, value)| value.to_owned()))
            .unwrap_or_default();
        let headers = std::mem::take(&mut parts.headers);
        let connection = parts.extensions.remove::<Connection>();
        Ok(Self::new(gate, request_id_of(&parts.extensions), headers, connection, subject))
    }
}

/// The secret in `Authorization: Bearer …`. A header that cannot be read is a wrong secret, not a
/// missing one.
fn secret(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?;
    let Ok(value) = value.to_str() else { return Some("") };
    let (scheme, secret) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| secret.trim())
}

/// Whom a request was sent to: in lower case, without a port and the root's dot. An address in the
/// request line counts more than the header (RFC 9112, section 3.2.2).
pub(super) fn host<'a>(uri: &'a Uri, headers: &'a HeaderMap) -> Option<Cow<'a, str>> {
    let plain = |host: &str| {
        let plain = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.');
        !host.is_empty() && host.bytes().all(plain) && !host.ends_with('.')
    };
    let sent = match uri.host() {
        Some(host) => host,
        None => headers.get(header::HOST)?.to_str().ok()?,
    };
    if plain(sent) {
        return Some(Cow::Borrowed(sent));
    }
    let authority: http::uri::Authority = sent.parse().ok()?;
    let mut host = authority.host().to_ascii_lowercase();
    if host.ends_with('.') {
        host.pop();
    }
    Some(Cow::Owned(host))
}

impl Asked {
    /// What these headers ask about a subject.
    pub fn new(
        gate: &Gate,
        request_id: RequestId,
        headers: HeaderMap,
        connection: Option<Connection>,
        subject: String,
    ) -> Self {
        let trusted = &gate.0.settings.trusted_proxies;
        let address = client::address(connection.as_ref(), &headers, trusted);
        let agent = headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok());
        let client = Client::new(address, agent.unwrap_or_default());
        let bearer = gate.keeper().bearer(secret(&headers));
        Self { request_id, headers, bearer, client, connection, subject }
    }

    /// The use, the job and the content asked for.
    pub fn ask(&self) -> Ask {
        let scope = match self.headers.get(SCOPE) {
            None => AskedScope::Unnamed,
            Some(name) => name
                .to_str()
                .ok()
                .and_then(|name| name.parse().ok())
                .map_or(AskedScope::Unknown, AskedScope::Named),
        };
        let job =
            self.headers.get(JOB).map(|name| JobName::parse(name.to_str().unwrap_or_default()));
        let nonce =
            self.headers.get(NONCE).map(|name| Nonce::parse(name.to_str().unwrap_or_default()));
        Ask {
            host: host(&Uri::default(), &self.headers).map(Cow::into_owned).unwrap_or_default(),
            subject: Subject::Content(self.subject.parse().ok()),
            scope,
            job: job.transpose(),
            nonce: nonce.transpose(),
        }
    }
}
