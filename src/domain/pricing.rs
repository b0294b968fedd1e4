//! Tiers: what a buyer gets and what it costs.
//!
//! A tier is written down when an offer is published and never changes; a new price is a new offer.

use super::{
    error::Refusal,
    gate::PathRules,
    money::{Currency, Money},
    terms::{Scope, Terms},
    text::{self, text_enum},
};

/// The most requests a minute a tier may promise.
pub const RATE_PER_MINUTE_MAX: i32 = 100_000;
/// The most units a tier may include.
const INCLUDED_UNITS_MAX: i64 = 1_000_000_000_000;

text_enum! {
    /// What happens when the included units of a month are used up.
    pub enum Overrun("overrun") {
        /// Deliveries stop until the next month.
        Stop = "stop",
        /// They go on, and more units cost the price beyond.
        Charge = "charge",
        /// The license moves to the next larger tier; on the largest, deliveries stop.
        Upgrade = "upgrade",
    }
}

/// What a month on a tier costs, in micros of one currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Price {
    pub base_micros: i64,
    pub included_units: i64,
    /// For each 1,000 units started beyond the included ones.
    pub overage_micros: Option<i64>,
}

/// What a month with so many billable units costs, in micros: the base fee, and the price beyond for
/// each 1,000 units started. The type holds every such sum.
pub fn month_spend(price: &Price, units: i64) -> i128 {
    let beyond = i128::from(units) - i128::from(price.included_units.max(0));
    let thousands = (beyond.max(0) + 999) / 1000;
    i128::from(price.base_micros) + thousands * i128::from(price.overage_micros.unwrap_or(0))
}

/// One way to take an offer: a base fee a month, units included in it, and what more units cost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tier {
    pub name: String,
    /// A month.
    pub base: Money,
    /// A calendar month (UTC).
    pub included_units: i64,
    /// What happens when the included units are used up.
    pub overrun: Overrun,
    /// For each 1,000 units started beyond the included ones; there exactly where more is charged.
    pub overage: Option<Money>,
    pub rate_per_minute: i32,
    pub scopes: Vec<Scope>,
    /// Which paths of a site it covers; registered works have none.
    pub paths: PathRules,
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
            overrun: Overrun::Stop,
            overage: None,
            rate_per_minute,
            scopes: vec![Scope::Preview],
            paths: PathRules::default(),
        }
    }

    /// The figures of its price.
    pub fn price(&self) -> Price {
        Price {
            base_micros: self.base.micros,
            included_units: self.included_units,
            overage_micros: self.overage.map(|overage| overage.micros),
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
        match (self.overage, self.overrun) {
            (Some(overage), _) => {
                format!("{base}, {included} units included, then {overage} per 1,000")
            }
            (None, Overrun::Upgrade) => {
                format!("{base}, {included} units a month, then the next larger tier")
            }
            (None, _) => format!("{base}, {included} units a month, then it stops"),
        }
    }
}

/// The tiers of an offer as typed: one free, one paid, and perhaps a larger one.
#[derive(Clone, Debug, Default)]
pub struct TypedTiers {
    pub currency: String,
    pub free_units: String,
    pub free_rate: String,
    pub paid_name: String,
    pub paid_base: String,
    pub paid_units: String,
    /// What happens then; where empty, the price beyond says it.
    pub paid_overrun: String,
    pub paid_overage: String,
    pub paid_rate: String,
    /// Empty where there is no larger tier; its other fields are not read then.
    pub larger_name: String,
    pub larger_base: String,
    pub larger_units: String,
    /// Where empty, the larger tier stops.
    pub larger_overage: String,
    pub larger_rate: String,
    pub free_paths: TypedPaths,
    pub paid_paths: TypedPaths,
    pub larger_paths: TypedPaths,
}

/// The paths of a site as typed, one pattern to a line.
#[derive(Clone, Debug, Default)]
pub struct TypedPaths {
    pub allowed: String,
    pub forbidden: String,
}

impl TypedPaths {
    fn parse(&self) -> Result<PathRules, Refusal> {
        fn lines(text: &str) -> Vec<&str> {
            text.lines().map(str::trim).filter(|line| !line.is_empty()).collect()
        }
        PathRules::parse(&lines(&self.allowed), &lines(&self.forbidden))
    }
}

