//! What the provider tells us: any order, any number of times, or not at all, with the same end.

use std::{collections::BTreeMap, sync::Mutex};

use async_trait::async_trait;
use imprimatur::{
    MIGRATOR,
    services::{
        Result, Services,
        payments::{
            Notice, Payments as _,
            inbox::{self, Listener, Seen},
        },
    },
};
use sqlx::PgPool;

use crate::world::{World, done, invoice, key, world};

/// Notes what it was told last of each thing.
#[derive(Default)]
struct Notes(Mutex<BTreeMap<String, String>>);

#[async_trait]
impl Listener for Notes {
    async fn seen(&self, _: &Services, seen: &Seen) -> Result<()> {
        let (id, state) = match seen {
            Seen::Invoice(invoice) => (invoice.id.to_string(), format!("{:?}", invoice.state)),
            Seen::Transfer(transfer) => {
                (transfer.id.to_string(), format!("{:?}", transfer.reversed))
            }
            Seen::Payout { payout, .. } => (payout.id.to_string(), format!("{:?}", payout.state)),
            Seen::Account(account) => (account.id.to_string(), account.is_ready().to_string()),
            Seen::Customer(customer) => (customer.id.to_string(), String::new()),
            Seen::Checkout(checkout) => (checkout.id.to_string(), String::new()),
            Seen::Refund(refund) => (refund.id.to_string(), format!("{:?}", refund.state)),
            Seen::Chargeback(open) => (open.id.to_string(), format!("{:?}", open.state)),
        };
        self.0.lock().unwrap().insert(id, state);
        Ok(())
    }
}

/// Something of everything has happened; answers with all events there are.
async fn history(world: &World) -> Vec<Notice> {
    world.money_in(1_000_000).await;
    let customer = world.customer("Ada", "4000000000000341").await;
    let draft = done(world.stripe.create_invoice(&key("in"), &invoice(&customer, &[100])).await);
    done(world.stripe.finalize_invoice(&key("in:final"), &draft.id).await);
    let _ = world.stripe.pay_invoice(&key("in:pay"), &draft.id).await;
    let account = world.account("Mira", "complete").await;
    done(world.transfer("1", &account.id, 100).await);
    world.advance(5 * 86_400).await;
    let since = world.services.now() - chrono::TimeDelta::days(1);
    let mut all = Vec::new();
    for whose in [None, Some(&account.id)] {
        let mut after = None;
        loop {
            let page = done(world.stripe.events(whose, since, after.as_ref()).await);
            after = page.rows.last().map(|notice| notice.id.clone());
            all.extend(page.rows);
            if !page.more {
                break;
            }
        }
    }
    all
}

async fn told(world: &World, events: &[Notice]) -> BTreeMap<String, String> {
    sqlx::query("truncate stripe_event").execute(&world.services.pool).await.unwrap();
    let notes = Notes::default();
    for event in events {
        inbox::keep(&world.services, event, true).await.unwrap();
        inbox::apply(&world.services, &world.stripe, &[&notes]).await.unwrap();
    }
    assert_eq!(inbox::oldest_waiting(&world.services).await.unwrap(), None);
    notes.0.into_inner().unwrap()
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn any_order_any_number_of_times_ends_alike(pool: PgPool) {
    let world = world(pool).await;
    let mut events = history(&world).await;
    let first = told(&world, &events).await;
    assert!(first.len() > 5, "{first:?}");
    events.reverse();
    assert_eq!(told(&world, &events).await, first);
    let twice: Vec<Notice> = events.iter().chain(&events).cloned().collect();
    assert_eq!(told(&world, &twice).await, first);
    for turn in 1..5 {
        let middle = events.len() * turn / 7;
        events.rotate_left(middle);
        events.swap(0, turn);
        assert_eq!(told(&world, &events).await, first);
    }
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn what_no_letter_brought_is_fetched(pool: PgPool) {
    let world = world(pool).await;
    let events = history(&world).await;
    let own = events.iter().filter(|event| event.account.is_none()).count();
    let new = inbox::catch_up(&world.services, &world.stripe).await.unwrap();
    assert_eq!(usize::try_from(new).unwrap(), own);
    assert_eq!(inbox::catch_up(&world.services, &world.stripe).await.unwrap(), 0);
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn what_the_provider_said_is_never_changed(pool: PgPool) {
    let world = world(pool).await;
    world.customer("Ada", "4242424242424242").await;
    inbox::catch_up(&world.services, &world.stripe).await.unwrap();
    for statement in [
        "update stripe_event set raw = '{}'",
        "update stripe_event set kind = 'other'",
        "delete from stripe_event",
        "delete from stripe_call",
        "update stripe_call set answer = ''",
    ] {
        assert!(sqlx::query(statement).execute(&world.services.pool).await.is_err(), "{statement}");
    }
}
