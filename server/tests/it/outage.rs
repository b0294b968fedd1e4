//! PostgreSQL is stopped for thirty seconds under load: each gate serves whom its policy says, in
//! bounded memory, and what it delivered is in the books afterwards.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use futures::future::join_all;
use imprimatur::{
    MIGRATOR,
    domain::{
        access_token::TokenSecret,
        ids::ReceiptId,
        receipt::{self, kid_of},
        terms::Scope,
    },
};
use reqwest::Client;
use server::private_postgres::{self, Durability};
use sqlx::{PgPool, postgres::PgPoolOptions};

use crate::{
    gate::{
        until,
        world::{PLENTY, Sale, World},
    },
    served::{Place, Served},
    world::Folder,
};

const OUTAGE: Duration = Duration::from_secs(30);
/// What a gate may need besides, of what it needed before.
const GROWTH_MAX: u64 = 64 * 1024 * 1024;

/// Status, code and receipt of an answer.
async fn ask(gate: &Served, sale: &Sale, secret: &TokenSecret) -> (u16, String) {
    let request = Client::new().get(format!("{}{}", gate.base_url, sale.path()));
    let answer = request.bearer_auth(secret.reveal()).send().await.unwrap();
    let status = answer.status().as_u16();
    if status == 200 {
        let jws = answer.headers()["imprimatur-receipt"].to_str().unwrap().to_owned();
        assert_eq!(answer.bytes().await.unwrap(), sale.bytes);
        return (status, jws);
    }
    assert!(status != 503 || answer.headers().contains_key("retry-after"));
    let document: serde_json::Value = answer.json().await.unwrap();
    (status, document["code"].as_str().unwrap().to_owned())
}

