//! The statements of the feed: one for each index and direction, so that each walks its own index
//! from the place on and meets the events in their order; nothing is ever sorted but one page.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::{
    Cost, EventLine, Source,
    feed::{Feed, Place},
    filter::Drive,
};
use crate::{
    domain::{
        cursor::Direction,
        ids::{AssetId, LicenseId, OrgId, TokenId, UsageEventId},
        metering::{FreeReason, Side},
        terms::Scope,
    },
    services::Result,
};

impl Feed<'_> {
    fn driver(&self) -> Uuid {
        let own = self.org_id.uuid();
        match self.filter.drive(self.side) {
            Drive::License => self.filter.license_id.map_or(own, LicenseId::uuid),
            Drive::Asset => self.filter.asset_id.map_or(own, AssetId::uuid),
            Drive::Creator | Drive::Buyer => own,
        }
    }

    fn from(&self) -> DateTime<Utc> {
        self.filter.from.unwrap_or(DateTime::UNIX_EPOCH).max(DateTime::UNIX_EPOCH)
    }

    /// The first instant that is not shown, no later than PostgreSQL's last one.
    fn until(&self) -> DateTime<Utc> {
        self.filter.until.unwrap_or(Place::TOP.at).min(Place::TOP.at)
    }

    fn creator(&self) -> Option<Uuid> {
        match self.side {
            Side::Creator => Some(self.org_id.uuid()),
            Side::Buyer => self.filter.counterparty.map(OrgId::uuid),
        }
    }

    fn buyer(&self) -> Option<Uuid> {
        match self.side {
            Side::Buyer => Some(self.org_id.uuid()),
            Side::Creator => self.filter.counterparty.map(OrgId::uuid),
        }
    }
}

/// Whether the license or work asked for is one whose events this side may see. Without this, the
/// feed would look through what belongs to others and show nothing of it.
pub(super) async fn may_be_asked(tx: &mut PgConnection, feed: &Feed<'_>) -> Result<bool> {
    let own = feed.org_id.uuid();
    let may = match feed.filter.drive(feed.side) {
        Drive::Creator | Drive::Buyer => true,
        Drive::License => {
            sqlx::query_scalar!(
                r#"select exists (select from license where license_id = $1
                   and case when $3 then creator_org_id else org_id end = $2) as "may!""#,
                feed.driver(),
                own,
                feed.side == Side::Creator,
            )
            .fetch_one(tx)
            .await?
        }
        Drive::Asset => sqlx::query_scalar!(
            r#"select exists (select from asset where asset_id = $1 and org_id = $2) as "may!""#,
            feed.driver(),
            own,
        )
        .fetch_one(tx)
        .await?,
    };
    Ok(may)
}

/// The next lines from a place on, of those within one stretch.
pub(super) async fn lines(
    tx: &mut PgConnection,
    feed: &Feed<'_>,
    direction: Direction,
    place: Place,
    limit: usize,
) -> Result<Vec<EventLine>> {
    match (feed.filter.drive(feed.side), direction) {
        (Drive::License, Direction::Older) => older_of_license(tx, feed, place, limit).await,
        (Drive::License, Direction::Newer) => newer_of_license(tx, feed, place, limit).await,
        (Drive::Asset, Direction::Older) => older_of_asset(tx, feed, place, limit).await,
        (Drive::Asset, Direction::Newer) => newer_of_asset(tx, feed, place, limit).await,
        (Drive::Creator, Direction::Older) => older_as_creator(tx, feed, place, limit).await,
        (Drive::Creator, Direction::Newer) => newer_as_creator(tx, feed, place, limit).await,
        (Drive::Buyer, Direction::Older) => older_as_buyer(tx, feed, place, limit).await,
        (Drive::Buyer, Direction::Newer) => newer_as_buyer(tx, feed, place, limit).await,
    }
}

/// Where the stretch that begins at a place ends; nothing where the feed ends within it.
pub(super) async fn end_of_stretch(
    tx: &mut PgConnection,
    feed: &Feed<'_>,
    direction: Direction,
    place: Place,
) -> Result<Option<Place>> {
    match (feed.filter.drive(feed.side), direction) {
        (Drive::License, Direction::Older) => older_end_of_license(tx, feed, place).await,
        (Drive::License, Direction::Newer) => newer_end_of_license(tx, feed, place).await,
        (Drive::Asset, Direction::Older) => older_end_of_asset(tx, feed, place).await,
        (Drive::Asset, Direction::Newer) => newer_end_of_asset(tx, feed, place).await,
        (Drive::Creator, Direction::Older) => older_end_as_creator(tx, feed, place).await,
        (Drive::Creator, Direction::Newer) => newer_end_as_creator(tx, feed, place).await,
        (Drive::Buyer, Direction::Older) => older_end_as_buyer(tx, feed, place).await,
        (Drive::Buyer, Direction::Newer) => newer_end_as_buyer(tx, feed, place).await,
    }
}

