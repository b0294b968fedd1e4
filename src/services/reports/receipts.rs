//! Stored receipts, and the keys to check them with.
//!
//! A receipt is seen by its two parties and by machines of its license; to anybody else there is
//! no such receipt.

use chrono::{DateTime, Utc};

use super::coarse;
use crate::{
    domain::{
        actor::{Actor, Deed},
        error::Refusal,
        ids::{AssetId, LicenseId, OrgId, ReceiptId, TokenId, TypedId as _},
        metering::{FreeReason, Side},
        receipt::{Jwks, PublicKey},
        terms::Scope,
    },
    services::{Error, Result, Services},
};

/// A receipt as it was signed, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredReceipt {
    pub receipt_id: ReceiptId,
    pub license_id: LicenseId,
    pub token_id: TokenId,
    /// The buyer.
    pub org_id: OrgId,
    pub buyer: String,
    pub creator_org_id: OrgId,
    pub creator: String,
    pub asset_id: AssetId,
    pub title: String,
    pub content_id: String,
    pub job_id: Option<String>,
    pub scope: Scope,
    pub bytes: i64,
    pub delivered_at: DateTime<Utc>,
    pub kid: String,
    /// The compact JWS.
    pub jws: String,
    /// Nothing once its month is in the archive.
    pub billable_units: Option<i64>,
    pub free_reason: Option<FreeReason>,
}

/// One receipt, for either of its parties.
///
/// # Errors
///
/// "Not found", or `reports_coarse` if the creator has chosen coarse reports.
pub async fn receipt(
    services: &Services,
    actor: &Actor,
    receipt_id: ReceiptId,
) -> Result<StoredReceipt> {
    let member = actor.may(Deed::ReadUsage)?;
    let found = find(services, member.org_id, receipt_id)
        .await?
        .ok_or_else(|| Refusal::not_found(ReceiptId::NOUN))?;
    if found.org_id != member.org_id {
        coarse::full_only(&member, Side::Creator)?;
    }
    Ok(found)
}

/// The compact JWS of one receipt, for a machine that acts under its license.
pub async fn receipt_of_license(
    services: &Services,
    license_id: LicenseId,
    receipt_id: ReceiptId,
) -> Result<String> {
    find_jws(services, license_id, receipt_id)
        .await?
        .ok_or_else(|| Refusal::not_found(ReceiptId::NOUN).into())
}

/// Every key a receipt was ever signed with, for anybody who holds one.
pub async fn jwks(services: &Services) -> Result<Jwks> {
    let keys = public_keys(services).await?;
    Ok(Jwks { keys: keys.iter().map(PublicKey::jwk).collect() })
}

// SQL

async fn find(
    services: &Services,
    org_id: OrgId,
    receipt_id: ReceiptId,
) -> Result<Option<StoredReceipt>> {
    let found = sqlx::query_as!(
        StoredReceipt,
        r#"select r.receipt_id, r.license_id, r.token_id, r.org_id, buyer.name as buyer,
                  r.creator_org_id, creator.name as creator, r.asset_id, asset.title, r.content_id,
                  r.job_id, r.scope, r.bytes, r.delivered_at, r.kid, r.jws,
                  e.billable_units as "billable_units?", e.free_reason as "free_reason?"
           from receipt r
           left join usage_event e on e.license_id = r.license_id
               and e.occurred_at = r.delivered_at and e.usage_event_id = r.receipt_id
           join asset on asset.asset_id = r.asset_id
           join organization buyer on buyer.org_id = r.org_id
           join organization creator on creator.org_id = r.creator_org_id
           where (r.org_id = $1 or r.creator_org_id = $1) and r.receipt_id = $2"#,
        org_id.uuid(),
        receipt_id.uuid(),
    )
    .fetch_optional(&services.pool)
    .await?;
    Ok(found)
}

async fn find_jws(
    services: &Services,
    license_id: LicenseId,
    receipt_id: ReceiptId,
) -> Result<Option<String>> {
    let found = sqlx::query_scalar!(
        "select jws from receipt where license_id = $1 and receipt_id = $2",
        license_id.uuid(),
        receipt_id.uuid(),
    )
    .fetch_optional(&services.pool)
    .await?;
    Ok(found)
}

async fn public_keys(services: &Services) -> Result<Vec<PublicKey>> {
    let stored =
        sqlx::query_scalar!("select public_key from receipt_key order by activates_at desc, kid")
            .fetch_all(&services.pool)
            .await?;
    stored
        .into_iter()
        .map(|bytes| {
            <[u8; 32]>::try_from(bytes)
                .map(PublicKey::new)
                .map_err(|_| Error::fault("reading receipt keys", "a key has the wrong length"))
        })
        .collect()
}
