//! What operators rely on: probes, headers on every answer, nothing from other sites, logs without
//! secrets.
//!
//! Always true: the addresses are read from the routers' own source, so a new one is tried as well.

use std::{
    io::Write,
    sync::{Arc, Mutex},
};

use axum::{
    body::Body,
    http::{Method, Request},
};
use imprimatur::domain::{actor::Role, asset::ContentId};
use sqlx::PgPool;

use crate::{
    browser::Answer,
    visitor::{Tier, Visitor, between, shown},
    world::{CLIENT_SECRET, World},
};

/// A path of the product, and whether it takes `POST`.
struct Route {
    path: String,
    gets: bool,
    posts: bool,
}

impl Route {
    /// Letters of the payment provider are known by their signature, wherever they come from.
    fn is_for_browsers(&self) -> bool {
        !self.path.starts_with("/hooks/")
    }
}

/// Every route, as the routers' source names it, with `x` in the place of each parameter.
fn routes() -> Vec<Route> {
    let sources = [
        include_str!("../../src/router.rs"),
        include_str!("../../src/sign_in/mod.rs"),
        include_str!("../../src/gate/mod.rs"),
    ];
    // Content is answered before any router.
    let mut routes = vec![Route { path: "/c/x".into(), gets: true, posts: false }];
    for source in sources {
        for chunk in source.split(".route(").skip(1) {
            let path = between(chunk, "\"", "\"");
            let path: Vec<&str> = path
                .split('/')
                .map(|part| if part.starts_with('{') { "x" } else { part })
                .collect();
            let call = chunk.split(".with_state").next().unwrap();
            let call = call.split(".fallback").next().unwrap();
            let gets = ["get(", "page!(", "page_of!(", "download!("]
                .iter()
                .any(|word| call.contains(word));
            routes.push(Route { path: path.join("/"), gets, posts: call.contains("post(") });
        }
    }
    assert!(routes.len() > 30, "{}", routes.len());
    assert!(routes.iter().all(|route| route.gets || route.posts));
    assert!(routes.iter().filter(|route| route.posts).count() > 10);
    routes
}

async fn ask(visitor: &Visitor, method: Method, path: &str) -> Answer {
    let mut browser = visitor.browser.clone();
    let request = Request::builder().method(method).uri(path);
    let request = request.header("sec-fetch-site", "same-origin").body(Body::empty()).unwrap();
    browser.send(request).await
}

#[sqlx::test(migrator = "imprimatur::MIGRATOR")]
async fn probes_say_whether_it_lives_and_whether_it_can_work(pool: PgPool) {
    let world = World::new(pool).await;
    let visitor = world.visitor();
    for (path, body) in [("/healthz", "ok\n"), ("/readyz", "ready\n")] {
        let answer = ask(&visitor, Method::GET, path).await;
        assert_eq!((answer.status.as_u16(), answer.body.as_str()), (200, body));
    }
    world.fate("delete from _sqlx_migrations where version = (select max(version) from _sqlx_migrations)").await;
    let behind = ask(&visitor, Method::GET, "/readyz").await;
    assert_eq!(behind.status, 503);
    assert!(behind.body.contains("imprimatur migrate"));

    world.gate.close().await;
    world.services.pool.close().await;
    let away = ask(&visitor, Method::GET, "/readyz").await;
    assert_eq!((away.status.as_u16(), away.body.as_str()), (503, "PostgreSQL does not answer.\n"));
    assert_eq!(ask(&visitor, Method::GET, "/healthz").await.status, 200);

    // A page says that it is our fault and under which number, and nothing of what broke.
    let broken = ask(&visitor, Method::GET, "/catalogue").await;
    assert_eq!(broken.status, 500);
    let page = shown(&broken.body);
    assert!(page.contains(broken.headers["x-request-id"].to_str().unwrap()), "{page}");
    assert!(!page.contains("Pool") && !page.contains("PostgreSQL"), "{page}");
}

