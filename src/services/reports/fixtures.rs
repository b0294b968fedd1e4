//! Events of many kinds for tests, written as the gate and senders outside write them.

use chrono::{DateTime, TimeDelta, Utc};
use rand::{Rng as _, rngs::StdRng};

use crate::{
    domain::{
        asset::ContentId,
        metering::{Attribution, Dimensions, JobName, Measures},
        terms::Scope,
    },
    services::{
        gate::fixtures::{Sale, World},
        metering::{self, Observed},
        mint,
    },
};

/// Draws an event of one of the sales at one of these instants; few values each, so that much is
/// equal.
pub(crate) fn draw(
    rng: &mut StdRng,
    world: &World,
    sales: &[Sale],
    instants: &[DateTime<Utc>],
) -> Observed {
    let sale = &sales[rng.random_range(0..sales.len())];
    let one_of = |rng: &mut StdRng, of: [&str; 3]| of[rng.random_range(0..3)].to_owned();
    let scope = Scope::ALL[rng.random_range(0..Scope::ALL.len())];
    let job = rng.random_bool(0.3).then(|| one_of(rng, ["run-1", "run-2", "run-3"]));
    Observed {
        usage_event_id: mint(),
        sender_org_id: rng.random_bool(0.5).then_some(world.buyer),
        license_id: sale.license_id,
        content_id: ContentId::of(&[rng.random_range(0..9)]),
        scope,
        job: job.map(|job| JobName::parse(&job).unwrap()),
        occurred_at: instants[rng.random_range(0..instants.len())],
        measures: Measures {
            tokens: rng.random_range(0..100),
            ..Measures::of_delivery(scope, rng.random_range(1..1000))
        },
        dimensions: Dimensions {
            region: one_of(rng, ["", "eu", "us"]),
            model: one_of(rng, ["", "small", "large"]),
            consumer_class: one_of(rng, ["", "lab", "startup"]),
        },
        attribution: rng
            .random_bool(0.5)
            .then(|| Attribution::millionths(rng.random_range(0..1_000_001)).unwrap()),
        cache_hit: rng.random_bool(0.2),
        free_said: None,
    }
}

/// Instants on several days before now, some far apart, in the order of time.
pub(crate) fn instants(world: &World, days: &[i64], each: i64) -> Vec<DateTime<Utc>> {
    let now = world.services.now();
    let mut instants: Vec<DateTime<Utc>> = days
        .iter()
        .flat_map(|day| (0..each).map(move |minute| (day, minute)))
        .map(|(day, minute)| now - TimeDelta::days(*day) - TimeDelta::minutes(97 * minute))
        .collect();
    instants.sort_unstable();
    instants
}

/// Writes events in one transaction.
pub(crate) async fn write(world: &World, events: &[Observed]) {
    let mut tx = world.pool().begin().await.unwrap();
    let instants: Vec<DateTime<Utc>> = events.iter().map(|event| event.occurred_at).collect();
    sqlx::query("select make_usage_partitions($1)")
        .bind(&instants)
        .execute(&mut *tx)
        .await
        .unwrap();
    metering::record(&mut tx, world.services.now(), events).await.unwrap();
    tx.commit().await.unwrap();
}
