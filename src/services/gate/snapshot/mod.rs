//! Every token in force and what it allows, held in memory: the gate never waits for the database
//! to decide.
//!
//! A change replaces what it is about and nothing else. A token leads to its license, which all its
//! tokens share, so a license changes in one place; its counts stay whatever is read again. A token
//! takes about 80 bytes, twice that where its table has just grown.

mod carried;
mod changes;
mod rows;
#[cfg(test)]
mod tests;

use std::{
    collections::{HashMap, HashSet},
    hash::{BuildHasherDefault, Hasher},
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
};

use chrono::{DateTime, TimeDelta, Utc};
use futures::TryStreamExt as _;
use sqlx::PgConnection;

pub(super) use self::changes::Changes;
use self::rows::{LicenseRow, TokenRow, WindowRow};
pub(super) use self::rows::{count_live_tokens, tiers_of};
use super::meters::{Held, Paid};
use crate::{
    domain::{
        access_token::TokenSecret,
        gate::{Grant, Licensed, Meter, NonceRoom, Presented, TierLimits, UsedNonces},
        ids::{AssetId, LicenseId, OfferId},
        metering::{EVENT_AGE_DAYS_MAX, JobName, month_start, window_key},
        pricing::Price,
    },
    services::{Error, Result, Services},
};

/// So many tables share the tokens that a change to one keeps few requests waiting.
const SHARDS: usize = 256;
/// Licenses are read so many at a time.
const LICENSES_AT_ONCE: usize = 10_000;

/// Everything a decision needs.
pub(super) struct Snapshot {
    tokens: Box<[RwLock<Shard>]>,
    /// Licenses are never dropped: one without a token today may have deliveries under way.
    licenses: RwLock<HashMap<LicenseId, Arc<Held>>>,
    /// Tiers never change once published, so they are read once.
    offers: RwLock<HashMap<OfferId, Arc<[Arc<TierLimits>]>>>,
    nonces: Arc<NonceRoom>,
    /// What was read by itself since the reading of everything began; nothing where none is under
    /// way.
    meanwhile: Mutex<Option<Changes>>,
    /// The first instant of the month (UTC) in which everything was last read.
    month: RwLock<DateTime<Utc>>,
}

type Shard = HashMap<Key, Entry, BuildHasherDefault<Prehashed>>;

/// The first half of the SHA-256 of a secret. Nobody can make a secret that shares it with another:
/// that takes 2^128 tries.
type Key = [u8; 16];

/// A token in force.
#[derive(Clone)]
pub(super) struct Entry {
    pub grant: Grant,
    pub held: Arc<Held>,
}

impl Snapshot {
    /// Nothing yet.
    pub fn new() -> Self {
        Self {
            tokens: (0..SHARDS).map(|_| RwLock::default()).collect(),
            licenses: RwLock::default(),
            offers: RwLock::default(),
            nonces: Arc::default(),
            meanwhile: Mutex::default(),
            month: RwLock::default(),
        }
    }

    /// What a presented secret leads to.
    pub fn present(&self, secret: Option<&str>) -> Presented<Entry> {
        let Some(secret) = secret else { return Presented::Nothing };
        TokenSecret::hash_of(secret)
            .and_then(|hash| read(self.shard(&hash)?).get(&key(&hash)).cloned())
            .map_or(Presented::Unknown, Presented::Known)
    }

    /// How many tokens are in force.
    pub fn count(&self, now: DateTime<Utc>) -> usize {
        let in_force = |shard: &RwLock<Shard>| {
            read(shard).values().filter(|e| e.grant.in_force(now).is_ok()).count()
        };
        self.tokens.iter().map(in_force).sum()
    }

    /// Whether everything was read in this calendar month (UTC).
    pub fn was_read_in_month_of(&self, now: DateTime<Utc>) -> bool {
        *read(&self.month) == month_start(now)
    }

    /// Lets go of tokens that have ended and nonces that may be used again.
    pub fn forget(&self, now: DateTime<Utc>) {
        for shard in &self.tokens {
            write(shard).retain(|_, entry| entry.grant.in_force(now).is_ok());
        }
        let all: Vec<Arc<Held>> = read(&self.licenses).values().cloned().collect();
        for held in all {
            held.lock().meter.nonces.forget(now);
        }
    }

