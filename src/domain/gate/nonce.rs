//! A consumer's own mark for one request, which the gate takes once.

use serde::{Deserialize, Serialize};

use crate::domain::error::{Kind, Refusal};

const LENGTH_MIN: usize = 16;
const LENGTH_MAX: usize = 128;

/// 16 to 128 letters, digits, `-` and `_`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Nonce(String);

impl Nonce {
    /// Reads what a machine sent.
    ///
    /// # Errors
    ///
    /// `invalid_nonce`.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        let plain = text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
        if !plain || !(LENGTH_MIN..=LENGTH_MAX).contains(&text.len()) {
            return Err(Refusal::new(
                Kind::Malformed,
                "invalid_nonce",
                format!(
                    "Write the nonce with {LENGTH_MIN} to {LENGTH_MAX} letters, digits, “-” and “_”."
                ),
            ));
        }
        Ok(Self(text.to_owned()))
    }

    /// The nonce.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Nonce {
    type Error = Refusal;

    fn try_from(text: String) -> Result<Self, Refusal> {
        Self::parse(&text)
    }
}

impl From<Nonce> for String {
    fn from(nonce: Nonce) -> Self {
        nonce.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nonce_is_long_and_plain() {
        assert!(Nonce::parse("01JD8Z6Q0V5W8-_x").is_ok());
        let long = "x".repeat(LENGTH_MAX + 1);
        for bad in ["", "short", "0123456789abcde ", "0123456789abcdé", long.as_str()] {
            assert_eq!(Nonce::parse(bad).unwrap_err().code, "invalid_nonce", "{bad:?}");
        }
    }
}
