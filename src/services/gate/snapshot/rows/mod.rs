//! What the snapshot reads: always of the licenses, tokens or works named, never more.

mod counted;

use std::{collections::HashMap, sync::Arc};

use chrono::{DateTime, Utc};
use futures::stream::BoxStream;
use sqlx::PgConnection;
use uuid::Uuid;

pub(super) use self::counted::{
    WindowRow, jobs_paid, months_paid, nonces, units_by_month, units_used,
};
use super::broken;
use crate::{
    domain::{
        access_token::TokenLimits,
        asset::ContentId,
        gate::{Carried, Content, Grant, Licensed, Scopes, TierLimits},
        ids::{AssetId, LicenseId, OfferId, OrgId, TierId, TokenId, TypedId},
        license::{Standing, State},
    },
    services::{
        Result,
        offers::{PriceRow, read_paths},
    },
};

pub(super) struct LicenseRow {
    pub license_id: LicenseId,
    org_id: OrgId,
    creator_org_id: OrgId,
    pub asset_id: AssetId,
    pub offer_id: OfferId,
    pub tier_id: TierId,
    terms_digest: String,
    terms_scopes: Vec<String>,
    state: State,
    pub starts_at: DateTime<Utc>,
    ends_at: Option<DateTime<Utc>>,
    spend_cap_micros: Option<i64>,
    site_host: Option<String>,
}

impl LicenseRow {
    pub fn licensed(
        self,
        tiers: Arc<[Arc<TierLimits>]>,
        contents: Arc<[Arc<Content>]>,
        carried: Carried,
    ) -> Result<Licensed> {
        let tier = tiers.iter().find(|tier| tier.tier_id == self.tier_id).cloned();
        Ok(Licensed {
            license_id: self.license_id,
            org_id: self.org_id,
            creator_org_id: self.creator_org_id,
            asset_id: self.asset_id,
            site_host: self.site_host,
            standing: Standing {
                state: self.state,
                starts_at: self.starts_at,
                ends_at: self.ends_at,
            },
            terms_digest: self.terms_digest,
            terms_scopes: scopes(&self.terms_scopes),
            tier: tier.ok_or_else(|| broken("a license is on a tier of another offer"))?,
            tiers,
            spend_cap_micros: self.spend_cap_micros,
            carried,
            contents,
        })
    }
}

pub(super) struct TokenRow {
    token_id: TokenId,
    pub license_id: LicenseId,
    pub secret_hash: Vec<u8>,
    scopes: Vec<String>,
    domains: Vec<String>,
    jobs: Vec<String>,
    requires_nonce: bool,
    expires_at: Option<DateTime<Utc>>,
    revoked_at: Option<DateTime<Utc>>,
}

impl TokenRow {
    pub fn is_live(&self, now: DateTime<Utc>) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|end| now < end)
    }

    /// Limits that cannot be read let nobody in.
    pub fn grant(&self) -> Grant {
        let limits = TokenLimits::parse(&self.domains, &self.jobs, self.requires_nonce);
        let (scopes, limits) = match limits {
            Ok(limits) => (scopes(&self.scopes), limits),
            Err(refusal) => {
                tracing::error!(token.id = %self.token_id, %refusal, "The limits of a token cannot be read");
                (Scopes::default(), TokenLimits::default())
            }
        };
        Grant {
            token_id: self.token_id,
            scopes,
            expires_at: self.expires_at,
            limits: (limits != TokenLimits::default()).then(|| Arc::new(limits)),
        }
    }
}

/// The uses among these names that this gate knows.
fn scopes(names: &[String]) -> Scopes {
    names.iter().filter_map(|name| name.parse().ok()).collect()
}

fn uuids<T: TypedId>(ids: &[T]) -> Vec<Uuid> {
    ids.iter().map(|id| id.uuid()).collect()
}

// SQL

/// All statements of the transaction see the same state.
pub(super) async fn hold_still(tx: &mut PgConnection) -> Result<()> {
    sqlx::query!("set transaction isolation level repeatable read, read only").execute(tx).await?;
    Ok(())
}

pub(super) async fn licenses_with_tokens(tx: &mut PgConnection) -> Result<Vec<LicenseId>> {
    let ids = sqlx::query_scalar!(
        "select distinct license_id from access_token where revoked_at is null"
    )
    .fetch_all(tx)
    .await?;
    Ok(ids)
}

pub(super) async fn licenses_of(
    tx: &mut PgConnection,
    assets: &[AssetId],
) -> Result<Vec<LicenseId>> {
    if assets.is_empty() {
        return Ok(Vec::new());
    }
    let ids = sqlx::query_scalar!(
        "select license_id from license where asset_id = any($1)",
        &uuids(assets)
    )
    .fetch_all(tx)
    .await?;
    Ok(ids)
}

