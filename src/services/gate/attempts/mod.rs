//! What was asked of the gate besides what receipts attest: refusals, deliveries that were not
//! complete, and which clients used which token.
//!
//! Always true: noting an attempt never waits. What cannot be taken is counted and said, memory is
//! bounded whatever comes, and neither a secret nor an address as it is reaches the database.

mod hashes;
mod pending;
mod store;

use std::{
    net::IpAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use chrono::{DateTime, Utc};
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinHandle,
    time::Instant,
};

pub use hashes::AttemptKey;
pub use store::sweep;

use self::pending::{Pending, Strangers};
use crate::{
    domain::{
        gate::{Ask, AskedScope, Licensed, Subject},
        ids::{ReceiptId, TokenId},
    },
    services::{Error, Services, backroom::Backroom},
};

/// The code of a delivery whose client went away.
pub const ABORTED: &str = "aborted";
/// The code of a delivery that we could not go on with.
pub const CUT_OFF: &str = "cut_off";

/// The most attempts that wait to be counted.
const WAITING_MAX: usize = 16_384;
/// The most taken from the queue at a time.
const TAKEN_MAX: usize = 1024;
/// What is pending is written this often, or after twenty times what writing took.
const INTERVAL: Duration = Duration::from_secs(1);
const INTERVAL_PER_WRITE: u32 = 20;
const WRITE_TIMEOUT: Duration = Duration::from_secs(5);
/// The most characters of a subject or a user agent that are kept in mind.
const TEXT_LENGTH_MAX: usize = 256;

/// The machine at the other end, as the connection and its headers show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    pub address: IpAddr,
    pub agent: Arc<str>,
}

impl Client {
    /// A client that calls itself `agent`.
    pub fn new(address: IpAddr, agent: &str) -> Self {
        Self { address, agent: plain(agent).into() }
    }
}

/// The token behind a request, whatever the decision about it.
#[derive(Clone, Debug)]
pub struct Known {
    pub token_id: TokenId,
    pub license: Arc<Licensed>,
}

/// A request of a known token that was not delivered.
#[derive(Clone, Debug)]
pub struct Attempt {
    pub at: DateTime<Utc>,
    /// The refusal's code, [`ABORTED`] or [`CUT_OFF`].
    pub code: &'static str,
    pub known: Known,
    /// The content ID or the path that was asked for.
    pub subject: String,
    pub scope: Option<&'static str>,
    pub job: Option<String>,
    pub client: Client,
    pub bytes_out: u64,
    /// Of a delivery that was not complete.
    pub receipt_id: Option<ReceiptId>,
}

impl Attempt {
    /// A request that was refused with this code.
    pub fn new(
        at: DateTime<Utc>,
        code: &'static str,
        known: Known,
        ask: &Ask,
        client: Client,
    ) -> Self {
        let subject = match &ask.subject {
            Subject::Content(Some(content_id)) => content_id.to_string(),
            Subject::Content(None) => String::new(),
            Subject::Page(path) => plain(path),
        };
        let scope = match ask.scope {
            AskedScope::Named(scope) => Some(scope.as_str()),
            AskedScope::Unnamed | AskedScope::Unknown => None,
        };
        let job = ask.job.as_ref().ok().and_then(Option::as_ref);
        let job = job.map(|job| job.as_str().to_owned());
        Self { at, code, known, subject, scope, job, client, bytes_out: 0, receipt_id: None }
    }
}

/// A delivery that was complete.
#[derive(Clone, Debug)]
pub struct Delivered {
    pub at: DateTime<Utc>,
    pub token_id: TokenId,
    pub client: Client,
    pub bytes: u64,
}

/// A little of what somebody sent, without what no text in the database may hold.
fn plain(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(TEXT_LENGTH_MAX).collect()
}

enum Noted {
    Attempt(Box<Attempt>),
    Delivered(Delivered),
    Flush(oneshot::Sender<()>),
    Close,
}

/// Where attempts are noted. One in a process.
pub struct Attempts {
    notes: mpsc::Sender<Noted>,
    strangers: Arc<Mutex<Strangers>>,
    left_out: Arc<AtomicU64>,
    task: Mutex<Option<JoinHandle<()>>>,
}

