//! The feed and the dashboard, ninety days deep (P13 to P15), asked of the services that every door
//! uses.
//!
//! One event comes out of a real gate; millions are copied from it inside PostgreSQL, and the sums
//! are filled from them.

use std::time::Instant;

use chrono::TimeDelta;
use imprimatur::{
    domain::{
        actor::{Actor, Member, Who},
        ids::{OrgId, TypedId as _},
        metering::{Grain, Range, Side},
        report::{Dimension, Dimensions, Metric},
    },
    services::{
        Services,
        reports::{self, CursorKey, EventFilter, EventPage, UsageFilter},
    },
};
use sqlx::{AssertSqlSafe, PgConnection};
use uuid::Uuid;

use crate::{
    Result,
    books::{Book, Books, until_at_rest},
    machine::Bench,
    product,
    report::{Goal, Report, Spread},
    seed::{self, Market, Size, multiply},
    wrk::{Load, Requests, shoot},
};

const PORT: u16 = 9305;
const WORKS: u64 = 100;
const DAYS: u16 = 90;
/// How many times as many events the larger buyer has under each license.
const TIMES: u64 = 100;
const LINES: u8 = 24;
const PAGES: usize = 10_000;
/// Questions of one kind in one round.
const QUESTIONS: usize = 50;

/// Two buyers of the same works, one with a hundred times the events of the other.
const MARKET: Size = Size {
    works: WORKS,
    bytes: 1024,
    buyers: 2,
    tokens: 2 * WORKS,
    units: 1_000_000_000_000,
    hard_stop: false,
    rate_per_minute: 2_000_000_000,
};

/// Adds up events as the product's sums do, whatever columns both have.
const ROLL_UP: &str = r#"
create or replace function bench_roll_up(target text, grain text) returns bigint
    language plpgsql as
$$
declare
    columns text;
    expressions text;
    keys text;
    added bigint;
begin
    with sum_column as (
        select s.attname as name, s.attnum as position, e.attname is not null as observed,
               s.atttypid = 'bigint'::regtype as measured
        from pg_attribute s
        left join pg_attribute e on e.attrelid = 'usage_event'::regclass and e.attname = s.attname
        where s.attrelid = target::regclass and s.attnum > 0 and not s.attisdropped
          and s.attname not like 'revenue%'
    ), written as (
        select name, position, observed and not measured as is_key, case
            when observed and measured then format('sum(%I)::bigint', name)
            when observed then quote_ident(name)
            when name in ('hour', 'bucket') then format('date_trunc(%L, occurred_at, ''UTC'')', grain)
            when name = 'cache_hits' then 'count(*) filter (where cache_hit)'
            when name = 'attribution_sum' then 'coalesce(sum(attribution), 0)::bigint'
            when name = 'attribution_count' then 'count(attribution)'
            when name = 'calls' then 'count(*)'
        end as expression
        from sum_column
    )
    select string_agg(quote_ident(name), ', ' order by position),
           string_agg(expression, ', ' order by position),
           string_agg(expression, ', ' order by position)
               filter (where is_key or name in ('hour', 'bucket'))
    into columns, expressions, keys from written;
    execute format('truncate %s', target);
    execute format('insert into %s (%s) select %s from usage_event group by %s',
                   target, columns, expressions, keys);
    get diagnostics added = row_count;
    return added;
end;
$$"#;

/// P13 to P15.
pub async fn measure(bench: &Bench, books: &Books, report: &mut Report) -> Result<()> {
    report.say(&format!("feed: making {} events", bench.events));
    let book = books.open(&bench.dir, "bench_feed").await?;
    let market = seed::market(&book.services, MARKET).await?;
    deliver_one(bench, &book, &market).await?;
    fill(bench, &book.services).await?;
    report.say("feed: asking");
    ask_pages(bench, &book.services, &market.creator, report).await?;
    ask_sums(bench, &book.services, &market.buyer, report).await?;
    books.drop(book).await
}