/// Fetches again and again until told to stop; every answer must be a delivery.
async fn load(
    url: String,
    sale: Arc<Sale>,
    stop: Arc<AtomicBool>,
    receipts: Arc<Mutex<Vec<ReceiptId>>>,
) {
    let client = Client::new();
    while !stop.load(Ordering::Relaxed) {
        let request = client.get(format!("{url}{}", sale.path()));
        let answer = request.bearer_auth(sale.secret.reveal()).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        let (_, receipt) =
            receipt::stated(answer.headers()["imprimatur-receipt"].to_str().unwrap()).unwrap();
        answer.bytes().await.unwrap();
        receipts.lock().unwrap().push(receipt.receipt_id);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// What a gate says about itself.
async fn status(gate: &Served) -> serde_json::Value {
    let answer = reqwest::get(format!("{}/healthz/gate", gate.base_url)).await.unwrap();
    answer.json().await.unwrap()
}

async fn connect(url: &str) -> PgPool {
    PgPoolOptions::new().max_connections(8).connect(url).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_goes_away_for_thirty_seconds_under_load() {
    let scratch = Folder::new();
    let cluster = scratch.0.join("postgres");
    let postgres = private_postgres::start(&cluster, 0, Durability::Disposable).await.unwrap();
    postgres.ensure_database("books").await.unwrap();
    let url = postgres.url("books");
    let pool = connect(&url).await;
    MIGRATOR.run(&pool).await.unwrap();
    let world = World::new(pool.clone()).await;
    let sale = world.sale(b"Salt was the first road.".to_vec(), PLENTY).await;
    let (_, unseen) = world.token(sale.license_id, vec![Scope::Training]).await;
    world.gate.close().await;
    let sale = Arc::new(sale);

    let policies = [("deny", "300"), ("allow", "300"), ("cache_only", "300"), ("allow", "12")];
    let mut gates = Vec::new();
    for (number, (policy, grace)) in policies.into_iter().enumerate() {
        let place = Place::new(scratch.0.join(format!("gate-{number}")), &pool);
        place.put(&sale.content_id, &sale.bytes);
        let settings = [("GATE_FAILOVER", policy), ("GATE_GRACE_SECONDS", grace)];
        gates.push((place.serve(&settings).await, place));
    }
    let [deny, allow, cache_only, brief] = [0, 1, 2, 3].map(|at| &gates[at].0);
    let receipts = Arc::new(Mutex::new(Vec::new()));
    let note = |jws: &str| {
        assert!(kid_of(jws).is_ok());
        receipts.lock().unwrap().push(receipt::stated(jws).unwrap().1.receipt_id);
    };
    for (gate, _) in &gates {
        let (code, jws) = ask(gate, &sale, &sale.secret).await;
        assert_eq!(code, 200, "{jws}");
        note(&jws);
    }
    let stop = Arc::new(AtomicBool::new(false));
    let clients: Vec<_> = (0..8)
        .map(|_| {
            let (sale, stop, receipts) =
                (Arc::clone(&sale), Arc::clone(&stop), Arc::clone(&receipts));
            tokio::spawn(load(allow.base_url.clone(), sale, stop, receipts))
        })
        .collect();
    let before = allow.resident();

    pool.close().await;
    let begun = Instant::now();
    postgres.stop().await.unwrap();
    let unknown = (503, "license_state_unknown".to_owned());
    until("a gate that denies does", async || match ask(deny, &sale, &sale.secret).await {
        (200, jws) => {
            note(&jws);
            false
        }
        answer => answer == unknown,
    })
    .await;
    assert!(begun.elapsed() >= Duration::from_secs(4), "it waits a few seconds first");
    // A token that is tried too early is one the gate has let in.
    until("another gate knows that PostgreSQL is away", async || {
        status(cache_only).await["unconfirmed_seconds"].as_u64().unwrap() > 5
    })
    .await;
    let (code, jws) = ask(cache_only, &sale, &sale.secret).await;
    assert_eq!(code, 200, "{jws}");
    note(&jws);
    assert_eq!(ask(cache_only, &sale, &unseen).await, unknown);
    let (code, jws) = ask(allow, &sale, &unseen).await;
    assert_eq!(code, 200, "{jws}");
    note(&jws);
    let stranger = TokenSecret::from_bytes(&[9; 32], false);
    for (gate, _) in &gates {
        assert_eq!(ask(gate, &sale, &stranger).await, (403, "invalid_token".to_owned()));
    }
    until("the grace ends", async || match ask(brief, &sale, &sale.secret).await {
        (200, jws) => {
            note(&jws);
            false
        }
        answer => answer == unknown,
    })
    .await;
    assert!(begun.elapsed() >= Duration::from_secs(10), "not before its end");
    tokio::time::sleep_until((begun + OUTAGE).into()).await;
    let grown = allow.resident().saturating_sub(before);
    assert!(grown < GROWTH_MAX, "the gate grew by {grown} bytes");

    let postgres = private_postgres::start(&cluster, 0, Durability::Disposable).await.unwrap();
    assert_eq!(postgres.url("books"), url, "it is where it was");
    until("a gate that denied serves again", async || match ask(deny, &sale, &sale.secret).await {
        (200, jws) => {
            note(&jws);
            true
        }
        _ => false,
    })
    .await;
    stop.store(true, Ordering::Relaxed);
    join_all(clients).await.into_iter().for_each(|client| client.unwrap());
    until("the books have caught up", async || status(allow).await["receipts_waiting"] == 0).await;
    for (gate, _) in gates {
        gate.stop().await;
    }
    let mut receipts = std::mem::take(&mut *receipts.lock().unwrap());
    receipts.sort_unstable();
    let pool = connect(&url).await;
    let stored: Vec<ReceiptId> = sqlx::query_scalar("select receipt_id from receipt order by 1")
        .fetch_all(&pool)
        .await
        .unwrap();
    assert!(receipts.len() > 500, "only {} deliveries", receipts.len());
    assert_eq!(stored, receipts);
    crate::licensing::assert_sums_of(&pool).await;
    pool.close().await;
    postgres.stop().await.unwrap();
}
