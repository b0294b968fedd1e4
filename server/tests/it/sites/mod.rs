//! Sites behind the gate, as machines and origins meet them.

mod crawl;
mod origin;
mod portal;
mod spelled;
pub mod world;

use std::{sync::atomic::Ordering, time::Duration};

use imprimatur::{
    domain::{
        asset::ContentId,
        site::{Ground, Origin as OriginUrl},
    },
    services::sites,
};
use sqlx::PgPool;

use self::{
    origin::bytes,
    world::{HOST, SiteWorld},
};
use crate::gate::{problem, totals, until};

#[sqlx::test(migrator = "imprimatur::MIGRATOR")]
async fn a_page_comes_with_its_content_id_and_a_receipt_that_holds(pool: PgPool) {
    let world = SiteWorld::new(pool).await;
    let response = world.fetch("/articles/tide?page=1&a=%C3%A9").await;
    assert_eq!(response.status(), 200);
    let headers = response.headers().clone();
    let body = response.bytes().await.unwrap();
    assert_eq!(headers["imprimatur-content-id"], *ContentId::of(&body).as_str());
    assert_eq!(headers["content-length"], *body.len().to_string());
    assert_eq!(headers["x-ratelimit-remaining"], "99999");
    assert_eq!(headers["cache-control"], "private, no-cache");
    assert_eq!(headers["content-type"], "text/html");
    assert_eq!(headers["accept-ranges"], "none");
    assert!(headers["link"].to_str().unwrap().ends_with("; rel=\"license\""));
    assert!(headers.contains_key("x-request-id"));
    let receipt = world.receipt(headers["imprimatur-receipt"].to_str().unwrap()).await;
    assert_eq!(receipt.content_id, ContentId::of(&body));
    assert_eq!(receipt.bytes, u64::try_from(body.len()).unwrap());
    assert_eq!(receipt.license_id, world.license_id);
    let resource = format!("http://{HOST}/articles/tide?page=1&a=%C3%A9");
    assert_eq!(receipt.resource, Some(resource));
    assert_eq!(world.gate.stored().await, [receipt.receipt_id]);
    assert_eq!(world.origin.last().1, "/articles/tide?page=1&a=%C3%A9");

    // The same bytes in the same window are free, like those of any other work.
    world.fetch("/articles/tide").await;
    let totals = totals(&world.gate).await;
    assert_eq!((totals.calls, totals.billable_units), (2, 1));
}

#[sqlx::test(migrator = "imprimatur::MIGRATOR")]
async fn a_large_page_streams_and_its_receipt_is_a_trailer(pool: PgPool) {
    let world = SiteWorld::new(pool).await;
    for path in ["/large", "/sized", "/slow"] {
        let request = format!(
            "GET {path} HTTP/1.1\r\nhost: {HOST}\r\nauthorization: Bearer {}\r\nte: trailers\r\nconnection: close, te\r\n\r\n",
            world.secret.reveal()
        );
        let answer = world.raw(&request).await;
        let text = String::from_utf8_lossy(&answer);
        let head = text.split("\r\n\r\n").next().unwrap().to_lowercase();
        assert!(head.contains("transfer-encoding: chunked"), "{head}");
        assert!(head.contains("trailer: imprimatur-content-id, imprimatur-receipt"), "{head}");
        let end = text.rsplit("\r\n0\r\n").next().unwrap();
        let field = |name: &str| {
            let line = end.lines().find(|line| line.to_lowercase().starts_with(name));
            line.and_then(|line| line.split_once(": ")).unwrap_or_else(|| panic!("{end}")).1
        };
        let receipt = world.receipt(field("imprimatur-receipt")).await;
        assert_eq!(field("imprimatur-content-id"), receipt.content_id.as_str());
        let whole = if path == "/slow" { bytes(3_000).repeat(40) } else { bytes(300_000) };
        assert_eq!(receipt.content_id, ContentId::of(&whole), "{path}");
        assert!(world.gate.stored().await.contains(&receipt.receipt_id));
    }
    // Without trailers the same bytes come, and the receipt is fetched.
    let response = world.fetch("/sized").await;
    assert_eq!(response.headers()["content-length"], "300000");
    assert!(!response.headers().contains_key("trailer"));
    assert_eq!(response.bytes().await.unwrap(), bytes(300_000));
    assert_eq!(world.billed().await, 4);
}

