//! Looking for the proof that a host is its creator's: a DNS record, or a file over HTTPS.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, StatusCode, header};
use http_body_util::{BodyExt as _, Empty, Limited};
use imprimatur::{
    domain::site::{Challenge, ProvenBy, file_url, record_name},
    services::sites::Prober,
};

use super::{Outbound, names::Names};

/// A record or a file must be here within this.
const PATIENCE: Duration = Duration::from_secs(10);
const FILE_BYTES_MAX: usize = 16 * 1024;

/// Asks the outside.
#[derive(Clone)]
pub struct Probe {
    names: Arc<dyn Names>,
    outbound: Outbound,
}

impl Probe {
    /// Asks `names` for records and `outbound` for files.
    pub fn new(names: Arc<dyn Names>, outbound: Outbound) -> Self {
        Self { names, outbound }
    }

    async fn record(&self, host: &str, challenge: &Challenge) -> bool {
        let name = record_name(host);
        match tokio::time::timeout(PATIENCE, self.names.texts(&name)).await {
            Ok(Ok(records)) => challenge.is_in_records(&records),
            Ok(Err(error)) => {
                tracing::info!(host, %error, "The DNS record of a site was not found");
                false
            }
            Err(_) => false,
        }
    }

    /// Whether the file at this address shows the challenge.
    pub async fn file(&self, url: &str, challenge: &Challenge) -> bool {
        match tokio::time::timeout(PATIENCE, self.read(url)).await {
            Ok(Some(file)) => challenge.is_in_file(&file),
            _ => {
                tracing::info!(url, "The file of a site was not found");
                false
            }
        }
    }

    async fn read(&self, url: &str) -> Option<String> {
        let request = Request::get(url)
            .header(header::USER_AGENT, "Imprimatur")
            .header(header::ACCEPT, "text/plain")
            .body(Empty::<Bytes>::new())
            .ok()?;
        let response = self.outbound.send(request).await.ok()?;
        if response.status() != StatusCode::OK {
            return None;
        }
        let file = Limited::new(response.into_body(), FILE_BYTES_MAX).collect().await.ok()?;
        String::from_utf8(file.to_bytes().into()).ok()
    }
}

#[async_trait]
impl Prober for Probe {
    async fn prove(&self, host: &str, challenge: &Challenge) -> Option<ProvenBy> {
        if self.record(host, challenge).await {
            return Some(ProvenBy::Dns);
        }
        self.file(&file_url(host), challenge).await.then_some(ProvenBy::File)
    }
}
