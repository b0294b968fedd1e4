//! Everything the port promises, over HTTP against the sandbox, with bad luck and without.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod collect;
mod inbox;
mod luck;
mod world;

use imprimatur::{
    MIGRATOR,
    services::payments::{
        ChargebackId, ChargebackState, InvoiceState, NewCreditNote, NewRefund, Payments as _,
        PayoutState, Reference, RefundState,
    },
};
use sqlx::PgPool;
use stripe_sandbox::input::Order;

use world::{code, done, invoice, key, usd, world};

#[sqlx::test(migrator = "MIGRATOR")]
async fn a_buyer_is_billed_and_gets_a_part_back(pool: PgPool) {
    let world = world(pool).await;
    let stripe = &world.stripe;
    let customer = world.customer("Ada", "4242424242424242").await;
    assert!(customer.default_card.is_some());
    assert_eq!(done(stripe.customer(&customer.id).await), customer);

    // More lines than one call takes.
    let mut lines = vec![250_000];
    lines.extend([1; 300]);
    let new = invoice(&customer, &lines);
    let draft = done(stripe.create_invoice(&key("in:1"), &new).await);
    assert_eq!((draft.state, draft.total), (InvoiceState::Draft, usd(250_300)));
    let opened = done(stripe.finalize_invoice(&key("in:1:final"), &draft.id).await);
    assert_eq!((opened.state, opened.due), (InvoiceState::Open, usd(250_300)));
    let paid = done(stripe.pay_invoice(&key("in:1:pay"), &draft.id).await);
    assert_eq!((paid.state, paid.paid, paid.due), (InvoiceState::Paid, usd(250_300), usd(0)));
    assert_eq!(paid.reference, Some(Reference::new("invoice", "01J")));
    let found = done(stripe.invoices_about(&customer.id, &new.reference).await);
    assert_eq!(found.into_iter().map(|i| i.id).collect::<Vec<_>>(), std::slice::from_ref(&paid.id));

    let note = NewCreditNote {
        invoice: paid.id.clone(),
        amount: usd(500),
        is_refunded: true,
        text: "Less".into(),
        reference: Reference::new("credit_note", "1"),
    };
    let note = done(stripe.credit_note(&key("cn:1"), &note).await);
    let refund = done(stripe.refund_now(&note.refund.unwrap()).await);
    assert_eq!((refund.amount, refund.state), (usd(500), RefundState::Succeeded));
    let new = NewRefund {
        payment: paid.payment.unwrap(),
        amount: usd(300_000),
        reference: Reference::new("refund", "1"),
    };
    assert_eq!(code(stripe.refund(&key("re:1"), &new).await), "amount_too_large");
    assert!(world.sandbox.sums().await.values().all(|sum| *sum == 0));
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn a_declined_card_is_refused_and_another_attempt_needs_another_key(pool: PgPool) {
    let world = world(pool).await;
    let stripe = &world.stripe;
    let customer = world.customer("Bo", "4000000000000341").await;
    let draft = done(stripe.create_invoice(&key("in"), &invoice(&customer, &[100])).await);
    done(stripe.finalize_invoice(&key("in:final"), &draft.id).await);
    for _ in 0..2 {
        assert_eq!(code(stripe.pay_invoice(&key("in:pay:0"), &draft.id).await), "card_declined");
    }
    let open = done(stripe.invoice(&draft.id).await);
    assert_eq!((open.state, open.attempts), (InvoiceState::Open, 1));
    assert_eq!(code(stripe.pay_invoice(&key("in:pay:1"), &draft.id).await), "card_declined");
    let page = open.page_url.unwrap();
    world.submit(&page, ("number", "4242424242424242")).await;
    assert_eq!(done(stripe.invoice(&draft.id).await).state, InvoiceState::Paid);
    let other = done(stripe.create_invoice(&key("other"), &invoice(&customer, &[100])).await);
    done(stripe.finalize_invoice(&key("other:final"), &other.id).await);
    let void = done(stripe.void_invoice(&key("other:void"), &other.id).await);
    assert_eq!(void.state, InvoiceState::Void);
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn a_creator_is_paid_and_the_bank_sends_it_back(pool: PgPool) {
    let world = world(pool).await;
    let stripe = &world.stripe;
    world.money_in(1_000_000).await;
    let account = world.account("Mira", "complete").await;
    assert!(account.is_ready());
    let before = world.available(None).await;
    let sent = done(world.transfer("1", &account.id, 12_345).await);
    assert_eq!(world.available(None).await, before - 12_345);
    assert_eq!(world.available(Some(&account.id)).await, 12_345);
    assert_eq!(done(stripe.transfers_of("payout:1").await), std::slice::from_ref(&sent));

    let cause = Reference::new("payout", "1");
    let back = stripe.reverse_transfer(&key("back"), &sent.id, usd(345), &cause).await;
    assert_eq!(done(back).amount, usd(345));
    assert_eq!(done(stripe.transfer(&sent.id).await).reversed, usd(345));

    world.advance(5 * 86_400).await;
    let payouts = done(stripe.payouts(&account.id, None).await);
    let payout = &payouts.rows[0];
    assert_eq!((payout.amount, payout.state), (usd(12_000), PayoutState::Paid));
    let made_of = done(stripe.payout_entries(&account.id, &payout.id).await);
    assert!(made_of.iter().any(|entry| entry.source == sent.arrival));
    let too_late = stripe.reverse_transfer(&key("late"), &sent.id, usd(1), &cause).await;
    assert_eq!(code(too_late), "balance_insufficient");

    world.sandbox.order(Order::FailPayout { payout: payout.id.to_string() }).await.unwrap();
    let failed = done(stripe.payout(&account.id, &payout.id).await);
    assert_eq!(failed.state, PayoutState::Failed);
    assert_eq!(failed.failure.unwrap().0, "account_closed");
    assert_eq!(world.available(Some(&account.id)).await, 12_000);
    assert!(!done(stripe.account(&account.id).await).is_ready());
    assert!(world.sandbox.sums().await.values().all(|sum| *sum == 0));
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn who_is_not_ready_is_not_paid_and_it_says_why(pool: PgPool) {
    let world = world(pool).await;
    let half = world.account("Half", "half_way").await;
    assert!(!half.is_submitted && !half.requirements.now.is_empty());
    let bad = world.account("Bad", "unverified").await;
    assert!(bad.is_submitted && !bad.is_ready());
    assert_eq!(bad.requirements.errors.len(), 1);
    assert_eq!(
        code(world.transfer("1", &bad.id, 100).await),
        "insufficient_capabilities_for_transfer"
    );
    let good = world.account("Good", "complete").await;
    assert_eq!(code(world.transfer("2", &good.id, 100).await), "balance_insufficient");
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn a_chargeback_moves_what_it_says(pool: PgPool) {
    let world = world(pool).await;
    let stripe = &world.stripe;
    let customer = world.customer("Cy", "4000000000000259").await;
    let draft = done(stripe.create_invoice(&key("in"), &invoice(&customer, &[10_000])).await);
    done(stripe.finalize_invoice(&key("in:final"), &draft.id).await);
    let paid = done(stripe.pay_invoice(&key("in:pay"), &draft.id).await);
    let since = world.services.now() - chrono::TimeDelta::days(1);
    let events = done(stripe.events(None, since, None).await);
    let opened =
        events.rows.iter().find(|event| event.kind == "charge.dispute.created").unwrap().clone();
    let id = ChargebackId(opened.object.unwrap());
    let open = done(stripe.chargeback(&id).await);
    assert_eq!((open.state, open.payment), (ChargebackState::NeedsAnswer, paid.payment));
    world.sandbox.order(Order::Win { dispute: id.to_string() }).await.unwrap();
    let won = done(stripe.chargeback(&id).await);
    let moved: i64 = won.entries.iter().map(|entry| entry.net.cents()).sum();
    assert_eq!((won.state, moved), (ChargebackState::Won, -1_500));
}
