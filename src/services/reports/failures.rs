//! What the gate was asked for and did not deliver, attempt by attempt, newest first.
//!
//! Nothing of it is billed. Both parties of a license see it, for the 90 days that attempts are kept;
//! of a flood of equal refusals only some are, while `refusals` counts every one. A delivery whose
//! client left while its receipt was being written has a receipt, is billed, and is not among them.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{CursorKey, Failed, FailureFilter, coarse};
use crate::{
    domain::{
        actor::{Actor, Deed},
        cursor::{Binding, Cursor, Direction},
        ids::{AssetId, LicenseId, OrgId, ReceiptId, TokenId},
        metering::Side,
    },
    services::{
        Result, Services,
        gate::attempts::{ABORTED, CUT_OFF},
    },
};

/// The most attempts a page holds.
const FAILURES_PER_PAGE_MAX: u8 = 100;

/// One attempt that ended without a delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailureLine {
    pub attempt_id: Uuid,
    pub at: DateTime<Utc>,
    /// The stable code of the refusal; `aborted` if the client went away, `cut_off` if we could not
    /// go on.
    pub code: String,
    pub license_id: LicenseId,
    pub token_id: TokenId,
    pub asset_id: AssetId,
    pub title: String,
    /// The name of the other party.
    pub counterparty: String,
    /// The content ID or the path that was asked for, as it was sent.
    pub subject: String,
    /// How much went out: no less than the client got.
    pub bytes_out: i64,
    /// Of the receipt that never became valid, where one was being made.
    pub receipt_id: Option<ReceiptId>,
}

/// A page of attempts, and the cursor to the older ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailurePage {
    pub lines: Vec<FailureLine>,
    pub older: Option<String>,
}

/// One page of attempts from one side: the newest, or those a cursor leads to.
///
/// # Errors
///
/// `invalid_cursor`, `expired_cursor`, or that the actor may not read usage.
pub async fn failures(
    services: &Services,
    key: &CursorKey,
    actor: &Actor,
    side: Side,
    filter: &FailureFilter,
    cursor: Option<&str>,
    limit: u8,
) -> Result<FailurePage> {
    let member = actor.may(Deed::ReadUsage)?;
    coarse::full_only(&member, side)?;
    let org_id = member.org_id;
    let now = services.now();
    let binding = binding(org_id, side, filter);
    let before = cursor.map(|text| key.open(text, &binding, now)).transpose()?;
    let before = before.map(|before| (before.at, before.id));
    let limit = limit.clamp(1, FAILURES_PER_PAGE_MAX);
    let mut lines = match side {
        Side::Creator => failures_as_creator(services, org_id, filter, before, limit).await?,
        Side::Buyer => failures_as_buyer(services, org_id, filter, before, limit).await?,
    };
    let more = lines.len() > usize::from(limit);
    lines.truncate(limit.into());
    let older = lines.last().filter(|_| more).map(|last| {
        let place = Cursor { direction: Direction::Older, at: last.at, id: last.attempt_id };
        key.seal(&place, &binding, now)
    });
    Ok(FailurePage { lines, older })
}

fn binding(org_id: OrgId, side: Side, filter: &FailureFilter) -> Binding {
    let id = |id: Option<Uuid>| id.map(|id| id.to_string()).unwrap_or_default();
    let instant = |at: Option<DateTime<Utc>>| {
        at.map(|at| at.timestamp_micros().to_string()).unwrap_or_default()
    };
    Binding::of(&[
        "attempts",
        &org_id.to_string(),
        side.as_str(),
        filter.failed.as_str(),
        &id(filter.asset_id.map(AssetId::uuid)),
        &id(filter.license_id.map(LicenseId::uuid)),
        &id(filter.token_id.map(TokenId::uuid)),
        &id(filter.counterparty.map(OrgId::uuid)),
        filter.code.as_deref().unwrap_or_default(),
        &instant(filter.from),
        &instant(filter.until),
    ])
}

// SQL: one row more than asked for says that more follow.

macro_rules! failures_as {
    ($name:ident, $party:tt, $counterparty:tt) => {
        async fn $name(
            services: &Services,
            org_id: OrgId,
            filter: &FailureFilter,
            before: Option<(DateTime<Utc>, Uuid)>,
            limit: u8,
        ) -> Result<Vec<FailureLine>> {
            let incomplete = [ABORTED.to_owned(), CUT_OFF.to_owned()];
            let lines = sqlx::query_as!(
                FailureLine,
                r#"select attempt.attempt_id, attempt.at, attempt.code,
                          attempt.license_id as "license_id: LicenseId",
                          attempt.token_id as "token_id: TokenId",
                          attempt.asset_id as "asset_id: AssetId", asset.title,
                          other.name as counterparty, attempt.subject, attempt.bytes_out,
                          attempt.receipt_id as "receipt_id: ReceiptId"
                   from gate_attempt attempt
                   join asset on asset.asset_id = attempt.asset_id
                   join organization other on other.org_id = attempt."#
                    + $counterparty
                    + " where attempt."
                    + $party
                    + r#" = $1
                     and ($2::timestamptz is null or attempt.at <= $2)
                     and ($2::timestamptz is null or (attempt.at, attempt.attempt_id) < ($2, $3))
                     and (attempt.code = any($4)) = $5
                     and not exists (select from receipt
                                     where receipt.receipt_id = attempt.receipt_id)
                     and ($6::uuid is null or attempt.asset_id = $6)
                     and ($7::uuid is null or attempt.license_id = $7)
                     and ($8::uuid is null or attempt.token_id = $8)
                     and ($9::uuid is null or attempt."#
                    + $counterparty
                    + " = $9)
                     and ($10::text is null or attempt.code = $10)
                     and ($11::timestamptz is null or attempt.at >= $11)
                     and ($12::timestamptz is null or attempt.at < $12)
                   order by attempt.at desc, attempt.attempt_id desc limit $13",
                org_id.uuid(),
                before.map(|(at, _)| at),
                before.map(|(_, id)| id),
                &incomplete,
                filter.failed == Failed::Incomplete,
                filter.asset_id.map(AssetId::uuid),
                filter.license_id.map(LicenseId::uuid),
                filter.token_id.map(TokenId::uuid),
                filter.counterparty.map(OrgId::uuid),
                filter.code,
                filter.from,
                filter.until,
                i64::from(limit) + 1,
            )
            .fetch_all(&services.pool)
            .await?;
            Ok(lines)
        }
    };
}
failures_as!(failures_as_creator, "creator_org_id", "org_id");
failures_as!(failures_as_buyer, "org_id", "creator_org_id");
