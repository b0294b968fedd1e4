//! Asking DNS, in this process: what is answered here is what is connected to, and nothing is asked
//! a second time in between.

use std::{io, net::IpAddr};

use async_trait::async_trait;
use hickory_resolver::{TokioResolver, proto::rr::RData};

/// Where names lead.
#[async_trait]
pub trait Names: Send + Sync {
    /// The addresses of a host.
    async fn addresses(&self, host: &str) -> io::Result<Vec<IpAddr>>;

    /// The TXT records of a name, asked for anew.
    async fn texts(&self, name: &str) -> io::Result<Vec<String>>;
}

/// The name servers of this machine. Where it has none, no name leads anywhere.
pub struct Dns(Option<TokioResolver>);

impl Dns {
    /// As `/etc/resolv.conf` says.
    pub fn of_this_machine() -> Self {
        let resolver = TokioResolver::builder_tokio().and_then(|builder| builder.build());
        if let Err(error) = &resolver {
            tracing::warn!(%error, "This machine has no name servers; no site can be reached");
        }
        Self(resolver.ok())
    }

    fn resolver(&self) -> io::Result<&TokioResolver> {
        self.0.as_ref().ok_or_else(|| io::Error::other("this machine has no name servers"))
    }
}

#[async_trait]
impl Names for Dns {
    async fn addresses(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        let found = self.resolver()?.lookup_ip(whole(host)).await.map_err(io::Error::other)?;
        Ok(found.iter().collect())
    }

    async fn texts(&self, name: &str) -> io::Result<Vec<String>> {
        let resolver = self.resolver()?;
        // Somebody who has just added a record must not be shown that it was missing before.
        resolver.clear_cache();
        let found = resolver.txt_lookup(whole(name)).await.map_err(io::Error::other)?;
        let texts = found.answers().iter().filter_map(|record| match &record.data {
            RData::TXT(text) => Some(text.txt_data.concat()),
            _ => None,
        });
        Ok(texts.map(|text| String::from_utf8_lossy(&text).into_owned()).collect())
    }
}

/// The name from the root down: no search list of this machine is put behind it.
fn whole(name: &str) -> String {
    if name.ends_with('.') { name.to_owned() } else { format!("{name}.") }
}
