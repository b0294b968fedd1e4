//! Every price in words, written once for every page and for machines that ask.

use super::{Overrun, Price, Tier};
use crate::domain::{metering::Unit, money::grouped};

/// A price in the parts that pages set apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PriceWords {
    /// What stands in front: `$2,500.00`.
    pub amount: String,
    /// What it is for: `a month`; empty where the amount says it all.
    pub per: String,
    /// What it comes with, one short line each.
    pub lines: Vec<String>,
}

impl Tier {
    /// The price in its parts.
    pub fn price_words(&self) -> PriceWords {
        let money = |micros| self.money(micros).to_string();
        let of_use = |per: i64| t!("per {counted}", counted = counted(per, self.unit));
        let mut lines = Vec::new();
        let (amount, per) = match self.price {
            Price::Subscription { base_micros: 0, .. } => (t!("Free").to_owned(), String::new()),
            Price::Subscription { base_micros, .. } => {
                (money(base_micros), t!("a month").to_owned())
            }
            Price::PerUse { price_micros, per, .. } => (money(price_micros), of_use(per)),
            Price::RevenueShare { basis_points, .. } => {
                lines.push(t!("Reported by the buyer each month").to_owned());
                (percent(basis_points), t!("of what is earned with it").to_owned())
            }
            Price::Upfront { fee_micros, price_micros, per, .. } => {
                lines.push(t!(
                    "Then {price} {per}",
                    price = money(price_micros),
                    per = of_use(per)
                ));
                (money(fee_micros), t!("once").to_owned())
            }
            Price::Prepaid { year_micros, rolls_over, .. } => {
                lines.push(match rolls_over {
                    true => t!("Unused units roll over within the year").to_owned(),
                    false => t!("Unused units expire each month").to_owned(),
                });
                (money(year_micros), t!("a year in advance").to_owned())
            }
        };
        if let Some(units) = self.price.month_units() {
            lines.insert(0, t!("{units} a month", units = units_of(self.unit, units)));
        }
        lines.extend(self.beyond());
        PriceWords { amount, per, lines }
    }

    /// The price in one line: `$2,500.00 a month, 50,000 units included, then $5.00 per 1,000`.
    pub fn price_in_words(&self) -> String {
        let PriceWords { amount, per, .. } = self.price_words();
        let units = self.price.month_units().map(|units| {
            let units = units_of(self.unit, units);
            match self.overage() {
                Some(_) => t!("{units} included"),
                None => t!("{units} a month"),
            }
        });
        let roll = matches!(self.price, Price::Prepaid { rolls_over: true, .. })
            .then(|| t!("unused ones roll over").to_owned());
        let residual = match self.price {
            Price::Upfront { price_micros, per, .. } => Some(t!(
                "then {price} per {counted}",
                price = self.money(price_micros),
                counted = counted(per, self.unit)
            )),
            _ => None,
        };
        let beyond = match (self.overage(), self.overrun) {
            (Some(overage), _) => {
                Some(t!("then {overage} per 1,000", overage = self.money(overage)))
            }
            (None, Overrun::Upgrade) => Some(t!("then the next larger tier").to_owned()),
            (None, Overrun::Stop) => Some(t!("then it stops").to_owned()),
            (None, Overrun::Charge) => None,
        };
        let head = format!("{amount} {per}").trim_end().to_owned();
        let parts = [Some(head), residual, units, roll, beyond];
        parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
    }

    fn overage(&self) -> Option<i64> {
        match self.price {
            Price::Subscription { overage_micros, .. } | Price::Prepaid { overage_micros, .. } => {
                overage_micros
            }
            Price::PerUse { .. } | Price::RevenueShare { .. } | Price::Upfront { .. } => None,
        }
    }

    fn beyond(&self) -> Option<String> {
        match (self.overage(), self.overrun) {
            (Some(overage), _) => {
                Some(t!("Then {overage} per 1,000", overage = self.money(overage)))
            }
            (None, Overrun::Upgrade) => {
                Some(t!("Then it moves to the next larger tier, at its price").to_owned())
            }
            (None, Overrun::Stop) => Some(t!("Then it stops until next month").to_owned()),
            (None, Overrun::Charge) => None,
        }
    }
}

/// So many units: of requests they keep the short name that quotas have.
fn units_of(unit: Unit, count: i64) -> String {
    match unit {
        Unit::Call => tn!(count, "1 unit", "{n} units", n = grouped(&count.to_string())),
        unit => unit.counted(count),
    }
}

fn counted(count: i64, unit: Unit) -> String {
    match count {
        1 => unit.singular().to_owned(),
        count => unit.counted(count),
    }
}

/// Basis points as people write them: `7.5%`.
fn percent(basis_points: i32) -> String {
    let (whole, rest) = (basis_points / 100, basis_points % 100);
    match (rest, rest % 10) {
        (0, _) => format!("{whole}%"),
        (_, 0) => format!("{whole}.{}%", rest / 10),
        _ => format!("{whole}.{rest:02}%"),
    }
}
