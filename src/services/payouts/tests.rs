//! Payouts decided, sent, lost on the way and taken back, with a payment service that fails in every
//! way one can.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Mutex,
    time::Duration,
};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
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
        payments::*,
        testing::code,
    },
};

/// How a call goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    /// It happens, and no answer comes.
    AnswerLost,
    /// It does not happen, and no answer comes.
    CallLost,
    /// There is not enough in our balance.
    Empty,
    /// The account cannot receive.
    NotReady,
}

/// A payment service that remembers keys, and does each thing once for a key.
#[derive(Default)]
struct Bank {
    transfers: Mutex<BTreeMap<String, Transfer>>,
    faults: Mutex<VecDeque<Fault>>,
    arrived: Mutex<Option<PayoutState>>,
}

impl Bank {
    fn failing(faults: &[Fault]) -> Self {
        Self { faults: Mutex::new(faults.iter().copied().collect()), ..Self::default() }
    }

    fn next_fault(&self) -> Option<Fault> {
        self.faults.lock().unwrap().pop_front()
    }

    /// What has left us and has not come back.
    fn sent_cents(&self) -> i64 {
        let transfers = self.transfers.lock().unwrap();
        transfers.values().map(|each| each.amount.cents() - each.reversed.cents()).sum()
    }
}

fn refused<T>(code: &str) -> Outcome<T> {
    Outcome::Refused(Refused { code: code.into(), message: "No.".into() })
}

macro_rules! not_asked {
    ($($name:ident($($arg:ident: $type:ty),*) -> $out:ty;)*) => {
        /// Everything that payouts do not ask for.
        #[async_trait]
        impl Payments for Bank {
            $(async fn $name(&self, $($arg: $type),*) -> Outcome<$out> {
                panic!("nobody asks for {}", stringify!($name))
            })*

            async fn create_transfer(&self, key: &Key, new: &NewTransfer) -> Outcome<Transfer> {
                self.transfer_once(key, new)
            }

            async fn reverse_transfer(
                &self,
                _key: &Key,
                transfer: &TransferId,
                amount: Amount,
                _reference: &Reference,
            ) -> Outcome<Reversal> {
                self.reverse_once(transfer, amount)
            }

            async fn transfer(&self, id: &TransferId) -> Outcome<Transfer> {
                let transfers = self.transfers.lock().unwrap();
                match transfers.values().find(|each| each.id == *id) {
                    Some(transfer) => Outcome::Done(transfer.clone()),
                    None => refused("resource_missing"),
                }
            }

            async fn transfers_of(&self, group: &str) -> Outcome<Vec<Transfer>> {
                let transfers = self.transfers.lock().unwrap();
                let of = |each: &&Transfer| each.group.as_deref() == Some(group);
                Outcome::Done(transfers.values().filter(of).cloned().collect())
            }

            async fn payout(&self, _account: &AccountId, id: &crate::services::payments::PayoutId) -> Outcome<Payout> {
                let state = self.arrived.lock().unwrap().unwrap();
                let amount = Amount::of_cents(1, Currency::Usd);
                let failure = (state == PayoutState::Failed)
                    .then(|| ("account_closed".into(), "The bank account is closed.".into()));
                Outcome::Done(Payout {
                    id: id.clone(),
                    amount,
                    state,
                    arrives_at: DateTime::UNIX_EPOCH,
                    failure,
                    created_at: DateTime::UNIX_EPOCH,
                })
            }

            async fn payout_entries(
                &self,
                _account: &AccountId,
                _payout: &crate::services::payments::PayoutId,
            ) -> Outcome<Vec<BalanceEntry>> {
                let transfers = self.transfers.lock().unwrap();
                let entry = |each: &Transfer| BalanceEntry {
                    id: EntryId("txn".into()),
                    kind: "payment".into(),
                    amount: each.amount,
                    fee: Amount::of_cents(0, each.amount.currency()),
                    net: each.amount,
                    source: each.arrival.clone(),
                    available_at: DateTime::UNIX_EPOCH,
                    created_at: DateTime::UNIX_EPOCH,
                };
                Outcome::Done(transfers.values().map(entry).collect())
            }
        }
    };
}

type Balances = Vec<crate::services::payments::Balance>;
type Entries = Page<BalanceEntry>;

