//! Money: transactions posted in batches beside one at a time, one hot account beside many (P17, P18),
//! and a month of a million billable events closed (time and memory).
//!
//! Naive is the same poster with one transaction at a time on eight connections: the same tables,
//! constraints and balances. Both sides have all cores.

use std::time::Instant;

use futures::future::try_join_all;
use imprimatur::{
    domain::{
        actor::{Actor, Who},
        ids::{LicenseId, OrgId, TypedId as _},
        ledger::{self as book},
        money::{Currency, Money},
        month::Month,
    },
    services::{
        Services, billing,
        ledger::{self, Posting},
        mint,
    },
};
use sqlx::PgPool;

use crate::{
    Result,
    books::Books,
    machine::{self, Bench},
    report::{Goal, Report, Spread},
    seed::{self, Size},
};

/// Transactions of one turn, in batches and one at a time.
const BATCHED: usize = 40_000;
const NAIVE: usize = 4_000;
const BATCH: usize = 2_000;
/// Connections that post at once.
const WRITERS: usize = 2;
const NAIVE_WRITERS: usize = 8;
/// Organizations whose accounts are posted to.
const ORGANIZATIONS: i32 = 1_000;

/// A thousand licenses.
const MARKET: Size = Size {
    works: 100,
    bytes: 64,
    buyers: 10,
    tokens: 1,
    units: 500,
    hard_stop: false,
    rate_per_minute: 1_000,
};
/// Billable events of each in the month.
const EVENTS_PER_LICENSE: i32 = 1_000;

/// P17, P18 and the closing of a month.
pub async fn measure(bench: &Bench, books: &Books, found: &mut Report) -> Result<()> {
    machine::use_all_cores(&bench.dir)?;
    posting(bench, books, found).await?;
    closing(bench, books, found).await
}

/// Which accounts transactions move between.
#[derive(Clone, Copy)]
enum Accounts {
    /// Two of one organization.
    Many,
    /// One of an organization, and one that is in all of them.
    Hot,
}

async fn posting(bench: &Bench, books: &Books, found: &mut Report) -> Result<()> {
    let book = books.open(&bench.dir, "bench_ledger").await?;
    let pool = &book.services.pool;
    let orgs = organizations(pool).await?;
    let (mut naive, mut many, mut hot) = (vec![], vec![], vec![]);
    // The first one makes the accounts.
    post(pool, &orgs, Accounts::Hot, BATCHED, BATCH, WRITERS).await?;
    post(pool, &orgs, Accounts::Many, BATCHED, BATCH, WRITERS).await?;
    for round in 0..bench.rounds {
        naive.push(post(pool, &orgs, Accounts::Many, NAIVE, 1, NAIVE_WRITERS).await?);
        many.push(post(pool, &orgs, Accounts::Many, BATCHED, BATCH, WRITERS).await?);
        hot.push(post(pool, &orgs, Accounts::Hot, BATCHED, BATCH, WRITERS).await?);
        found.say(&format!("money: round {} of {}", round + 1, bench.rounds));
    }
    found.figure("money", "one at a time", "transactions/s", Spread::of(&naive));
    found.figure("money", "in batches", "transactions/s", Spread::of(&many));
    found.figure("money", "in batches, one hot account", "transactions/s", Spread::of(&hot));
    found.target(
        "P17",
        "transactions posted in batches / one at a time",
        Goal::AtLeast(4.0),
        Spread::of_ratios(&many, &naive),
    );
    found.target(
        "P18",
        "one hot account / many accounts",
        Goal::AtLeast(0.9),
        Spread::of_ratios(&hot, &many),
    );
    books.drop(book).await
}

/// Posts so many transactions, and answers how many a second.
async fn post(
    pool: &PgPool,
    orgs: &[OrgId],
    accounts: Accounts,
    count: usize,
    batch: usize,
    writers: usize,
) -> Result<f64> {
    let each = count / writers;
    let begun = Instant::now();
    let writing = (0..writers).map(|writer| async move {
        for first in (0..each).step_by(batch) {
            let postings = (first..each.min(first + batch))
                .filter_map(|at| {
                    // Every organization in turn, each writer from another one on.
                    let org = orgs[(at + writer * orgs.len() / writers) % orgs.len()];
                    let sum = Money::new(1_000_000, Currency::Usd);
                    let booked = match accounts {
                        Accounts::Many => book::earning_matured(org, sum),
                        Accounts::Hot => book::payment_received(org, sum),
                    };
                    let cause: LicenseId = mint();
                    Posting::of(cause.uuid(), "A bench.", booked).transpose()
                })
                .collect::<imprimatur::services::Result<Vec<Posting>>>()?;
            let mut tx = pool.begin().await?;
            ledger::post(&mut tx, chrono::Utc::now(), postings).await?;
            tx.commit().await?;
        }
        Ok::<(), Box<dyn std::error::Error + Send + Sync>>(())
    });
    try_join_all(writing).await?;
    Ok((each * writers) as f64 / begun.elapsed().as_secs_f64())
}

