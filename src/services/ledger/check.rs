//! The proof that the books are in order: statements that must find nothing, and what they found.
//!
//! Everything is read in one state of the database. Nothing is mended here.

use std::fmt;

use sqlx::{PgConnection, PgPool};

use crate::services::Result;

/// One thing that is always true, and where it is not.
#[derive(Clone, Debug)]
pub struct Check {
    /// As a sentence without its full stop.
    pub claim: &'static str,
    /// What is wrong, a line each.
    pub faults: Vec<String>,
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.faults.len() {
            0 => write!(f, "ok   {}", self.claim),
            faults => write!(f, "FAIL {}: {faults} faults", self.claim),
        }
    }
}

/// Asks the database for what is not as it must be. The last column says it.
macro_rules! check {
    ($tx:ident, $claim:literal, $sql:literal) => {
        Check { claim: $claim, faults: sqlx::query_scalar!($sql).fetch_all(&mut *$tx).await? }
    };
}

/// Proves the books.
pub async fn check(pool: &PgPool) -> Result<Vec<Check>> {
    let mut tx = pool.begin().await?;
    sqlx::query!("set transaction isolation level repeatable read, read only")
        .execute(&mut *tx)
        .await?;
    let mut checks = of_itself(&mut tx).await?;
    checks.extend(of_billing(&mut tx).await?);
    checks.extend(of_payouts(&mut tx).await?);
    tx.commit().await?;
    Ok(checks)
}

/// That the ledger is in order by itself.
pub(super) async fn of_itself(tx: &mut PgConnection) -> Result<Vec<Check>> {
    Ok(vec![
        check!(
            tx,
            "Every transaction adds up to nothing in each currency",
            r#"select format('transaction %s is off by %s micros of %s', transaction_id, sum(micros), currency) as "fault!"
               from ledger_entry group by transaction_id, currency having sum(micros) <> 0"#
        ),
        check!(
            tx,
            "Every transaction has entries",
            r#"select format('transaction %s has none', transaction_id) as "fault!"
               from ledger_transaction
               where not exists (select from ledger_entry entry
                                 where entry.transaction_id = ledger_transaction.transaction_id)"#
        ),
        check!(
            tx,
            "The accounts add up to nothing in each currency",
            r#"select format('all accounts are off by %s micros of %s', sum(balance_micros), currency) as "fault!"
               from ledger_account group by currency having sum(balance_micros) <> 0"#
        ),
        check!(
            tx,
            "Every balance is what its entries add up to",
            r#"select format('account %s (%s) keeps %s, its entries add up to %s', account_id, kind,
                             balance_micros, coalesce(sum, 0)) as "fault!"
               from ledger_account
               left join (select account_id, sum(micros) as sum from ledger_entry group by 1) entries
                   using (account_id)
               where balance_micros <> coalesce(sum, 0)"#
        ),
        check!(
            tx,
            "Nobody has spent, held or sent what was not there",
            r#"select format('account %s (%s) stands at %s', account_id, kind, balance_micros) as "fault!"
               from ledger_account
               where (kind in ('buyer_wallet', 'creator_held', 'creator_in_transit') and balance_micros > 0)
                  or (kind = 'stripe_connected' and balance_micros < 0)"#
        ),
    ])
}

/// That it says the same as charges, earnings and invoices.
async fn of_billing(tx: &mut PgConnection) -> Result<Vec<Check>> {
    Ok(vec![
        check!(
            tx,
            "Every charge is its fee and its payees' parts",
            r#"select format('charge %s is %s, its parts are %s', charge_id, gross_micros,
                             fee_micros + coalesce(sum(net_micros), 0)) as "fault!"
               from charge left join earning using (charge_id)
               group by charge_id having gross_micros <> fee_micros + coalesce(sum(net_micros), 0)"#
        ),
        check!(
            tx,
            "Every charge is booked",
            r#"select format('charge %s is not booked', charge_id) as "fault!" from charge
               where not exists (select from ledger_transaction made
                                 where made.cause_id = charge_id and made.code = 'charge.rated')"#
        ),
        check!(
            tx,
            "What is unbilled is what was charged less what was asked for",
            r#"with moved as (
                   select org_id, currency, gross_micros as micros from charge
                   union all select org_id, currency, tax_micros - total_micros from invoice
                   union all select org_id, currency, micros from credit_note
                   union all select org_id, currency, -balance_micros from ledger_account
                   where kind = 'buyer_unbilled')
               select format('organization %s is off by %s micros of %s', org_id, sum(micros), currency) as "fault!"
               from moved group by org_id, currency having sum(micros) <> 0"#
        ),
        check!(
            tx,
            "What buyers owe is what is due of their invoices",
            r#"with moved as (
                   select org_id, currency, due_micros as micros from invoice
                   union all select org_id, currency, -balance_micros from ledger_account
                   where kind = 'buyer_receivable')
               select format('organization %s is off by %s micros of %s', org_id, sum(micros), currency) as "fault!"
               from moved group by org_id, currency having sum(micros) <> 0"#
        ),
        check!(
            tx,
            "What is pending is what was earned and is not available",
            r#"with moved as (
                   select org_id, currency, net_micros as micros from earning where matured_at is null
                   union all select org_id, currency, balance_micros from ledger_account
                   where kind = 'creator_pending')
               select format('organization %s is off by %s micros of %s', org_id, sum(micros), currency) as "fault!"
               from moved group by org_id, currency having sum(micros) <> 0"#
        ),
        check!(
            tx,
            "No charge is on two invoices, and none is on that of another buyer",
            r#"select format('charge %s is on invoice %s', charge_id, invoice_id) as "fault!"
               from invoice_line join charge using (charge_id) join invoice using (invoice_id)
               where (charge.org_id, charge.currency) <> (invoice.org_id, invoice.currency)"#
        ),
    ])
}

/// That it says the same as payouts.
async fn of_payouts(tx: &mut PgConnection) -> Result<Vec<Check>> {
    Ok(vec![
        check!(
            tx,
            "What is in transit is what payouts are sending",
            r#"with moved as (
                   select org_id, currency, micros from payout
                   where state in ('reserved', 'transferred', 'failed')
                   union all select org_id, currency, balance_micros from ledger_account
                   where kind = 'creator_in_transit')
               select format('organization %s is off by %s micros of %s', org_id, sum(micros), currency) as "fault!"
               from moved group by org_id, currency having sum(micros) <> 0"#
        ),
        check!(
            tx,
            "Every payout has taken what it sends, and given back what it did not",
            r#"select format('payout %s is %s, and has taken %s of %s', payout_id, state,
                             coalesce(sum(entry.micros), 0), payout.micros) as "fault!"
               from payout
               left join ledger_transaction made on made.cause_id = payout_id
               left join (select transaction_id, micros from ledger_entry
                          join ledger_account using (account_id)
                          where kind = 'creator_available') entry using (transaction_id)
               group by payout_id
               having coalesce(sum(entry.micros), 0)
                      <> case when state in ('refused', 'returned') then 0 else payout.micros end"#
        ),
        check!(
            tx,
            "No payout was decided on and forgotten",
            r#"select format('payout %s has no decision', payout_id) as "fault!" from payout
               where not exists (select from payout_decision made where made.payout_id = payout.payout_id)"#
        ),
    ])
}
