//! Who gets what a work earns.

use std::collections::BTreeSet;

use crate::domain::{error::Refusal, ids::OrgId, rating};

/// All of it.
const WHOLE_BP: u32 = 10_000;
/// The most who can share in a work.
const PAYEES_MAX: usize = 20;

/// Organizations and their shares in basis points, which add up to 10,000.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payees(Vec<(OrgId, u32)>);

impl Payees {
    /// One gets all.
    pub fn sole(org_id: OrgId) -> Self {
        Self(vec![(org_id, WHOLE_BP)])
    }

    /// Several share, each named once.
    pub fn new(shares: Vec<(OrgId, u32)>) -> Result<Self, Refusal> {
        let refuse = |sentence: String| Err(Refusal::invalid("shares", sentence));
        if shares.len() > PAYEES_MAX {
            return refuse(t!("At most {PAYEES_MAX} can share in a work."));
        }
        let named: BTreeSet<OrgId> = shares.iter().map(|(org_id, _)| *org_id).collect();
        if named.len() < shares.len() {
            return refuse(t!("Name each organization once.").into());
        }
        if shares.iter().any(|(_, share)| *share == 0) {
            return refuse(t!("Leave out who gets nothing.").into());
        }
        let sum: u64 = shares.iter().map(|(_, share)| u64::from(*share)).sum();
        if sum != u64::from(WHOLE_BP) {
            return refuse(t!(
                "The shares add up to {sum} hundredths of a percent; make that 10,000."
            ));
        }
        Ok(Self(shares))
    }

    /// Each with its share.
    pub fn shares(&self) -> &[(OrgId, u32)] {
        &self.0
    }

    /// What each gets: the parts add up to the whole.
    pub fn divide(&self, micros: i64) -> Vec<(OrgId, i64)> {
        let shares: Vec<u32> = self.0.iter().map(|(_, share)| *share).collect();
        let parts = rating::split(micros, &shares).unwrap_or_default();
        self.0.iter().zip(parts).map(|((org_id, _), part)| (*org_id, part)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::TypedId as _;
    use proptest::prelude::*;
    use uuid::Uuid;

    fn org(n: u128) -> OrgId {
        OrgId::from_uuid(Uuid::from_u128(n))
    }

    #[test]
    fn shares_that_are_not_a_whole_are_refused() {
        assert!(Payees::new(vec![(org(1), 6_000), (org(2), 4_000)]).is_ok());
        for shares in [
            vec![],
            vec![(org(1), 9_999)],
            vec![(org(1), 5_000), (org(1), 5_000)],
            vec![(org(1), 10_000), (org(2), 0)],
            vec![(org(1), u32::MAX), (org(2), u32::MAX)],
            (1..=21).map(|n| (org(n), 500)).collect(),
        ] {
            let refusal = Payees::new(shares.clone()).unwrap_err();
            assert_eq!(refusal.field.as_deref(), Some("shares"), "{shares:?}");
        }
    }

    proptest! {
        #[test]
        fn parts_add_up_to_the_whole(micros in any::<i64>(), cuts in prop::collection::btree_set(1..WHOLE_BP, 0..8)) {
            let ends: Vec<u32> = cuts.into_iter().chain([WHOLE_BP]).collect();
            let starts = std::iter::once(0).chain(ends.iter().copied());
            let shares = (1..).map(org).zip(ends.iter().zip(starts).map(|(end, start)| end - start));
            let payees = Payees::new(shares.collect()).unwrap();
            let parts = payees.divide(micros);
            prop_assert_eq!(parts.len(), payees.shares().len());
            prop_assert_eq!(parts.iter().map(|(_, part)| i128::from(*part)).sum::<i128>(), i128::from(micros));
        }
    }
}
