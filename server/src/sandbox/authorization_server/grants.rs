//! Codes and access tokens in memory: a code works once, and whoever tries it again ends what it
//! gave (RFC 6749, section 4.1.2).

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use rand::RngCore as _;
use sha2::{Digest as _, Sha256};

use super::SandboxPerson;

const CODE_LIFE: Duration = Duration::from_secs(60);
pub(super) const TOKEN_LIFE: Duration = Duration::from_secs(600);
const ENTRIES_MAX: usize = 1000;

/// What a code stands for.
pub(super) struct Grant {
    pub redirect_uri: String,
    /// The PKCE challenge, always S256.
    pub challenge: String,
    pub person: SandboxPerson,
}

enum Code {
    Open(Grant),
    /// Used; the access token it gave, if it was good.
    Used(Option<String>),
}

#[derive(Default)]
pub(super) struct Grants {
    codes: HashMap<String, (Instant, Code)>,
    tokens: HashMap<String, (Instant, SandboxPerson)>,
}

impl Grants {
    /// A new code.
    pub(super) fn grant(&mut self, grant: Grant, now: Instant) -> String {
        // A used code is remembered as long as its token lives, to notice that it comes back.
        make_room(&mut self.codes, now, TOKEN_LIFE);
        let code = secret();
        self.codes.insert(code.clone(), (now, Code::Open(grant)));
        code
    }

    /// An access token for the code, if it is good: known, fresh, unused, for this address and with
    /// the verifier of its challenge. Good or not, it is used now.
    pub(super) fn trade(
        &mut self,
        code: &str,
        redirect_uri: &str,
        verifier: &str,
        now: Instant,
    ) -> Option<String> {
        let (made_at, entry) = self.codes.get_mut(code)?;
        let grant = match std::mem::replace(entry, Code::Used(None)) {
            Code::Open(grant) => grant,
            Code::Used(token) => {
                token.and_then(|token| self.tokens.remove(&token));
                return None;
            }
        };
        let good = now.duration_since(*made_at) < CODE_LIFE
            && grant.redirect_uri == redirect_uri
            && (43..=128).contains(&verifier.len())
            && URL_SAFE_NO_PAD.encode(Sha256::digest(verifier)) == grant.challenge;
        if !good {
            return None;
        }
        let token = secret();
        *entry = Code::Used(Some(token.clone()));
        make_room(&mut self.tokens, now, TOKEN_LIFE);
        self.tokens.insert(token.clone(), (now, grant.person));
        Some(token)
    }

    /// Whose token it is, while it lives.
    pub(super) fn person(&self, token: &str, now: Instant) -> Option<SandboxPerson> {
        let (made_at, person) = self.tokens.get(token)?;
        (now.duration_since(*made_at) < TOKEN_LIFE).then(|| person.clone())
    }
}

/// Drops what has outlived its use, and the oldest where that is not enough.
fn make_room<T>(entries: &mut HashMap<String, (Instant, T)>, now: Instant, life: Duration) {
    entries.retain(|_, (made_at, _)| now.duration_since(*made_at) < life);
    while entries.len() >= ENTRIES_MAX {
        let oldest = entries.iter().min_by_key(|(_, (made_at, _))| *made_at);
        let Some(oldest) = oldest.map(|(key, _)| key.clone()) else { return };
        entries.remove(&oldest);
    }
}

fn secret() -> String {
    let mut bytes = [0; 32];
    rand::rng().fill_bytes(&mut bytes);
    URL_SAFE_NO_PAD.encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: &str = "http://127.0.0.1:3000/auth/callback/sandbox";
    const VERIFIER: &str = "0123456789012345678901234567890123456789012";

    fn grant() -> Grant {
        Grant {
            redirect_uri: HERE.to_owned(),
            challenge: URL_SAFE_NO_PAD.encode(Sha256::digest(VERIFIER)),
            person: SandboxPerson {
                subject: "mira".to_owned(),
                name: "Mira Okonjo".to_owned(),
                email: "mira@example.com".to_owned(),
                about: String::new(),
            },
        }
    }

    #[test]
    fn a_code_works_once_and_its_second_use_ends_the_first() {
        let (mut grants, now) = (Grants::default(), Instant::now());
        let code = grants.grant(grant(), now);
        let token = grants.trade(&code, HERE, VERIFIER, now).unwrap();
        assert_eq!(grants.person(&token, now).unwrap().subject, "mira");
        assert_eq!(grants.person(&token, now + TOKEN_LIFE), None);
        assert_eq!(grants.trade(&code, HERE, VERIFIER, now), None);
        assert_eq!(grants.person(&token, now), None);
    }

    #[test]
    fn a_code_is_bound_to_its_minute_its_address_and_its_verifier() {
        let (mut grants, now) = (Grants::default(), Instant::now());
        let other = VERIFIER.replace('0', "1");
        for (redirect_uri, verifier, at) in [
            (HERE, VERIFIER, now + CODE_LIFE),
            ("http://127.0.0.1:3000/", VERIFIER, now),
            (HERE, other.as_str(), now),
            (HERE, "short", now),
        ] {
            let code = grants.grant(grant(), now);
            assert_eq!(grants.trade(&code, redirect_uri, verifier, at), None);
            assert_eq!(grants.trade(&code, HERE, VERIFIER, now), None, "a wrong try uses it up");
        }
    }

    #[test]
    fn memory_stays_bounded() {
        let (mut grants, now) = (Grants::default(), Instant::now());
        for _ in 0..ENTRIES_MAX + 10 {
            grants.grant(grant(), now);
        }
        assert_eq!(grants.codes.len(), ENTRIES_MAX);
        grants.grant(grant(), now + TOKEN_LIFE);
        assert_eq!(grants.codes.len(), 1);
    }
}
