//! Stripe's words in ours, and back.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use imprimatur::{
    domain::money::Currency,
    services::payments::{Amount, Reference},
};

use crate::wire::Failed;

/// What our references are called in metadata.
const KIND: &str = "imprimatur_kind";
const ID: &str = "imprimatur_id";

/// A currency as Stripe writes it.
pub fn their_currency(currency: Currency) -> stripe_types::Currency {
    match currency {
        Currency::Usd => stripe_types::Currency::USD,
        Currency::Eur => stripe_types::Currency::EUR,
        Currency::Gbp => stripe_types::Currency::GBP,
    }
}

/// A currency we keep books in; any other cannot be read.
pub fn our_currency(currency: &stripe_types::Currency) -> Result<Currency, Failed> {
    match currency {
        stripe_types::Currency::USD => Ok(Currency::Usd),
        stripe_types::Currency::EUR => Ok(Currency::Eur),
        stripe_types::Currency::GBP => Ok(Currency::Gbp),
        other => {
            Err(Failed::Unknown(format!("an amount is in {other}, which we keep no books in")))
        }
    }
}

/// An amount in its currency.
pub fn amount(cents: i64, currency: &stripe_types::Currency) -> Result<Amount, Failed> {
    Ok(Amount::of_cents(cents, our_currency(currency)?))
}

/// An instant.
pub fn instant(seconds: i64) -> Result<DateTime<Utc>, Failed> {
    DateTime::from_timestamp(seconds, 0)
        .ok_or_else(|| Failed::Unknown(format!("{seconds} is no instant")))
}

/// A reference as metadata.
pub fn metadata(reference: &Reference) -> HashMap<String, String> {
    HashMap::from([(KIND.into(), reference.kind.clone()), (ID.into(), reference.id.clone())])
}

/// The reference in metadata, if there is one.
pub fn reference(metadata: Option<&HashMap<String, String>>) -> Option<Reference> {
    let metadata = metadata?;
    Some(Reference { kind: metadata.get(KIND)?.clone(), id: metadata.get(ID)?.clone() })
}
