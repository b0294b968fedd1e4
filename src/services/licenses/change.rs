//! What changes on a license that is held: its spend cap, and its tier where it moves up by itself.

use serde_json::json;
use sqlx::PgConnection;

use crate::{
    domain::{
        actor::{Actor, Deed, Member, Who},
        error::Refusal,
        event::EventName,
        ids::{LicenseId, OrgId, TierId},
        license::Standing,
        money::{Currency, Money},
    },
    services::{Result, Services, events},
};

/// Sets what the organization will spend on one of its own licenses in a calendar month at most, as
/// typed in the currency of its tier; empty lifts the cap. The gate knows within a second.
///
/// # Errors
///
/// Refuses a cap below the base fee, which is due in any case, and a license that is over.
pub async fn set_spend_cap(
    services: &Services,
    actor: &Actor,
    license_id: LicenseId,
    typed: &str,
) -> Result<Option<Money>> {
    let member = actor.may_as_buyer(Deed::CapSpend)?;
    let now = services.now();
    let mut tx = services.pool.begin().await?;
    let held = lock(&mut tx, member, license_id).await?;
    if !held.standing.state_at(now).is_live() {
        return Err(Refusal::conflict(
            "license_over",
            t!("This license is over; it costs no more."),
        )
        .into());
    }
    let cap = match typed.trim() {
        "" => None,
        typed => Some(Money::parse("spend_cap", typed, held.currency)?),
    };
    let base = Money::new(held.base_micros, held.currency);
    if cap.is_some_and(|cap| cap.micros < base.micros) {
        return Err(Refusal::invalid(
            "spend_cap",
            t!("The base fee alone is {base} a month. Set at least that, or no cap."),
        )
        .into());
    }
    let cap_micros = cap.map(|cap| cap.micros);
    if cap_micros == held.spend_cap_micros {
        return Ok(cap);
    }
    write_spend_cap(&mut tx, license_id, cap_micros).await?;
    events::record(
        &mut tx,
        actor,
        now,
        EventName::LicenseSpendCapSet,
        Some(member.org_id),
        license_id.uuid(),
        json!({
            "spend_cap": cap.map(Money::decimal),
            "before": held.spend_cap_micros.map(|micros| Money::new(micros, held.currency).decimal()),
            "currency": held.currency,
        }),
    )
    .await?;
    tx.commit().await?;
    Ok(cap)
}

/// A license that is to move to a larger tier of its offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MoveUp {
    pub license_id: LicenseId,
    pub from: TierId,
    pub to: TierId,
}

/// Moves a license up, because the included units of its tier are used up and the tier says so. Done
/// twice it is done once: answers whether it was this call that moved it.
///
/// # Errors
///
/// Only the product itself moves licenses; to everybody else there is none to move.
pub async fn upgrade(services: &Services, actor: &Actor, up: MoveUp) -> Result<bool> {
    if actor.who != Who::System {
        return Err(Refusal::not_found("license").into());
    }
    let now = services.now();
    let mut tx = services.pool.begin().await?;
    let Some(org_id) = write_tier(&mut tx, up).await? else { return Ok(false) };
    events::record(
        &mut tx,
        actor,
        now,
        EventName::LicenseUpgraded,
        Some(org_id),
        up.license_id.uuid(),
        json!({ "from_tier_id": up.from, "to_tier_id": up.to }),
    )
    .await?;
    tx.commit().await?;
    Ok(true)
}

// SQL

struct Capped {
    standing: Standing,
    currency: Currency,
    base_micros: i64,
    spend_cap_micros: Option<i64>,
}

async fn lock(tx: &mut PgConnection, member: Member, license_id: LicenseId) -> Result<Capped> {
    let row = sqlx::query!(
        r#"select license.state, license.starts_at, license.ends_at, license.spend_cap_micros,
                tier.currency,
                case when tier.model = 'subscription' then tier.base_micros else 0 end as "base_micros!"
         from license join tier on tier.tier_id = license.tier_id
         where license.org_id = $1 and license.license_id = $2
         for update of license"#,
        member.org_id.uuid(),
        license_id.uuid(),
    )
    .fetch_optional(tx)
    .await?
    .ok_or_else(|| Refusal::not_found("license"))?;
    Ok(Capped {
        standing: Standing { state: row.state, starts_at: row.starts_at, ends_at: row.ends_at },
        currency: row.currency,
        base_micros: row.base_micros,
        spend_cap_micros: row.spend_cap_micros,
    })
}

async fn write_spend_cap(
    tx: &mut PgConnection,
    license_id: LicenseId,
    spend_cap_micros: Option<i64>,
) -> Result<()> {
    sqlx::query!(
        "update license set spend_cap_micros = $2 where license_id = $1",
        license_id.uuid(),
        spend_cap_micros,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// The license's organization, if the license was on the tier it leaves and that tier moves up.
async fn write_tier(tx: &mut PgConnection, up: MoveUp) -> Result<Option<OrgId>> {
    let org_id = sqlx::query_scalar!(
        "update license set tier_id = larger.tier_id
         from tier, tier larger
         where license.license_id = $1 and license.tier_id = $2
           and license.state in ('pending', 'active', 'suspended')
           and tier.tier_id = $2 and tier.overrun = 'upgrade'
           and larger.tier_id = $3 and larger.offer_id = tier.offer_id
           and larger.position > tier.position
         returning license.org_id",
        up.license_id.uuid(),
        up.from.uuid(),
        up.to.uuid(),
    )
    .fetch_optional(tx)
    .await?;
    Ok(org_id)
}
