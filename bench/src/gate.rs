//! The gate beside what people put in front of their files today (P1 to P4).

use std::{fs, io::Write as _, path::Path, process::Command, rc::Rc, time::Instant};

use crate::{
    Result,
    books::Books,
    contender::{Contender, end},
    machine::{self, Bench, Core, Process, until_answering},
    peers::{self, Role},
    product,
    report::{Goal, Report, Spread},
    seed::{self, Market, Size},
    wrk::{Load, Requests},
};

const ORIGIN: u16 = 9101;
const AUTHORIZER: u16 = 9102;
const NGINX_FILES: u16 = 9201;
const NGINX_PROXY: u16 = 9202;
const NGINX_CHAIN: u16 = 9203;
const AXUM: u16 = 9204;
const OURS: u16 = 9301;
const OURS_SITE: u16 = 9306;

/// What a market for the gate has unless a part says otherwise: nothing ever runs out.
pub const MARKET: Size = Size {
    works: 100,
    bytes: 1024,
    buyers: 100,
    tokens: 10_000,
    units: 1_000_000_000_000,
    hard_stop: false,
    rate_per_minute: 2_000_000_000,
};
/// The site that the gate stands before, and a path of it that needs no token, no receipt and no
/// decision: what is left is the proxy alone.
const SITE_HOST: &str = "site.example";
const FREE_PATH: &str = "/robots.txt";

/// Who takes part, in the order of `field`.
mod place {
    pub const GATE: usize = 0;
    pub const SITE: usize = 1;
    pub const PASSING: usize = 2;
    pub const CHAIN: usize = 3;
    pub const PROXY: usize = 4;
}

/// P1 to P4.
pub async fn measure(bench: &Bench, books: &Books, report: &mut Report) -> Result<()> {
    measure_disk(bench, report)?;
    machine::let_others_go_before(&bench.dir)?;
    for (name, size) in
        [("1 KiB", MARKET), ("1 MiB", Size { works: 10, bytes: 1024 * 1024, ..MARKET })]
    {
        report.say(&format!("gate, {name}: making the market"));
        let book = books.open(&bench.dir, "bench_gate").await?;
        let market = seed::market(&book.services, size).await?;
        let site_book = books.open(&bench.dir, "bench_site").await?;
        seed::market(&site_book.services, Size { works: 1, ..size }).await?;
        seed::make_site(&site_book.services, SITE_HOST, ORIGIN).await?;
        let files = bench.dir.join("files");
        write_files(&files, &market)?;
        let origin =
            peers::start(bench, "origin", ORIGIN, Role::Static, Core::Others, &files).await?;
        let authorizer = stand_in(bench, "authorizer", AUTHORIZER, &files, Core::Others).await?;
        let nginx = async |name, port, role| {
            peers::start(bench, name, port, role, Core::First, &files).await.map(Rc::new)
        };
        let content = Requests {
            tokens: size.tokens,
            paths: market.paths(),
            ready: true,
            host: "127.0.0.1".into(),
            scope: None,
        };
        let pages = Requests { host: SITE_HOST.into(), ..content.clone() };
        let free = Requests { paths: vec![FREE_PATH.into()], ..pages.clone() };
        let ours_site = Rc::new(product::start(bench, &site_book, OURS_SITE).await?);
        let ours = Rc::new(product::start(bench, &book, OURS).await?);
        let chain = Role::Chain { origin: ORIGIN, authorizer: AUTHORIZER };
        let plain = Role::Proxy { origin: ORIGIN };
        let chain = nginx("nginx-chain", NGINX_CHAIN, chain).await?;
        let plain = nginx("nginx-proxy", NGINX_PROXY, plain).await?;
        let static_files = nginx("nginx-files", NGINX_FILES, Role::Static).await?;
        let axum = Rc::new(stand_in(bench, "axum", AXUM, &files, Core::First).await?);
        let mut field = vec![
            Contender::new("gate", OURS, ours, content.clone())?.booking(&book.services.pool),
            Contender::new("gate, site", OURS_SITE, Rc::clone(&ours_site), pages)?
                .booking(&site_book.services.pool),
            Contender::new("gate, passing on", OURS_SITE, ours_site, free)?,
            Contender::new("nginx chain", NGINX_CHAIN, chain, content.clone())?,
            Contender::new("nginx proxy", NGINX_PROXY, plain, content.clone())?,
            Contender::new("nginx files", NGINX_FILES, static_files, content.clone())?,
            Contender::new("axum alone", AXUM, axum, content)?,
        ];
        compete(bench, report, name, &mut field).await?;
        end(field)?;
        authorizer.end()?;
        origin.end()?;
        books.drop(book).await?;
        books.drop(site_book).await?;
    }
    Ok(())
}

/// What every durable receipt waits for, alone or with others.
fn measure_disk(bench: &Bench, report: &mut Report) -> Result<()> {
    let path = bench.dir.join("fdatasync");
    let mut file = fs::File::create(&path)?;
    let mut taken = Vec::new();
    for _ in 0..300 {
        file.write_all(&[0; 1024])?;
        let begun = Instant::now();
        file.sync_data()?;
        taken.push(begun.elapsed().as_secs_f64() * 1e6);
    }
    fs::remove_file(path)?;
    report.figure("disk", "fdatasync of 1 KiB", "us", Spread::of(&taken));
    Ok(())
}