/// A few deliveries by a real gate, so that there is something to copy.
async fn deliver_one(bench: &Bench, book: &Book, market: &Market) -> Result<()> {
    let gate = product::start(bench, book, PORT).await?;
    let requests = Requests {
        tokens: 1,
        paths: market.paths(),
        ready: true,
        host: "127.0.0.1".into(),
        scope: Some("inference"),
    };
    let load = Load { connections: 1, seconds: 1, rest_millis: 0.0 };
    shoot(bench, PORT, &requests, load).await?;
    until_at_rest(&book.services.pool).await?;
    gate.end()
}

async fn fill(bench: &Bench, services: &Services) -> Result<()> {
    let mut db = services.pool.acquire().await?;
    sqlx::query("set session_replication_role = replica").execute(&mut *db).await?;
    make_partitions(&mut db).await?;
    sqlx::query(
        "create unlogged table bench_license as
         select license.license_id, license.org_id, license.asset_id, content_id, work,
                license.license_id = bench_work.license_id as first
         from license join asset_version using (asset_id)
         join license own on own.asset_id = license.asset_id
         join bench_work on bench_work.license_id = own.license_id",
    )
    .execute(&mut *db)
    .await?;
    for (first, events) in [(true, bench.events), (false, bench.events / TIMES)] {
        copy_events(&mut db, first, events).await?;
    }
    sqlx::query(ROLL_UP).execute(&mut *db).await?;
    for (table, grain) in [("usage_hour", "hour"), ("usage_day", "day"), ("usage_month", "month")] {
        let there: bool = sqlx::query_scalar("select to_regclass($1) is not null")
            .bind(table)
            .fetch_one(&mut *db)
            .await?;
        if there {
            sqlx::query("select bench_roll_up($1, $2)")
                .bind(table)
                .bind(grain)
                .execute(&mut *db)
                .await?;
        }
    }
    sqlx::query("set session_replication_role = origin").execute(&mut *db).await?;
    sqlx::query("vacuum analyze").execute(&mut *db).await?;
    Ok(())
}

async fn make_partitions(db: &mut PgConnection) -> Result<()> {
    sqlx::query(
        "select make_usage_partitions(array(
             select now() - make_interval(days => i) from generate_series(0, 100, 10) i))",
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Spread evenly over the licenses of one buyer and over the days.
async fn copy_events(db: &mut PgConnection, first: bool, events: u64) -> Result<()> {
    let series = format!(
        "select i, l.*, now() - make_interval(secs => ({events} - i) * {DAYS} * 86400.0 / {events}) as at
         from generate_series(1, {events}) i
         join bench_license l on l.work = i % {WORKS} and l.first = {first}"
    );
    let id = "(lpad(to_hex((extract(epoch from s.at) * 1000)::bigint), 12, '0')
               || right(md5(s.i || s.license_id::text), 20))::uuid";
    multiply(
        db,
        "usage_event",
        "select * from usage_event limit 1",
        &series,
        &[
            ("usage_event_id", id.into()),
            ("license_id", "s.license_id".into()),
            ("org_id", "s.org_id".into()),
            ("asset_id", "s.asset_id".into()),
            ("content_id", "s.content_id".into()),
            ("occurred_at", "s.at".into()),
            ("recorded_at", "s.at".into()),
        ],
    )
    .await?;
    Ok(())
}

