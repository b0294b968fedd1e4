mod counted;

use std::{
    mem::size_of,
    time::{Duration, Instant},
};

use chrono::TimeDelta;
use sqlx::PgPool;

use super::*;
use crate::{
    domain::{
        actor::Role,
        gate::{Ask, AskedScope, Nonce},
        ids::TokenId,
        metering::{Dimensions, JobName, Measures, Reported},
        terms::Scope,
    },
    services::{
        gate::{
            Keeper,
            fixtures::{Sale, World, seal_whole},
            moves,
            tests::{code, deliver, expect, open},
        },
        licenses,
        metering::{Outcome, report},
        mint, tokens,
        tokens::Rotation,
    },
};

async fn run(world: &World, sql: &'static str) {
    sqlx::query(sql).execute(world.pool()).await.unwrap();
}

/// Waits until something holds; fails after two seconds.
async fn until(what: &str, holds: impl AsyncFn() -> bool) {
    let wait = async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    assert!(tokio::time::timeout(Duration::from_secs(2), wait).await.is_ok(), "{what}");
}

#[test]
fn a_notification_says_what_to_read() {
    let mut changes = Changes::default();
    assert!(changes.is_empty());
    let id: LicenseId = mint();
    for what in ["license", "token", "asset"] {
        changes.add(&format!("{what}:{}", id.uuid()));
    }
    changes.add("receipt_key:abc");
    assert!(!changes.everything && changes.keys);
    assert_eq!((changes.licenses.len(), changes.tokens.len(), changes.assets.len()), (1, 1, 1));
    for odd in ["", "license", "license:", "license:x", "planet:1"] {
        let mut changes = Changes::default();
        changes.add(odd);
        assert!(changes.everything, "{odd:?}");
    }
    let mut many = Changes::default();
    for _ in 0..=Changes::MAX {
        many.add(&format!("token:{}", mint::<TokenId>().uuid()));
    }
    assert_eq!(many, Changes::everything());
}

/// A table grows to at most 16/7 of its entries.
#[test]
fn a_token_takes_less_than_two_hundred_bytes() {
    assert!((size_of::<(Key, Entry)>() + 1) * 16 / 7 < 200, "{}", size_of::<(Key, Entry)>());
}

/// Whatever else changes behind everybody's back is not seen: it was not read.
#[sqlx::test]
async fn a_change_reads_only_what_it_names(pool: PgPool) {
    let world = World::new(pool).await;
    let (first, second) = (world.sale(10, None).await, world.sale(10, None).await);
    let (keeper, _) = open(&world).await;
    deliver(&keeper, &second, &second.ask(AskedScope::Unnamed)).await;
    run(&world, "alter table license disable trigger user").await;
    run(&world, "alter table access_token disable trigger user").await;
    run(&world, "update license set state = 'suspended'").await;
    run(&world, "update access_token set revoked_at = now()").await;

    let tell = async |what: &str, id: uuid::Uuid| {
        sqlx::query("select pg_notify('gate_snapshot', $1)")
            .bind(format!("{what}:{id}"))
            .execute(world.pool())
            .await
            .unwrap();
    };
    tell("license", first.license_id.uuid()).await;
    expect(&keeper, &first, "license_inactive").await;
    tell("token", first.token_id.uuid()).await;
    expect(&keeper, &first, "invalid_token").await;
    assert_eq!(code(&keeper, &second), "delivered");
    tell("asset", second.asset_id.uuid()).await;
    expect(&keeper, &second, "license_inactive").await;
    run(&world, "update license set state = 'active'").await;
    tell("license", second.license_id.uuid()).await;
    expect(&keeper, &second, "delivered").await;
    tell("", second.license_id.uuid()).await;
    expect(&keeper, &second, "invalid_token").await;
    keeper.close().await;
}

#[sqlx::test]
async fn what_was_used_up_outlives_every_kind_of_change(pool: PgPool) {
    let world = World::new(pool).await;
    let sale = world.sale(1, None).await;
    let (keeper, _) = open(&world).await;
    let held =
        keeper.admit(&keeper.bearer(Some(&sale.secret)), &sale.ask(AskedScope::Unnamed)).unwrap();
    for change in [
        "update license set ends_at = ends_at",
        "update access_token set name = 'crawler'",
        "select pg_notify('gate_snapshot', '')",
    ] {
        run(&world, "update license set state = 'suspended'").await;
        expect(&keeper, &sale, "license_inactive").await;
        run(&world, change).await;
        run(&world, "update license set state = 'active'").await;
        expect(&keeper, &sale, "quota_exceeded").await;
    }
    drop(held);
    assert_eq!(code(&keeper, &sale), "delivered");
    keeper.close().await;
}

