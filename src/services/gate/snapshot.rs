//! Every token in force and what it allows, held in memory: the gate never waits for the database
//! to decide.
//!
//! A snapshot is whole and never changes; a newer one takes its place. Meters go over from one to
//! the next, so reading again forgets no count.

use std::{collections::HashMap, sync::Arc};

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::meters::{Paid, SharedMeter};
use crate::{
    domain::{
        access_token::TokenSecret,
        asset::ContentId,
        gate::{Content, Grant, Licensed, Meter, Presented},
        ids::{AssetId, LicenseId, OrgId, TokenId},
        license::Standing,
        metering::{JobName, month_start, window_key},
        receipt::PublicKey,
        terms::Scope,
    },
    services::{Error, Result, Services, reports},
};

/// Everything a decision needs.
#[derive(Default)]
pub(super) struct Snapshot {
    tokens: HashMap<[u8; 32], Entry>,
    meters: HashMap<LicenseId, Arc<SharedMeter>>,
    /// Keys receipts may be signed with, newest first.
    pub keys: Vec<PublicKey>,
}

/// A token in force.
pub(super) struct Entry {
    pub grant: Grant,
    pub meter: Arc<SharedMeter>,
}

impl Snapshot {
    /// What a presented secret leads to.
    pub fn present(&self, secret: Option<&str>) -> Presented<&Entry> {
        let Some(secret) = secret else { return Presented::Nothing };
        TokenSecret::parse(secret)
            .and_then(|secret| self.tokens.get(&secret.hash()))
            .map_or(Presented::Unknown, Presented::Known)
    }

    /// Reads everything anew. Meters of licenses known to `before` go over as they are; those of
    /// new ones start from what is on record for this month.
    pub async fn load(services: &Services, before: &Self, paid: &Paid) -> Result<Self> {
        let now = services.now();
        let mut tx = services.pool.begin().await?;
        hold_still(&mut tx).await?;
        let contents = contents(&mut tx).await?;
        let licenses = licenses(&mut tx, &contents).await?;
        let tokens = tokens(&mut tx).await?;
        let meters = meters(&mut tx, &licenses, before, paid, now).await?;
        tx.commit().await?;

        let mut snapshot = Self { meters, ..Self::default() };
        snapshot.keys = reports::public_keys(services).await?;
        for token in tokens {
            let license = licenses.get(&token.license_id);
            let meter = snapshot.meters.get(&token.license_id);
            let (Some(license), Some(meter), Ok(hash)) =
                (license, meter, <[u8; 32]>::try_from(token.secret_hash))
            else {
                continue;
            };
            let grant = Grant {
                token_id: token.token_id,
                scopes: scopes(&token.scopes),
                expires_at: token.expires_at,
                license: Arc::clone(license),
            };
            snapshot.tokens.insert(hash, Entry { grant, meter: Arc::clone(meter) });
        }
        Ok(snapshot)
    }
}

/// The uses among these names that this gate knows.
fn scopes(names: &[String]) -> Vec<Scope> {
    names.iter().filter_map(|name| name.parse().ok()).collect()
}

/// Meters are never dropped: a license without a token today may still have deliveries under way.
async fn meters(
    tx: &mut PgConnection,
    licenses: &HashMap<LicenseId, Arc<Licensed>>,
    before: &Snapshot,
    paid: &Paid,
    now: DateTime<Utc>,
) -> Result<HashMap<LicenseId, Arc<SharedMeter>>> {
    let mut meters = before.meters.clone();
    let new: Vec<LicenseId> =
        licenses.keys().filter(|license_id| !meters.contains_key(license_id)).copied().collect();
    if new.is_empty() {
        return Ok(meters);
    }
    let ids: Vec<Uuid> = new.iter().map(|license_id| license_id.uuid()).collect();
    let used = units_used(tx, &ids, month_start(now)).await?;
    for license_id in new {
        let used = used.get(&license_id).copied().unwrap_or(0);
        meters.insert(license_id, Arc::new(SharedMeter::new(Meter::new(used, now))));
    }
    for window in windows_paid(tx, &ids, month_start(now)).await? {
        let job = window.job_id.as_deref().and_then(|job| JobName::parse(job).ok());
        let key = window_key(job.as_ref(), window.occurred_at);
        paid.insert(window.org_id, &window.content_id, &key);
    }
    Ok(meters)
}

// SQL

/// All statements of the transaction see the same state.
async fn hold_still(tx: &mut PgConnection) -> Result<()> {
    sqlx::query!("set transaction isolation level repeatable read, read only").execute(tx).await?;
    Ok(())
}

