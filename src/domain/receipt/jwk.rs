//! Public keys as others read them: OKP JSON Web Keys (RFC 8037), named by their thumbprint.
//!
//! A key's name is computed from the key (RFC 7638), never chosen, so it cannot lie.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// The public half of a key that signs receipts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    bytes: [u8; 32],
    kid: String,
}

impl PublicKey {
    /// The Ed25519 key with these bytes.
    pub fn new(bytes: [u8; 32]) -> Self {
        let x = URL_SAFE_NO_PAD.encode(bytes);
        let required = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#);
        let kid = URL_SAFE_NO_PAD.encode(Sha256::digest(required));
        Self { bytes, kid }
    }

    /// The key itself.
    pub const fn bytes(&self) -> &[u8; 32] {
        &self.bytes
    }

    /// Its name: the RFC 7638 thumbprint.
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// As it is published.
    pub fn jwk(&self) -> Jwk {
        Jwk {
            kty: "OKP".to_owned(),
            crv: "Ed25519".to_owned(),
            x: URL_SAFE_NO_PAD.encode(self.bytes),
            kid: self.kid.clone(),
            alg: super::ALGORITHM.to_owned(),
            purpose: "sig".to_owned(),
        }
    }
}

/// A public key as it is published.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Jwk {
    pub kty: String,
    pub crv: String,
    pub x: String,
    pub kid: String,
    pub alg: String,
    #[serde(rename = "use")]
    pub purpose: String,
}

impl Jwk {
    /// The key itself; its name is computed anew, not believed.
    pub fn public_key(&self) -> Option<PublicKey> {
        let bytes = URL_SAFE_NO_PAD.decode(&self.x).ok()?.try_into().ok()?;
        let fits = self.kty == "OKP" && self.crv == "Ed25519";
        Some(PublicKey::new(bytes)).filter(|key| fits && key.kid() == self.kid)
    }
}

/// Every key that may be needed to check a receipt.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Jwks {
    pub keys: Vec<Jwk>,
}