/// Among many tokens, for a thousand of one license say nothing about the time a change takes.
#[sqlx::test]
async fn a_revocation_is_in_force_within_a_second(pool: PgPool) {
    let world = World::new(pool).await;
    let (sale, bystander) = (world.sale(100_000, None).await, world.sale(100_000, None).await);
    run(
        &world,
        "insert into access_token (token_id, license_id, org_id, name, secret_hash, prefix, last_four,
                                   scopes, created_by, created_at)
         select gen_random_uuid(), license_id, org_id, name, sha256(n::text::bytea), prefix, last_four,
                scopes, created_by, created_at
         from access_token, generate_series(1, 10000) n
         where token_id = (select min(token_id::text)::uuid from access_token)",
    )
    .await;
    let (keeper, _) = open(&world).await;
    assert_eq!(keeper.shared.snapshot.count(world.services.now()), 10_002);
    let buyer = world.member(world.buyer, Role::Owner);
    for sale in [&sale, &bystander] {
        assert_eq!(code(&keeper, sale), "delivered");
        tokens::revoke(&world.services, &buyer, sale.token_id).await.unwrap();
        let revoked = Instant::now();
        expect(&keeper, sale, "invalid_token").await;
        assert!(revoked.elapsed() < Duration::from_secs(1), "{:?}", revoked.elapsed());
    }
    assert!(keeper.snapshot_age() < Duration::from_secs(5));
    keeper.close().await;
}

#[sqlx::test]
async fn a_rotated_token_ends_with_the_overlap(pool: PgPool) {
    let world = World::new(pool).await;
    let sale = world.sale(1000, None).await;
    let (keeper, _) = open(&world).await;
    let buyer = world.member(world.buyer, Role::Owner);
    let rotation = Rotation { token_id: mint(), old: sale.token_id, overlap_days: 1 };
    let (_, secret) = tokens::rotate(&world.services, &buyer, rotation).await.unwrap();
    let secret = secret.unwrap();
    let fresh =
        Sale { token_id: rotation.token_id, secret: secret.reveal().to_owned(), ..sale.again() };
    let old = sale;
    expect(&keeper, &fresh, "delivered").await;
    assert_eq!(code(&keeper, &old), "delivered");
    world.pass(TimeDelta::days(1));
    until("the old one ends", async || code(&keeper, &old) == "invalid_token").await;
    assert_eq!(code(&keeper, &fresh), "delivered");
    keeper.shared.snapshot.forget(world.services.now());
    assert_eq!(keeper.shared.snapshot.count(world.services.now()), 1);
    keeper.close().await;
}

#[sqlx::test]
async fn a_nonce_is_taken_once_also_after_a_restart(pool: PgPool) {
    let world = World::new(pool).await;
    let sale = world.sale(1000, None).await;
    run(&world, "update access_token set requires_nonce = true, jobs = '{run-1}'").await;
    let (keeper, _) = open(&world).await;
    let mut ask = sale.ask(AskedScope::Unnamed);
    let answer =
        |keeper: &Keeper, ask: &Ask| match keeper.admit(&keeper.bearer(Some(&sale.secret)), ask) {
            Ok(_) => "admitted",
            Err(denial) => denial.refusal.code,
        };
    assert_eq!(answer(&keeper, &ask), "job_not_allowed");
    ask.job = JobName::parse("run-1").map(Some);
    assert_eq!(answer(&keeper, &ask), "nonce_required");
    ask.nonce = Nonce::parse("0123456789abcdef").map(Some);
    assert_eq!(answer(&keeper, &ask), "admitted");
    assert_eq!(answer(&keeper, &ask), "admitted", "what was not delivered did not use it");
    let receipt = deliver(&keeper, &sale, &ask).await;
    assert_eq!(receipt.nonce, "0123456789abcdef");
    assert_eq!(answer(&keeper, &ask), "nonce_replayed");
    keeper.close().await;

    let (keeper, _) = open(&world).await;
    assert_eq!(answer(&keeper, &ask), "nonce_replayed");
    world.pass(TimeDelta::hours(24));
    assert_eq!(answer(&keeper, &ask), "admitted");
    keeper.close().await;
}

#[sqlx::test]
async fn racing_requests_with_one_nonce_are_one_delivery(pool: PgPool) {
    let world = World::new(pool).await;
    let sale = world.sale(1000, None).await;
    let (keeper, _) = open(&world).await;
    let mut ask = sale.ask(AskedScope::Named(Scope::Inference));
    ask.nonce = Nonce::parse("0123456789abcdef").map(Some);
    let clients = (0..64).map(|_| async {
        let admission = keeper.admit(&keeper.bearer(Some(&sale.secret)), &ask).ok()?;
        tokio::task::yield_now().await;
        keeper.record(seal_whole(&keeper, admission).unwrap()).await.ok()
    });
    let served = futures::future::join_all(clients).await.into_iter().flatten().count();
    assert_eq!(served, 1);
    keeper.close().await;
}
