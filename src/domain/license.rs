//! A buyer's accepted offer, and when it lets anybody in.

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    error::{Kind, Refusal},
    month::Month,
    pricing::Price,
    rating,
    terms::Terms,
    text::text_enum,
};

text_enum! {
    /// Where a license stands.
    pub enum State("state") {
        /// Accepted, and something is still missing (a payment).
        Pending = "pending",
        /// Deliveries are allowed.
        Active = "active",
        /// Deliveries are stopped and may resume.
        Suspended = "suspended",
        /// Taken back for good.
        Revoked = "revoked",
        /// Over.
        Expired = "expired",
    }
}

impl State {
    /// Whether it is held: it lets somebody in, or may yet do so.
    pub const fn is_live(self) -> bool {
        matches!(self, Self::Pending | Self::Active | Self::Suspended)
    }

    /// As a status reads.
    pub const fn in_words(self) -> &'static str {
        match self {
            Self::Pending => "Pending",
            Self::Active => "Active",
            Self::Suspended => "Suspended",
            Self::Revoked => "Revoked",
            Self::Expired => "Expired",
        }
    }
}

/// The part of a license that says whether it lets anybody in at an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    pub state: State,
    pub starts_at: DateTime<Utc>,
    /// Open-ended where missing.
    pub ends_at: Option<DateTime<Utc>>,
}

impl Standing {
    /// Where the license stands now: one that has reached its end is over, and one that has not
    /// begun is pending, whatever was written before.
    pub fn state_at(&self, now: DateTime<Utc>) -> State {
        if self.state.is_live() && self.ends_at.is_some_and(|end| now >= end) {
            State::Expired
        } else if self.state == State::Active && now < self.starts_at {
            State::Pending
        } else {
            self.state
        }
    }

    /// Whether deliveries are allowed now. The start belongs to the license, the end does not.
    pub fn admits(&self, now: DateTime<Utc>) -> Result<(), Refusal> {
        let refuse =
            |sentence: &str| Err(Refusal::new(Kind::Forbidden, "license_inactive", sentence));
        match self.state_at(now) {
            State::Active => Ok(()),
            State::Pending => refuse("The license is not active yet."),
            State::Suspended => refuse("The license is suspended."),
            State::Revoked => refuse("The license was revoked."),
            State::Expired => refuse("The license has expired."),
        }
    }
}

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
        return refuse("license_over", "This license is over; license the work again.");
    }
    let Some(ends_at) = standing.ends_at else {
        return refuse("license_endless", "This license has no end, so it needs no renewal.");
    };
    let Some(longer) = terms.renewed(ends_at) else {
        return refuse("terms_end", "The terms end on their last day, and the license with them.");
    };
    let term = TimeDelta::days(terms.duration_days.unwrap_or(0).into());
    if ends_at - now > term {
        return refuse(
            "license_renewed",
            "This license was renewed already. It can be renewed again once that time has begun.",
        );
    }
    Ok(longer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::terms::template;

    #[test]
    fn a_license_admits_from_its_start_until_before_its_end() {
        let start = DateTime::UNIX_EPOCH;
        let end = start + TimeDelta::days(30);
        let license = Standing { state: State::Active, starts_at: start, ends_at: Some(end) };
        let tick = TimeDelta::microseconds(1);
        assert!(license.admits(start - tick).is_err());
        assert!(license.admits(start).is_ok());
        assert!(license.admits(end - tick).is_ok());
        assert!(license.admits(end).is_err());
    }

    #[test]
    fn a_license_that_has_reached_its_end_is_over_whatever_was_written() {
        let start = DateTime::UNIX_EPOCH;
        let end = start + TimeDelta::days(30);
        for &state in State::ALL {
            let license = Standing { state, starts_at: start, ends_at: Some(end) };
            assert_eq!(license.state_at(end - TimeDelta::microseconds(1)), state);
            let over = if state == State::Revoked { State::Revoked } else { State::Expired };
            assert_eq!(license.state_at(end), over);
            let open_ended = Standing { ends_at: None, ..license };
            assert_eq!(open_ended.state_at(end), state);
        }
    }

    #[test]
    fn only_an_active_license_admits() {
        for &state in State::ALL {
            let license = Standing { state, starts_at: DateTime::UNIX_EPOCH, ends_at: None };
            assert_eq!(license.admits(DateTime::UNIX_EPOCH).is_ok(), state == State::Active);
        }
    }

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
