//! When a license ends: cancelled, or renewed.

use chrono::{DateTime, TimeDelta, Utc};

use super::Standing;
use crate::domain::{
    error::{Kind, Refusal},
    month::Month,
    pricing::Price,
    rating,
    terms::Terms,
};

/// When a license that is cancelled now ends: what is paid for is not taken away. That is the calendar
/// month (UTC), or the year of one that is paid a year in advance; one that has not begun never does.
pub fn paid_until(price: &Price, starts_at: DateTime<Utc>, now: DateTime<Utc>) -> DateTime<Utc> {
    if now < starts_at {
        return starts_at;
    }
    let month = Month::of(now);
    match price {
        Price::Prepaid { .. } => {
            let gone = rating::months_into_year(month.since(Month::of(starts_at)));
            (gone..rating::YEAR).fold(month, |month, _| month.next()).from()
        }
        Price::Subscription { .. }
        | Price::PerUse { .. }
        | Price::RevenueShare { .. }
        | Price::Upfront { .. } => month.until(),
    }
}

/// When a license ends once it is renewed now: as long again after the end it has, under the same
/// terms. It can be renewed from the moment on at which its present time has begun.
///
/// # Errors
///
/// Refuses a license that is over, one without an end, one that was renewed already, and terms that
/// give no more time.
pub fn renewed_until(
    terms: &Terms,
    standing: &Standing,
    now: DateTime<Utc>,
) -> Result<DateTime<Utc>, Refusal> {
    let refuse = |code, sentence: &str| Err(Refusal::new(Kind::Conflict, code, sentence));
    if !standing.state_at(now).is_live() {
        return refuse("license_over", t!("This license is over; license the work again."));
    }
    let Some(ends_at) = standing.ends_at else {
        return refuse("license_endless", t!("This license has no end, so it needs no renewal."));
    };
    let Some(longer) = terms.renewed(ends_at) else {
        return refuse(
            "terms_end",
            t!("The terms end on their last day, and the license with them."),
        );
    };
    let term = TimeDelta::days(terms.duration_days.unwrap_or(0).into());
    if ends_at - now > term {
        return refuse(
            "license_renewed",
            t!(
                "This license was renewed already. It can be renewed again once that time has begun."
            ),
        );
    }
    Ok(longer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{license::State, terms::template};

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn what_is_paid_for_is_not_taken_away() {
        let monthly =
            Price::Subscription { base_micros: 1, included_units: 1, overage_micros: None };
        let yearly = Price::Prepaid {
            year_micros: 1,
            included_units: 1,
            overage_micros: None,
            rolls_over: false,
        };
        let start = at("2026-03-15T10:00:00Z");
        for (price, now, end) in [
            (&monthly, "2026-03-15T10:00:00Z", "2026-04-01T00:00:00Z"),
            (&monthly, "2026-12-31T23:59:59Z", "2027-01-01T00:00:00Z"),
            (&monthly, "2026-03-01T00:00:00Z", "2026-03-15T10:00:00Z"),
            (&yearly, "2026-03-20T00:00:00Z", "2027-03-01T00:00:00Z"),
            (&yearly, "2027-02-28T00:00:00Z", "2027-03-01T00:00:00Z"),
            (&yearly, "2027-03-01T00:00:00Z", "2028-03-01T00:00:00Z"),
        ] {
            assert_eq!(paid_until(price, start, at(now)), at(end), "{now}");
        }
    }

    #[test]
    fn a_license_is_renewed_for_one_more_time_and_no_more() {
        let terms = template("training").unwrap().terms;
        let days = TimeDelta::days(terms.duration_days.unwrap().into());
        let start = at("2026-03-15T10:00:00Z");
        let ends_at = start + days;
        let held = Standing { state: State::Active, starts_at: start, ends_at: Some(ends_at) };
        assert_eq!(renewed_until(&terms, &held, start), Ok(ends_at + days));
        let code = |held: &Standing, now| renewed_until(&terms, held, now).unwrap_err().code;
        assert_eq!(code(&held, ends_at), "license_over");
        let twice = Standing { ends_at: Some(ends_at + days), ..held };
        assert_eq!(code(&twice, start), "license_renewed");
        assert!(renewed_until(&terms, &twice, ends_at).is_ok());
        assert_eq!(code(&Standing { ends_at: None, ..held }, start), "license_endless");
        let last = Terms { ends_on: Some(ends_at.date_naive()), ..terms.clone() };
        let longer = renewed_until(&last, &held, start).unwrap();
        assert!(longer > ends_at && longer - ends_at <= TimeDelta::days(1));
        let over = Standing { ends_at: Some(longer), ..held };
        assert_eq!(renewed_until(&last, &over, ends_at).unwrap_err().code, "terms_end");
    }
}