impl TypedTiers {
    /// Reads the tiers, lowest first; those that are paid for grant every use the terms grant.
    pub fn parse(&self, terms: &Terms) -> Result<Vec<Tier>, Refusal> {
        let currency: Currency = self.currency.parse()?;
        let mut free = Tier::free(
            units("free_units", &self.free_units)?,
            rate("free_rate", &self.free_rate)?,
            currency,
        );
        free.paths = self.free_paths.parse()?;
        let name = text::line("paid_name", &self.paid_name, 60)?;
        if name.eq_ignore_ascii_case(&free.name) {
            return Err(Refusal::invalid(
                "paid_name",
                "“Preview” is the free tier; choose another name.",
            ));
        }
        let overage = overage("paid_overage", &self.paid_overage, currency)?;
        let paid = Tier {
            name,
            base: Money::parse("paid_base", &self.paid_base, currency)?,
            included_units: units("paid_units", &self.paid_units)?,
            overrun: self.paid_overrun(overage)?,
            overage,
            rate_per_minute: rate("paid_rate", &self.paid_rate)?,
            scopes: terms.scopes.clone(),
            paths: self.paid_paths.parse()?,
        };
        if paid.is_free() {
            return Err(Refusal::invalid(
                "paid_base",
                "Write a price above zero; the other tier is the free one.",
            ));
        }
        let larger = self.larger(&paid, currency)?;
        Ok([free, paid].into_iter().chain(larger).collect())
    }

    fn paid_overrun(&self, overage: Option<Money>) -> Result<Overrun, Refusal> {
        let overrun = match (self.paid_overrun.as_str(), overage) {
            ("", Some(_)) => Overrun::Charge,
            ("", None) => Overrun::Stop,
            (typed, _) => typed.parse().map_err(|refusal: Refusal| refusal.on("paid_overrun"))?,
        };
        match (overrun, overage) {
            (Overrun::Charge, None) => {
                Err(Refusal::invalid("paid_overage", "Write what 1,000 more units cost."))
            }
            (Overrun::Stop | Overrun::Upgrade, Some(_)) => Err(Refusal::invalid(
                "paid_overage",
                "Leave the price beyond empty, or choose to charge for more units.",
            )),
            (Overrun::Upgrade, None) if self.larger_name.trim().is_empty() => {
                Err(Refusal::invalid(
                    "paid_overrun",
                    "There is no larger tier to move to. Fill in the larger tier, or choose another.",
                ))
            }
            _ => Ok(overrun),
        }
    }

    fn larger(&self, paid: &Tier, currency: Currency) -> Result<Option<Tier>, Refusal> {
        if self.larger_name.trim().is_empty() {
            return Ok(None);
        }
        let name = text::line("larger_name", &self.larger_name, 60)?;
        if ["Preview", &paid.name].iter().any(|taken| name.eq_ignore_ascii_case(taken)) {
            return Err(Refusal::invalid(
                "larger_name",
                "Another tier has this name; choose another one.",
            ));
        }
        let overage = overage("larger_overage", &self.larger_overage, currency)?;
        let larger = Tier {
            name,
            base: Money::parse("larger_base", &self.larger_base, currency)?,
            included_units: units("larger_units", &self.larger_units)?,
            overrun: if overage.is_some() { Overrun::Charge } else { Overrun::Stop },
            overage,
            rate_per_minute: rate("larger_rate", &self.larger_rate)?,
            scopes: paid.scopes.clone(),
            paths: self.larger_paths.parse()?,
        };
        if larger.included_units <= paid.included_units {
            return Err(Refusal::invalid(
                "larger_units",
                "Include more units than in the tier before it.",
            ));
        }
        Ok(Some(larger))
    }
}

