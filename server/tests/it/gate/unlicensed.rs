//! What clients without a license meet: the price, and an end to asking.

use serde_json::{Value, json};
use sqlx::PgPool;

use super::{
    problem, until,
    world::{PLENTY, UNLICENSED_PER_HOUR, World},
};

#[sqlx::test(migrator = "imprimatur::MIGRATOR")]
async fn without_a_license_one_is_told_where_and_for_how_much(pool: PgPool) {
    let world = World::new(pool).await;
    let sale = world.sale(b"Salt was the first road.".to_vec(), PLENTY).await;
    let answer = world.get(&sale.path()).send().await.unwrap();
    assert_eq!(answer.status(), 402);
    assert_eq!(answer.headers()["www-authenticate"], "Bearer");
    let link = answer.headers()["link"].to_str().unwrap().to_owned();
    let document: Value = answer.json().await.unwrap();
    assert_eq!(document["code"], "license_required");
    let [free, paid] = &document["offers"].as_array().unwrap()[..] else { panic!("{document}") };
    let url = paid["url"].as_str().unwrap();
    assert!(url.starts_with(&format!("{}/catalogue/", world.base_url)), "{url}");
    assert_eq!(link, format!("<{url}>; rel=\"license\""));
    assert_eq!(free["tier"], "Preview");
    assert_eq!(free["uses"], json!(["preview"]));
    assert_eq!(paid["base_per_month"], json!({ "amount": "2500.00", "currency": "USD" }));
    assert_eq!(paid["included_units"], 1_000_000);
    assert_eq!(paid["overage_per_1000"], Value::Null);
    assert_eq!(paid["price"], "$2,500.00 a month, 1,000,000 units a month, then it stops");

    // Found a moment ago, it is not looked up again.
    world.fate("update offer set ended_at = now()").await;
    assert_eq!(world.get(&sale.path()).send().await.unwrap().status(), 402);
    let withdrawn = world.sale(b"withdrawn".to_vec(), PLENTY).await;
    world.fate("update offer set ended_at = now()").await;
    let answer = world.get(&withdrawn.path()).send().await.unwrap();
    assert_eq!(problem(answer).await, (401, "missing_token".to_owned()));
    world.gate.close().await;
}

#[sqlx::test(migrator = "imprimatur::MIGRATOR")]
async fn who_keeps_asking_without_a_license_is_told_to_come_back(pool: PgPool) {
    let world = World::new(pool).await;
    let sale = world.sale(b"Salt was the first road.".to_vec(), PLENTY).await;
    let unknown = format!("sk_test_{}", "0".repeat(64));
    let guess = async |path: String| {
        let answer = world.get(&path).bearer_auth(&unknown).send().await.unwrap();
        problem(answer).await
    };
    // The world itself asked a few times before the gate knew its token.
    let mut guesses = 0;
    loop {
        let path = if guesses % 2 == 0 { sale.path() } else { "/receipts/x".to_owned() };
        match guess(path).await {
            (403, code) => assert_eq!(code, "invalid_token"),
            answer => break assert_eq!(answer, (429, "too_many_unlicensed".to_owned())),
        }
        guesses += 1;
    }
    assert!((UNLICENSED_PER_HOUR / 2..=UNLICENSED_PER_HOUR).contains(&guesses), "{guesses}");
    for path in [sale.path(), "/receipts/x".to_owned()] {
        assert_eq!(guess(path).await, (429, "too_many_unlicensed".to_owned()));
    }
    for path in [sale.path(), format!("{}/manifest", sale.path())] {
        let refused = world.get(&path).send().await.unwrap();
        let wait: u64 = refused.headers()["retry-after"].to_str().unwrap().parse().unwrap();
        assert!((1..=12).contains(&wait), "{wait}");
        assert_eq!(problem(refused).await, (429, "too_many_unlicensed".to_owned()));
    }
    assert_eq!(world.fetch(&sale).send().await.unwrap().status(), 200, "the licensed go on");
    assert_eq!(world.get("/.well-known/jwks.json").send().await.unwrap().status(), 200);

    world.gate.attempts().flush().await;
    let counted: Vec<(String, i64, i64)> =
        sqlx::query_as("select code, attempts, networks from stranger_hour order by code")
            .fetch_all(&world.services.pool)
            .await
            .unwrap();
    let [guessed, turned_away] = &counted[..] else { panic!("{counted:?}") };
    assert_eq!((guessed.0.as_str(), guessed.2), ("invalid_token", 1));
    assert!(guessed.1 >= i64::from(UNLICENSED_PER_HOUR), "{guessed:?}");
    assert_eq!(turned_away, &("too_many_unlicensed".to_owned(), 4, 1));
    world.gate.close().await;
}

