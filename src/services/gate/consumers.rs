//! How a buyer is told from another in receipts without being named: a keyed hash of it, for each
//! creator another one, so that nobody can follow a buyer from creator to creator.

use aws_lc_rs::hmac;

use crate::domain::{ids::OrgId, receipt::ConsumerId};

/// The secret under which buyers are hashed. Every gate of a deployment needs the same one, for as long as
/// creators compare receipts.
#[derive(Clone)]
pub(super) struct ConsumerKey(hmac::Key);

impl ConsumerKey {
    /// A key of its own, derived from a secret that has other uses too.
    pub fn derive(secret: &[u8; 32]) -> Self {
        let secret = hmac::Key::new(hmac::HMAC_SHA256, secret);
        let derived = hmac::sign(&secret, b"imprimatur consumers");
        Self(hmac::Key::new(hmac::HMAC_SHA256, derived.as_ref()))
    }

    /// What a buyer is called in receipts for the works of a creator.
    pub fn consumer(&self, creator: OrgId, buyer: OrgId) -> ConsumerId {
        let mut parties = [0; 32];
        parties[..16].copy_from_slice(creator.uuid().as_bytes());
        parties[16..].copy_from_slice(buyer.uuid().as_bytes());
        let hash = hmac::sign(&self.0, &parties);
        let mut id = [0; 16];
        id.copy_from_slice(&hash.as_ref()[..16]);
        ConsumerId::from_bytes(id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::services::mint;

    #[test]
    fn a_buyer_is_another_consumer_for_each_creator_and_under_each_key() {
        let (one, other) = (ConsumerKey::derive(&[1; 32]), ConsumerKey::derive(&[2; 32]));
        let (mira, theo, acme, kiln): (OrgId, OrgId, OrgId, OrgId) =
            (mint(), mint(), mint(), mint());
        let id = one.consumer(mira, acme);
        assert_eq!(id, ConsumerKey::derive(&[1; 32]).consumer(mira, acme));
        for different in [
            one.consumer(theo, acme),
            one.consumer(mira, kiln),
            one.consumer(acme, mira),
            other.consumer(mira, acme),
        ] {
            assert_ne!(id, different);
        }
    }
}
