//! `kill -9` in the middle of deliveries: whoever has the last byte has a receipt in the books,
//! exactly one.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use futures::future::join_all;
use imprimatur::domain::receipt;
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use reqwest::Client;
use sqlx::PgPool;
use uuid::Uuid;

use crate::{
    gate::world::{PLENTY, Sale, World},
    served::Place,
    world::Folder,
};

const ROUNDS: u32 = 50;
const CLIENTS: usize = 40;
/// Forty clients who ask fifty times are two thousand deliveries; few rounds live to see the last.
const ASKED_EACH: usize = 50;

/// Fetches until the gate is gone; what arrived whole is noted.
async fn fetch(url: &str, sales: &[Sale], first: usize, heard: &Mutex<Vec<Uuid>>) {
    let client = Client::new();
    for turn in 0..ASKED_EACH {
        let sale = &sales[(first + turn) % sales.len()];
        let request = client.get(format!("{url}{}", sale.path())).bearer_auth(sale.secret.reveal());
        let Ok(answer) = request.send().await else { return };
        assert_eq!(answer.status(), 200);
        let jws = answer.headers()["imprimatur-receipt"].to_str().unwrap().to_owned();
        let Ok(bytes) = answer.bytes().await else { return };
        assert_eq!(bytes.len(), sale.bytes.len());
        let (_, receipt) = receipt::stated(&jws).unwrap();
        heard.lock().unwrap().push(receipt.receipt_id.uuid());
    }
}

/// How many of these have exactly one receipt and one event.
async fn booked(pool: &PgPool, heard: &[Uuid]) -> i64 {
    sqlx::query_scalar(
        "select count(*) from (
             select r.receipt_id from receipt r join usage_event e on e.usage_event_id = r.receipt_id
             where r.receipt_id = any($1) group by 1 having count(*) = 1) once",
    )
    .bind(heard)
    .fetch_one(pool)
    .await
    .unwrap()
}

#[sqlx::test(migrator = "imprimatur::MIGRATOR")]
async fn whoever_has_the_last_byte_has_one_receipt_whenever_the_gate_is_killed(pool: PgPool) {
    let seed: u64 = rand::random();
    let mut rng = StdRng::seed_from_u64(seed);
    let world = World::new(pool.clone()).await;
    let mut sales = Vec::new();
    for length in [900, 40_000, 200_000] {
        sales.push(world.sale((0..length).map(|_| rng.random()).collect(), PLENTY).await);
    }
    world.gate.close().await;
    let scratch = Folder::new();
    let place = Place::new(scratch.0.join("gate"), &pool);
    sales.iter().for_each(|sale| place.put(&sale.content_id, &sale.bytes));
    let sales = Arc::new(sales);
    let mut all = Vec::new();
    for round in 0..ROUNDS {
        let gate = place.serve(&[]).await;
        let heard = Arc::new(Mutex::new(Vec::new()));
        let clients: Vec<_> = (0..CLIENTS)
            .map(|client| {
                let (sales, heard) = (Arc::clone(&sales), Arc::clone(&heard));
                let url = gate.base_url.clone();
                tokio::spawn(async move { fetch(&url, &sales, client, &heard).await })
            })
            .collect();
        tokio::time::sleep(Duration::from_millis(rng.random_range(1..500))).await;
        gate.kill().await;
        join_all(clients).await.into_iter().for_each(|client| client.unwrap());
        let heard = std::mem::take(&mut *heard.lock().unwrap());
        all.push((round, heard));
    }
    let begun = Instant::now();
    let gate = place.serve(&[]).await;
    for (round, heard) in &all {
        let booked = booked(&pool, heard).await;
        assert_eq!(booked, heard.len() as i64, "seed {seed}, round {round}: {}", place.said());
    }
    let heard: Vec<Uuid> = all.into_iter().flat_map(|(_, heard)| heard).collect();
    assert!(heard.len() > 300, "seed {seed}: only {} deliveries", heard.len());
    gate.stop().await;
    let (receipts, events): (i64, i64) =
        sqlx::query_as("select (select count(*) from receipt), (select count(*) from usage_event)")
            .fetch_one(&pool)
            .await
            .unwrap();
    assert_eq!(receipts, events, "seed {seed}");
    crate::licensing::assert_sums_of(&pool).await;
    assert!(begun.elapsed() < Duration::from_secs(60), "seed {seed}: recovery took too long");
    let waiting = std::fs::read_dir(place.dir.join("outbox")).unwrap().count();
    assert_eq!(waiting, 1, "seed {seed}: only the lock is left");
}
