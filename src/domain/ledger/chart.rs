//! The whole money story on one screen: every account there is, and every way money moves.
//!
//! An amount is a debit where it is positive and a credit where it is negative. What others owe us is
//! a debit; what we owe to others, and what is ours, is a credit.

use crate::domain::text::text_enum;

text_enum! {
    /// What an account is for.
    pub enum AccountKind("account") {
        BuyerUnbilled = "buyer_unbilled",
        BuyerReceivable = "buyer_receivable",
        BuyerWallet = "buyer_wallet",
        CreatorPending = "creator_pending",
        CreatorAvailable = "creator_available",
        CreatorHeld = "creator_held",
        CreatorInTransit = "creator_in_transit",
        PlatformFees = "platform_fees",
        PlatformCosts = "platform_costs",
        PlatformTaxes = "platform_taxes",
        PlatformReserves = "platform_reserves",
        StripeClearing = "stripe_clearing",
        StripeConnected = "stripe_connected",
    }
}

/// On which side an account's balance stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    Debit,
    Credit,
}

impl AccountKind {
    /// What it holds.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::BuyerUnbilled => {
                t!("What a buyer has used or agreed to, and is on no invoice yet.")
            }
            Self::BuyerReceivable => t!("What a buyer owes on invoices."),
            Self::BuyerWallet => t!("What a buyer has paid in advance or was given back."),
            Self::CreatorPending => {
                t!(
                    "What a creator has earned: its invoice is not paid yet, or not long enough ago."
                )
            }
            Self::CreatorAvailable => {
                t!("What the next payout sends; below nothing, what later earnings are kept for.")
            }
            Self::CreatorHeld => t!("What is kept until a dispute is decided."),
            Self::CreatorInTransit => t!("What is on its way to a creator's bank."),
            Self::PlatformFees => t!("What the platform has earned."),
            Self::PlatformCosts => t!("What the platform has paid to have money moved."),
            Self::PlatformTaxes => t!("What was collected for tax offices."),
            Self::PlatformReserves => {
                t!("What card holders' objections have taken from the platform.")
            }
            Self::StripeClearing => t!("What lies in our balance at Stripe."),
            Self::StripeConnected => t!("What lies at Stripe in the accounts of creators."),
        }
    }

    /// As a heading says it.
    pub fn in_words(self) -> &'static str {
        match self {
            Self::BuyerUnbilled => t!("Unbilled"),
            Self::BuyerReceivable => t!("Receivable"),
            Self::BuyerWallet => t!("Wallet"),
            Self::CreatorPending => t!("Pending"),
            Self::CreatorAvailable => t!("Available"),
            Self::CreatorHeld => t!("Held"),
            Self::CreatorInTransit => t!("In transit"),
            Self::PlatformFees => t!("Fees"),
            Self::PlatformCosts => t!("Costs"),
            Self::PlatformTaxes => t!("Taxes"),
            Self::PlatformReserves => t!("Reserves"),
            Self::StripeClearing => t!("Stripe, ours"),
            Self::StripeConnected => t!("Stripe, creators'"),
        }
    }

    /// On which side its balance stands.
    pub const fn side(self) -> Side {
        match self {
            Self::BuyerUnbilled
            | Self::BuyerReceivable
            | Self::PlatformCosts
            | Self::PlatformReserves
            | Self::StripeClearing
            | Self::StripeConnected => Side::Debit,
            Self::BuyerWallet
            | Self::CreatorPending
            | Self::CreatorAvailable
            | Self::CreatorHeld
            | Self::CreatorInTransit
            | Self::PlatformFees
            | Self::PlatformTaxes => Side::Credit,
        }
    }

    /// Whether each organization has its own; the others belong to the platform.
    pub const fn is_of_organization(self) -> bool {
        match self {
            Self::BuyerUnbilled
            | Self::BuyerReceivable
            | Self::BuyerWallet
            | Self::CreatorPending
            | Self::CreatorAvailable
            | Self::CreatorHeld
            | Self::CreatorInTransit => true,
            Self::PlatformFees
            | Self::PlatformCosts
            | Self::PlatformTaxes
            | Self::PlatformReserves
            | Self::StripeClearing
            | Self::StripeConnected => false,
        }
    }

    /// Whether it may never stand on its other side: nobody spends, holds or sends what is not there.
    pub const fn is_bounded(self) -> bool {
        matches!(
            self,
            Self::BuyerWallet | Self::CreatorHeld | Self::CreatorInTransit | Self::StripeConnected
        )
    }

    /// A sum of entries, as people read the balance: positive on the side it stands on.
    pub const fn reads(self, micros: i64) -> i64 {
        match self.side() {
            Side::Debit => micros,
            Side::Credit => micros.saturating_neg(),
        }
    }
}

