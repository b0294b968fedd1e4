//! What was noted and is not written yet, summed as far as it can be, and bounded.

use std::{
    collections::{HashMap, HashSet},
    net::IpAddr,
};

use chrono::{DateTime, DurationRound as _, TimeDelta, Utc};

use super::{
    Attempt, Delivered, Known,
    hashes::{AttemptKey, Hash, network},
};
use crate::domain::ids::TokenId;

/// The most attempts that wait to be written as rows of their own.
pub(super) const ROWS_MAX: usize = 10_000;
/// The most rows of one token in an hour; what comes after is only counted.
pub(super) const ROWS_PER_TOKEN_MAX: u32 = 500;
/// The most different clients of one token in an hour; those after are counted as one.
pub(super) const CLIENTS_PER_TOKEN_MAX: usize = 256;
/// The most clients, and tokens refused, that are told apart in an hour.
const TOLD_APART_MAX: usize = 500_000;
/// The most networks that strangers of one code are told apart by in an hour.
const NETWORKS_MAX: usize = 10_000;

/// A network and a user agent.
type ClientHash = (Hash, Hash);
/// What stands for all clients beyond those that are told apart.
const OTHERS: Option<ClientHash> = None;

/// An attempt with its client hashed.
pub(super) struct Row {
    pub attempt: Attempt,
    pub address: Hash,
    pub network: Hash,
    pub client: Hash,
}

pub(super) struct ClientCount {
    pub deliveries: i64,
    pub bytes: i64,
    pub last_at: DateTime<Utc>,
}

pub(super) struct RefusalCount {
    pub known: Known,
    pub attempts: i64,
}

pub(super) struct Pending {
    key: AttemptKey,
    pub rows: Vec<Row>,
    pub refusals: HashMap<(DateTime<Utc>, TokenId, &'static str), RefusalCount>,
    pub clients: HashMap<(DateTime<Utc>, TokenId, Option<ClientHash>), ClientCount>,
    /// Of this hour: rows by token, and clients by token.
    hour: DateTime<Utc>,
    rows_of: HashMap<TokenId, u32>,
    clients_of: HashMap<TokenId, HashSet<ClientHash>>,
    told_apart: usize,
    excess: u64,
}

impl Pending {
    pub fn new(key: AttemptKey) -> Self {
        Self {
            key,
            rows: Vec::new(),
            refusals: HashMap::new(),
            clients: HashMap::new(),
            hour: DateTime::UNIX_EPOCH,
            rows_of: HashMap::new(),
            clients_of: HashMap::new(),
            told_apart: 0,
            excess: 0,
        }
    }

    pub fn is_empty(&self) -> bool {
        self.rows.is_empty() && self.refusals.is_empty() && self.clients.is_empty()
    }

    /// Forgets what was written.
    pub fn clear(&mut self) {
        self.rows.clear();
        self.refusals.clear();
        self.clients.clear();
    }

    /// How many attempts there was no room for since last asked.
    pub fn forget_excess(&mut self) -> u64 {
        std::mem::take(&mut self.excess)
    }

    pub fn attempt(&mut self, attempt: Attempt) {
        let hour = self.turn_to(attempt.at);
        let token_id = attempt.known.token_id;
        let key = (hour, token_id, attempt.code);
        if self.refusals.len() < TOLD_APART_MAX || self.refusals.contains_key(&key) {
            let count = self
                .refusals
                .entry(key)
                .or_insert_with(|| RefusalCount { known: attempt.known.clone(), attempts: 0 });
            count.attempts += 1;
        } else {
            self.excess += 1;
        }
        if !self.rows_of.contains_key(&token_id) && self.rows_of.len() >= TOLD_APART_MAX {
            return;
        }
        let rows = self.rows_of.entry(token_id).or_default();
        if *rows >= ROWS_PER_TOKEN_MAX || self.rows.len() >= ROWS_MAX {
            return;
        }
        *rows += 1;
        let Attempt { client, .. } = &attempt;
        self.rows.push(Row {
            address: self.key.address(client.address),
            network: self.key.network(client.address),
            client: self.key.agent(&client.agent),
            attempt,
        });
    }

