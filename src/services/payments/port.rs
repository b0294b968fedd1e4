//! Every call we make to the payment provider.
//!
//! What changes something takes a key: the same key with the same request happens once, however often
//! it is sent. What only reads takes none. An adapter keeps the raw answer of every change before it
//! reads it.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::{Amount, Key, Outcome, things::*};

/// The payment provider, as we see it.
#[async_trait]
pub trait Payments: Send + Sync {
    // A buyer's way to pay.

    /// Makes the provider's record of an organization that pays.
    async fn create_customer(&self, key: &Key, new: &NewCustomer) -> Outcome<Customer>;

    /// The customer, with the card that invoices are charged to.
    async fn customer(&self, id: &CustomerId) -> Outcome<Customer>;

    /// A hosted page on which a buyer leaves a card, without paying anything yet.
    async fn setup_checkout(&self, key: &Key, new: &SetupCheckout) -> Outcome<Checkout>;

    /// What has become of that page.
    async fn checkout(&self, id: &CheckoutId) -> Outcome<Checkout>;

    /// Invoices are charged to this card from now on.
    async fn set_default_card(
        &self,
        key: &Key,
        customer: &CustomerId,
        card: &CardId,
    ) -> Outcome<Customer>;

    /// A hosted page on which a buyer changes cards and sees past invoices.
    async fn customer_portal(
        &self,
        key: &Key,
        customer: &CustomerId,
        return_url: &str,
    ) -> Outcome<HostedPage>;

    // Invoices.

    /// A draft with all its lines, in one currency. Sent again after "unknown", it goes on where it
    /// stopped.
    async fn create_invoice(&self, key: &Key, new: &NewInvoice) -> Outcome<Invoice>;

    /// Numbers the draft; its lines are fixed from then on, and it can be paid.
    async fn finalize_invoice(&self, key: &Key, id: &InvoiceId) -> Outcome<Invoice>;

    /// Charges the customer's card now. A declined card is refused with `card_declined`; another
    /// attempt later needs another key.
    async fn pay_invoice(&self, key: &Key, id: &InvoiceId) -> Outcome<Invoice>;

    /// The invoice as it is now.
    async fn invoice(&self, id: &InvoiceId) -> Outcome<Invoice>;

    /// The customer's invoices that carry this reference: what to look for when the end of a call is
    /// unknown and its key is older than a day.
    async fn invoices_about(
        &self,
        customer: &CustomerId,
        reference: &Reference,
    ) -> Outcome<Vec<Invoice>>;

    /// Gives up an invoice that was not paid.
    async fn void_invoice(&self, key: &Key, id: &InvoiceId) -> Outcome<Invoice>;

    /// Takes back a part of an invoice. Of a paid one the amount goes back to the card, of an open one
    /// less is due.
    async fn credit_note(&self, key: &Key, new: &NewCreditNote) -> Outcome<CreditNote>;

    /// Sends money of a payment back without a credit note.
    async fn refund(&self, key: &Key, new: &NewRefund) -> Outcome<Refund>;

    /// The refund as it is now; one that was sent can still fail, and the money comes back to us.
    async fn refund_now(&self, id: &RefundId) -> Outcome<Refund>;

    /// A chargeback as it is now.
    async fn chargeback(&self, id: &ChargebackId) -> Outcome<Chargeback>;

    // A creator's way to be paid.

    /// Makes an account at the provider for an organization that is to be paid.
    async fn create_account(&self, key: &Key, new: &NewAccount) -> Outcome<Account>;

    /// A hosted page on which a creator says who they are. Single use and short-lived: it is followed
    /// at once and never mailed. Coming back from it proves nothing; read the account.
    async fn onboarding(&self, key: &Key, new: &Onboarding) -> Outcome<HostedPage>;

    /// The account as it is now.
    async fn account(&self, id: &AccountId) -> Outcome<Account>;

    // Payouts, first half: from our balance to the creator's account.

    /// Moves money to a creator's account. Refused with `balance_insufficient` when ours is not
    /// available yet, and with `insufficient_capabilities_for_transfer` when the account is not ready.
    async fn create_transfer(&self, key: &Key, new: &NewTransfer) -> Outcome<Transfer>;

    /// Takes a transfer back, whole or in part. Refused when the account has been paid out already.
    async fn reverse_transfer(
        &self,
        key: &Key,
        transfer: &TransferId,
        amount: Amount,
        reference: &Reference,
    ) -> Outcome<Reversal>;

    /// The transfer as it is now.
    async fn transfer(&self, id: &TransferId) -> Outcome<Transfer>;

    /// Every transfer of a group: what to look for when the end of a call is unknown and its key is
    /// older than a day.
    async fn transfers_of(&self, group: &str) -> Outcome<Vec<Transfer>>;

    // Payouts, second half: from the creator's account to their bank. The provider does this by
    // itself; we watch.

    /// A payout of an account. One that was paid can still fail.
    async fn payout(&self, account: &AccountId, id: &PayoutId) -> Outcome<Payout>;

    /// The account's payouts, newest first.
    async fn payouts(&self, account: &AccountId, after: Option<&PayoutId>)
    -> Outcome<Page<Payout>>;

    /// What a payout is made of; an entry of a transfer names that transfer's `arrival`.
    async fn payout_entries(
        &self,
        account: &AccountId,
        payout: &PayoutId,
    ) -> Outcome<Vec<BalanceEntry>>;

    // The provider's books, to compare ours with. `None` is our own account.

    /// What is there, by currency.
    async fn balances(&self, account: Option<&AccountId>) -> Outcome<Vec<Balance>>;

    /// What moved since an instant, newest first.
    async fn balance_entries(
        &self,
        account: Option<&AccountId>,
        since: DateTime<Utc>,
        after: Option<&EntryId>,
    ) -> Outcome<Page<BalanceEntry>>;

    // What happened there.

    /// Events since an instant (thirty days back at most), newest first.
    async fn events(
        &self,
        account: Option<&AccountId>,
        since: DateTime<Utc>,
        after: Option<&NoticeId>,
    ) -> Outcome<Page<Notice>>;

    /// One event.
    async fn event(&self, account: Option<&AccountId>, id: &NoticeId) -> Outcome<Notice>;
}
