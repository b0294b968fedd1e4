//! The sandbox's authorization server keeps to its standards when a client does not.

use axum::http::StatusCode;
use serde_json::Value;
use sqlx::PgPool;
use url::Url;

use crate::stage::{CALLBACK, SECRET, Stage, stage};

const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

/// A good request of the example in RFC 7636, with one parameter changed.
fn asked(stage: &Stage, changed: (&str, &str)) -> Url {
    let redirect_uri = format!("http://portal.test{CALLBACK}");
    let good = [
        ("response_type", "code"),
        ("client_id", "imprimatur"),
        ("redirect_uri", redirect_uri.as_str()),
        ("scope", "openid"),
        ("state", "s"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ];
    let mut url = Url::parse(&format!("{}/authorize", stage.issuer)).unwrap();
    for (name, value) in good {
        let value = if name == changed.0 { changed.1 } else { value };
        url.query_pairs_mut().append_pair(name, value);
    }
    url
}

async fn trade(stage: &Stage, secret: &str, form: &[(&str, &str)]) -> (StatusCode, Value) {
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
    let answer = stage
        .http
        .post(format!("{}/token", stage.issuer))
        .basic_auth("imprimatur", Some(secret))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(body)
        .send()
        .await
        .unwrap();
    assert_eq!(answer.headers()["cache-control"], "no-store");
    (answer.status(), answer.json().await.unwrap())
}

#[sqlx::test(migrator = "imprimatur::MIGRATOR")]
async fn an_address_that_is_not_known_is_never_answered(pool: PgPool) {
    let stage = stage(pool).await;
    let prefixed = format!("http://portal.test{CALLBACK}/x");
    for changed in [
        ("client_id", "somebody-else"),
        ("redirect_uri", "https://evil.example"),
        ("redirect_uri", prefixed.as_str()),
        ("redirect_uri", ""),
    ] {
        let answer = stage.http.get(asked(&stage, changed)).send().await.unwrap();
        assert_eq!(answer.status(), 400, "{changed:?}");
        assert!(!answer.headers().contains_key("location"));
    }
}

#[sqlx::test(migrator = "imprimatur::MIGRATOR")]
async fn a_client_is_told_what_is_wrong(pool: PgPool) {
    let stage = stage(pool).await;
    for (name, value, error) in [
        ("response_type", "token", "unsupported_response_type"),
        ("code_challenge_method", "plain", "invalid_request"),
        ("code_challenge", "short", "invalid_request"),
        ("scope", "email", "invalid_scope"),
    ] {
        let answer = stage.http.get(asked(&stage, (name, value))).send().await.unwrap();
        assert_eq!(answer.status(), 303, "{name}");
        let location = answer.headers()["location"].to_str().unwrap();
        assert!(location.contains(&format!("error={error}&state=s")), "{location}");
    }
}

#[sqlx::test(migrator = "imprimatur::MIGRATOR")]
async fn a_code_is_traded_once_by_its_client(pool: PgPool) {
    let stage = stage(pool).await;
    let redirect_uri = format!("http://portal.test{CALLBACK}");
    let back = stage.choose(&asked(&stage, ("", "")), ("subject", "mira")).await;
    let code = back.split("code=").nth(1).unwrap().split('&').next().unwrap();
    let form = |grant_type| {
        [
            ("grant_type", grant_type),
            ("code", code),
            ("redirect_uri", redirect_uri.as_str()),
            ("code_verifier", VERIFIER),
        ]
    };
    let good = form("authorization_code");
    let (status, answer) = trade(&stage, "wrong", &good).await;
    assert_eq!((status.as_u16(), &answer["error"]), (401, &Value::from("invalid_client")));
    let (status, answer) = trade(&stage, SECRET, &form("password")).await;
    assert_eq!((status.as_u16(), &answer["error"]), (400, &Value::from("unsupported_grant_type")));
    let (status, answer) = trade(&stage, SECRET, &[("grant_type", "authorization_code")]).await;
    assert_eq!((status.as_u16(), &answer["error"]), (400, &Value::from("invalid_request")));

    let (status, answer) = trade(&stage, SECRET, &good).await;
    assert_eq!(status, 200);
    let token = answer["access_token"].as_str().unwrap();
    let user = || stage.http.get(format!("{}/userinfo", stage.issuer)).bearer_auth(token).send();
    let told: Value = user().await.unwrap().json().await.unwrap();
    assert_eq!((&told["sub"], &told["name"]), (&Value::from("mira"), &Value::from("Mira Okonjo")));
    let (status, answer) = trade(&stage, SECRET, &good).await;
    assert_eq!((status.as_u16(), &answer["error"]), (400, &Value::from("invalid_grant")));
    assert_eq!(user().await.unwrap().status(), 401, "a second use ends what the first gave");
}

#[sqlx::test(migrator = "imprimatur::MIGRATOR")]
async fn a_name_that_cannot_be_one_is_kept_and_explained(pool: PgPool) {
    let stage = stage(pool).await;
    let url = asked(&stage, ("", ""));
    let long = "<x>".repeat(21);
    for (button, kept) in [(("name", long.as_str()), "value=\"&lt;x&gt;"), (("subject", "?"), "")] {
        let mut form = url::form_urlencoded::Serializer::new(url.query().unwrap().to_owned());
        let body = form.append_pair(button.0, button.1).finish();
        let answer = stage
            .http
            .post(format!("{}/authorize", stage.issuer))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body)
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), 422);
        let page = answer.text().await.unwrap();
        assert!(
            page.contains("Type a name of 1 to 60 characters") && page.contains(kept),
            "{page}"
        );
    }
}
