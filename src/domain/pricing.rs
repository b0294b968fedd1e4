//! Tiers: what a buyer gets and what it costs.
//!
//! A tier is written down when an offer is published and never changes; a new price is a new offer.

use super::{
    error::Refusal,
    money::{Currency, Money},
    terms::{Scope, Terms},
    text,
};

/// The most requests a minute a tier may promise.
pub const RATE_PER_MINUTE_MAX: i32 = 100_000;
/// The most units a tier may include.
const INCLUDED_UNITS_MAX: i64 = 1_000_000_000_000;

/// One way to take an offer: a base fee a month, units included in it, and what more units cost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tier {
    pub name: String,
    /// A month.
    pub base: Money,
    /// A calendar month (UTC).
    pub included_units: i64,
    /// For each 1,000 units started beyond the included ones. Where missing, the quota is a hard
    /// stop.
    pub overage: Option<Money>,
    pub rate_per_minute: i32,
    pub scopes: Vec<Scope>,
}

impl Tier {
    /// Whether nothing is ever charged.
    pub fn is_free(&self) -> bool {
        self.base.micros == 0 && self.overage.is_none()
    }

    /// The free tier of an offer: previews only, with a hard stop.
    pub fn free(included_units: i64, rate_per_minute: i32, currency: Currency) -> Self {
        Self {
            name: "Preview".into(),
            base: Money::new(0, currency),
            included_units,
            overage: None,
            rate_per_minute,
            scopes: vec![Scope::Preview],
        }
    }

    /// The price in one line: `$2,500.00 a month, 50,000 units included, then $5.00 per 1,000`.
    pub fn price_in_words(&self) -> String {
        let included = super::money::grouped(&self.included_units.to_string());
        let base = if self.base.micros == 0 {
            "Free".to_owned()
        } else {
            format!("{} a month", self.base)
        };
        match self.overage {
            Some(overage) => format!("{base}, {included} units included, then {overage} per 1,000"),
            None => format!("{base}, {included} units a month, then it stops"),
        }
    }
}

/// The tiers of an offer as typed: one free and one paid.
#[derive(Clone, Debug, Default)]
pub struct TypedTiers {
    pub currency: String,
    pub free_units: String,
    pub free_rate: String,
    pub paid_name: String,
    pub paid_base: String,
    pub paid_units: String,
    pub paid_overage: String,
    pub paid_rate: String,
}

impl TypedTiers {
    /// Reads the tiers; the paid one grants every use the terms grant.
    pub fn parse(&self, terms: &Terms) -> Result<Vec<Tier>, Refusal> {
        let currency: Currency = self.currency.parse()?;
        let free = Tier::free(
            units("free_units", &self.free_units)?,
            rate("free_rate", &self.free_rate)?,
            currency,
        );
        let name = text::line("paid_name", &self.paid_name, 60)?;
        if name.eq_ignore_ascii_case(&free.name) {
            return Err(Refusal::invalid(
                "paid_name",
                "“Preview” is the free tier; choose another name.",
            ));
        }
        let overage = match self.paid_overage.trim() {
            "" => None,
            typed => Some(Money::parse("paid_overage", typed, currency)?),
        };
        if overage.is_some_and(|overage| overage.micros == 0) {
            return Err(Refusal::invalid(
                "paid_overage",
                "Write a price above zero, or leave it empty to stop at the included units.",
            ));
        }
        let paid = Tier {
            name,
            base: Money::parse("paid_base", &self.paid_base, currency)?,
            included_units: units("paid_units", &self.paid_units)?,
            overage,
            rate_per_minute: rate("paid_rate", &self.paid_rate)?,
            scopes: terms.scopes.clone(),
        };
        if paid.is_free() {
            return Err(Refusal::invalid(
                "paid_base",
                "Write a price above zero; the other tier is the free one.",
            ));
        }
        Ok(vec![free, paid])
    }
}

fn units(field: &'static str, typed: &str) -> Result<i64, Refusal> {
    whole(field, typed, INCLUDED_UNITS_MAX)
}

fn rate(field: &'static str, typed: &str) -> Result<i32, Refusal> {
    let rate = whole(field, typed, RATE_PER_MINUTE_MAX.into())?;
    match i32::try_from(rate) {
        Ok(rate) if rate > 0 => Ok(rate),
        _ => Err(Refusal::invalid(field, "Allow at least one request a minute.")),
    }
}

fn whole(field: &'static str, typed: &str, max: i64) -> Result<i64, Refusal> {
    let typed = typed.trim();
    if typed.is_empty() || !typed.bytes().all(|b| b.is_ascii_digit()) {
        return Err(Refusal::invalid(field, "Write a whole number, like 50000."));
    }
    typed.parse().ok().filter(|&number| number <= max).ok_or_else(|| {
        Refusal::invalid(field, format!("Use at most {}.", super::money::grouped(&max.to_string())))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::terms::template;

    fn typed() -> TypedTiers {
        TypedTiers {
            currency: "USD".into(),
            free_units: "1000".into(),
            free_rate: "10".into(),
            paid_name: "Standard".into(),
            paid_base: "2500".into(),
            paid_units: "50000".into(),
            paid_overage: "5".into(),
            paid_rate: "100".into(),
        }
    }

    #[test]
    fn the_reference_tier_reads_as_the_design_says_it() {
        let terms = template("training").unwrap().terms;
        let tiers = typed().parse(&terms).unwrap();
        assert!(tiers[0].is_free());
        assert_eq!(tiers[1].scopes, terms.scopes);
        assert_eq!(
            tiers[1].price_in_words(),
            "$2,500.00 a month, 50,000 units included, then $5.00 per 1,000"
        );
    }

    #[test]
    fn each_bad_field_is_named() {
        let terms = template("training").unwrap().terms;
        let cases: [(&str, TypedTiers); 8] = [
            ("currency", TypedTiers { currency: "XXX".into(), ..typed() }),
            ("free_units", TypedTiers { free_units: "-1".into(), ..typed() }),
            ("free_rate", TypedTiers { free_rate: "0".into(), ..typed() }),
            ("paid_name", TypedTiers { paid_name: "preview".into(), ..typed() }),
            ("paid_base", TypedTiers { paid_base: "1,000".into(), ..typed() }),
            ("paid_units", TypedTiers { paid_units: "9999999999999999999999".into(), ..typed() }),
            ("paid_overage", TypedTiers { paid_overage: "0".into(), ..typed() }),
            (
                "paid_base",
                TypedTiers { paid_base: "0".into(), paid_overage: String::new(), ..typed() },
            ),
        ];
        for (field, typed) in cases {
            let refusal = typed.parse(&terms).unwrap_err();
            assert_eq!(refusal.field.as_deref(), Some(field), "{typed:?}");
        }
    }
}
