//! Sending earnings to a creator's bank: where a payout stands, and what a run decides.
//!
//! States only go forward, whatever is seen and in whichever order; paid is not the end, for a bank
//! may send money back days later.

mod plan;

pub use plan::{Plan, Readiness, Schedule, Standing, plan};

use super::{
    ids::OrgId,
    ledger::{self, NoTransaction, Transaction, TransferCode},
    money::Money,
    text::text_enum,
};

text_enum! {
    /// Where a payout stands.
    pub enum State("state") {
        /// Decided on. Whoever moves money may or may not have been asked.
        Reserved = "reserved",
        /// It never left.
        Refused = "refused",
        /// In the creator's account at Stripe, on its way to the bank.
        Transferred = "transferred",
        /// With the bank.
        Paid = "paid",
        /// The bank did not take it, or sent it back.
        Failed = "failed",
        /// Taken back, and available again.
        Returned = "returned",
    }
}

impl State {
    /// As a status reads.
    pub fn in_words(self) -> &'static str {
        match self {
            Self::Reserved => t!("Being sent"),
            Self::Refused => t!("Not sent"),
            Self::Transferred => t!("On its way"),
            Self::Paid => t!("Paid"),
            Self::Failed => t!("Failed"),
            Self::Returned => t!("Came back"),
        }
    }

    /// How far along it is.
    const fn rank(self) -> u8 {
        match self {
            Self::Reserved => 0,
            Self::Transferred | Self::Refused => 1,
            Self::Paid => 2,
            Self::Failed => 3,
            Self::Returned => 4,
        }
    }
}

/// A payout was seen on its way that was known never to have left, or the other way round.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a payout that is {0} was seen as {1}")]
pub struct Contradiction(State, State);

/// Where a payout stands once something was seen, and what that books, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Steps {
    state: State,
    codes: &'static [TransferCode],
}

impl Steps {
    /// Where it stands now.
    pub const fn state(self) -> State {
        self.state
    }

    /// What is booked, in order.
    pub const fn codes(self) -> &'static [TransferCode] {
        self.codes
    }
}

/// What it means that a payout, so far in one state, is seen in another. What lies in between has
/// happened too; what is older than what is known means nothing.
pub fn steps(known: State, seen: State) -> Result<Steps, Contradiction> {
    use State::{Failed, Paid, Refused, Reserved, Returned, Transferred};
    use TransferCode::{
        PayoutBounced as BOUNCED, PayoutPaid as PAID, PayoutRefused as REFUSED,
        PayoutReturned as RETURNED, PayoutTransferred as TRANSFERRED,
    };
    if known == seen || seen == Reserved {
        return Ok(Steps { state: known, codes: &[] });
    }
    if known == Refused || (seen == Refused && known != Reserved) {
        return Err(Contradiction(known, seen));
    }
    if seen.rank() <= known.rank() {
        return Ok(Steps { state: known, codes: &[] });
    }
    let codes: &'static [TransferCode] = match (known, seen) {
        (Reserved, Refused) => &[REFUSED],
        (Reserved, Transferred | Failed) => &[TRANSFERRED],
        (Reserved, Paid) => &[TRANSFERRED, PAID],
        (Reserved, Returned) => &[TRANSFERRED, RETURNED],
        (Transferred, Paid) => &[PAID],
        (Paid, Failed) => &[BOUNCED],
        (Paid, Returned) => &[BOUNCED, RETURNED],
        (Transferred | Failed, Returned) => &[RETURNED],
        _ => &[],
    };
    Ok(Steps { state: seen, codes })
}

/// The booking of one step.
pub fn booking(
    code: TransferCode,
    org_id: OrgId,
    sum: Money,
) -> Result<Transaction, NoTransaction> {
    match code {
        TransferCode::PayoutReserved => ledger::payout_reserved(org_id, sum),
        TransferCode::PayoutTransferred => ledger::payout_transferred(org_id, sum),
        TransferCode::PayoutPaid => ledger::payout_paid(org_id, sum),
        TransferCode::PayoutRefused => ledger::payout_refused(org_id, sum),
        TransferCode::PayoutBounced => ledger::payout_bounced(org_id, sum),
        TransferCode::PayoutReturned => ledger::payout_returned(org_id, sum),
        _ => Err(NoTransaction::Nothing),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    use crate::domain::{ids::TypedId as _, money::Currency};

    /// What each account holds after a payout was seen in these states.
    fn after(seen: &[State]) -> (State, BTreeMap<&'static str, i64>) {
        let org_id = OrgId::from_uuid(uuid::Uuid::from_u128(1));
        let sum = Money::new(50, Currency::Usd);
        let (mut state, mut balances) = (State::Reserved, BTreeMap::new());
        for seen in seen {
            let steps = steps(state, *seen).unwrap();
            for code in steps.codes() {
                for entry in booking(*code, org_id, sum).unwrap().entries() {
                    *balances.entry(entry.account.kind().as_str()).or_insert(0) += entry.micros;
                }
            }
            state = steps.state();
        }
        balances.retain(|_, micros| *micros != 0);
        (state, balances)
    }

    const LIFE: [State; 4] = [State::Transferred, State::Paid, State::Failed, State::Returned];

    proptest! {
        /// However often and in whichever order its life is told.
        #[test]
        fn the_end_is_the_same_for_every_order(
            length in 1..=LIFE.len(),
            order in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
        ) {
            let life = &LIFE[..length];
            let mut told: Vec<State> = order.iter().map(|at| *at.get(life)).collect();
            for (at, state) in life.iter().enumerate() {
                let at = order.get(at).map_or(0, |index| index.index(told.len() + 1));
                told.insert(at, *state);
            }
            prop_assert_eq!(after(&told), after(life));
        }
    }

    #[test]
    fn what_never_left_cannot_be_on_its_way() {
        assert_eq!(steps(State::Reserved, State::Refused).unwrap().codes().len(), 1);
        for (known, seen) in [(State::Refused, State::Paid), (State::Paid, State::Refused)] {
            assert_eq!(steps(known, seen), Err(Contradiction(known, seen)));
        }
    }
}
