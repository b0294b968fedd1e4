use std::{
    net::{IpAddr, Ipv4Addr},
    time::Duration,
};

use chrono::TimeDelta;
use sqlx::PgPool;

use super::{
    pending::{CLIENTS_PER_TOKEN_MAX, ROWS_PER_TOKEN_MAX},
    *,
};
use crate::{
    domain::{
        actor::{Actor, Role},
        metering::{Grain, Range, Side},
    },
    services::{
        gate::{
            Keeper,
            fixtures::{Sale, World},
            tests::deliver,
        },
        mint,
        reports::{self, CursorKey, Failed, FailureFilter, FailureLine, RefusalCount, UsageFilter},
        tokens,
    },
};

async fn open(world: &World) -> (Keeper, Attempts) {
    let keeper = Keeper::open(world.services.clone(), world.settings()).await.unwrap();
    let key = AttemptKey::derive(&[7; 32]);
    let attempts = Attempts::open(keeper.backroom(), key);
    (keeper, attempts)
}

fn client(last: u8, agent: &str) -> Client {
    Client::new(IpAddr::V4(Ipv4Addr::new(198, 51, last, 7)), agent)
}

fn refused(world: &World, keeper: &Keeper, sale: &Sale, code: &'static str) -> Attempt {
    let known = keeper.bearer(Some(&sale.secret)).token().unwrap();
    let ask = sale.ask(AskedScope::Unnamed);
    Attempt::new(world.services.now(), code, known, &ask, client(1, "curl/8"))
}

async fn count(world: &World, sql: &'static str) -> i64 {
    sqlx::query_scalar(sql).fetch_one(world.pool()).await.unwrap()
}

async fn incomplete(world: &World, actor: &Actor, side: Side) -> Vec<FailureLine> {
    let (key, filter) = (CursorKey::new(&[7; 32]), FailureFilter::of(Failed::Incomplete));
    let page = reports::failures(&world.services, &key, actor, side, &filter, None, 10).await;
    page.unwrap().lines
}

#[sqlx::test]
async fn both_parties_see_what_was_refused_and_nobody_else(pool: PgPool) {
    let world = World::new(pool).await;
    let sale = world.sale(10, None).await;
    let (keeper, attempts) = open(&world).await;
    for code in ["rate_limited", "quota_exceeded", "rate_limited"] {
        attempts.attempt(refused(&world, &keeper, &sale, code));
    }
    let receipt_id = mint();
    let mut cut = refused(&world, &keeper, &sale, ABORTED);
    (cut.bytes_out, cut.receipt_id) = (1234, Some(receipt_id));
    attempts.attempt(cut);
    attempts.flush().await;

    let range = Range::last_days(world.services.now(), 1, Grain::Hour).unwrap();
    let every = UsageFilter::default();
    let counted = |code: &str, attempts| RefusalCount { code: code.to_owned(), attempts };
    for (org_id, side) in [(world.creator, Side::Creator), (world.buyer, Side::Buyer)] {
        let viewer = world.member(org_id, Role::Viewer);
        let found =
            reports::refusals(&world.services, &viewer, side, &every, &range).await.unwrap();
        assert_eq!(found, [counted("rate_limited", 2), counted("quota_exceeded", 1)]);
        let cut = incomplete(&world, &viewer, side).await;
        assert_eq!((cut.len(), cut[0].bytes_out, cut[0].receipt_id), (1, 1234, Some(receipt_id)));
        assert_eq!(cut[0].subject, sale.content_id.as_str());
    }
    // Its client left while the receipt was being written.
    let receipt = deliver(&keeper, &sale, &sale.ask(AskedScope::Unnamed)).await;
    let mut left = refused(&world, &keeper, &sale, ABORTED);
    left.receipt_id = Some(receipt.receipt_id);
    attempts.attempt(left);
    attempts.flush().await;
    let noted = "select count(*) from gate_attempt where receipt_id is not null";
    assert_eq!(count(&world, noted).await, 2);
    for (org_id, side) in [(world.creator, Side::Creator), (world.buyer, Side::Buyer)] {
        let viewer = world.member(org_id, Role::Viewer);
        let cut = incomplete(&world, &viewer, side).await;
        assert_eq!((cut.len(), cut[0].receipt_id), (1, Some(receipt_id)));
    }
    let stranger = world.member(mint(), Role::Owner);
    for side in [Side::Creator, Side::Buyer] {
        let found =
            reports::refusals(&world.services, &stranger, side, &every, &range).await.unwrap();
        assert!(found.is_empty());
        let cut = incomplete(&world, &stranger, side).await;
        assert!(cut.is_empty());
    }
    attempts.close().await;
    keeper.close().await;
}

