//! Payouts decided, sent, lost on the way and taken back, with a payment service that fails in every
//! way one can.

use std::time::Duration;

use chrono::DateTime;
use sqlx::PgPool;

use super::*;
use crate::{
    domain::{
        actor::Actor,
        error::Refusal,
        ledger::AccountKind,
        money::Currency,
        month::Month,
        payout::{Schedule, State},
    },
    services::{
        billing::{
            mature,
            tests::{Market, system},
        },
        payments::{Account, AccountId, Amount, Payout, PayoutState, Requirements},
        testing::code,
        testing_bank::{Bank, Fault},
    },
};

/// A market whose creator has $2,250.00 available, on a Friday.
async fn earned(pool: PgPool) -> Market {
    let market = Market::new(pool).await;
    let march: Month = "2026-03".parse().unwrap();
    market.after(march, 0);
    market.close("2026-03").await;
    let (invoice_id, total, _) = market.invoice().await;
    market.pay(invoice_id, "py_1", total).await;
    market.after(march, 9);
    mature(&market.services).await.unwrap();
    market
}

fn account(ready: bool) -> Account {
    Account {
        id: AccountId("acct_1".into()),
        country: None,
        currency: None,
        is_submitted: true,
        can_receive: ready,
        can_pay_out: ready,
        requirements: Requirements::default(),
    }
}

async fn connected(market: &Market) {
    let org_id = market.org(&market.creator);
    sqlx::query(
        "insert into stripe_party (org_id, account_id, account, account_read_at, created_at)
         values ($1, 'acct_1', $2, $3, $3)",
    )
    .bind(org_id.uuid())
    .bind(sqlx::types::Json(account(true)))
    .bind(market.services.now())
    .execute(&market.services.pool)
    .await
    .unwrap();
}

async fn states(market: &Market) -> Vec<State> {
    let rows: Vec<String> = sqlx::query_scalar("select state from payout order by payout_id")
        .fetch_all(&market.services.pool)
        .await
        .unwrap();
    rows.into_iter().map(|state| state.parse().unwrap()).collect()
}

async fn send_now(market: &Market, bank: &Bank) -> usize {
    send(&market.services, bank, &system()).await.unwrap()
}

async fn bank_says(market: &Market, bank: &Bank, state: PayoutState) -> usize {
    let said = Payout {
        id: crate::services::payments::PayoutId("po".into()),
        amount: Amount::of_cents(1, Currency::Usd),
        state,
        arrives_at: DateTime::UNIX_EPOCH,
        failure: (state == PayoutState::Failed)
            .then(|| ("account_closed".into(), "The bank account is closed.".into())),
        created_at: DateTime::UNIX_EPOCH,
    };
    let account = AccountId("acct_1".into());
    arrivals_seen(&market.services, bank, &system(), &account, &said).await.unwrap()
}

const CENTS: i64 = 10_000;
const SUM: i64 = 225_000 * CENTS;

#[sqlx::test]
async fn a_creator_is_paid_once_a_week_and_sees_it_arrive(pool: PgPool) {
    let market = earned(pool).await;
    connected(&market).await;
    let bank = Bank::default();
    let actor = system();
    let runs = (0..5).map(|_| run(&market.services, &actor));
    let decided = futures::future::join_all(runs).await;
    assert_eq!(decided.into_iter().map(|each| each.unwrap().payouts).sum::<usize>(), 1);
    market.assert_in_order().await;
    assert_eq!(send_now(&market, &bank).await, 1);
    assert_eq!(send_now(&market, &bank).await, 0);
    assert_eq!(market.reads(AccountKind::CreatorInTransit, &market.creator).await, SUM);
    assert_eq!(bank_says(&market, &bank, PayoutState::InTransit).await, 0);
    assert_eq!(bank_says(&market, &bank, PayoutState::Paid).await, 1);
    assert_eq!(bank_says(&market, &bank, PayoutState::Paid).await, 0, "told twice");
    assert_eq!(states(&market).await, [State::Paid]);
    assert_eq!(market.reads(AccountKind::CreatorInTransit, &market.creator).await, 0);
    assert_eq!(bank.sent_cents(), 225_000);
    market.assert_in_order().await;
}

