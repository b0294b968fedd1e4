use std::time::Duration;

use super::*;
use crate::{
    domain::{
        ids::ReceiptId,
        receipt::{ConsumerId, kid_of, verify},
        terms::Scope,
    },
    services::{
        gate::{
            Keeper,
            fixtures::{World, seal_whole},
        },
        mint, reports,
    },
};
use sqlx::PgPool;

fn receipt(world: &World) -> Receipt {
    let receipt_id: ReceiptId = mint();
    Receipt {
        receipt_id,
        consumer_id: ConsumerId::from_bytes([1; 16]),
        content_id: crate::domain::asset::ContentId::of(b"Salt."),
        license_id: mint(),
        token_id: mint(),
        job_id: None,
        scope: Scope::Inference,
        timestamp: world.services.now(),
        bytes: 5,
        range: None,
        resource: None,
        free_reason: None,
        nonce: receipt_id.uuid().to_string(),
    }
}

async fn load(world: &World) -> Result<Keyring> {
    let nothing = Keyring::default();
    Keyring::load(&world.services, &world.settings().keys, &nothing).await
}

/// Which key signs now.
async fn signs(world: &World) -> String {
    let ring = load(world).await.unwrap();
    let jws = ring.seal(&receipt(world), world.services.now()).unwrap();
    let kid = kid_of(&jws).unwrap();
    let jwks = ring.jwks();
    let jwk = jwks.keys.iter().find(|jwk| jwk.kid == kid).unwrap();
    verify(&jws, &jwk.public_key().unwrap()).unwrap();
    kid
}

async fn rotate_after(world: &World, lead: TimeDelta) -> String {
    let now = world.services.now();
    rotate(world.pool(), &world.settings().keys, now, now + lead).await.unwrap()
}

async fn published(world: &World) -> usize {
    load(world).await.unwrap().jwks().keys.len()
}

#[sqlx::test]
async fn gates_that_start_at_once_make_one_key(pool: PgPool) {
    let world = World::new(pool).await;
    let rings = futures::future::join_all((0..6).map(|_| load(&world))).await;
    let jwks: Vec<Jwks> = rings.into_iter().map(|ring| ring.unwrap().jwks()).collect();
    assert_eq!(jwks[0].keys.len(), 1);
    assert!(jwks.iter().all(|each| *each == jwks[0]));
}

#[sqlx::test]
async fn a_key_is_worth_nothing_without_the_secret(pool: PgPool) {
    let world = World::new(pool).await;
    load(&world).await.unwrap();
    let other = KeySettings { secret: [8; 32], ..world.settings().keys };
    assert!(Keyring::load(&world.services, &other, &Keyring::default()).await.is_err());
    // Bound to its name: what is sealed for one key opens no other.
    let sealed = seal(&[7; 32], "one", b"private").unwrap();
    assert!(unseal(&[7; 32], "two", &sealed).is_err());
    assert!(!sealed.windows(7).any(|part| part == b"private"));
    assert!(!format!("{other:?}").contains('8'));
}

#[sqlx::test]
async fn a_new_key_is_published_first_and_signs_later(pool: PgPool) {
    let world = World::new(pool).await;
    let first = signs(&world).await;
    let second = rotate_after(&world, LEAD).await;
    assert_eq!((signs(&world).await, published(&world).await), (first.clone(), 2));
    world.pass(LEAD - TimeDelta::seconds(1));
    assert_eq!(signs(&world).await, first);
    world.pass(TimeDelta::seconds(1));
    assert_eq!(signs(&world).await, second);

    // In an emergency a key that was to sign only later never does.
    let pending = rotate_after(&world, LEAD).await;
    let at_once = rotate_after(&world, TimeDelta::zero()).await;
    assert_eq!(signs(&world).await, at_once);
    world.pass(LEAD * 2);
    assert_eq!(signs(&world).await, at_once);
    assert_ne!(pending, at_once);
}

