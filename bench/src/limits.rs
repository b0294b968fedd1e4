//! Racing clients: exactly the quota is granted, and the rate is the one that was configured (P7).

use sqlx::PgPool;

use crate::{
    Result,
    books::{Books, until_at_rest},
    machine::Bench,
    product,
    report::{Goal, Report, Spread},
    seed::{self, Size},
    wrk::{Load, Requests, shoot},
};

const PORT: u16 = 9304;
const QUOTA: u64 = 5_000;
const RATE_PER_MINUTE: u64 = 60_000;
const CLIENTS: u32 = 64;
/// What the rate is counted over.
const WINDOW_SECONDS: u64 = 60;

/// P7, both halves.
pub async fn measure(bench: &Bench, books: &Books, report: &mut Report) -> Result<()> {
    let one = Size {
        works: 1,
        bytes: 1024,
        buyers: 1,
        tokens: 64,
        units: QUOTA,
        hard_stop: true,
        rate_per_minute: 2_000_000_000,
    };
    report.say("limits: 64 clients race for one quota");
    let granted = race(bench, books, one, bench.seconds.max(4), report).await?;
    report.target(
        "P7",
        "granted beyond a quota of 5,000 by 64 racing clients",
        Goal::AtMost(0.0),
        Spread::exact((granted.answers as f64 - QUOTA as f64).abs()),
    );
    report.target(
        "P7",
        "receipts beyond that quota",
        Goal::AtMost(0.0),
        Spread::exact((granted.receipts as f64 - QUOTA as f64).abs()),
    );

    report.say("limits: 64 clients press against a rate for a minute");
    let plenty =
        Size { units: 1_000_000_000, hard_stop: false, rate_per_minute: RATE_PER_MINUTE, ..one };
    // The bucket is emptied first; what is counted comes from its refilling alone.
    let pressed = race(bench, books, plenty, WINDOW_SECONDS + 25, report).await?;
    let due = (RATE_PER_MINUTE * WINDOW_SECONDS / 60) as f64;
    let error = (pressed.in_last_window as f64 - due).abs() / due * 100.0;
    report.target(
        "P7",
        "error of the rate limit over 60 s, percent",
        Goal::AtMost(0.1),
        Spread::exact(error),
    );
    Ok(())
}

/// What racing clients got.
struct Granted {
    answers: u64,
    receipts: u64,
    /// Receipts of the last whole window before the end.
    in_last_window: i64,
}

async fn race(
    bench: &Bench,
    books: &Books,
    size: Size,
    seconds: u64,
    report: &Report,
) -> Result<Granted> {
    let book = books.open(&bench.dir, "bench_limits").await?;
    let market = seed::market(&book.services, size).await?;
    let gate = product::start(bench, &book, PORT).await?;
    let requests = Requests {
        tokens: size.tokens,
        paths: market.paths(),
        ready: true,
        host: "127.0.0.1".into(),
        // Each costs a unit; a second training on the same work would cost none.
        scope: Some("inference"),
    };
    let load = Load { connections: CLIENTS, seconds, rest_millis: 0.0 };
    let shot = shoot(bench, PORT, &requests, load).await?;
    report.say(&format!(
        "limits: {} granted, {} refused, {} lost",
        shot.good(),
        shot.refused,
        shot.lost
    ));
    until_at_rest(&book.services.pool).await?;
    let (receipts, in_last_window) = receipts(&book.services.pool).await?;
    gate.end()?;
    books.drop(book).await?;
    Ok(Granted { answers: shot.good(), receipts: receipts.try_into()?, in_last_window })
}

async fn receipts(pool: &PgPool) -> Result<(i64, i64)> {
    let counts = sqlx::query_as(
        "with last as (select max(delivered_at) - interval '1 second' as at from receipt)
         select count(*), count(*) filter (
             where delivered_at <= last.at and delivered_at > last.at - interval '60 seconds')
         from receipt, last",
    )
    .fetch_one(pool)
    .await?;
    Ok(counts)
}
