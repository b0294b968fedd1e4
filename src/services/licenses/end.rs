//! Cancelling a license, taking that back, and renewing it.
//!
//! What is paid for is never taken away: a cancelled license goes on until then, and until then the
//! cancellation can be undone. Renewing takes the same terms and the same tier for as long again.

use chrono::{DateTime, Utc};
use serde_json::json;
use sqlx::PgConnection;

use crate::{
    domain::{
        actor::{Actor, Deed, Member},
        error::Refusal,
        event::EventName,
        ids::{LicenseId, TierId},
        license::{Standing, paid_until, renewed_until},
        pricing::Price,
        terms::Terms,
    },
    services::{
        Result, Services, events,
        offers::PriceRow,
        terms::{self, PublishedTerms},
    },
};

/// Cancels one of one's own licenses. Cancelled twice, it is cancelled once. Answers when it ends.
///
/// # Errors
///
/// Refuses a license that is over.
pub async fn cancel(
    services: &Services,
    actor: &Actor,
    license_id: LicenseId,
) -> Result<DateTime<Utc>> {
    let member = actor.may_as_buyer(Deed::CancelLicense)?;
    let now = services.now();
    let mut tx = services.pool.begin().await?;
    let held = lock(&mut tx, member, license_id).await?;
    let Standing { starts_at, ends_at, .. } = held.standing;
    if let (Some(_), Some(ends_at)) = (held.cancelled_at, ends_at) {
        return Ok(ends_at);
    }
    if !held.standing.state_at(now).is_live() {
        return Err(over().into());
    }
    let paid_until = paid_until(&held.price, starts_at, now);
    let end = ends_at.map_or(paid_until, |ends_at| ends_at.min(paid_until));
    write_cancelled(&mut tx, license_id, now, end).await?;
    events::record(
        &mut tx,
        actor,
        now,
        EventName::LicenseCancelled,
        Some(member.org_id),
        license_id.uuid(),
        json!({ "ends_at": end, "before": ends_at }),
    )
    .await?;
    tx.commit().await?;
    Ok(end)
}

/// Takes a cancellation back: the license has the end it had before.
///
/// # Errors
///
/// Refuses a license that is over by now.
pub async fn resume(services: &Services, actor: &Actor, license_id: LicenseId) -> Result<()> {
    let member = actor.may_as_buyer(Deed::CancelLicense)?;
    let now = services.now();
    let mut tx = services.pool.begin().await?;
    let held = lock(&mut tx, member, license_id).await?;
    if !held.standing.state_at(now).is_live() {
        return Err(over().into());
    }
    if held.cancelled_at.is_none() {
        return Ok(());
    }
    write_resumed(&mut tx, license_id).await?;
    events::record(
        &mut tx,
        actor,
        now,
        EventName::LicenseResumed,
        Some(member.org_id),
        license_id.uuid(),
        json!({ "ends_at": held.uncut_ends_at }),
    )
    .await?;
    tx.commit().await?;
    Ok(())
}

/// A renewal as its form sends it.
#[derive(Clone, Copy, Debug)]
pub struct Renewal {
    pub license_id: LicenseId,
    /// The end of the license that the person was shown, so that sending it twice renews once.
    pub ends_at: DateTime<Utc>,
    /// Whether the box was ticked.
    pub agreed: bool,
}

/// Renews one of one's own licenses: the same terms, accepted once more, and the same tier, for as
/// long again. Answers when it ends then.
///
/// # Errors
///
/// Refuses a license that is over or cancelled, one whose offer stands no longer, and what
/// `renewed_until` does.
pub async fn renew(services: &Services, actor: &Actor, renewal: Renewal) -> Result<DateTime<Utc>> {
    let member = actor.may_as_buyer(Deed::AcceptLicense)?;
    let now = services.now();
    let mut tx = services.pool.begin().await?;
    let held = lock(&mut tx, member, renewal.license_id).await?;
    let terms = &held.terms.terms;
    if let Some(ends_at) = held.standing.ends_at
        && terms.renewed(renewal.ends_at) == Some(ends_at)
    {
        return Ok(ends_at);
    }
    if held.cancelled_at.is_some() {
        return Err(Refusal::conflict(
            "license_cancelled",
            t!("This license is cancelled. Take that back first, then renew it."),
        )
        .into());
    }
    if held.standing.ends_at.is_some_and(|ends_at| ends_at != renewal.ends_at) {
        return Err(Refusal::conflict(
            "license_changed",
            t!("The end of this license has changed since you opened the page. Look at it again."),
        )
        .into());
    }
    let longer = renewed_until(terms, &held.standing, now)?;
    if !held.stands {
        return Err(offer_over().into());
    }
    if !renewal.agreed {
        return Err(Refusal::invalid("agreed", t!("Tick the box to accept the terms.")).into());
    }
    write_end(&mut tx, renewal.license_id, longer).await?;
    events::record(
        &mut tx,
        actor,
        now,
        EventName::LicenseRenewed,
        Some(member.org_id),
        renewal.license_id.uuid(),
        json!({
            "ends_at": longer,
            "before": renewal.ends_at,
            "terms_digest": held.terms.digest,
            "tier_id": held.tier_id,
        }),
    )
    .await?;
    tx.commit().await?;
    Ok(longer)
}

