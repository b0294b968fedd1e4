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

async fn tier_of(world: &World, sale: &Sale) -> String {
    sqlx::query_scalar("select name from license join tier using (tier_id) where license_id = $1")
        .bind(sale.license_id.uuid())
        .fetch_one(world.pool())
        .await
        .unwrap()
}

#[sqlx::test]
async fn a_license_moves_up_with_the_first_unit_beyond_and_stays_there(pool: PgPool) {
    let world = World::new(pool).await;
    let sale = world.sale_on(2, None, "upgrade").await;
    let (keeper, _) = open(&world).await;
    let (training, inference) = (
        sale.ask(AskedScope::Named(Scope::Training)),
        sale.ask(AskedScope::Named(Scope::Inference)),
    );
    deliver(&keeper, &sale, &training).await;
    deliver(&keeper, &sale, &inference).await;
    // Neither a repeat nor what is not delivered moves it.
    deliver(&keeper, &sale, &training).await;
    drop(keeper.admit(&keeper.bearer(Some(&sale.secret)), &inference).unwrap());
    assert_eq!(tier_of(&world, &sale).await, "Standard");
    for _ in 0..3 {
        deliver(&keeper, &sale, &inference).await;
    }
    until("the move is written", async || tier_of(&world, &sale).await == "Premium").await;
    let moves = "select count(*) from event where name = 'license.upgraded' and actor = 'system'";
    let moves: i64 = sqlx::query_scalar(moves).fetch_one(world.pool()).await.unwrap();
    assert_eq!(moves, 1);
    until("the gate knows", async || {
        let admission = keeper.admit(&keeper.bearer(Some(&sale.secret)), &inference).unwrap();
        admission.license.tier.name == "Premium"
    })
    .await;
    keeper.close().await;
}

#[sqlx::test]
async fn what_is_given_back_moves_no_license(pool: PgPool) {
    let world = World::new(pool).await;
    let sale = world.sale_on(1, None, "upgrade").await;
    let (keeper, _) = open(&world).await;
    let inference = sale.ask(AskedScope::Named(Scope::Inference));
    let admit = || keeper.admit(&keeper.bearer(Some(&sale.secret)), &inference).unwrap();
    let waiting = || moves::WAITING_MAX - keeper.shared.moves.capacity();
    let (first, second, preview) = (admit(), admit(), {
        let preview = sale.ask(AskedScope::Named(Scope::Preview));
        keeper.admit(&keeper.bearer(Some(&sale.secret)), &preview).unwrap()
    });
    // Nothing is waited for between a use and its check, so no task takes what was sent.
    assert!(
        second.reservation.use_up(Scope::Inference, 7).is_none(),
        "one used up, the other two may not be"
    );
    drop(first);
    assert!(
        preview.reservation.use_up(Scope::Preview, 7).is_none(),
        "what costs nothing moves no license"
    );
    assert_eq!((waiting(), tier_of(&world, &sale).await.as_str()), (0, "Standard"));
    deliver(&keeper, &sale, &inference).await;
    until("the move is written", async || tier_of(&world, &sale).await == "Premium").await;
    keeper.close().await;
}

#[sqlx::test]
async fn racing_clients_never_spend_more_than_the_cap(pool: PgPool) {
    let world = World::new(pool).await;
    let sale = world.sale(10, Some(5_000_000)).await;
    let (keeper, _) = open(&world).await;
    let buyer = world.member(world.buyer, Role::Finance);
    licenses::set_spend_cap(&world.services, &buyer, sale.license_id, "0").await.unwrap();
    let ask = sale.ask(AskedScope::Named(Scope::Inference));
    until("the gate knows the cap", async || {
        keeper.admit(&keeper.bearer(Some(&sale.secret)), &ask).unwrap().license.spend_cap_micros
            == Some(0)
    })
    .await;
    let clients = (0..64).map(|_| async {
        let admission = keeper.admit(&keeper.bearer(Some(&sale.secret)), &ask).ok()?;
        keeper.record(seal_whole(&keeper, admission).unwrap()).await.ok()
    });
    let served = futures::future::join_all(clients).await.into_iter().flatten().count();
    assert_eq!((served, code(&keeper, &sale)), (10, "spend_cap_reached"));
    licenses::set_spend_cap(&world.services, &buyer, sale.license_id, "5").await.unwrap();
    expect(&keeper, &sale, "delivered").await;
    keeper.close().await;
}

#[sqlx::test]
async fn changes_are_in_force_while_everything_is_read_and_after_it(pool: PgPool) {
    let world = World::new(pool).await;
    let (sale, other) = (world.sale(1000, None).await, world.sale(1000, None).await);
    let (keeper, _) = open(&world).await;
    // Licenses are read with their terms, tokens without.
    let mut block = world.pool().begin().await.unwrap();
    sqlx::query("lock table terms in access exclusive mode").execute(&mut *block).await.unwrap();
    run(&world, "select pg_notify('gate_snapshot', '')").await;
    let buyer = world.member(world.buyer, Role::Owner);
    tokens::revoke(&world.services, &buyer, sale.token_id).await.unwrap();
    expect(&keeper, &sale, "invalid_token").await;
    assert_eq!(code(&keeper, &other), "delivered");
    block.rollback().await.unwrap();
    let released = tokio::time::Instant::now();
    until("everything was read", async || keeper.snapshot_age() < released.elapsed()).await;
    assert_eq!(code(&keeper, &sale), "invalid_token");
    keeper.close().await;
}

