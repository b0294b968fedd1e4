//! What a license has used up: its token bucket, and the units of this calendar month.
//!
//! A unit is set aside before its bytes go out, so whoever races shares what is left. Which tier a
//! unit is served under follows from the count alone: a license that moves up by itself is under
//! the first tier whose included units are not used up, also before the move is written down.

use chrono::{DateTime, Datelike as _, Utc};

use super::{Bucket, Licensed, TierLimits, UsedNonces};
use crate::domain::{
    pricing::{Overrun, Price},
    rating::month_spend,
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

/// What was set aside for a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reserved {
    /// When.
    pub at: DateTime<Utc>,
    /// How many units; none where only the consumer knows.
    pub units: i64,
    /// Whether they cost money.
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
        tier_for(license, self.used(now).used, now)
    }

    /// The tier the license is under with what it has used up: what is set aside may yet be given
    /// back, and moves no license.
    pub fn tier_used_up<'a>(&self, license: &'a Licensed, now: DateTime<Utc>) -> &'a TierLimits {
        let out = if self.month >= month_number(now) { self.out } else { 0 };
        tier_for(license, self.used(now).used.saturating_sub(out), now)
    }

    /// The units of the month of `now` on the tier the license is under; without end where missing.
    pub fn month_units(&self, license: &Licensed, now: DateTime<Utc>) -> Option<i64> {
        month_units(license, self.tier(license, now), now)
    }

    /// What one more delivery of so many bytes would mean; nothing is set aside yet. Bytes that are
    /// not known yet count as none until they are.
    pub(super) fn next<'a>(
        &self,
        license: &'a Licensed,
        scope: Scope,
        bytes: Option<u64>,
        now: DateTime<Utc>,
    ) -> Result<Next<'a>, Shortage> {
        let before = self.used(now);
        let billable = scope != Scope::Preview;
        let from = tier_for(license, before.used, now);
        let units = from.unit.of_delivery(scope, bytes.unwrap_or(0));
        let after = Units {
            used: before.used.saturating_add(units),
            billable: before.billable.saturating_add(if billable { units } else { 0 }),
        };
        // Where nothing can be counted yet there must be room for a unit all the same.
        let reached = before.used.saturating_add(units.max(1));
        // What costs nothing moves no license to a dearer tier.
        let tier = if billable { tier_for(license, reached, now) } else { from };
        if tier.overrun != Overrun::Charge
            && month_units(license, tier, now).is_some_and(|end| reached > end)
        {
            return Err(Shortage::Quota);
        }
        if let Some(cap) = license.spend_cap_micros {
            let carried = license.carried_units(now);
            let spent = month_spend(&from.price, before.billable, carried);
            let spend = month_spend(&tier.price, after.billable, carried);
            let over = spend > i128::from(cap);
            // Where nothing can be counted yet, what was counted since may be over the cap already.
            if over && (spend > spent || (units == 0 && billable)) {
                return Err(Shortage::SpendCap);
            }
        }
        Ok(Next { tier, after, reserved: Reserved { at: now, units, billable } })
    }

    /// Sets the next unit aside.
    pub(super) fn take(&mut self, next: &Next<'_>) {
        self.begin(month_number(next.reserved.at));
        self.used = next.after;
        self.out = self.out.saturating_add(next.reserved.units);
    }

    /// Of what was set aside this much was used up; the rest is given back.
    pub fn keep(&mut self, reserved: Reserved, units: i64) {
        if self.month == month_number(reserved.at) {
            self.out = self.out.saturating_sub(reserved.units);
            let more = units.saturating_sub(reserved.units);
            self.used.used = self.used.used.saturating_add(more);
            if reserved.billable {
                self.used.billable = self.used.billable.saturating_add(more);
            }
        }
    }

    /// Gives back what was set aside.
    pub fn give_back(&mut self, reserved: Reserved) {
        self.keep(reserved, 0);
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
fn tier_for(license: &Licensed, used: i64, now: DateTime<Utc>) -> &TierLimits {
    let mut tier = &*license.tier;
    while tier.overrun == Overrun::Upgrade
        && month_units(license, tier, now).is_some_and(|end| used > end)
    {
        match license.next_tier(tier) {
            Some(next) => tier = next,
            None => break,
        }
    }
    tier
}

/// The units of a month on a tier, with those that earlier months have left over.
fn month_units(license: &Licensed, tier: &TierLimits, now: DateTime<Utc>) -> Option<i64> {
    let carried = match tier.price {
        Price::Prepaid { rolls_over: true, .. } => license.carried_units(now),
        _ => 0,
    };
    tier.price.month_units().map(|units| units.saturating_add(carried))
}

fn month_number(at: DateTime<Utc>) -> i32 {
    let month = i32::try_from(at.month0()).unwrap_or(0);
    at.year().saturating_mul(12).saturating_add(month)
}
