//! The feed of observed uses, newest first; equal instants in the order of their ids.
//!
//! Pages are found by keyset, so a page far back costs what the first one costs, and no event is
//! shown twice or left out while new ones arrive.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::CursorKey;
use crate::{
    domain::{
        actor::{Actor, Deed},
        cursor::{Binding, Cursor, Direction},
        ids::{AssetId, LicenseId, OrgId, ReceiptId, UsageEventId},
        metering::{FreeReason, Side},
        terms::Scope,
    },
    services::{Result, Services},
};

/// The most events a page holds.
pub const EVENTS_PER_PAGE_MAX: u8 = 100;

/// Which events to show; all where nothing is named.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EventFilter {
    pub asset_id: Option<AssetId>,
    pub license_id: Option<LicenseId>,
    pub scope: Option<Scope>,
    pub billable_only: bool,
}

/// One observed use, as a line of the feed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventLine {
    pub usage_event_id: UsageEventId,
    /// Missing where the use was reported from outside the gate.
    pub receipt_id: Option<ReceiptId>,
    pub occurred_at: DateTime<Utc>,
    pub asset_id: AssetId,
    pub title: String,
    pub content_id: String,
    pub license_id: LicenseId,
    /// The name of the other party: the buyer for a creator, the creator for a buyer.
    pub counterparty: String,
    pub scope: Scope,
    pub job_id: Option<String>,
    pub bytes: i64,
    pub billable_units: i64,
    pub free_reason: Option<FreeReason>,
}

/// A page of the feed, and the cursors to the pages beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventPage {
    pub lines: Vec<EventLine>,
    pub newer: Option<String>,
    pub older: Option<String>,
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
    let now = services.now();
    let binding = binding(member.org_id, side, filter);
    let cursor = cursor.map(|text| key.open(text, &binding, now)).transpose()?;
    let limit = usize::from(limit.clamp(1, EVENTS_PER_PAGE_MAX));

    let mut start = cursor;
    let mut found = select(services, member.org_id, side, filter, start, limit + 1).await?;
    let newest_reached =
        found.len() <= limit && start.is_some_and(|start| start.direction == Direction::Newer);
    if newest_reached {
        // A short page at the top would leave out events that belong on the first page.
        start = None;
        found = select(services, member.org_id, side, filter, None, limit + 1).await?;
    }
    let more = found.len() > limit;
    found.truncate(limit);
    let (has_newer, has_older) = match start.map(|start| start.direction) {
        None => (false, more),
        Some(Direction::Older) => (true, more),
        Some(Direction::Newer) => {
            found.reverse();
            (more, true)
        }
    };
    let seal = |line: &EventLine, direction| {
        let id = line.usage_event_id.uuid();
        key.seal(&Cursor { direction, at: line.occurred_at, id }, &binding, now)
    };
    let newer = found.first().filter(|_| has_newer).map(|line| seal(line, Direction::Newer));
    let older = found.last().filter(|_| has_older).map(|line| seal(line, Direction::Older));
    Ok(EventPage { lines: found, newer, older })
}

fn binding(org_id: OrgId, side: Side, filter: &EventFilter) -> Binding {
    let text = |id: Option<Uuid>| id.map(|id| id.to_string()).unwrap_or_default();
    Binding::of(&[
        "usage events",
        &org_id.to_string(),
        side.as_str(),
        &text(filter.asset_id.map(AssetId::uuid)),
        &text(filter.license_id.map(LicenseId::uuid)),
        filter.scope.map(Scope::as_str).unwrap_or_default(),
        if filter.billable_only { "billable" } else { "all" },
    ])
}

/// From a place in the feed, in the direction of reading; the newest event first without one.
async fn select(
    services: &Services,
    org_id: OrgId,
    side: Side,
    filter: &EventFilter,
    start: Option<Cursor>,
    limit: usize,
) -> Result<Vec<EventLine>> {
    let (direction, at, id) = match start {
        Some(cursor) => (cursor.direction, cursor.at, cursor.id),
        None => (Direction::Older, DateTime::<Utc>::MAX_UTC, Uuid::nil()),
    };
    // PostgreSQL's last instant is earlier than chrono's.
    let at = at.min(LAST_INSTANT);
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    match (side, direction) {
        (Side::Creator, Direction::Older) => {
            older_as_creator(services, org_id, filter, at, id, limit).await
        }
        (Side::Creator, Direction::Newer) => {
            newer_as_creator(services, org_id, filter, at, id, limit).await
        }
        (Side::Buyer, Direction::Older) => {
            older_as_buyer(services, org_id, filter, at, id, limit).await
        }
        (Side::Buyer, Direction::Newer) => {
            newer_as_buyer(services, org_id, filter, at, id, limit).await
        }
    }
}

/// The end of the year 9999.
const LAST_INSTANT: DateTime<Utc> = match DateTime::from_timestamp(253_402_300_799, 0) {
    Some(at) => at,
    None => DateTime::<Utc>::MAX_UTC,
};

// SQL

/// One statement for each side and direction, so that each walks its own index from the cursor on.
macro_rules! select {
    ($name:ident, $party:tt, $counterparty:tt, $beyond:tt, $order:tt) => {
        async fn $name(
            services: &Services,
            org_id: OrgId,
            filter: &EventFilter,
            at: DateTime<Utc>,
            id: Uuid,
            limit: i64,
        ) -> Result<Vec<EventLine>> {
            let lines = sqlx::query_as!(
                EventLine,
                r#"select e.usage_event_id,
                          case when e.sender_org_id is null then e.usage_event_id end as "receipt_id: ReceiptId",
                          e.occurred_at, e.asset_id, asset.title,
                          e.content_id, e.license_id, party.name as counterparty, e.scope,
                          e.job_id, e.bytes, e.billable_units, e.free_reason
                   from usage_event e
                   join asset on asset.asset_id = e.asset_id
                   join organization party on party.org_id = e."#
                    + $counterparty
                    + r#"
                   where e."#
                    + $party
                    + r#" = $1 and "#
                    + $beyond
                    + r#"
                     and ($4::uuid is null or e.asset_id = $4)
                     and ($5::uuid is null or e.license_id = $5)
                     and ($6::text is null or e.scope = $6)
                     and (not $7 or e.billable_units > 0)
                   order by "#
                    + $order
                    + r#"
                   limit $8"#,
                org_id.uuid(),
                at,
                id,
                filter.asset_id.map(AssetId::uuid),
                filter.license_id.map(LicenseId::uuid),
                filter.scope.map(Scope::as_str),
                filter.billable_only,
                limit,
            )
            .fetch_all(&services.pool)
            .await?;
            Ok(lines)
        }
    };
}
select!(
    older_as_creator,
    "creator_org_id",
    "org_id",
    "e.occurred_at <= $2 and (e.occurred_at < $2 or e.usage_event_id > $3)",
    "e.occurred_at desc, e.usage_event_id"
);
select!(
    newer_as_creator,
    "creator_org_id",
    "org_id",
    "e.occurred_at >= $2 and (e.occurred_at > $2 or e.usage_event_id < $3)",
    "e.occurred_at, e.usage_event_id desc"
);
select!(
    older_as_buyer,
    "org_id",
    "creator_org_id",
    "e.occurred_at <= $2 and (e.occurred_at < $2 or e.usage_event_id > $3)",
    "e.occurred_at desc, e.usage_event_id"
);
select!(
    newer_as_buyer,
    "org_id",
    "creator_org_id",
    "e.occurred_at >= $2 and (e.occurred_at > $2 or e.usage_event_id < $3)",
    "e.occurred_at, e.usage_event_id desc"
);