#[sqlx::test]
async fn a_token_shows_when_and_from_where_it_was_used(pool: PgPool) {
    let world = World::new(pool).await;
    let sale = world.sale(10, None).await;
    let (keeper, attempts) = open(&world).await;
    let used = |client: Client| Delivered {
        at: world.services.now(),
        token_id: sale.token_id,
        client,
        bytes: 7,
    };
    attempts.delivered(used(client(1, "curl/8")));
    attempts.flush().await;
    attempts.delivered(used(client(1, "curl/8")));
    attempts.delivered(used(client(1, "wget")));
    attempts.delivered(used(client(2, "curl/8")));
    attempts.flush().await;
    let sums = "select count(*) + 100 * sum(deliveries)::bigint + 10000 * sum(bytes)::bigint
                from token_client_hour";
    assert_eq!(count(&world, sums).await, 280_403);
    world.pass(TimeDelta::hours(2));
    attempts.delivered(used(client(1, "curl/8")));
    attempts.flush().await;
    let viewer = world.member(world.buyer, Role::Viewer);
    let listed = tokens::list(&world.services, &viewer, sale.license_id).await.unwrap();
    assert_eq!(listed[0].last_used_at, Some(world.services.now()));

    world.pass(TimeDelta::days(91));
    assert_eq!(sweep(&world.services).await.unwrap(), 3);
    let listed = tokens::list(&world.services, &viewer, sale.license_id).await.unwrap();
    assert!(listed[0].last_used_at.is_some(), "the last use is kept");
    attempts.close().await;
    keeper.close().await;
}

#[sqlx::test]
async fn a_flood_is_counted_whole_and_kept_in_few_rows(pool: PgPool) {
    const FLOOD: i64 = 5000;
    const NETWORKS: i64 = 20;
    let world = World::new(pool).await;
    let sale = world.sale(10, None).await;
    let (keeper, attempts) = open(&world).await;
    for n in 0..FLOOD {
        let mut attempt = refused(&world, &keeper, &sale, "rate_limited");
        attempt.client = client(u8::try_from(n % 256).unwrap(), &format!("bot \0 {n}"));
        let client = attempt.client.clone();
        let (at, token_id) = (attempt.at, sale.token_id);
        attempts.attempt(attempt);
        attempts.delivered(Delivered { at, token_id, client, bytes: 1 });
        attempts.stranger(
            at,
            "invalid_token",
            IpAddr::V4(Ipv4Addr::from_bits(0x0a00_0000 + (n as u32))),
        );
    }
    attempts.flush().await;
    assert_eq!(
        count(&world, "select count(*) from gate_attempt").await,
        i64::from(ROWS_PER_TOKEN_MAX)
    );
    assert_eq!(count(&world, "select sum(attempts)::bigint from gate_refusal_hour").await, FLOOD);
    let clients = count(&world, "select count(*) from token_client_hour").await;
    assert_eq!(clients, i64::try_from(CLIENTS_PER_TOKEN_MAX).unwrap() + 1);
    assert_eq!(count(&world, "select sum(deliveries)::bigint from token_client_hour").await, FLOOD);
    assert_eq!(count(&world, "select attempts from stranger_hour").await, FLOOD);
    assert_eq!(count(&world, "select networks from stranger_hour").await, NETWORKS);
    attempts.stranger(world.services.now(), "invalid_token", IpAddr::V4(Ipv4Addr::LOCALHOST));
    attempts.close().await;
    assert_eq!(count(&world, "select attempts from stranger_hour").await, FLOOD + 1);
    assert_eq!(count(&world, "select networks from stranger_hour").await, NETWORKS + 1);
    keeper.close().await;
}

#[sqlx::test]
async fn what_cannot_be_written_waits_and_never_holds_anybody_up(pool: PgPool) {
    let world = World::new(pool).await;
    let sale = world.sale(10, None).await;
    let (keeper, attempts) = open(&world).await;
    sqlx::query("alter table gate_attempt rename to gone").execute(world.pool()).await.unwrap();
    let begun = std::time::Instant::now();
    for _ in 0..100 {
        attempts.attempt(refused(&world, &keeper, &sale, "rate_limited"));
    }
    assert!(begun.elapsed() < Duration::from_secs(1));
    attempts.flush().await;
    sqlx::query("alter table gone rename to gate_attempt").execute(world.pool()).await.unwrap();
    attempts.flush().await;
    assert_eq!(count(&world, "select count(*) from gate_attempt").await, 100);
    assert_eq!(count(&world, "select sum(attempts)::bigint from gate_refusal_hour").await, 100);
    attempts.close().await;
    keeper.close().await;
}