#[sqlx::test(migrator = "imprimatur::MIGRATOR")]
async fn what_is_of_one_connection_or_secret_stays(pool: PgPool) {
    let world = SiteWorld::new(pool).await;
    let response = world
        .get("/headers")
        .header("connection", "x-own-hop")
        .header("x-own-hop", "1")
        .header("proxy-authorization", "Basic eA==")
        .header("te", "trailers")
        .header("cookie", "session=1")
        .header("range", "bytes=0-1")
        .header("imprimatur-job", "run 7")
        .header("imprimatur-scope", "training")
        .header("x-forwarded-for", "203.0.113.9")
        .header("forwarded", "for=203.0.113.9")
        .header("accept-encoding", "gzip")
        .header("accept-language", "nl")
        .header("user-agent", "crawler/1")
        .send()
        .await
        .unwrap();
    let (method, _, sent) = world.origin.last();
    assert_eq!(method, "GET");
    for kept_back in [
        "authorization",
        "x-own-hop",
        "proxy-authorization",
        "te",
        "cookie",
        "range",
        "imprimatur-job",
        "imprimatur-scope",
        "x-forwarded-for",
        "forwarded",
        "connection",
    ] {
        assert!(!sent.contains_key(kept_back), "{kept_back}");
    }
    for (name, value) in [
        ("host", HOST),
        ("x-forwarded-host", HOST),
        ("x-forwarded-proto", "http"),
        ("via", "1.1 imprimatur"),
        ("accept-encoding", "identity"),
        ("accept-language", "nl"),
        ("user-agent", "crawler/1"),
    ] {
        assert_eq!(sent[name], value, "{name}");
    }
    let got = response.headers();
    for kept_back in ["x-hop", "keep-alive", "set-cookie", "alt-svc"] {
        assert!(!got.contains_key(kept_back), "{kept_back}");
    }
    assert_eq!(
        (&got["x-kept"], &got["etag"]),
        (&"kept".parse().unwrap(), &"\"v1\"".parse().unwrap())
    );
    assert_eq!(got["x-ratelimit-remaining"], "99999");
    assert_eq!(got.get_all("imprimatur-receipt").iter().count(), 1);
    assert_ne!(got["imprimatur-receipt"], "forged");
    assert_eq!(got["via"], "1.1 imprimatur");
    // A request that has been here comes from an origin that leads back.
    let looped = world.get("/").header("via", "1.0 other, 1.1 imprimatur").send().await.unwrap();
    assert_eq!(problem(looped).await, (508, "origin_loop".into()));
}

#[sqlx::test(migrator = "imprimatur::MIGRATOR")]
async fn only_pages_cost(pool: PgPool) {
    let world = SiteWorld::new(pool).await;
    for (path, status) in [("/moved", 302), ("/missing", 404), ("/broken", 500)] {
        let response = world.fetch(path).await;
        assert_eq!(response.status(), status);
        assert!(!response.headers().contains_key("imprimatur-receipt"));
        assert!(response.headers().contains_key("x-ratelimit-remaining"));
        if path == "/moved" {
            assert_eq!(response.headers()["location"], "https://gazette.test/x");
        } else {
            assert!(!response.text().await.unwrap().is_empty());
        }
    }
    let unchanged = world.get("/dated").header("if-none-match", "\"v1\"").send().await.unwrap();
    assert_eq!(
        (unchanged.status().as_u16(), &unchanged.headers()["etag"]),
        (304, &"\"v1\"".parse().unwrap())
    );
    let head = world.ask("HEAD", "/sized").bearer_auth(world.secret.reveal()).send().await.unwrap();
    assert_eq!(
        (head.status().as_u16(), &head.headers()["content-length"]),
        (200, &"300000".parse().unwrap())
    );
    let robots = world.ask("GET", "/robots.txt").send().await.unwrap();
    assert_eq!(robots.text().await.unwrap(), "User-agent: *\nAllow: /\n");
    assert_eq!(world.billed().await, 0);
    assert_eq!(world.attempts().await, []);
    let page = world.get("/dated").header("if-none-match", "\"v0\"").send().await.unwrap();
    assert_eq!(page.status(), 200);
    assert_eq!(world.billed().await, 1);
}

#[sqlx::test(migrator = "imprimatur::MIGRATOR")]
async fn a_unit_of_the_quota_comes_back_when_nothing_was_delivered(pool: PgPool) {
    let world = SiteWorld::with(pool, Duration::from_secs(10), 1).await;
    for path in ["/missing", "/cut-early", "/too-large", "/moved"] {
        world.fetch(path).await;
    }
    assert_eq!(world.fetch("/articles/tide").await.status(), 200);
    let spent = world.fetch("/articles/salt").await;
    assert_eq!(problem(spent).await, (429, "quota_exceeded".into()));
    assert_eq!(world.billed().await, 1);
}

#[sqlx::test(migrator = "imprimatur::MIGRATOR")]
async fn what_breaks_off_is_cut_off_and_not_billed(pool: PgPool) {
    let world = SiteWorld::new(pool).await;
    let cut = world.fetch("/cut").await;
    assert_eq!(cut.status(), 200);
    assert!(cut.bytes().await.is_err());
    let early = world.fetch("/cut-early").await;
    assert_eq!(problem(early).await, (502, "origin_broke_off".into()));
    let large = world.fetch("/too-large").await;
    assert_eq!(problem(large).await, (502, "origin_too_large".into()));
    let endless = world.fetch("/endless").await;
    assert_eq!(endless.status(), 200);
    assert!(endless.bytes().await.is_err());
    let attempts = world.attempts().await;
    let codes: Vec<&str> = attempts.iter().map(|(code, _)| code.as_str()).collect();
    assert_eq!(codes, ["cut_off", "cut_off", "cut_off"]);
    assert_eq!(attempts[0].1, 0);
    assert!((100_000..200_000).contains(&attempts[1].1), "{attempts:?}");
    assert!((900_000..1_000_000).contains(&attempts[2].1), "{attempts:?}");
    assert_eq!(world.billed().await, 0);
}

