//! Real crawlers: wget, curl and scrapy get the bytes, and each delivery its receipt.

mod pasted;

use std::{
    path::{Path, PathBuf},
    process::Output,
};

use axum::{Router, http::header, routing::get};
use imprimatur::{domain::asset::ContentId, services::mint};
use serde_json::Value;
use sqlx::PgPool;
use tokio::{net::TcpListener, process::Command};

use super::{
    totals, until,
    world::{Limits, PLENTY, Sale, World},
};

/// A folder that goes away with the test.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let folder = std::env::temp_dir().join(format!("imprimatur-crawl-{}", ulid()));
        std::fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn ulid() -> String {
    mint::<imprimatur::domain::ids::JobId>().to_string()
}

/// Runs a crawler to its end.
async fn run(program: impl AsRef<Path>, arguments: &[&str]) -> Output {
    let program = program.as_ref();
    let command = Command::new(program).args(arguments).kill_on_drop(true).output();
    let output = tokio::time::timeout(std::time::Duration::from_secs(120), command).await;
    output.expect("a crawler took more than two minutes").unwrap_or_else(|error| {
        panic!("{} cannot be run ({error}); run scripts/setup.", program.display())
    })
}

fn assert_done(output: &Output) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {said}", output.status);
}

fn text(length: usize) -> Vec<u8> {
    (0..length).map(|n| b"Salt was the first road. "[(n + n / 999) % 25]).collect()
}

fn url(world: &World, sale: &Sale) -> String {
    format!("{}{}", world.base_url, sale.path())
}

fn authorization(sale: &Sale) -> String {
    format!("Authorization: Bearer {}", sale.secret.reveal())
}

#[sqlx::test(migrator = "imprimatur::MIGRATOR")]
async fn wget_fetches_and_goes_on_where_it_was_cut_off(pool: PgPool) {
    let world = World::new(pool).await;
    let sale = world.sale(text(3_000_000), PLENTY).await;
    let folder = Folder::new();
    let (file, log) = (folder.file("work.txt"), folder.file("wget.log"));
    let (file_name, log_name) = (file.to_str().unwrap(), log.to_str().unwrap());
    let (url, header) = (url(&world, &sale), authorization(&sale));
    let wget = async |more: &[&str]| {
        let fixed = ["--no-config", "--tries=1", "-o", log_name, "-O", file_name];
        run("wget", &[&fixed[..], more, &[url.as_str()]].concat()).await
    };
    assert_done(&wget(&["--header", &header]).await);
    assert_eq!(std::fs::read(&file).unwrap(), sale.bytes);

    std::fs::write(&file, &sale.bytes[..1_000_000]).unwrap();
    assert_done(&wget(&["--header", &header, "-c"]).await);
    assert_eq!(std::fs::read(&file).unwrap(), sale.bytes);
    // All of it is there: 416, which is free.
    assert_done(&wget(&["--header", &header, "-c"]).await);

    let refused = wget(&[]).await;
    assert_eq!(refused.status.code(), Some(8), "a server's error");
    assert!(std::fs::read_to_string(&log).unwrap().contains("402 Payment Required"));
    let totals = totals(&world).await;
    assert_eq!((totals.calls, totals.bytes, totals.billable_units), (2, 5_000_000, 1));
    assert_eq!(world.stored().await.len(), 2);
    world.gate.close().await;
}

#[sqlx::test(migrator = "imprimatur::MIGRATOR")]
async fn curl_fetches_parts_in_parallel_and_what_is_left(pool: PgPool) {
    let world = World::new(pool).await;
    let sale = world.sale(text(2_000_000), PLENTY).await;
    let folder = Folder::new();
    let path = |name: &str| folder.file(name).to_str().unwrap().to_owned();
    let (url, header) = (url(&world, &sale), authorization(&sale));
    let curl = async |more: &[&str]| {
        let fixed = ["-q", "-sS", "--fail", "-H", header.as_str()];
        run("curl", &[&fixed[..], more].concat()).await
    };

    // Four parts at once, put together again.
    let mut arguments = vec!["--parallel".to_owned()];
    for part in 0..4 {
        let range = format!("{}-{}", part * 500_000, part * 500_000 + 499_999);
        let output = path(&format!("part-{part}"));
        if part > 0 {
            arguments.extend(["--next".to_owned(), "-sS".to_owned(), "--fail".to_owned()]);
            arguments.extend(["-H".to_owned(), header.clone()]);
        }
        arguments.extend(["-r".to_owned(), range, "-o".to_owned(), output, url.clone()]);
    }
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    assert_done(&curl(&arguments).await);
    let parts: Vec<u8> =
        (0..4).flat_map(|part| std::fs::read(path(&format!("part-{part}"))).unwrap()).collect();
    assert_eq!(parts, sale.bytes);

    let half = path("half");
    std::fs::write(&half, &sale.bytes[..1_500_000]).unwrap();
    assert_done(&curl(&["-C", "-", "-o", &half, &url]).await);
    assert_eq!(std::fs::read(&half).unwrap(), sale.bytes);

    let (packed, tag) = (path("packed"), path("etag"));
    assert_done(&curl(&["--compressed", "--etag-save", &tag, "-o", &packed, &url]).await);
    assert_eq!(std::fs::read(&packed).unwrap(), sale.bytes);
    let before = world.stored().await.len();
    let again = curl(&[
        "--compressed",
        "--etag-compare",
        &tag,
        "-w",
        "%{http_code}",
        "-o",
        &path("none"),
        &url,
    ])
    .await;
    assert_done(&again);
    assert_eq!(String::from_utf8_lossy(&again.stdout), "304");
    assert_eq!((before, world.stored().await.len()), (6, 6));

    let totals = totals(&world).await;
    assert_eq!((totals.calls, totals.bytes, totals.billable_units), (6, 4_500_000, 1));
    world.gate.close().await;
}

