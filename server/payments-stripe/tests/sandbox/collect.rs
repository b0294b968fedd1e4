//! Our invoices, asked for at the provider: paid once, tried again when declined, waiting for a card.

use imprimatur::{
    MIGRATOR,
    domain::ids::{InvoiceId, OrgId},
    services::{
        mint,
        payments::inbox,
        settlement::{self, Bookkeeper},
    },
};
use sqlx::PgPool;
use stripe_sandbox::{faults::CallFault, input::Order};

use crate::world::{World, world};

/// An organization that owes $2,505.00.
async fn owing(world: &World) -> (OrgId, InvoiceId) {
    let (org, invoice): (OrgId, InvoiceId) = (mint(), mint());
    let now = world.services.now();
    sqlx::query(
        "insert into organization (org_id, name, slug, is_creator, is_buyer, created_at)
         values ($1, 'Lantern Labs', 'lantern-labs', false, true, $2)",
    )
    .bind(org.uuid())
    .bind(now)
    .execute(&world.services.pool)
    .await
    .unwrap();
    sqlx::query(
        "insert into invoice (invoice_id, org_id, currency, month, charged_micros, brought_micros,
                              total_micros, due_micros, issued_at, next_try_at)
         values ($1, $2, 'USD', '2026-10-01', 2505000000, 0, 2505000000, 2505000000, $3, $3)",
    )
    .bind(invoice.uuid())
    .bind(org.uuid())
    .bind(now)
    .execute(&world.services.pool)
    .await
    .unwrap();
    (org, invoice)
}

/// A card on file, as a buyer would leave it.
async fn card(world: &World, org: OrgId, name: &str, number: &str) {
    let customer = world.customer(name, number).await;
    sqlx::query(
        "insert into stripe_party (org_id, customer_id, default_card, created_at)
         values ($1, $2, $3, now())
         on conflict (org_id) do update set customer_id = $2, default_card = $3",
    )
    .bind(org.uuid())
    .bind(customer.id.as_str())
    .bind(customer.default_card.map(|card| card.to_string()))
    .execute(&world.services.pool)
    .await
    .unwrap();
}

async fn turn(world: &World) -> usize {
    settlement::turn(&world.services, &world.stripe).await.unwrap()
}

/// What is due of the invoice, and how many payments it has.
async fn stands(world: &World, invoice: InvoiceId) -> (i64, i64) {
    sqlx::query_as(
        "select due_micros, (select count(*) from payment where invoice_id = $1)
         from invoice where invoice_id = $1",
    )
    .bind(invoice.uuid())
    .fetch_one(&world.services.pool)
    .await
    .unwrap()
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn an_invoice_waits_for_a_card_and_is_paid_once(pool: PgPool) {
    let world = world(pool).await;
    let (org, invoice) = owing(&world).await;
    turn(&world).await;
    assert_eq!(stands(&world, invoice).await, (2_505_000_000, 0));
    card(&world, org, "Ada", "4242424242424242").await;
    world.wait(3_601);
    // The answer is lost, and asked for again with the same key.
    let path = "/v1/invoices".to_owned();
    let cut = Order::FaultCall { fault: CallFault::CutAfter, path, times: 3 };
    world.sandbox.order(cut).await.unwrap();
    for _ in 0..4 {
        turn(&world).await;
        world.wait(601);
    }
    assert_eq!(stands(&world, invoice).await, (0, 1));
    let charged: Vec<i64> = charges(&world).await;
    assert_eq!(charged, [250_500]);

    // The letters say the same again.
    let stripe = std::sync::Arc::new(world.stripe);
    inbox::catch_up(&world.services, &*stripe).await.unwrap();
    let bookkeeper = Bookkeeper::new(stripe.clone());
    while inbox::apply(&world.services, &*stripe, &[&bookkeeper]).await.unwrap() > 0 {}
    let paid: i64 = sqlx::query_scalar("select count(*) from payment")
        .fetch_one(&world.services.pool)
        .await
        .unwrap();
    assert_eq!(paid, 1);
}

async fn charges(world: &World) -> Vec<i64> {
    use imprimatur::services::payments::Payments as _;
    let since = world.services.now() - chrono::TimeDelta::days(2);
    let entries = crate::world::done(world.stripe.balance_entries(None, since, None).await);
    entries
        .rows
        .iter()
        .filter(|entry| entry.kind == "charge")
        .map(|entry| entry.amount.cents())
        .collect()
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn a_declined_card_is_tried_after_one_three_and_seven_days(pool: PgPool) {
    let world = world(pool).await;
    let (org, invoice) = owing(&world).await;
    card(&world, org, "Bo", "4000000000000341").await;
    for days in [1, 3, 7] {
        assert_eq!(turn(&world).await, 1);
        world.wait(days * 86_400 - 60);
        assert_eq!(turn(&world).await, 0, "{days}");
        world.wait(61);
    }
    assert_eq!(turn(&world).await, 1);
    world.wait(8 * 86_400);
    assert_eq!(turn(&world).await, 0);
    assert_eq!(stands(&world, invoice).await, (2_505_000_000, 0));
    assert!(charges(&world).await.is_empty());
}
