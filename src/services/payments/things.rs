//! What the provider keeps for us, in our words. Its ids are opaque; ours travel along as a
//! reference, so that everything there can be found again from here.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::Amount;
use crate::domain::{ids::OrgId, money::Currency};

macro_rules! provider_ids {
    ($($(#[$doc:meta])* $name:ident,)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, sqlx::Type)]
        #[sqlx(transparent)]
        #[serde(transparent)]
        pub struct $name(pub String);

        impl $name {
            /// As the provider writes it.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }
    )*};
}

provider_ids! {
    /// An organization that pays.
    CustomerId,
    /// A hosted page on which a card is left.
    CheckoutId,
    /// A card, or another way to pay.
    CardId,
    /// An invoice.
    InvoiceId,
    /// A payment that was made.
    PaymentId,
    /// A credit note.
    CreditNoteId,
    /// Money sent back.
    RefundId,
    /// A payment its card's holder objects to.
    ChargebackId,
    /// An organization that is paid.
    AccountId,
    /// Money moved to an account.
    TransferId,
    /// Money of a transfer moved back.
    ReversalId,
    /// Money sent from an account to a bank.
    PayoutId,
    /// One line of the provider's books.
    EntryId,
    /// Something that happened there.
    NoticeId,
}

/// Which of our rows a thing stands for, as in `payout` and its id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reference {
    /// The noun.
    pub kind: String,
    /// Its id.
    pub id: String,
}

impl Reference {
    /// The row `id` of `kind`.
    pub fn new(kind: &str, id: impl std::fmt::Display) -> Self {
        Self { kind: kind.to_owned(), id: id.to_string() }
    }
}

/// A page of the provider's that a person is sent to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostedPage {
    pub url: String,
    pub expires_at: Option<DateTime<Utc>>,
}

/// Part of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    pub rows: Vec<T>,
    /// Whether there are more after the last row.
    pub more: bool,
}

