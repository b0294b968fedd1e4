//! The tiers of an offer as a form sends them.

use super::{Overrun, Price, PriceModel, RATE_PER_MINUTE_MAX, Tier};
use crate::domain::{
    error::Refusal,
    gate::PathRules,
    metering::Unit,
    money::{Currency, Money, grouped},
    terms::{Scope, Terms},
    text,
};

/// The most units a tier may include.
const UNITS_MAX: i64 = 1_000_000_000_000;

/// The tiers of an offer as typed: one free, one paid, and perhaps a larger one of the same model.
/// Fields that the model has no use for are not read.
#[derive(Clone, Debug, Default)]
pub struct TypedTiers {
    /// How the price works; a subscription where empty.
    pub model: String,
    pub currency: String,
    /// What is counted, where each use has its price; requests where empty.
    pub unit: String,
    /// How many units a price is for; one where empty.
    pub per: String,
    /// Of a prepaid year: whether unused units roll over.
    pub rolls_over: bool,
    /// For one buyer alone: the free tier is left out where its units are empty.
    pub for_one_buyer: bool,
    pub free_units: String,
    pub free_rate: String,
    pub paid_name: String,
    /// The fee: a month, a year in advance, or once.
    pub paid_base: String,
    /// What `per` units cost.
    pub paid_price: String,
    /// Percent of what the buyer earns.
    pub paid_share: String,
    /// Included in a month, or the most of a month.
    pub paid_units: String,
    /// What happens then; where empty, the price beyond says it.
    pub paid_overrun: String,
    pub paid_overage: String,
    pub paid_rate: String,
    /// Empty where there is no larger tier; its other fields are not read then.
    pub larger_name: String,
    pub larger_base: String,
    pub larger_price: String,
    pub larger_share: String,
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
    /// A refusal names the field of the form.
    fn parse(&self, allowed: &'static str, forbidden: &'static str) -> Result<PathRules, Refusal> {
        fn lines(text: &str) -> Vec<&str> {
            text.lines().map(str::trim).filter(|line| !line.is_empty()).collect()
        }
        PathRules::parse(&lines(&self.allowed), &lines(&self.forbidden)).map_err(|refusal| {
            let field = match refusal.field.as_deref() {
                Some("forbidden_paths") => forbidden,
                _ => allowed,
            };
            refusal.on(field)
        })
    }
}

/// The price fields of one tier, with their names.
struct Fields<'a> {
    base: (&'static str, &'a str),
    price: (&'static str, &'a str),
    share: (&'static str, &'a str),
    units: (&'static str, &'a str),
    overage: (&'static str, &'a str),
    overrun: (&'static str, &'a str),
}

/// What all priced tiers of an offer have in common.
#[derive(Clone, Copy)]
struct Common {
    model: PriceModel,
    currency: Currency,
    unit: Unit,
    per: i64,
    rolls_over: bool,
    has_larger: bool,
}

impl TypedTiers {
    /// Reads the tiers, lowest first; those that are paid for grant every use the terms grant.
    pub fn parse(&self, terms: &Terms) -> Result<Vec<Tier>, Refusal> {
        let common = self.common(terms)?;
        let free = self.free(common.currency)?;
        let name = text::line("paid_name", &self.paid_name, 60)?;
        if name.eq_ignore_ascii_case("Preview") {
            return Err(Refusal::invalid(
                "paid_name",
                t!("“Preview” is the free tier; choose another name."),
            ));
        }
        let (price, overrun) = common.price(&self.paid())?;
        let paid = Tier {
            name,
            currency: common.currency,
            price,
            unit: common.unit,
            overrun,
            rate_per_minute: rate("paid_rate", &self.paid_rate)?,
            scopes: terms.scopes.clone(),
            paths: self.paid_paths.parse("paid_allowed", "paid_forbidden")?,
        };
        if paid.is_free() {
            return Err(Refusal::invalid(
                "paid_base",
                t!("Write a price above zero; the other tier is the free one."),
            ));
        }
        let larger = self.larger(&paid, common)?;
        Ok(free.into_iter().chain([paid]).chain(larger).collect())
    }

