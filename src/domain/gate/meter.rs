//! What a license has used up: its token bucket, and the units of this calendar month.
//!
//! A unit is set aside before its bytes go out, so whoever races shares what is left. Which tier a
//! unit is served under follows from the count alone: a license that moves up by itself is under
//! the first tier whose included units are not used up, also before the move is written down.

use chrono::{DateTime, Datelike as _, Utc};

use super::{Bucket, Licensed, TierLimits, UsedNonces};
use crate::domain::{
    pricing::{Overrun, month_spend},
    terms::Scope,
};

/// The counts of one license, and the nonces it has used.
#[derive(Debug, Default)]
pub struct Meter {
    pub nonces: UsedNonces,
    pub(super) bucket: Bucket,
    /// Months since the year 0; the counts are that month's.
    month: i32,
    /// Used or set aside.
    used: Units,
    /// Of these, what is set aside.
    out: i64,
}

/// Units of a month.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Units {
    /// Everything but repeats: what the quota counts.
    pub used: i64,
    /// Of these, what costs money: previews do not.
    pub billable: i64,
}

/// A unit that was set aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reserved {
    /// When.
    pub at: DateTime<Utc>,
    /// Whether it costs money.
    pub billable: bool,
}

/// Why no unit can be set aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shortage {
    /// The included units are used up, and there is no price for more.
    Quota,
    /// The next unit would cost more than the buyer's cap for the month.
    SpendCap,
}

/// What the next unit would mean.
#[derive(Clone, Copy, Debug)]
pub(super) struct Next<'a> {
    /// The tier it would be served under.
    pub tier: &'a TierLimits,
    after: Units,
    pub reserved: Reserved,
}

impl Meter {
    /// A meter that has counted these units in the month of `now`.
    pub fn new(used: Units, nonces: UsedNonces, now: DateTime<Utc>) -> Self {
        Self { nonces, bucket: Bucket::default(), month: month_number(now), used, out: 0 }
    }

    /// Units used or set aside in the month of `now`.
    pub fn used(&self, now: DateTime<Utc>) -> Units {
        // A clock that goes back over the end of a month starts no new one.
        if self.month >= month_number(now) { self.used } else { Units::default() }
    }

    /// The tier the license is under, with what it has used.
    pub fn tier<'a>(&self, license: &'a Licensed, now: DateTime<Utc>) -> &'a TierLimits {
        tier_for(license, self.used(now).used)
    }

    /// The tier the license is under with what it has used up: what is set aside may yet be given
    /// back, and moves no license.
    pub fn tier_used_up<'a>(&self, license: &'a Licensed, now: DateTime<Utc>) -> &'a TierLimits {
        let out = if self.month >= month_number(now) { self.out } else { 0 };
        tier_for(license, self.used(now).used.saturating_sub(out))
    }

    /// What one more unit would mean; nothing is set aside yet.
    pub(super) fn next<'a>(
        &self,
        license: &'a Licensed,
        scope: Scope,
        now: DateTime<Utc>,
    ) -> Result<Next<'a>, Shortage> {
        let before = self.used(now);
        let billable = scope != Scope::Preview;
        let after = Units {
            used: before.used.saturating_add(1),
            billable: before.billable.saturating_add(i64::from(billable)),
        };
        let from = tier_for(license, before.used);
        // What costs nothing moves no license to a dearer tier.
        let tier = if billable { tier_for(license, after.used) } else { from };
        if after.used > tier.price.included_units && tier.overrun != Overrun::Charge {
            return Err(Shortage::Quota);
        }
        if let Some(cap) = license.spend_cap_micros {
            let spent = month_spend(&from.price, before.billable);
            let spend = month_spend(&tier.price, after.billable);
            if spend > spent && spend > i128::from(cap) {
                return Err(Shortage::SpendCap);
            }
        }
        Ok(Next { tier, after, reserved: Reserved { at: now, billable } })
    }

    /// Sets the next unit aside.
    pub(super) fn take(&mut self, next: &Next<'_>) {
        self.begin(month_number(next.reserved.at));
        self.used = next.after;
        self.out = self.out.saturating_add(1);
    }

    /// A unit that was set aside is used up.
    pub fn keep(&mut self, reserved: Reserved) {
        if self.month == month_number(reserved.at) {
            self.out = self.out.saturating_sub(1);
        }
    }

    /// Gives back a unit that was set aside.
    pub fn give_back(&mut self, reserved: Reserved) {
        if self.month == month_number(reserved.at) {
            self.out = self.out.saturating_sub(1);
            self.used.used = self.used.used.saturating_sub(1);
            self.used.billable = self.used.billable.saturating_sub(i64::from(reserved.billable));
        }
    }

    /// Raises the counts to what the books of the month of `now` say, where that is more. What is
    /// set aside and not in the books yet is not added to it.
    pub fn at_least(&mut self, booked: Units, now: DateTime<Utc>) {
        let month = month_number(now);
        if month < self.month {
            return;
        }
        self.begin(month);
        self.used.used = self.used.used.max(booked.used);
        self.used.billable = self.used.billable.max(booked.billable);
    }

    /// Starts a month's counts, unless it or a later one has begun.
    fn begin(&mut self, month: i32) {
        if month > self.month {
            (self.month, self.used, self.out) = (month, Units::default(), 0);
        }
    }
}

/// The tier under which a license is when it has used so many units of the month.
fn tier_for(license: &Licensed, used: i64) -> &TierLimits {
    let mut tier = &*license.tier;
    while tier.overrun == Overrun::Upgrade && used > tier.price.included_units {
        match license.next_tier(tier) {
            Some(next) => tier = next,
            None => break,
        }
    }
    tier
}

fn month_number(at: DateTime<Utc>) -> i32 {
    let month = i32::try_from(at.month0()).unwrap_or(0);
    at.year().saturating_mul(12).saturating_add(month)
}
