use super::*;
use crate::{
    domain::metering::{FreeReason, window_key},
    services::{
        gate::fixtures::{Sale, World},
        mint,
    },
};
use chrono::TimeDelta;
use rand::{Rng as _, SeedableRng as _, rngs::StdRng, seq::SliceRandom as _};
use sqlx::PgPool;

fn observed(world: &World, sale: &Sale, key: &str) -> Observed {
    Observed {
        usage_event_id: mint(),
        sender: "gate",
        sender_key: key.to_owned(),
        receipt_id: None,
        license_id: sale.license_id,
        org_id: world.buyer,
        creator_org_id: world.creator,
        asset_id: sale.asset_id,
        content_id: sale.content_id.clone(),
        scope: Scope::Training,
        job: None,
        bytes: 7,
        occurred_at: world.services.now(),
    }
}

async fn write(world: &World, observed: &[Observed]) -> Vec<Judgement> {
    let mut tx = world.pool().begin().await.unwrap();
    let judgements = record(&mut tx, world.services.now(), observed).await.unwrap();
    tx.commit().await.unwrap();
    judgements
}

#[sqlx::test]
async fn the_same_key_again_is_answered_as_the_first_time(pool: PgPool) {
    let world = World::new(pool).await;
    let sale = world.sale(10, None).await;
    let one = observed(&world, &sale, "1");
    let two = Observed { usage_event_id: mint(), sender_key: "2".into(), ..one.clone() };
    let repeat = Judgement { billable_units: 0, free_reason: Some(FreeReason::Repeat) };
    let billed = Judgement { billable_units: 1, free_reason: None };
    assert_eq!(write(&world, std::slice::from_ref(&one)).await, [billed]);
    let again = Observed { usage_event_id: mint(), ..one.clone() };
    let batch = [two.clone(), again.clone(), two.clone(), again];
    assert_eq!(write(&world, &batch).await, [repeat, billed, repeat, billed]);
    assert_eq!(write(&world, &batch).await, [repeat, billed, repeat, billed]);
    let events: i64 = sqlx::query_scalar("select count(*) from usage_event")
        .fetch_one(world.pool())
        .await
        .unwrap();
    assert_eq!(events, 2);
    world.assert_books_balance().await;
}

#[sqlx::test]
async fn writers_who_race_bill_a_window_once(pool: PgPool) {
    let world = World::new(pool).await;
    let sale = world.sale(10, None).await;
    let writers = (0..8).map(|key| {
        let one = [observed(&world, &sale, &key.to_string())];
        let world = &world;
        async move { write(world, &one).await[0].billable_units }
    });
    let billed: i64 = futures::future::join_all(writers).await.into_iter().sum();
    assert_eq!(billed, 1);
    world.assert_books_balance().await;
}

/// Random histories, shuffled and repeated, written in random batches by writers at the same time.
#[sqlx::test]
async fn any_history_costs_what_the_rule_says_and_adds_up(pool: PgPool) {
    let world = World::new(pool).await;
    let sales = [world.sale(10, None).await, world.sale(10, Some(5_000_000)).await];
    for seed in 0..6 {
        let mut rng = StdRng::seed_from_u64(seed);
        let mut history: Vec<Observed> = (0..120)
            .map(|number| {
                let base = observed(
                    &world,
                    &sales[rng.random_range(0..sales.len())],
                    &format!("{seed}/{number}"),
                );
                let job = (rng.random_range(0..3) > 0).then(|| {
                    JobName::parse(&format!("{seed}-{}", rng.random_range(0..9))).unwrap()
                });
                Observed {
                    scope: Scope::ALL[rng.random_range(0..Scope::ALL.len())],
                    job,
                    bytes: rng.random_range(0..1_000_000),
                    occurred_at: base.occurred_at
                        + TimeDelta::days(100 * i64::try_from(seed).unwrap())
                        - TimeDelta::minutes(rng.random_range(0..90_000)),
                    ..base
                }
            })
            .collect();
        let expected: i64 = {
            let windows: HashSet<_> = history
                .iter()
                .filter(|each| each.scope == Scope::Training)
                .map(|each| (&each.content_id, window_key(each.job.as_ref(), each.occurred_at)))
                .collect();
            let calls = history.iter().filter(|each| each.scope == Scope::Inference).count();
            i64::try_from(windows.len() + calls).unwrap()
        };
        let before = billable(&world).await;
        let repeated: Vec<Observed> = history
            .iter()
            .filter(|_| rng.random_bool(0.3))
            .map(|each| Observed { usage_event_id: mint(), ..each.clone() })
            .collect();
        // Equal keys in two transactions at once are refused by PostgreSQL and tried again by the
        // writer; here they are written one after the other.
        history.shuffle(&mut rng);
        let writers = history.chunks(rng.random_range(1..50)).map(|batch| write(&world, batch));
        futures::future::join_all(writers).await;
        write(&world, &repeated).await;
        assert_eq!(billable(&world).await - before, expected, "seed {seed}");
        world.assert_books_balance().await;
    }
}

async fn billable(world: &World) -> i64 {
    sqlx::query_scalar("select coalesce(sum(billable_units), 0)::bigint from usage_event")
        .fetch_one(world.pool())
        .await
        .unwrap()
}
