//! Taking back a part of a charge, because somebody decided so. The charge stays as it is; a negative
//! one stands beside it, on a credit note of its invoice.

use super::{
    charges::{self, NewCharge},
    credit_notes, earnings, invoices,
};
use crate::{
    domain::{
        actor::{Actor, Who},
        error::Refusal,
        ids::{ChargeId, CreditNoteId},
        money::Money,
    },
    services::{Result, Services},
};

/// What is taken back, and why. The id is made before, so that asking twice credits once.
#[derive(Clone, Debug)]
pub struct Credit {
    pub credit_id: ChargeId,
    pub charge_id: ChargeId,
    /// Of what the charge came to; more than nothing.
    pub sum: Money,
    /// In a sentence, for both sides.
    pub reason: String,
}

/// Credits a part of a charge: the fee and what payees earned go back in proportion. Answers the credit
/// note; none where the charge is on no invoice yet, which will be lower.
///
/// # Errors
///
/// Refuses more than is left of the charge. Only the product itself credits, once staff have decided.
pub async fn credit(
    services: &Services,
    actor: &Actor,
    credit: &Credit,
) -> Result<Option<CreditNoteId>> {
    let none = || Refusal::not_found("charge");
    if actor.who != Who::System {
        return Err(none().into());
    }
    let now = services.now();
    let mut tx = services.pool.begin().await?;
    let (charge, credited) = charges::lock(&mut tx, credit.charge_id).await?.ok_or_else(none)?;
    if sent_before(&mut tx, credit.credit_id).await? {
        return Ok(None);
    }
    let left = charge.gross.micros.saturating_add(credited);
    let wanted = credit.sum.micros;
    if credit.sum.currency != charge.gross.currency || wanted <= 0 || wanted > left {
        let left = Money::new(left, charge.gross.currency);
        let sentence = t!("At most {left} is left of this charge to credit.");
        return Err(Refusal::invalid("sum", sentence).into());
    }
    let fee = i128::from(charge.fee_micros) * i128::from(wanted) / i128::from(charge.gross.micros);
    let taken = NewCharge {
        charge_id: credit.credit_id,
        credits_id: Some(credit.charge_id),
        gross: Money::new(-wanted, charge.gross.currency),
        fee_micros: i64::try_from(-fee).unwrap_or(0),
        words: credit.reason.trim_end_matches('.').to_owned(),
        ..charge
    };
    let written = charges::write(&mut tx, now, vec![taken]).await?;
    if written.is_empty() {
        return Ok(None);
    }
    earnings::settle_like(&mut tx, credit.credit_id, credit.charge_id).await?;
    let note = match invoices::of_charge(&mut tx, credit.charge_id).await? {
        Some(invoice_id) => {
            let lines = [(credit.credit_id, -wanted)];
            credit_notes::lower(&mut tx, actor, now, invoice_id, &lines, &credit.reason).await?
        }
        None => None,
    };
    tx.commit().await?;
    Ok(note)
}

// SQL

async fn sent_before(tx: &mut sqlx::PgConnection, credit_id: ChargeId) -> Result<bool> {
    let found = sqlx::query_scalar!(
        r#"select exists (select from charge where charge_id = $1) as "found!""#,
        credit_id.uuid(),
    )
    .fetch_one(tx)
    .await?;
    Ok(found)
}
