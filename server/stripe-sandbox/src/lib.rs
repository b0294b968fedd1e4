//! A payment provider for one machine. It speaks Stripe's wire format over HTTP, keeps its own books
//! in double entry, delivers signed events, and moves no real money.
//!
//! Nothing of the product is in here, and the product knows nothing of this but an address: what
//! talks to Stripe in production talks to the sandbox in the demo and in tests.

mod agenda;
pub mod api;
mod balance;
pub mod books;
mod courier;
pub mod delivery;
pub mod fail;
pub mod faults;
mod form;
mod http;
mod idempotency;
pub mod input;
mod log;
mod pages;
mod params;
mod record;
pub mod shape;
pub mod state;

use std::{
    collections::HashSet,
    io,
    net::SocketAddr,
    path::PathBuf,
    sync::{Arc, Mutex as Lock},
    time::{SystemTime, UNIX_EPOCH},
};

use rand::Rng as _;
use sqlx::PgPool;
use tokio::{net::TcpListener, sync::Mutex, task::JoinHandle};

use crate::{
    fail::Failure,
    input::{Input, Reply, What},
    log::Log,
    record::Record,
    state::State,
};

/// How a sandbox is to be.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Where it listens; any free port of this machine by default.
    pub listen: Option<SocketAddr>,
    /// Where people reach its pages, if not at the address it listens on.
    pub public_url: Option<String>,
    /// Where it remembers; only until it ends, by default.
    pub pool: Option<PgPool>,
    /// Where it writes down every request and answer.
    pub record: Option<PathBuf>,
}

/// Why a sandbox did not start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the sandbox could not listen or write")]
    Io(#[from] io::Error),
    #[error("the sandbox's memory could not be read")]
    Log(#[from] sqlx::Error),
    #[error("the sandbox's memory does not fit together: {0}")]
    Replay(#[from] Failure),
}

/// What all requests share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub state: Mutex<State>,
    log: Log,
    pub record: Record,
    /// Keys whose first call is still being answered.
    pub in_flight: Lock<HashSet<(Option<String>, String)>>,
}

impl Shared {
    /// The virtual clock.
    pub fn now(&self, state: &State) -> i64 {
        (real_now() + state.offset).max(state.now)
    }

    /// Notes what happens, then lets it happen.
    pub async fn apply(&self, what: What) -> Result<Reply, Failure> {
        let mut state = self.state.lock().await;
        let input = Input { at: self.now(&state), what };
        if let Err(error) = self.log.note(&input).await {
            tracing::error!(%error, "The sandbox could not note what happens");
            return Err(Failure::broken(500));
        }
        state.apply(input)
    }
}

fn real_now() -> i64 {
    let passed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(passed.as_secs()).unwrap_or_default()
}

/// A running sandbox; dropping it ends it.
#[derive(Debug)]
pub struct Sandbox {
    url: String,
    shared: Arc<Shared>,
    tasks: Vec<JoinHandle<()>>,
}

impl Sandbox {
    /// Starts one, where the last one with the same memory ended.
    pub async fn start(options: Options) -> Result<Self, Error> {
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let listener = TcpListener::bind(options.listen.unwrap_or(any)).await?;
        let url = format!("http://{}", listener.local_addr()?);
        let log = match options.pool {
            Some(pool) => Log::open(pool).await?,
            None => Log::none(),
        };
        let record = options.record.as_deref().map_or_else(|| Ok(Record::default()), Record::to)?;
        let mut state =
            State::new(String::new(), options.public_url.unwrap_or_else(|| url.clone()));
        let past = log.read().await?;
        let is_new = past.is_empty();
        for input in past {
            // What was refused then is refused again, and changes nothing.
            let _ = state.apply(input);
        }
        let shared =
            Arc::new(Shared { state: Mutex::new(state), log, record, in_flight: Lock::default() });
        if is_new {
            let seed = format!("{:032x}", rand::rng().random::<u128>());
            shared.apply(What::Begin { seed }).await?;
        }
        let tasks = vec![
            tokio::spawn(http::serve(listener, shared.clone())),
            tokio::spawn(courier::work(shared.clone())),
        ];
        Ok(Self { url, shared, tasks })
    }

    /// Where it listens, without a slash at the end.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Has events sent to this address, those of connected accounts or the platform's own; answers with
    /// the secret they are signed with. An address that gets them already keeps its secret.
    pub async fn tell(&self, url: &str, is_connect: bool) -> Result<String, Failure> {
        let secret = async || {
            let state = self.shared.state.lock().await;
            state
                .every("webhook_endpoint")
                .find(|endpoint| endpoint["url"] == url && endpoint["_"]["connect"] == is_connect)
                .map(|endpoint| shape::text(&endpoint["_"], "secret").to_owned())
        };
        if let Some(secret) = secret().await {
            return Ok(secret);
        }
        let body = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("url", url)
            .append_pair("enabled_events[0]", "*")
            .append_pair("connect", if is_connect { "true" } else { "false" })
            .finish();
        let call = input::Call {
            method: "POST".to_owned(),
            path: "/v1/webhook_endpoints".to_owned(),
            body,
            account: None,
            key: None,
            request: "req_of_its_owner".to_owned(),
        };
        self.shared.apply(What::Call(call)).await?;
        secret().await.ok_or_else(|| Failure::missing("webhook endpoint", url))
    }

    /// Lets something happen, as the control panel would.
    pub async fn order(&self, order: input::Order) -> Result<(), Failure> {
        self.shared.apply(What::Order(order)).await.map(|_| ())
    }

    /// What all places of its books add up to, by currency: zero.
    pub async fn sums(&self) -> std::collections::BTreeMap<String, i128> {
        self.shared.state.lock().await.books.sums()
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}