#[sqlx::test(migrator = "imprimatur::MIGRATOR")]
async fn who_goes_away_is_not_billed_and_the_origin_is_let_go(pool: PgPool) {
    let world = SiteWorld::new(pool).await;
    let mut response = world.fetch("/stalled").await;
    response.chunk().await.unwrap();
    drop(response);
    until("the delivery is noted as aborted", async || {
        world.attempts().await.iter().any(|(code, bytes)| code == "aborted" && *bytes > 0)
    })
    .await;
    assert_eq!(world.billed().await, 0);
}

#[sqlx::test(migrator = "imprimatur::MIGRATOR")]
async fn the_clients_pace_is_the_origins(pool: PgPool) {
    let world = SiteWorld::new(pool).await;
    let response = world.fetch("/endless").await;
    // Nothing is read: what the origin was let to send fits in a few buffers.
    let mut before = usize::MAX;
    until("the origin waits", async || {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let chunks = world.origin.chunks.load(Ordering::SeqCst);
        std::mem::replace(&mut before, chunks) == chunks
    })
    .await;
    assert_eq!(response.status(), 200);
    assert!(before * 64 * 1024 <= 16 * 1024 * 1024, "{before}");
}

#[sqlx::test(migrator = "imprimatur::MIGRATOR")]
async fn an_origin_is_waited_for_and_then_given_up(pool: PgPool) {
    let world = SiteWorld::with(pool, Duration::from_secs(1), 1_000_000).await;
    assert_eq!(problem(world.fetch("/silent").await).await, (504, "origin_timeout".into()));
    let stalled = world.fetch("/stalled").await;
    assert_eq!(stalled.status(), 200);
    assert!(stalled.bytes().await.is_err());
    // Nobody listens there any more.
    let ground = Ground { own_host: "127.0.0.1", sandbox: true };
    let gone = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let origin = OriginUrl::parse(&format!("http://{gone}"), ground).unwrap();
    let (services, creator) = (&world.gate.services, &world.gate.creator);
    sites::change_origin(services, creator, world.asset_id, &origin).await.unwrap();
    world.until_status("/missing", 502).await;
    assert_eq!(problem(world.fetch("/").await).await, (502, "origin_unreachable".into()));
    assert_eq!(world.billed().await, 0);
}

#[sqlx::test(migrator = "imprimatur::MIGRATOR")]
async fn without_a_license_there_is_a_price_and_no_page(pool: PgPool) {
    let world = SiteWorld::new(pool).await;
    let priced = world.ask("GET", "/articles/tide").send().await.unwrap();
    let link = priced.headers()["link"].to_str().unwrap().to_owned();
    assert!(link.contains(&format!("/catalogue/{}", world.asset_id)), "{link}");
    assert_eq!(problem(priced).await, (402, "license_required".into()));
    let unknown = world.ask("GET", "/").bearer_auth("sk_test_nothing").send().await.unwrap();
    assert_eq!(problem(unknown).await, (403, "invalid_token".into()));
    // A token of another work opens no page of this site, and this site's opens no other work.
    let other = world.gate.sale(b"Another work.".to_vec(), crate::gate::world::PLENTY).await;
    let wrong = world.ask("GET", "/").bearer_auth(other.secret.reveal()).send().await.unwrap();
    assert_eq!(problem(wrong).await, (402, "content_not_licensed".into()));
    let wrong = world.gate.get(&other.path()).bearer_auth(world.secret.reveal());
    assert_eq!(problem(wrong.send().await.unwrap()).await, (402, "content_not_licensed".into()));
    assert_eq!(world.origin.count(), 0);
}

#[sqlx::test(migrator = "imprimatur::MIGRATOR")]
async fn other_hosts_are_not_the_sites_and_a_lapsed_site_is_not_served(pool: PgPool) {
    let world = SiteWorld::new(pool).await;
    // The gate's own paths stay its own, and are the origin's on the site's host.
    let own = async |host: &str| {
        let keys = world.ask_at(host, "GET", "/.well-known/jwks.json").send().await;
        keys.unwrap().status()
    };
    assert_eq!(own(&world.address).await, 200);
    assert_eq!(world.fetch("/.well-known/jwks.json").await.status(), 404);
    let unknown = world.ask_at("herald.test", "GET", "/articles/tide");
    let unknown = unknown.bearer_auth(world.secret.reveal()).send().await.unwrap();
    assert_eq!(unknown.status(), 404);
    let lapsed = "update site set state = 'lapsed', failing_since = now() - interval '8 days'";
    world.gate.fate(lapsed).await;
    world.until_status("/articles/tide", 421).await;
    assert_eq!(problem(world.fetch("/").await).await, (421, "site_lapsed".into()));
    let robots = world.ask("GET", "/robots.txt").send().await.unwrap();
    assert_eq!(problem(robots).await, (421, "site_lapsed".into()));
}
