//! The gate's statement that bytes were delivered, in a form anybody can check.
//!
//! A receipt is canonical JSON (RFC 8785) in a compact JWS (RFC 7515) signed with Ed25519 (RFC
//! 8037). Equal receipts have equal bytes, and nothing but the key's name is believed of a header.

mod consumer;
mod jwk;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, SecondsFormat, Utc};
use ed25519_dalek::{Signature, VerifyingKey};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub use consumer::ConsumerId;
pub use jwk::{Jwk, Jwks, PublicKey};

use super::{
    asset::ContentId,
    error::{Kind, Refusal},
    ids::{LicenseId, ReceiptId, TokenId},
    metering::{FreeReason, JobName},
    terms::Scope,
};

/// The only algorithm receipts are signed with.
const ALGORITHM: &str = "EdDSA";
/// What a receipt calls itself, so that no other signed statement passes for one.
const TYPE: &str = "receipt+jws";

/// That these bytes reached this consumer under this license. The names of the fields and their
/// order, which is that of the alphabet, are the canonical form and do not change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Receipt {
    /// Below 2^53, like every number in canonical JSON.
    pub bytes: u64,
    /// The buyer, who is not named.
    pub consumer_id: ConsumerId,
    pub content_id: ContentId,
    /// Why it costs nothing, where that was known when it was signed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub free_reason: Option<FreeReason>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job_id: Option<JobName>,
    pub license_id: LicenseId,
    /// Random, so that two receipts never have the same bytes.
    pub nonce: String,
    /// Which part of the content, as `Content-Range` says it; missing for the whole of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub range: Option<String>,
    pub receipt_id: ReceiptId,
    /// The address of a site's page; missing for registered content.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource: Option<String>,
    pub scope: Scope,
    /// In whole microseconds.
    #[serde(serialize_with = "write_instant", deserialize_with = "read_instant")]
    pub timestamp: DateTime<Utc>,
    pub token_id: TokenId,
}

/// In the order of the alphabet, too.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    alg: String,
    kid: String,
    typ: String,
}

impl Receipt {
    /// The canonical JSON. The fields stand in their order and hold nothing but strings and whole
    /// numbers, so it is what any writer without spaces writes.
    pub fn canonical(&self) -> Result<String, Refusal> {
        serde_json::to_string(self).map_err(|_| invalid("it cannot be written down"))
    }

    /// What is signed: the header that names the key, and the receipt, each in base64url.
    pub fn signing_input(&self, kid: &str) -> Result<String, Refusal> {
        let header =
            Header { alg: ALGORITHM.to_owned(), kid: kid.to_owned(), typ: TYPE.to_owned() };
        let header = serde_json::to_string(&header)
            .map_err(|_| invalid("its header cannot be written down"))?;
        let mut input = URL_SAFE_NO_PAD.encode(header);
        input.push('.');
        URL_SAFE_NO_PAD.encode_string(self.canonical()?, &mut input);
        Ok(input)
    }

    /// The compact JWS; `sign` makes the 64 bytes of an Ed25519 signature over its argument.
    pub fn seal(&self, kid: &str, sign: impl FnOnce(&[u8]) -> [u8; 64]) -> Result<String, Refusal> {
        let mut jws = self.signing_input(kid)?;
        let signature = sign(jws.as_bytes());
        jws.push('.');
        URL_SAFE_NO_PAD.encode_string(signature, &mut jws);
        Ok(jws)
    }
}

/// Which key a receipt says it was signed with. It is only a hint for choosing one to verify with.
pub fn kid_of(jws: &str) -> Result<String, Refusal> {
    let (header, _) = jws.split_once('.').ok_or_else(|| invalid("it is no compact JWS"))?;
    Ok(read_header(header)?.kid)
}

/// What a JWS states, and the key it names, without a look at its signature: for whoever made it.
///
/// # Errors
///
/// Any other algorithm, type or form is refused with `invalid_receipt`.
pub fn stated(jws: &str) -> Result<(String, Receipt), Refusal> {
    let mut parts = jws.split('.');
    let (Some(header), Some(payload)) = (parts.next(), parts.next()) else {
        return Err(invalid("it is no compact JWS"));
    };
    Ok((read_header(header)?.kid, read_payload(payload)?))
}

/// Reads a receipt whose signature by `key` is good.
///
/// # Errors
///
/// Any other algorithm, type, key, signature or form is refused with `invalid_receipt`.
pub fn verify(jws: &str, key: &PublicKey) -> Result<Receipt, Refusal> {
    let (signed, signature) =
        jws.rsplit_once('.').ok_or_else(|| invalid("it is no compact JWS"))?;
    let (header, payload) =
        signed.split_once('.').ok_or_else(|| invalid("it is no compact JWS"))?;
    if read_header(header)?.kid != key.kid() {
        return Err(invalid("it names another key"));
    }
    let signature = Signature::from_slice(&decode(signature)?)
        .map_err(|_| invalid("its signature has the wrong length"))?;
    VerifyingKey::from_bytes(key.bytes())
        .and_then(|key| key.verify_strict(signed.as_bytes(), &signature))
        .map_err(|_| invalid("its signature is not by this key"))?;
    read_payload(payload)
}

fn read_payload(encoded: &str) -> Result<Receipt, Refusal> {
    serde_json::from_slice(&decode(encoded)?).map_err(|_| invalid("it states something else"))
}

fn read_header(encoded: &str) -> Result<Header, Refusal> {
    let header: Header =
        serde_json::from_slice(&decode(encoded)?).map_err(|_| invalid("its header is not ours"))?;
    if header.alg != ALGORITHM || header.typ != TYPE {
        return Err(invalid("its header is not ours"));
    }
    Ok(header)
}

fn decode(encoded: &str) -> Result<Vec<u8>, Refusal> {
    URL_SAFE_NO_PAD.decode(encoded).map_err(|_| invalid("it is not base64url"))
}

fn invalid(why: &str) -> Refusal {
    Refusal::new(Kind::Malformed, "invalid_receipt", format!("This is no valid receipt: {why}."))
}

fn write_instant<S: Serializer>(at: &DateTime<Utc>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&at.to_rfc3339_opts(SecondsFormat::Micros, true))
}

fn read_instant<'de, D: Deserializer<'de>>(deserializer: D) -> Result<DateTime<Utc>, D::Error> {
    let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
    text.parse().map_err(serde::de::Error::custom)
}

#[cfg(test)]
mod tests;
