//! `imprimatur ledger`: whether the ledger is in order, and what is on its accounts.

use std::fmt::Write as _;

use chrono::{NaiveDate, NaiveTime};
use clap::{Args, Subcommand};
use imprimatur::{
    domain::{
        ids::OrgId,
        ledger::{AccountKind, TransferCode},
        money::Currency,
    },
    services::ledger::{self, Chosen},
};

use super::{Error, say};
use crate::{config::Source, runtime};

/// What is asked of the ledger.
#[derive(Debug, Subcommand)]
pub enum LedgerVerb {
    /// Prove that the books are in order. Names every fault, and fails if there is one.
    Check,
    /// Say what every account and every way money moves means.
    Chart,
    /// What is on all accounts, by what they are for.
    TrialBalance,
    /// The latest entries of accounts, with what caused them.
    Account(Account),
}

/// Which accounts.
#[derive(Debug, Args)]
pub struct Account {
    /// What they are for, as in `creator_available`.
    kind: AccountKind,
    /// Whose; everybody's unless told.
    #[arg(long)]
    org: Option<OrgId>,
    #[arg(long, default_value = "USD")]
    currency: Currency,
    /// The first day, as 2026-11-01.
    #[arg(long)]
    from: Option<NaiveDate>,
    /// The first day not to look at.
    #[arg(long)]
    until: Option<NaiveDate>,
}

/// Answers.
///
/// # Errors
///
/// `Faults` if the books are not in order, so that the command fails.
pub async fn ask(source: &Source, verb: LedgerVerb) -> Result<(), Error> {
    if matches!(verb, LedgerVerb::Chart) {
        chart();
        return Ok(());
    }
    let pool = runtime::connect(&source.database()?).await?;
    match verb {
        LedgerVerb::Chart => {}
        LedgerVerb::Check => {
            let checks = ledger::check(&pool).await.map_err(Error::Books)?;
            for check in &checks {
                say(&check.to_string());
                check.faults.iter().for_each(|fault| say(&format!("       {fault}")));
            }
            let faults: usize = checks.iter().map(|check| check.faults.len()).sum();
            if faults > 0 {
                return Err(Error::Faults(faults));
            }
        }
        LedgerVerb::TrialBalance => {
            for line in ledger::trial_balance(&pool).await.map_err(Error::Books)? {
                let (kind, balance) = (line.kind, line.balance.to_string());
                say(&format!("{kind:<20} {balance:>24}  {} accounts", line.accounts));
            }
        }
        LedgerVerb::Account(account) => {
            let midnight = |day: NaiveDate| day.and_time(NaiveTime::MIN).and_utc();
            let chosen = Chosen {
                kind: account.kind,
                org_id: account.org,
                currency: account.currency,
                from: account.from.map(midnight),
                until: account.until.map(midnight),
            };
            let lines = ledger::account_statement(&pool, &chosen).await.map_err(Error::Books)?;
            for line in lines {
                let at = line.posted_at.format("%Y-%m-%dT%H:%M:%SZ");
                let mut said = format!("{at} {:<20} {:>20}", line.code, line.sum.to_string());
                if let Some(org_id) = line.org_id {
                    // Writing to text does not fail.
                    let _ = write!(said, "  {org_id}");
                }
                say(&format!("{said}  {}", line.reason));
            }
        }
    }
    Ok(())
}

fn chart() {
    say("Accounts");
    for kind in AccountKind::ALL {
        say(&format!("  {:<20} {}", kind.as_str(), kind.sentence()));
    }
    say("Ways money moves");
    for code in TransferCode::ALL {
        say(&format!("  {:<22} {}", code.as_str(), code.sentence()));
    }
}