/// P13 and P14.
async fn ask_pages(
    bench: &Bench,
    services: &Services,
    creator: &Actor,
    report: &mut Report,
) -> Result<()> {
    let key = CursorKey::new(&[7; 32]);
    let filter = EventFilter::default();
    let page = async |cursor: Option<&str>| -> Result<EventPage> {
        let side = Side::Creator;
        Ok(reports::events(services, &key, creator, side, &filter, cursor, LINES).await?)
    };
    let mut deep = None;
    for _ in 1..PAGES {
        deep = page(deep.as_deref()).await?.older;
        if deep.is_none() {
            return Err("The feed ends before its page 10,000; make more events.".into());
        }
    }
    let (mut shallow_times, mut deep_times, mut offset_times) = (vec![], vec![], vec![]);
    for _ in 0..bench.rounds {
        shallow_times.push(median_millis(QUESTIONS, async || page(None).await.map(drop)).await?);
        deep_times
            .push(median_millis(QUESTIONS, async || page(deep.as_deref()).await.map(drop)).await?);
        let offset = async || by_offset(services, creator).await;
        offset_times.push(median_millis(5, offset).await?);
    }
    report.figure("feed", "page 1", "ms p50", Spread::of(&shallow_times));
    report.figure("feed", "page 10,000", "ms p50", Spread::of(&deep_times));
    report.figure("feed", "page 10,000 by OFFSET", "ms p50", Spread::of(&offset_times));
    report.target(
        "P13",
        "feed, page 10,000 / page 1",
        Goal::AtMost(1.2),
        Spread::of_ratios(&deep_times, &shallow_times),
    );
    report.target(
        "P14",
        "OFFSET / keyset at page 10,000",
        Goal::AtLeast(200.0),
        Spread::of_ratios(&offset_times, &deep_times),
    );
    Ok(())
}

/// The same page as most would ask for it.
async fn by_offset(services: &Services, creator: &Actor) -> Result<()> {
    let sql = format!(
        "select e.*, asset.title, party.name from usage_event e
         join asset on asset.asset_id = e.asset_id
         join organization party on party.org_id = e.org_id
         where e.creator_org_id = $1
         order by e.occurred_at desc, e.usage_event_id
         limit {LINES} offset {}",
        (PAGES - 1) * usize::from(LINES),
    );
    let org_id = creator.org_id().map(OrgId::uuid);
    sqlx::query(AssertSqlSafe(sql)).bind(org_id).fetch_all(&services.pool).await?;
    Ok(())
}

/// P15: ten million events against a hundredth of them, under as many licenses.
async fn ask_sums(
    bench: &Bench,
    services: &Services,
    large: &Actor,
    report: &mut Report,
) -> Result<()> {
    let small = second_buyer(services, large).await?;
    let range = Range::last_days(services.now() + TimeDelta::hours(1), DAYS, Grain::Day)?;
    let filter = UsageFilter::default();
    let dashboard = async |actor: &Actor| -> Result<()> {
        reports::usage(services, actor, Side::Buyer, &filter, &range).await?;
        let (by, first) = (Dimensions::one(Dimension::Asset), (Metric::BillableUnits, 5));
        reports::breakdown(services, actor, Side::Buyer, &filter, &range, by, first).await?;
        Ok(())
    };
    let (mut large_times, mut small_times) = (vec![], vec![]);
    for _ in 0..bench.rounds {
        large_times.push(median_millis(QUESTIONS, async || dashboard(large).await).await?);
        small_times.push(median_millis(QUESTIONS, async || dashboard(&small).await).await?);
    }
    report.figure("dashboard", "90 days, all events", "ms p50", Spread::of(&large_times));
    report.figure("dashboard", "90 days, a hundredth of them", "ms p50", Spread::of(&small_times));
    report.target(
        "P15",
        "dashboard of 90 days with 100 times the events per license",
        Goal::AtMost(1.3),
        Spread::of_ratios(&large_times, &small_times),
    );
    report.target(
        "P15",
        "dashboard of 90 days over all events, milliseconds",
        Goal::AtMost(50.0),
        Spread::of(&large_times),
    );
    Ok(())
}

async fn second_buyer(services: &Services, like: &Actor) -> Result<Actor> {
    let id: Uuid = sqlx::query_scalar("select org_id from organization where slug = 'buyer-1'")
        .fetch_one(&services.pool)
        .await?;
    let Who::Member(member) = like.who else { return Err("no member".into()) };
    let who = Who::Member(Member { org_id: OrgId::from_uuid(id), ..member });
    Ok(Actor { who, ..like.clone() })
}

/// How long half of the questions take at most.
async fn median_millis(times: usize, question: impl AsyncFn() -> Result<()>) -> Result<f64> {
    let mut taken = Vec::with_capacity(times);
    for _ in 0..times {
        let begun = Instant::now();
        question().await?;
        taken.push(begun.elapsed().as_secs_f64() * 1000.0);
    }
    Ok(Spread::of(&taken).median)
}
