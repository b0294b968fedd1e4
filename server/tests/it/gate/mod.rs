//! The gate as a machine meets it.

mod aborted;
mod crawlers;
mod delivered;
mod unlicensed;
mod wire;
pub mod world;

use std::time::Duration;

use imprimatur::{
    domain::{
        asset::ContentId,
        metering::{Grain, Range, Side, Totals},
        terms::Scope,
    },
    services::{
        reports::{self, UsageFilter},
        tokens,
    },
};
use object_store::{ObjectStoreExt as _, path::Path};
use reqwest::Response;
use serde_json::Value;
use sqlx::PgPool;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use self::world::{Limits, PLENTY, Sale, World};

/// Asks until it is so; fails after ten seconds.
pub async fn until(what: &str, mut so: impl AsyncFnMut() -> bool) {
    let asking = async {
        while !so().await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    assert!(tokio::time::timeout(Duration::from_secs(10), asking).await.is_ok(), "never: {what}");
}

/// Status and code of a refusal; everything a machine relies on is checked on the way.
pub async fn problem(response: Response) -> (u16, String) {
    let status = response.status().as_u16();
    let request_id = response.headers()["x-request-id"].to_str().unwrap().to_owned();
    assert_eq!(response.headers()["content-type"], "application/problem+json");
    assert_eq!(response.headers()["cache-control"], "no-store");
    assert!(!response.headers().contains_key("imprimatur-receipt"));
    let licensable = status == 401 || status == 402;
    assert_eq!(response.headers().contains_key("www-authenticate"), licensable);
    let limited = status == 429 || status == 503;
    assert_eq!(response.headers().contains_key("retry-after"), limited);
    let document: Value = response.json().await.unwrap();
    assert_eq!(document["status"], status);
    assert_eq!(document["request_id"], request_id);
    for field in ["type", "title", "detail"] {
        assert!(document[field].as_str().is_some_and(|text| !text.is_empty()), "{field}");
    }
    let code = document["code"].as_str().unwrap().to_owned();
    crate::docs::assert_documented(status, &code);
    (status, code)
}

pub async fn totals(world: &World) -> Totals {
    world.gate.settled().await;
    let range = Range::last_days(world.services.now(), 2, Grain::Day).unwrap();
    let filter = UsageFilter::default();
    reports::usage(&world.services, &world.buyer, Side::Buyer, &filter, &range)
        .await
        .unwrap()
        .totals
}

#[sqlx::test(migrator = "imprimatur::MIGRATOR")]
async fn licensed_content_comes_with_a_receipt_that_holds(pool: PgPool) {
    let world = World::new(pool).await;
    let sale = world.sale(b"Salt was the first road.".to_vec(), PLENTY).await;
    let response = world.fetch(&sale).header("Imprimatur-Job", "run 7").send().await.unwrap();
    assert_eq!(response.status(), 200);
    let headers = response.headers().clone();
    for (name, value) in [
        ("content-type", "text/plain; charset=utf-8"),
        ("content-length", "24"),
        ("etag", &format!("\"{}\"", sale.content_id)),
        ("imprimatur-content-id", sale.content_id.as_str()),
        ("accept-ranges", "bytes"),
        ("cache-control", "private, no-store"),
        ("x-content-type-options", "nosniff"),
        ("content-security-policy", "sandbox; default-src 'none'"),
        ("x-ratelimit-remaining", "99999"),
    ] {
        assert_eq!(headers[name], value, "{name}");
    }
    let receipt = world.receipt(&response).await;
    assert_eq!(response.bytes().await.unwrap(), sale.bytes);
    assert_eq!((receipt.license_id, receipt.token_id), (sale.license_id, sale.token_id));
    assert_eq!((receipt.bytes, receipt.scope), (24, Scope::Training));
    assert_eq!(receipt.job_id.as_ref().map(|job| job.as_str()), Some("run 7"));
    assert_eq!(world.stored().await, [receipt.receipt_id]);

    let stored = world.get(&format!("/receipts/{}", receipt.receipt_id));
    let stored = stored.bearer_auth(sale.secret.reveal()).send().await.unwrap();
    assert_eq!(stored.headers()["content-type"], "application/jose");
    assert_eq!(stored.text().await.unwrap(), headers["imprimatur-receipt"].to_str().unwrap());

    let links: Vec<&str> =
        headers.get_all("link").iter().map(|link| link.to_str().unwrap()).collect();
    assert!(links[0].starts_with(&format!("<{}{}/manifest>", world.base_url, sale.path())));
    let manifest = world.get(&format!("{}/manifest", sale.path())).send().await.unwrap();
    let manifest: Value = manifest.json().await.unwrap();
    assert_eq!(manifest["content_id"], sale.content_id.as_str());
    assert_eq!(manifest["attribution"], "Mira Holm");
    assert_eq!(manifest["provenance_chain"][0]["version"], 1);
    let license = manifest["license_uri"].as_str().unwrap();
    assert_eq!(links[1], format!("<{license}>; rel=\"license\""));
    world.gate.close().await;
}

#[sqlx::test(migrator = "imprimatur::MIGRATOR")]
async fn every_refusal_has_its_code_and_costs_nothing(pool: PgPool) {
    let world = World::new(pool).await;
    let sale = world.sale(b"one".to_vec(), PLENTY).await;
    let other = world.sale(b"two".to_vec(), PLENTY).await;
    let (_, preview) = world.token(sale.license_id, vec![Scope::Preview]).await;
    let unknown = sale.secret.reveal().replace(|digit: char| digit.is_ascii_digit(), "a");
    let missing = format!("/c/{}", ContentId::of(b"nobody's"));
    let to = |path: &str, secret: &str| world.get(path).bearer_auth(secret);
    let (path, secret) = (sale.path(), sale.secret.reveal());
    for (request, expected) in [
        (world.get(&path), (402, "license_required")),
        (world.get(&missing), (401, "missing_token")),
        (world.get("/c/x").basic_auth("a", Some("b")), (401, "missing_token")),
        (to("/c/x", "sk_test_short"), (403, "invalid_token")),
        (to(&path, &unknown), (403, "invalid_token")),
        (to(&path, ""), (402, "license_required")),
        (to(&other.path(), secret), (402, "content_not_licensed")),
        (to(&missing, secret), (403, "content_not_licensed")),
        (to("/c/sha256:x", secret), (403, "content_not_licensed")),
        (to("/c/%FF%00", secret), (403, "content_not_licensed")),
        (to(&path, secret).header("Imprimatur-Scope", "mining"), (403, "scope_not_granted")),
        (
            to(&path, preview.reveal()).header("Imprimatur-Scope", "training"),
            (403, "scope_not_granted"),
        ),
        (to(&path, secret).header("Imprimatur-Job", "x".repeat(129)), (400, "invalid_job")),
        (world.get("/receipts/x"), (401, "missing_token")),
        (to("/receipts/x", secret), (404, "not_found")),
        (world.get(&format!("{missing}/manifest")), (404, "not_found")),
        (to(&format!("{path}/manifest"), &unknown), (403, "invalid_token")),
    ] {
        let sent = format!("{request:?}");
        let (status, code) = problem(request.send().await.unwrap()).await;
        assert_eq!((status, code.as_str()), expected, "{sent}");
    }

    world.fate("update license set state = 'suspended'").await;
    until("the license is suspended", async || {
        let (status, code) = problem(to("/c/x", secret).send().await.unwrap()).await;
        (status, code.as_str()) == (403, "license_inactive")
    })
    .await;
    assert!(world.stored().await.is_empty());
    world.gate.close().await;
}

async fn problem_code(response: Response) -> String {
    if response.status().is_success() {
        return "delivered".to_owned();
    }
    problem(response).await.1
}

#[sqlx::test(migrator = "imprimatur::MIGRATOR")]
async fn limits_refuse_with_the_time_to_come_back(pool: PgPool) {
    let world = World::new(pool).await;
    let slow = world.sale(b"slow".to_vec(), Limits { rate: 2, ..PLENTY }).await;
    let codes = [
        problem_code(world.fetch(&slow).send().await.unwrap()).await,
        problem_code(world.fetch(&slow).send().await.unwrap()).await,
        problem_code(world.fetch(&slow).send().await.unwrap()).await,
    ];
    assert_eq!(codes, ["delivered", "delivered", "rate_limited"]);
    let refused = world.fetch(&slow).send().await.unwrap();
    assert_eq!(refused.status(), 429);
    let wait: u64 = refused.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=30).contains(&wait), "{wait}");
    assert_eq!(refused.headers()["x-ratelimit-remaining"], "0");

    let small = world.sale(b"small".to_vec(), Limits { units: 1, ..PLENTY }).await;
    let inference = || world.fetch(&small).header("Imprimatur-Scope", "inference").send();
    assert_eq!(problem_code(inference().await.unwrap()).await, "delivered");
    assert_eq!(problem_code(inference().await.unwrap()).await, "quota_exceeded");
    world.gate.close().await;
}

