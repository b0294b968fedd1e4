//! Cut connections, errors before and after the effect, and crashes: nothing happens twice.

use imprimatur::{
    MIGRATOR,
    services::payments::{Outcome, Payments as _},
};
use sqlx::PgPool;
use stripe_sandbox::{faults::CallFault, input::Order};

use crate::world::{World, code, done, key, transfer, world};

async fn order(world: &World, fault: CallFault, times: u32) {
    let path = "/v1/transfers".to_owned();
    world.sandbox.order(Order::FaultCall { fault, path, times }).await.unwrap();
}

async fn ready(world: &World) -> imprimatur::services::payments::AccountId {
    world.money_in(1_000_000).await;
    world.account("Mira", "complete").await.id
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn a_retry_with_the_same_key_moves_money_once(pool: PgPool) {
    let world = world(pool).await;
    let account = ready(&world).await;
    let faults = [
        CallFault::CutBefore,
        CallFault::CutAfter,
        CallFault::ErrorBefore,
        CallFault::Conflict,
        CallFault::TooMany,
    ];
    for (number, fault) in faults.into_iter().enumerate() {
        order(&world, fault, 1).await;
        let name = number.to_string();
        let sent = done(world.transfer(&name, &account, 100).await);
        assert_eq!(done(world.stripe.transfers_of(&format!("payout:{name}")).await), [sent]);
    }
    assert_eq!(world.available(Some(&account)).await, 500);
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn an_error_after_the_effect_is_unknown_and_found_by_its_group(pool: PgPool) {
    let world = world(pool).await;
    let account = ready(&world).await;
    order(&world, CallFault::ErrorAfter, 1).await;
    for _ in 0..2 {
        // The provider keeps its 500 for the key, so the same key will never tell.
        let sent = world.transfer("1", &account, 100).await;
        assert!(matches!(sent, Outcome::Unknown(_)), "{sent:?}");
    }
    let found = done(world.stripe.transfers_of("payout:1").await);
    assert_eq!(found.len(), 1);
    assert_eq!(world.available(Some(&account)).await, 100);
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn a_call_that_has_ended_is_answered_without_the_provider(pool: PgPool) {
    let world = world(pool).await;
    let account = ready(&world).await;
    let sent = done(world.transfer("1", &account, 100).await);
    let World { sandbox, stripe, services, .. } = world;
    drop(sandbox);
    let new = transfer("1", &account, 100);
    assert_eq!(done(stripe.create_transfer(&key("transfer:1"), &new).await), sent);
    let other = transfer("1", &account, 101);
    let refused = stripe.create_transfer(&key("transfer:1"), &other).await;
    assert_eq!(code(refused), "idempotency_error");
    let kept: (String, i32, String) = sqlx::query_as(
        "select state, status, answer from stripe_call where idempotency_key = 'transfer:1'",
    )
    .fetch_one(&services.pool)
    .await
    .unwrap();
    assert_eq!((kept.0.as_str(), kept.1), ("done", 200));
    assert!(kept.2.contains(sent.id.as_str()));
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn a_call_nobody_answers_is_unknown_and_not_sent_again_after_a_day(pool: PgPool) {
    let world = world(pool).await;
    let account = ready(&world).await;
    order(&world, CallFault::CutBefore, 3).await;
    let unknown = world.transfer("1", &account, 100).await;
    assert!(matches!(unknown, Outcome::Unknown(_)), "{unknown:?}");
    world.wait(2 * 86_400);
    let too_old = world.transfer("1", &account, 100).await;
    assert!(matches!(&too_old, Outcome::Unknown(why) if why.contains("look for")), "{too_old:?}");
    assert_eq!(done(world.stripe.transfers_of("payout:1").await), []);
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn the_sandbox_remembers_over_a_restart(pool: PgPool) {
    use stripe_sandbox::{Options, Sandbox};
    let options = || Options { pool: Some(pool.clone()), ..Options::default() };
    let sandbox = Sandbox::start(options()).await.unwrap();
    let post = |url: String, body: &'static str| async move {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let asked = client.post(url).bearer_auth("sk_test_x").body(body).send().await.unwrap();
        asked.text().await.unwrap()
    };
    let made = post(format!("{}/v1/customers", sandbox.url()), "name=Ada").await;
    let id = made.split('"').find(|part| part.starts_with("cus_")).unwrap().to_owned();
    drop(sandbox);
    let again = Sandbox::start(options()).await.unwrap();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let url = format!("{}/v1/customers/{id}", again.url());
    let found = client.get(url).bearer_auth("sk_test_x").send().await.unwrap();
    assert_eq!(found.text().await.unwrap(), made);
}