/// The day, this one or the next as reading goes, whose sums say that there may be a match.
pub(super) async fn day_with_match(
    tx: &mut PgConnection,
    feed: &Feed<'_>,
    direction: Direction,
    day: DateTime<Utc>,
) -> Result<Option<DateTime<Utc>>> {
    match (feed.side, direction) {
        (Side::Creator, Direction::Older) => older_day_as_creator(tx, feed, day).await,
        (Side::Creator, Direction::Newer) => newer_day_as_creator(tx, feed, day).await,
        (Side::Buyer, Direction::Older) => older_day_as_buyer(tx, feed, day).await,
        (Side::Buyer, Direction::Newer) => newer_day_as_buyer(tx, feed, day).await,
    }
}

struct Row {
    usage_event_id: UsageEventId,
    sender_org_id: Option<OrgId>,
    occurred_at: DateTime<Utc>,
    asset_id: AssetId,
    title: String,
    content_id: String,
    license_id: LicenseId,
    creator: String,
    buyer: String,
    scope: Scope,
    job_id: Option<String>,
    region: String,
    model: String,
    consumer_class: String,
    bytes: i64,
    billable_units: i64,
    free_reason: Option<FreeReason>,
}

impl Row {
    fn line(self, side: Side) -> EventLine {
        EventLine {
            usage_event_id: self.usage_event_id,
            sender_org_id: self.sender_org_id,
            occurred_at: self.occurred_at,
            asset_id: self.asset_id,
            title: self.title,
            content_id: self.content_id,
            license_id: self.license_id,
            counterparty: match side {
                Side::Creator => self.buyer,
                Side::Buyer => self.creator,
            },
            scope: self.scope,
            job_id: self.job_id,
            region: self.region,
            model: self.model,
            consumer_class: self.consumer_class,
            bytes: self.bytes,
            billable_units: self.billable_units,
            free_reason: self.free_reason,
        }
    }
}