/// The versions of every work that is licensed to somebody who has a token.
async fn contents(tx: &mut PgConnection) -> Result<HashMap<AssetId, Arc<[Content]>>> {
    let rows = sqlx::query!(
        "select asset_id, content_id, bytes, media_type, created_at from asset_version
         where asset_id in (
             select asset_id from license
             where license_id in (select license_id from access_token where revoked_at is null))
         order by asset_id, number",
    )
    .fetch_all(tx)
    .await?;
    let mut contents: HashMap<AssetId, Vec<Content>> = HashMap::new();
    for row in rows {
        let (content_id, bytes) = match (row.content_id.parse::<ContentId>(), row.bytes.try_into())
        {
            (Ok(content_id), Ok(bytes)) => (content_id, bytes),
            _ => return Err(Error::fault("reading works", "a version breaks its own checks")),
        };
        let asset_id = row.asset_id;
        contents.entry(asset_id).or_default().push(Content {
            content_id,
            asset_id,
            bytes,
            media_type: row.media_type,
            registered_at: row.created_at,
        });
    }
    Ok(contents.into_iter().map(|(asset_id, list)| (asset_id, list.into())).collect())
}

/// Every license that has a token, whatever its state: the state decides the answer.
async fn licenses(
    tx: &mut PgConnection,
    contents: &HashMap<AssetId, Arc<[Content]>>,
) -> Result<HashMap<LicenseId, Arc<Licensed>>> {
    let rows = sqlx::query!(
        r#"select license.license_id, license.org_id, license.creator_org_id, license.asset_id,
                  license.terms_digest, license.state, license.starts_at, license.ends_at,
                  array(select jsonb_array_elements_text(terms.document -> 'scopes')) as "terms_scopes!",
                  tier.name, tier.scopes, tier.rate_per_minute, tier.included_units,
                  tier.overage_micros is null as "hard_stop!"
           from license join tier using (tier_id) join terms using (terms_id)
           where license_id in (select license_id from access_token where revoked_at is null)"#,
    )
    .fetch_all(tx)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let license = Licensed {
                license_id: row.license_id,
                org_id: row.org_id,
                creator_org_id: row.creator_org_id,
                asset_id: row.asset_id,
                site_host: None,
                standing: Standing {
                    state: row.state,
                    starts_at: row.starts_at,
                    ends_at: row.ends_at,
                },
                terms_digest: row.terms_digest,
                terms_scopes: scopes(&row.terms_scopes),
                tier_name: row.name,
                tier_scopes: scopes(&row.scopes),
                rate_per_minute: row.rate_per_minute.try_into().unwrap_or(1),
                included_units: row.included_units,
                hard_stop: row.hard_stop,
                contents: contents.get(&row.asset_id).cloned().unwrap_or_default(),
            };
            (license.license_id, Arc::new(license))
        })
        .collect())
}

struct TokenRow {
    token_id: TokenId,
    license_id: LicenseId,
    secret_hash: Vec<u8>,
    scopes: Vec<String>,
    expires_at: Option<DateTime<Utc>>,
}

async fn tokens(tx: &mut PgConnection) -> Result<Vec<TokenRow>> {
    let rows = sqlx::query_as!(
        TokenRow,
        "select token_id, license_id, secret_hash, scopes, expires_at from access_token
         where revoked_at is null",
    )
    .fetch_all(tx)
    .await?;
    Ok(rows)
}

/// Everything counts but repeats; a preview bills nothing and counts all the same.
async fn units_used(
    tx: &mut PgConnection,
    licenses: &[Uuid],
    since: DateTime<Utc>,
) -> Result<HashMap<LicenseId, i64>> {
    let rows = sqlx::query!(
        r#"select license_id,
                  sum(case when scope = 'preview' then calls else billable_units end)::bigint as "units!"
           from usage_month where license_id = any($1) and bucket >= $2
           group by license_id"#,
        licenses,
        since,
    )
    .fetch_all(tx)
    .await?;
    Ok(rows.into_iter().map(|row| (row.license_id, row.units)).collect())
}

struct WindowRow {
    org_id: OrgId,
    content_id: String,
    job_id: Option<String>,
    occurred_at: DateTime<Utc>,
}

/// The uses that paid for the windows of this month, and for those of jobs, which last as long as
/// the job.
async fn windows_paid(
    tx: &mut PgConnection,
    licenses: &[Uuid],
    since: DateTime<Utc>,
) -> Result<Vec<WindowRow>> {
    let rows = sqlx::query_as!(
        WindowRow,
        "select org_id, content_id, job_id, occurred_at from usage_event
         where license_id = any($1) and scope = 'training' and billable_units > 0
           and (occurred_at >= $2 or job_id is not null)",
        licenses,
        since,
    )
    .fetch_all(tx)
    .await?;
    Ok(rows)
}
