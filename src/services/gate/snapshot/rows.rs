//! What the snapshot reads: always of the licenses, tokens or works named, never more.

use std::{collections::HashMap, sync::Arc};

use chrono::{DateTime, Utc};
use futures::stream::BoxStream;
use sqlx::PgConnection;
use uuid::Uuid;

use super::broken;
use crate::{
    domain::{
        access_token::TokenLimits,
        asset::ContentId,
        gate::{
            Carried, Content, Grant, Licensed, Mark, NONCE_REMEMBERED, NonceRoom, Scopes,
            TierLimits, Units, UsedNonces,
        },
        ids::{AssetId, LicenseId, OfferId, OrgId, TierId, TokenId, TypedId},
        license::{Standing, State},
        metering::JobName,
    },
    services::{
        Result,
        gate::meters::PAID_MAX,
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

/// Everything counts but repeats; a preview costs nothing and counts all the same.
pub(super) async fn units_used(
    tx: &mut PgConnection,
    licenses: &[LicenseId],
    since: DateTime<Utc>,
) -> Result<HashMap<LicenseId, Units>> {
    if licenses.is_empty() {
        return Ok(HashMap::new());
    }
    let rows = sqlx::query!(
        r#"select license_id,
                  sum(case when scope = 'preview' then calls else billable_units end)::bigint as "used!",
                  sum(billable_units)::bigint as "billable!"
           from usage_month where license_id = any($1) and bucket >= $2
           group by license_id"#,
        &uuids(licenses),
        since,
    )
    .fetch_all(tx)
    .await?;
    let units = |used, billable| Units { used, billable };
    Ok(rows.into_iter().map(|row| (row.license_id, units(row.used, row.billable))).collect())
}

/// Billable units of the months since then and before `until`, by license and month.
pub(super) async fn units_by_month(
    tx: &mut PgConnection,
    licenses: &[LicenseId],
    since: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<HashMap<(LicenseId, DateTime<Utc>), i64>> {
    if licenses.is_empty() {
        return Ok(HashMap::new());
    }
    let rows = sqlx::query!(
        r#"select license_id, bucket, sum(billable_units)::bigint as "billable!"
           from usage_month where license_id = any($1) and bucket >= $2 and bucket < $3
           group by license_id, bucket"#,
        &uuids(licenses),
        since,
        until,
    )
    .fetch_all(tx)
    .await?;
    Ok(rows.into_iter().map(|row| ((row.license_id, row.bucket), row.billable)).collect())
}

pub(super) struct WindowRow {
    pub org_id: OrgId,
    pub content_id: String,
    pub job_id: Option<String>,
    pub occurred_at: DateTime<Utc>,
}

/// At most so many windows of a kind are read at once: as many as are surely kept in mind.
fn windows_max() -> i64 {
    i64::try_from(PAID_MAX / 2).unwrap_or(i64::MAX)
}

/// The uses that paid for windows of the month since then; the newest, and of these the oldest
/// first, since what comes first is forgotten first.
pub(super) fn months_paid<'a>(
    tx: &'a mut PgConnection,
    licenses: &[LicenseId],
    since: DateTime<Utc>,
) -> BoxStream<'a, std::result::Result<WindowRow, sqlx::Error>> {
    sqlx::query_as!(
        WindowRow,
        r#"select org_id as "org_id!", content_id as "content_id!", job_id,
                  occurred_at as "occurred_at!"
           from (select org_id, content_id, job_id, occurred_at from usage_event
                 where license_id = any($1) and scope = 'training' and billable_units > 0
                   and occurred_at >= $2 and job_id is null
                 order by occurred_at desc limit $3) newest
           order by occurred_at"#,
        &uuids(licenses),
        since,
        windows_max(),
    )
    .fetch(tx)
}

/// The same of jobs, whose windows last as long as the job.
pub(super) fn jobs_paid<'a>(
    tx: &'a mut PgConnection,
    licenses: &[LicenseId],
    since: DateTime<Utc>,
) -> BoxStream<'a, std::result::Result<WindowRow, sqlx::Error>> {
    sqlx::query_as!(
        WindowRow,
        r#"select org_id as "org_id!", content_id as "content_id!", job_id,
                  occurred_at as "occurred_at!"
           from (select org_id, content_id, job_id, occurred_at from usage_event
                 where license_id = any($1) and scope = 'training' and billable_units > 0
                   and occurred_at >= $2 and job_id is not null
                 order by occurred_at desc limit $3) newest
           order by occurred_at"#,
        &uuids(licenses),
        since,
        windows_max(),
    )
    .fetch(tx)
}

/// The consumers' own nonces that may not be used again yet; those that gates made have a dot.
pub(super) async fn nonces(
    tx: &mut PgConnection,
    licenses: &[LicenseId],
    now: DateTime<Utc>,
    room: &Arc<NonceRoom>,
) -> Result<HashMap<LicenseId, UsedNonces>> {
    if licenses.is_empty() {
        return Ok(HashMap::new());
    }
    let rows = sqlx::query!(
        "select license_id, job_id, nonce, delivered_at from receipt
         where strpos(nonce, '.') = 0 and delivered_at > $2 and license_id = any($1)",
        &uuids(licenses),
        now - NONCE_REMEMBERED,
    )
    .fetch_all(tx)
    .await?;
    let mut nonces: HashMap<LicenseId, UsedNonces> = HashMap::new();
    for row in rows {
        let job = row.job_id.and_then(|job| JobName::parse(&job).ok());
        nonces
            .entry(row.license_id)
            .or_insert_with(|| UsedNonces::new(Arc::clone(room)))
            .keep(Mark::new(job.as_ref(), &row.nonce), row.delivered_at);
    }
    Ok(nonces)
}
