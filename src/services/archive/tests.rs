use object_store::{ObjectStoreExt as _, memory::InMemory};
use rand::{SeedableRng as _, rngs::StdRng};
use sqlx::PgPool;

use super::*;
use crate::services::{
    gate::fixtures::{Sale, World},
    metering::{self, Observed},
    reports::fixtures::{draw, instants, write},
};

/// Events of February and March 2026, seen in the summer.
struct Told {
    world: World,
    sales: Vec<Sale>,
    archive: Archive,
    store: Arc<InMemory>,
    rng: StdRng,
}

const FEBRUARY: &str = "2026-02";

impl Told {
    async fn new(pool: PgPool) -> Self {
        let world = World::new(pool).await;
        let sales = vec![world.sale(100, None).await, world.sale(100, None).await];
        let store = Arc::new(InMemory::new());
        let archive = Archive { events_per_part: 30, ..Archive::new(store.clone(), 90) };
        let mut told = Self { world, sales, archive, store, rng: StdRng::seed_from_u64(5) };
        told.happen(&[0, 1, 5, 12, 20], 100).await;
        told
    }

    /// So many events on these days before now.
    async fn happen(&mut self, days: &[i64], count: usize) {
        let instants = instants(&self.world, days, 6);
        let events: Vec<Observed> =
            (0..count).map(|_| draw(&mut self.rng, &self.world, &self.sales, &instants)).collect();
        write(&self.world, &events).await;
    }

    async fn advance(&self, parts: usize) -> Result<Progress> {
        advance(&self.world.services, &self.archive, None, parts).await
    }

    /// The rows of a month, from PostgreSQL.
    async fn raw(&self, month: Month) -> Vec<ArchivedEvent> {
        manifest::events_after(&self.world.services, month, None, 10_000).await.unwrap()
    }

    async fn archived(&self, month: Month) -> Vec<ArchivedEvent> {
        let events = read(&self.world.services, &self.archive, month).await.unwrap();
        events.try_collect().await.unwrap()
    }

    /// How many sums of archived months differ from their files.
    async fn archive_faults(&self) -> i64 {
        let proof = metering::reconcile(self.world.pool(), None, None).await.unwrap();
        let check = &proof.checks[0];
        assert!(check.compared == 3, "{check}");
        check.differing
    }

    async fn held(&self) -> Vec<String> {
        let months = manifest::months_held(&self.world.services).await.unwrap();
        months.iter().map(Month::to_string).collect()
    }
}

fn february() -> Month {
    FEBRUARY.parse().unwrap()
}

#[sqlx::test]
async fn a_month_is_archived_when_all_of_it_is_old_and_reads_as_it_was(pool: PgPool) {
    let mut told = Told::new(pool).await;
    let services = told.world.services.clone();
    let (raw, later) = (told.raw(february()).await, told.raw(february().next()).await);
    assert!(raw.len() > 31 && !later.is_empty());
    told.world.pass(TimeDelta::days(88));
    assert_eq!(told.advance(100).await.unwrap(), Progress::Done);
    assert_eq!(told.raw(february()).await.len(), raw.len());
    assert_eq!(sums(&services, february()).await.unwrap(), None);
    let refused = read(&services, &told.archive, february()).await.err().unwrap();
    assert_eq!(refused.refusal().unwrap().code, "not_found");

    told.world.pass(TimeDelta::days(3));
    let january = Some("2026-01".parse().unwrap());
    let run = advance(&services, &told.archive, january, 100).await.unwrap();
    assert_eq!((run, told.raw(february()).await.len()), (Progress::Done, raw.len()));
    assert_eq!(told.advance(100).await.unwrap(), Progress::Done);
    assert_eq!(told.archived(february()).await, raw);
    assert_eq!(sums(&services, february()).await.unwrap(), Some(Sums::of(&raw)));
    assert!(told.raw(february()).await.is_empty());
    assert_eq!(told.raw(february().next()).await, later);
    assert!(!told.held().await.contains(&FEBRUARY.to_owned()));
    told.happen(&[0], 5).await;
    assert_eq!(told.advance(100).await.unwrap(), Progress::Done);
    assert_eq!(told.archived(february()).await, raw);
    // The books can be proved still, and a planted fault is named.
    assert_eq!(told.archive_faults().await, 0);
    let plant = "update usage_day set tokens = tokens + 1 where bucket < '2026-03-01'";
    sqlx::query(plant).execute(told.world.pool()).await.unwrap();
    assert_eq!(told.archive_faults().await, 1);
}

