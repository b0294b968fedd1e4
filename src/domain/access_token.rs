//! A secret that lets a machine act under one license.
//!
//! It reads `sk_live_` or `sk_test_` and 64 hex digits, is shown once, and is kept only as its
//! SHA-256. It has 256 bits, so a plain hash is enough (OWASP ASVS 5.0, 6.5.2).

use sha2::{Digest, Sha256};

use super::asset::hex;

/// How many characters of a secret may be shown again: `sk_live_` and four digits.
const PREFIX_LENGTH: usize = 12;
const SECRET_LENGTH: usize = 72;

/// A whole secret. It is never printed by accident: it has no `Display`, and `Debug` hides it.
#[derive(Clone, PartialEq, Eq)]
pub struct TokenSecret(String);

impl TokenSecret {
    /// A secret of these 32 random bytes.
    pub fn from_bytes(bytes: &[u8; 32], live: bool) -> Self {
        Self(format!("{}{}", if live { "sk_live_" } else { "sk_test_" }, hex(bytes)))
    }

    /// Reads what came with a request; `None` if it cannot be a secret of ours.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix("sk_live_").or_else(|| text.strip_prefix("sk_test_"))?;
        let whole = text.len() == SECRET_LENGTH
            && digits.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        whole.then(|| Self(text.to_owned()))
    }

    /// What is kept.
    pub fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.0.as_bytes()).into()
    }

    /// The whole secret, for the one time it is shown.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// What a person recognizes it by later.
    pub fn prefix(&self) -> &str {
        &self.0[..PREFIX_LENGTH]
    }

    /// What a person recognizes it by later.
    pub fn last_four(&self) -> &str {
        &self.0[SECRET_LENGTH - 4..]
    }
}

impl std::fmt::Debug for TokenSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "TokenSecret({}…)", self.prefix())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_reads_back_and_hides_itself() {
        let secret = TokenSecret::from_bytes(&[0xab; 32], true);
        assert_eq!(TokenSecret::parse(secret.reveal()), Some(secret.clone()));
        assert!(!format!("{secret:?}").contains(&secret.reveal()[PREFIX_LENGTH..]));
    }

    #[test]
    fn nothing_else_is_a_secret() {
        let good = TokenSecret::from_bytes(&[1; 32], false);
        let good = good.reveal();
        for bad in
            ["", "sk_live_", &good[1..], &good.to_uppercase(), &format!("{good}0"), "sk_test_é"]
        {
            assert_eq!(TokenSecret::parse(bad), None, "{bad}");
        }
    }
}