#[sqlx::test]
async fn what_a_bank_sends_back_is_paid_by_the_next_run(pool: PgPool) {
    let market = earned(pool).await;
    connected(&market).await;
    let bank = Bank::default();
    run(&market.services, &system()).await.unwrap();
    send_now(&market, &bank).await;
    bank_says(&market, &bank, PayoutState::Paid).await;
    assert_eq!(bank_says(&market, &bank, PayoutState::Failed).await, 1);
    assert_eq!(bank_says(&market, &bank, PayoutState::Paid).await, 0, "older news");
    market.assert_in_order().await;
    for fault in [Fault::CallLost, Fault::AnswerLost] {
        bank.faults.lock().unwrap().push_back(fault);
        send_now(&market, &bank).await;
        assert_eq!(states(&market).await, [State::Failed]);
        market.clock.advance(Duration::from_secs(3_600));
    }
    send_now(&market, &bank).await;
    assert_eq!(states(&market).await, [State::Returned]);
    assert_eq!(market.reads(AccountKind::CreatorAvailable, &market.creator).await, SUM);
    assert_eq!(bank.sent_cents(), 0);
    market.assert_in_order().await;

    market.clock.advance(Duration::from_secs(7 * 86_400));
    assert_eq!(run(&market.services, &system()).await.unwrap().payouts, 1);
    send_now(&market, &bank).await;
    assert_eq!(bank.sent_cents(), 225_000);
    market.assert_in_order().await;
}

/// Every sequence of three faults, with short and long waits between the calls.
#[sqlx::test]
async fn nothing_is_sent_twice_whatever_goes_wrong(pool: PgPool) {
    let market = earned(pool).await;
    connected(&market).await;
    let kinds = [Fault::AnswerLost, Fault::CallLost, Fault::Empty];
    let bank = Bank::default();
    for n in 0..27_u64 {
        let at = |n: u64| kinds[usize::try_from(n % 3).unwrap()];
        let faults = [at(n), at(n / 3), at(n / 9)];
        let asked = request(&market.services, &market.creator, Currency::Usd).await.unwrap();
        assert_eq!(asked.micros, SUM);
        bank.faults.lock().unwrap().extend(faults);
        for wait in 0..6 {
            send_now(&market, &bank).await;
            let hours = if (wait + n).is_multiple_of(3) { 30 } else { 5 };
            market.clock.advance(Duration::from_secs(hours * 3_600));
        }
        market.assert_in_order().await;
        assert_eq!(bank.sent_cents(), 225_000, "{faults:?}");
        bank.faults.lock().unwrap().clear();
        // The bank does not want it; so the next round has it again.
        bank_says(&market, &bank, PayoutState::Failed).await;
        send_now(&market, &bank).await;
        assert_eq!(bank.sent_cents(), 0, "{faults:?}");
        market.assert_in_order().await;
    }
    assert_eq!(states(&market).await, [State::Returned; 27]);
}

#[sqlx::test]
async fn what_is_not_sent_says_why(pool: PgPool) {
    let market = earned(pool).await;
    let decided = run(&market.services, &system()).await.unwrap();
    assert_eq!((decided.payouts, decided.skipped), (0, 1));
    let why: String = sqlx::query_scalar("select why from payout_decision")
        .fetch_one(&market.services.pool)
        .await
        .unwrap();
    assert_eq!(why, "$2,250.00 waits for you: set up payouts to have it sent.");
    assert_eq!(run(&market.services, &system()).await.unwrap(), Decided::default());

    connected(&market).await;
    set_schedule(&market.services, &market.creator, Schedule::OnRequest).await.unwrap();
    market.clock.advance(Duration::from_secs(40 * 86_400));
    assert_eq!(run(&market.services, &system()).await.unwrap(), Decided::default());
    let bank = Bank::failing(&[Fault::NotReady]);
    let plan = request(&market.services, &market.creator, Currency::Usd).await.unwrap();
    assert_eq!(plan.micros, SUM);
    send_now(&market, &bank).await;
    assert_eq!(states(&market).await, [State::Refused]);
    assert_eq!(market.reads(AccountKind::CreatorAvailable, &market.creator).await, SUM);
    market.assert_in_order().await;
    let refusal: Refusal = request(&market.services, &market.creator, Currency::Usd)
        .await
        .unwrap_err()
        .refusal()
        .unwrap()
        .clone();
    assert_eq!(refusal.code, "asked_already");
    let buyer: &Actor = &market.buyer;
    assert_eq!(code(request(&market.services, buyer, Currency::Usd).await), "nothing_to_pay_out");
}
