//! Whether a letter is from the provider: HMAC-SHA256 over its time and its bytes, compared in
//! constant time, and not older or newer than five minutes. Nothing is read before that.

use aws_lc_rs::hmac;
use chrono::{DateTime, Utc};

use crate::domain::error::{Kind, Refusal};

/// How far the sender's clock may be from ours.
const TOLERANCE_SECONDS: i64 = 300;

/// A secret shared with the provider, for one endpoint. It is never shown.
pub struct Secret(hmac::Key);

impl Secret {
    /// The secret as the provider wrote it.
    pub fn new(secret: &str) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()))
    }

    /// Accepts the letter if one of the signatures in the header `Stripe-Signature` is right; while a
    /// secret is being replaced there are two.
    pub fn verify(&self, header: &str, body: &[u8], now: DateTime<Utc>) -> Result<(), Refusal> {
        let mut sent_at = None;
        let mut signatures = Vec::new();
        for part in header.split(',') {
            match part.trim().split_once('=') {
                Some(("t", at)) => sent_at = at.parse::<i64>().ok(),
                Some(("v1", hex)) => signatures.extend(from_hex(hex)),
                _ => {}
            }
        }
        let Some(sent_at) = sent_at else { return Err(refused("Its time is missing.")) };
        let mut signed = format!("{sent_at}.").into_bytes();
        signed.extend_from_slice(body);
        if !signatures.iter().any(|tag| hmac::verify(&self.0, &signed, tag).is_ok()) {
            return Err(refused("Its signature is wrong."));
        }
        if now.timestamp().abs_diff(sent_at) > TOLERANCE_SECONDS.unsigned_abs() {
            return Err(refused("It was signed more than five minutes ago, or ahead."));
        }
        Ok(())
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret")
    }
}

fn refused(why: &str) -> Refusal {
    Refusal::new(Kind::Malformed, "letter_not_genuine", format!("This letter is not taken. {why}"))
}

fn from_hex(hex: &str) -> Option<Vec<u8>> {
    if hex.len() != 64 || !hex.is_ascii() {
        return None;
    }
    (0..32).map(|at| u8::from_str_radix(hex.get(2 * at..2 * at + 2)?, 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &[u8] = br#"{"id":"evt_1"}"#;

    fn header(secret: &str, at: i64) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
        let mut signed = format!("{at}.").into_bytes();
        signed.extend_from_slice(BODY);
        let hex: String =
            hmac::sign(&key, &signed).as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        format!("t={at},v1={hex}")
    }

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    #[test]
    fn a_genuine_letter_is_taken() {
        let secret = Secret::new("whsec_a");
        secret.verify(&header("whsec_a", 1_000), BODY, at(1_000)).unwrap();
        secret.verify(&header("whsec_a", 1_000), BODY, at(1_300)).unwrap();
        let both = format!("{},{}", header("whsec_old", 1_000), header("whsec_a", 1_000));
        secret.verify(&both, BODY, at(1_000)).unwrap();
    }

    #[test]
    fn nothing_else_is() {
        let secret = Secret::new("whsec_a");
        let good = header("whsec_a", 1_000);
        assert!(secret.verify(&good, BODY, at(1_301)).is_err());
        assert!(secret.verify(&good, BODY, at(699)).is_err());
        assert!(secret.verify(&good, b"{}", at(1_000)).is_err());
        assert!(secret.verify(&header("whsec_b", 1_000), BODY, at(1_000)).is_err());
        for nonsense in ["", "t=", "t=x,v1=y", "v1=00", "t=1000", "t=1000,v0=ff", "ä=ö,t=1000,v1=é"]
        {
            assert!(secret.verify(nonsense, BODY, at(1_000)).is_err(), "{nonsense}");
        }
    }
}
