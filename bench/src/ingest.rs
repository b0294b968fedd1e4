//! Observed uses on their way into the books, beside binary COPY into the same table in the same run
//! (P8, P9, P11), and how far the sums lie behind (P16).
//!
//! Ours is `services::metering::report`, which every door calls: each event checked, deduplicated by
//! its sender's key, judged, written and added up, and answered after the commit. COPY only writes.
//! Here alone both sides have all cores: the database is what is under test.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use chrono::TimeDelta;
use futures::{TryStreamExt as _, future::try_join_all};
use imprimatur::{
    domain::{
        actor::Actor,
        asset::ContentId,
        ids::{LicenseId, OrgId, TypedId as _},
        metering::{Dimensions, Measures, Reported},
        terms::Scope,
    },
    services::{
        Services,
        metering::{Outcome, report},
    },
};
use sqlx::{PgPool, postgres::PgPoolCopyExt as _};
use uuid::Uuid;

use crate::{
    Result,
    books::Books,
    machine::{self, Bench},
    report::{Goal, Report, Spread},
    seed::{self, Market, Size, multiply},
};

/// Events of one turn.
const EVENTS: usize = 100_000;
/// Events of one report, the most there may be.
const BATCH: usize = 1000;
/// Rows of one COPY.
const COPY_ROWS: usize = 5000;
/// Connections that write at once, on either side.
const WRITERS: usize = 2;
/// How long the lag is looked at.
const LAG_SECONDS: u64 = 10;

const MARKET: Size = Size {
    works: 100,
    bytes: 1024,
    buyers: 1,
    tokens: 1,
    units: 1_000_000_000_000,
    hard_stop: false,
    rate_per_minute: 2_000_000_000,
};

type Batches = Vec<Vec<Reported>>;

/// Who reports, and about what.
struct Sender {
    services: Services,
    actor: Actor,
    sold: Vec<(LicenseId, ContentId)>,
}

/// P8, P9, P11 and P16.
pub async fn measure(bench: &Bench, books: &Books, found: &mut Report) -> Result<()> {
    found.say("ingest: making the market");
    machine::use_all_cores(&bench.dir)?;
    let book = books.open(&bench.dir, "bench_ingest").await?;
    let market = seed::market(&book.services, MARKET).await?;
    let sender = Arc::new(Sender::new(book.services.clone(), market).await?);
    let pool = &book.services.pool;

    // The first one makes a row to copy from, and pays for what is only paid for once.
    send(&sender, sender.batches("first", EVENTS, 0, &[])).await?;
    let mut sent = EVENTS;
    let (mut copied, mut fresh, mut tenth, mut all) = (vec![], vec![], vec![], vec![]);
    for round in 0..bench.rounds {
        let name = format!("round {round}");
        copied.push(copy(pool, &name).await?);
        let batches = sender.batches(&name, EVENTS, 0, &[]);
        fresh.push(send(&sender, batches.clone()).await?);
        let replayed = sender.batches(&format!("{name} again"), EVENTS, 10, &batches);
        tenth.push(send(&sender, replayed).await?);
        all.push(send(&sender, batches).await?);
        sent += EVENTS + EVENTS * 9 / 10;
        found.say(&format!("ingest: round {} of {}", round + 1, bench.rounds));
    }
    let counted: i64 =
        sqlx::query_scalar("select count(*) from usage_event").fetch_one(pool).await?;
    let missing = i64::try_from(sent + bench.rounds * EVENTS)? - counted;
    if missing != 0 {
        return Err(format!("{missing} accepted events are not in the books.").into());
    }
    found.figure("ingest", "COPY", "rows/s", Spread::of(&copied));
    found.figure("ingest", "reported, all new", "events/s", Spread::of(&fresh));
    found.figure("ingest", "reported, a tenth replayed", "events/s", Spread::of(&tenth));
    found.figure("ingest", "reported, all replayed", "events/s", Spread::of(&all));
    found.target(
        "P8",
        "deduplicated events / rows of binary COPY, same table",
        Goal::AtLeast(0.3),
        Spread::of_ratios(&fresh, &copied),
    );
    found.target(
        "P9",
        "deduplicated events a second",
        Goal::AtLeast(100_000.0),
        Spread::of(&fresh),
    );
    found.target(
        "P11",
        "ingestion with a tenth replayed / with none",
        Goal::AtLeast(0.9),
        Spread::of_ratios(&tenth, &fresh),
    );
    found.target(
        "P11",
        "ingestion with everything replayed / with none",
        Goal::AtLeast(0.9),
        Spread::of_ratios(&all, &fresh),
    );
    measure_lag(&sender, Spread::of(&fresh).median / 2.0, found).await?;
    books.drop(book).await
}

