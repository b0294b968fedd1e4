use super::*;
use crate::{
    domain::metering::{Unit, window_key},
    services::{
        gate::fixtures::{Sale, World},
        mint,
    },
};
use chrono::TimeDelta;
use rand::{Rng as _, SeedableRng as _, rngs::StdRng, seq::SliceRandom as _};
use sqlx::PgPool;
use std::collections::HashSet;

mod reconciling;
mod reporting;

fn observed(world: &World, sale: &Sale) -> Observed {
    Observed {
        usage_event_id: mint(),
        sender_org_id: Some(world.buyer),
        license_id: sale.license_id,
        content_id: sale.content_id.clone(),
        scope: Scope::Training,
        job: None,
        occurred_at: world.services.now(),
        measures: Measures { calls: 1, bytes: 7, ..Measures::default() },
        dimensions: Dimensions::default(),
        attribution: None,
        cache_hit: false,
        free_said: None,
    }
}

async fn write(world: &World, observed: &[Observed]) -> Vec<Judgement> {
    let mut tx = world.pool().begin().await.unwrap();
    let judgements = record(&mut tx, world.services.now(), observed).await.unwrap();
    tx.commit().await.unwrap();
    judgements
}

async fn number(world: &World, sql: &'static str) -> i64 {
    sqlx::query_scalar(sql).fetch_one(world.pool()).await.unwrap()
}

const BILLED: Judgement = Judgement { billable_units: 1, free_reason: None };

const fn free(reason: FreeReason) -> Judgement {
    Judgement { billable_units: 0, free_reason: Some(reason) }
}

#[sqlx::test]
async fn a_use_written_before_is_answered_and_never_written_again(pool: PgPool) {
    let world = World::new(pool).await;
    let sale = world.sale(10, None).await;
    let [one, two] = [observed(&world, &sale), observed(&world, &sale)];
    let batch = [one.clone(), two.clone()];
    let written = write(&world, &batch).await;
    assert_eq!(written.iter().filter(|&&each| each == BILLED).count(), 1);
    assert_eq!(written.iter().filter(|&&each| each == free(FreeReason::Repeat)).count(), 1);

    let mut tx = world.pool().begin().await.unwrap();
    let place = |each: &Observed| Place {
        license_id: each.license_id,
        occurred_at: each.occurred_at,
        usage_event_id: each.usage_event_id,
    };
    let places = [place(&one), place(&two), place(&observed(&world, &sale))];
    let before = judged(&mut tx, &places).await.unwrap();
    assert_eq!(before.len(), 2);
    assert_eq!([before[&one.usage_event_id], before[&two.usage_event_id]], written[..]);

    let again = Observed { scope: Scope::Inference, ..one };
    assert!(record(&mut tx, world.services.now(), &[again]).await.is_err());
    drop(tx);
    world.assert_books_balance().await;
}

#[sqlx::test]
async fn writers_who_race_bill_a_unit_once(pool: PgPool) {
    let world = World::new(pool).await;
    let sale = world.sale(10, None).await;
    let writers = (0..8).map(|_| {
        let one = [observed(&world, &sale)];
        let world = &world;
        async move { write(world, &one).await[0].billable_units }
    });
    let billed: i64 = futures::future::join_all(writers).await.into_iter().sum();
    assert_eq!(billed, 1);
    world.assert_books_balance().await;
}

#[sqlx::test]
async fn nothing_is_billed_before_the_license_or_against_its_receipt(pool: PgPool) {
    let world = World::new(pool).await;
    let sale = world.sale(10, None).await;
    let base = observed(&world, &sale);
    let early = Observed {
        occurred_at: base.occurred_at - TimeDelta::days(1) - TimeDelta::seconds(1),
        ..base.clone()
    };
    let told =
        Observed { usage_event_id: mint(), free_said: Some(FreeReason::Repeat), ..base.clone() };
    let next = Observed { usage_event_id: mint(), ..base };
    let judgements = write(&world, &[early, told, next]).await;
    let expected = [free(FreeReason::BeforeMeter), free(FreeReason::Repeat), BILLED];
    assert_eq!(judgements, expected);
    world.assert_books_balance().await;
}

#[sqlx::test]
async fn a_use_is_billed_by_what_its_tier_counts(pool: PgPool) {
    let world = World::new(pool).await;
    let sale = world.sale(10, None).await;
    let unit = |unit: Unit| {
        let sql = "alter table tier disable trigger all; update tier set unit = '?'";
        sql.replace('?', unit.as_str())
    };
    for (counted, expected) in
        [(Unit::Call, 3), (Unit::Page, 5), (Unit::Token, 0), (Unit::Byte, 70)]
    {
        sqlx::raw_sql(sqlx::AssertSqlSafe(unit(counted))).execute(world.pool()).await.unwrap();
        let each = Observed {
            scope: Scope::Display,
            measures: Measures { calls: 3, pages: 5, bytes: 70, ..Measures::default() },
            ..observed(&world, &sale)
        };
        assert_eq!(write(&world, &[each]).await[0].billable_units, expected, "{counted}");
    }
    world.assert_books_balance().await;
}

