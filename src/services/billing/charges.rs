//! What a license costs for a month: the table `charge`, append-only.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    fmt::Write as _,
};

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::{
    earnings,
    facts::{self, Licensed, SoFar},
};
use crate::{
    domain::{
        error::Refusal,
        ids::{AssetId, ChargeId, LicenseId, OrgId, TierId},
        ledger::{self as book, Payees},
        money::{Currency, Money},
        month::Month,
        rating::{self, ChargeKind, Usage},
    },
    services::{
        Result,
        ledger::{self, Posting},
        mint,
    },
};

/// A charge, before it is written.
#[derive(Clone, Debug)]
pub(super) struct NewCharge {
    pub charge_id: ChargeId,
    pub license_id: LicenseId,
    pub org_id: OrgId,
    pub creator_org_id: OrgId,
    pub asset_id: AssetId,
    pub tier_id: TierId,
    pub title: String,
    pub month: Month,
    pub kind: ChargeKind,
    pub revision: i32,
    pub credits_id: Option<ChargeId>,
    pub units: i64,
    pub quantity: i64,
    pub gross: Money,
    pub fee_micros: i64,
    pub words: String,
    pub payees: Payees,
}

impl NewCharge {
    fn reason(&self) -> String {
        let mut reason = format!("{}, “{}”: ", self.month, self.title);
        // Writing to text does not fail.
        let _ = write!(reason, "{}.", self.words);
        reason
    }
}

/// Which charges of a month are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Due {
    /// All of them: the month is over.
    All,
    /// Those that are due when it begins.
    Fees,
}

impl Due {
    const fn includes(self, kind: ChargeKind) -> bool {
        match self {
            Self::All => true,
            Self::Fees => matches!(kind, ChargeKind::Upfront | ChargeKind::Prepayment),
        }
    }
}

/// What rating a batch has led to.
#[derive(Debug, Default)]
pub(super) struct Rated {
    /// What is new.
    pub charges: Vec<NewCharge>,
    /// Licenses that no amount can hold the cost of.
    pub refused: Vec<(LicenseId, Refusal)>,
}

/// Rates a month of licenses, and writes what that differs by from what was charged before: charges,
/// their payees' parts and their bookings.
pub(super) async fn rate(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    month: Month,
    licensed: &[Licensed],
    due: Due,
) -> Result<Rated> {
    let tiers = facts::tiers(tx, licensed).await?;
    let used = facts::used(tx, licensed, month).await?;
    let mut charged = facts::charged(tx, licensed, month).await?;
    let fees = facts::fees(tx, month.first_day()).await?;
    let payees = facts::payees(tx, licensed, month.until().min(now)).await?;
    let mut rated = Rated::default();
    for each in licensed {
        let Some(tier) = tiers.get(&each.tier_id).filter(|tier| !tier.is_free()) else { continue };
        let usage = match due {
            Due::All => used.usage(each, tier, month),
            Due::Fees => Usage { units: 0, ..used.usage(each, tier, month) },
        };
        let charges = match rating::rate(&tier.price, &usage) {
            Ok(charges) => charges,
            Err(refusal) => {
                rated.refused.push((each.license_id, refusal));
                continue;
            }
        };
        let before = charged.remove(&each.license_id).unwrap_or_default();
        let kinds: BTreeSet<ChargeKind> =
            charges.iter().map(|charge| charge.kind).chain(before.keys().copied()).collect();
        for kind in kinds.into_iter().filter(|kind| due.includes(*kind)) {
            let charge = charges.iter().find(|charge| charge.kind == kind);
            let so_far = before.get(&kind).copied().unwrap_or_default();
            let total = charge.map_or(0, |charge| charge.micros);
            let gross_micros = total.saturating_sub(so_far.gross_micros);
            if gross_micros == 0 {
                continue;
            }
            let rules = fees.get(&tier.currency).map_or(&[][..], Vec::as_slice);
            let words = charge.map_or_else(|| "Not due".to_owned(), |charge| charge.in_words(tier));
            rated.charges.push(NewCharge {
                charge_id: mint(),
                license_id: each.license_id,
                org_id: each.org_id,
                creator_org_id: each.creator_org_id,
                asset_id: each.asset_id,
                tier_id: each.tier_id,
                title: each.title.clone(),
                month,
                kind,
                revision: so_far.next,
                credits_id: None,
                units: usage.units,
                quantity: charge.map_or(0, |charge| charge.quantity),
                gross: tier.money(gross_micros),
                fee_micros: fee_of(total, gross_micros, &so_far, rules),
                words: if so_far.next == 0 { words } else { format!("{words}, counted again") },
                payees: payees
                    .get(&each.asset_id)
                    .cloned()
                    .unwrap_or_else(|| Payees::sole(each.creator_org_id)),
            });
        }
    }
    let charges = std::mem::take(&mut rated.charges);
    rated.charges = write(tx, now, charges).await?;
    Ok(rated)
}