/// Whatever the state of a license is: it decides the answer.
pub(super) async fn licenses(tx: &mut PgConnection, ids: &[LicenseId]) -> Result<Vec<LicenseRow>> {
    let rows = sqlx::query_as!(
        LicenseRow,
        r#"select license.license_id, license.org_id, license.creator_org_id, license.asset_id,
                  license.offer_id, license.tier_id, license.terms_digest, license.state,
                  license.starts_at, license.ends_at, license.spend_cap_micros,
                  array(select jsonb_array_elements_text(terms.document -> 'scopes')) as "terms_scopes!",
                  site.host as "site_host?"
           from license join terms using (terms_id)
           left join site on site.asset_id = license.asset_id and site.state = 'verified'
           where license_id = any($1)"#,
        &uuids(ids),
    )
    .fetch_all(tx)
    .await?;
    Ok(rows)
}

/// The tiers of offers, lowest first.
pub(super) async fn tiers(
    tx: &mut PgConnection,
    offers: &[OfferId],
) -> Result<HashMap<OfferId, Arc<[Arc<TierLimits>]>>> {
    if offers.is_empty() {
        return Ok(HashMap::new());
    }
    let rows = sqlx::query!(
        "select offer_id, tier_id, position, name, scopes, rate_per_minute, base_micros,
                included_units, overrun, overage_micros, allowed_paths, forbidden_paths, unit,
                model, use_micros, use_per, share_bp, rolls_over
         from tier where offer_id = any($1) order by offer_id, position",
        &uuids(offers),
    )
    .fetch_all(tx)
    .await?;
    let mut tiers: HashMap<OfferId, Vec<Arc<TierLimits>>> = HashMap::new();
    for row in rows {
        let limits = TierLimits {
            tier_id: row.tier_id,
            position: row.position,
            name: row.name,
            scopes: scopes(&row.scopes),
            rate_per_minute: row.rate_per_minute.try_into().unwrap_or(1),
            price: PriceRow {
                model: row.model,
                base_micros: row.base_micros,
                included_units: row.included_units,
                overrun: row.overrun,
                overage_micros: row.overage_micros,
                use_micros: row.use_micros,
                use_per: row.use_per,
                share_bp: row.share_bp,
                rolls_over: row.rolls_over,
            }
            .read()?,
            unit: row.unit,
            overrun: row.overrun,
            paths: read_paths(&row.allowed_paths, &row.forbidden_paths)?,
        };
        tiers.entry(row.offer_id).or_default().push(Arc::new(limits));
    }
    Ok(tiers.into_iter().map(|(offer_id, list)| (offer_id, list.into())).collect())
}

/// The tiers of one offer, lowest first.
pub(in crate::services::gate) async fn tiers_of(
    connection: &mut PgConnection,
    offer_id: OfferId,
) -> Result<Arc<[Arc<TierLimits>]>> {
    Ok(tiers(connection, &[offer_id]).await?.remove(&offer_id).unwrap_or_default())
}

/// Every version of works, the first one first.
pub(super) async fn contents(
    tx: &mut PgConnection,
    assets: &[AssetId],
) -> Result<HashMap<AssetId, Arc<[Arc<Content>]>>> {
    let rows = sqlx::query!(
        "select asset_id, content_id, bytes, media_type, created_at from asset_version
         where asset_id = any($1) order by asset_id, number",
        &uuids(assets),
    )
    .fetch_all(tx)
    .await?;
    let mut contents: HashMap<AssetId, Vec<Arc<Content>>> = HashMap::new();
    for row in rows {
        let (Ok(content_id), Ok(bytes)) =
            (row.content_id.parse::<ContentId>(), u64::try_from(row.bytes))
        else {
            return Err(broken("a version breaks its own checks"));
        };
        let asset_id = row.asset_id;
        contents.entry(asset_id).or_default().push(Arc::new(Content {
            content_id,
            asset_id,
            bytes,
            media_type: row.media_type,
            registered_at: row.created_at,
        }));
    }
    Ok(contents.into_iter().map(|(asset_id, list)| (asset_id, list.into())).collect())
}

pub(super) async fn tokens(tx: &mut PgConnection, ids: &[TokenId]) -> Result<Vec<TokenRow>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let rows = sqlx::query_as!(
        TokenRow,
        "select token_id, license_id, secret_hash, scopes, domains, jobs, requires_nonce,
                expires_at, revoked_at
         from access_token where token_id = any($1)",
        &uuids(ids),
    )
    .fetch_all(tx)
    .await?;
    Ok(rows)
}

/// One after the other: there may be a million.
pub(super) fn live_tokens(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
) -> BoxStream<'_, std::result::Result<TokenRow, sqlx::Error>> {
    sqlx::query_as!(
        TokenRow,
        "select token_id, license_id, secret_hash, scopes, domains, jobs, requires_nonce,
                expires_at, revoked_at
         from access_token where revoked_at is null and (expires_at is null or expires_at > $1)",
        now,
    )
    .fetch(tx)
}

pub(in crate::services::gate) async fn count_live_tokens(
    connection: impl sqlx::PgExecutor<'_>,
    now: DateTime<Utc>,
) -> Result<i64> {
    let count = sqlx::query_scalar!(
        r#"select count(*) as "count!" from access_token
           where revoked_at is null and (expires_at is null or expires_at > $1)"#,
        now,
    )
    .fetch_one(connection)
    .await?;
    Ok(count)
}
