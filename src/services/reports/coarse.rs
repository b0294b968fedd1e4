//! What coarse reports hold, and what they leave out.
//!
//! A creator that has chosen them sees what whole days add up to once they are over, by work and by use:
//! the sums of a day under way would tell each delivery to whoever looks often enough.

use chrono::{DateTime, Utc};

use super::UsageFilter;
use crate::domain::{
    actor::Member,
    error::Refusal,
    metering::{Grain, Range, Side},
    profile::Reporting,
    report::Dimension,
};

/// Refuses whoever sees coarsely: what is asked for is about single uses.
pub(super) fn full_only(member: &Member, side: Side) -> Result<(), Refusal> {
    if member.sees_coarsely(side) { Err(Reporting::too_fine()) } else { Ok(()) }
}

/// Whether the other party's uses of one's own works may be told one by one.
pub(super) fn as_creator_too(member: &Member) -> bool {
    !member.sees_coarsely(Side::Creator)
}

/// What of a range coarse reports know about: the whole days that are over; nothing where there are
/// none.
///
/// # Errors
///
/// `reports_coarse` where hours are asked for, or what tells one buyer's use from another's.
pub(super) fn days(
    filter: &UsageFilter,
    range: &Range,
    now: DateTime<Utc>,
) -> Result<Option<Range>, Refusal> {
    let UsageFilter {
        asset_id: _,
        scope: _,
        license_id,
        counterparty,
        region,
        model,
        consumer_class,
    } = filter;
    let fine = license_id.is_some()
        || counterparty.is_some()
        || region.is_some()
        || model.is_some()
        || consumer_class.is_some();
    if fine || range.grain() == Grain::Hour {
        return Err(Reporting::too_fine());
    }
    let until = range.until().min(Grain::Day.start(now));
    if range.from() >= until {
        return Ok(None);
    }
    Range::new(range.from(), until, Grain::Day).map(Some)
}

/// Refuses to tell use apart by what tells one buyer's from another's.
pub(super) fn apart(mut by: impl Iterator<Item = Dimension>) -> Result<(), Refusal> {
    if by.all(Dimension::is_coarse) { Ok(()) } else { Err(Reporting::too_fine()) }
}
