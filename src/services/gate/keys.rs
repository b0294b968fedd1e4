//! The keys that sign receipts: made here, sealed in PostgreSQL, rotated while gates run.
//!
//! A key is published before it signs and stays published for the audit window after it has retired;
//! its private half is never in the clear outside this process and is erased soon after retirement.

use std::{fmt, sync::Arc};

use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, Nonce, RandomizedNonceKey},
    rand::SystemRandom,
    signature::{Ed25519KeyPair, KeyPair as _},
};
use chrono::{DateTime, TimeDelta, Utc};
use sqlx::{PgConnection, PgPool};

use crate::{
    domain::receipt::{Jwks, PublicKey, Receipt},
    services::{Error, Result, Services},
};

/// A new key signs this long after it was made, so that whoever keeps published keys has it by then.
pub const LEAD: TimeDelta = TimeDelta::minutes(10);
/// A retired private half is kept this long: a gate whose clock is behind may still need it.
const ERASE_AFTER: TimeDelta = TimeDelta::days(1);
const NONCE_BYTES: usize = 12;
/// Who holds this advisory lock makes and retires keys; nobody else does.
const LOCK: i64 = 0x7265_6365_6970_7473;

/// How keys are kept.
#[derive(Clone)]
pub struct KeySettings {
    /// What private halves are sealed with.
    pub secret: [u8; 32],
    /// A key is replaced after so many days.
    pub rotation_days: u16,
    /// A retired key stays published for so many days.
    pub audit_days: u16,
}

impl fmt::Debug for KeySettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeySettings({} days, {} days)", self.rotation_days, self.audit_days)
    }
}

/// One key that signs receipts with Ed25519.
struct Signer {
    pair: Ed25519KeyPair,
    public: PublicKey,
    created_at: DateTime<Utc>,
    activates_at: DateTime<Utc>,
    retires_at: Option<DateTime<Utc>>,
}

/// Every key as last read.
#[derive(Default)]
pub(super) struct Keyring {
    signers: Vec<Arc<Signer>>,
    /// The public halves that are published, newest first.
    published: Vec<PublicKey>,
}

/// A key as it is stored.
struct KeyRow {
    kid: String,
    public_key: Vec<u8>,
    sealed_private: Option<Vec<u8>>,
    created_at: DateTime<Utc>,
    activates_at: DateTime<Utc>,
    retires_at: Option<DateTime<Utc>>,
}

impl Keyring {
    /// Reads every key, making the first one where there is none. Those of `before` are not
    /// unsealed again.
    ///
    /// # Errors
    ///
    /// A fault if PostgreSQL does not answer, or the keys are sealed with another secret.
    pub async fn load(services: &Services, settings: &KeySettings, before: &Self) -> Result<Self> {
        let now = services.now();
        let since = now - TimeDelta::days(settings.audit_days.into());
        let mut rows = published(services, since).await?;
        if rows.is_empty() {
            make(&services.pool, settings, now, now, Make::IfNone).await?;
            rows = published(services, since).await?;
        }
        let mut ring = Self::default();
        for row in rows {
            let public = public_key(&row.public_key)?;
            if let Some(sealed) = &row.sealed_private {
                let known = before
                    .signers
                    .iter()
                    .find(|signer| signer.public == public && signer.retires_at == row.retires_at);
                let signer = match known {
                    Some(signer) => Arc::clone(signer),
                    None => Arc::new(Signer {
                        pair: unseal(&settings.secret, &row.kid, sealed)?,
                        public: public.clone(),
                        created_at: row.created_at,
                        activates_at: row.activates_at,
                        retires_at: row.retires_at,
                    }),
                };
                ring.signers.push(signer);
            }
            ring.published.push(public);
        }
        Ok(ring)
    }

    /// The receipt as a compact JWS, signed with the key in force. The signature is made without
    /// any lock held.
    pub fn seal(&self, receipt: &Receipt, now: DateTime<Utc>) -> Result<String> {
        let signer = self.in_force(now).ok_or_else(|| {
            Error::fault("signing a receipt", "no key is in force; rotate the receipt key")
        })?;
        let jws = receipt.seal(signer.public.kid(), |input| {
            let mut signature = [0; 64];
            signature.copy_from_slice(signer.pair.sign(input).as_ref());
            signature
        })?;
        Ok(jws)
    }

    /// The newest key whose time has come and not passed.
    fn in_force(&self, now: DateTime<Utc>) -> Option<&Signer> {
        let begun = |signer: &&Arc<Signer>| signer.activates_at <= now;
        let live = |signer: &&Arc<Signer>| signer.retires_at.is_none_or(|end| now < end);
        self.signers
            .iter()
            .filter(|signer| begun(signer) && live(signer))
            .max_by_key(|signer| (signer.activates_at, signer.created_at))
            .map(Arc::as_ref)
    }

    /// What receipts are checked with, as it is published.
    pub fn jwks(&self) -> Jwks {
        Jwks { keys: self.published.iter().map(PublicKey::jwk).collect() }
    }
}

/// When a key is made.
#[derive(Clone, Copy)]
enum Make {
    /// Only where there is none; it signs at once.
    IfNone,
    /// Only where the newest is from before this instant.
    IfOlderThan(DateTime<Utc>),
    Always,
}

/// Makes a key that signs from `at` on, in place of those before it, and publishes it at once.
/// Answers with its name.
pub async fn rotate(
    pool: &PgPool,
    settings: &KeySettings,
    now: DateTime<Utc>,
    at: DateTime<Utc>,
) -> Result<String> {
    make(pool, settings, now, at, Make::Always).await?.ok_or_else(|| {
        Error::fault("making a key that signs receipts", "the lock let nobody make it")
    })
}

