//! The port's calls, each carried out by the file of its noun.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use imprimatur::services::payments::*;

use crate::{Stripe, wire::outcome};

#[async_trait]
impl Payments for Stripe {
    async fn create_customer(&self, key: &Key, new: &NewCustomer) -> Outcome<Customer> {
        outcome(self.make_customer(key, new).await)
    }

    async fn customer(&self, id: &CustomerId) -> Outcome<Customer> {
        outcome(self.read_customer(id).await)
    }

    async fn setup_checkout(&self, key: &Key, new: &SetupCheckout) -> Outcome<Checkout> {
        outcome(self.open_setup(key, new).await)
    }

    async fn checkout(&self, id: &CheckoutId) -> Outcome<Checkout> {
        outcome(self.read_setup(id).await)
    }

    async fn set_default_card(
        &self,
        key: &Key,
        customer: &CustomerId,
        card: &CardId,
    ) -> Outcome<Customer> {
        outcome(self.use_card(key, customer, card).await)
    }

    async fn customer_portal(
        &self,
        key: &Key,
        customer: &CustomerId,
        return_url: &str,
    ) -> Outcome<HostedPage> {
        outcome(self.open_portal(key, customer, return_url).await)
    }

    async fn create_invoice(&self, key: &Key, new: &NewInvoice) -> Outcome<Invoice> {
        outcome(self.draft(key, new).await)
    }

    async fn finalize_invoice(&self, key: &Key, id: &InvoiceId) -> Outcome<Invoice> {
        outcome(self.number(key, id).await)
    }

    async fn pay_invoice(&self, key: &Key, id: &InvoiceId) -> Outcome<Invoice> {
        outcome(self.charge(key, id).await)
    }

    async fn invoice(&self, id: &InvoiceId) -> Outcome<Invoice> {
        outcome(self.read_invoice(id).await)
    }

    async fn invoices_about(
        &self,
        customer: &CustomerId,
        reference: &Reference,
    ) -> Outcome<Vec<Invoice>> {
        outcome(self.find_invoices(customer, reference).await)
    }

    async fn void_invoice(&self, key: &Key, id: &InvoiceId) -> Outcome<Invoice> {
        outcome(self.give_up(key, id).await)
    }

    async fn credit_note(&self, key: &Key, new: &NewCreditNote) -> Outcome<CreditNote> {
        outcome(self.credit(key, new).await)
    }

    async fn refund(&self, key: &Key, new: &NewRefund) -> Outcome<Refund> {
        outcome(self.send_back(key, new).await)
    }

    async fn refund_now(&self, id: &RefundId) -> Outcome<Refund> {
        outcome(self.read_refund(id).await)
    }

    async fn chargeback(&self, id: &ChargebackId) -> Outcome<Chargeback> {
        outcome(self.read_chargeback(id).await)
    }

    async fn create_account(&self, key: &Key, new: &NewAccount) -> Outcome<Account> {
        outcome(self.make_account(key, new).await)
    }

    async fn onboarding(&self, key: &Key, new: &Onboarding) -> Outcome<HostedPage> {
        outcome(self.open_onboarding(key, new).await)
    }

    async fn account(&self, id: &AccountId) -> Outcome<Account> {
        outcome(self.read_account(id).await)
    }

    async fn create_transfer(&self, key: &Key, new: &NewTransfer) -> Outcome<Transfer> {
        outcome(self.send_money(key, new).await)
    }

    async fn reverse_transfer(
        &self,
        key: &Key,
        transfer: &TransferId,
        amount: Amount,
        reference: &Reference,
    ) -> Outcome<Reversal> {
        outcome(self.take_back(key, transfer, amount, reference).await)
    }

    async fn transfer(&self, id: &TransferId) -> Outcome<Transfer> {
        outcome(self.read_transfer(id).await)
    }

    async fn transfers_of(&self, group: &str) -> Outcome<Vec<Transfer>> {
        outcome(self.find_transfers(group).await)
    }

    async fn payout(&self, account: &AccountId, id: &PayoutId) -> Outcome<Payout> {
        outcome(self.read_payout(account, id).await)
    }

    async fn payouts(
        &self,
        account: &AccountId,
        after: Option<&PayoutId>,
    ) -> Outcome<Page<Payout>> {
        outcome(self.list_payouts(account, after).await)
    }

    async fn payout_entries(
        &self,
        account: &AccountId,
        payout: &PayoutId,
    ) -> Outcome<Vec<BalanceEntry>> {
        outcome(self.list_contents(account, payout).await)
    }

    async fn balances(&self, account: Option<&AccountId>) -> Outcome<Vec<Balance>> {
        outcome(self.list_balances(account).await)
    }

    async fn balance_entries(
        &self,
        account: Option<&AccountId>,
        since: DateTime<Utc>,
        after: Option<&EntryId>,
    ) -> Outcome<Page<BalanceEntry>> {
        outcome(self.list_entries(account, since, after).await)
    }

    async fn events(
        &self,
        account: Option<&AccountId>,
        since: DateTime<Utc>,
        after: Option<&NoticeId>,
    ) -> Outcome<Page<Notice>> {
        outcome(self.list_events(account, since, after).await)
    }

    async fn event(&self, account: Option<&AccountId>, id: &NoticeId) -> Outcome<Notice> {
        outcome(self.read_event(account, id).await)
    }
}