/// When a license may be renewed to, as a page says it beforehand.
pub(super) fn renewable_until(
    terms: &Terms,
    standing: &Standing,
    cancelled: bool,
    stands: bool,
    now: DateTime<Utc>,
) -> Option<DateTime<Utc>> {
    renewed_until(terms, standing, now).ok().filter(|_| stands && !cancelled)
}

fn over() -> Refusal {
    Refusal::conflict("license_over", t!("This license is over; license the work again."))
}

fn offer_over() -> Refusal {
    Refusal::conflict(
        "offer_over",
        t!(
            "The offer this license came from stands no longer. When the license ends, take what is offered then."
        ),
    )
}

// SQL

struct Held {
    standing: Standing,
    cancelled_at: Option<DateTime<Utc>>,
    uncut_ends_at: Option<DateTime<Utc>>,
    tier_id: TierId,
    price: Price,
    terms: PublishedTerms,
    /// Whether its offer still does.
    stands: bool,
}

async fn lock(tx: &mut PgConnection, member: Member, license_id: LicenseId) -> Result<Held> {
    let row = sqlx::query!(
        r#"select license.state, license.starts_at, license.ends_at, license.cancelled_at,
                  license.uncut_ends_at, license.terms_id, license.terms_digest, terms.document,
                  offer.ended_at is null and asset.visibility <> 'private' as "stands!",
                  tier.tier_id, tier.base_micros, tier.included_units, tier.overrun,
                  tier.overage_micros, tier.model, tier.use_micros, tier.use_per, tier.share_bp,
                  tier.rolls_over
           from license
           join tier on tier.tier_id = license.tier_id
           join terms on terms.terms_id = license.terms_id
           join offer on offer.offer_id = license.offer_id
           join asset on asset.asset_id = license.asset_id
           where license.org_id = $1 and license.license_id = $2
           for update of license"#,
        member.org_id.uuid(),
        license_id.uuid(),
    )
    .fetch_optional(tx)
    .await?
    .ok_or_else(|| Refusal::not_found("license"))?;
    Ok(Held {
        standing: Standing { state: row.state, starts_at: row.starts_at, ends_at: row.ends_at },
        cancelled_at: row.cancelled_at,
        uncut_ends_at: row.uncut_ends_at,
        tier_id: row.tier_id,
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
        terms: terms::published(row.terms_id, row.terms_digest, row.document)?,
        stands: row.stands,
    })
}

async fn write_cancelled(
    tx: &mut PgConnection,
    license_id: LicenseId,
    now: DateTime<Utc>,
    end: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "update license set cancelled_at = $2, uncut_ends_at = ends_at, ends_at = $3
         where license_id = $1",
        license_id.uuid(),
        now,
        end,
    )
    .execute(tx)
    .await?;
    Ok(())
}

async fn write_resumed(tx: &mut PgConnection, license_id: LicenseId) -> Result<()> {
    sqlx::query!(
        "update license set cancelled_at = null, uncut_ends_at = null, ends_at = uncut_ends_at
         where license_id = $1",
        license_id.uuid(),
    )
    .execute(tx)
    .await?;
    Ok(())
}

async fn write_end(tx: &mut PgConnection, license_id: LicenseId, end: DateTime<Utc>) -> Result<()> {
    sqlx::query!("update license set ends_at = $2 where license_id = $1", license_id.uuid(), end)
        .execute(tx)
        .await?;
    Ok(())
}
