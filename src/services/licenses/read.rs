//! Reading licenses. Nothing here writes.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::end::renewable_until;
use crate::{
    domain::{
        actor::{Actor, Deed},
        error::Refusal,
        ids::{AssetId, LicenseId, OrgId, TierId},
        license::{Standing, State},
        money::Money,
        pricing::{PriceModel, Tier},
    },
    services::{
        Error, Result, Services,
        offers::{PriceRow, TierRow},
        terms::{self, PublishedTerms},
    },
};

/// A row of one's own licenses.
#[derive(Debug)]
pub struct LicenseRow {
    pub license_id: LicenseId,
    pub title: String,
    pub creator: String,
    pub tier_name: String,
    pub state: State,
    pub accepted_at: DateTime<Utc>,
    pub ends_at: Option<DateTime<Utc>>,
    /// Whether any token was ever created for it.
    pub has_token: bool,
}

/// What machines fetch under a license.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// The newest version of a work.
    Content { content_id: String, file_name: String },
    /// Pages of a site.
    Site { host: String },
}

/// One of one's own licenses.
#[derive(Debug)]
pub struct License {
    pub license_id: LicenseId,
    pub asset_id: AssetId,
    pub title: String,
    pub creator: String,
    pub attribution: String,
    pub subject: Subject,
    pub state: State,
    pub terms: PublishedTerms,
    pub tier: Tier,
    /// What the organization will spend on it in a calendar month at most.
    pub spend_cap: Option<Money>,
    pub accepted_by: String,
    pub accepted_at: DateTime<Utc>,
    pub starts_at: DateTime<Utc>,
    pub ends_at: Option<DateTime<Utc>>,
    /// It ends before its time, because the buyer cancelled it then.
    pub cancelled_at: Option<DateTime<Utc>>,
    /// The end that renewing it now would give it; nothing where it cannot be renewed now.
    pub renewable_until: Option<DateTime<Utc>>,
}

/// The live license an organization holds for a work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    pub license_id: LicenseId,
    pub tier_id: TierId,
    pub tier_name: String,
    /// Whether taking another tier ends it: it is on a free one.
    pub gives_way: bool,
}

/// One's own licenses, newest first.
pub async fn list(services: &Services, actor: &Actor) -> Result<Vec<LicenseRow>> {
    let member = actor.may(Deed::ReadLicenses)?;
    let now = services.now();
    let rows = sqlx::query!(
        r#"select license.license_id, asset.title, organization.name as creator,
                  tier.name as tier_name, license.state, license.accepted_at, license.starts_at,
                  license.ends_at,
                  exists (select from access_token
                          where access_token.license_id = license.license_id) as "has_token!"
           from license
           join asset on asset.asset_id = license.asset_id
           join organization on organization.org_id = license.creator_org_id
           join tier on tier.tier_id = license.tier_id
           where license.org_id = $1
           order by license.license_id desc
           limit 500"#,
        member.org_id.uuid(),
    )
    .fetch_all(&services.pool)
    .await?;
    let rows = rows.into_iter().map(|row| LicenseRow {
        license_id: row.license_id,
        title: row.title,
        creator: row.creator,
        tier_name: row.tier_name,
        state: state_at(now, row.state, row.starts_at, row.ends_at),
        accepted_at: row.accepted_at,
        ends_at: row.ends_at,
        has_token: row.has_token,
    });
    Ok(rows.collect())
}

/// The live license one's own organization holds for a work, if there is one.
pub async fn for_work(
    services: &Services,
    actor: &Actor,
    asset_id: AssetId,
) -> Result<Option<Held>> {
    let Some(org_id) = actor.org_id() else { return Ok(None) };
    let mut connection = services.pool.acquire().await?;
    held(&mut connection, org_id, asset_id, services.now()).await
}

