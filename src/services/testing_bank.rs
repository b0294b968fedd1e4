//! A payment provider for tests, that fails in every way one can and does each thing once for a key.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Mutex,
};

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::payments::*;

/// How a call goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It happens, and no answer comes.
    AnswerLost,
    /// It does not happen, and no answer comes.
    CallLost,
    /// There is not enough in our balance.
    Empty,
    /// The account cannot receive, or the card is declined.
    NotReady,
}

/// A payment service that remembers keys, and does each thing once for a key.
#[derive(Default)]
pub(crate) struct Bank {
    pub transfers: Mutex<BTreeMap<String, Transfer>>,
    pub faults: Mutex<VecDeque<Fault>>,
    pub invoices: Mutex<BTreeMap<String, Invoice>>,
    /// How often a card was charged.
    pub charged: Mutex<u64>,
}

impl Bank {
    pub fn failing(faults: &[Fault]) -> Self {
        Self { faults: Mutex::new(faults.iter().copied().collect()), ..Self::default() }
    }

    fn next_fault(&self) -> Option<Fault> {
        self.faults.lock().unwrap().pop_front()
    }

    /// What has left us and has not come back.
    pub fn sent_cents(&self) -> i64 {
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

            async fn create_customer(&self, _key: &Key, _new: &NewCustomer) -> Outcome<Customer> {
                Outcome::Done(Customer { id: CustomerId("cus_1".into()), default_card: None })
            }

            async fn create_invoice(&self, key: &Key, new: &NewInvoice) -> Outcome<Invoice> {
                self.invoice_once(key, new)
            }

            async fn finalize_invoice(&self, _key: &Key, id: &InvoiceId) -> Outcome<Invoice> {
                self.turn_invoice(id, |invoice| {
                    if invoice.state == InvoiceState::Draft {
                        invoice.state = InvoiceState::Open;
                    }
                })
            }

            async fn pay_invoice(&self, _key: &Key, id: &InvoiceId) -> Outcome<Invoice> {
                self.pay_once(id)
            }

            async fn invoice(&self, id: &InvoiceId) -> Outcome<Invoice> {
                self.turn_invoice(id, |_| {})
            }

            async fn invoices_about(
                &self,
                _customer: &CustomerId,
                reference: &Reference,
            ) -> Outcome<Vec<Invoice>> {
                let invoices = self.invoices.lock().unwrap();
                let about = |each: &&Invoice| each.reference.as_ref() == Some(reference);
                Outcome::Done(invoices.values().filter(about).cloned().collect())
            }

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

            async fn payout_entries(
                &self,
                _account: &AccountId,
                _payout: &PayoutId,
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

type Balances = Vec<Balance>;
type Entries = Page<BalanceEntry>;

not_asked! {
    customer(_id: &CustomerId) -> Customer;
    setup_checkout(_key: &Key, _new: &SetupCheckout) -> Checkout;
    checkout(_id: &CheckoutId) -> Checkout;
    set_default_card(_key: &Key, _customer: &CustomerId, _card: &CardId) -> Customer;
    customer_portal(_key: &Key, _customer: &CustomerId, _return_url: &str) -> HostedPage;
    void_invoice(_key: &Key, _id: &InvoiceId) -> Invoice;
    credit_note(_key: &Key, _new: &NewCreditNote) -> CreditNote;
    refund(_key: &Key, _new: &NewRefund) -> Refund;
    refund_now(_id: &RefundId) -> Refund;
    chargeback(_id: &ChargebackId) -> Chargeback;
    create_account(_key: &Key, _new: &NewAccount) -> Account;
    onboarding(_key: &Key, _new: &Onboarding) -> HostedPage;
    account(_id: &AccountId) -> Account;
    payout(_account: &AccountId, _id: &PayoutId) -> Payout;
    payouts(_account: &AccountId, _after: Option<&PayoutId>) -> Page<Payout>;
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

    fn invoice_once(&self, key: &Key, new: &NewInvoice) -> Outcome<Invoice> {
        let fault = self.next_fault();
        if fault == Some(Fault::CallLost) {
            return Outcome::Unknown("cut".into());
        }
        let cents = new.lines.iter().map(|line| line.amount.cents()).sum();
        let total = Amount::of_cents(cents, new.currency);
        let mut invoices = self.invoices.lock().unwrap();
        let n = invoices.len();
        let invoice = invoices.entry(key.to_string()).or_insert_with(|| Invoice {
            id: InvoiceId(format!("in_{n}")),
            customer: Some(new.customer.clone()),
            state: InvoiceState::Draft,
            number: Some(format!("A-{n}")),
            total,
            due: total,
            paid: Amount::of_cents(0, new.currency),
            reference: Some(new.reference.clone()),
            payment: None,
            page_url: Some("https://pay.example".into()),
            pdf_url: None,
            attempts: 0,
        });
        assert_eq!(invoice.total, total, "the same key asks for the same thing");
        match fault {
            Some(_) => Outcome::Unknown("cut".into()),
            None => Outcome::Done(invoice.clone()),
        }
    }

    fn turn_invoice(&self, id: &InvoiceId, turn: impl FnOnce(&mut Invoice)) -> Outcome<Invoice> {
        let mut invoices = self.invoices.lock().unwrap();
        let invoice = invoices.values_mut().find(|each| each.id == *id).unwrap();
        turn(invoice);
        Outcome::Done(invoice.clone())
    }

    fn pay_once(&self, id: &InvoiceId) -> Outcome<Invoice> {
        let fault = self.next_fault();
        match fault {
            Some(Fault::CallLost) => return Outcome::Unknown("cut".into()),
            Some(Fault::NotReady | Fault::Empty) => return refused("card_declined"),
            Some(Fault::AnswerLost) | None => {}
        }
        let paid = self.turn_invoice(id, |invoice| {
            if invoice.state == InvoiceState::Open {
                *self.charged.lock().unwrap() += 1;
                invoice.state = InvoiceState::Paid;
                invoice.paid = invoice.due;
                invoice.payment = Some(PaymentId(format!("py_{}", invoice.id)));
            }
        });
        match fault {
            Some(_) => Outcome::Unknown("cut".into()),
            None => paid,
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
