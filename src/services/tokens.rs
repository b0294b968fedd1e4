//! Tokens: creating, listing, rotating and revoking the secrets that let machines act under a
//! license.
//!
//! A secret leaves once, in the answer of `create` or `rotate`; only its SHA-256 is kept.

mod rotate;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use sqlx::PgConnection;

pub use rotate::{OVERLAP_DAYS_MAX, Rotation, rotate};

use super::{
    Error, Result, Services, events,
    offers::{read_scopes, write_scopes},
    sent_before::was_sent,
};
use crate::domain::{
    access_token::{TokenLimits, TokenSecret, TypedLimits},
    actor::{Actor, Deed, Member},
    error::Refusal,
    event::EventName,
    ids::{LicenseId, TokenId},
    license::Standing,
    terms::Scope,
    text,
};

/// The most live tokens one license may have.
const TOKENS_PER_LICENSE_MAX: i64 = 100;

/// A token to create. The id is made by the form, so that sending it twice creates once.
#[derive(Debug)]
pub struct NewToken {
    pub token_id: TokenId,
    pub license_id: LicenseId,
    pub name: String,
    /// What the token is for; a part of what the license's tier grants.
    pub scopes: Vec<Scope>,
    /// Days until it stops working; never where missing.
    pub expires_in_days: Option<u16>,
    pub limits: TypedLimits,
}

/// A token as it can be shown again.
#[derive(Debug)]
pub struct Token {
    pub token_id: TokenId,
    pub name: String,
    pub prefix: String,
    pub last_four: String,
    pub scopes: Vec<Scope>,
    pub limits: TokenLimits,
    /// Whether another token was made in its place.
    pub rotated: bool,
    pub created_at: DateTime<Utc>,
    pub expires_at: Option<DateTime<Utc>>,
    pub revoked_at: Option<DateTime<Utc>>,
    pub last_used_at: Option<DateTime<Utc>>,
}

impl Token {
    /// Whether the gate lets it in now, as far as the token itself is concerned.
    pub fn is_live(&self, now: DateTime<Utc>) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|end| now < end)
    }
}

/// Creates a token under one of one's own licenses. The secret is there only the first time.
pub async fn create(
    services: &Services,
    actor: &Actor,
    mut new: NewToken,
) -> Result<Option<TokenSecret>> {
    let member = actor.may_as_buyer(Deed::CreateToken)?;
    let name = text::line("name", &new.name, 80)?;
    let limits = new.limits.parse()?;
    new.scopes.sort_unstable();
    new.scopes.dedup();
    let now = services.now();
    let mut tx = services.pool.begin().await?;
    let (standing, granted) = lock_license(&mut tx, member, new.license_id).await?;
    if is_created(&mut tx, member, new.token_id, (new.license_id, None)).await? {
        return Ok(None);
    }
    if !standing.state_at(now).is_live() {
        return Err(over().into());
    }
    if new.scopes.is_empty() {
        return Err(Refusal::invalid("scopes", t!("Choose at least one use.")).into());
    }
    if new.scopes.iter().any(|scope| !granted.contains(scope)) {
        return Err(
            Refusal::invalid("scopes", t!("Choose only uses that the license grants.")).into()
        );
    }
    if count_live(&mut tx, new.license_id, now).await? >= TOKENS_PER_LICENSE_MAX {
        return Err(Refusal::conflict(
            "too_many_tokens",
            t!("A license has at most {TOKENS_PER_LICENSE_MAX} tokens. Revoke one first."),
        )
        .into());
    }
    let secret = TokenSecret::from_bytes(&rand::random(), services.live);
    let fresh = Fresh {
        token_id: new.token_id,
        license_id: new.license_id,
        name: &name,
        scopes: &new.scopes,
        limits: &limits,
        expires_at: new.expires_in_days.map(|days| now + TimeDelta::days(days.into())),
        rotated_from: None,
    };
    insert_token(&mut tx, member, &fresh, NewSecret { secret: &secret, now }).await?;
    events::record(
        &mut tx,
        actor,
        now,
        EventName::TokenCreated,
        Some(member.org_id),
        new.token_id.uuid(),
        json!({ "license_id": new.license_id, "name": name, "prefix": secret.prefix() }),
    )
    .await?;
    tx.commit().await?;
    Ok(Some(secret))
}

/// The tokens of one of one's own licenses, newest first.
pub async fn list(services: &Services, actor: &Actor, license_id: LicenseId) -> Result<Vec<Token>> {
    let member = actor.may(Deed::ReadLicenses)?;
    let rows = sqlx::query!(
        r#"select token_id, name, prefix, last_four, scopes, domains, jobs, requires_nonce,
                  created_at, expires_at, revoked_at,
                  exists (select from access_token newer
                          where newer.rotated_from = access_token.token_id) as "rotated!",
                  (select max(last_at) from token_client_hour
                   where token_client_hour.token_id = access_token.token_id) as last_used_at
           from access_token
           where org_id = $1 and license_id = $2
           order by token_id desc"#,
        member.org_id.uuid(),
        license_id.uuid(),
    )
    .fetch_all(&services.pool)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(Token {
                token_id: row.token_id,
                name: row.name,
                prefix: row.prefix,
                last_four: row.last_four,
                scopes: read_scopes(&row.scopes)?,
                limits: TokenLimits::parse(&row.domains, &row.jobs, row.requires_nonce)
                    .map_err(|refusal| Error::fault("reading a token's limits", refusal))?,
                rotated: row.rotated,
                created_at: row.created_at,
                expires_at: row.expires_at,
                revoked_at: row.revoked_at,
                last_used_at: row.last_used_at,
            })
        })
        .collect()
}