async fn organizations(pool: &PgPool) -> Result<Vec<OrgId>> {
    let ids: Vec<uuid::Uuid> = sqlx::query_scalar(
        "insert into organization
         select gen_random_uuid(), 'o' || n, 'o' || n, true, true, now() from generate_series(1, $1) n
         returning org_id",
    )
    .bind(ORGANIZATIONS)
    .fetch_all(pool)
    .await?;
    Ok(ids.into_iter().map(OrgId::from_uuid).collect())
}

async fn closing(bench: &Bench, books: &Books, found: &mut Report) -> Result<()> {
    found.say("money: making a month");
    let book = books.open(&bench.dir, "bench_close").await?;
    let services = &book.services;
    seed::market(services, MARKET).await?;
    let month = Month::of(services.now()).previous();
    let events = fill(services, month).await?;
    found.say(&format!("money: closing a month of {events} billable events"));
    let actor = Actor { who: Who::System, request_id: mint() };
    let begun = Instant::now();
    let closed = billing::close(services, &actor, month).await?;
    let seconds = begun.elapsed().as_secs_f64();
    found.say(&format!("money: {} charges, {} invoices", closed.charges, closed.invoices));
    let again = billing::close(services, &actor, month).await?;
    if again.charges + again.invoices > 0 {
        return Err("Closing again has charged again.".into());
    }
    let faults: usize =
        ledger::check(&services.pool).await?.iter().map(|check| check.faults.len()).sum();
    if faults > 0 {
        return Err(format!("The ledger has {faults} faults after closing.").into());
    }
    let what = "closing a month of a million events over a thousand licenses, seconds";
    found.target("close", what, Goal::AtMost(60.0), Spread::exact(seconds));
    let what = "memory of this whole process at most, MB";
    found.target("close", what, Goal::AtMost(512.0), Spread::exact(peak_mb()?));
    books.drop(book).await
}

/// Events of a month under every license, their sums, and licenses that were in force then.
async fn fill(services: &Services, month: Month) -> Result<i64> {
    let pool = &services.pool;
    sqlx::query("update license set starts_at = $1, ends_at = null")
        .bind(month.from())
        .execute(pool)
        .await?;
    sqlx::query("select make_usage_partitions(array[$1])").bind(month.from()).execute(pool).await?;
    sqlx::query(
        "insert into usage_event (usage_event_id, license_id, org_id, creator_org_id, asset_id,
                                  occurred_at, recorded_at, billable_units, calls, pages, tokens, bytes,
                                  training_examples, inference_requests, cache_hit, scope, content_id,
                                  region, model, consumer_class)
         select gen_random_uuid(), license_id, org_id, creator_org_id, asset_id,
                $1 + n * interval '1 second', $1, 1, 1, 1, 0, 64, 1, 0, false, 'training', '', '', '', ''
         from license cross join generate_series(1, $2) n",
    )
    .bind(month.from())
    .bind(EVENTS_PER_LICENSE)
    .execute(pool)
    .await?;
    sqlx::query(
        "insert into usage_month (bucket, license_id, scope, region, model, consumer_class, org_id,
                                  creator_org_id, asset_id, calls, pages, tokens, bytes,
                                  training_examples, inference_requests, billable_units, cache_hits,
                                  attribution_sum, attribution_count)
         select $1, license_id, scope, region, model, consumer_class, org_id, creator_org_id, asset_id,
                sum(calls), sum(pages), sum(tokens), sum(bytes), sum(training_examples),
                sum(inference_requests), sum(billable_units), 0, 0, 0
         from usage_event group by 2, 3, 4, 5, 6, 7, 8, 9",
    )
    .bind(month.from())
    .execute(pool)
    .await?;
    sqlx::query("analyze").execute(pool).await?;
    let sum = "select sum(billable_units)::bigint from usage_month";
    Ok(sqlx::query_scalar(sum).fetch_one(pool).await?)
}

/// The most this process has had in memory.
fn peak_mb() -> Result<f64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let kb = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .and_then(|rest| rest.trim().strip_suffix(" kB"))
        .ok_or("The memory of this process is not known.")?;
    Ok(kb.trim().parse::<f64>()? / 1024.0)
}
