//! What a client that may not have something is told: to whom it must turn and what it costs, and,
//! if it keeps asking without a license, to come back later.
//!
//! Every refusal is noted here, once: of a known token as an attempt, of anybody else as a count.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::http::{StatusCode, header};
use imprimatur::{
    domain::{
        gate::{Ask, Denial, Subject},
        pricing::{Price, Tier},
    },
    services::gate::{self, Offered, attempts::Attempt},
};
use serde_json::{Value, json};
use tokio::{
    sync::Semaphore,
    time::{Instant, timeout},
};

use super::{Gate, problem::Problem, request::Asked};

/// What was found on offer is taken as true for this long.
const OFFER_AGE_MAX: Duration = Duration::from_secs(10);
/// The most subjects whose offers are kept in mind.
const OFFERS_MAX: usize = 10_000;
/// The most that are looked up at once, and how long that may take: whoever has no license does not
/// keep the database busy. Those beyond it are told to send a token.
const LOOKUPS_MAX: usize = 4;
const LOOKUP_PATIENCE: Duration = Duration::from_millis(500);

/// When it was looked up, and what was on offer.
type Found = (Instant, Option<Arc<Offered>>);

/// Offers looked up lately.
pub(super) struct Offers {
    known: Mutex<HashMap<String, Found>>,
    lookups: Semaphore,
}

impl Default for Offers {
    fn default() -> Self {
        Self { known: Mutex::default(), lookups: Semaphore::new(LOOKUPS_MAX) }
    }
}

impl Offers {
    async fn find(&self, gate: &Gate, ask: &Ask) -> Option<Arc<Offered>> {
        let subject = match &ask.subject {
            Subject::Content(content_id) => content_id.as_ref()?.to_string(),
            Subject::Page(_) => ask.host.clone(),
        };
        if let Some(found) = self.recall(&subject) {
            return found;
        }
        let _seat = self.lookups.try_acquire().ok()?;
        let lookup = gate::offered(gate.keeper().services(), ask);
        let found = match timeout(LOOKUP_PATIENCE, lookup).await {
            Ok(Ok(found)) => found.map(Arc::new),
            Ok(Err(error)) => {
                tracing::debug!(%error, "An offer could not be looked up");
                return None;
            }
            Err(_) => return None,
        };
        self.keep(subject, found.clone());
        found
    }

    fn recall(&self, subject: &str) -> Option<Option<Arc<Offered>>> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let (at, found) = known.get(subject)?;
        (at.elapsed() < OFFER_AGE_MAX).then(|| found.clone())
    }

    fn keep(&self, subject: String, found: Option<Arc<Offered>>) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= OFFERS_MAX {
            known.retain(|_, (at, _)| at.elapsed() < OFFER_AGE_MAX);
        }
        if known.len() >= OFFERS_MAX {
            known.clear();
        }
        known.insert(subject, (Instant::now(), found));
    }
}

impl Gate {
    /// The answer to a request that was denied. Without a license one gets 402 for what is on offer,
    /// and 429 once that was asked too often.
    pub(super) async fn refuse(&self, asked: &Asked, ask: &Ask, denial: Denial) -> Problem {
        let now = self.keeper().services().now();
        let code = denial.refusal.code;
        let is_stranger = matches!(code, "missing_token" | "invalid_token");
        let problem = if is_stranger && let Err(seconds) = self.count_stranger(asked) {
            too_many(seconds)
        } else if matches!(code, "missing_token" | "content_not_licensed")
            && let Some(offered) = self.0.offers.find(self, ask).await
        {
            self.to_be_licensed(&denial, &offered)
        } else {
            denial.into()
        };
        match asked.bearer.token() {
            Some(known) => {
                let client = asked.client.clone();
                self.attempts().attempt(Attempt::new(now, problem.code, known, ask, client));
            }
            None => self.attempts().stranger(now, problem.code, asked.client.address),
        }
        problem
    }

    /// Counts a request without a license against its address.
    pub(super) fn count_stranger(&self, asked: &Asked) -> Result<(), u64> {
        self.0.unlicensed.take(asked.client.address, self.keeper().services().now())
    }

    fn to_be_licensed(&self, denial: &Denial, offered: &Offered) -> Problem {
        let url = format!("{}/catalogue/{}", self.base_url(), offered.asset_id);
        let (code, detail) = match denial.refusal.code {
            "missing_token" => (
                "license_required",
                "This work is to be licensed. Take one of its offers, then send a token of the license: “Authorization: Bearer sk_…”.",
            ),
            _ => (
                "content_not_licensed",
                "The license of this token does not cover this work. It is on offer.",
            ),
        };
        let tiers = offered.offer.tiers.iter().map(|tier| offer_document(&tier.tier, &url));
        Problem::new(StatusCode::PAYMENT_REQUIRED, code, detail)
            .with(header::LINK, format!("<{url}>; rel=\"license\""))
            .saying("offers", tiers.collect::<Vec<_>>())
    }
}

/// The refusal of a client that asked too often without a license.
pub(super) fn too_many(seconds: u64) -> Problem {
    Problem::new(
        StatusCode::TOO_MANY_REQUESTS,
        "too_many_unlicensed",
        "Too many requests without a license came from this address. Send a token, or come back later.",
    )
    .with(header::RETRY_AFTER, seconds)
}

fn offer_document(tier: &Tier, url: &str) -> Value {
    let uses: Vec<&str> = tier.scopes.iter().map(|scope| scope.as_str()).collect();
    let amount = |micros: i64| json!({ "amount": tier.money(micros).decimal(), "currency": tier.currency.as_str() });
    let mut document = json!({
        "tier": tier.name,
        "price": tier.price_in_words(),
        "model": tier.price.model(),
        "unit": tier.unit,
        "included_units": tier.price.month_units(),
        "requests_per_minute": tier.rate_per_minute,
        "uses": uses,
        "url": url,
    });
    let figures = match tier.price {
        Price::Subscription { base_micros, overage_micros, .. } => json!({
            "base_per_month": amount(base_micros),
            "overage_per_1000": overage_micros.map(amount),
        }),
        Price::PerUse { price_micros, per, .. } => {
            json!({ "price_of_use": amount(price_micros), "units_of_use": per })
        }
        Price::RevenueShare { basis_points, .. } => {
            json!({ "revenue_share_basis_points": basis_points })
        }
        Price::Upfront { fee_micros, price_micros, per, .. } => json!({
            "fee_once": amount(fee_micros),
            "price_of_use": amount(price_micros),
            "units_of_use": per,
        }),
        Price::Prepaid { year_micros, overage_micros, rolls_over, .. } => json!({
            "fee_per_year": amount(year_micros),
            "overage_per_1000": overage_micros.map(amount),
            "unused_units_roll_over": rolls_over,
        }),
    };
    if let (Some(document), Value::Object(figures)) = (document.as_object_mut(), figures) {
        document.extend(figures);
    }
    document
}