#[sqlx::test]
async fn a_broken_license_keeps_no_other_from_being_read(pool: PgPool) {
    let world = World::new(pool).await;
    let (broken, sound) = (world.sale(10, None).await, world.sale(10, None).await);
    run(&world, "alter table license drop constraint license_tier_of_offer_fkey").await;
    sqlx::query(
        "update license set tier_id = (select tier_id from license where license_id = $2)
         where license_id = $1",
    )
    .bind(broken.license_id.uuid())
    .bind(sound.license_id.uuid())
    .execute(world.pool())
    .await
    .unwrap();
    let (keeper, _) = open(&world).await;
    assert_eq!((code(&keeper, &broken), code(&keeper, &sound)), ("invalid_token", "delivered"));
    keeper.close().await;
}

#[sqlx::test]
async fn reported_uses_take_from_what_the_gate_has_left(pool: PgPool) {
    let world = World::new(pool).await;
    let sale = world.sale(3, None).await;
    let (keeper, _) = open(&world).await;
    let inference = sale.ask(AskedScope::Named(Scope::Inference));
    deliver(&keeper, &sale, &inference).await;
    assert_eq!(code(&keeper, &sale), "delivered");
    let event = Reported {
        key: "1".into(),
        license_id: sale.license_id,
        content_id: sale.content_id.clone(),
        scope: Scope::Inference,
        job: None,
        occurred_at: world.services.now(),
        measures: Measures { calls: 2, ..Measures::default() },
        dimensions: Dimensions::default(),
        attribution: None,
        cache_hit: false,
    };
    let buyer = world.member(world.buyer, Role::Developer);
    let answers = report(&world.services, &buyer, &[event]).await.unwrap();
    assert!(matches!(answers[..], [Outcome::Accepted { .. }]), "{answers:?}");
    expect(&keeper, &sale, "quota_exceeded").await;
    keeper.close().await;
}

#[sqlx::test]
async fn what_is_read_while_everything_is_read_stays(pool: PgPool) {
    let world = World::new(pool).await;
    let (revoked, suspended) = (world.sale(10, None).await, world.sale(10, None).await);
    let (snapshot, paid) = (Snapshot::new(), Paid::default());
    let services = &world.services;
    snapshot.apply(services, &paid, &Changes::everything()).await.unwrap();
    let mut block = world.pool().begin().await.unwrap();
    sqlx::query("lock table asset_version in access exclusive mode")
        .execute(&mut *block)
        .await
        .unwrap();
    let everything = Changes::everything();
    let mut load = std::pin::pin!(snapshot.apply(services, &paid, &everything));
    let begun = until("the reading has begun", async || {
        let waiting = "select exists (select from pg_locks
            where not granted and relation = 'asset_version'::regclass)";
        sqlx::query_scalar(waiting).fetch_one(world.pool()).await.unwrap()
    });
    tokio::select! {
        () = begun => {}
        _ = &mut load => panic!("everything was read before the change"),
    }
    run(&world, "update access_token set revoked_at = now()").await;
    run(&world, "update license set state = 'suspended'").await;
    block.rollback().await.unwrap();
    let mut changes = Changes::default();
    changes.tokens.insert(revoked.token_id);
    changes.licenses.insert(suspended.license_id);
    snapshot.apply(services, &paid, &changes).await.unwrap();
    load.await.unwrap();
    assert!(matches!(snapshot.present(Some(&revoked.secret)), Presented::Unknown));
    let Presented::Known(entry) = snapshot.present(Some(&suspended.secret)) else {
        panic!("a token that was not named is as it was read")
    };
    assert!(entry.held.lock().license.standing.admits(services.now()).is_err());
}

#[sqlx::test]
async fn paid_windows_of_jobs_outlive_the_process(pool: PgPool) {
    let world = World::new(pool).await;
    let sale = world.sale(1, None).await;
    let training = sale.ask(AskedScope::Named(Scope::Training));
    let of_job = Ask { job: JobName::parse("run-1").map(Some), ..training.clone() };
    let (keeper, _) = open(&world).await;
    deliver(&keeper, &sale, &of_job).await;
    keeper.close().await;
    let (keeper, _) = open(&world).await;
    deliver(&keeper, &sale, &of_job).await;
    let refused = keeper.admit(&keeper.bearer(Some(&sale.secret)), &training).unwrap_err();
    assert_eq!(refused.refusal.code, "quota_exceeded");
    keeper.close().await;
}

#[sqlx::test]
async fn prepaid_units_left_over_are_read_for_each_month(pool: PgPool) {
    let world = World::new(pool).await;
    let sale = world.sale(1, None).await;
    run(&world, "alter table tier disable trigger tier_append_only").await;
    run(
        &world,
        "update tier set model = 'prepaid', base_micros = 1, rolls_over = true where position = 1",
    )
    .await;
    // The clock stands in March: January left its unit over, February used one of two.
    run(&world, "update license set starts_at = '2026-01-15T00:00:00Z'").await;
    run(
        &world,
        "insert into usage_month (bucket, license_id, scope, region, model, consumer_class, org_id,
                                  creator_org_id, asset_id, calls, pages, tokens, bytes,
                                  training_examples, inference_requests, billable_units, cache_hits,
                                  attribution_sum, attribution_count)
         select '2026-02-01T00:00:00Z', license_id, 'inference', '', '', '', org_id, creator_org_id,
                asset_id, 1, 1, 0, 7, 0, 1, 1, 0, 0, 0 from license",
    )
    .await;
    let (keeper, _) = open(&world).await;
    let inference = sale.ask(AskedScope::Named(Scope::Inference));
    let units = || {
        let admit = || keeper.admit(&keeper.bearer(Some(&sale.secret)), &inference).ok();
        std::iter::from_fn(admit).take(9).collect::<Vec<_>>().len()
    };
    assert_eq!(units(), 2);
    world.pass(TimeDelta::days(31));
    until("April has what March left over", async || units() == 3).await;
    keeper.close().await;
}