/// Revokes a token; the gate refuses it within a second. Revoking twice is revoking once.
pub async fn revoke(services: &Services, actor: &Actor, token_id: TokenId) -> Result<LicenseId> {
    // Whichever side the organization is on now: a secret that leaked must be stopped.
    let member = actor.may(Deed::RevokeToken)?;
    let now = services.now();
    let mut tx = services.pool.begin().await?;
    let row = sqlx::query!(
        "select license_id, revoked_at from access_token
         where org_id = $1 and token_id = $2 for update",
        member.org_id.uuid(),
        token_id.uuid(),
    )
    .fetch_optional(&mut *tx)
    .await?
    .ok_or_else(|| Refusal::not_found("token"))?;
    if row.revoked_at.is_some() {
        return Ok(row.license_id);
    }
    mark_revoked(&mut tx, token_id, now).await?;
    events::record(
        &mut tx,
        actor,
        now,
        EventName::TokenRevoked,
        Some(member.org_id),
        token_id.uuid(),
        json!({ "license_id": row.license_id }),
    )
    .await?;
    tx.commit().await?;
    Ok(row.license_id)
}

fn over() -> Refusal {
    Refusal::conflict("license_over", t!("This license is over; license the work again."))
}

// SQL

/// Where the license stands and the scopes its tier grants. The lock keeps two tokens from both being
/// the last one allowed.
async fn lock_license(
    tx: &mut PgConnection,
    member: Member,
    license_id: LicenseId,
) -> Result<(Standing, Vec<Scope>)> {
    let row = sqlx::query!(
        "select license.state, license.starts_at, license.ends_at, tier.scopes
         from license join tier on tier.tier_id = license.tier_id
         where license.org_id = $1 and license.license_id = $2
         for update of license",
        member.org_id.uuid(),
        license_id.uuid(),
    )
    .fetch_optional(tx)
    .await?
    .ok_or_else(|| Refusal::not_found("license"))?;
    let standing = Standing { state: row.state, starts_at: row.starts_at, ends_at: row.ends_at };
    Ok((standing, read_scopes(&row.scopes)?))
}

/// `about` is the license, and the token that is rotated.
async fn is_created(
    tx: &mut PgConnection,
    member: Member,
    token_id: TokenId,
    about: (LicenseId, Option<TokenId>),
) -> Result<bool> {
    let found = sqlx::query!(
        "select org_id, license_id, rotated_from from access_token where token_id = $1",
        token_id.uuid()
    )
    .fetch_optional(tx)
    .await?;
    let found = found.map(|row| (row.org_id, (row.license_id, row.rotated_from)));
    was_sent("token", member.org_id, &about, found)
}

async fn count_live(
    tx: &mut PgConnection,
    license_id: LicenseId,
    now: DateTime<Utc>,
) -> Result<i64> {
    let count = sqlx::query_scalar!(
        r#"select count(*) as "count!" from access_token
           where license_id = $1 and revoked_at is null and (expires_at is null or expires_at > $2)"#,
        license_id.uuid(),
        now,
    )
    .fetch_one(tx)
    .await?;
    Ok(count)
}

/// A token about to be written.
struct Fresh<'a> {
    token_id: TokenId,
    license_id: LicenseId,
    name: &'a str,
    scopes: &'a [Scope],
    limits: &'a TokenLimits,
    expires_at: Option<DateTime<Utc>>,
    rotated_from: Option<TokenId>,
}

/// Its secret, made now.
struct NewSecret<'a> {
    secret: &'a TokenSecret,
    now: DateTime<Utc>,
}

async fn insert_token(
    tx: &mut PgConnection,
    member: Member,
    fresh: &Fresh<'_>,
    NewSecret { secret, now }: NewSecret<'_>,
) -> std::result::Result<(), sqlx::Error> {
    let secret_hash = secret.hash();
    let domains: Vec<String> =
        fresh.limits.domains.iter().map(|domain| domain.as_str().to_owned()).collect();
    let jobs: Vec<String> = fresh.limits.jobs.iter().map(|job| job.as_str().to_owned()).collect();
    sqlx::query!(
        "insert into access_token (token_id, license_id, org_id, name, secret_hash, prefix, last_four,
                                   scopes, created_by, created_at, expires_at, domains, jobs,
                                   requires_nonce, rotated_from)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
        fresh.token_id.uuid(),
        fresh.license_id.uuid(),
        member.org_id.uuid(),
        fresh.name,
        secret_hash.as_slice(),
        secret.prefix(),
        secret.last_four(),
        &write_scopes(fresh.scopes),
        member.person_id.uuid(),
        now,
        fresh.expires_at,
        &domains,
        &jobs,
        fresh.limits.requires_nonce,
        fresh.rotated_from.map(TokenId::uuid),
    )
    .execute(tx)
    .await?;
    Ok(())
}

async fn mark_revoked(tx: &mut PgConnection, token_id: TokenId, now: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "update access_token set revoked_at = $2 where token_id = $1",
        token_id.uuid(),
        now
    )
    .execute(tx)
    .await?;
    Ok(())
}

#[cfg(test)]
mod tests;