not_asked! {
    create_customer(_key: &Key, _new: &NewCustomer) -> Customer;
    customer(_id: &CustomerId) -> Customer;
    setup_checkout(_key: &Key, _new: &SetupCheckout) -> Checkout;
    checkout(_id: &CheckoutId) -> Checkout;
    set_default_card(_key: &Key, _customer: &CustomerId, _card: &CardId) -> Customer;
    customer_portal(_key: &Key, _customer: &CustomerId, _return_url: &str) -> HostedPage;
    create_invoice(_key: &Key, _new: &NewInvoice) -> Invoice;
    finalize_invoice(_key: &Key, _id: &InvoiceId) -> Invoice;
    pay_invoice(_key: &Key, _id: &InvoiceId) -> Invoice;
    invoice(_id: &InvoiceId) -> Invoice;
    invoices_about(_customer: &CustomerId, _reference: &Reference) -> Vec<Invoice>;
    void_invoice(_key: &Key, _id: &InvoiceId) -> Invoice;
    credit_note(_key: &Key, _new: &NewCreditNote) -> CreditNote;
    refund(_key: &Key, _new: &NewRefund) -> Refund;
    refund_now(_id: &RefundId) -> Refund;
    chargeback(_id: &ChargebackId) -> Chargeback;
    create_account(_key: &Key, _new: &NewAccount) -> Account;
    onboarding(_key: &Key, _new: &Onboarding) -> HostedPage;
    account(_id: &AccountId) -> Account;
    payouts(_account: &AccountId, _after: Option<&crate::services::payments::PayoutId>) -> Page<Payout>;
    balances(_account: Option<&AccountId>) -> Balances;
    balance_entries(_account: Option<&AccountId>, _since: DateTime<Utc>, _after: Option<&EntryId>) -> Entries;
    events(_account: Option<&AccountId>, _since: DateTime<Utc>, _after: Option<&NoticeId>) -> Page<Notice>;
    event(_account: Option<&AccountId>, _id: &NoticeId) -> Notice;
}

impl Bank {
    fn transfer_once(&self, key: &Key, new: &NewTransfer) -> Outcome<Transfer> {
        let fault = self.next_fault();
        match fault {
            Some(Fault::CallLost) => return Outcome::Unknown("cut".into()),
            Some(Fault::Empty) => return refused("balance_insufficient"),
            Some(Fault::NotReady) => return refused("insufficient_capabilities_for_transfer"),
            Some(Fault::AnswerLost) | None => {}
        }
        let mut transfers = self.transfers.lock().unwrap();
        let n = transfers.len();
        let transfer = transfers.entry(key.to_string()).or_insert_with(|| Transfer {
            id: TransferId(format!("tr_{n}")),
            account: Some(new.account.clone()),
            amount: new.amount,
            reversed: Amount::of_cents(0, new.amount.currency()),
            group: Some(new.group.clone()),
            reference: Some(new.reference.clone()),
            arrival: Some(format!("py_{n}")),
            created_at: DateTime::UNIX_EPOCH,
        });
        assert_eq!(transfer.amount, new.amount, "the same key asks for the same thing");
        match fault {
            Some(_) => Outcome::Unknown("cut".into()),
            None => Outcome::Done(transfer.clone()),
        }
    }

    fn reverse_once(&self, id: &TransferId, amount: Amount) -> Outcome<Reversal> {
        let fault = self.next_fault();
        if fault == Some(Fault::CallLost) {
            return Outcome::Unknown("cut".into());
        }
        if fault.is_some_and(|fault| fault != Fault::AnswerLost) {
            return refused("balance_insufficient");
        }
        let mut transfers = self.transfers.lock().unwrap();
        let transfer = transfers.values_mut().find(|each| each.id == *id).unwrap();
        transfer.reversed = amount;
        match fault {
            Some(_) => Outcome::Unknown("cut".into()),
            None => Outcome::Done(Reversal { id: ReversalId("trr".into()), amount }),
        }
    }
}

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
    account_read(&market.services, &system(), org_id, &account(true)).await.unwrap();
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
    *bank.arrived.lock().unwrap() = Some(state);
    let (account, id) =
        (AccountId("acct_1".into()), crate::services::payments::PayoutId("po".into()));
    arrivals_seen(&market.services, bank, &system(), &account, &id).await.unwrap()
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
