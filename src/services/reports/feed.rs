//! The feed of observed uses, newest first; equal instants in the order of their ids.
//!
//! Pages are found by keyset, so a page far back costs what the first one costs, and no event is
//! shown twice or left out while new ones arrive. One page looks at a bounded number of events: where
//! a filter lets almost none through, a page may be short, even empty, and still lead on.

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::{CursorKey, EventFilter, coarse, feed_sql as sql};
use crate::{
    domain::{
        actor::{Actor, Deed},
        cursor::{Cursor, Direction},
        ids::{AssetId, LicenseId, OrgId, ReceiptId, TypedId as _, UsageEventId},
        metering::{FreeReason, Grain, Side},
        terms::Scope,
    },
    services::{Result, Services},
};

/// The most events a page holds.
pub const EVENTS_PER_PAGE_MAX: u8 = 100;

/// Every statement of the feed walks one index, whatever is asked for, and reading a page takes less
/// than planning it for each set of filters anew.
const AS_PLANNED_BEFORE: &str = "begin read only; set local plan_cache_mode = force_generic_plan";

/// How much one page may look at.
#[derive(Clone, Copy, Debug)]
pub(super) struct Effort {
    /// Events looked at in one stretch.
    pub stretch: i64,
    /// Stretches; between them, days without a match are passed over.
    pub stretches: u8,
}

const EFFORT: Effort = Effort { stretch: 10_000, stretches: 5 };

/// One observed use, as a line of the feed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventLine {
    pub usage_event_id: UsageEventId,
    /// Missing where the gate saw it.
    pub sender_org_id: Option<OrgId>,
    pub occurred_at: DateTime<Utc>,
    pub asset_id: AssetId,
    pub title: String,
    pub content_id: String,
    pub license_id: LicenseId,
    /// The name of the other party: the buyer for a creator, the creator for a buyer.
    pub counterparty: String,
    pub scope: Scope,
    pub job_id: Option<String>,
    /// Empty where nobody said.
    pub region: String,
    pub model: String,
    pub consumer_class: String,
    pub bytes: i64,
    pub billable_units: i64,
    pub free_reason: Option<FreeReason>,
}

impl EventLine {
    /// The receipt; missing where the use was reported from outside the gate.
    pub fn receipt_id(&self) -> Option<ReceiptId> {
        self.sender_org_id.is_none().then(|| ReceiptId::from_uuid(self.usage_event_id.uuid()))
    }

    const fn place(&self) -> Place {
        Place { at: self.occurred_at, id: self.usage_event_id.uuid() }
    }
}

/// A page of the feed, and the cursors to the pages beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventPage {
    pub lines: Vec<EventLine>,
    pub newer: Option<String>,
    pub older: Option<String>,
}

/// A place in the feed: reading on begins beside it, in either direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub at: DateTime<Utc>,
    pub id: Uuid,
}

impl Place {
    /// Newer than every event.
    pub(super) const TOP: Self = Self { at: LAST_INSTANT, id: Uuid::nil() };

    /// The place from which reading the other way meets the event that stands here.
    fn turned(self, direction: Direction) -> Self {
        let id = self.id.as_u128();
        let id = match direction {
            Direction::Newer => id.saturating_add(1),
            Direction::Older => id.saturating_sub(1),
        };
        Self { id: Uuid::from_u128(id), ..self }
    }
}

/// The end of the year 9999: PostgreSQL's last instant is earlier than chrono's.
const LAST_INSTANT: DateTime<Utc> = match DateTime::from_timestamp(253_402_300_799, 0) {
    Some(at) => at,
    None => DateTime::<Utc>::MAX_UTC,
};

/// A feed, seen from one side.
#[derive(Clone, Copy)]
pub(super) struct Feed<'a> {
    pub services: &'a Services,
    pub org_id: OrgId,
    pub side: Side,
    pub filter: &'a EventFilter,
    pub effort: Effort,
}

/// Events found by reading on from a place, in the order of reading, and where to go on.
struct Walked {
    lines: Vec<EventLine>,
    more: Option<Place>,
}