/// The world trusts what 127.0.0.2 says about whom it asks for.
#[sqlx::test(migrator = "imprimatur::MIGRATOR")]
async fn behind_a_trusted_proxy_each_client_counts_alone(pool: PgPool) {
    let world = World::new(pool).await;
    let from = |address: [u8; 4]| {
        let client = reqwest::Client::builder().local_address(std::net::IpAddr::from(address));
        let (client, url) = (client.build().unwrap(), format!("{}/c/x", world.base_url));
        async move |forwarded: String| {
            let request = client.get(&url).header("X-Forwarded-For", forwarded);
            request.send().await.unwrap().status().as_u16()
        }
    };
    let (proxy, liar) = (from([127, 0, 0, 2]), from([127, 0, 0, 3]));
    for _ in 0..UNLICENSED_PER_HOUR {
        assert_eq!(proxy("198.51.100.7".to_owned()).await, 401);
    }
    assert_eq!(proxy("198.51.100.7".to_owned()).await, 429);
    assert_eq!(proxy("198.51.100.8".to_owned()).await, 401);
    let mut answers = Vec::new();
    for n in 0..=UNLICENSED_PER_HOUR {
        answers.push(liar(format!("198.51.100.{n}")).await);
    }
    assert_eq!(answers.iter().filter(|&&status| status == 429).count(), 1, "who lies is one");
    world.gate.close().await;
}

#[sqlx::test(migrator = "imprimatur::MIGRATOR")]
async fn refusals_of_a_token_are_kept_without_its_secret(pool: PgPool) {
    let world = World::new(pool).await;
    let sale = world.sale(b"one".to_vec(), PLENTY).await;
    let other = world.sale(b"two".to_vec(), PLENTY).await;
    for (path, scope) in [(other.path(), "training"), (sale.path(), "mining")] {
        let request = world.get(&path).bearer_auth(sale.secret.reveal());
        let request = request.header("Imprimatur-Scope", scope).header("Imprimatur-Job", "run 7");
        request.header("User-Agent", "lantern/2").send().await.unwrap();
    }
    until("both are kept", async || {
        world.gate.attempts().flush().await;
        let count: i64 = sqlx::query_scalar("select count(*) from gate_attempt")
            .fetch_one(&world.services.pool)
            .await
            .unwrap();
        count == 2
    })
    .await;
    let rows: Vec<(String, String, Option<String>, Option<String>)> =
        sqlx::query_as("select code, subject, scope, job_id from gate_attempt order by code")
            .fetch_all(&world.services.pool)
            .await
            .unwrap();
    let job = Some("run 7".to_owned());
    let licensed = ("content_not_licensed", other.content_id.to_string(), Some("training"));
    let granted = ("scope_not_granted", sale.content_id.to_string(), None);
    let expected = [licensed, granted].map(|(code, subject, scope)| {
        (code.to_owned(), subject, scope.map(str::to_owned), job.clone())
    });
    assert_eq!(rows, expected);
    let dump: String =
        sqlx::query_scalar("select string_agg(gate_attempt::text, '') from gate_attempt")
            .fetch_one(&world.services.pool)
            .await
            .unwrap();
    for secret in [sale.secret.reveal(), "127.0.0.1", "lantern"] {
        assert!(!dump.contains(secret), "{secret}");
    }
    world.gate.close().await;
}
