//! The gate's engine: decides from memory, signs, and makes receipts durable.
//!
//! A delivery goes `admit`, `seal`, `record`; its last byte may leave only after `record` has
//! succeeded. Whoever stops on the way (a refusal, a client gone, a failed read) is not billed.
//! Recorded receipts are on the local disk at once and in the books of PostgreSQL soon after.

pub mod attempts;
mod bearer;
mod consumers;
mod contact;
mod delivery;
#[cfg(test)]
pub(crate) mod fixtures;
mod keys;
mod manifest;
mod meters;
mod moves;
mod offered;
mod outbox;
mod snapshot;
mod trial;
mod watch;

use std::{
    sync::{Arc, Mutex, PoisonError, RwLock},
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use tokio::{
    sync::{mpsc, watch as channel},
    task::JoinHandle,
};

pub use bearer::{Bearer, Machine};
pub use contact::FailoverSettings;
pub use delivery::{Admission, Delivery, Look, Parcel};
pub use keys::{KeySettings, LEAD, rotate as rotate_key, tend as tend_keys};
pub use manifest::{Manifest, Origin, manifest};
pub use offered::{Offered, offered};
pub use outbox::{OutboxSettings, OutboxStatus};
pub use trial::{Asker, Trial, Tried, Verdict, trial};

use self::{
    consumers::ConsumerKey,
    contact::Contact,
    keys::Keyring,
    meters::{NonceHold, Paid, Reservation, Standing},
    outbox::{Entry as Kept, Outbox},
    snapshot::{Changes, Entry, Snapshot},
};
use super::{Result, Services, backroom::Backroom, licenses::MoveUp, mint, reports};
use crate::domain::{
    asset::ContentId,
    error::Refusal,
    gate::{Ask, Denial, Licensed, decide, permit},
    ids::ReceiptId,
    metering::{FreeReason, JobName, once_per_window, window_key},
    receipt::{Jwks, Receipt},
    terms::Scope,
};

/// One for receipts, one for what was refused.
const BACKROOM_CONNECTIONS: u32 = 2;

/// The engine. One in a process; it keeps the counts that racing requests share.
pub struct Keeper {
    shared: Arc<Shared>,
    outbox: Outbox,
    /// Where the books are kept.
    backroom: Backroom,
    stop: channel::Sender<bool>,
    tasks: Mutex<Vec<JoinHandle<()>>>,
}

/// What the engine and its tasks share.
struct Shared {
    services: Services,
    snapshot: Snapshot,
    paid: Paid,
    keyring: RwLock<Arc<Keyring>>,
    keys: KeySettings,
    /// What buyers are called in receipts.
    consumers: ConsumerKey,
    /// When PostgreSQL last showed that the snapshot was fresh.
    contact: Contact,
    /// Licenses that are to move up.
    moves: mpsc::Sender<MoveUp>,
}

/// How the gate works here.
#[derive(Clone, Debug)]
pub struct Settings {
    pub keys: KeySettings,
    pub failover: FailoverSettings,
    pub outbox: OutboxSettings,
}

impl Keeper {
    /// Reads the keys, brings what an earlier process left in the outbox into the books, reads the
    /// first snapshot and starts to keep all of it fresh.
    pub async fn open(services: Services, settings: Settings) -> Result<Self> {
        let keyring = Keyring::load(&services, &settings.keys, &Keyring::default()).await?;
        // Before the snapshot, whose counts come from the books.
        let backroom = Backroom::open(&services, BACKROOM_CONNECTIONS)?;
        let outbox = Outbox::open(&backroom, &settings.outbox).await?;
        let listener = watch::listen(&services).await?;
        let (snapshot, paid) = (Snapshot::new(), Paid::default());
        let contact = Contact::new(settings.failover);
        snapshot.apply(&services, &paid, &Changes::everything()).await?;
        let consumers = ConsumerKey::derive(&settings.keys.secret);
        let (keyring, keys) = (RwLock::new(Arc::new(keyring)), settings.keys);
        let (moves, moved) = mpsc::channel(moves::WAITING_MAX);
        let shared =
            Arc::new(Shared { services, snapshot, paid, keyring, keys, consumers, contact, moves });
        let (stop, stopped) = channel::channel(false);
        let tasks = vec![
            tokio::spawn(watch::keep_fresh(Arc::clone(&shared), listener, stopped.clone())),
            tokio::spawn(moves::write(Arc::clone(&shared), moved, stopped)),
        ];
        Ok(Self { shared, outbox, backroom, stop, tasks: Mutex::new(tasks) })
    }

    /// Writes what is still waiting and ends every task. Deliveries that come later fail.
    pub async fn close(&self) {
        self.outbox.close().await;
        self.stop.send_replace(true);
        let tasks = std::mem::take(&mut *self.tasks.lock().unwrap_or_else(PoisonError::into_inner));
        for task in tasks {
            if let Err(error) = task.await {
                tracing::error!(%error, "A task of the gate ended badly");
            }
        }
    }

    /// Where what may wait is done.
    pub const fn backroom(&self) -> &Backroom {
        &self.backroom
    }

    /// What every deed of the gate works with.
    pub fn services(&self) -> &Services {
        &self.shared.services
    }

    /// Every key a receipt may be signed with, as last read.
    pub fn jwks(&self) -> Jwks {
        self.shared.keyring().jwks()
    }

    /// How long ago PostgreSQL last showed that licenses and tokens are known as they are. It is
    /// asked each second, so more than a few seconds say that it is away.
    pub fn snapshot_age(&self) -> Duration {
        self.shared.contact.unconfirmed()
    }

    /// Whether there is room for one more delivery to wait for its receipt.
    ///
    /// # Errors
    ///
    /// `outbox_full` or `too_busy`.
    pub fn room(&self) -> std::result::Result<(), Refusal> {
        self.outbox.room()
    }

    /// Waits until every receipt recorded so far is in the books.
    pub async fn settled(&self) {
        self.outbox.settled().await;
    }

    /// What is recorded and not in the books yet.
    pub fn status(&self) -> OutboxStatus {
        self.outbox.status()
    }

    /// The compact JWS of a recorded receipt, for a machine that acts under its license.
    pub async fn receipt(&self, machine: Machine, receipt_id: ReceiptId) -> Result<String> {
        match self.outbox.recent(machine.license_id, receipt_id) {
            Some(jws) => Ok(jws.to_string()),
            None => {
                let services = &self.shared.services;
                reports::receipt_of_license(services, machine.license_id, receipt_id).await
            }
        }
    }

    /// Who presents this secret.
    pub fn bearer(&self, secret: Option<&str>) -> Bearer {
        Bearer(self.shared.snapshot.present(secret))
    }

    /// The machine behind a token that is in force.
    ///
    /// # Errors
    ///
    /// `missing_token` or `invalid_token`.
    pub fn identify(&self, bearer: &Bearer) -> std::result::Result<Machine, Denial> {
        let Entry { grant, held } = bearer.known()?;
        grant.in_force(self.shared.services.now())?;
        let Standing { license, .. } = &*held.lock();
        Ok(Machine {
            token_id: grant.token_id,
            license_id: license.license_id,
            org_id: license.org_id,
        })
    }

    /// Decides about a request that takes no content, and so needs no unit of the quota.
    pub fn look(&self, bearer: &Bearer, ask: &Ask) -> std::result::Result<Look, Denial> {
        let Entry { grant, held } = bearer.known()?;
        self.shared.contact.admits(grant.token_id)?;
        let Standing { license, meter } = &mut *held.lock();
        let permit = permit(grant, license, meter, ask, self.shared.services.now())?;
        Ok(Look {
            content: permit.content.cloned(),
            license: Arc::clone(license),
            rate: permit.rate,
        })
    }

    /// Decides, and sets a unit of the quota aside.
    pub fn admit(&self, bearer: &Bearer, ask: &Ask) -> std::result::Result<Admission, Denial> {
        let Entry { grant, held } = bearer.known()?;
        self.shared.contact.admits(grant.token_id)?;
        let now = self.shared.services.now();
        let mut standing = held.lock();
        let Standing { license, meter } = &mut *standing;
        let license = Arc::clone(license);
        let decided = decide(grant, &license, meter, ask, now, |content, scope, job| {
            self.shared.paid_before(&license, &content.content_id, scope, job, now)
        })?;
        drop(standing);
        self.shared.contact.let_in(grant.token_id);
        let (nonce, mark) = decided.nonce.unzip();
        Ok(Admission {
            content: decided.content.cloned(),
            scope: decided.scope,
            rate: decided.rate,
            token_id: grant.token_id,
            job: decided.job,
            nonce,
            nonce_hold: NonceHold::new(Arc::clone(held), mark),
            at: now,
            reservation: Reservation::new(Arc::clone(held), decided.reserved),
            license,
        })
    }

    /// Signs the receipt of a delivery.
    pub fn seal(&self, mut admission: Admission, parcel: Parcel) -> Result<Delivery> {
        let free_reason = self.shared.free_reason(&admission, &parcel.content_id);
        let license = &admission.license;
        let receipt = Receipt {
            receipt_id: mint(),
            consumer_id: self.shared.consumers.consumer(license.creator_org_id, license.org_id),
            content_id: parcel.content_id,
            license_id: license.license_id,
            token_id: admission.token_id,
            job_id: admission.job.clone(),
            scope: admission.scope,
            timestamp: admission.at,
            bytes: parcel.bytes,
            range: parcel.range,
            resource: parcel.resource,
            free_reason,
            nonce: admission
                .nonce
                .as_ref()
                .map_or_else(own_nonce, |nonce| nonce.as_str().to_owned()),
        };
        let now = self.shared.services.now();
        let jws = self.shared.keyring().seal(&receipt, now)?;
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
        let Delivery { receipt, jws, admission } = delivery;
        let kept = Kept {
            asset_id: admission.license.asset_id,
            org_id: admission.license.org_id,
            creator_org_id: admission.license.creator_org_id,
            jws,
        };
        let (receipt_id, license_id) = (receipt.receipt_id, receipt.license_id);
        let shared = Arc::clone(&self.shared);
        let settle = Box::new(move || shared.settle(&receipt, admission));
        self.outbox.keep(receipt_id, license_id, &kept, settle).await
    }
}

impl Shared {
    fn keyring(&self) -> Arc<Keyring> {
        Arc::clone(&self.keyring.read().unwrap_or_else(PoisonError::into_inner))
    }

    async fn read_keys(&self) -> Result<()> {
        let fresh = Keyring::load(&self.services, &self.keys, &self.keyring()).await?;
        *self.keyring.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(fresh);
        Ok(())
    }

    fn paid_before(
        &self,
        license: &Licensed,
        content_id: &ContentId,
        scope: Scope,
        job: Option<&JobName>,
        at: DateTime<Utc>,
    ) -> bool {
        once_per_window(scope) && {
            let window = window_key(job, at);
            self.paid.contains(license.org_id, content_id.as_str(), &window)
        }
    }

    /// Why a delivery is known to cost nothing. Where this knows of no reason the books may still
    /// find one, when equal deliveries race; what it says here they never bill.
    fn free_reason(&self, admission: &Admission, content_id: &ContentId) -> Option<FreeReason> {
        let Admission { license, scope, job, at, .. } = admission;
        if *scope == Scope::Preview {
            return Some(FreeReason::Preview);
        }
        self.paid_before(license, content_id, *scope, job.as_ref(), *at)
            .then_some(FreeReason::Repeat)
    }

    /// Counts a delivery whose receipt is durable. A unit is used up by the first use of its window
    /// only, as in the books.
    fn settle(&self, receipt: &Receipt, admission: Admission) {
        let repeat = once_per_window(receipt.scope) && {
            let window = window_key(receipt.job_id.as_ref(), receipt.timestamp);
            !self.paid.insert(admission.license.org_id, receipt.content_id.as_str(), &window)
        };
        if !repeat && let Some(up) = admission.reservation.use_up(receipt.scope, receipt.bytes) {
            // Where too many wait, the next unit of the license asks again.
            let _ = self.moves.try_send(up);
        }
    }
}

/// A nonce for a consumer that sent none. No consumer's own has a dot.
fn own_nonce() -> String {
    format!("g.{}", URL_SAFE_NO_PAD.encode(rand::random::<[u8; 16]>()))
}

#[cfg(test)]
mod tests;