/// The stretch is an optimization fence: what the filter lets through is taken from it as it is read,
/// and reading stops when the page is full.
macro_rules! walks {
    ($lines:ident, $end:ident, $drive:tt, $beyond:tt, $order:tt) => {
        async fn $lines(tx: &mut PgConnection, feed: &Feed<'_>, place: Place, limit: usize) -> Result<Vec<EventLine>> {
            let filter = feed.filter;
            let rows = sqlx::query_as!(
                Row,
                r#"select page.usage_event_id as "usage_event_id!: UsageEventId",
                          page.sender_org_id as "sender_org_id: OrgId",
                          page.occurred_at as "occurred_at!", page.asset_id as "asset_id!: AssetId",
                          asset.title, page.content_id as "content_id!",
                          page.license_id as "license_id!: LicenseId", creator.name as creator,
                          buyer.name as buyer, page.scope as "scope!: Scope", page.job_id,
                          page.region as "region!", page.model as "model!",
                          page.consumer_class as "consumer_class!", page.bytes as "bytes!",
                          page.billable_units as "billable_units!",
                          page.free_reason as "free_reason: FreeReason"
                   from (select * from (
                             select * from usage_event where "# + $drive + r#" = $1
                                 and occurred_at >= $2 and occurred_at < $3 and "# + $beyond + r#"
                             order by "# + $order + r#" limit $6) stretch
                         where ($8::uuid is null or creator_org_id = $8)
                           and ($9::uuid is null or org_id = $9)
                           and ($10::uuid is null or asset_id = $10)
                           and ($11::text is null or scope = $11)
                           and ($12::bool is null or (free_reason is null) = $12)
                           and ($13::text is null or free_reason = $13)
                           and ($14::text is null or region = $14)
                           and ($15::text is null or model = $15)
                           and ($16::text is null or consumer_class = $16)
                           and ($17::text is null or job_id = $17)
                           and ($18::bool is null or (sender_org_id is null) = $18)
                           and ($19::uuid is null or sender_org_id is null and exists
                                   (select from receipt where receipt.receipt_id = usage_event_id
                                        and receipt.token_id = $19))
                         order by "# + $order + r#" limit $7) page
                   join asset on asset.asset_id = page.asset_id
                   join organization creator on creator.org_id = page.creator_org_id
                   join organization buyer on buyer.org_id = page.org_id
                   order by "# + $order,
                feed.driver(),
                feed.from(),
                feed.until(),
                place.at,
                place.id,
                feed.effort.stretch,
                i64::try_from(limit).unwrap_or(i64::MAX),
                feed.creator(),
                feed.buyer(),
                filter.asset_id.map(AssetId::uuid),
                filter.scope.map(Scope::as_str),
                filter.cost.map(|cost| cost == Cost::Billable),
                filter.free_reason.map(FreeReason::as_str),
                filter.region,
                filter.model,
                filter.consumer_class,
                filter.job_id,
                filter.source.map(|source| source == Source::Gate),
                filter.token_id.map(TokenId::uuid),
            )
            .fetch_all(tx)
            .await?;
            Ok(rows.into_iter().map(|row| row.line(feed.side)).collect())
        }

        async fn $end(tx: &mut PgConnection, feed: &Feed<'_>, place: Place) -> Result<Option<Place>> {
            let end = sqlx::query!(
                r#"select occurred_at, usage_event_id as "usage_event_id: Uuid" from usage_event
                   where "# + $drive + r#" = $1
                     and occurred_at >= $2 and occurred_at < $3 and "# + $beyond + r#"
                   order by "# + $order + r#" offset $6 limit 1"#,
                feed.driver(),
                feed.from(),
                feed.until(),
                place.at,
                place.id,
                feed.effort.stretch - 1,
            )
            .fetch_optional(tx)
            .await?;
            Ok(end.map(|end| Place { at: end.occurred_at, id: end.usage_event_id }))
        }
    };
}
macro_rules! directions {
    ($older:ident, $older_end:ident, $newer:ident, $newer_end:ident, $drive:tt) => {
        walks!(
            $older,
            $older_end,
            $drive,
            "occurred_at <= $4 and (occurred_at < $4 or usage_event_id > $5)",
            "occurred_at desc, usage_event_id"
        );
        walks!(
            $newer,
            $newer_end,
            $drive,
            "occurred_at >= $4 and (occurred_at > $4 or usage_event_id < $5)",
            "occurred_at, usage_event_id desc"
        );
    };
}
directions!(
    older_of_license,
    older_end_of_license,
    newer_of_license,
    newer_end_of_license,
    "license_id"
);
directions!(older_of_asset, older_end_of_asset, newer_of_asset, newer_end_of_asset, "asset_id");
directions!(
    older_as_creator,
    older_end_as_creator,
    newer_as_creator,
    newer_end_as_creator,
    "creator_org_id"
);
directions!(older_as_buyer, older_end_as_buyer, newer_as_buyer, newer_end_as_buyer, "org_id");

macro_rules! day {
    ($name:ident, $party:tt, $counterparty:tt, $beyond:tt, $order:tt) => {
        async fn $name(
            tx: &mut PgConnection,
            feed: &Feed<'_>,
            day: DateTime<Utc>,
        ) -> Result<Option<DateTime<Utc>>> {
            let filter = feed.filter;
            let day = sqlx::query_scalar!(
                r#"select bucket from usage_day where "#
                    + $party
                    + r#" = $1 and "#
                    + $beyond
                    + r#"
                       and ($3::uuid is null or "#
                    + $counterparty
                    + r#" = $3)
                       and ($4::uuid is null or asset_id = $4)
                       and ($5::uuid is null or license_id = $5)
                       and ($6::text is null or scope = $6)
                       and ($7::text is null or region = $7)
                       and ($8::text is null or model = $8)
                       and ($9::text is null or consumer_class = $9)
                       and (not $10 or billable_units > 0)
                   order by "#
                    + $order
                    + " limit 1",
                feed.org_id.uuid(),
                day,
                filter.counterparty.map(OrgId::uuid),
                filter.asset_id.map(AssetId::uuid),
                filter.license_id.map(LicenseId::uuid),
                filter.scope.map(Scope::as_str),
                filter.region,
                filter.model,
                filter.consumer_class,
                filter.cost == Some(Cost::Billable),
            )
            .fetch_optional(tx)
            .await?;
            Ok(day)
        }
    };
}
day!(older_day_as_creator, "creator_org_id", "org_id", "bucket <= $2", "bucket desc");
day!(newer_day_as_creator, "creator_org_id", "org_id", "bucket >= $2", "bucket");
day!(older_day_as_buyer, "org_id", "creator_org_id", "bucket <= $2", "bucket desc");
day!(newer_day_as_buyer, "org_id", "creator_org_id", "bucket >= $2", "bucket");
