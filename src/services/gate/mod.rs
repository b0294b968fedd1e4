//! The gate's engine: decides from memory, signs, and makes receipts durable.
//!
//! A delivery goes `admit`, `seal`, `record`; its last byte may leave only after `record` has
//! succeeded. Whoever stops on the way (a refusal, a client gone, a failed read) is not billed.

#[cfg(test)]
pub(crate) mod fixtures;
mod manifest;
mod meters;
mod moves;
mod receipt_log;
mod signer;
mod snapshot;
mod watch;

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use tokio::{
    sync::{mpsc, oneshot, watch as channel},
    task::JoinHandle,
    time::Instant,
};

pub use manifest::{Manifest, Origin, manifest};
pub use signer::Signer;

use self::{
    meters::{NonceHold, Paid, Reservation, Standing},
    receipt_log::Waiting,
    snapshot::{Changes, Entry, Snapshot},
};
use super::{Error, Result, Services, licenses::MoveUp, mint};
use crate::domain::{
    asset::ContentId,
    gate::{Ask, Content, Decision, Denial, Licensed, Nonce, Rate, decide, permit},
    ids::{LicenseId, OrgId, TokenId},
    metering::{JobName, once_per_window, window_key},
    receipt::{Jwks, PublicKey, Receipt},
    terms::Scope,
};

/// The engine. One in a process; it keeps the counts that racing requests share.
pub struct Keeper {
    shared: Arc<Shared>,
    signer: Signer,
    kid: Arc<str>,
    log: mpsc::Sender<Waiting>,
    moves: mpsc::Sender<MoveUp>,
    stop: channel::Sender<bool>,
    tasks: Mutex<Vec<JoinHandle<()>>>,
}

/// What the engine and its tasks share.
struct Shared {
    services: Services,
    snapshot: Snapshot,
    paid: Paid,
    /// When PostgreSQL last showed that the snapshot was fresh.
    confirmed: Mutex<Instant>,
}

/// A request that may be answered with everything but content.
#[derive(Debug)]
pub struct Look {
    /// The registered bytes; nothing for a page of a site.
    pub content: Option<Content>,
    pub license: Arc<Licensed>,
    /// Where the license's bucket stands.
    pub rate: Rate,
}

/// A request that may be answered with content. Dropping it gives back what was set aside for it.
#[derive(Debug)]
pub struct Admission {
    /// The registered bytes; nothing for a page of a site.
    pub content: Option<Content>,
    pub license: Arc<Licensed>,
    pub scope: Scope,
    /// Where the license's bucket stands.
    pub rate: Rate,
    token_id: TokenId,
    job: Option<JobName>,
    /// The consumer's own, if it sent one.
    nonce: Option<Nonce>,
    nonce_hold: NonceHold,
    at: DateTime<Utc>,
    reservation: Reservation,
}

/// What leaves under an admission.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parcel {
    /// Of the whole content, also where only a part of it leaves.
    pub content_id: ContentId,
    /// How many bytes leave.
    pub bytes: u64,
    /// Which part of the content they are, as `Content-Range` says it (RFC 9110, section 14.4).
    pub range: Option<String>,
    /// Where they were asked for, for a page of a site: `https://host/path?query`.
    pub resource: Option<String>,
}

impl Parcel {
    /// The whole of registered content.
    pub fn whole(content: &Content) -> Self {
        Self {
            content_id: content.content_id.clone(),
            bytes: content.bytes,
            range: None,
            resource: None,
        }
    }
}

/// An admission with its signed receipt, which is worth nothing until it is recorded.
#[derive(Debug)]
pub struct Delivery {
    pub receipt: Receipt,
    /// The compact JWS.
    pub jws: String,
    admission: Admission,
}

/// The machine behind a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Machine {
    pub token_id: TokenId,
    pub license_id: LicenseId,
    pub org_id: OrgId,
}

impl Keeper {
    /// Registers the signer's public key, reads the first snapshot and starts to keep it fresh.
    pub async fn open(services: Services, signer: Signer) -> Result<Self> {
        register_key(&services, signer.public_key()).await?;
        let (snapshot, paid) = (Snapshot::new(), Paid::default());
        let confirmed = Mutex::new(Instant::now());
        snapshot.apply(&services, &paid, &Changes::everything()).await?;
        let shared = Arc::new(Shared { services, snapshot, paid, confirmed });
        let (stop, stopped) = channel::channel(false);
        let (log, taken) = mpsc::channel(receipt_log::WAITING_MAX);
        let (moves, moved) = mpsc::channel(moves::WAITING_MAX);
        let tasks = vec![
            tokio::spawn(receipt_log::write(Arc::clone(&shared), taken, stopped.clone())),
            tokio::spawn(watch::keep_fresh(Arc::clone(&shared), stopped.clone())),
            tokio::spawn(moves::write(Arc::clone(&shared), moved, stopped)),
        ];
        let kid = signer.public_key().kid().into();
        Ok(Self { shared, signer, kid, log, moves, stop, tasks: Mutex::new(tasks) })
    }

    /// Writes what is still waiting and ends every task. Deliveries that come later fail.
    pub async fn close(&self) {
        self.stop.send_replace(true);
        let tasks = std::mem::take(&mut *self.tasks.lock().unwrap_or_else(PoisonError::into_inner));
        for task in tasks {
            if let Err(error) = task.await {
                tracing::error!(%error, "A task of the gate ended badly");
            }
        }
    }

    /// What every deed of the gate works with.
    pub fn services(&self) -> &Services {
        &self.shared.services
    }

    /// Every key a receipt may be signed with, as last read.
    pub fn jwks(&self) -> Jwks {
        Jwks { keys: self.shared.snapshot.keys().iter().map(PublicKey::jwk).collect() }
    }

