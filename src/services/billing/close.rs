//! Closing a month: rating it, and asking buyers for what it came to.
//!
//! It goes in small transactions. Killed between any two of them and run again, it goes on; run on a
//! month that is closed, it charges what has come in since.

use std::collections::BTreeMap;

use super::{
    LICENSES_PER_BATCH,
    charges::{self, Due, NewCharge},
    credit_notes, facts, invoices,
};
use crate::{
    domain::{
        actor::{Actor, Who},
        error::Refusal,
        ids::{ChargeId, InvoiceId, LicenseId},
        month::Month,
    },
    services::{Result, Services},
};

/// What closing has led to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Closed {
    pub charges: usize,
    pub invoices: usize,
    pub credit_notes: usize,
    /// Licenses that could not be rated, and why.
    pub refused: Vec<(LicenseId, Refusal)>,
}

/// Closes a month that is over: rates what every license in force has used, with fees that are due as
/// the next one begins, and puts everything unbilled on invoices, one for each buyer and currency.
///
/// # Errors
///
/// Refuses a month that is not over. Only the product itself closes; to everybody else there is none.
pub async fn close(services: &Services, actor: &Actor, month: Month) -> Result<Closed> {
    if actor.who != Who::System {
        return Err(Refusal::not_found("month").into());
    }
    if services.now() < month.until() {
        let sentence = t!("{month} is not over.");
        return Err(Refusal::conflict("month_not_over", sentence).into());
    }
    let mut closed = Closed::default();
    for (month, due) in [(month, Due::All), (month.next(), Due::Fees)] {
        let mut after = None;
        while let Some(last) = rate_batch(services, actor, month, due, after, &mut closed).await? {
            after = Some(last);
        }
    }
    let mut conn = services.pool.acquire().await?;
    let buyers = charges::unbilled(&mut conn).await?;
    drop(conn);
    for (org_id, currency) in buyers {
        let buyer = invoices::For { org_id, currency, month, license_id: None };
        let mut tx = services.pool.begin().await?;
        if invoices::issue(&mut tx, actor, services.now(), buyer).await?.is_some() {
            closed.invoices += 1;
        }
        tx.commit().await?;
    }
    Ok(closed)
}

/// Asks for the fees a new license begins with, where it has any; done twice it is done once.
///
/// # Errors
///
/// Only the product itself charges; to everybody else there is no such license.
pub async fn charge_fees(
    services: &Services,
    actor: &Actor,
    license_id: LicenseId,
) -> Result<Option<InvoiceId>> {
    if actor.who != Who::System {
        return Err(Refusal::not_found("license").into());
    }
    let now = services.now();
    let mut tx = services.pool.begin().await?;
    let Some(licensed) = facts::license(&mut tx, license_id).await? else { return Ok(None) };
    let month = Month::of(licensed.starts_at);
    let rated = charges::rate(&mut tx, now, month, &[licensed], Due::Fees).await?;
    if let Some((_, refusal)) = rated.refused.into_iter().next() {
        return Err(refusal.into());
    }
    let Some(charge) = rated.charges.first() else { return Ok(None) };
    let buyer = invoices::For {
        org_id: charge.org_id,
        currency: charge.gross.currency,
        month,
        license_id: Some(license_id),
    };
    let invoice_id = invoices::issue(&mut tx, actor, now, buyer).await?;
    tx.commit().await?;
    Ok(invoice_id)
}

/// Rates some licenses, and answers the last of them; nothing where none was left.
async fn rate_batch(
    services: &Services,
    actor: &Actor,
    month: Month,
    due: Due,
    after: Option<LicenseId>,
    closed: &mut Closed,
) -> Result<Option<LicenseId>> {
    let now = services.now();
    let mut tx = services.pool.begin().await?;
    let licensed = facts::licenses(&mut tx, month, after, LICENSES_PER_BATCH).await?;
    let Some(last) = licensed.last().map(|each| each.license_id) else { return Ok(None) };
    let rated = charges::rate(&mut tx, now, month, &licensed, due).await?;
    closed.refused.extend(rated.refused);
    closed.charges += rated.charges.len();
    let lower: Vec<&NewCharge> =
        rated.charges.iter().filter(|charge| charge.gross.micros < 0).collect();
    closed.credit_notes += credit_notes(&mut tx, actor, services, month, &lower).await?;
    tx.commit().await?;
    Ok(Some(last))
}

/// A month that turned out smaller lowers the invoice it was on.
async fn credit_notes(
    tx: &mut sqlx::PgConnection,
    actor: &Actor,
    services: &Services,
    month: Month,
    lower: &[&NewCharge],
) -> Result<usize> {
    let mut by_invoice: BTreeMap<InvoiceId, Vec<(ChargeId, i64)>> = BTreeMap::new();
    for charge in lower {
        if let Some((first, invoice_id)) = invoices::of_first(tx, charge).await? {
            super::earnings::settle_like(tx, charge.charge_id, first).await?;
            by_invoice.entry(invoice_id).or_default().push((charge.charge_id, charge.gross.micros));
        }
    }
    let mut notes = 0;
    let reason = t!("{month} was counted again and comes to less.");
    for (invoice_id, lines) in by_invoice {
        let now = services.now();
        if credit_notes::lower(tx, actor, now, invoice_id, &lines, &reason).await?.is_some() {
            notes += 1;
        }
    }
    Ok(notes)
}