    fn common(&self, terms: &Terms) -> Result<Common, Refusal> {
        let model = match self.model.as_str() {
            "" => PriceModel::Subscription,
            // It is chosen by the address, not typed into a field.
            typed => typed.parse().map_err(|refusal| Refusal { field: None, ..refusal })?,
        };
        let by_use = matches!(model, PriceModel::PerUse | PriceModel::Upfront);
        let unit = match self.unit.as_str() {
            typed if by_use && !typed.is_empty() => typed.parse()?,
            _ => Unit::Call,
        };
        if terms.grants(Scope::Training) && !unit.counts_training() {
            return Err(Refusal::invalid(
                "unit",
                t!(
                    "These terms allow training, which is counted by the work. Sell by the request, or choose terms without training."
                ),
            ));
        }
        let per = match self.per.as_str() {
            "" | "1" => 1,
            "1000" => 1000,
            "1000000" => 1_000_000,
            _ => return Err(Refusal::invalid("per", t!("Choose one of those listed."))),
        };
        Ok(Common {
            model,
            currency: self.currency.parse()?,
            unit,
            per,
            rolls_over: self.rolls_over,
            has_larger: !self.larger_name.trim().is_empty(),
        })
    }

    fn free(&self, currency: Currency) -> Result<Option<Tier>, Refusal> {
        if self.for_one_buyer && self.free_units.trim().is_empty() {
            return Ok(None);
        }
        let units = units("free_units", &self.free_units)?;
        let mut free = Tier::free(units, rate("free_rate", &self.free_rate)?, currency);
        free.paths = self.free_paths.parse("free_allowed", "free_forbidden")?;
        Ok(Some(free))
    }

    fn paid(&self) -> Fields<'_> {
        Fields {
            base: ("paid_base", &self.paid_base),
            price: ("paid_price", &self.paid_price),
            share: ("paid_share", &self.paid_share),
            units: ("paid_units", &self.paid_units),
            overage: ("paid_overage", &self.paid_overage),
            overrun: ("paid_overrun", &self.paid_overrun),
        }
    }

    fn larger(&self, paid: &Tier, common: Common) -> Result<Option<Tier>, Refusal> {
        if !common.has_larger {
            return Ok(None);
        }
        let name = text::line("larger_name", &self.larger_name, 60)?;
        if ["Preview", &paid.name].iter().any(|taken| name.eq_ignore_ascii_case(taken)) {
            return Err(Refusal::invalid(
                "larger_name",
                t!("Another tier has this name; choose another one."),
            ));
        }
        // Nothing is above it to move up to: it charges for more where there is a price, else stops.
        let (price, overrun) = common.price(&Fields {
            base: ("larger_base", &self.larger_base),
            price: ("larger_price", &self.larger_price),
            share: ("larger_share", &self.larger_share),
            units: ("larger_units", &self.larger_units),
            overage: ("larger_overage", &self.larger_overage),
            overrun: ("larger_units", ""),
        })?;
        let larger = Tier {
            name,
            price,
            overrun,
            rate_per_minute: rate("larger_rate", &self.larger_rate)?,
            paths: self.larger_paths.parse("larger_allowed", "larger_forbidden")?,
            ..paid.clone()
        };
        let more = match (paid.price.month_units(), larger.price.month_units()) {
            (Some(before), Some(after)) => after > before,
            (_, None) => true,
            (None, Some(_)) => false,
        };
        if !more {
            return Err(Refusal::invalid(
                "larger_units",
                t!("Include more units than in the tier before it."),
            ));
        }
        Ok(Some(larger))
    }
}

impl Common {
    fn price(self, typed: &Fields<'_>) -> Result<(Price, Overrun), Refusal> {
        let fee = || money(typed.base, self.currency);
        let each = || above_zero(typed.price.0, money(typed.price, self.currency)?);
        match self.model {
            PriceModel::Subscription => {
                let (included_units, overage_micros, overrun) = self.included(typed)?;
                let price =
                    Price::Subscription { base_micros: fee()?, included_units, overage_micros };
                Ok((price, overrun))
            }
            PriceModel::Prepaid => {
                let (included_units, overage_micros, overrun) = self.included(typed)?;
                let price = Price::Prepaid {
                    year_micros: above_zero(typed.base.0, fee()?)?,
                    included_units,
                    overage_micros,
                    rolls_over: self.rolls_over,
                };
                Ok((price, overrun))
            }
            PriceModel::PerUse => {
                let (quota, overrun) = self.quota(typed)?;
                Ok((Price::PerUse { price_micros: each()?, per: self.per, quota }, overrun))
            }
            PriceModel::Upfront => {
                let (quota, overrun) = self.quota(typed)?;
                let price = Price::Upfront {
                    fee_micros: above_zero(typed.base.0, fee()?)?,
                    price_micros: each()?,
                    per: self.per,
                    quota,
                };
                Ok((price, overrun))
            }
            PriceModel::RevenueShare => {
                let (quota, overrun) = self.quota(typed)?;
                let basis_points = basis_points(typed.share.0, typed.share.1)?;
                Ok((Price::RevenueShare { basis_points, quota }, overrun))
            }
        }
    }