#[sqlx::test(migrator = "imprimatur::MIGRATOR")]
async fn every_answer_carries_the_headers(pool: PgPool) {
    let world = World::new(pool).await;
    let owner = world.owner("mira", &["creator", "buyer"]).await;
    let first = ask(&owner, Method::GET, "/overview").await;
    let second = ask(&owner, Method::GET, "/overview").await;
    let nonce = |answer: &Answer| {
        let policy = answer.headers["content-security-policy"].to_str().unwrap().to_owned();
        between(&policy, "'nonce-", "'").to_owned()
    };
    assert_ne!(nonce(&first), nonce(&second));
    assert!(first.body.contains(&format!("nonce=\"{}\"", nonce(&first))));
    let mut paths: Vec<String> = routes().into_iter().map(|route| route.path).collect();
    // Whoever signs out is a visitor from then on.
    paths.sort_by_key(|path| path == "/auth/sign-out");
    paths.extend(["/nothing", "/favicon.svg", "/pkg/nothing.js"].map(str::to_owned));
    for visitor in [&world.visitor(), &owner] {
        for path in &paths {
            for method in [Method::GET, Method::POST, Method::DELETE] {
                let answer = ask(visitor, method.clone(), path).await;
                let headers = &answer.headers;
                assert_ne!(answer.status.as_u16(), 500, "{method} {path}");
                for (name, value) in [
                    ("x-content-type-options", "nosniff"),
                    ("referrer-policy", "same-origin"),
                    ("cross-origin-opener-policy", "same-origin"),
                ] {
                    assert_eq!(headers.get(name).unwrap(), value, "{method} {path}");
                }
                assert!(headers.contains_key("permissions-policy"), "{method} {path}");
                let is_page = ![".svg", ".xml"].iter().any(|end| path.ends_with(end));
                if answer.body.starts_with('<') && is_page {
                    let policy = headers.get("content-security-policy");
                    let policy = policy.unwrap_or_else(|| panic!("{method} {path}: no policy"));
                    let policy = policy.to_str().unwrap();
                    assert!(policy.contains("default-src 'none'"), "{method} {path}");
                    assert!(policy.contains("frame-ancestors 'none'"), "{method} {path}");
                    assert!(!policy.contains("unsafe-inline"), "{method} {path}");
                    let cache = headers["cache-control"].to_str().unwrap();
                    assert!(cache.contains("no-store"), "{method} {path}");
                }
            }
        }
    }
    world.gate.close().await;
}

#[sqlx::test(migrator = "imprimatur::MIGRATOR")]
async fn nothing_is_done_for_another_site(pool: PgPool) {
    let world = World::new(pool).await;
    let owner = world.owner("mira", &["creator", "buyer"]).await;
    let before = world.rows().await;
    for route in routes().into_iter().filter(|route| route.posts && route.is_for_browsers()) {
        for (name, value) in [
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "same-site"),
            ("origin", "https://evil.example"),
            ("origin", "null"),
        ] {
            let mut browser = owner.browser.clone();
            let form = "application/x-www-form-urlencoded";
            let request = Request::post(&route.path).header(name, value);
            let request = request.header("content-type", form).body(Body::from("name=x")).unwrap();
            let answer = browser.send(request).await;
            assert_eq!(answer.status, 403, "{} {name}: {value}", route.path);
            assert!(answer.body.contains("came from another site"), "{}", route.path);
            assert_eq!(browser.cookie, owner.browser.cookie);
        }
    }
    assert_eq!(before, world.rows().await);
    world.gate.close().await;
}

