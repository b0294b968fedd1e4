//! Everything the sandbox knows. It changes only by `Input`s applied in order, reads no clock and
//! rolls no dice, so the same inputs lead to the same state again.

use std::collections::{BTreeMap, HashMap};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::{
    agenda::Task,
    books::Books,
    delivery::Delivery,
    fail::Failure,
    faults::Faults,
    idempotency::Saved,
    shape::{merge, shape, shown, text},
};

/// The API version everything is written in.
pub const VERSION: &str = "2026-09-30.endive";

/// All there is.
#[derive(Debug, Default)]
pub struct State {
    /// The virtual clock, in seconds since 1970.
    pub now: i64,
    /// How far the virtual clock is ahead of the real one.
    pub offset: i64,
    /// Where hosted pages are.
    pub base: String,
    seed: String,
    minted: u64,
    objects: HashMap<String, Value>,
    by_kind: HashMap<String, Vec<String>>,
    pub books: Books,
    pub agenda: BTreeMap<(i64, u64), Task>,
    pub deliveries: BTreeMap<u64, Delivery>,
    pub saved: HashMap<(Option<String>, String), Saved>,
    pub faults: Faults,
    /// The key and the request of the call that is being carried out, for its events.
    pub cause: (Option<String>, Option<String>),
}

impl State {
    /// Nothing yet. Ids are made from the seed.
    pub fn new(seed: String, base: String) -> Self {
        Self { seed, base, ..Self::default() }
    }

    /// Twenty-four letters and digits nobody has used.
    pub fn token(&mut self) -> String {
        const LETTERS: &[u8; 62] =
            b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
        self.minted += 1;
        let digest = Sha256::digest(format!("{}:{}", self.seed, self.minted));
        digest.iter().take(24).map(|byte| char::from(LETTERS[usize::from(*byte) % 62])).collect()
    }

    /// A new id with this prefix.
    pub fn mint(&mut self, prefix: &str) -> String {
        format!("{prefix}_{}", self.token())
    }

    /// A number that grows with everything that is made.
    pub fn ticket(&mut self) -> u64 {
        self.minted += 1;
        self.minted
    }

    /// Makes an object of this kind, as empty as its shape, with these members. `hidden` is what the
    /// sandbox alone knows of it.
    pub fn make(
        &mut self,
        owner: Option<&str>,
        prefix: &str,
        object: &str,
        members: Value,
        hidden: Value,
    ) -> Value {
        let id = self.mint(prefix);
        let mut made = shape(object, json!({"id": id}));
        if made.get("created").is_some() {
            made["created"] = json!(self.now);
        }
        merge(&mut made, members);
        made["_"] = hidden;
        made["_"]["owner"] = owner.map_or(Value::Null, Value::from);
        let id = text(&made, "id").to_owned();
        self.by_kind.entry(object.to_owned()).or_default().push(id.clone());
        self.objects.insert(id, made.clone());
        made
    }

    /// The object, if there is one of this kind that the asker owns.
    pub fn get(&self, owner: Option<&str>, object: &str, id: &str) -> Result<Value, Failure> {
        self.objects
            .get(id)
            .filter(|found| found["object"] == object && found["_"]["owner"].as_str() == owner)
            .filter(|found| found["deleted"] != true)
            .cloned()
            .ok_or_else(|| Failure::missing(object, id))
    }

    /// The object, whoever owns it.
    pub fn find(&self, id: &str) -> Option<&Value> {
        self.objects.get(id)
    }

    /// Changes members of an object, and answers with what has become of it.
    pub fn change(&mut self, id: &str, members: Value) -> Value {
        match self.objects.get_mut(id) {
            Some(object) => {
                merge(object, members);
                object.clone()
            }
            None => Value::Null,
        }
    }

    /// Sets one member as it is, without merging into what was there.
    pub fn set(&mut self, id: &str, member: &str, value: Value) {
        if let Some(object) = self.objects.get_mut(id) {
            object[member] = value;
        }
    }

    /// All objects of this kind that the asker owns, newest first.
    pub fn all<'a>(
        &'a self,
        owner: Option<&'a str>,
        object: &str,
    ) -> impl Iterator<Item = &'a Value> + 'a {
        self.by_kind
            .get(object)
            .map(Vec::as_slice)
            .unwrap_or_default()
            .iter()
            .rev()
            .filter_map(|id| self.objects.get(id))
            .filter(move |found| found["_"]["owner"].as_str() == owner)
            .filter(|found| found["deleted"] != true)
    }

    /// All objects of this kind, whoever owns them, newest first.
    pub fn every<'a>(&'a self, object: &str) -> impl Iterator<Item = &'a Value> + 'a {
        self.by_kind
            .get(object)
            .map(Vec::as_slice)
            .unwrap_or_default()
            .iter()
            .rev()
            .filter_map(|id| self.objects.get(id))
            .filter(|found| found["deleted"] != true)
    }

    /// Notes that something happened to an object, and plans to tell whoever wants to know.
    pub fn emit(&mut self, kind: &str, id: &str) {
        let Some(object) = self.objects.get(id) else { return };
        let account = match object["object"].as_str() {
            // An account's own events are its own, though the platform holds the object.
            Some("account") => Some(id.to_owned()),
            _ => object["_"]["owner"].as_str().map(str::to_owned),
        };
        let snapshot = shown(object);
        let (key, request) = self.cause.clone();
        let mut members = json!({
            "api_version": VERSION,
            "data": {"object": snapshot},
            "request": {"id": request, "idempotency_key": key},
            "type": kind,
        });
        if let Some(account) = &account {
            members["account"] = json!(account);
        }
        let wanted = self.wanting(kind, account.as_deref());
        members["pending_webhooks"] = json!(wanted.len());
        let event = self.make(account.as_deref(), "evt", "event", members, json!({}));
        self.plan_deliveries(text(&event, "id"), &wanted);
    }
}
