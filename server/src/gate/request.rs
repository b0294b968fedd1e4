//! What a machine sent, read from headers and path. What cannot be read is kept as such: the
//! decision says when it matters.

use axum::{
    extract::{FromRequestParts, RawPathParams},
    http::{HeaderMap, request::Parts},
};
use imprimatur::{
    domain::{
        gate::{Ask, AskedScope, Nonce, Subject},
        ids::RequestId,
        metering::JobName,
    },
    services::gate::attempts::Client,
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
        let trusted = &gate.0.settings.trusted_proxies;
        let address = client::address(connection.as_ref(), &headers, trusted);
        let agent = headers.get(http::header::USER_AGENT).and_then(|agent| agent.to_str().ok());
        let client = Client::new(address, agent.unwrap_or_default());
        let request_id = request_id_of(&parts.extensions);
        Ok(Self { request_id, headers, client, connection, subject })
    }
}

impl Asked {
    /// The secret in `Authorization: Bearer …`. A header that cannot be read is a wrong secret, not
    /// a missing one.
    pub fn secret(&self) -> Option<&str> {
        let value = self.headers.get(http::header::AUTHORIZATION)?;
        let Ok(value) = value.to_str() else { return Some("") };
        let (scheme, secret) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| secret.trim())
    }

    /// Whom it was sent to: in lower case and without a port.
    fn host(&self) -> String {
        let authority = self.headers.get(http::header::HOST).and_then(|host| host.to_str().ok());
        let authority: Option<http::uri::Authority> =
            authority.and_then(|authority| authority.parse().ok());
        authority.map(|authority| authority.host().to_ascii_lowercase()).unwrap_or_default()
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
            host: self.host(),
            subject: Subject::Content(self.subject.parse().ok()),
            scope,
            job: job.transpose(),
            nonce: nonce.transpose(),
        }
    }
}