impl Sender {
    async fn new(services: Services, market: Market) -> Result<Self> {
        let mut sold = Vec::new();
        for (content_id, _) in market.contents {
            let id: Uuid = sqlx::query_scalar(
                "select license_id from license join asset_version using (asset_id)
                 where content_id = $1",
            )
            .bind(content_id.as_str())
            .fetch_one(&services.pool)
            .await?;
            sold.push((LicenseId::from_uuid(id), content_id));
        }
        Ok(Self { services, actor: market.buyer, sold })
    }

    /// Events of an hour, in batches; every `replayed` percent of them as in `before`.
    fn batches(
        &self,
        name: &str,
        events: usize,
        replayed: usize,
        before: &[Vec<Reported>],
    ) -> Batches {
        let now = self.services.now();
        let mut replays = before.iter().flatten();
        let event = |i: usize| {
            let (license_id, content_id) = self.sold[i % self.sold.len()].clone();
            Reported {
                key: format!("{}-{i}", name.replace(' ', "-")),
                license_id,
                content_id,
                scope: Scope::Inference,
                job: None,
                occurred_at: now - TimeDelta::milliseconds(i64::try_from(i).unwrap_or(0) * 36),
                measures: Measures {
                    calls: 1,
                    tokens: 400,
                    inference_requests: 1,
                    ..Measures::default()
                },
                dimensions: Dimensions::default(),
                attribution: None,
                cache_hit: false,
            }
        };
        let mut all = (0..events).map(|i| {
            let again = if i % 100 < replayed { replays.next() } else { None };
            again.cloned().unwrap_or_else(|| event(i))
        });
        let mut batches = Vec::with_capacity(events / BATCH);
        for _ in 0..events / BATCH {
            batches.push(all.by_ref().take(BATCH).collect());
        }
        batches
    }

    async fn report(&self, batch: &[Reported]) -> Result<()> {
        for outcome in report(&self.services, &self.actor, batch).await? {
            match outcome {
                Outcome::Accepted { .. } | Outcome::Duplicate { .. } => {}
                other => return Err(format!("An event was not counted: {other:?}").into()),
            }
        }
        Ok(())
    }
}

/// Reports batches by several writers at once; events a second, until the last commit.
async fn send(sender: &Arc<Sender>, batches: Batches) -> Result<f64> {
    let events: usize = batches.iter().map(Vec::len).sum();
    let mut shares: Vec<Batches> = vec![Vec::new(); WRITERS];
    for (i, batch) in batches.into_iter().enumerate() {
        shares[i % WRITERS].push(batch);
    }
    let begun = Instant::now();
    let writers = shares.into_iter().map(|share| {
        let sender = Arc::clone(sender);
        tokio::spawn(async move {
            for batch in share {
                sender.report(&batch).await?;
            }
            Ok::<_, Box<dyn std::error::Error + Send + Sync>>(())
        })
    });
    for written in try_join_all(writers).await? {
        written?;
    }
    Ok(events as f64 / begun.elapsed().as_secs_f64())
}

