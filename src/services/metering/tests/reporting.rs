use super::*;
use crate::{
    domain::{
        actor::{Actor, Role},
        metering::{BATCH_MAX, Reported},
    },
    services::{
        archive::{self, Archive, Progress},
        gate::Machine,
        testing::code,
    },
};
use object_store::memory::InMemory;
use std::sync::Arc;

struct Stage {
    world: World,
    sale: Sale,
    buyer: Actor,
}

async fn stage(pool: PgPool) -> Stage {
    let world = World::new(pool).await;
    let sale = world.sale(10, None).await;
    let buyer = world.member(world.buyer, Role::Developer);
    Stage { world, sale, buyer }
}

impl Stage {
    fn event(&self, key: &str) -> Reported {
        Reported {
            key: key.into(),
            license_id: self.sale.license_id,
            content_id: self.sale.content_id.clone(),
            scope: Scope::Inference,
            job: None,
            occurred_at: self.world.services.now() - TimeDelta::hours(1),
            measures: Measures { calls: 2, tokens: 900, ..Measures::default() },
            dimensions: Dimensions {
                region: "eu".into(),
                model: "one".into(),
                consumer_class: "assistant".into(),
            },
            attribution: Attribution::millionths(250_000).ok(),
            cache_hit: true,
        }
    }

    async fn report(&self, batch: &[Reported]) -> Vec<Outcome> {
        report(&self.world.services, &self.buyer, batch).await.unwrap()
    }

    async fn refused(&self, event: Reported) -> &'static str {
        match &self.report(&[event]).await[..] {
            [Outcome::Rejected(refusal)] => refusal.code,
            other => panic!("{other:?}"),
        }
    }
}

fn accepted(outcome: &Outcome) -> (UsageEventId, Judgement) {
    match *outcome {
        Outcome::Accepted { usage_event_id, judgement } => (usage_event_id, judgement),
        ref other => panic!("{other:?}"),
    }
}

#[sqlx::test]
async fn the_same_key_again_is_answered_as_the_first_time(pool: PgPool) {
    let stage = stage(pool).await;
    let [one, two] = [stage.event("1"), stage.event("2")];
    let first = stage.report(&[one.clone(), two.clone(), one.clone()]).await;
    let ((id, judgement), (other, _)) = (accepted(&first[0]), accepted(&first[1]));
    assert_eq!(judgement, Judgement { billable_units: 2, free_reason: None });
    let duplicate = Outcome::Duplicate { usage_event_id: id, judgement };
    assert_eq!(first[2], duplicate);
    assert_eq!(stage.report(&[two.clone(), one.clone()]).await[1], duplicate);

    // Whatever has become of the license, and however late it comes.
    sqlx::query("update license set state = 'revoked'").execute(stage.world.pool()).await.unwrap();
    stage.world.pass(TimeDelta::days(60));
    let late = stage.report(std::slice::from_ref(&one)).await;
    assert_eq!(late, std::slice::from_ref(&duplicate));

    let changed = Reported { cache_hit: false, ..one.clone() };
    let conflict = Outcome::Conflict { usage_event_id: id };
    assert_eq!(stage.report(&[changed, one]).await, [conflict, duplicate]);
    assert_eq!(number(&stage.world, "select count(*) from usage_event").await, 2);
    assert_ne!(id, other);
    stage.world.assert_books_balance().await;
}

#[sqlx::test]
async fn every_dimension_and_measure_is_kept_and_added_up(pool: PgPool) {
    let stage = stage(pool).await;
    accepted(&stage.report(&[stage.event("1"), stage.event("2")]).await[1]);
    for table in ["usage_hour", "usage_day", "usage_month"] {
        let sql = format!(
            "select row (region, model, consumer_class, calls, tokens, billable_units, cache_hits,
                 attribution_sum, attribution_count)::text from {table}"
        );
        let row: String = sqlx::query_scalar(sqlx::AssertSqlSafe(sql))
            .fetch_one(stage.world.pool())
            .await
            .unwrap();
        assert_eq!(row, "(eu,one,assistant,4,1800,4,2,500000,2)", "{table}");
    }
}

#[sqlx::test]
async fn an_event_that_cannot_be_counted_takes_no_other_with_it(pool: PgPool) {
    let stage = stage(pool).await;
    let now = stage.world.services.now();
    let good = stage.event("good");
    let bad = [
        (Reported { license_id: mint(), ..stage.event("1") }, "not_found"),
        (Reported { content_id: ContentId::of(b"unknown"), ..stage.event("2") }, "not_found"),
        (Reported { occurred_at: now - TimeDelta::days(35), ..stage.event("3") }, "too_late"),
        (Reported { occurred_at: now + TimeDelta::days(2), ..stage.event("4") }, "too_early"),
        (stage.event("a b"), "invalid_key"),
        (
            Reported {
                measures: Measures { calls: -1, ..Measures::default() },
                ..stage.event("5")
            },
            "invalid_field",
        ),
    ];
    let mut batch: Vec<Reported> = bad.iter().map(|(event, _)| event.clone()).collect();
    batch.insert(3, good.clone());
    let mut outcomes = stage.report(&batch).await;
    accepted(&outcomes.remove(3));
    for (outcome, (event, expected)) in outcomes.iter().zip(&bad) {
        let Outcome::Rejected(refusal) = outcome else { panic!("{event:?} {outcome:?}") };
        assert_eq!(refusal.code, *expected, "{event:?}");
    }
    // A rejected key is free.
    accepted(&stage.report(&[stage.event("1")]).await[0]);
    assert_eq!(number(&stage.world, "select count(*) from usage_key").await, 2);
    stage.world.assert_books_balance().await;
}