/// The fee on a difference is the difference of the fees, as far as the difference bears it.
fn fee_of(total: i64, difference: i64, so_far: &SoFar, rules: &[book::FeeRule]) -> i64 {
    let fee = book::fee(total, rules).saturating_sub(so_far.fee_micros);
    fee.clamp(difference.min(0), difference.max(0))
}

/// Writes charges with their payees' parts and their bookings, and answers those that were not there.
pub(super) async fn write(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    mut charges: Vec<NewCharge>,
) -> Result<Vec<NewCharge>> {
    // Two who close the same month wait for each other in one order.
    charges.sort_by_key(|each| (each.license_id, each.kind, each.revision));
    let new = insert(tx, now, &charges).await?;
    charges.retain(|each| new.contains(&each.charge_id));
    let mut parts = Vec::new();
    let mut postings = Vec::new();
    for each in &charges {
        let net = each.payees.divide(each.gross.micros.saturating_sub(each.fee_micros));
        let booked = book::charge_rated(each.org_id, each.gross, each.fee_micros, &net);
        postings.extend(Posting::of(each.charge_id.uuid(), each.reason(), booked)?);
        let shares: BTreeMap<OrgId, u32> = each.payees.shares().iter().copied().collect();
        parts.extend(net.into_iter().map(|(org_id, micros)| earnings::NewEarning {
            charge_id: each.charge_id,
            org_id,
            share_bp: shares.get(&org_id).copied().unwrap_or(0),
            net: Money::new(micros, each.gross.currency),
        }));
    }
    earnings::insert(tx, &parts).await?;
    ledger::post(tx, now, postings).await?;
    Ok(charges)
}

// SQL