text_enum! {
    /// A way money moves, as `noun.past`. The noun is the row that causes it, and each such row
    /// causes it once.
    pub enum TransferCode("transfer") {
        ChargeRated = "charge.rated",
        InvoiceIssued = "invoice.issued",
        PaymentReceived = "payment.received",
        PaymentReturned = "payment.returned",
        TopUpReceived = "top_up.received",
        WalletSpent = "wallet_spend.made",
        CreditNoteIssued = "credit_note.issued",
        RefundSent = "refund.sent",
        RefundFailed = "refund.failed",
        EarningMatured = "earning.matured",
        HoldPlaced = "hold.placed",
        HoldReleased = "hold.released",
        HoldForfeited = "hold.forfeited",
        PayoutReserved = "payout.reserved",
        PayoutTransferred = "payout.transferred",
        PayoutPaid = "payout.paid",
        PayoutRefused = "payout.refused",
        PayoutBounced = "payout.bounced",
        PayoutReturned = "payout.returned",
        ChargebackTaken = "chargeback.taken",
        ChargebackReturned = "chargeback.returned",
        CostTaken = "cost.taken",
    }
}

impl TransferCode {
    /// What it means.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::ChargeRated => {
                t!("Use or a fee was rated: the buyer's to pay, the payees' to get, less our fee.")
            }
            Self::InvoiceIssued => t!("What was unbilled is on an invoice, with the tax on it."),
            Self::PaymentReceived => t!("A buyer paid an invoice."),
            Self::PaymentReturned => t!("A payment was taken back, and its invoice is open again."),
            Self::TopUpReceived => t!("A buyer paid in advance."),
            Self::WalletSpent => t!("An invoice was paid with what had been paid in advance."),
            Self::CreditNoteIssued => {
                t!("An invoice was lowered; what was paid of it is in the wallet.")
            }
            Self::RefundSent => t!("What was in a wallet was sent back to the buyer."),
            Self::RefundFailed => t!("A refund did not arrive and is in the wallet again."),
            Self::EarningMatured => t!("What was earned can be paid out from now on."),
            Self::HoldPlaced => t!("What is disputed is kept until the decision."),
            Self::HoldReleased => t!("What was disputed is the creator's after all."),
            Self::HoldForfeited => t!("What was disputed is the buyer's, with our fee on it."),
            Self::PayoutReserved => t!("A payout was decided on."),
            Self::PayoutTransferred => t!("Stripe has moved a payout to the creator's account."),
            Self::PayoutPaid => t!("A payout is with the creator's bank."),
            Self::PayoutRefused => t!("A payout never left and is available again."),
            Self::PayoutBounced => {
                t!("The bank sent a payout back to the creator's account at Stripe.")
            }
            Self::PayoutReturned => t!("What came back from a bank is available again."),
            Self::ChargebackTaken => t!("A card holder objected, and Stripe took the money."),
            Self::ChargebackReturned => t!("The objection failed, and Stripe gave the money back."),
            Self::CostTaken => t!("Stripe kept something for moving money."),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_chart_is_one_sentence_of_its_own() {
        let accounts = AccountKind::ALL.iter().map(|kind| kind.sentence());
        let codes = TransferCode::ALL.iter().map(|code| code.sentence());
        let mut sentences: Vec<&str> = accounts.chain(codes).collect();
        for sentence in &sentences {
            assert!(sentence.ends_with('.') && !sentence.contains(". "), "{sentence}");
        }
        let lines = sentences.len();
        sentences.sort_unstable();
        sentences.dedup();
        assert_eq!(sentences.len(), lines);
    }
}