    /// Reads what changed. Where it fails, what was read before stays in force.
    pub async fn apply(&self, services: &Services, paid: &Paid, changes: &Changes) -> Result<()> {
        if changes.everything {
            return self.load(services, paid).await;
        }
        let now = services.now();
        let mut tx = services.pool.begin().await?;
        rows::hold_still(&mut tx).await?;
        let ids: Vec<_> = changes.tokens.iter().copied().collect();
        let tokens = rows::tokens(&mut tx, &ids).await?;
        let assets: Vec<_> = changes.assets.iter().copied().collect();
        let touched = rows::licenses_of(&mut tx, &assets).await?;
        let licenses: Vec<LicenseId> = {
            let known = read(&self.licenses);
            let new =
                tokens.iter().filter(|token| token.is_live(now)).map(|token| token.license_id);
            let new = new.filter(|id| !known.contains_key(id));
            let old = changes.licenses.iter().copied().chain(touched);
            let old = old.filter(|id| known.contains_key(id));
            let all: HashSet<LicenseId> = new.chain(old).collect();
            all.into_iter().collect()
        };
        let licenses = self.read_licenses(&mut tx, paid, &licenses, now).await?;
        tx.commit().await?;
        if let Some(meanwhile) = &mut *self.meanwhile() {
            meanwhile.licenses.extend(licenses.iter().map(|license| license.license_id));
            meanwhile.tokens.extend(ids);
        }
        self.put(licenses);
        for token in tokens {
            let Ok(hash) = <[u8; 32]>::try_from(token.secret_hash.as_slice()) else { continue };
            let entry = self.entry(&token).filter(|_| token.is_live(now));
            let Some(shard) = self.shard(&hash) else { continue };
            match entry {
                Some(entry) => drop(write(shard).insert(key(&hash), entry)),
                None => drop(write(shard).remove(&key(&hash))),
            }
        }
        Ok(())
    }

    /// Reads everything anew. Counts go on as they are; those of licenses that were not known start
    /// from what is on record for this month. What `apply` reads meanwhile is newer and stays.
    async fn load(&self, services: &Services, paid: &Paid) -> Result<()> {
        *self.meanwhile() = Some(Changes::default());
        let now = services.now();
        let mut tx = services.pool.begin().await?;
        rows::hold_still(&mut tx).await?;
        let ids = rows::licenses_with_tokens(&mut tx).await?;
        let mut licenses = Vec::with_capacity(ids.len());
        for some in ids.chunks(LICENSES_AT_ONCE) {
            licenses.extend(self.read_licenses(&mut tx, paid, some, now).await?);
        }
        let mut tokens: Vec<Shard> = (0..SHARDS).map(|_| Shard::default()).collect();
        {
            let mut found = rows::live_tokens(&mut tx, now);
            while let Some(token) = found.try_next().await? {
                let Ok(hash) = <[u8; 32]>::try_from(token.secret_hash.as_slice()) else { continue };
                if let (Some(entry), Some(shard)) =
                    (self.entry(&token), tokens.get_mut(usize::from(hash[0])))
                {
                    shard.insert(key(&hash), entry);
                }
            }
        }
        tx.commit().await?;
        let newer = self.meanwhile().take().unwrap_or_default();
        licenses.retain(|license| !newer.licenses.contains(&license.license_id));
        self.put(licenses);
        let is_newer = |entry: &Entry| newer.tokens.contains(&entry.grant.token_id);
        for (shard, mut fresh) in self.tokens.iter().zip(tokens) {
            fresh.retain(|_, entry| !is_newer(entry));
            let mut shard = write(shard);
            fresh.extend(shard.drain().filter(|(_, entry)| is_newer(entry)));
            *shard = fresh;
        }
        *write(&self.month) = month_start(now);
        Ok(())
    }

    /// Reads licenses, with their tiers and contents. Those that were not known are known afterwards.
    async fn read_licenses(
        &self,
        tx: &mut PgConnection,
        paid: &Paid,
        ids: &[LicenseId],
        now: DateTime<Utc>,
    ) -> Result<Vec<Arc<Licensed>>> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let found = rows::licenses(tx, ids).await?;
        let assets: HashSet<AssetId> = found.iter().map(|row| row.asset_id).collect();
        let contents = rows::contents(tx, &assets.into_iter().collect::<Vec<_>>()).await?;
        let unread: HashSet<OfferId> = {
            let offers = read(&self.offers);
            found.iter().map(|row| row.offer_id).filter(|id| !offers.contains_key(id)).collect()
        };
        let tiers = rows::tiers(tx, &unread.into_iter().collect::<Vec<_>>()).await?;
        write(&self.offers).extend(tiers);

