//! The key that signs receipts.
//!
//! The private half is read once and never leaves this type; its public half is registered before
//! the first receipt is signed, so no receipt is without a published key.

use aws_lc_rs::{
    rand::SystemRandom,
    signature::{Ed25519KeyPair, KeyPair as _},
};

use crate::{
    domain::receipt::{PublicKey, Receipt},
    services::{Error, Result},
};

/// Signs receipts with Ed25519.
pub struct Signer {
    pair: Ed25519KeyPair,
    public: PublicKey,
}

impl Signer {
    /// The key in this PKCS#8 document (RFC 5208 or RFC 5958).
    ///
    /// # Errors
    ///
    /// A fault if it is not an Ed25519 key.
    pub fn from_pkcs8(pkcs8: &[u8]) -> Result<Self> {
        let fault = |source: &str| Error::fault("reading the key that signs receipts", source);
        let pair = Ed25519KeyPair::from_pkcs8(pkcs8)
            .map_err(|_| fault("it is not an Ed25519 key in PKCS#8"))?;
        let public = pair.public_key().as_ref().try_into();
        let public = public.map_err(|_| fault("its public half has the wrong length"))?;
        Ok(Self { pair, public: PublicKey::new(public) })
    }

    /// A new key, and the PKCS#8 document to keep it in.
    pub fn generate() -> Result<(Self, Vec<u8>)> {
        let pkcs8 = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new())
            .map_err(|error| Error::fault("making a key that signs receipts", error))?;
        Ok((Self::from_pkcs8(pkcs8.as_ref())?, pkcs8.as_ref().to_vec()))
    }

    /// What others check its receipts with.
    pub const fn public_key(&self) -> &PublicKey {
        &self.public
    }

    /// The receipt as a compact JWS.
    pub fn seal(&self, receipt: &Receipt) -> Result<String> {
        let jws = receipt.seal(self.public.kid(), |input| {
            let mut signature = [0; 64];
            signature.copy_from_slice(self.pair.sign(input).as_ref());
            signature
        })?;
        Ok(jws)
    }
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Signer({})", self.public.kid())
    }
}
