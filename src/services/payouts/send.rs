//! Asking the payment service to send what was decided, and to take back what a bank did not take.
//!
//! No call is made inside a transaction. What is not answered is asked again with the same key; after a
//! day the key is forgotten there, so what it did is looked for first. Nothing is sent twice.

use std::time::Duration;

use chrono::TimeDelta;
use tokio::time::{MissedTickBehavior, interval};

use super::seen::{self, Due, News};
use crate::{
    domain::{actor::Actor, payout::State},
    services::{
        Error, Result, Services,
        payments::{
            AccountId, Amount, Key, NewTransfer, Outcome, Payments, Reference, Refused, Transfer,
            TransferId,
        },
    },
};

/// How long the payment service surely remembers a key, with an hour to spare.
const KEY_HOURS: i64 = 23;
/// Calls are this far apart at least: at most twenty a second.
const PACE: Duration = Duration::from_millis(50);
/// Until there may be enough in our balance again.
const PATIENCE: TimeDelta = TimeDelta::hours(4);

/// Makes every call that is due, one after the other, and answers how many.
pub async fn send(services: &Services, payments: &dyn Payments, actor: &Actor) -> Result<usize> {
    let mut pace = interval(PACE);
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut calls = 0;
    while let Some(due) = seen::claim(services).await? {
        pace.tick().await;
        calls += 1;
        match due.state {
            State::Failed => take_back(services, payments, actor, &due).await?,
            _ => transfer(services, payments, actor, &due).await?,
        }
    }
    Ok(calls)
}

async fn transfer(
    services: &Services,
    payments: &dyn Payments,
    actor: &Actor,
    due: &Due,
) -> Result<()> {
    if services.now() - due.first_try_at > TimeDelta::hours(KEY_HOURS) {
        let nothing = seen::next_generation(services, due, TimeDelta::zero());
        return look_first(services, payments, actor, due, nothing).await;
    }
    let key = Key::of("payout.transfer", due.payout_id, due.generation);
    let new = NewTransfer {
        account: AccountId(due.account_id.clone()),
        amount: Amount::try_from(due.sum)?,
        group: due.payout_id.to_string(),
        reference: Reference::new("payout", due.payout_id),
        text: "Earnings".into(),
    };
    match payments.create_transfer(&key, &new).await {
        Outcome::Done(transfer) => is_sent(services, actor, due, transfer).await,
        Outcome::Refused(refused) if refused.code == "balance_insufficient" => {
            let later = seen::next_generation(services, due, PATIENCE);
            look_first(services, payments, actor, due, later).await
        }
        Outcome::Refused(refused) => {
            let news =
                News { state: State::Refused, transfer: None, failure: Some(in_words(&refused)) };
            let give_up = async { is_seen(services, actor, due, &news).await };
            look_first(services, payments, actor, due, give_up).await
        }
        Outcome::Unknown(why) => {
            tracing::warn!(payout.id = %due.payout_id, why, "A payout was not answered; it is asked again");
            Ok(())
        }
    }
}

/// An earlier call may have sent it all the same: only where no transfer is found, it goes on so.
async fn look_first(
    services: &Services,
    payments: &dyn Payments,
    actor: &Actor,
    due: &Due,
    none_found: impl Future<Output = Result<()>>,
) -> Result<()> {
    match payments.transfers_of(&due.payout_id.to_string()).await {
        Outcome::Done(found) => match found.into_iter().next() {
            Some(transfer) => is_sent(services, actor, due, transfer).await,
            None => none_found.await,
        },
        // It is asked again later.
        Outcome::Refused(_) | Outcome::Unknown(_) => Ok(()),
    }
}

async fn is_sent(services: &Services, actor: &Actor, due: &Due, transfer: Transfer) -> Result<()> {
    let news = News { state: State::Transferred, transfer: Some(transfer), failure: None };
    is_seen(services, actor, due, &news).await
}

async fn is_seen(services: &Services, actor: &Actor, due: &Due, news: &News) -> Result<()> {
    seen::apply(services, actor, due.payout_id, news).await.map(drop)
}

async fn take_back(
    services: &Services,
    payments: &dyn Payments,
    actor: &Actor,
    due: &Due,
) -> Result<()> {
    let missing = || Error::fault("taking a payout back", "its transfer is not known");
    let transfer_id = TransferId(due.transfer_id.clone().ok_or_else(missing)?);
    let amount = Amount::try_from(due.sum)?;
    let is_back = News { state: State::Returned, transfer: None, failure: None };
    if let Outcome::Done(transfer) = payments.transfer(&transfer_id).await
        && transfer.reversed == amount
    {
        return is_seen(services, actor, due, &is_back).await;
    }
    let key = Key::of("payout.reverse", due.payout_id, due.generation);
    let reference = Reference::new("payout", due.payout_id);
    match payments.reverse_transfer(&key, &transfer_id, amount, &reference).await {
        Outcome::Done(_) => is_seen(services, actor, due, &is_back).await,
        Outcome::Refused(refused) => {
            tracing::warn!(payout.id = %due.payout_id, refused.code, "A payout cannot be taken back yet");
            seen::next_generation(services, due, PATIENCE).await
        }
        Outcome::Unknown(_) => Ok(()),
    }
}

/// For the creator.
fn in_words(refused: &Refused) -> String {
    match refused.code.as_str() {
        "insufficient_capabilities_for_transfer" | "account_invalid" => {
            "Stripe needs to know more about you before money can be sent. Open your payout \
             settings to see what."
                .into()
        }
        _ => format!("Stripe did not take the payout: {}", refused.message),
    }
}
