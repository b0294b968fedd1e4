//! The gate's engine: decides from memory, signs, and makes receipts durable.
//!
//! A delivery goes `admit`, `seal`, `record`; its last byte may leave only after `record` has
//! succeeded. Whoever stops on the way (a refusal, a client gone, a failed read) is not billed.
//! Recorded receipts are on the local disk at once and in the books of PostgreSQL soon after.

pub mod attempts;
#[cfg(test)]
pub(crate) mod fixtures;
mod manifest;
mod meters;
mod offered;
mod outbox;
mod signer;
mod snapshot;
mod watch;

use std::sync::{Arc, Mutex, PoisonError, RwLock};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use tokio::{
    sync::{Notify, watch as channel},
    task::JoinHandle,
};

pub use manifest::{Manifest, Origin, manifest};
pub use offered::{Offered, offered};
pub use outbox::{OutboxSettings, OutboxStatus};
pub use signer::Signer;

use self::{
    meters::{Paid, Reservation},
    outbox::{Entry as Kept, Outbox},
    snapshot::{Entry, Snapshot},
};
use super::{Result, Services, mint, reports};
use crate::domain::{
    asset::ContentId,
    error::Refusal,
    gate::{Ask, Content, Denial, Licensed, decide, permit},
    ids::{LicenseId, OrgId, ReceiptId, TokenId},
    metering::{JobName, once_per_window, window_key},
    receipt::{Jwks, PublicKey, Receipt},
    terms::Scope,
};

/// The engine. One in a process; it keeps the counts that racing requests share.
pub struct Keeper {
    shared: Arc<Shared>,
    signer: Signer,
    outbox: Outbox,
    stop: channel::Sender<bool>,
    tasks: Mutex<Vec<JoinHandle<()>>>,
}

/// What the engine and its tasks share.
struct Shared {
    services: Services,
    snapshot: RwLock<Arc<Snapshot>>,
    paid: Paid,
}

/// A request that may be answered with everything but content.
#[derive(Debug)]
pub struct Look {
    /// The registered bytes; nothing for a page of a site.
    pub content: Option<Content>,
    pub license: Arc<Licensed>,
    /// Requests left in the license's bucket.
    pub rate_remaining: u32,
}

/// A request that may be answered with content. Dropping it gives back what was set aside for it.
#[derive(Debug)]
pub struct Admission {
    /// The registered bytes; nothing for a page of a site.
    pub content: Option<Content>,
    pub license: Arc<Licensed>,
    pub scope: Scope,
    /// Requests left in the license's bucket.
    pub rate_remaining: u32,
    token_id: TokenId,
    job: Option<JobName>,
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

/// How the gate works here.
#[derive(Clone, Debug)]
pub struct Settings {
    pub outbox: OutboxSettings,
}

/// The machine behind a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Machine {
    pub token_id: TokenId,
    pub license_id: LicenseId,
    pub org_id: OrgId,
}

impl Delivery {
    /// What it is delivered under.
    pub fn license(&self) -> &Arc<Licensed> {
        &self.admission.license
    }
}

impl Keeper {
    /// Registers the signer's public key, brings what an earlier process left in the outbox into
    /// the books, reads the first snapshot and starts to keep it fresh.
    pub async fn open(services: Services, signer: Signer, settings: Settings) -> Result<Self> {
        register_key(&services, signer.public_key()).await?;
        // Before the snapshot, whose counts come from the books.
        let outbox = Outbox::open(&services, &settings.outbox).await?;
        let paid = Paid::default();
        let snapshot = Snapshot::load(&services, &Snapshot::default(), &paid).await?;
        let shared = Arc::new(Shared { services, snapshot: RwLock::new(Arc::new(snapshot)), paid });
        let (stop, stopped) = channel::channel(false);
        let changed = Arc::new(Notify::new());
        let tasks = vec![
            tokio::spawn(watch::listen(Arc::clone(&shared), Arc::clone(&changed), stopped.clone())),
            tokio::spawn(watch::refresh(Arc::clone(&shared), changed, stopped)),
        ];
        Ok(Self { shared, signer, outbox, stop, tasks: Mutex::new(tasks) })
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

    /// What every deed of the gate works with.
    pub fn services(&self) -> &Services {
        &self.shared.services
    }

    /// Every key a receipt may be signed with, as last read.
    pub fn jwks(&self) -> Jwks {
        Jwks { keys: self.shared.snapshot().keys.iter().map(PublicKey::jwk).collect() }
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
    ///
    /// # Errors
    ///
    /// `missing_token` or `invalid_token`.
    pub fn identify(&self, secret: Option<&str>) -> std::result::Result<Machine, Denial> {
        let snapshot = self.shared.snapshot();
        let Entry { grant, .. } = snapshot.present(secret).known()?;
        grant.in_force(self.shared.services.now())?;
        Ok(Machine {
            token_id: grant.token_id,
            license_id: grant.license.license_id,
            org_id: grant.license.org_id,
        })
    }

    /// Decides about a request that takes no content, and so needs no unit of the quota.
    pub fn look(&self, secret: Option<&str>, ask: &Ask) -> std::result::Result<Look, Denial> {
        let snapshot = self.shared.snapshot();
        let Entry { grant, meter } = snapshot.present(secret).known()?;
        let permit = permit(grant, &mut meter.lock(), ask, self.shared.services.now())?;
        Ok(Look {
            content: permit.content.cloned(),
            license: Arc::clone(&grant.license),
            rate_remaining: permit.rate_remaining,
        })
    }

    /// Decides, and sets a unit of the quota aside.
    pub fn admit(&self, secret: Option<&str>, ask: &Ask) -> std::result::Result<Admission, Denial> {
        let snapshot = self.shared.snapshot();
        let now = self.shared.services.now();
        let Entry { grant, meter } = snapshot.present(secret).known()?;
        let license = &grant.license;
        let decided = decide(grant, &mut meter.lock(), ask, now, |content, scope, job| {
            let window = window_key(job, now);
            let content_id = content.content_id.as_str();
            once_per_window(scope) && self.shared.paid.contains(license.org_id, content_id, &window)
        })?;
        Ok(Admission {
            content: decided.content.cloned(),
            license: Arc::clone(license),
            scope: decided.scope,
            rate_remaining: decided.rate_remaining,
            token_id: grant.token_id,
            job: decided.job,
            at: now,
            reservation: Reservation::new(Arc::clone(meter), now, decided.reserved),
        })
    }

    /// Signs the receipt of a delivery.
    pub fn seal(&self, admission: Admission, parcel: Parcel) -> Result<Delivery> {
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
            nonce: URL_SAFE_NO_PAD.encode(rand::random::<[u8; 16]>()),
        };
        let jws = self.signer.seal(&receipt)?;
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
    /// Counts a delivery whose receipt is durable. A unit is used up by the first use of its window
    /// only, as in the books.
    fn settle(&self, receipt: &Receipt, admission: Admission) {
        let repeat = once_per_window(receipt.scope) && {
            let window = window_key(receipt.job_id.as_ref(), receipt.timestamp);
            !self.paid.insert(receipt.consumer_id, receipt.content_id.as_str(), &window)
        };
        if !repeat {
            admission.reservation.use_up();
        }
    }

    fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&self.snapshot.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn replace(&self, snapshot: Snapshot) {
        *self.snapshot.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(snapshot);
    }
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
