//! Double entry: accounts, transactions between them, and what each deed books.
//!
//! A `Transaction` balances in each of its currencies by construction: it is made of moves, and a
//! move puts on one account what it takes from another.

mod bookings;
mod cents;
mod chart;
mod fee;
mod payees;

use std::collections::BTreeMap;

pub use bookings::*;
pub use cents::in_cents;
pub use chart::{AccountKind, Side, TransferCode};
pub use fee::{FeeRule, fee};
pub use payees::Payees;

use super::{ids::OrgId, money::Currency};

/// Where money is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Account {
    kind: AccountKind,
    org_id: Option<OrgId>,
    currency: Currency,
}

impl Account {
    /// The account of an organization; of the platform where each organization has none.
    pub const fn of(kind: AccountKind, org_id: OrgId, currency: Currency) -> Self {
        let org_id = if kind.is_of_organization() { Some(org_id) } else { None };
        Self { kind, org_id, currency }
    }

    /// What it is for.
    pub const fn kind(self) -> AccountKind {
        self.kind
    }

    /// Whose it is; nobody's where it is the platform's.
    pub const fn org_id(self) -> Option<OrgId> {
        self.org_id
    }

    /// What it counts.
    pub const fn currency(self) -> Currency {
        self.currency
    }
}

/// What one transaction does to one account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    pub account: Account,
    /// A debit where positive, a credit where negative; never nothing.
    pub micros: i64,
}

/// Why there is no transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoTransaction {
    #[error("nothing would move")]
    Nothing,
    #[error("it comes to more than an amount can hold")]
    TooMuch,
    #[error("the parts do not add up to the whole")]
    Parts,
}

/// What moves together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transaction {
    code: TransferCode,
    entries: Vec<Entry>,
}

/// From one account to another of the same owner's kind and currency.
#[derive(Clone, Copy, Debug)]
struct Move {
    debit: (AccountKind, OrgId),
    credit: (AccountKind, OrgId),
    micros: i64,
}

impl Transaction {
    /// Made of moves in one currency. An account that is moved to and from has one entry, or none
    /// where that comes to nothing.
    fn of(code: TransferCode, currency: Currency, moves: &[Move]) -> Result<Self, NoTransaction> {
        let mut sums: BTreeMap<Account, i128> = BTreeMap::new();
        for each in moves {
            let micros = i128::from(each.micros);
            let account = |(kind, org_id)| Account::of(kind, org_id, currency);
            *sums.entry(account(each.debit)).or_default() += micros;
            *sums.entry(account(each.credit)).or_default() -= micros;
        }
        let entries = sums
            .into_iter()
            .filter(|(_, micros)| *micros != 0)
            .map(|(account, micros)| {
                let micros = i64::try_from(micros).map_err(|_| NoTransaction::TooMuch)?;
                Ok(Entry { account, micros })
            })
            .collect::<Result<Vec<Entry>, NoTransaction>>()?;
        if entries.is_empty() {
            return Err(NoTransaction::Nothing);
        }
        Ok(Self { code, entries })
    }

    /// The way money moves.
    pub const fn code(&self) -> TransferCode {
        self.code
    }

    /// One for each account, sorted.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }
}

#[cfg(test)]
mod tests;
