//! The gate with a million tokens beside the gate with a thousand (P6).

use std::rc::Rc;

use crate::{
    Result,
    books::Books,
    contender::{Contender, end},
    gate::MARKET,
    machine::Bench,
    product,
    report::{Goal, Report, Spread},
    seed::{self, Size},
    wrk::{Load, Requests},
};

const FEW: u16 = 9302;
const MANY: u16 = 9303;

/// P6.
pub async fn measure(bench: &Bench, books: &Books, report: &mut Report) -> Result<()> {
    let sizes = [
        ("bench_few", FEW, Size { works: 10, buyers: 10, tokens: 1000, ..MARKET }),
        ("bench_many", MANY, Size { buyers: 1000, tokens: 1_000_000, ..MARKET }),
    ];
    let mut field = Vec::new();
    let mut kept = Vec::new();
    for (name, port, size) in sizes {
        report.say(&format!("tokens: making {}", size.tokens));
        let book = books.open(&bench.dir, name).await?;
        let market = seed::market(&book.services, size).await?;
        let process = product::start(bench, &book, port).await?;
        let mebibytes = process.resident_bytes()? as f64 / 1_048_576.0;
        let what = format!("memory of a gate with {} tokens", size.tokens);
        report.figure("tokens", &what, "MiB", Spread::exact(mebibytes));
        let requests = Requests {
            tokens: size.tokens,
            paths: market.paths(),
            ready: false,
            host: "127.0.0.1".into(),
            scope: None,
        };
        let contender = Contender::new(name, port, Rc::new(process), requests)?;
        field.push(contender.booking(&book.services.pool));
        kept.push(book);
    }
    for round in 0..=bench.rounds {
        for turn in 0..field.len() {
            let i = (round + turn) % field.len();
            if let Some(contender) = field.get_mut(i) {
                let load = Load { connections: 32, seconds: bench.seconds, rest_millis: 0.0 };
                contender.turn(bench, load).await?;
                if round == 0 {
                    contender.shots.clear();
                }
            }
        }
    }
    if let [few, many] = field.as_slice() {
        report.figure("tokens", "1,000 tokens", "answers/s", Spread::of(&few.rates()));
        report.figure("tokens", "1,000,000 tokens", "answers/s", Spread::of(&many.rates()));
        report.target(
            "P6",
            "gate with 1,000,000 live tokens / with 1,000, 32 connections",
            Goal::AtLeast(0.95),
            Spread::of_ratios(&many.rates(), &few.rates()),
        );
    }
    end(field)?;
    for book in kept {
        books.drop(book).await?;
    }
    Ok(())
}
