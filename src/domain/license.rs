//! A buyer's accepted offer, and when it lets anybody in.

mod ending;

use chrono::{DateTime, Utc};

pub use ending::{paid_until, renewed_until};

use super::{
    error::{Kind, Refusal},
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
    pub fn in_words(self) -> &'static str {
        match self {
            Self::Pending => t!("Pending"),
            Self::Active => t!("Active"),
            Self::Suspended => t!("Suspended"),
            Self::Revoked => t!("Revoked"),
            Self::Expired => t!("Expired"),
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
            State::Pending => refuse(t!("The license is not active yet.")),
            State::Suspended => refuse(t!("The license is suspended.")),
            State::Revoked => refuse(t!("The license was revoked.")),
            State::Expired => refuse(t!("The license has expired.")),
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

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
}
