//! A new secret in the place of one in use. For a while both work, so that machines can be switched
//! over one by one.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use sqlx::PgConnection;

use super::{Fresh, NewSecret, count_live, insert_token, is_created, lock_license, over};
use crate::{
    domain::{
        access_token::{TokenLimits, TokenSecret},
        actor::{Actor, Deed, Member},
        error::Refusal,
        event::EventName,
        ids::{LicenseId, TokenId},
    },
    services::{
        Error, OnConstraint as _, Result, Services, events, offers::read_scopes,
        tokens::TOKENS_PER_LICENSE_MAX,
    },
};

/// The longest both secrets work.
pub const OVERLAP_DAYS_MAX: u8 = 7;

/// A token to make in the place of another. The id is made by the form, so that sending it twice
/// rotates once.
#[derive(Clone, Copy, Debug)]
pub struct Rotation {
    pub token_id: TokenId,
    /// The token it takes the place of.
    pub old: TokenId,
    /// Days until the old one stops working; 0 is at once.
    pub overlap_days: u8,
}

/// Makes a token with the name, uses, limits and lifetime of another, which ends after the overlap.
/// The secret is there only the first time.
///
/// # Errors
///
/// Refuses a token that is over, was rotated before, or belongs to a license that is over.
pub async fn rotate(
    services: &Services,
    actor: &Actor,
    rotation: Rotation,
) -> Result<(LicenseId, Option<TokenSecret>)> {
    let member = actor.may_as_buyer(Deed::RotateToken)?;
    if rotation.overlap_days > OVERLAP_DAYS_MAX {
        return Err(Refusal::invalid("overlap", t!("Choose one of the times listed.")).into());
    }
    let now = services.now();
    let mut tx = services.pool.begin().await?;
    let license_id = license_of(&mut tx, member, rotation.old).await?;
    let (standing, _) = lock_license(&mut tx, member, license_id).await?;
    let about = (license_id, Some(rotation.old));
    if is_created(&mut tx, member, rotation.token_id, about).await? {
        return Ok((license_id, None));
    }
    if !standing.state_at(now).is_live() {
        return Err(over().into());
    }
    let old = find(&mut tx, rotation.old).await?;
    if old.revoked_at.is_some() || old.expires_at.is_some_and(|end| end <= now) {
        return Err(
            Refusal::conflict("token_over", t!("This token is over; create a new one.")).into()
        );
    }
    // While they overlap there are two for each.
    if count_live(&mut tx, license_id, now).await? >= 2 * TOKENS_PER_LICENSE_MAX {
        return Err(Refusal::conflict(
            "too_many_tokens",
            t!("Too many tokens of this license overlap. Revoke one first."),
        )
        .into());
    }
    let secret = TokenSecret::from_bytes(&rand::random(), services.live);
    let fresh = Fresh {
        token_id: rotation.token_id,
        license_id,
        name: &old.name,
        scopes: &read_scopes(&old.scopes)?,
        limits: &TokenLimits::parse(&old.domains, &old.jobs, old.requires_nonce)
            .map_err(|refusal| Error::fault("reading a token's limits", refusal))?,
        expires_at: old.expires_at.map(|end| now + (end - old.created_at)),
        rotated_from: Some(rotation.old),
    };
    insert_token(&mut tx, member, &fresh, NewSecret { secret: &secret, now })
        .await
        .on_constraint("access_token_rotated_from_key", rotated_before)?;
    let until = now + TimeDelta::days(rotation.overlap_days.into());
    end_by(&mut tx, rotation.old, until).await?;
    events::record(
        &mut tx,
        actor,
        now,
        EventName::TokenRotated,
        Some(member.org_id),
        rotation.token_id.uuid(),
        json!({
            "license_id": license_id,
            "rotated_from": rotation.old,
            "prefix": secret.prefix(),
            "overlap_days": rotation.overlap_days,
        }),
    )
    .await?;
    tx.commit().await?;
    Ok((license_id, Some(secret)))
}

fn rotated_before() -> Refusal {
    Refusal::conflict(
        "token_rotated",
        t!("This token was rotated before. Rotate the one that took its place."),
    )
}

// SQL

async fn license_of(tx: &mut PgConnection, member: Member, token_id: TokenId) -> Result<LicenseId> {
    let license_id = sqlx::query_scalar!(
        "select license_id from access_token where org_id = $1 and token_id = $2",
        member.org_id.uuid(),
        token_id.uuid(),
    )
    .fetch_optional(tx)
    .await?;
    Ok(license_id.ok_or_else(|| Refusal::not_found("token"))?)
}

struct Old {
    name: String,
    scopes: Vec<String>,
    domains: Vec<String>,
    jobs: Vec<String>,
    requires_nonce: bool,
    created_at: DateTime<Utc>,
    expires_at: Option<DateTime<Utc>>,
    revoked_at: Option<DateTime<Utc>>,
}

async fn find(tx: &mut PgConnection, token_id: TokenId) -> Result<Old> {
    let old = sqlx::query_as!(
        Old,
        "select name, scopes, domains, jobs, requires_nonce, created_at, expires_at, revoked_at
         from access_token where token_id = $1 for update",
        token_id.uuid(),
    )
    .fetch_one(tx)
    .await?;
    Ok(old)
}

async fn end_by(tx: &mut PgConnection, token_id: TokenId, until: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "update access_token set expires_at = least(expires_at, $2) where token_id = $1",
        token_id.uuid(),
        until,
    )
    .execute(tx)
    .await?;
    Ok(())
}
