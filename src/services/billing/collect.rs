//! Charging invoices to their buyers' cards, by way of the payment provider.
//!
//! No call is made inside a transaction, and each has a key made from the invoice. What is not answered
//! is asked again with the same key; a card that is declined is tried again after one, three and seven
//! days, with another key, and after that once its buyer has left another card.

use chrono::TimeDelta;
use serde_json::json;

use super::invoices::{self, Collected, Due};
use crate::{
    domain::{
        actor::Actor,
        event::EventName,
        ids::{InvoiceId, OrgId},
        ledger,
        money::Money,
    },
    services::{
        Result, Services, events,
        payments::{
            self, Amount, CustomerId, InvoiceLine, InvoiceState, Key, NewInvoice, Outcome,
            Payments, Reference, parties,
        },
    },
};

/// After how many days a declined card is tried again; then somebody has to pay by hand.
const DECLINED_DAYS: [i64; 3] = [1, 3, 7];
/// Until somebody may have left a card.
const NO_CARD: TimeDelta = TimeDelta::hours(1);
/// How long the provider surely remembers a key, with an hour to spare.
const KEY_HOURS: i64 = 23;

/// Charges every invoice that is due to be charged, and answers how many were tried.
pub async fn collect(services: &Services, payments: &dyn Payments, actor: &Actor) -> Result<usize> {
    let mut tried = 0;
    while let Some(due) = invoices::claim(services).await? {
        tried += 1;
        charge(services, payments, actor, &due).await?;
    }
    Ok(tried)
}

/// An invoice was read at the provider: what is kept of it, and its payment. One that is none of ours
/// means nothing. Answers whether a payment was news.
pub async fn invoice_seen(
    services: &Services,
    actor: &Actor,
    seen: &payments::Invoice,
) -> Result<bool> {
    let Some(reference) = seen.reference.as_ref().filter(|it| it.kind == "invoice") else {
        return Ok(false);
    };
    let Ok(invoice_id) = reference.id.parse::<InvoiceId>() else { return Ok(false) };
    if !invoices::note(services, invoice_id, seen).await? || seen.state != InvoiceState::Paid {
        return Ok(false);
    }
    let (Some(sum), true) = (seen.paid.money(), seen.paid.cents() > 0) else { return Ok(false) };
    let external_id = seen.payment.as_ref().map_or(seen.id.as_str(), |payment| payment.as_str());
    let paid = super::Paid {
        invoice_id,
        external_id: external_id.to_owned(),
        sum,
        paid_at: services.now(),
    };
    super::payment_received(services, actor, &paid).await
}

/// The buyer has left another card here: what could not be charged is tried again at once.
pub async fn card_changed(services: &Services, org_id: OrgId) -> Result<()> {
    invoices::try_again(services, org_id, false).await
}

/// A buyer's record was read at the provider, where they may have left another card: what was given up
/// is tried again.
pub async fn customer_seen(services: &Services, seen: &payments::Customer) -> Result<()> {
    if seen.default_card.is_none() {
        return Ok(());
    }
    match parties::payer(services, &seen.id).await? {
        Some(org_id) => invoices::try_again(services, org_id, true).await,
        None => Ok(()),
    }
}

async fn charge(
    services: &Services,
    payments: &dyn Payments,
    actor: &Actor,
    due: &Due,
) -> Result<()> {
    let party = parties::of(services, due.org_id).await?;
    if party.default_card.is_none() {
        let why = t!("There is no card to charge; leave one under Payment method.");
        return invoices::put_off(services, due, Some(NO_CARD), Collected::Waits(why)).await;
    }
    let customer = parties::customer(services, payments, due.org_id).await?;
    let Some(made) = make(services, payments, due, &customer).await? else { return Ok(()) };
    let made = match made.state {
        InvoiceState::Draft => {
            let key = Key::of("invoice.finalize", due.invoice_id, 0);
            match payments.finalize_invoice(&key, &made.id).await {
                Outcome::Done(made) => made,
                Outcome::Refused(_) | Outcome::Unknown(_) => return Ok(()),
            }
        }
        _ => made,
    };
    if made.state == InvoiceState::Open {
        let key = Key::of("invoice.pay", due.invoice_id, due.generation);
        match payments.pay_invoice(&key, &made.id).await {
            Outcome::Done(paid) => invoice_seen(services, actor, &paid).await.map(drop),
            Outcome::Refused(refused) => declined(services, actor, due, &refused.message).await,
            Outcome::Unknown(_) => Ok(()),
        }
    } else {
        invoice_seen(services, actor, &made).await.map(drop)
    }
}

