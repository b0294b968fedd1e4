//! Where our books and the payment provider meet: what is due is asked for, and what is seen there is
//! booked here.

use std::sync::Arc;

use async_trait::async_trait;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::{
    Error, Result, Services, billing, ledger,
    ledger::Posting,
    mint,
    payments::{
        Chargeback, Payments,
        inbox::{Listener, Seen},
    },
    payouts,
};
use crate::domain::{
    actor::{Actor, Who},
    ids::OrgId,
    ledger as book,
    money::Money,
};

/// Charges invoices and sends payouts that are due. Answers how many calls that took.
pub async fn turn(services: &Services, payments: &dyn Payments) -> Result<usize> {
    let actor = product();
    let collected = billing::collect(services, payments, &actor).await?;
    Ok(collected + payouts::send(services, payments, &actor).await?)
}

/// Books what is seen at the payment provider.
pub struct Bookkeeper {
    payments: Arc<dyn Payments>,
}

impl Bookkeeper {
    /// Reads at this provider what an event alone does not say.
    pub fn new(payments: Arc<dyn Payments>) -> Self {
        Self { payments }
    }
}

#[async_trait]
impl Listener for Bookkeeper {
    async fn seen(&self, services: &Services, seen: &Seen) -> Result<()> {
        let actor = product();
        match seen {
            Seen::Invoice(invoice) => {
                billing::invoice_seen(services, &actor, invoice).await?;
            }
            Seen::Transfer(transfer) => {
                payouts::transfer_seen(services, &actor, transfer).await?;
            }
            Seen::Payout { account, payout } => {
                let payments = &*self.payments;
                payouts::arrivals_seen(services, payments, &actor, account, payout).await?;
            }
            Seen::Chargeback(chargeback) => book_chargeback(services, chargeback).await?,
            Seen::Customer(customer) => billing::customer_seen(services, customer).await?,
            Seen::Checkout(_) | Seen::Refund(_) | Seen::Account(_) => {}
        }
        Ok(())
    }
}

fn product() -> Actor {
    Actor { who: Who::System, request_id: mint() }
}

/// What a card holder's objection has moved in our balance, each entry of the provider's books once.
async fn book_chargeback(services: &Services, chargeback: &Chargeback) -> Result<()> {
    let Some(payment) = &chargeback.payment else { return Ok(()) };
    let Some(buyer) = billing::payer(services, payment.as_str()).await? else { return Ok(()) };
    let mut postings = Vec::new();
    for entry in &chargeback.entries {
        let cause = cause_of(entry.id.as_str());
        let too_much = || Error::fault("booking an objection", "it does not fit our books");
        let moved = entry.amount.money().ok_or_else(too_much)?;
        let kept = entry.fee.money().ok_or_else(too_much)?;
        postings.extend(of_entry(cause, buyer, moved, kept)?);
    }
    let mut tx = services.pool.begin().await?;
    ledger::post(&mut tx, services.now(), postings).await?;
    tx.commit().await?;
    Ok(())
}

fn of_entry(cause: Uuid, buyer: OrgId, moved: Money, kept: Money) -> Result<Vec<Posting>> {
    let absolute = Money::new(moved.micros.saturating_abs(), moved.currency);
    let booked = match moved.micros < 0 {
        true => book::chargeback_taken(buyer, absolute),
        false => book::chargeback_returned(buyer, absolute),
    };
    let postings = [
        Posting::of(cause, "A card holder's objection.", booked)?,
        Posting::of(cause, "The fee on an objection.", book::cost_taken(buyer, kept))?,
    ];
    Ok(postings.into_iter().flatten().collect())
}

/// An id for a row that the provider keeps: always the same for the same one.
fn cause_of(external_id: &str) -> Uuid {
    let digest: [u8; 32] = Sha256::digest(external_id).into();
    let mut half = [0; 16];
    half.copy_from_slice(&digest[..16]);
    Uuid::from_bytes(half)
}
