//! Accepting an offer, and what that ends.

use chrono::{DateTime, Utc};
use serde_json::json;
use sqlx::PgConnection;

use super::read::held;
use crate::{
    domain::{
        actor::{Actor, Deed, Member},
        error::{Kind, Refusal},
        event::EventName,
        ids::{AssetId, LicenseId, OfferId, OrgId, TierId},
    },
    services::{
        OnConstraint as _, Result, Services, events, jobs,
        sent_before::was_sent,
        terms::{self, PublishedTerms},
    },
};

/// An acceptance. The id is made by the form, so that sending it twice accepts once.
#[derive(Debug)]
pub struct Acceptance {
    pub license_id: LicenseId,
    pub asset_id: AssetId,
    pub tier_id: TierId,
    /// Of the terms the person was shown.
    pub terms_digest: String,
    /// Whether the box was ticked.
    pub agreed: bool,
}

/// Accepts an offer: who, when, and which terms digest are kept for good. A license on a free tier
/// gives way to one on another tier.
///
/// # Errors
///
/// Refuses one's own work, a second live license beside one that is paid for or suspended, and terms that have changed
/// since they were shown.
pub async fn accept(services: &Services, actor: &Actor, new: Acceptance) -> Result<LicenseId> {
    let member = actor.may_as_buyer(Deed::AcceptLicense)?;
    let now = services.now();
    let mut tx = services.pool.begin().await?;
    if is_accepted(&mut tx, member.org_id, &new).await? {
        return Ok(new.license_id);
    }
    let offered = lock_offer(&mut tx, member.org_id, new.asset_id).await?;
    if offered.creator_org_id == member.org_id {
        return Err(Refusal::conflict(
            "own_work",
            t!("This work is your organization's own; it needs no license."),
        )
        .into());
    }
    if offered.digest != new.terms_digest {
        return Err(Refusal::conflict(
            "terms_changed",
            t!("The creator published other terms while you were reading. Read them and accept again."),
        )
        .into());
    }
    if !new.agreed {
        return Err(Refusal::invalid("agreed", t!("Tick the box to accept the terms.")).into());
    }
    has_tier(&mut tx, offered.offer_id, new.tier_id).await?;
    expire_lapsed(&mut tx, member.org_id, new.asset_id, now).await?;
    end_free(&mut tx, actor, member, &new, now).await?;
    let inserted = match insert_license(&mut tx, member, &new, &offered, now).await {
        Err(error) if error.refusal().is_some_and(|refusal| refusal.code == "license_held") => {
            // The same form, sent at the same instant, may be met as somebody else's license.
            tx.rollback().await?;
            let mut connection = services.pool.acquire().await?;
            let sent = is_accepted(&mut connection, member.org_id, &new).await?;
            return if sent { Ok(new.license_id) } else { Err(error) };
        }
        inserted => inserted?,
    };
    if !inserted {
        // The same form, sent at the same time, was faster.
        is_accepted(&mut tx, member.org_id, &new).await?;
        return Ok(new.license_id);
    }
    events::record(
        &mut tx,
        actor,
        now,
        EventName::LicenseAccepted,
        Some(member.org_id),
        new.license_id.uuid(),
        json!({
            "asset_id": new.asset_id,
            "tier_id": new.tier_id,
            "terms_digest": new.terms_digest,
            "creator_org_id": offered.creator_org_id,
        }),
    )
    .await?;
    let asked = json!({ "license_id": new.license_id });
    let key = new.license_id.to_string();
    jobs::enqueue(&mut tx, "license.charge", asked, Some(&key), now, now).await?;
    tx.commit().await?;
    Ok(new.license_id)
}

/// Ends the held license if it may give way to another tier. If it may not, it stands in the way of
/// the new one.
async fn end_free(
    tx: &mut PgConnection,
    actor: &Actor,
    member: Member,
    new: &Acceptance,
    now: DateTime<Utc>,
) -> Result<()> {
    let Some(held) = held(tx, member.org_id, new.asset_id, now).await? else { return Ok(()) };
    if !held.gives_way || held.tier_id == new.tier_id {
        return Ok(());
    }
    if !mark_ended(tx, held.license_id, now).await? {
        return Ok(());
    }
    events::record(
        tx,
        actor,
        now,
        EventName::LicenseEnded,
        Some(member.org_id),
        held.license_id.uuid(),
        json!({ "asset_id": new.asset_id, "replaced_by": new.license_id }),
    )
    .await
}

