//! What each deed books, as pure functions; nothing else makes a transaction.
//!
//! Amounts are what the deed is about, and mostly positive. A charge that corrects an earlier one may
//! be negative: it books the same the other way round.

use AccountKind::{
    BuyerReceivable, BuyerUnbilled, BuyerWallet, CreatorAvailable, CreatorHeld, CreatorInTransit,
    CreatorPending, PlatformCosts, PlatformFees, PlatformReserves, PlatformTaxes, StripeClearing,
    StripeConnected,
};

use super::{AccountKind, Move, NoTransaction, Transaction, TransferCode};
use crate::domain::{ids::OrgId, money::Money};

type Booked = Result<Transaction, NoTransaction>;

const fn shift(debit: (AccountKind, OrgId), credit: (AccountKind, OrgId), micros: i64) -> Move {
    Move { debit, credit, micros }
}

fn one(
    code: TransferCode,
    org: OrgId,
    debit: AccountKind,
    credit: AccountKind,
    sum: Money,
) -> Booked {
    Transaction::of(code, sum.currency, &[shift((debit, org), (credit, org), sum.micros)])
}

/// A charge: what it comes to, the platform's fee on it, and what each payee gets of the rest.
pub fn charge_rated(buyer: OrgId, gross: Money, fee_micros: i64, parts: &[(OrgId, i64)]) -> Booked {
    let of_payees: i128 = parts.iter().map(|(_, part)| i128::from(*part)).sum();
    if of_payees + i128::from(fee_micros) != i128::from(gross.micros) {
        return Err(NoTransaction::Parts);
    }
    let unbilled = (BuyerUnbilled, buyer);
    let mut moves = vec![shift(unbilled, (PlatformFees, buyer), fee_micros)];
    moves.extend(parts.iter().map(|(org, part)| shift(unbilled, (CreatorPending, *org), *part)));
    Transaction::of(TransferCode::ChargeRated, gross.currency, &moves)
}

/// An invoice: what was unbilled of it, and the tax on that.
pub fn invoice_issued(buyer: OrgId, charged: Money, tax_micros: i64) -> Booked {
    let receivable = (BuyerReceivable, buyer);
    let moves = [
        shift(receivable, (BuyerUnbilled, buyer), charged.micros),
        shift(receivable, (PlatformTaxes, buyer), tax_micros),
    ];
    Transaction::of(TransferCode::InvoiceIssued, charged.currency, &moves)
}

/// A payment of an invoice.
pub fn payment_received(buyer: OrgId, paid: Money) -> Booked {
    one(TransferCode::PaymentReceived, buyer, StripeClearing, BuyerReceivable, paid)
}

/// A payment that was taken back.
pub fn payment_returned(buyer: OrgId, paid: Money) -> Booked {
    one(TransferCode::PaymentReturned, buyer, BuyerReceivable, StripeClearing, paid)
}

/// Money a buyer pays in advance.
pub fn top_up_received(buyer: OrgId, paid: Money) -> Booked {
    one(TransferCode::TopUpReceived, buyer, StripeClearing, BuyerWallet, paid)
}

/// An invoice paid from the wallet.
pub fn wallet_spent(buyer: OrgId, spent: Money) -> Booked {
    one(TransferCode::WalletSpent, buyer, BuyerWallet, BuyerReceivable, spent)
}

/// A credit note over charges that were rated with negative amounts, and over the tax on them. What
/// was still due of the invoice is due no more; the rest was paid and goes to the wallet.
pub fn credit_note_issued(
    buyer: OrgId,
    credited: Money,
    tax_micros: i64,
    still_due_micros: i64,
) -> Booked {
    let whole = credited.micros.checked_add(tax_micros).ok_or(NoTransaction::TooMuch)?;
    let unpaid = still_due_micros.clamp(0, whole.max(0));
    let (receivable, unbilled) = ((BuyerReceivable, buyer), (BuyerUnbilled, buyer));
    let moves = [
        shift(unbilled, receivable, credited.micros),
        shift((PlatformTaxes, buyer), receivable, tax_micros),
        shift(receivable, (BuyerWallet, buyer), whole.saturating_sub(unpaid)),
    ];
    Transaction::of(TransferCode::CreditNoteIssued, credited.currency, &moves)
}