#[sqlx::test]
async fn cut_off_after_any_file_it_goes_on(pool: PgPool) {
    let told = Told::new(pool).await;
    let raw = told.raw(february()).await;
    told.world.pass(TimeDelta::days(91));
    let mut runs = 1;
    while told.advance(1).await.unwrap() == Progress::More {
        runs += 1;
        // A file that was stored and not listed yet is written again, the same.
        let next = format!("usage/2026/02/part-{runs:04}.parquet");
        told.store.put(&next.into(), PutPayload::from_static(b"half a file")).await.unwrap();
        if !told.held().await.contains(&FEBRUARY.to_owned()) {
            break;
        }
        assert_eq!(told.raw(february()).await, raw);
    }
    assert!(runs >= 2);
    assert_eq!(told.advance(100).await.unwrap(), Progress::Done);
    assert_eq!(told.archived(february()).await, raw);
}

#[sqlx::test]
async fn an_event_that_comes_meanwhile_is_not_lost(pool: PgPool) {
    let mut told = Told::new(pool).await;
    told.world.pass(TimeDelta::days(91));
    assert_eq!(told.advance(1).await.unwrap(), Progress::More);
    // Some of these sort before what is in the file already.
    told.happen(&[91 + 5, 91 + 12], 20).await;
    let raw = told.raw(february()).await;
    let error = told.advance(100).await.unwrap_err();
    assert!(error.refusal().is_none());
    assert_eq!(told.raw(february()).await, raw);
    assert_eq!(told.advance(100).await.unwrap(), Progress::Done);
    assert_eq!(told.archived(february()).await, raw);

    // And even one that comes after the month is gone: it goes into a file of its own.
    told.happen(&[91 + 5], 3).await;
    let late = told.raw(february()).await;
    assert_eq!(late.len(), 3);
    assert_eq!(told.archive_faults().await, 0);
    assert_eq!(told.advance(100).await.unwrap(), Progress::Done);
    let mut all = told.archived(february()).await;
    assert_eq!(all.split_off(raw.len()), late);
    assert_eq!(all, raw);
    assert_eq!(told.archive_faults().await, 0);
}

#[sqlx::test]
async fn nothing_is_let_go_of_without_its_file(pool: PgPool) {
    let told = Told::new(pool).await;
    let raw = told.raw(february()).await;
    told.world.pass(TimeDelta::days(91));
    assert_eq!(told.advance(1).await.unwrap(), Progress::More);
    let first = Path::from("usage/2026/02/part-0001.parquet");
    told.store.delete(&first).await.unwrap();
    assert!(told.advance(100).await.is_err());
    assert_eq!(told.raw(february()).await, raw);
    assert_eq!(sums(&told.world.services, february()).await.unwrap(), None);
    assert_eq!(told.advance(100).await.unwrap(), Progress::Done);
    assert_eq!(told.archived(february()).await, raw);
}

#[sqlx::test]
async fn a_changed_file_is_refused(pool: PgPool) {
    let told = Told::new(pool).await;
    told.world.pass(TimeDelta::days(91));
    assert_eq!(told.advance(100).await.unwrap(), Progress::Done);
    let first = Path::from("usage/2026/02/part-0001.parquet");
    let bytes = told.store.get(&first).await.unwrap().bytes().await.unwrap();
    let mut changed = bytes.to_vec();
    changed[100] ^= 1;
    told.store.put(&first, PutPayload::from(changed)).await.unwrap();
    let events = read(&told.world.services, &told.archive, february()).await.unwrap();
    assert!(events.try_collect::<Vec<_>>().await.is_err());
}

#[sqlx::test]
async fn one_process_archives_at_a_time(pool: PgPool) {
    let told = Told::new(pool).await;
    told.world.pass(TimeDelta::days(91));
    let other = manifest::lock(&told.world.services).await.unwrap();
    assert_eq!(told.advance(100).await.unwrap(), Progress::Busy);
    assert!(told.held().await.contains(&FEBRUARY.to_owned()));
    sqlx::Connection::close(other.unwrap()).await.unwrap();
    assert_eq!(told.advance(100).await.unwrap(), Progress::Done);
}

#[sqlx::test]
async fn the_list_of_what_is_released_is_never_changed(pool: PgPool) {
    let told = Told::new(pool).await;
    told.world.pass(TimeDelta::days(91));
    assert_eq!(told.advance(100).await.unwrap(), Progress::Done);
    for change in ["delete from usage_archive", "update usage_archive set events = events + 1"] {
        let error = sqlx::query(change).execute(told.world.pool()).await.unwrap_err();
        assert!(error.to_string().contains("append-only"), "{error}");
    }
}
