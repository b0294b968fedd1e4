use std::time::Duration;

use super::{
    fixtures::{Sale, World, seal_whole},
    *,
};
use crate::{
    domain::{
        actor::Role,
        gate::AskedScope,
        receipt::{PublicKey, verify},
    },
    services::reports,
};
use chrono::TimeDelta;
use sqlx::PgPool;

pub(super) async fn open(world: &World) -> (Keeper, PublicKey) {
    let keeper = Keeper::open(world.services.clone(), world.settings()).await.unwrap();
    let public = keeper.jwks().keys[0].public_key().unwrap();
    (keeper, public)
}

pub(super) fn code(keeper: &Keeper, sale: &Sale) -> &'static str {
    match keeper.admit(&keeper.bearer(Some(&sale.secret)), &sale.ask(AskedScope::Unnamed)) {
        Ok(_) => "delivered",
        Err(denial) => denial.refusal.code,
    }
}

pub(super) async fn deliver(keeper: &Keeper, sale: &Sale, ask: &Ask) -> Receipt {
    let admission = keeper.admit(&keeper.bearer(Some(&sale.secret)), ask).unwrap();
    let delivery = seal_whole(keeper, admission).unwrap();
    let receipt = delivery.receipt.clone();
    keeper.record(delivery).await.unwrap();
    keeper.settled().await;
    receipt
}