#[sqlx::test]
async fn only_the_buyer_reports_and_only_what_its_license_grants(pool: PgPool) {
    let stage = stage(pool).await;
    let services = &stage.world.services;
    let event = [stage.event("1")];
    let creator = stage.world.member(stage.world.creator, Role::Owner);
    let outcome = report(services, &creator, &event).await.unwrap();
    assert!(matches!(&outcome[..], [Outcome::Rejected(no)] if no.code == "not_found"));
    let viewer = stage.world.member(stage.world.buyer, Role::Viewer);
    assert_eq!(code(report(services, &viewer, &event).await), "role_not_allowed");
    let many = vec![stage.event("1"); BATCH_MAX + 1];
    assert_eq!(code(report(services, &stage.buyer, &many).await), "batch_too_large");

    let other = stage.world.sale(10, None).await;
    let machine = |sale: &Sale| Machine {
        token_id: sale.token_id,
        license_id: sale.license_id,
        org_id: stage.world.buyer,
    };
    let elsewhere = report_as_machine(services, &machine(&other), &event).await.unwrap();
    assert!(matches!(&elsewhere[..], [Outcome::Rejected(no)] if no.code == "not_found"));
    let here = report_as_machine(services, &machine(&stage.sale), &event).await.unwrap();
    accepted(&here[0]);

    sqlx::query("update license set ends_at = $1")
        .bind(services.now() - TimeDelta::hours(2))
        .execute(stage.world.pool())
        .await
        .unwrap();
    assert_eq!(stage.refused(stage.event("2")).await, "license_inactive");
    let before = Reported { occurred_at: services.now() - TimeDelta::hours(3), ..stage.event("3") };
    accepted(&stage.report(&[before]).await[0]);
    sqlx::raw_sql("alter table tier disable trigger all; update tier set scopes = '{training}'")
        .execute(stage.world.pool())
        .await
        .unwrap();
    let ungranted =
        Reported { occurred_at: services.now() - TimeDelta::hours(3), ..stage.event("4") };
    assert_eq!(stage.refused(ungranted).await, "scope_not_granted");
}

/// The same events from several senders at once, in other orders and other batches.
#[sqlx::test]
async fn senders_who_race_with_the_same_events_count_each_once(pool: PgPool) {
    let stage = stage(pool).await;
    let events: Vec<Reported> = (0..60)
        .map(|key: i64| Reported {
            scope: [Scope::Training, Scope::Inference][usize::from(key % 3 == 0)],
            occurred_at: stage.world.services.now() - TimeDelta::hours(key * 11),
            ..stage.event(&key.to_string())
        })
        .collect();
    let batches: Vec<Vec<Reported>> = (0..4)
        .map(|seed| {
            let mut shuffled = events.clone();
            shuffled.shuffle(&mut StdRng::seed_from_u64(seed));
            shuffled
        })
        .collect();
    let senders = batches.iter().map(async |events| {
        let mut outcomes = Vec::new();
        for batch in events.chunks(17) {
            outcomes.extend(stage.report(batch).await);
        }
        outcomes
    });
    let outcomes: Vec<Outcome> =
        futures::future::join_all(senders).await.into_iter().flatten().collect();
    let of = |wanted: fn(&Outcome) -> bool| outcomes.iter().filter(|each| wanted(each)).count();
    assert_eq!(of(|each| matches!(each, Outcome::Accepted { .. })), 60);
    assert_eq!(of(|each| matches!(each, Outcome::Duplicate { .. })), 180);
    assert_eq!(number(&stage.world, "select count(*) from usage_event").await, 60);
    stage.world.assert_books_balance().await;
}

#[sqlx::test]
async fn a_key_is_forgotten_after_its_event_can_come_no_more(pool: PgPool) {
    let stage = stage(pool).await;
    let event = stage.event("1");
    accepted(&stage.report(std::slice::from_ref(&event)).await[0]);
    stage.world.pass(TimeDelta::days(90));
    assert_eq!(sweep(&stage.world.services).await.unwrap(), 0);
    stage.world.pass(TimeDelta::seconds(1));
    assert_eq!(sweep(&stage.world.services).await.unwrap(), 1);
    assert_eq!(stage.refused(event).await, "too_late");
}

#[sqlx::test]
async fn an_event_of_an_archived_month_takes_no_other_with_it(pool: PgPool) {
    let stage = stage(pool).await;
    let old = stage.event("1");
    accepted(&stage.report(std::slice::from_ref(&old)).await[0]);
    stage.world.pass(TimeDelta::days(80));
    let archive = Archive::new(Arc::new(InMemory::new()), 35);
    let run = archive::advance(&stage.world.services, &archive, None, 100).await.unwrap();
    assert_eq!(run, Progress::Done);
    assert_eq!(number(&stage.world, "select count(*) from usage_event").await, 0);
    assert_eq!(number(&stage.world, "select count(*) from usage_key").await, 1);

    let changed = Reported { cache_hit: false, ..old.clone() };
    let answers = stage.report(&[old, stage.event("2"), changed]).await;
    let [Outcome::Rejected(refusal), new, Outcome::Conflict { .. }] = &answers[..] else {
        panic!("{answers:?}");
    };
    assert_eq!(refusal.code, "too_late");
    accepted(new);
    assert_eq!(number(&stage.world, "select count(*) from usage_event").await, 1);
}