/// Replaces a key that has served its days, and erases the private halves of those long retired.
/// Answers how many keys it touched.
pub async fn tend(services: &Services, settings: &KeySettings) -> Result<u64> {
    let now = services.now();
    let due = now - TimeDelta::days(settings.rotation_days.into());
    let made = make(&services.pool, settings, now, now + LEAD, Make::IfOlderThan(due)).await?;
    Ok(erase(services, now - ERASE_AFTER).await? + u64::from(made.is_some()))
}

async fn make(
    pool: &PgPool,
    settings: &KeySettings,
    now: DateTime<Utc>,
    at: DateTime<Utc>,
    when: Make,
) -> Result<Option<String>> {
    let mut tx = pool.begin().await?;
    lock(&mut tx).await?;
    let newest = newest(&mut tx).await?;
    let wanted = match (when, newest) {
        (Make::IfNone, newest) => newest.is_none(),
        (Make::IfOlderThan(due), newest) => newest.is_some_and(|newest| newest < due),
        (Make::Always, _) => true,
    };
    if !wanted {
        return Ok(None);
    }
    let fault = |error| Error::fault("making a key that signs receipts", error);
    let pkcs8 = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).map_err(fault)?;
    let public = public_of(&read_pair(pkcs8.as_ref())?)?;
    let sealed = seal(&settings.secret, public.kid(), pkcs8.as_ref())?;
    retire(&mut tx, at).await?;
    insert(&mut tx, &public, &sealed, now, at).await?;
    tx.commit().await?;
    tracing::info!(kid = public.kid(), "A new key signs receipts from {at} on");
    Ok(Some(public.kid().to_owned()))
}

fn read_pair(pkcs8: &[u8]) -> Result<Ed25519KeyPair> {
    Ed25519KeyPair::from_pkcs8(pkcs8).map_err(|_| {
        Error::fault("reading a key that signs receipts", "it is not an Ed25519 key in PKCS #8")
    })
}

fn public_of(pair: &Ed25519KeyPair) -> Result<PublicKey> {
    public_key(pair.public_key().as_ref())
}

fn public_key(bytes: &[u8]) -> Result<PublicKey> {
    bytes
        .try_into()
        .map(PublicKey::new)
        .map_err(|_| Error::fault("reading a key that signs receipts", "it does not have 32 bytes"))
}

fn sealer(secret: &[u8; 32]) -> Result<RandomizedNonceKey> {
    RandomizedNonceKey::new(&AES_256_GCM, secret)
        .map_err(|error| Error::fault("reading the secret that seals keys", error))
}

/// The nonce, then the sealed bytes; bound to the key's name.
fn seal(secret: &[u8; 32], kid: &str, pkcs8: &[u8]) -> Result<Vec<u8>> {
    let mut sealed = pkcs8.to_vec();
    let nonce = sealer(secret)?
        .seal_in_place_append_tag(Aad::from(kid), &mut sealed)
        .map_err(|error| Error::fault("sealing a key", error))?;
    Ok([&nonce.as_ref()[..], &sealed].concat())
}

fn unseal(secret: &[u8; 32], kid: &str, sealed: &[u8]) -> Result<Ed25519KeyPair> {
    let fault =
        || Error::fault("unsealing a key", "IMPRIMATUR_KEYS_SECRET is not what it was sealed with");
    let (nonce, rest) = sealed.split_first_chunk::<NONCE_BYTES>().ok_or_else(fault)?;
    let mut opened = rest.to_vec();
    let nonce = Nonce::assume_unique_for_key(*nonce);
    let pkcs8 =
        sealer(secret)?.open_in_place(nonce, Aad::from(kid), &mut opened).map_err(|_| fault())?;
    read_pair(pkcs8)
}

// SQL

async fn lock(tx: &mut PgConnection) -> Result<()> {
    sqlx::query!("select pg_advisory_xact_lock($1)", LOCK).execute(tx).await?;
    Ok(())
}

async fn newest(tx: &mut PgConnection) -> Result<Option<DateTime<Utc>>> {
    Ok(sqlx::query_scalar!("select max(activates_at) from receipt_key").fetch_one(tx).await?)
}

/// A key that was to sign only later never signs.
async fn retire(tx: &mut PgConnection, at: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "update receipt_key set retires_at = greatest($1, activates_at) where retires_at is null",
        at,
    )
    .execute(tx)
    .await?;
    Ok(())
}

async fn insert(
    tx: &mut PgConnection,
    key: &PublicKey,
    sealed: &[u8],
    now: DateTime<Utc>,
    activates_at: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "insert into receipt_key (kid, public_key, sealed_private, created_at, activates_at)
         values ($1, $2, $3, $4, $5)",
        key.kid(),
        key.bytes().as_slice(),
        sealed,
        now,
        activates_at,
    )
    .execute(tx)
    .await?;
    Ok(())
}

async fn published(services: &Services, since: DateTime<Utc>) -> Result<Vec<KeyRow>> {
    let rows = sqlx::query_as!(
        KeyRow,
        "select kid, public_key, sealed_private, created_at, activates_at, retires_at
         from receipt_key
         where retires_at is null or retires_at > $1
         order by activates_at desc, kid",
        since,
    )
    .fetch_all(&services.pool)
    .await?;
    Ok(rows)
}

async fn erase(services: &Services, retired_before: DateTime<Utc>) -> Result<u64> {
    let erased = sqlx::query!(
        "update receipt_key set sealed_private = null
         where sealed_private is not null and retires_at < $1",
        retired_before,
    )
    .execute(&services.pool)
    .await?;
    Ok(erased.rows_affected())
}

#[cfg(test)]
mod tests;