/// Every kind of load in turn; within it, everybody once in each round.
async fn compete(
    bench: &Bench,
    report: &mut Report,
    name: &str,
    field: &mut [Contender],
) -> Result<()> {
    let load = |connections| Load { connections, seconds: bench.seconds, rest_millis: 0.0 };
    warm_up(bench, field).await?;
    for connections in [64, 32, 1] {
        rounds(bench, field, |_| load(connections)).await?;
        let part = format!("gate, {name}, {connections} connections");
        write_down(report, &part, field);
        if name == "1 KiB" {
            hold_to_goals(report, connections, field);
        }
        if connections == 64 && name == "1 KiB" {
            let rests: Vec<f64> = field.iter().map(rest_for_half).collect();
            rounds(bench, field, |i| Load {
                rest_millis: rests.get(i).copied().unwrap_or_default(),
                ..load(64)
            })
            .await?;
            write_down(report, &format!("gate, {name}, half of what each can do"), field);
            for (who, name) in [(place::GATE, "gate"), (place::SITE, "site")] {
                report.target(
                    "P2",
                    &format!("p99, {name} / nginx chain, each at half of what it can do"),
                    Goal::AtMost(0.75),
                    Spread::of_ratios(&field[who].tails(), &field[place::CHAIN].tails()),
                );
            }
        }
    }
    Ok(())
}

/// One turn each that does not count.
async fn warm_up(bench: &Bench, field: &mut [Contender]) -> Result<()> {
    for contender in field.iter_mut() {
        let load = Load { connections: 64, seconds: bench.seconds, rest_millis: 0.0 };
        let shot = contender.turn(bench, load).await?;
        if shot.good() == 0 {
            return Err(format!("{} answers nothing well.", contender.name).into());
        }
    }
    Ok(())
}

async fn rounds(
    bench: &Bench,
    field: &mut [Contender],
    load: impl Fn(usize) -> Load,
) -> Result<()> {
    for contender in field.iter_mut() {
        contender.shots.clear();
        contender.booked.clear();
    }
    for round in 0..bench.rounds {
        // Another one begins each time.
        for turn in 0..field.len() {
            let i = (round + turn) % field.len();
            if let Some(contender) = field.get_mut(i) {
                contender.turn(bench, load(i)).await?;
            }
        }
    }
    Ok(())
}

/// Milliseconds that 64 connections rest so that together they ask for half of what was reached.
fn rest_for_half(contender: &Contender) -> f64 {
    let half = Spread::of(&contender.rates()).median / 2.0;
    64.0 / half * 1000.0
}

fn write_down(report: &mut Report, part: &str, field: &[Contender]) {
    for contender in field {
        let name = contender.name;
        report.figure(part, name, "answers/s", Spread::of(&contender.rates()));
        report.figure(part, name, "us p50", Spread::of(&contender.medians()));
        report.figure(part, name, "us p99", Spread::of(&contender.tails()));
        if contender.pool.is_some() {
            report.figure(part, name, "answers/s in the books", Spread::of(&contender.booked));
        }
    }
}

fn hold_to_goals(report: &mut Report, connections: u32, field: &[Contender]) {
    let rate = |above: usize, below: usize| {
        Spread::of_ratios(&field[above].rates(), &field[below].rates())
    };
    for (who, name) in [(place::GATE, "gate"), (place::SITE, "site")] {
        if connections == 1 {
            report.target(
                "P2",
                &format!("p50, {name} / nginx chain, 1 connection"),
                Goal::AtMost(0.75),
                Spread::of_ratios(&field[who].medians(), &field[place::CHAIN].medians()),
            );
            continue;
        }
        report.target(
            "P1",
            &format!("{name} / nginx auth_request + limit_req, {connections} connections"),
            Goal::AtLeast(1.1),
            rate(who, place::CHAIN),
        );
        report.target(
            "P3",
            &format!("{name} / nginx plain proxy, {connections} connections"),
            Goal::AtLeast(0.6),
            rate(who, place::PROXY),
        );
    }
    if connections > 1 {
        report.target(
            "P4",
            &format!("site / the same gate only passing on, {connections} connections"),
            Goal::AtLeast(0.74),
            rate(place::SITE, place::PASSING),
        );
    }
}

async fn stand_in(
    bench: &Bench,
    which: &str,
    port: u16,
    files: &Path,
    core: Core,
) -> Result<Process> {
    let mut command = Command::new(std::env::current_exe()?);
    command
        .args(["stand-in", which, "--port", &port.to_string()])
        .args(["--tokens", &MARKET.tokens.to_string(), "--dir"])
        .arg(files);
    let log = bench.dir.join(format!("{which}.log"));
    let process = Process::start(command, core, &log)?;
    until_answering(port).await?;
    Ok(process)
}

/// What the origin and its kin serve: the same bytes at the same paths.
fn write_files(files: &Path, market: &Market) -> Result<()> {
    let dir = files.join("c");
    if dir.exists() {
        fs::remove_dir_all(&dir)?;
    }
    fs::create_dir_all(&dir)?;
    for (content_id, bytes) in &market.contents {
        fs::write(dir.join(content_id.as_str()), bytes)?;
    }
    let (_, bytes) = market.contents.first().ok_or("a market without works")?;
    fs::write(files.join(FREE_PATH.trim_start_matches('/')), bytes)?;
    Ok(())
}