// SQL

struct Offered {
    offer_id: OfferId,
    creator_org_id: OrgId,
    terms: PublishedTerms,
    digest: String,
}

/// The offer standing on a work, kept from ending until the transaction is over.
///
/// A contract with the organization comes before what is offered to everybody.
async fn lock_offer(tx: &mut PgConnection, org_id: OrgId, asset_id: AssetId) -> Result<Offered> {
    let row = sqlx::query!(
        "select offer.offer_id, offer.org_id, terms.terms_id, terms.digest, terms.document
         from offer
         join terms on terms.terms_id = offer.terms_id
         join asset on asset.asset_id = offer.asset_id
         where offer.asset_id = $1 and offer.ended_at is null and asset.visibility <> 'private'
           and (offer.buyer_org_id is null or offer.buyer_org_id = $2)
         order by offer.buyer_org_id nulls last limit 1
         for share of offer",
        asset_id.uuid(),
        org_id.uuid(),
    )
    .fetch_optional(tx)
    .await?
    .ok_or_else(|| Refusal::not_found("work"))?;
    Ok(Offered {
        offer_id: row.offer_id,
        creator_org_id: row.org_id,
        digest: row.digest.clone(),
        terms: terms::published(row.terms_id, row.digest, row.document)?,
    })
}

async fn has_tier(tx: &mut PgConnection, offer_id: OfferId, tier_id: TierId) -> Result<()> {
    sqlx::query_scalar!(
        "select tier_id from tier where offer_id = $1 and tier_id = $2",
        offer_id.uuid(),
        tier_id.uuid(),
    )
    .fetch_optional(tx)
    .await?
    .ok_or_else(|| Refusal::invalid("tier", t!("Choose one of the tiers listed.")))?;
    Ok(())
}

async fn is_accepted(tx: &mut PgConnection, org_id: OrgId, new: &Acceptance) -> Result<bool> {
    let found = sqlx::query!(
        "select org_id, asset_id, tier_id from license where license_id = $1",
        new.license_id.uuid()
    )
    .fetch_optional(tx)
    .await?;
    let found = found.map(|row| (row.org_id, (row.asset_id, row.tier_id)));
    was_sent("license", org_id, &(new.asset_id, new.tier_id), found)
}

/// A license past its end holds its place no longer.
async fn expire_lapsed(
    tx: &mut PgConnection,
    org_id: OrgId,
    asset_id: AssetId,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "update license set state = 'expired'
         where org_id = $1 and asset_id = $2 and state in ('pending', 'active', 'suspended')
           and ends_at <= $3",
        org_id.uuid(),
        asset_id.uuid(),
        now,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Answers whether it was this call that ended it: an acceptance at the same time may be faster.
async fn mark_ended(
    tx: &mut PgConnection,
    license_id: LicenseId,
    now: DateTime<Utc>,
) -> Result<bool> {
    let ended = sqlx::query!(
        "update license set state = 'expired', ends_at = greatest($2, starts_at)
         where license_id = $1 and state in ('pending', 'active')",
        license_id.uuid(),
        now,
    )
    .execute(tx)
    .await?;
    Ok(ended.rows_affected() == 1)
}

async fn insert_license(
    tx: &mut PgConnection,
    member: Member,
    new: &Acceptance,
    offered: &Offered,
    now: DateTime<Utc>,
) -> Result<bool> {
    let (starts_at, ends_at) = offered.terms.terms.period(now)?;
    let inserted = sqlx::query!(
        "insert into license (license_id, org_id, creator_org_id, asset_id, offer_id, tier_id, terms_id,
                              terms_digest, state, accepted_by, accepted_at, starts_at, ends_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, 'active', $9, $10, $11, $12)
         on conflict (license_id) do nothing",
        new.license_id.uuid(),
        member.org_id.uuid(),
        offered.creator_org_id.uuid(),
        new.asset_id.uuid(),
        offered.offer_id.uuid(),
        new.tier_id.uuid(),
        offered.terms.terms_id.uuid(),
        offered.digest,
        member.person_id.uuid(),
        now,
        starts_at,
        ends_at,
    )
    .execute(tx)
    .await
    .on_constraint("license_live_key", || {
        Refusal::new(
            Kind::Conflict,
            "license_held",
            t!("Your organization already holds a license for this work."),
        )
    })?;
    Ok(inserted.rows_affected() == 1)
}
