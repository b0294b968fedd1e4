//! What licenses cost, who gets it, and what buyers are asked to pay.
//!
//! A month is rated by `rating` and nothing else. What was charged stays: rated again, a month gets
//! only the difference, so closing it twice changes nothing, and use that came late is charged with
//! the next invoice. A charge, its payees' parts and its booking are one transaction.

mod charges;
mod close;
mod collect;
mod credit;
mod credit_notes;
mod earnings;
mod facts;
mod invoices;
mod payments;
mod read;
mod rounds;

pub use close::{Closed, charge_fees, close};
pub use collect::{card_changed, collect, customer_seen, invoice_seen};
pub use credit::{Credit, credit};
pub use earnings::mature;
pub use payments::{Paid, payer, payment_received, payment_returned};
pub use read::{
    Invoice, InvoiceLine, InvoiceRow, PaymentRow, StatementLine, StatementRow, invoice, invoices,
    statement, statements,
};
pub use rounds::close_last_month;

/// What is rated, in one transaction.
const LICENSES_PER_BATCH: i64 = 250;

#[cfg(test)]
pub(crate) mod tests;
