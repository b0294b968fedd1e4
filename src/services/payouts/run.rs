//! Deciding who is paid what: the table `payout_decision`, and new rows of `payout` by way of `seen`.

use chrono::{DateTime, Utc};
use serde_json::json;
use sqlx::PgConnection;

use super::{accounts, seen};
use crate::{
    domain::{
        actor::{Actor, Deed, Who},
        error::Refusal,
        event::EventName,
        ids::{OrgId, PayoutId},
        ledger::{self as book, AccountKind},
        money::{Currency, Money},
        payout::{self, Plan, Standing},
    },
    services::{
        Result, Services, events,
        ledger::{self, Posting},
        mint,
    },
};

/// What a run has decided.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Decided {
    pub payouts: usize,
    pub skipped: usize,
}

/// When it is decided, and whether it is kept that nothing is sent; whoever asks is told.
#[derive(Clone, Copy, Debug)]
struct Run {
    at: DateTime<Utc>,
    keeps_skips: bool,
}

/// Decides for every creator whose time has come. Each is decided on once a week or month, however
/// often this runs, and by however many.
///
/// # Errors
///
/// Only the product itself runs payouts; to everybody else there are none.
pub async fn run(services: &Services, actor: &Actor) -> Result<Decided> {
    if actor.who != Who::System {
        return Err(Refusal::not_found("payout").into());
    }
    let mut conn = services.pool.acquire().await?;
    let creators = with_earnings(&mut conn).await?;
    // Deciding takes a connection of its own.
    drop(conn);
    let mut decided = Decided::default();
    for (org_id, currency) in creators {
        let now = services.now();
        let schedule = accounts::schedule(&services.pool, org_id).await?;
        let Some(at) = schedule.latest(now) else { continue };
        let due = Run { at, keeps_skips: true };
        match decide(services, actor, org_id, currency, due).await? {
            Some(Plan { micros: 0, .. }) => decided.skipped += 1,
            Some(_) => decided.payouts += 1,
            None => {}
        }
    }
    Ok(decided)
}

/// Pays what is available now, because the creator asks. Answers the decision.
///
/// # Errors
///
/// Refuses with the sentence that says why nothing is sent.
pub async fn request(services: &Services, actor: &Actor, currency: Currency) -> Result<Plan> {
    let org_id = actor.may_as_creator(Deed::ManagePayouts)?.org_id;
    let asked = Run { at: services.now(), keeps_skips: false };
    match decide(services, actor, org_id, currency, asked).await? {
        Some(Plan { micros: 0, why }) => {
            Err(Refusal::conflict("nothing_to_pay_out", why.unwrap_or_default()).into())
        }
        Some(plan) => Ok(plan),
        None => {
            Err(Refusal::conflict("asked_already", t!("This was asked for a moment ago.")).into())
        }
    }
}

/// One creator, one currency, one run: the decision, what it reserves and its booking. Nothing where
/// this run has decided already.
async fn decide(
    services: &Services,
    actor: &Actor,
    org_id: OrgId,
    currency: Currency,
    run: Run,
) -> Result<Option<Plan>> {
    let run_at = run.at;
    let now = services.now();
    let (account, readiness) = accounts::account(services, org_id).await?;
    let mut tx = services.pool.begin().await?;
    lock_creator(&mut tx, org_id).await?;
    if is_decided(&mut tx, org_id, currency, run_at).await? {
        return Ok(None);
    }
    let balances = ledger::balances(&mut tx, org_id).await?;
    let reads = |kind| balances.get(&(kind, currency)).copied().unwrap_or(0);
    let standing = Standing {
        available: Money::new(reads(AccountKind::CreatorAvailable), currency),
        pending_micros: reads(AccountKind::CreatorPending),
        held_micros: reads(AccountKind::CreatorHeld),
        readiness,
    };
    let plan = payout::plan(&standing);
    if plan.micros == 0 && !run.keeps_skips {
        return Ok(Some(plan));
    }
    let sum = Money::new(plan.micros, currency);
    let mut payout_id = None;
    if let (Some(account), true) = (account, sum.micros > 0) {
        let id: PayoutId = mint();
        seen::insert(&mut tx, id, org_id, sum, account.as_str(), now).await?;
        let booked = book::payout_reserved(org_id, sum);
        let reason = format!("The payout of {}.", run_at.format("%Y-%m-%d"));
        ledger::post_one(&mut tx, now, Posting::of(id.uuid(), reason, booked)?).await?;
        let detail = json!({ "sum": sum.decimal(), "currency": currency });
        let name = EventName::PayoutDecided;
        events::record(&mut tx, actor, now, name, Some(org_id), id.uuid(), detail).await?;
        payout_id = Some(id);
    }
    insert_decision(&mut tx, org_id, run_at, payout_id, &standing, plan.why.as_deref()).await?;
    tx.commit().await?;
    Ok(Some(plan))
}

// SQL

/// Everybody with something available, or owing something.
async fn with_earnings(conn: &mut PgConnection) -> Result<Vec<(OrgId, Currency)>> {
    let rows = sqlx::query!(
        r#"select org_id as "org_id!: OrgId", currency from ledger_account
           where kind = 'creator_available' and balance_micros <> 0 order by org_id, currency"#
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|row| (row.org_id, row.currency)).collect())
}

/// Two runs at once decide one after the other.
async fn lock_creator(tx: &mut PgConnection, org_id: OrgId) -> Result<()> {
    sqlx::query_scalar!(
        "select org_id from organization where org_id = $1 for no key update",
        org_id.uuid()
    )
    .fetch_one(tx)
    .await?;
    Ok(())
}

async fn is_decided(
    tx: &mut PgConnection,
    org_id: OrgId,
    currency: Currency,
    run_at: DateTime<Utc>,
) -> Result<bool> {
    let found = sqlx::query_scalar!(
        r#"select exists (select from payout_decision
                          where org_id = $1 and currency = $2 and run_at = $3) as "found!""#,
        org_id.uuid(),
        currency.as_str(),
        run_at,
    )
    .fetch_one(tx)
    .await?;
    Ok(found)
}

async fn insert_decision(
    tx: &mut PgConnection,
    org_id: OrgId,
    run_at: DateTime<Utc>,
    payout_id: Option<PayoutId>,
    standing: &Standing,
    why: Option<&str>,
) -> Result<()> {
    sqlx::query!(
        "insert into payout_decision (org_id, currency, run_at, payout_id, available_micros, why)
         values ($1, $2, $3, $4, $5, $6)",
        org_id.uuid(),
        standing.available.currency.as_str(),
        run_at,
        payout_id.map(PayoutId::uuid),
        standing.available.micros,
        why,
    )
    .execute(tx)
    .await?;
    Ok(())
}