    pub fn delivered(&mut self, delivered: &Delivered) {
        let hour = self.turn_to(delivered.at);
        let Delivered { token_id, client, .. } = delivered;
        let hash = (self.key.network(client.address), self.key.agent(&client.agent));
        let told_apart = self.tell_apart(*token_id, hash);
        let key = (hour, *token_id, if told_apart { Some(hash) } else { OTHERS });
        if self.clients.len() >= TOLD_APART_MAX && !self.clients.contains_key(&key) {
            self.excess += 1;
            return;
        }
        let none = ClientCount { deliveries: 0, bytes: 0, last_at: delivered.at };
        let count = self.clients.entry(key).or_insert(none);
        count.deliveries += 1;
        count.bytes =
            count.bytes.saturating_add(i64::try_from(delivered.bytes).unwrap_or(i64::MAX));
        count.last_at = count.last_at.max(delivered.at);
    }

    fn tell_apart(&mut self, token_id: TokenId, hash: ClientHash) -> bool {
        let clients = self.clients_of.entry(token_id).or_default();
        if clients.contains(&hash) {
            return true;
        }
        let room = clients.len() < CLIENTS_PER_TOKEN_MAX && self.told_apart < TOLD_APART_MAX;
        if room {
            clients.insert(hash);
            self.told_apart += 1;
        }
        room
    }

    /// The hour of `at`. A new one starts its bounds anew.
    fn turn_to(&mut self, at: DateTime<Utc>) -> DateTime<Utc> {
        let hour = hour_of(at);
        if hour > self.hour {
            self.hour = hour;
            self.rows_of.clear();
            self.clients_of.clear();
            self.told_apart = 0;
        }
        hour
    }
}

fn hour_of(at: DateTime<Utc>) -> DateTime<Utc> {
    at.duration_trunc(TimeDelta::hours(1)).unwrap_or(at)
}

/// Attempts without a known token, by hour and code.
#[derive(Default)]
pub(super) struct Strangers(HashMap<(DateTime<Utc>, &'static str), Stranger>);

#[derive(Default)]
struct Stranger {
    attempts: i64,
    networks: HashSet<u64>,
}

/// What is to be written of one hour and code.
pub(super) struct StrangerCount {
    pub hour: DateTime<Utc>,
    pub code: &'static str,
    /// Since the last that were written.
    pub attempts: i64,
    /// Of the whole hour.
    pub networks: i64,
}

impl Strangers {
    pub fn count(&mut self, at: DateTime<Utc>, code: &'static str, address: IpAddr) {
        let stranger = self.0.entry((hour_of(at), code)).or_default();
        stranger.attempts += 1;
        if stranger.networks.len() < NETWORKS_MAX {
            stranger.networks.insert(network(address));
        }
    }

    pub fn counts(&self) -> Vec<StrangerCount> {
        let counts = self.0.iter().filter(|(_, stranger)| stranger.attempts > 0);
        let counts = counts.map(|(&(hour, code), stranger)| StrangerCount {
            hour,
            code,
            attempts: stranger.attempts,
            networks: i64::try_from(stranger.networks.len()).unwrap_or(i64::MAX),
        });
        counts.collect()
    }

    /// Takes off what was written, and forgets hours that are over.
    pub fn written(&mut self, counts: &[StrangerCount]) {
        for count in counts {
            if let Some(stranger) = self.0.get_mut(&(count.hour, count.code)) {
                stranger.attempts -= count.attempts;
            }
        }
        let newest = self.0.keys().map(|(hour, _)| *hour).max();
        self.0.retain(|(hour, _), stranger| Some(*hour) == newest || stranger.attempts > 0);
    }
}