/// One of one's own licenses.
pub async fn get(services: &Services, actor: &Actor, license_id: LicenseId) -> Result<License> {
    let member = actor.may(Deed::ReadLicenses)?;
    let row = sqlx::query!(
        r#"select license.license_id, license.asset_id, license.state, license.accepted_at,
                  license.starts_at, license.ends_at, license.cancelled_at, license.terms_digest,
                  offer.ended_at is null and asset.visibility <> 'private' as "stands!",
                  asset.title, asset.attribution, organization.name as creator,
                  person.name as accepted_by, terms.terms_id, terms.document,
                  license.spend_cap_micros,
                  tier.name, tier.currency, tier.base_micros, tier.included_units, tier.overrun,
                  tier.overage_micros, tier.rate_per_minute, tier.scopes, tier.allowed_paths,
                  tier.forbidden_paths, tier.unit, tier.model, tier.use_micros, tier.use_per,
                  tier.share_bp, tier.rolls_over,
                  version.content_id as "content_id?", version.file_name as "file_name?",
                  site.host as "host?"
           from license
           join asset on asset.asset_id = license.asset_id
           join organization on organization.org_id = license.creator_org_id
           join person on person.person_id = license.accepted_by
           join terms on terms.terms_id = license.terms_id
           join offer on offer.offer_id = license.offer_id
           join tier on tier.tier_id = license.tier_id
           left join lateral (
               select content_id, file_name from asset_version
               where asset_version.asset_id = asset.asset_id order by number desc limit 1
           ) version on true
           left join site on site.asset_id = asset.asset_id
           where license.org_id = $1 and license.license_id = $2"#,
        member.org_id.uuid(),
        license_id.uuid(),
    )
    .fetch_optional(&services.pool)
    .await?
    .ok_or_else(|| Refusal::not_found("license"))?;
    let now = services.now();
    let standing = Standing { state: row.state, starts_at: row.starts_at, ends_at: row.ends_at };
    let terms = terms::published(row.terms_id, row.terms_digest, row.document)?;
    let cancelled = row.cancelled_at.is_some();
    let renewable_until = renewable_until(&terms.terms, &standing, cancelled, row.stands, now);
    Ok(License {
        license_id: row.license_id,
        asset_id: row.asset_id,
        title: row.title,
        creator: row.creator,
        attribution: row.attribution,
        subject: subject(row.content_id, row.file_name, row.host)?,
        state: standing.state_at(now),
        terms,
        spend_cap: row.spend_cap_micros.map(|micros| Money::new(micros, row.currency)),
        tier: TierRow {
            name: row.name,
            currency: row.currency,
            unit: row.unit,
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
            },
            rate_per_minute: row.rate_per_minute,
            scopes: row.scopes,
            allowed_paths: row.allowed_paths,
            forbidden_paths: row.forbidden_paths,
        }
        .read()?,
        accepted_by: row.accepted_by,
        accepted_at: row.accepted_at,
        starts_at: row.starts_at,
        ends_at: row.ends_at,
        cancelled_at: row.cancelled_at,
        renewable_until,
    })
}

fn subject(
    content_id: Option<String>,
    file_name: Option<String>,
    host: Option<String>,
) -> Result<Subject> {
    match (content_id, file_name, host) {
        (Some(content_id), Some(file_name), _) => Ok(Subject::Content { content_id, file_name }),
        (_, _, Some(host)) => Ok(Subject::Site { host }),
        _ => Err(Error::fault("reading a license", "its work is neither bytes nor a site")),
    }
}

fn state_at(
    now: DateTime<Utc>,
    state: State,
    starts_at: DateTime<Utc>,
    ends_at: Option<DateTime<Utc>>,
) -> State {
    Standing { state, starts_at, ends_at }.state_at(now)
}

// SQL

pub(super) async fn held(
    tx: &mut PgConnection,
    org_id: OrgId,
    asset_id: AssetId,
    now: DateTime<Utc>,
) -> Result<Option<Held>> {
    let row = sqlx::query!(
        "select license.license_id, license.state, license.tier_id,
                tier.name, tier.base_micros, tier.overage_micros, tier.model
         from license join tier on tier.tier_id = license.tier_id
         where license.org_id = $1 and license.asset_id = $2
           and license.state in ('pending', 'active', 'suspended')
           and (license.ends_at is null or license.ends_at > $3)",
        org_id.uuid(),
        asset_id.uuid(),
        now,
    )
    .fetch_optional(tx)
    .await?;
    Ok(row.map(|row| Held {
        license_id: row.license_id,
        tier_id: row.tier_id,
        tier_name: row.name,
        // Nobody gets out of a suspension by taking another tier.
        gives_way: row.model == PriceModel::Subscription
            && row.base_micros == 0
            && row.overage_micros.is_none()
            && row.state != State::Suspended,
    }))
}