#[derive(Clone, Debug)]
pub struct NewCustomer {
    pub org: OrgId,
    pub name: String,
    pub email: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Customer {
    pub id: CustomerId,
    /// What invoices are charged to.
    pub default_card: Option<CardId>,
}

#[derive(Clone, Debug)]
pub struct SetupCheckout {
    pub customer: CustomerId,
    pub currency: Currency,
    /// `{CHECKOUT_SESSION_ID}` in it is replaced by the checkout's id.
    pub success_url: String,
    pub cancel_url: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkout {
    pub id: CheckoutId,
    pub customer: Option<CustomerId>,
    /// Where the buyer goes; none once it is over.
    pub url: Option<String>,
    pub is_complete: bool,
    /// The card that was left.
    pub card: Option<CardId>,
}

/// One line of an invoice; its amount can be negative.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvoiceLine {
    pub text: String,
    pub amount: Amount,
}

#[derive(Clone, Debug)]
pub struct NewInvoice {
    pub customer: CustomerId,
    pub currency: Currency,
    /// Our invoice.
    pub reference: Reference,
    pub text: String,
    pub lines: Vec<InvoiceLine>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvoiceState {
    Draft,
    Open,
    Paid,
    Void,
    Uncollectible,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invoice {
    pub id: InvoiceId,
    pub customer: Option<CustomerId>,
    pub state: InvoiceState,
    pub number: Option<String>,
    pub total: Amount,
    pub due: Amount,
    pub paid: Amount,
    pub reference: Option<Reference>,
    /// The payment that paid it.
    pub payment: Option<PaymentId>,
    /// Where the buyer can see and pay it.
    pub page_url: Option<String>,
    pub pdf_url: Option<String>,
    /// How often charging it was tried.
    pub attempts: u64,
}

#[derive(Clone, Debug)]
pub struct NewCreditNote {
    pub invoice: InvoiceId,
    pub amount: Amount,
    /// True for a paid invoice: the amount goes back to where it came from.
    pub is_refunded: bool,
    pub text: String,
    /// Our credit note.
    pub reference: Reference,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreditNote {
    pub id: CreditNoteId,
    pub number: String,
    pub total: Amount,
    pub pdf_url: Option<String>,
    /// The refund it caused.
    pub refund: Option<RefundId>,
}

#[derive(Clone, Debug)]
pub struct NewRefund {
    pub payment: PaymentId,
    pub amount: Amount,
    pub reference: Reference,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefundState {
    Pending,
    Succeeded,
    Failed,
    Canceled,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refund {
    pub id: RefundId,
    pub amount: Amount,
    pub state: RefundState,
    pub reference: Option<Reference>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChargebackState {
    Warned,
    NeedsAnswer,
    UnderReview,
    Won,
    Lost,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chargeback {
    pub id: ChargebackId,
    pub payment: Option<PaymentId>,
    pub amount: Amount,
    pub state: ChargebackState,
    pub reason: String,
    /// What it has moved in our balance: the amount and a fee out, and back again when it was won.
    pub entries: Vec<BalanceEntry>,
}

#[derive(Clone, Debug)]
pub struct NewAccount {
    pub org: OrgId,
    /// ISO 3166-1, two letters.
    pub country: String,
    pub email: Option<String>,
}

#[derive(Clone, Debug)]
pub struct Onboarding {
    pub account: AccountId,
    /// Asked for when the link was used or is too old; it makes a new one.
    pub refresh_url: String,
    pub return_url: String,
}

/// What the provider still wants to know of an account.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Requirements {
    /// Needed by the deadline, as in `individual.verification.document`.
    pub now: Vec<String>,
    /// Needed, and too late already.
    pub overdue: Vec<String>,
    /// Needed one day.
    pub later: Vec<String>,
    /// Given, and being checked.
    pub in_review: Vec<String>,
    /// What was wrong with what was given, a sentence each.
    pub errors: Vec<String>,
    pub deadline: Option<DateTime<Utc>>,
    /// Why nothing moves at present.
    pub disabled_reason: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    pub id: AccountId,
    pub country: Option<String>,
    pub currency: Option<Currency>,
    /// Whether the hosted form was filled in to its end.
    pub is_submitted: bool,
    /// Whether transfers to it are allowed.
    pub can_receive: bool,
    /// Whether it can send money to its bank.
    pub can_pay_out: bool,
    pub requirements: Requirements,
}

impl Account {
    /// Whether earnings can be sent to it now.
    pub const fn is_ready(&self) -> bool {
        self.can_receive && self.can_pay_out && self.requirements.disabled_reason.is_none()
    }
}

#[derive(Clone, Debug)]
pub struct NewTransfer {
    pub account: AccountId,
    pub amount: Amount,
    /// A label to find it by: the payout run or payout.
    pub group: String,
    /// Our payout.
    pub reference: Reference,
    pub text: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transfer {
    pub id: TransferId,
    pub account: Option<AccountId>,
    pub amount: Amount,
    /// How much of it was taken back.
    pub reversed: Amount,
    pub group: Option<String>,
    pub reference: Option<Reference>,
    /// How it is named in the receiving account's entries.
    pub arrival: Option<String>,
    pub created_at: DateTime<Utc>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reversal {
    pub id: ReversalId,
    pub amount: Amount,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PayoutState {
    Pending,
    InTransit,
    Paid,
    Failed,
    Canceled,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payout {
    pub id: PayoutId,
    pub amount: Amount,
    pub state: PayoutState,
    pub arrives_at: DateTime<Utc>,
    /// Why it failed, as a code and a sentence.
    pub failure: Option<(String, String)>,
    pub created_at: DateTime<Utc>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Balance {
    pub available: Amount,
    pub pending: Amount,
}

/// One line of the provider's books.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BalanceEntry {
    pub id: EntryId,
    /// `charge`, `transfer`, `payout`, `refund`, `adjustment`, …
    pub kind: String,
    pub amount: Amount,
    /// What the provider kept for itself.
    pub fee: Amount,
    /// What moved: the amount less the fee.
    pub net: Amount,
    /// What caused it, by its id there.
    pub source: Option<String>,
    pub available_at: DateTime<Utc>,
    pub created_at: DateTime<Utc>,
}

/// Something that happened at the provider. It is a hint: read the thing it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    pub id: NoticeId,
    /// As in `payout.failed`.
    pub kind: String,
    /// Whose; none for our own account.
    pub account: Option<AccountId>,
    /// The id of what it is about.
    pub object: Option<String>,
    pub created_at: DateTime<Utc>,
    /// As it came.
    pub raw: serde_json::Value,
}