impl Attempts {
    /// Starts to write what is noted.
    pub fn open(backroom: &Backroom, key: AttemptKey) -> Self {
        let (notes, taken) = mpsc::channel(WAITING_MAX);
        let strangers = Arc::new(Mutex::new(Strangers::default()));
        let left_out = Arc::new(AtomicU64::new(0));
        let writer = Writer {
            services: backroom.services().clone(),
            pending: Pending::new(key),
            strangers: Arc::clone(&strangers),
            left_out: Arc::clone(&left_out),
            away: false,
        };
        let task = Mutex::new(Some(backroom.spawn(writer.run(taken))));
        Self { notes, strangers, left_out, task }
    }

    /// Notes a request of a known token that was not delivered.
    pub fn attempt(&self, attempt: Attempt) {
        self.note(Noted::Attempt(Box::new(attempt)));
    }

    /// Notes which client a delivery went to.
    pub fn delivered(&self, delivered: Delivered) {
        self.note(Noted::Delivered(delivered));
    }

    /// Counts a request without a token, or with one the gate does not know.
    pub fn stranger(&self, at: DateTime<Utc>, code: &'static str, address: IpAddr) {
        let mut strangers = self.strangers.lock().unwrap_or_else(PoisonError::into_inner);
        strangers.count(at, code, address);
    }

    fn note(&self, noted: Noted) {
        if self.notes.try_send(noted).is_err() {
            self.left_out.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Writes what was noted before, as far as the database answers.
    pub async fn flush(&self) {
        let (written, told) = oneshot::channel();
        if self.notes.send(Noted::Flush(written)).await.is_ok() {
            let _ = told.await;
        }
    }

    /// Writes what was noted before and stops.
    pub async fn close(&self) {
        let _ = self.notes.send(Noted::Close).await;
        let task = self.task.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(task) = task
            && let Err(error) = task.await
        {
            tracing::error!(%error, "Noting attempts ended badly");
        }
    }
}

struct Writer {
    services: Services,
    pending: Pending,
    strangers: Arc<Mutex<Strangers>>,
    left_out: Arc<AtomicU64>,
    away: bool,
}

impl Writer {
    async fn run(mut self, mut notes: mpsc::Receiver<Noted>) {
        let mut taken = Vec::with_capacity(TAKEN_MAX);
        let mut due = Instant::now() + INTERVAL;
        loop {
            tokio::select! {
                count = notes.recv_many(&mut taken, TAKEN_MAX) => if count == 0 { break },
                () = tokio::time::sleep_until(due) => {}
            }
            let (mut waiting, mut closing) = (Vec::new(), false);
            for noted in taken.drain(..) {
                match noted {
                    Noted::Attempt(attempt) => self.pending.attempt(*attempt),
                    Noted::Delivered(delivered) => self.pending.delivered(&delivered),
                    Noted::Flush(written) => waiting.push(written),
                    Noted::Close => closing = true,
                }
            }
            if closing || !waiting.is_empty() || Instant::now() >= due {
                let begun = Instant::now();
                self.write().await;
                due = Instant::now() + INTERVAL.max(begun.elapsed() * INTERVAL_PER_WRITE);
            }
            for written in waiting {
                let _ = written.send(());
            }
            if closing {
                break;
            }
        }
    }

    async fn write(&mut self) {
        let strangers = {
            let strangers = self.strangers.lock().unwrap_or_else(PoisonError::into_inner);
            strangers.counts()
        };
        let left_out = self.left_out.swap(0, Ordering::Relaxed) + self.pending.forget_excess();
        if left_out > 0 {
            tracing::warn!(left_out, "More attempts came than could be noted; {left_out} were not");
        }
        if self.pending.is_empty() && strangers.is_empty() {
            return;
        }
        let writing = store::write(&self.services, &self.pending, &strangers);
        let written = tokio::time::timeout(WRITE_TIMEOUT, writing).await;
        match written.unwrap_or_else(|late| Err(Error::fault("noting attempts", late))) {
            Ok(()) => {
                self.pending.clear();
                let mut kept = self.strangers.lock().unwrap_or_else(PoisonError::into_inner);
                kept.written(&strangers);
                self.away = false;
            }
            // Written again it would fail again, and keep everything after it waiting.
            Err(error) if error.is_about_rows() => {
                tracing::error!(%error, "Attempts could not be stored and are given up");
                self.pending.clear();
            }
            Err(error) => {
                if !self.away {
                    let source = std::error::Error::source(&error).map(ToString::to_string);
                    tracing::error!(%error, source, "Attempts could not be stored; they wait");
                }
                self.away = true;
            }
        }
    }
}

#[cfg(test)]
mod tests;
