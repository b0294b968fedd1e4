//! What the gate did not deliver: refusals by reason, and deliveries that were not complete.
//!
//! Both parties of a license see them; what came without a known token belongs to nobody.

use chrono::{DateTime, Utc};

use crate::{
    domain::{
        actor::{Actor, Deed},
        ids::{AssetId, LicenseId, OrgId, ReceiptId, TokenId},
        metering::{Range, Side},
    },
    services::{
        Result, Services,
        gate::attempts::{ABORTED, CUT_OFF},
    },
};

/// The most deliveries that `aborted` names.
const ABORTED_MAX: i64 = 1000;

/// How often the gate refused for one reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusalCount {
    /// The stable code of the refusal.
    pub code: String,
    pub attempts: i64,
}

/// A delivery that was not complete, and was not billed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AbortedDelivery {
    pub at: DateTime<Utc>,
    /// `aborted` if the client went away, `cut_off` if we could not go on.
    pub code: String,
    pub license_id: LicenseId,
    pub token_id: TokenId,
    pub asset_id: AssetId,
    /// The content ID or the path that was asked for.
    pub subject: String,
    /// How much went out: no less than the client got.
    pub bytes_out: i64,
    /// Of the receipt that never became valid.
    pub receipt_id: ReceiptId,
}

/// Refusals over a range, from one side: the most frequent reason first.
pub async fn refusals(
    services: &Services,
    actor: &Actor,
    side: Side,
    range: &Range,
) -> Result<Vec<RefusalCount>> {
    let member = actor.may(Deed::ReadUsage)?;
    match side {
        Side::Creator => refusals_as_creator(services, member.org_id, range).await,
        Side::Buyer => refusals_as_buyer(services, member.org_id, range).await,
    }
}

/// Deliveries over a range that were not complete, from one side: the newest first. One whose client
/// left while its receipt was being written has a receipt, is billed, and is not among them.
pub async fn aborted(
    services: &Services,
    actor: &Actor,
    side: Side,
    range: &Range,
    limit: u16,
) -> Result<Vec<AbortedDelivery>> {
    let member = actor.may(Deed::ReadUsage)?;
    let limit = i64::from(limit).clamp(1, ABORTED_MAX);
    match side {
        Side::Creator => aborted_as_creator(services, member.org_id, range, limit).await,
        Side::Buyer => aborted_as_buyer(services, member.org_id, range, limit).await,
    }
}

// SQL

fn incomplete() -> [String; 2] {
    [ABORTED.to_owned(), CUT_OFF.to_owned()]
}

/// One statement for each side, so that each uses its own index.
macro_rules! seen_as {
    ($refusals:ident, $aborted:ident, $party:tt) => {
        async fn $refusals(
            services: &Services,
            org_id: OrgId,
            range: &Range,
        ) -> Result<Vec<RefusalCount>> {
            let counts = sqlx::query_as!(
                RefusalCount,
                r#"select code, sum(attempts)::bigint as "attempts!" from gate_refusal_hour
                   where "#
                    + $party
                    + " = $1 and hour >= $2 and hour < $3 and code <> all($4)
                   group by code order by 2 desc, code",
                org_id.uuid(),
                range.from(),
                range.until(),
                &incomplete(),
            )
            .fetch_all(&services.pool)
            .await?;
            Ok(counts)
        }

        async fn $aborted(
            services: &Services,
            org_id: OrgId,
            range: &Range,
            limit: i64,
        ) -> Result<Vec<AbortedDelivery>> {
            let rows = sqlx::query_as!(
                AbortedDelivery,
                r#"select at, code, license_id, token_id, asset_id, subject, bytes_out,
                          receipt_id as "receipt_id!"
                   from gate_attempt
                   where "#
                    + $party
                    + " = $1 and at >= $2 and at < $3 and receipt_id is not null
                     and not exists
                         (select from receipt where receipt.receipt_id = gate_attempt.receipt_id)
                   order by at desc, attempt_id limit $4",
                org_id.uuid(),
                range.from(),
                range.until(),
                limit,
            )
            .fetch_all(&services.pool)
            .await?;
            Ok(rows)
        }
    };
}
seen_as!(refusals_as_creator, aborted_as_creator, "creator_org_id");
seen_as!(refusals_as_buyer, aborted_as_buyer, "org_id");
