//! The SQL of sites.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::{CHECKED_AT_ONCE, NewSite, Site};
use crate::{
    domain::{
        error::Refusal,
        ids::{AssetId, OrgId},
        site::{CHECK_EVERY, CHECK_FAILING_EVERY, Challenge, Health, Origin, ProvenBy, SiteState},
    },
    services::{OnConstraint as _, Result, Services},
};

pub(super) async fn rows(
    services: &Services,
    org_id: OrgId,
    one: Option<AssetId>,
) -> Result<Vec<Site>> {
    let rows = sqlx::query_as!(
        Site,
        "select site.asset_id, asset.title, site.host, site.origin, site.challenge, site.state,
                site.claimed_at, site.verified_at, site.verified_by, site.checked_at,
                site.failing_since
         from site join asset on asset.asset_id = site.asset_id
         where site.org_id = $1 and ($2::uuid is null or site.asset_id = $2)
         order by site.asset_id desc
         limit 500",
        org_id.uuid(),
        one.map(AssetId::uuid),
    )
    .fetch_all(&services.pool)
    .await?;
    Ok(rows)
}

/// Who has used the id of a form, and for which host.
pub(super) async fn claimed(
    tx: &mut PgConnection,
    asset_id: AssetId,
) -> Result<Option<(OrgId, Option<String>)>> {
    let row = sqlx::query!(
        r#"select asset.org_id, site.host as "host?"
           from asset left join site on site.asset_id = asset.asset_id
           where asset.asset_id = $1"#,
        asset_id.uuid(),
    )
    .fetch_optional(tx)
    .await?;
    Ok(row.map(|row| (row.org_id, row.host)))
}

pub(super) async fn insert_site(
    tx: &mut PgConnection,
    org_id: OrgId,
    new: &NewSite,
    now: DateTime<Utc>,
) -> Result<()> {
    let challenge = Challenge::new(rand::random());
    sqlx::query!(
        "insert into site (asset_id, org_id, host, origin, challenge, state, claimed_at)
         values ($1, $2, $3, $4, $5, 'claimed', $6)",
        new.asset_id.uuid(),
        org_id.uuid(),
        new.host.as_str(),
        new.origin.as_str(),
        challenge.as_str(),
        now,
    )
    .execute(tx)
    .await
    .on_constraint("site_claim_key", || {
        Refusal::conflict("site_claimed", t!("Your organization has claimed this host already."))
            .on("host")
    })?;
    Ok(())
}

pub(super) struct Locked {
    pub org_id: OrgId,
    pub origin: String,
    pub state: SiteState,
    pub checked_at: Option<DateTime<Utc>>,
    pub failing_since: Option<DateTime<Utc>>,
}

/// The site, which nobody else changes until the transaction ends.
pub(super) async fn lock(tx: &mut PgConnection, asset_id: AssetId) -> Result<Locked> {
    sqlx::query_as!(
        Locked,
        "select org_id, origin, state, checked_at, failing_since
         from site where asset_id = $1 for update",
        asset_id.uuid(),
    )
    .fetch_optional(tx)
    .await?
    .ok_or_else(|| Refusal::not_found("site").into())
}

pub(super) async fn set_verified(
    tx: &mut PgConnection,
    asset_id: AssetId,
    host: &str,
    proven_by: ProvenBy,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "update site
         set state = 'verified', verified_by = $2, checked_at = $3, failing_since = null,
             verified_at = case when state = 'verified' then verified_at else $3 end
         where asset_id = $1",
        asset_id.uuid(),
        proven_by.as_str(),
        now,
    )
    .execute(tx)
    .await
    .on_constraint("site_verified_host_key", || {
        Refusal::conflict(
            "site_taken",
            t!(
                "Another organization has proved that {host} is theirs. Ask them to take their proof away; a week later you can prove it."
            ),
        )
        .on("host")
    })?;
    Ok(())
}

pub(super) async fn set_origin(
    tx: &mut PgConnection,
    asset_id: AssetId,
    origin: &Origin,
) -> Result<()> {
    sqlx::query!(
        "update site set origin = $2 where asset_id = $1",
        asset_id.uuid(),
        origin.as_str(),
    )
    .execute(tx)
    .await?;
    Ok(())
}

pub(super) async fn set_health(
    tx: &mut PgConnection,
    asset_id: AssetId,
    health: Health,
) -> Result<()> {
    sqlx::query!(
        "update site set state = $2, checked_at = $3, failing_since = $4 where asset_id = $1",
        asset_id.uuid(),
        health.state.as_str(),
        health.checked_at,
        health.failing_since,
    )
    .execute(tx)
    .await?;
    Ok(())
}

pub(super) struct Due {
    pub asset_id: AssetId,
    pub host: String,
    pub challenge: String,
    pub checked_at: DateTime<Utc>,
}

pub(super) async fn due(services: &Services, now: DateTime<Utc>) -> Result<Vec<Due>> {
    let rows = sqlx::query_as!(
        Due,
        r#"select asset_id, host, challenge, checked_at as "checked_at!" from site
           where state = 'verified'
             and checked_at <= case when failing_since is null then $1::timestamptz else $2 end
           order by checked_at limit $3"#,
        now - CHECK_EVERY,
        now - CHECK_FAILING_EVERY,
        CHECKED_AT_ONCE,
    )
    .fetch_all(&services.pool)
    .await?;
    Ok(rows)
}