/// Asks until the answer is `expected`; fails after two seconds.
pub(super) async fn expect(keeper: &Keeper, sale: &Sale, expected: &str) {
    let wait = async {
        while code(keeper, sale) != expected {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let waited = tokio::time::timeout(Duration::from_secs(2), wait).await;
    assert!(waited.is_ok(), "still {}, not {expected}", code(keeper, sale));
}

async fn count(world: &World, table: &'static str) -> i64 {
    let sql = match table {
        "receipt" => "select count(*) from receipt",
        _ => "select count(*) from usage_event",
    };
    sqlx::query_scalar(sql).fetch_one(world.pool()).await.unwrap()
}

#[sqlx::test]
async fn a_delivery_leaves_a_receipt_that_others_can_check(pool: PgPool) {
    let world = World::new(pool).await;
    let sale = world.sale(10, None).await;
    let (keeper, public) = open(&world).await;
    let receipt = deliver(&keeper, &sale, &sale.ask(AskedScope::Unnamed)).await;

    let stored =
        reports::receipt_of_license(&world.services, sale.license_id, receipt.receipt_id).await;
    assert_eq!(verify(&stored.unwrap(), &public).unwrap(), receipt);
    assert_eq!((receipt.bytes, receipt.scope), (7, Scope::Training));
    assert_eq!(receipt.token_id, sale.token_id);
    assert_eq!(keeper.jwks().keys[0], public.jwk());
    assert_eq!(reports::jwks(&world.services).await.unwrap(), keeper.jwks());
    world.assert_books_balance().await;
    keeper.close().await;
}

#[sqlx::test]
async fn a_change_is_in_force_at_once(pool: PgPool) {
    let world = World::new(pool).await;
    let (keeper, _) = open(&world).await;
    let sale = world.sale(10, None).await;
    expect(&keeper, &sale, "delivered").await;
    for (change, code) in [
        ("update license set state = 'suspended'", "license_inactive"),
        ("update license set state = 'active'", "delivered"),
        ("update access_token set scopes = '{unheard-of}'", "scope_not_granted"),
        ("update access_token set revoked_at = now()", "invalid_token"),
    ] {
        sqlx::query(change).execute(world.pool()).await.unwrap();
        expect(&keeper, &sale, code).await;
    }
    keeper.close().await;
}

#[sqlx::test]
async fn what_is_not_recorded_costs_nothing(pool: PgPool) {
    let world = World::new(pool).await;
    let sale = world.sale(1, None).await;
    let (keeper, _) = open(&world).await;
    for _ in 0..3 {
        let admission = keeper.admit(
            &keeper.bearer(Some(&sale.secret)),
            &sale.ask(AskedScope::Named(Scope::Inference)),
        );
        let delivery = seal_whole(&keeper, admission.unwrap()).unwrap();
        assert_eq!(code(&keeper, &sale), "quota_exceeded", "the unit is set aside");
        drop(delivery);
    }
    assert_eq!(code(&keeper, &sale), "delivered");
    assert_eq!((count(&world, "receipt").await, count(&world, "usage_event").await), (0, 0));
    keeper.close().await;
}

#[sqlx::test]
async fn racing_clients_never_get_more_than_the_quota(pool: PgPool) {
    let world = World::new(pool).await;
    let sale = world.sale(10, None).await;
    let (keeper, _) = open(&world).await;
    let ask = sale.ask(AskedScope::Named(Scope::Preview));
    let clients = (0..64).map(|_| async {
        let admission = keeper.admit(&keeper.bearer(Some(&sale.secret)), &ask).ok()?;
        keeper.record(seal_whole(&keeper, admission).unwrap()).await.ok()
    });
    let served = futures::future::join_all(clients).await.into_iter().flatten().count();
    keeper.settled().await;
    assert_eq!((served, count(&world, "receipt").await), (10, 10));
    keeper.close().await;
}

#[sqlx::test]
async fn counts_and_paid_windows_outlive_the_process(pool: PgPool) {
    let world = World::new(pool).await;
    let sale = world.sale(2, None).await;
    let training = sale.ask(AskedScope::Named(Scope::Training));
    let inference = sale.ask(AskedScope::Named(Scope::Inference));
    let (keeper, _) = open(&world).await;
    deliver(&keeper, &sale, &training).await;
    deliver(&keeper, &sale, &training).await;
    deliver(&keeper, &sale, &inference).await;
    for keeper in [keeper, open(&world).await.0] {
        let refused = keeper.admit(&keeper.bearer(Some(&sale.secret)), &inference).unwrap_err();
        assert_eq!(refused.refusal.code, "quota_exceeded");
        deliver(&keeper, &sale, &training).await;
        keeper.close().await;
    }
    let viewer = world.member(world.buyer, Role::Viewer);
    let used = reports::quota_used(&world.services, &viewer, sale.license_id).await.unwrap();
    assert_eq!(used, 2);
    world.pass(TimeDelta::days(31));
    let (keeper, _) = open(&world).await;
    deliver(&keeper, &sale, &inference).await;
    world.assert_books_balance().await;
    keeper.close().await;
}

#[sqlx::test]
async fn closing_writes_what_waits_and_refuses_what_comes_later(pool: PgPool) {
    let world = World::new(pool).await;
    let sale = world.sale(1000, None).await;
    let (keeper, _) = open(&world).await;
    let seal = || {
        let admission =
            keeper.admit(&keeper.bearer(Some(&sale.secret)), &sale.ask(AskedScope::Unnamed));
        seal_whole(&keeper, admission.unwrap()).unwrap()
    };
    let deliveries: Vec<Delivery> = (0..100).map(|_| seal()).collect();
    let late = seal();
    let recorded = futures::future::join_all(deliveries.into_iter().map(|d| keeper.record(d)));
    let (recorded, ()) = futures::future::join(recorded, keeper.close()).await;
    let durable = recorded.iter().filter(|each| each.is_ok()).count();
    assert_eq!(i64::try_from(durable).unwrap(), count(&world, "receipt").await);
    assert_eq!(durable, 100);
    assert!(keeper.record(late).await.is_err());
    world.assert_books_balance().await;
}

#[sqlx::test]
async fn a_manifest_is_public_while_the_work_is_offered(pool: PgPool) {
    let world = World::new(pool).await;
    let sale = world.sale(1, None).await;
    let public = manifest(&world.services, &sale.content_id, None).await.unwrap();
    assert_eq!((public.creator_id, public.attribution.as_str()), (world.creator, "Mira"));
    assert_eq!(public.provenance.len(), 1);
    sqlx::query("update offer set ended_at = now()").execute(world.pool()).await.unwrap();
    assert!(manifest(&world.services, &sale.content_id, None).await.is_err());
    assert!(manifest(&world.services, &sale.content_id, Some(world.creator)).await.is_err());
    let licensed = manifest(&world.services, &sale.content_id, Some(world.buyer)).await.unwrap();
    assert_eq!(licensed, public);
}

#[sqlx::test]
async fn the_last_snapshot_stays_in_force_while_none_can_be_read(pool: PgPool) {
    let world = World::new(pool).await;
    let sale = world.sale(1000, None).await;
    let (keeper, _) = open(&world).await;
    sqlx::query("alter table access_token rename to gone").execute(world.pool()).await.unwrap();
    let all = Changes::everything();
    let unreadable = Snapshot::new().apply(&world.services, &Paid::default(), &all).await;
    assert!(unreadable.is_err());
    sqlx::query("select pg_notify('gate_snapshot', '')").execute(world.pool()).await.unwrap();
    let later = tokio::time::Instant::now() + Duration::from_millis(1500);
    while tokio::time::Instant::now() < later {
        assert_eq!(code(&keeper, &sale), "delivered");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    sqlx::query("alter table gone rename to access_token").execute(world.pool()).await.unwrap();
    sqlx::query("update access_token set revoked_at = now()").execute(world.pool()).await.unwrap();
    expect(&keeper, &sale, "invalid_token").await;
    keeper.close().await;
}