/// One page of the feed from one side: the newest, or the one a cursor leads to.
pub async fn events(
    services: &Services,
    key: &CursorKey,
    actor: &Actor,
    side: Side,
    filter: &EventFilter,
    cursor: Option<&str>,
    limit: u8,
) -> Result<EventPage> {
    let member = actor.may(Deed::ReadUsage)?;
    coarse::full_only(&member, side)?;
    let org_id = member.org_id;
    let feed = Feed { services, org_id, side, filter, effort: EFFORT };
    page(&feed, key, cursor, limit).await
}

pub(super) async fn page(
    feed: &Feed<'_>,
    key: &CursorKey,
    cursor: Option<&str>,
    limit: u8,
) -> Result<EventPage> {
    let now = feed.services.now();
    let binding = feed.filter.binding(feed.org_id, feed.side);
    let cursor = cursor.map(|text| key.open(text, &binding, now)).transpose()?;
    let limit = usize::from(limit.clamp(1, EVENTS_PER_PAGE_MAX));
    let seal = |direction, Place { at, id }| key.seal(&Cursor { direction, at, id }, &binding, now);

    if let Some(Cursor { direction: Direction::Newer, at, id }) = cursor {
        let start = Place { at, id };
        let mut walked = walk(feed, Direction::Newer, start, limit).await?;
        // Else the top is reached, where a short page would leave out what belongs on the first one.
        if let Some(more) = walked.more {
            walked.lines.reverse();
            let last = walked.lines.last().map(EventLine::place);
            return Ok(EventPage {
                lines: walked.lines,
                newer: Some(seal(Direction::Newer, more)),
                older: Some(seal(
                    Direction::Older,
                    last.unwrap_or_else(|| start.turned(Direction::Older)),
                )),
            });
        }
    }
    let start = cursor
        .filter(|cursor| cursor.direction == Direction::Older)
        .map(|cursor| Place { at: cursor.at, id: cursor.id });
    let walked = walk(feed, Direction::Older, start.unwrap_or(Place::TOP), limit).await?;
    let first = walked.lines.first().map(EventLine::place);
    let newer = start.map(|start| first.unwrap_or_else(|| start.turned(Direction::Newer)));
    Ok(EventPage {
        newer: newer.map(|place| seal(Direction::Newer, place)),
        older: walked.more.map(|place| seal(Direction::Older, place)),
        lines: walked.lines,
    })
}

/// Reads on from a place, until the page is full, the feed ends or the effort is spent.
async fn walk(feed: &Feed<'_>, direction: Direction, start: Place, limit: usize) -> Result<Walked> {
    let filter = feed.filter;
    let mut lines = Vec::new();
    let done = |lines| Ok(Walked { lines, more: None });
    let mut tx = feed.services.pool.begin_with(AS_PLANNED_BEFORE).await?;
    if !sql::may_be_asked(&mut tx, feed).await? {
        return done(lines);
    }
    let mut place = start;
    for _ in 0..feed.effort.stretches {
        let missing = limit + 1 - lines.len();
        lines.extend(sql::lines(&mut tx, feed, direction, place, missing).await?);
        if lines.len() > limit {
            lines.truncate(limit);
            let more = lines.last().map(EventLine::place);
            return Ok(Walked { lines, more });
        }
        if !filter.narrows(filter.drive(feed.side)) {
            return done(lines);
        }
        let Some(end) = sql::end_of_stretch(&mut tx, feed, direction, place).await? else {
            return done(lines);
        };
        let day = Grain::Day.start(end.at);
        place = match sql::day_with_match(&mut tx, feed, direction, day).await? {
            None => return done(lines),
            Some(found) if found == day => end,
            // Before all that happened on that day, as reading goes.
            Some(found) => match direction {
                Direction::Older => Place { at: found + TimeDelta::days(1), id: Uuid::max() },
                Direction::Newer => Place { at: found, id: Uuid::max() },
            },
        };
    }
    Ok(Walked { lines, more: Some(place) })
}