#[sqlx::test(migrator = "imprimatur::MIGRATOR")]
async fn methods_mean_what_they_should(pool: PgPool) {
    let world = World::new(pool).await;
    let owner = world.owner("mira", &["creator", "buyer"]).await;
    let before = world.rows().await;
    for Route { path, gets, posts } in routes().into_iter().filter(Route::is_for_browsers) {
        let got = ask(&owner, Method::GET, &path).await;
        let head = ask(&owner, Method::HEAD, &path).await;
        assert_eq!(got.status, head.status, "{path}");
        assert_eq!(head.body, "", "{path}");
        assert_eq!(got.status == 405, !gets, "{path}");
        for method in [Method::PUT, Method::PATCH, Method::DELETE] {
            let answer = ask(&owner, method, &path).await;
            assert_eq!(answer.status, 405, "{path}");
            // Who asks for health is no person with a question.
            if !matches!(path.as_str(), "/healthz" | "/readyz") {
                let request_id = answer.headers.get("x-request-id");
                let request_id = request_id.unwrap_or_else(|| panic!("{path}")).to_str().unwrap();
                assert!(answer.body.contains(request_id), "{path}: {}", answer.body);
            }
            let allowed = answer.headers["allow"].to_str().unwrap();
            assert_eq!(
                (allowed.contains("GET"), allowed.contains("POST")),
                (gets, posts),
                "{path}"
            );
        }
        if !posts {
            assert_eq!(ask(&owner, Method::POST, &path).await.status, 405, "{path}");
        }
    }
    for method in [Method::GET, Method::POST, Method::DELETE] {
        let answer = ask(&owner, method, "/nothing/here").await;
        assert_eq!(answer.status, 404);
        assert!(shown(&answer.body).contains("There is nothing here"));
    }
    assert_eq!(before, world.rows().await);
    world.gate.close().await;
}

/// What was logged, as text.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[sqlx::test(migrator = "imprimatur::MIGRATOR")]
async fn no_secret_is_ever_logged(pool: PgPool) {
    let log = Log::default();
    let writer = log.clone();
    // Everything runs on this one thread, so the whole product logs into it, down to the last word.
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    let guard = tracing::subscriber::set_default(subscriber);

    let world = World::new(pool).await;
    let mut mira = world.visitor();
    mira.sign_in(&world.issuer, "mira", "").await;
    mira.found("Hollow Fen Press", &["creator", "buyer"]).await;
    let asset_id = mira.register("The Salt Roads", "Salt.").await;
    mira.publish_offer(asset_id).await;
    let mut acme = world.visitor();
    acme.sign_in(&world.issuer, "acme", "").await;
    acme.found("Cobalt Research", &["buyer"]).await;
    let license_id = acme.accept(asset_id, Tier::Paid).await;
    let token = acme.create_token(license_id).await;
    let content_id = ContentId::of(b"Salt.");
    acme.fetch_until(&content_id, &token.secret, 200).await;
    let wrong = token.secret.replace(|digit: char| digit.is_ascii_digit(), "a");
    acme.fetch(&content_id, &wrong).await;
    let code = acme.invite(Role::Viewer).await;
    mira.open(&format!("/join/{code}")).await;
    mira.join(&code).await;
    world.fate("alter table asset rename to elsewhere").await;
    let broken = mira.browser.get("/catalogue").await;
    assert_eq!(broken.status, 500);
    world.gate.close().await;
    drop(guard);

    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(log.contains("The gate delivers 5 bytes"), "nothing was captured");
    let fault = log.lines().filter(|line| line.contains("ERROR"));
    let fault: Vec<&str> = fault.filter(|line| line.contains("asset")).collect();
    assert_eq!(fault.len(), 1, "{fault:?}");
    assert!(fault[0].contains(broken.headers["x-request-id"].to_str().unwrap()));
    let cookie =
        |visitor: &Visitor| visitor.browser.cookie.clone().unwrap().replace("session=", "");
    for (what, secret) in [
        ("token", token.secret.as_str()),
        ("wrong token", &wrong),
        ("session", &cookie(&mira)),
        ("session", &cookie(&acme)),
        ("invitation", &code),
        ("client secret", CLIENT_SECRET),
    ] {
        let found = log.lines().find(|line| line.contains(secret));
        assert!(found.is_none(), "the {what} was logged: {}", found.unwrap_or_default());
    }
}