    /// How long ago PostgreSQL last showed that licenses and tokens are known as they are. It is
    /// asked each second, so more than a few seconds say that it is away.
    pub fn snapshot_age(&self) -> Duration {
        self.shared.confirmed.lock().unwrap_or_else(PoisonError::into_inner).elapsed()
    }

    /// Whether there is room for one more delivery to wait for its receipt.
    pub fn has_room(&self) -> bool {
        self.log.capacity() > 0
    }

    /// Who presents this secret.
    ///
    /// # Errors
    ///
    /// `missing_token` or `invalid_token`.
    pub fn identify(&self, secret: Option<&str>) -> std::result::Result<Machine, Denial> {
        let Entry { grant, held } = self.shared.snapshot.present(secret).known()?;
        grant.in_force(self.shared.services.now())?;
        let Standing { license, .. } = &*held.lock();
        Ok(Machine {
            token_id: grant.token_id,
            license_id: license.license_id,
            org_id: license.org_id,
        })
    }

    /// Decides about a request that takes no content, and so needs no unit of the quota.
    pub fn look(&self, secret: Option<&str>, ask: &Ask) -> std::result::Result<Look, Denial> {
        let Entry { grant, held } = self.shared.snapshot.present(secret).known()?;
        let Standing { license, meter } = &mut *held.lock();
        let permit = permit(&grant, license, meter, ask, self.shared.services.now())?;
        Ok(Look {
            content: permit.content.cloned(),
            license: Arc::clone(license),
            rate: permit.rate,
        })
    }

    /// Decides, and sets a unit of the quota aside.
    pub fn admit(&self, secret: Option<&str>, ask: &Ask) -> std::result::Result<Admission, Denial> {
        let Entry { grant, held } = self.shared.snapshot.present(secret).known()?;
        let now = self.shared.services.now();
        let mut standing = held.lock();
        let Standing { license, meter } = &mut *standing;
        let license = Arc::clone(license);
        let decided = decide(&grant, &license, meter, ask, now, |content, scope, job| {
            let window = window_key(job, now);
            let content_id = content.content_id.as_str();
            once_per_window(scope) && self.shared.paid.contains(license.org_id, content_id, &window)
        })?;
        drop(standing);
        let up = self.move_up(&license, &decided);
        let (nonce, mark) = decided.nonce.unzip();
        Ok(Admission {
            content: decided.content.cloned(),
            scope: decided.scope,
            rate: decided.rate,
            token_id: grant.token_id,
            job: decided.job,
            nonce,
            nonce_hold: NonceHold::new(Arc::clone(&held), mark),
            at: now,
            reservation: Reservation::new(held, decided.reserved, up),
            license,
        })
    }

    /// The move that comes due once the unit of this decision is used.
    fn move_up(
        &self,
        license: &Licensed,
        decided: &Decision<'_>,
    ) -> Option<(MoveUp, mpsc::Sender<MoveUp>)> {
        let (from, to) = (license.tier.tier_id, decided.tier.tier_id);
        let moves = || (MoveUp { license_id: license.license_id, from, to }, self.moves.clone());
        (from != to && decided.reserved.is_some()).then(moves)
    }

    /// Signs the receipt of a delivery.
    pub fn seal(&self, mut admission: Admission, parcel: Parcel) -> Result<Delivery> {
        let receipt = Receipt {
            receipt_id: mint(),
            consumer_id: admission.license.org_id,
            content_id: parcel.content_id,
            license_id: admission.license.license_id,
            token_id: admission.token_id,
            job_id: admission.job.clone(),
            scope: admission.scope,
            timestamp: admission.at,
            bytes: parcel.bytes,
            range: parcel.range,
            resource: parcel.resource,
            nonce: admission
                .nonce
                .as_ref()
                .map_or_else(own_nonce, |nonce| nonce.as_str().to_owned()),
        };
        let jws = self.signer.seal(&receipt)?;
        admission.nonce_hold.use_up();
        Ok(Delivery { receipt, jws, admission })
    }

    /// Makes the receipt durable and counts the use. To be called when everything but the last
    /// bytes has left, and waited for before those do.
    ///
    /// # Errors
    ///
    /// A fault if the receipt could not be made durable; the last bytes must not leave then.
    pub async fn record(&self, delivery: Delivery) -> Result<()> {
        let (durable, told) = oneshot::channel();
        let waiting = self.waiting(delivery, durable);
        let lost = |source: &str| Error::fault("storing a receipt", source);
        self.log.send(waiting).await.map_err(|_| lost("the gate is closing"))?;
        told.await.map_err(|_| lost("the receipt log gave it up"))
    }

    fn waiting(&self, delivery: Delivery, durable: oneshot::Sender<()>) -> Waiting {
        let Delivery { receipt, jws, admission } = delivery;
        Waiting {
            receipt,
            jws,
            kid: Arc::clone(&self.kid),
            asset_id: admission.license.asset_id,
            license: admission.license,
            reservation: admission.reservation,
            durable,
        }
    }
}

impl Shared {
    fn confirm(&self, at: Instant) {
        *self.confirmed.lock().unwrap_or_else(PoisonError::into_inner) = at;
    }
}

/// A nonce for a consumer that sent none. No consumer's own has a dot.
fn own_nonce() -> String {
    format!("g.{}", URL_SAFE_NO_PAD.encode(rand::random::<[u8; 16]>()))
}

// SQL

async fn register_key(services: &Services, key: &PublicKey) -> Result<()> {
    sqlx::query!(
        "insert into receipt_key (kid, public_key, created_at) values ($1, $2, $3)
         on conflict (kid) do nothing",
        key.kid(),
        key.bytes().as_slice(),
        services.now(),
    )
    .execute(&services.pool)
    .await?;
    Ok(())
}

#[cfg(test)]
mod tests;