#[sqlx::test(migrator = "imprimatur::MIGRATOR")]
async fn a_revoked_token_is_refused_within_a_second(pool: PgPool) {
    let world = World::new(pool).await;
    let sale = world.sale(b"one".to_vec(), PLENTY).await;
    assert_eq!(world.fetch(&sale).send().await.unwrap().status(), 200);
    tokens::revoke(&world.services, &world.buyer, sale.token_id).await.unwrap();
    let refused = async {
        while world.fetch(&sale).send().await.unwrap().status() == 200 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    assert!(tokio::time::timeout(Duration::from_secs(1), refused).await.is_ok());
    let answer = world.fetch(&sale).send().await.unwrap();
    assert_eq!(problem(answer).await, (403, "invalid_token".to_owned()));
    world.gate.close().await;
}

#[sqlx::test(migrator = "imprimatur::MIGRATOR")]
async fn looking_without_taking_is_free(pool: PgPool) {
    let world = World::new(pool).await;
    let sale = world.sale(b"one".to_vec(), Limits { units: 1, ..PLENTY }).await;
    let etag = format!("\"{}\"", sale.content_id);
    for _ in 0..3 {
        let head = world.head(&sale.path()).bearer_auth(sale.secret.reveal()).send().await.unwrap();
        assert_eq!(
            (head.status().as_u16(), &head.headers()["content-length"]),
            (200, &"3".parse().unwrap())
        );
        assert_eq!(head.headers()["etag"], etag.as_str());
        assert!(!head.headers().contains_key("imprimatur-receipt"));
        for tags in [etag.clone(), "*".to_owned(), format!("\"x\", W/{etag}")] {
            let held = world.fetch(&sale).header("If-None-Match", tags).send().await.unwrap();
            assert_eq!(held.status(), 304);
            assert_eq!(held.headers()["etag"], etag.as_str());
        }
    }
    assert!(world.stored().await.is_empty());
    let other = world.fetch(&sale).header("If-None-Match", "\"x\"").send().await.unwrap();
    assert_eq!((other.status().as_u16(), world.stored().await.len()), (200, 1));

    let inference = || world.fetch(&sale).header("Imprimatur-Scope", "inference");
    assert_eq!(
        problem(inference().send().await.unwrap()).await,
        (429, "quota_exceeded".to_owned())
    );
    let held = inference().header("If-None-Match", &etag).send().await.unwrap();
    assert_eq!(held.status(), 304, "it needs nothing left in the quota");
    let stranger = world.get(&sale.path()).header("If-None-Match", &etag).send().await.unwrap();
    assert_eq!(problem(stranger).await, (402, "license_required".to_owned()));
    assert_eq!(world.stored().await.len(), 1);
    world.gate.close().await;
}

#[sqlx::test(migrator = "imprimatur::MIGRATOR")]
async fn every_answer_has_an_id_that_the_gate_chose(pool: PgPool) {
    let world = World::new(pool).await;
    let sale = world.sale(b"one".to_vec(), PLENTY).await;
    let chosen = "01ARZ3NDEKTSV4RRFFQ69G5FAV";
    let mut seen = vec![chosen.to_owned()];
    for (path, status) in [
        (sale.path(), 200),
        (format!("{}/manifest", sale.path()), 200),
        ("/.well-known/jwks.json".to_owned(), 200),
        ("/receipts/x".to_owned(), 404),
        ("/c/x".to_owned(), 403),
    ] {
        let request = world.get(&path).bearer_auth(sale.secret.reveal());
        let answer = request.header("x-request-id", chosen).send().await.unwrap();
        assert_eq!(answer.status(), status, "{path}");
        let ids: Vec<_> = answer.headers().get_all("x-request-id").iter().collect();
        assert_eq!((ids.len(), ids[0].len()), (1, 26), "{path}");
        let id = ids[0].to_str().unwrap().to_owned();
        assert!(!seen.contains(&id), "{path}: {id}");
        seen.push(id);
    }
    world.gate.close().await;
}

#[sqlx::test(migrator = "imprimatur::MIGRATOR")]
async fn other_methods_are_refused_in_the_same_manner(pool: PgPool) {
    let world = World::new(pool).await;
    let sale = world.sale(b"one".to_vec(), PLENTY).await;
    let manifest = format!("{}/manifest", sale.path());
    for path in [&sale.path(), &manifest, "/receipts/x", "/.well-known/jwks.json"] {
        for method in ["POST", "PUT", "DELETE", "OPTIONS"] {
            let answer = world.send(method, path, &sale).await;
            assert_eq!(answer.headers()["allow"], "GET,HEAD", "{method} {path}");
            assert_eq!(problem(answer).await, (405, "method_not_allowed".to_owned()));
        }
    }
    world.gate.close().await;
}

#[sqlx::test(migrator = "imprimatur::MIGRATOR")]
async fn nothing_is_delivered_while_receipts_cannot_be_stored(pool: PgPool) {
    let world = World::new(pool).await;
    let small = world.sale(b"one".to_vec(), PLENTY).await;
    let large = world.sale(vec![1; 200_000], PLENTY).await;
    let outbox = world.outbox();
    std::fs::rename(&outbox, outbox.with_extension("gone")).unwrap();
    let answer = world.fetch(&small).send().await.unwrap();
    assert_eq!(problem(answer).await, (503, "receipt_not_stored".to_owned()));
    until("the gate tries again, and cuts off what it cannot keep", async || {
        match world.fetch(&large).send().await {
            Ok(answer) => answer.status() == 200 && answer.bytes().await.is_err(),
            Err(_) => true,
        }
    })
    .await;
    assert!(world.stored().await.is_empty());
    std::fs::rename(outbox.with_extension("gone"), &outbox).unwrap();
    until("the gate delivers again", async || {
        world.fetch(&small).send().await.unwrap().status() == 200
    })
    .await;
    assert_eq!(world.stored().await.len(), 1);
    world.gate.close().await;
}

#[sqlx::test(migrator = "imprimatur::MIGRATOR")]
async fn what_is_delivered_while_the_books_are_closed_is_in_them_afterwards(pool: PgPool) {
    let world = World::new(pool).await;
    let sale = world.sale(b"one".to_vec(), PLENTY).await;
    world.fate("alter table usage_event rename to gone").await;
    let mut receipts = Vec::new();
    for _ in 0..20 {
        let answer = world.fetch(&sale).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        receipts.push(world.receipt(&answer).await.receipt_id);
    }
    let path = format!("/receipts/{}", receipts[0]);
    let known = world.get(&path).bearer_auth(sale.secret.reveal()).send().await.unwrap();
    assert_eq!(known.status(), 200, "a receipt is known before it is in the books");
    let status: Value = world.get("/healthz/gate").send().await.unwrap().json().await.unwrap();
    assert_eq!(status["receipts_waiting"], 20, "{status}");
    assert!(status["unconfirmed_seconds"].as_u64().unwrap() < 5, "{status}");
    assert!(status["outbox_bytes"].as_u64().unwrap() > 10_000, "{status}");
    world.fate("alter table gone rename to usage_event").await;
    assert_eq!(world.stored().await, receipts);
    assert_eq!(
        totals(&world).await,
        Totals { calls: 20, bytes: 60, billable_units: 1, ..totals(&world).await }
    );
    world.gate.close().await;
}

#[sqlx::test(migrator = "imprimatur::MIGRATOR")]
async fn receipts_of_a_license_can_be_fetched_by_the_batch(pool: PgPool) {
    let world = World::new(pool).await;
    let sale = world.sale(b"one".to_vec(), PLENTY).await;
    let other = world.sale(b"two".to_vec(), PLENTY).await;
    let mut receipts = Vec::new();
    for _ in 0..7 {
        let answer = world.fetch(&sale).send().await.unwrap();
        receipts.push(answer.headers()["imprimatur-receipt"].to_str().unwrap().to_owned());
        assert_eq!(world.fetch(&other).send().await.unwrap().status(), 200);
    }
    world.gate.settled().await;
    let ask = async |path: &str, sale: &Sale| {
        world.get(path).bearer_auth(sale.secret.reveal()).send().await.unwrap()
    };
    let (mut fetched, mut path, mut first) = (Vec::new(), "/receipts?limit=3".to_owned(), None);
    loop {
        let page: Value = ask(&path, &sale).await.json().await.unwrap();
        let page_receipts = page["receipts"].as_array().unwrap();
        assert!(page_receipts.len() <= 3);
        fetched.extend(page_receipts.iter().map(|jws| jws.as_str().unwrap().to_owned()));
        let Some(next) = page["next"].as_str() else { break };
        path = format!("/receipts?limit=3&cursor={next}");
        first.get_or_insert_with(|| path.clone());
    }
    assert_eq!(fetched, receipts);
    let all: Value = ask("/receipts", &sale).await.json().await.unwrap();
    assert_eq!((all["receipts"].as_array().unwrap().len(), all.get("next")), (7, None));
    let foreign = ask(&first.unwrap(), &other).await;
    assert_eq!(problem(foreign).await, (400, "invalid_cursor".to_owned()));
    let unreadable = ask("/receipts?limit=many", &sale).await;
    assert_eq!(problem(unreadable).await, (400, "invalid_query".to_owned()));
    let stranger = world.get("/receipts").send().await.unwrap();
    assert_eq!(problem(stranger).await, (401, "missing_token".to_owned()));
    world.gate.close().await;
}
