//! What is counted in memory beside what is read: tiers, caps, windows, units left over.

use super::*;

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