    /// Units included in a month, the price of more, and what happens when they are used up.
    fn included(self, typed: &Fields<'_>) -> Result<(i64, Option<i64>, Overrun), Refusal> {
        let overage = match typed.overage.1.trim() {
            "" => None,
            _ => Some(money(typed.overage, self.currency)?),
        };
        if overage == Some(0) {
            return Err(Refusal::invalid(
                typed.overage.0,
                t!("Write a price above zero, or leave it empty to stop at the included units."),
            ));
        }
        let overrun = match (typed.overrun.1, overage) {
            ("", Some(_)) => Overrun::Charge,
            ("", None) => Overrun::Stop,
            (text, _) => text.parse().map_err(|refusal: Refusal| refusal.on(typed.overrun.0))?,
        };
        match (overrun, overage) {
            (Overrun::Charge, None) => {
                Err(Refusal::invalid(typed.overage.0, t!("Write what 1,000 more units cost.")))
            }
            (Overrun::Stop | Overrun::Upgrade, Some(_)) => Err(Refusal::invalid(
                typed.overage.0,
                t!("Leave the price beyond empty, or choose to charge for more units."),
            )),
            (Overrun::Upgrade, None) if !self.has_larger => Err(no_larger(typed.overrun.0)),
            _ => Ok((units(typed.units.0, typed.units.1)?, overage, overrun)),
        }
    }

    /// The most units of a month, if there is a most, and what happens then.
    fn quota(self, typed: &Fields<'_>) -> Result<(Option<i64>, Overrun), Refusal> {
        let (field, text) = typed.units;
        if text.trim().is_empty() {
            return Ok((None, Overrun::Charge));
        }
        let quota = units(field, text)?;
        if quota == 0 {
            return Err(Refusal::invalid(
                field,
                t!("Allow at least one unit, or leave it empty for no limit."),
            ));
        }
        match typed.overrun.1 {
            "upgrade" if !self.has_larger => Err(no_larger(typed.overrun.0)),
            "upgrade" => Ok((Some(quota), Overrun::Upgrade)),
            "" | "stop" => Ok((Some(quota), Overrun::Stop)),
            _ => Err(Refusal::invalid(
                typed.overrun.0,
                t!("Choose to stop or to move up, or leave the limit empty."),
            )),
        }
    }
}

fn no_larger(field: &'static str) -> Refusal {
    Refusal::invalid(
        field,
        t!("There is no larger tier to move to. Fill in the larger tier, or choose another."),
    )
}

fn money(typed: (&'static str, &str), currency: Currency) -> Result<i64, Refusal> {
    Money::parse(typed.0, typed.1, currency).map(|money| money.micros)
}

fn above_zero(field: &'static str, micros: i64) -> Result<i64, Refusal> {
    (micros > 0)
        .then_some(micros)
        .ok_or_else(|| Refusal::invalid(field, t!("Write a price above zero.")))
}

/// Reads a percentage with at most two digits after the point.
fn basis_points(field: &'static str, typed: &str) -> Result<i32, Refusal> {
    let unreadable =
        || Refusal::invalid(field, t!("Write a percentage like 7.5, above 0 and at most 100."));
    let typed = typed.trim().trim_end_matches('%').trim_end();
    let (whole, fraction) = typed.split_once('.').unwrap_or((typed, ""));
    let digits = |part: &str| part.len() <= 3 && part.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(fraction) || fraction.len() > 2 {
        return Err(unreadable());
    }
    let hundredths: i32 = format!("{whole}{fraction:0<2}").parse().map_err(|_| unreadable())?;
    (1..=10_000).contains(&hundredths).then_some(hundredths).ok_or_else(unreadable)
}

fn units(field: &'static str, typed: &str) -> Result<i64, Refusal> {
    whole(field, typed, UNITS_MAX)
}

fn rate(field: &'static str, typed: &str) -> Result<i32, Refusal> {
    let rate = whole(field, typed, RATE_PER_MINUTE_MAX.into())?;
    match i32::try_from(rate) {
        Ok(rate) if rate > 0 => Ok(rate),
        _ => Err(Refusal::invalid(field, t!("Allow at least one request a minute."))),
    }
}

fn whole(field: &'static str, typed: &str, max: i64) -> Result<i64, Refusal> {
    let typed = typed.trim();
    if typed.is_empty() || !typed.bytes().all(|b| b.is_ascii_digit()) {
        return Err(Refusal::invalid(field, t!("Write a whole number, like 50000.")));
    }
    typed.parse().ok().filter(|&number| number <= max).ok_or_else(|| {
        Refusal::invalid(field, t!("Use at most {max}.", max = grouped(&max.to_string())))
    })
}