        let carried = carried::read(tx, self.rolling_over(&found), now).await?;
        let mut licenses = Vec::with_capacity(found.len());
        for row in found {
            let tiers = read(&self.offers).get(&row.offer_id).cloned().unwrap_or_default();
            let contents = contents.get(&row.asset_id).cloned().unwrap_or_default();
            let license_id = row.license_id;
            let carried = carried.get(&license_id).copied().unwrap_or_default();
            match row.licensed(tiers, contents, carried) {
                Ok(license) => licenses.push(Arc::new(license)),
                // One that is broken keeps no other from being read.
                Err(error) => {
                    let source = std::error::Error::source(&error).map(ToString::to_string);
                    tracing::error!(license.id = %license_id, source, %error, "A license is left out");
                }
            }
        }
        self.recall(tx, paid, &licenses, now).await?;
        Ok(licenses)
    }

    /// Licenses whose prepaid units roll over, with their prices and their first instants.
    fn rolling_over(&self, found: &[LicenseRow]) -> Vec<(LicenseId, Price, DateTime<Utc>)> {
        let offers = read(&self.offers);
        let priced = found.iter().filter_map(|row| {
            let tier =
                offers.get(&row.offer_id)?.iter().find(|tier| tier.tier_id == row.tier_id)?;
            Some((row.license_id, tier.price, row.starts_at))
        });
        priced
            .filter(|(_, price, _)| matches!(price, Price::Prepaid { rolls_over: true, .. }))
            .collect()
    }

    /// Puts licenses in the place of what was known of them.
    fn put(&self, licenses: Vec<Arc<Licensed>>) {
        for license in licenses {
            let known = read(&self.licenses).get(&license.license_id).cloned();
            if let Some(held) = known {
                held.lock().license = license;
            }
        }
    }

    /// Gives licenses that were not known their counts, their nonces and what they have paid for;
    /// those of the others are raised to what the books say.
    async fn recall(
        &self,
        tx: &mut PgConnection,
        paid: &Paid,
        licenses: &[Arc<Licensed>],
        now: DateTime<Utc>,
    ) -> Result<()> {
        let known = |license: &Licensed| read(&self.licenses).get(&license.license_id).cloned();
        let all: Vec<LicenseId> = licenses.iter().map(|license| license.license_id).collect();
        // Uses are also reported, and other gates deliver.
        let used = rows::units_used(tx, &all, month_start(now)).await?;
        let booked =
            |license: &Licensed| used.get(&license.license_id).copied().unwrap_or_default();
        let mut new: Vec<&Arc<Licensed>> = Vec::new();
        for license in licenses {
            match known(license) {
                Some(held) => held.lock().meter.at_least(booked(license), now),
                None => new.push(license),
            }
        }
        let ids: Vec<LicenseId> = new.iter().map(|license| license.license_id).collect();
        if !ids.is_empty() {
            let keep = |window: WindowRow| {
                let job = window.job_id.as_deref().and_then(|job| JobName::parse(job).ok());
                let key = window_key(job.as_ref(), window.occurred_at);
                paid.insert(window.org_id, &window.content_id, &key);
            };
            let jobs_since = now - TimeDelta::days(EVENT_AGE_DAYS_MAX);
            rows::months_paid(tx, &ids, month_start(now)).map_ok(keep).try_collect::<()>().await?;
            rows::jobs_paid(tx, &ids, jobs_since).map_ok(keep).try_collect::<()>().await?;
        }
        let mut nonces = rows::nonces(tx, &ids, now, &self.nonces).await?;
        let mut all = Vec::with_capacity(new.len());
        for license in new {
            let id = license.license_id;
            let nonces =
                nonces.remove(&id).unwrap_or_else(|| UsedNonces::new(Arc::clone(&self.nonces)));
            let meter = Meter::new(booked(license), nonces, now);
            all.push((id, Arc::new(Held::new(Arc::clone(license), meter))));
        }
        // Whatever tokens lead to already stays.
        let mut licenses = write(&self.licenses);
        for (id, held) in all {
            licenses.entry(id).or_insert(held);
        }
        Ok(())
    }

    fn meanwhile(&self) -> MutexGuard<'_, Option<Changes>> {
        self.meanwhile.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn entry(&self, token: &TokenRow) -> Option<Entry> {
        let held = read(&self.licenses).get(&token.license_id).cloned()?;
        Some(Entry { grant: token.grant(), held })
    }

    fn shard(&self, hash: &[u8; 32]) -> Option<&RwLock<Shard>> {
        self.tokens.get(usize::from(hash[0]))
    }
}

fn key(hash: &[u8; 32]) -> Key {
    let mut key = [0; 16];
    key.copy_from_slice(&hash[..16]);
    key
}

/// Keys are digests already: any eight of their bytes spread them evenly.
#[derive(Default)]
pub(super) struct Prehashed(u64);

impl Hasher for Prehashed {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        // The first byte chose the shard.
        if let Some(Ok(eight)) = bytes.get(8..16).map(<[u8; 8]>::try_from) {
            self.0 = u64::from_le_bytes(eight);
        }
    }
}

fn read<T>(lock: &RwLock<T>) -> RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(PoisonError::into_inner)
}

fn write<T>(lock: &RwLock<T>) -> RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(PoisonError::into_inner)
}

/// A row that breaks a check of its own table.
fn broken(what: &'static str) -> Error {
    Error::fault("reading licenses", what)
}
