//! Providers that speak another dialect, and providers that misbehave.

use axum::{
    Form, Json, Router,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Redirect},
    routing::{get, post},
};
use serde_json::{Value, json};
use server::sign_in::ProviderKind;
use sqlx::PgPool;
use url::Url;

use crate::{
    browser::{Answer, Browser},
    stage::{CALLBACK, SECRET, portal, stage},
};

/// Puts a provider on loopback; `routes` learns its own address.
async fn provider(routes: impl FnOnce(&str) -> Router) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let router = routes(&address);
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    address
}

/// Starts a sign-in and comes back with this code at once.
async fn go_through(browser: &mut Browser, code: &str) -> Answer {
    let started = browser.post("/auth/start/sandbox", &[]).await;
    if started.status != 303 {
        return started;
    }
    let authorize = Url::parse(started.location()).unwrap();
    let state = authorize.query_pairs().find(|(name, _)| name == "state").unwrap().1.into_owned();
    browser.get(&format!("{CALLBACK}?code={code}&state={state}")).await
}

fn github() -> Router {
    #[derive(serde::Deserialize)]
    struct Trade {
        code: String,
        client_id: String,
        client_secret: String,
        code_verifier: String,
    }
    let token = |Form(trade): Form<Trade>| async move {
        assert_eq!(
            (trade.client_id.as_str(), trade.client_secret.as_str()),
            ("imprimatur", SECRET)
        );
        assert!(trade.code_verifier.len() >= 43);
        // GitHub says no with status 200.
        Json(match trade.code.as_str() {
            "good" => {
                json!({ "access_token": "gho_1", "token_type": "bearer", "scope": "read:user" })
            }
            "used" => json!({ "error": "bad_verification_code", "error_description": "…" }),
            _ => json!({ "error": "incorrect_client_credentials" }),
        })
    };
    let user = |headers: HeaderMap| async move {
        assert_eq!(headers["authorization"], "Bearer gho_1");
        assert!(headers.contains_key("user-agent"), "GitHub refuses requests without one");
        Json(json!({ "id": 42, "login": "mira", "name": null, "email": null }))
    };
    Router::new().route("/login/oauth/access_token", post(token)).route("/user", get(user))
}

#[sqlx::test(migrator = "imprimatur::MIGRATOR")]
async fn somebody_signs_in_with_github(pool: PgPool) {
    let stage = stage(pool).await;
    let site = provider(|_| github()).await;
    let base_url = Url::parse("http://portal.test").unwrap();
    let kind = ProviderKind::GitHub { site: site.clone(), api: site.clone() };
    let portal = portal(&stage.services, &base_url, kind);
    let mut browser = Browser::new(portal.clone());

    let used = go_through(&mut browser, "used").await;
    assert_eq!(used.status, 400);
    assert!(used.body.contains("did not accept this sign-in"), "{}", used.body);
    assert_eq!(go_through(&mut browser, "misconfigured").await.status, 503);
    assert_eq!(browser.get("/whoami").await.body, "Visitor");

    let answer = go_through(&mut browser, "good").await;
    assert_eq!((answer.status.as_u16(), answer.location()), (303, "/welcome"));
    let first = browser.get("/whoami").await.body;
    assert!(first.starts_with("Person("));
    let mut again = Browser::new(portal.clone());
    go_through(&mut again, "good").await;
    assert_eq!(again.get("/whoami").await.body, first);
    let subject = sqlx::query_scalar!("select subject from identity where issuer = $1", site)
        .fetch_one(&stage.services.pool)
        .await
        .unwrap();
    assert_eq!(subject, "42", "the number, which stays, and not the login");
}

fn discovery(issuer: &str) -> Value {
    json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/authorize"),
        "token_endpoint": format!("{issuer}/token"),
        "userinfo_endpoint": format!("{issuer}/userinfo"),
    })
}

/// An issuer that does everything right until its user endpoint is asked.
fn issuer(
    address: &str,
    document: Value,
    user: impl IntoResponse + Clone + Send + Sync + 'static,
) -> Router {
    assert!(address.starts_with("http://127.0.0.1:"));
    let token = Json(json!({ "access_token": "t", "token_type": "Bearer" }));
    Router::new()
        .route("/.well-known/openid-configuration", get(async move || Json(document)))
        .route("/token", post(async move || token))
        .route("/userinfo", get(async move || user))
}

#[sqlx::test(migrator = "imprimatur::MIGRATOR")]
async fn a_provider_that_misbehaves_signs_nobody_in(pool: PgPool) {
    let stage = stage(pool).await;
    let base_url = Url::parse("http://portal.test").unwrap();
    let ok = Json(json!({ "sub": "mira" }));
    let documented = |change: fn(&mut Value)| {
        let ok = ok.clone();
        move |address: &str| {
            let mut document = discovery(address);
            change(&mut document);
            issuer(address, document, ok)
        }
    };
    let elsewhere = |user: fn() -> axum::response::Response| {
        move |address: &str| {
            let mut document = discovery(address);
            document["userinfo_endpoint"] = json!(format!("{address}/user"));
            issuer(address, document, ()).route("/user", get(async move || user()))
        }
    };
    let providers = [
        (
            "another issuer",
            503,
            provider(documented(|d| d["issuer"] = json!("https://a.example"))).await,
        ),
        (
            "no TLS",
            503,
            provider(documented(|d| d["token_endpoint"] = json!("http://a.example/t"))).await,
        ),
        ("no endpoint", 503, provider(documented(|d| d["userinfo_endpoint"] = Value::Null)).await),
        ("not JSON", 503, provider(elsewhere(|| "<html>".into_response())).await),
        ("too large", 503, provider(elsewhere(|| "[".repeat(65 * 1024).into_response())).await),
        ("elsewhere", 503, provider(elsewhere(|| Redirect::to("/userinfo").into_response())).await),
        ("broken", 503, provider(elsewhere(|| StatusCode::BAD_GATEWAY.into_response())).await),
        ("nobody", 400, provider(elsewhere(|| Json(json!({ "sub": "" })).into_response())).await),
        (
            "no subject",
            503,
            provider(elsewhere(|| Json(json!({ "name": "M" })).into_response())).await,
        ),
    ];
    for (what, status, issuer) in providers {
        let portal = portal(&stage.services, &base_url, ProviderKind::Oidc { issuer });
        let mut browser = Browser::new(portal.clone());
        let answer = go_through(&mut browser, "good").await;
        assert_eq!(answer.status, status, "{what}: {}", answer.body);
        assert!(answer.body.contains("href=\"/sign-in\""), "{what}");
        assert_eq!(browser.get("/whoami").await.body, "Visitor", "{what}");
    }
    let good = provider(documented(|_| ())).await;
    let portal = portal(&stage.services, &base_url, ProviderKind::Oidc { issuer: good });
    assert_eq!(go_through(&mut Browser::new(portal.clone()), "good").await.status, 303);
}