#[sqlx::test]
async fn a_key_serves_its_days_then_stays_published_without_its_private_half(pool: PgPool) {
    let world = World::new(pool).await;
    let settings = world.settings().keys;
    let first = signs(&world).await;
    world.pass(TimeDelta::days(90));
    assert_eq!(tend(&world.services, &settings).await.unwrap(), 0);
    world.pass(TimeDelta::seconds(1));
    assert_eq!(tend(&world.services, &settings).await.unwrap(), 1, "it makes the next key");
    assert_eq!(tend(&world.services, &settings).await.unwrap(), 0, "once");
    world.pass(LEAD);
    assert_ne!(signs(&world).await, first);
    world.pass(ERASE_AFTER + TimeDelta::seconds(1));
    assert_eq!(tend(&world.services, &settings).await.unwrap(), 1, "it erases the first");
    let left: i64 =
        sqlx::query_scalar("select count(*) from receipt_key where sealed_private is not null")
            .fetch_one(world.pool())
            .await
            .unwrap();
    assert_eq!((left, published(&world).await), (1, 2));
    world.pass(TimeDelta::days(400));
    assert_eq!(published(&world).await, 1);
    let known = reports::jwks(&world.services).await.unwrap();
    assert_eq!(known.keys.len(), 2, "whoever holds an old receipt can still check it here");
}

#[sqlx::test]
async fn a_key_can_only_be_retired_then_erased(pool: PgPool) {
    let world = World::new(pool).await;
    signs(&world).await;
    for (change, allowed) in [
        ("update receipt_key set sealed_private = null", false),
        ("update receipt_key set public_key = decode(repeat('00', 32), 'hex')", false),
        ("update receipt_key set activates_at = activates_at + interval '1 day'", false),
        ("update receipt_key set sealed_private = 'x'", false),
        ("update receipt_key set retires_at = created_at - interval '1 day'", false),
        ("update receipt_key set retires_at = activates_at", true),
        ("update receipt_key set retires_at = retires_at + interval '1 day'", false),
        ("update receipt_key set retires_at = null", false),
        ("update receipt_key set sealed_private = null", true),
        ("update receipt_key set sealed_private = 'x'", false),
        ("delete from receipt_key", false),
        ("truncate receipt_key", false),
    ] {
        let changed = sqlx::query(change).execute(world.pool()).await;
        assert_eq!(changed.is_ok(), allowed, "{change}");
    }
}

#[sqlx::test]
async fn keys_rotate_under_load_and_every_receipt_can_be_checked(pool: PgPool) {
    let world = World::new(pool).await;
    let sale = world.sale(1_000_000, None).await;
    let keeper = Keeper::open(world.services.clone(), world.settings()).await.unwrap();
    let ask = sale.ask(crate::domain::gate::AskedScope::Named(Scope::Inference));
    let mut kids = std::collections::BTreeSet::new();
    let mut checked = 0;
    for _ in 0..4 {
        let kid = rotate_after(&world, TimeDelta::zero()).await;
        let deadline = tokio::time::Instant::now() + Duration::from_secs(5);
        while !kids.contains(&kid) {
            assert!(tokio::time::Instant::now() < deadline, "the gate never took up {kid}");
            let admission = keeper.admit(&keeper.bearer(Some(&sale.secret)), &ask).unwrap();
            let delivery = seal_whole(&keeper, admission).unwrap();
            let signed_with = kid_of(&delivery.jws).unwrap();
            let jwks = keeper.jwks();
            let jwk = jwks.keys.iter().find(|jwk| jwk.kid == signed_with).unwrap();
            verify(&delivery.jws, &jwk.public_key().unwrap()).unwrap();
            keeper.record(delivery).await.unwrap();
            checked += 1;
            kids.insert(signed_with);
        }
    }
    keeper.settled().await;
    let stored: i64 =
        sqlx::query_scalar("select count(*) from receipt").fetch_one(world.pool()).await.unwrap();
    assert!(kids.len() >= 4 && stored == checked, "{kids:?} {checked}");
    keeper.close().await;
}