fn overage(field: &'static str, typed: &str, currency: Currency) -> Result<Option<Money>, Refusal> {
    let overage = match typed.trim() {
        "" => None,
        typed => Some(Money::parse(field, typed, currency)?),
    };
    if overage.is_some_and(|overage| overage.micros == 0) {
        return Err(Refusal::invalid(
            field,
            "Write a price above zero, or leave it empty to stop at the included units.",
        ));
    }
    Ok(overage)
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
            ..TypedTiers::default()
        }
    }

    fn with_larger() -> TypedTiers {
        TypedTiers {
            paid_overrun: "upgrade".into(),
            paid_overage: String::new(),
            larger_name: "Premium".into(),
            larger_base: "5000".into(),
            larger_units: "100000".into(),
            larger_overage: "3".into(),
            larger_rate: "200".into(),
            ..typed()
        }
    }

    #[test]
    fn a_month_costs_its_base_fee_and_each_thousand_started() {
        let terms = template("training").unwrap().terms;
        let standard = typed().parse(&terms).unwrap()[1].price();
        let premium = with_larger().parse(&terms).unwrap()[2].price();
        for (price, units, cents) in [
            (standard, 0, 250_000),
            (standard, 50_000, 250_000),
            (standard, 50_001, 250_500),
            (standard, 51_000, 250_500),
            (standard, 51_001, 251_000),
            (premium, 100_000, 500_000),
            (premium, 100_001, 500_300),
        ] {
            assert_eq!(month_spend(&price, units), cents * 10_000, "{units}");
        }
        let worst =
            Price { base_micros: i64::MAX, included_units: 0, overage_micros: Some(i64::MAX) };
        assert!(month_spend(&worst, i64::MAX) > i128::from(i64::MAX));
        assert_eq!(month_spend(&worst, i64::MIN), i128::from(i64::MAX));
    }

    proptest::proptest! {
        /// Against a count of every unit on its own.
        #[test]
        fn each_unit_that_starts_a_thousand_costs_the_price_beyond(
            included_units in 0..3_000_i64,
            units in 0..9_000_i64,
            overage in 1..1_000_000_i64,
        ) {
            let price = Price { base_micros: 7, included_units, overage_micros: Some(overage) };
            let started = (1..=units).filter(|n| n > &included_units && (n - included_units) % 1000 == 1);
            let expected = 7 + i128::try_from(started.count()).unwrap() * i128::from(overage);
            proptest::prop_assert_eq!(month_spend(&price, units), expected);
        }
    }

    #[test]
    fn what_happens_beyond_the_included_units_is_chosen() {
        let terms = template("training").unwrap().terms;
        let tiers = with_larger().parse(&terms).unwrap();
        let overruns: Vec<Overrun> = tiers.iter().map(|tier| tier.overrun).collect();
        assert_eq!(overruns, [Overrun::Stop, Overrun::Upgrade, Overrun::Charge]);
        assert_eq!(
            tiers[1].price_in_words(),
            "$2,500.00 a month, 50,000 units a month, then the next larger tier"
        );
        let stops = TypedTiers { paid_overrun: "stop".into(), paid_overage: " ".into(), ..typed() };
        assert_eq!(stops.parse(&terms).unwrap()[1].overrun, Overrun::Stop);
        let paths =
            TypedPaths { allowed: "/news/**\n\n".into(), forbidden: "/news/drafts/**".into() };
        let site = TypedTiers { free_paths: paths, ..typed() };
        let free = site.parse(&terms).unwrap().swap_remove(0);
        assert_eq!((free.paths.allowed.len(), free.paths.forbidden.len()), (1, 1));
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
        let cases: [(&str, TypedTiers); 16] = [
            ("paid_overrun", TypedTiers { paid_overrun: "later".into(), ..typed() }),
            ("paid_overrun", TypedTiers { larger_name: " ".into(), ..with_larger() }),
            ("paid_overage", TypedTiers { paid_overrun: "stop".into(), ..typed() }),
            ("paid_overage", TypedTiers { paid_overage: "5".into(), ..with_larger() }),
            (
                "paid_overage",
                TypedTiers {
                    paid_overrun: "charge".into(),
                    paid_overage: String::new(),
                    ..typed()
                },
            ),
            ("larger_name", TypedTiers { larger_name: "standard".into(), ..with_larger() }),
            ("larger_units", TypedTiers { larger_units: "50000".into(), ..with_larger() }),
            (
                "allowed_paths",
                TypedTiers {
                    paid_paths: TypedPaths { allowed: "news".into(), ..TypedPaths::default() },
                    ..typed()
                },
            ),
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