/// As many rows of the same kind by binary COPY; rows a second.
async fn copy(pool: &PgPool, name: &str) -> Result<f64> {
    let mut shares: Vec<Vec<Vec<u8>>> = vec![Vec::new(); WRITERS];
    for i in 0..EVENTS / COPY_ROWS {
        shares[i % WRITERS].push(rows(pool, &format!("{name} {i}")).await?);
    }
    let begun = Instant::now();
    let writers = shares.into_iter().map(|share| {
        let pool = pool.clone();
        tokio::spawn(async move {
            for rows in share {
                let mut copy =
                    pool.copy_in_raw("copy usage_event from stdin (format binary)").await?;
                copy.send(rows).await?;
                copy.finish().await?;
            }
            Ok::<_, sqlx::Error>(())
        })
    });
    for written in try_join_all(writers).await? {
        written?;
    }
    Ok(EVENTS as f64 / begun.elapsed().as_secs_f64())
}

/// Rows in the binary format, like one that is there but for their ids and instants.
async fn rows(pool: &PgPool, name: &str) -> Result<Vec<u8>> {
    let mut db = pool.acquire().await?;
    sqlx::query("create temporary table bench_copy (like usage_event)").execute(&mut *db).await?;
    let series = format!("select '{name}' as name, i from generate_series(1, {COPY_ROWS}) i");
    multiply(
        &mut db,
        "bench_copy",
        "select * from usage_event where sender_org_id is not null limit 1",
        &series,
        &[
            ("usage_event_id", "md5(s.name || s.i)::uuid".into()),
            ("occurred_at", "now() - s.i * interval '36 milliseconds'".into()),
        ],
    )
    .await?;
    let mut rows = Vec::new();
    let mut stream = db.copy_out_raw("copy bench_copy to stdout (format binary)").await?;
    while let Some(chunk) = stream.try_next().await? {
        rows.extend_from_slice(&chunk);
    }
    drop(stream);
    sqlx::query("drop table bench_copy").execute(&mut *db).await?;
    Ok(rows)
}

/// P16: reports at half of what is possible, and how long after each answer the sums hold it.
async fn measure_lag(sender: &Arc<Sender>, rate: f64, found: &mut Report) -> Result<()> {
    let every = Duration::from_secs_f64(BATCH as f64 / rate);
    let begun = Instant::now();
    let mut ticks = tokio::time::interval(every);
    let before = summed(sender).await?;
    let mut reported = 0;
    let mut lags = Vec::new();
    while begun.elapsed() < Duration::from_secs(LAG_SECONDS) {
        ticks.tick().await;
        let batch = sender.batches(&format!("lag {reported}"), BATCH, 0, &[]);
        sender.report(&batch.concat()).await?;
        reported += i64::try_from(BATCH)?;
        let answered = Instant::now();
        while summed(sender).await? < before + reported {
            if answered.elapsed() > Duration::from_secs(60) {
                return Err("The sums do not come to hold what was reported.".into());
            }
        }
        lags.push(answered.elapsed().as_secs_f64());
    }
    found.figure(
        "ingest",
        "rate while the lag was looked at",
        "events/s",
        Spread::exact(reported as f64 / begun.elapsed().as_secs_f64()),
    );
    let worst = lags.iter().copied().fold(0.0, f64::max);
    found.target(
        "P16",
        "sums behind what was answered, seconds, the worst",
        Goal::AtMost(10.0),
        Spread { median: worst, ..Spread::of(&lags) },
    );
    Ok(())
}

/// Calls in the hourly sums of the sender.
async fn summed(sender: &Sender) -> Result<i64> {
    let calls = sqlx::query_scalar(
        "select coalesce(sum(calls), 0)::bigint from usage_hour where org_id = $1",
    )
    .bind(sender.actor.org_id().map(OrgId::uuid))
    .fetch_one(&sender.services.pool)
    .await?;
    Ok(calls)
}
