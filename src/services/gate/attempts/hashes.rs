//! How a client is told apart without being named: keyed hashes of its address, its network and its
//! user agent.

use std::net::IpAddr;

use aws_lc_rs::hmac;

/// Enough to tell clients apart, and no more.
const LENGTH: usize = 16;

/// A keyed hash.
pub(super) type Hash = [u8; LENGTH];

/// The secret under which clients are hashed. Every gate of a deployment needs the same one.
#[derive(Clone)]
pub struct AttemptKey(hmac::Key);

impl AttemptKey {
    /// A key of its own, derived from a secret that has other uses too.
    pub fn derive(secret: &[u8; 32]) -> Self {
        let secret = hmac::Key::new(hmac::HMAC_SHA256, secret);
        let derived = hmac::sign(&secret, b"imprimatur gate attempts");
        Self(hmac::Key::new(hmac::HMAC_SHA256, derived.as_ref()))
    }

    pub(super) fn address(&self, address: IpAddr) -> Hash {
        self.hash(b"address", &octets(address))
    }

    pub(super) fn network(&self, address: IpAddr) -> Hash {
        self.hash(b"network", &network(address).to_be_bytes())
    }

    pub(super) fn agent(&self, agent: &str) -> Hash {
        self.hash(b"agent", agent.as_bytes())
    }

    fn hash(&self, kind: &[u8], bytes: &[u8]) -> Hash {
        let mut context = hmac::Context::with_key(&self.0);
        context.update(kind);
        context.update(&[0]);
        context.update(bytes);
        let mut hash = Hash::default();
        hash.copy_from_slice(&context.sign().as_ref()[..LENGTH]);
        hash
    }
}

impl std::fmt::Debug for AttemptKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AttemptKey")
    }
}

fn octets(address: IpAddr) -> Vec<u8> {
    match address {
        IpAddr::V4(v4) => v4.octets().to_vec(),
        IpAddr::V6(v6) => v6.octets().to_vec(),
    }
}

/// The /24 or the /48 that an address is in. The two families cannot meet: one has its top bit set
/// and at most 24 more.
pub(super) fn network(address: IpAddr) -> u64 {
    match address {
        IpAddr::V4(v4) => 1 << 63 | u64::from(v4.to_bits() >> 8),
        IpAddr::V6(v6) => u64::try_from(v6.to_bits() >> 80).unwrap_or(0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_is_what_one_party_usually_has() {
        let network = |address: &str| network(address.parse().unwrap());
        assert_eq!(network("198.51.100.7"), network("198.51.100.200"));
        assert_ne!(network("198.51.100.7"), network("198.51.101.7"));
        assert_eq!(network("2001:db8:1:2::7"), network("2001:db8:1:9::1"));
        assert_ne!(network("2001:db8:1::"), network("2001:db8:2::"));
    }

    #[test]
    fn a_hash_depends_on_the_key_and_on_what_it_is_of() {
        let (one, other) = (AttemptKey::derive(&[1; 32]), AttemptKey::derive(&[2; 32]));
        let address: IpAddr = "198.51.100.7".parse().unwrap();
        assert_eq!(one.address(address), AttemptKey::derive(&[1; 32]).address(address));
        assert_ne!(one.address(address), other.address(address));
        assert_ne!(one.address(address), one.network(address));
        assert_ne!(one.agent("curl"), one.agent("wget"));
    }
}
