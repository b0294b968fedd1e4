//! Who is at the other end of a connection: its address, and what went out to it so far.
//!
//! `X-Forwarded-For` is believed only from proxies that the configuration names; anybody else could
//! write any address there.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use axum::http::{HeaderMap, HeaderName};
use ipnet::IpNet;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The connection a request came in by; the listener leaves it among the request's extensions.
#[derive(Clone, Debug)]
pub struct Connection {
    pub peer: SocketAddr,
    /// Bytes the kernel has taken for the peer since the connection began.
    pub sent: Arc<AtomicU64>,
}

impl Connection {
    /// A connection by which nothing went out yet.
    pub fn new(peer: SocketAddr) -> Self {
        Self { peer, sent: Arc::default() }
    }

    /// Bytes that went out so far.
    pub fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }
}

/// The client's own address. Without a connection it is unknown and all are one.
pub(super) fn address(
    connection: Option<&Connection>,
    headers: &HeaderMap,
    trusted: &[IpNet],
) -> IpAddr {
    let peer = connection.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |c| c.peer.ip());
    let mut nearest = peer.to_canonical();
    let values = headers.get_all(FORWARDED_FOR);
    let hops: Vec<&str> =
        values.iter().flat_map(|value| value.to_str().unwrap_or("?").split(',')).collect();
    for hop in hops.into_iter().rev() {
        if !trusted.iter().any(|network| network.contains(&nearest)) {
            break;
        }
        match hop_address(hop.trim()) {
            Some(address) => nearest = address,
            None => break,
        }
    }
    nearest
}

/// Some proxies add the port.
fn hop_address(hop: &str) -> Option<IpAddr> {
    let bare = hop.trim_start_matches('[').trim_end_matches(']');
    let address = bare.parse().or_else(|_| hop.parse::<SocketAddr>().map(|hop| hop.ip()));
    address.ok().map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn of(peer: &str, forwarded: &[&str], trusted: &[&str]) -> String {
        let connection = Connection::new(SocketAddr::new(peer.parse().unwrap(), 4000));
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append(FORWARDED_FOR, HeaderValue::from_str(value).unwrap());
        }
        let trusted: Vec<IpNet> = trusted.iter().map(|net| net.parse().unwrap()).collect();
        address(Some(&connection), &headers, &trusted).to_string()
    }

    #[test]
    fn only_proxies_of_ours_may_say_for_whom_they_ask() {
        let ours = ["10.0.0.0/8", "fd00::/8"];
        for (peer, forwarded, trusted, expected) in [
            ("198.51.100.7", vec!["203.0.113.9"], vec![], "198.51.100.7"),
            ("198.51.100.7", vec!["203.0.113.9"], ours.to_vec(), "198.51.100.7"),
            ("10.0.0.1", vec!["203.0.113.9"], ours.to_vec(), "203.0.113.9"),
            ("::ffff:10.0.0.1", vec!["203.0.113.9"], ours.to_vec(), "203.0.113.9"),
            ("10.0.0.1", vec!["1.2.3.4, 203.0.113.9"], ours.to_vec(), "203.0.113.9"),
            ("10.0.0.1", vec!["1.2.3.4", "203.0.113.9, 10.0.0.2"], ours.to_vec(), "203.0.113.9"),
            ("10.0.0.1", vec!["203.0.113.9:8080"], ours.to_vec(), "203.0.113.9"),
            ("fd00::1", vec!["[2001:db8::5]:443"], ours.to_vec(), "2001:db8::5"),
            ("fd00::1", vec!["[2001:db8::5]"], ours.to_vec(), "2001:db8::5"),
            ("10.0.0.1", vec!["unknown"], ours.to_vec(), "10.0.0.1"),
            ("10.0.0.1", vec!["1.2.3.4, unknown, 10.0.0.2"], ours.to_vec(), "10.0.0.2"),
            ("10.0.0.1", vec![], ours.to_vec(), "10.0.0.1"),
        ] {
            assert_eq!(of(peer, &forwarded, &trusted), expected, "{peer} {forwarded:?}");
        }
    }
}