/// What was in a wallet goes back to the card.
pub fn refund_sent(buyer: OrgId, sent: Money) -> Booked {
    one(TransferCode::RefundSent, buyer, BuyerWallet, StripeClearing, sent)
}

/// A refund that did not arrive.
pub fn refund_failed(buyer: OrgId, sent: Money) -> Booked {
    one(TransferCode::RefundFailed, buyer, StripeClearing, BuyerWallet, sent)
}

/// An earning that can be paid out from now on.
pub fn earning_matured(creator: OrgId, net: Money) -> Booked {
    one(TransferCode::EarningMatured, creator, CreatorPending, CreatorAvailable, net)
}

/// What is disputed, kept from being paid out. It is taken from where the earning lies, which may
/// leave less than nothing there when it was paid out already.
pub fn hold_placed(creator: OrgId, disputed: Money, has_matured: bool) -> Booked {
    let from = if has_matured { CreatorAvailable } else { CreatorPending };
    one(TransferCode::HoldPlaced, creator, from, CreatorHeld, disputed)
}

/// What was disputed can be paid out after all.
pub fn hold_released(creator: OrgId, released: Money) -> Booked {
    one(TransferCode::HoldReleased, creator, CreatorHeld, CreatorAvailable, released)
}

/// What was disputed goes to the buyer's wallet, with the platform's fee on it.
pub fn hold_forfeited(creator: OrgId, buyer: OrgId, net: Money, fee_micros: i64) -> Booked {
    let wallet = (BuyerWallet, buyer);
    let moves = [
        shift((CreatorHeld, creator), wallet, net.micros),
        shift((PlatformFees, buyer), wallet, fee_micros),
    ];
    Transaction::of(TransferCode::HoldForfeited, net.currency, &moves)
}

/// A payout that was decided on, before anybody is asked to make it.
pub fn payout_reserved(creator: OrgId, sum: Money) -> Booked {
    one(TransferCode::PayoutReserved, creator, CreatorAvailable, CreatorInTransit, sum)
}

/// A payout that is in the creator's account at Stripe.
pub fn payout_transferred(creator: OrgId, sum: Money) -> Booked {
    one(TransferCode::PayoutTransferred, creator, StripeConnected, StripeClearing, sum)
}

/// A payout that has arrived.
pub fn payout_paid(creator: OrgId, sum: Money) -> Booked {
    one(TransferCode::PayoutPaid, creator, CreatorInTransit, StripeConnected, sum)
}

/// A payout that never left.
pub fn payout_refused(creator: OrgId, sum: Money) -> Booked {
    one(TransferCode::PayoutRefused, creator, CreatorInTransit, CreatorAvailable, sum)
}

/// A payout that had arrived, and came back to the creator's account at Stripe.
pub fn payout_bounced(creator: OrgId, sum: Money) -> Booked {
    one(TransferCode::PayoutBounced, creator, StripeConnected, CreatorInTransit, sum)
}

/// A payout that failed, taken back from the creator's account at Stripe.
pub fn payout_returned(creator: OrgId, sum: Money) -> Booked {
    let moves = [
        shift((StripeClearing, creator), (StripeConnected, creator), sum.micros),
        shift((CreatorInTransit, creator), (CreatorAvailable, creator), sum.micros),
    ];
    Transaction::of(TransferCode::PayoutReturned, sum.currency, &moves)
}

/// Money Stripe takes for a card holder's objection.
pub fn chargeback_taken(buyer: OrgId, taken: Money) -> Booked {
    one(TransferCode::ChargebackTaken, buyer, PlatformReserves, StripeClearing, taken)
}

/// Money Stripe gives back when the objection has failed.
pub fn chargeback_returned(buyer: OrgId, given: Money) -> Booked {
    one(TransferCode::ChargebackReturned, buyer, StripeClearing, PlatformReserves, given)
}

/// What Stripe keeps for moving an organization's money.
pub fn cost_taken(org: OrgId, kept: Money) -> Booked {
    one(TransferCode::CostTaken, org, PlatformCosts, StripeClearing, kept)
}