/// The provider's invoice, made if it is not there; nothing where nobody knows, and it is asked again.
async fn make(
    services: &Services,
    payments: &dyn Payments,
    due: &Due,
    customer: &CustomerId,
) -> Result<Option<payments::Invoice>> {
    let reference = Reference::new("invoice", due.invoice_id);
    let known = match &due.external_id {
        Some(id) => payments.invoice(&payments::InvoiceId(id.clone())).await,
        None if services.now() - due.first_try_at > TimeDelta::hours(KEY_HOURS) => {
            // The key may be forgotten there, and what it made is not.
            match payments.invoices_about(customer, &reference).await {
                Outcome::Done(found) => match found.into_iter().next() {
                    Some(found) => Outcome::Done(found),
                    None => create(services, payments, due, customer, reference).await?,
                },
                Outcome::Refused(refused) => Outcome::Refused(refused),
                Outcome::Unknown(why) => Outcome::Unknown(why),
            }
        }
        None => create(services, payments, due, customer, reference).await?,
    };
    match known {
        Outcome::Done(made) => {
            invoices::note(services, due.invoice_id, &made).await?;
            Ok(Some(made))
        }
        Outcome::Refused(refused) => {
            tracing::error!(invoice.id = %due.invoice_id, refused.code, "An invoice was refused");
            Ok(None)
        }
        Outcome::Unknown(why) => {
            tracing::warn!(invoice.id = %due.invoice_id, why, "An invoice was not answered");
            Ok(None)
        }
    }
}

async fn create(
    services: &Services,
    payments: &dyn Payments,
    due: &Due,
    customer: &CustomerId,
    reference: Reference,
) -> Result<Outcome<payments::Invoice>> {
    let currency = due.due.currency;
    let charges = invoices::charges(services, due.invoice_id).await?;
    let micros: Vec<i64> = charges.iter().map(|(_, micros)| *micros).collect();
    let (cents, rest) = ledger::in_cents(&micros, due.due.micros);
    let mut lines: Vec<InvoiceLine> = charges
        .into_iter()
        .zip(cents)
        .filter(|(_, cents)| *cents != 0)
        .map(|((text, _), cents)| InvoiceLine { text, amount: Amount::of_cents(cents, currency) })
        .collect();
    if rest != 0 {
        let text = "Paid, credited or left over before".to_owned();
        lines.push(InvoiceLine { text, amount: Amount::of_cents(rest, currency) });
    }
    let new = NewInvoice {
        customer: customer.clone(),
        currency,
        reference,
        text: "Imprimatur".into(),
        lines,
    };
    let key = Key::of("invoice.create", due.invoice_id, 0);
    Ok(payments.create_invoice(&key, &new).await)
}

/// The card was declined: the buyer is told, and it is tried again later.
async fn declined(services: &Services, actor: &Actor, due: &Due, why: &str) -> Result<()> {
    let declines = usize::try_from(due.declines).unwrap_or(0);
    let after = DECLINED_DAYS.get(declines).map(|days| TimeDelta::days(*days));
    invoices::put_off(services, due, after, Collected::Declined(why)).await?;
    tell(services, actor, due.org_id, due.invoice_id, due.due, why).await
}

async fn tell(
    services: &Services,
    actor: &Actor,
    org_id: OrgId,
    invoice_id: InvoiceId,
    sum: Money,
    why: &str,
) -> Result<()> {
    let mut conn = services.pool.acquire().await?;
    let detail = json!({ "sum": sum.decimal(), "currency": sum.currency, "why": why });
    let (name, now) = (EventName::InvoicePaymentFailed, services.now());
    events::record(&mut conn, actor, now, name, Some(org_id), invoice_id.uuid(), detail).await
}