/// More versions of the work that was sold.
async fn add_versions(world: &World, sale: &Sale, count: i32) -> Vec<ContentId> {
    let mut ids = vec![sale.content_id.clone()];
    for number in 2..=count {
        let bytes = [text(5000), number.to_string().into_bytes()].concat();
        let length = i64::try_from(bytes.len()).unwrap();
        let stream = futures::stream::iter([Ok::<_, std::io::Error>(bytes.into())]);
        let staged = world.services.content.stage(stream).await.unwrap();
        world.services.content.keep(&staged).await.unwrap();
        sqlx::query(
            "insert into asset_version (version_id, asset_id, number, content_id, bytes, media_type,
                                        file_name, created_at)
             select $1, asset_id, $2, $3, $4, media_type, file_name, created_at
             from asset_version where content_id = $5",
        )
        .bind(mint::<imprimatur::domain::ids::VersionId>().uuid())
        .bind(number)
        .bind(staged.content_id.as_str())
        .bind(length)
        .bind(sale.content_id.as_str())
        .execute(&world.services.pool)
        .await
        .unwrap();
        ids.push(staged.content_id);
    }
    ids
}

/// Serves a sitemap that names these works.
async fn sitemap(world: &World, ids: &[ContentId]) -> String {
    let places: String =
        ids.iter().map(|id| format!("<url><loc>{}/c/{id}</loc></url>", world.base_url)).collect();
    let body = format!(
        "<?xml version=\"1.0\"?><urlset xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">{places}</urlset>"
    );
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/sitemap.xml", listener.local_addr().unwrap());
    let answer = get(async move || ([(header::CONTENT_TYPE, "application/xml")], body));
    let router = Router::new().route("/sitemap.xml", answer);
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

#[sqlx::test(migrator = "imprimatur::MIGRATOR")]
async fn scrapy_follows_a_sitemap_and_waits_when_told_to(pool: PgPool) {
    // One more request every six seconds: slower than a spider sets out.
    const RATE: u32 = 10;
    const WORKS: i32 = 5;
    let folder = std::env::var_os("SCRAPY_DIR");
    let folder = folder.expect("SCRAPY_DIR is not set; run make test, or source scripts/env.");
    let world = World::new(pool).await;
    let sale = world.sale(text(5000), Limits { rate: RATE, ..PLENTY }).await;
    let ids = add_versions(&world, &sale, WORKS).await;
    let newest = format!("/c/{}", ids[ids.len() - 1]);
    until("the gate knows every version", async || {
        let answer = world.head(&newest).bearer_auth(sale.secret.reveal()).send().await.unwrap();
        answer.status() == 200
    })
    .await;
    until("the minute is used up", async || {
        let answer =
            world.head(&sale.path()).bearer_auth(sale.secret.reveal()).send().await.unwrap();
        answer.status() == 429
    })
    .await;

    let sitemap = sitemap(&world, &ids).await;
    let out = Folder::new();
    let spider = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/gate/crawlers/spider.py");
    let arguments = [
        format!("sitemap={sitemap}"),
        format!("token={}", sale.secret.reveal()),
        format!("out={}", out.0.display()),
    ];
    let [sitemap, token, place] = &arguments;
    let program = Path::new(&folder).join("bin/scrapy");
    assert_done(
        &run(program, &["runspider", spider, "-a", sitemap, "-a", token, "-a", place]).await,
    );

    let told: Value =
        serde_json::from_slice(&std::fs::read(out.file("told.json")).unwrap()).unwrap();
    assert_eq!(told["reason"], "finished");
    assert_eq!(told["wrong"], Value::Array(Vec::new()));
    assert!(told["waits"].as_u64().unwrap() > 0, "it was told to wait");
    for id in &ids {
        assert_eq!(&ContentId::of(&std::fs::read(out.file(id.hex())).unwrap()), id);
    }
    let receipts = told["receipts"].as_array().unwrap();
    assert_eq!((receipts.len(), world.stored().await.len()), (ids.len(), ids.len()));
    let totals = totals(&world).await;
    assert_eq!((totals.calls, totals.billable_units), (i64::from(WORKS), i64::from(WORKS)));
    world.gate.close().await;
}