async fn insert(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    charges: &[NewCharge],
) -> Result<HashSet<ChargeId>> {
    if charges.is_empty() {
        return Ok(HashSet::new());
    }
    let uuids = |of: fn(&NewCharge) -> Uuid| charges.iter().map(of).collect::<Vec<Uuid>>();
    let texts = |of: fn(&NewCharge) -> String| charges.iter().map(of).collect::<Vec<String>>();
    let counts = |of: fn(&NewCharge) -> i64| charges.iter().map(of).collect::<Vec<i64>>();
    let months: Vec<_> = charges.iter().map(|each| each.month.first_day()).collect();
    let revisions: Vec<i32> = charges.iter().map(|each| each.revision).collect();
    let credits: Vec<Option<Uuid>> =
        charges.iter().map(|each| each.credits_id.map(ChargeId::uuid)).collect();
    let new = sqlx::query_scalar!(
        r#"insert into charge (charge_id, license_id, org_id, creator_org_id, asset_id, tier_id,
                               month, kind, revision, credits_id, units, quantity, currency,
                               gross_micros, fee_micros, words, rating_version, created_at)
           select charge_id, license_id, org_id, creator_org_id, asset_id, tier_id, month, kind,
                  revision, credits_id, units, quantity, currency, gross, fee, words, $17, $18
           from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[], $6::uuid[],
                       $7::date[], $8::text[], $9::int[], $10::uuid[], $11::bigint[],
                       $12::bigint[], $13::text[], $14::bigint[], $15::bigint[], $16::text[])
               rated (charge_id, license_id, org_id, creator_org_id, asset_id, tier_id, month, kind,
                      revision, credits_id, units, quantity, currency, gross, fee, words)
           on conflict (license_id, month, kind, revision) do nothing
           returning charge_id"#,
        &uuids(|each| each.charge_id.uuid()),
        &uuids(|each| each.license_id.uuid()),
        &uuids(|each| each.org_id.uuid()),
        &uuids(|each| each.creator_org_id.uuid()),
        &uuids(|each| each.asset_id.uuid()),
        &uuids(|each| each.tier_id.uuid()),
        &months,
        &texts(|each| each.kind.to_string()),
        &revisions,
        &credits as &[Option<Uuid>],
        &counts(|each| each.units),
        &counts(|each| each.quantity),
        &texts(|each| each.gross.currency.to_string()),
        &counts(|each| each.gross.micros),
        &counts(|each| each.fee_micros),
        &texts(|each| each.words.clone()),
        i32::try_from(rating::VERSION).unwrap_or(i32::MAX),
        now,
    )
    .fetch_all(tx)
    .await?;
    Ok(new.into_iter().collect())
}

/// A charge that is to be credited, kept from being credited twice at once.
pub(super) async fn lock(
    tx: &mut PgConnection,
    charge_id: ChargeId,
) -> Result<Option<(NewCharge, i64)>> {
    let Some(row) = sqlx::query!(
        r#"select charge.charge_id, charge.license_id, charge.org_id, charge.creator_org_id,
                  charge.asset_id, charge.tier_id, asset.title, charge.month, charge.kind,
                  charge.units, charge.quantity, charge.currency, charge.gross_micros,
                  charge.fee_micros, charge.words
           from charge join asset on asset.asset_id = charge.asset_id
           where charge_id = $1 for no key update of charge"#,
        charge_id.uuid(),
    )
    .fetch_optional(&mut *tx)
    .await?
    else {
        return Ok(None);
    };
    let taken = sqlx::query!(
        r#"select coalesce(sum(gross_micros) filter (where credits_id = $1), 0)::bigint as "credited!",
                  max(revision) + 1 as "next!"
           from charge where license_id = $2 and month = $3 and kind = $4"#,
        charge_id.uuid(),
        row.license_id.uuid(),
        row.month,
        row.kind.as_str(),
    )
    .fetch_one(&mut *tx)
    .await?;
    let payees = earnings::payees(tx, charge_id).await?;
    let charge = NewCharge {
        charge_id: row.charge_id,
        license_id: row.license_id,
        org_id: row.org_id,
        creator_org_id: row.creator_org_id,
        asset_id: row.asset_id,
        tier_id: row.tier_id,
        title: row.title,
        month: Month::of(row.month.and_time(chrono::NaiveTime::MIN).and_utc()),
        kind: row.kind,
        revision: taken.next,
        credits_id: None,
        units: row.units,
        quantity: row.quantity,
        gross: Money::new(row.gross_micros, row.currency),
        fee_micros: row.fee_micros,
        words: row.words,
        payees,
    };
    Ok(Some((charge, taken.credited)))
}

/// Organizations and currencies with charges on no invoice.
pub(super) async fn unbilled(tx: &mut PgConnection) -> Result<Vec<(OrgId, Currency)>> {
    let rows = sqlx::query!(
        "select distinct org_id, currency from charge
         where not exists (select from invoice_line line where line.charge_id = charge.charge_id)
         order by org_id, currency"
    )
    .fetch_all(tx)
    .await?;
    Ok(rows.into_iter().map(|row| (row.org_id, row.currency)).collect())
}