#[sqlx::test]
async fn what_comes_late_is_counted_where_it_happened(pool: PgPool) {
    let world = World::new(pool).await;
    let sale = world.sale(10, None).await;
    let end_of_month = "2026-01-31T23:59:59.999999Z".parse().unwrap();
    let at = |occurred_at| Observed { occurred_at, ..observed(&world, &sale) };
    write(&world, &[at(end_of_month + TimeDelta::microseconds(1)), at(end_of_month)]).await;
    let buckets: Vec<DateTime<Utc>> = sqlx::query_scalar(
        "(select bucket from usage_hour order by 1) union all
         (select bucket from usage_day order by 1) union all
         (select bucket from usage_month order by 1)",
    )
    .fetch_all(world.pool())
    .await
    .unwrap();
    let expected = [
        "2026-01-31T23:00:00Z",
        "2026-02-01T00:00:00Z",
        "2026-01-31T00:00:00Z",
        "2026-02-01T00:00:00Z",
        "2026-01-01T00:00:00Z",
        "2026-02-01T00:00:00Z",
    ]
    .map(|at| at.parse::<DateTime<Utc>>().unwrap());
    assert_eq!(buckets, expected);
    world.assert_books_balance().await;
}

#[sqlx::test]
async fn partitions_are_made_ahead_once_and_keep_what_they_hold(pool: PgPool) {
    let world = World::new(pool).await;
    assert_eq!(partitions::ensure(&world.services, 2).await.unwrap(), 4);
    assert_eq!(partitions::ensure(&world.services, 2).await.unwrap(), 0);
    world.pass(TimeDelta::days(31));
    let racing = (0..6).map(|_| partitions::ensure(&world.services, 2));
    let made: i32 =
        futures::future::join_all(racing).await.into_iter().map(|made| made.unwrap()).sum();
    assert_eq!(made, 1);
    let sale = world.sale(10, None).await;
    write(&world, &[observed(&world, &sale)]).await;
    for sql in ["delete from usage_event_2026_04", "update usage_event set bytes = 1"] {
        assert!(sqlx::query(sql).execute(world.pool()).await.is_err(), "{sql}");
    }
}

/// Random histories, shuffled, written in random batches by two writers at the same time: sums are
/// what events add up to at every commit, and together they cost what the rule says.
#[sqlx::test]
async fn any_history_costs_what_the_rule_says_and_adds_up_at_every_commit(pool: PgPool) {
    let world = World::new(pool).await;
    let sales = [world.sale(10, None).await, world.sale(10, Some(5_000_000)).await];
    for seed in 0..4 {
        let mut rng = StdRng::seed_from_u64(seed);
        let mut history: Vec<Observed> =
            (0..120).map(|_| drawn(&world, &sales, seed, &mut rng)).collect();
        let (before, expected) = (billable(&world).await, naive_cost(&history, &world));
        history.shuffle(&mut rng);
        let (left, right) = history.split_at(rng.random_range(20..100));
        let sizes: Vec<usize> = (0..2).map(|_| rng.random_range(1..30)).collect();
        let done = std::sync::atomic::AtomicUsize::new(0);
        let writer = async |half: &[Observed], size: usize| {
            for batch in half.chunks(size) {
                write(&world, batch).await;
            }
            done.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        };
        let watcher = async {
            while done.load(std::sync::atomic::Ordering::SeqCst) < 2 {
                world.assert_books_balance().await;
            }
        };
        futures::join!(writer(left, sizes[0]), writer(right, sizes[1]), watcher);
        assert_eq!(billable(&world).await - before, expected, "seed {seed}");
        world.assert_books_balance().await;
    }
}

fn drawn(world: &World, sales: &[Sale], seed: u64, rng: &mut StdRng) -> Observed {
    let base = observed(world, &sales[rng.random_range(0..sales.len())]);
    let job = (rng.random_range(0..3) > 0)
        .then(|| JobName::parse(&format!("{seed}-{}", rng.random_range(0..9))).unwrap());
    let days = 100 * i64::try_from(seed).unwrap();
    let back = TimeDelta::minutes(rng.random_range(0..90_000));
    Observed {
        scope: Scope::ALL[rng.random_range(0..Scope::ALL.len())],
        job,
        measures: Measures {
            calls: rng.random_range(0..4),
            bytes: rng.random_range(0..1_000_000),
            tokens: rng.random_range(0..50),
            ..Measures::default()
        },
        dimensions: Dimensions {
            region: ["", "eu", "us"][rng.random_range(0..3)].into(),
            model: ["", "one"][rng.random_range(0..2)].into(),
            consumer_class: String::new(),
        },
        attribution: rng
            .random_bool(0.3)
            .then(|| Attribution::millionths(rng.random_range(0..=1_000_000)).unwrap()),
        cache_hit: rng.random_bool(0.2),
        occurred_at: base.occurred_at + TimeDelta::days(days) - back,
        ..base
    }
}

/// Licenses begin a day before the world does, and count calls.
fn naive_cost(history: &[Observed], world: &World) -> i64 {
    let since = world.services.now() - TimeDelta::days(1);
    let counted = || history.iter().filter(|each| each.occurred_at >= since);
    let windows: HashSet<_> = counted()
        .filter(|each| each.scope == Scope::Training)
        .map(|each| (&each.content_id, window_key(each.job.as_ref(), each.occurred_at)))
        .collect();
    let calls: i64 = counted()
        .filter(|each| matches!(each.scope, Scope::Inference | Scope::Display))
        .map(|each| each.measures.calls)
        .sum();
    i64::try_from(windows.len()).unwrap() + calls
}

async fn billable(world: &World) -> i64 {
    number(world, "select coalesce(sum(billable_units), 0)::bigint from usage_event").await
}
