//! What last month's use of a work would have paid under tiers that are only being written. It asks
//! the same rating function as the bill.

use std::collections::BTreeMap;

use crate::{
    domain::{
        actor::{Actor, Deed},
        error::Refusal,
        ids::{AssetId, LicenseId, OrgId},
        metering::{Measures, Side, Unit},
        money::{Currency, Money},
        month::Month,
        pricing::{Tier, TypedTiers},
        rating::{self, Rated, Usage},
        terms::Scope,
    },
    services::{Result, Services, terms},
};

/// What a month would have paid.
#[derive(Debug)]
pub struct Preview {
    pub month: Month,
    pub tiers: Vec<Tier>,
    /// Whether anybody used the work.
    pub used: bool,
    /// One for each license; none where reports are coarse.
    pub lines: Vec<PreviewLine>,
    pub total: Money,
}

/// What one license would have paid.
#[derive(Debug)]
pub struct PreviewLine {
    pub license_id: LicenseId,
    pub buyer: String,
    /// Billable units of the month, in what the tiers count.
    pub units: i64,
    pub tier: String,
    /// Each charge in words, with what it comes to.
    pub charges: Vec<(String, Money)>,
    /// Units that would not have been delivered.
    pub stopped_units: i64,
    pub total: Money,
}

/// Rates last month's use of one of one's own works. Fees that are due once or a year in advance are
/// left out, and what buyers earned is not known.
pub async fn preview(
    services: &Services,
    actor: &Actor,
    asset_id: AssetId,
    terms: &str,
    typed: &TypedTiers,
) -> Result<Preview> {
    let member = actor.may_as_creator(Deed::PublishOffer)?;
    is_own(services, member.org_id, asset_id).await?;
    let terms = terms::chosen(services, member.org_id, terms).await?;
    let tiers = typed.parse(&terms)?;
    let month = Month::of(services.now()).previous();
    let uses = uses(services, member.org_id, asset_id, month).await?;
    let unit = tiers.last().map_or(Unit::Call, |tier| tier.unit);
    let currency = tiers.first().map_or(Currency::Usd, |tier| tier.currency);
    let mut licenses: BTreeMap<LicenseId, (String, i64)> = BTreeMap::new();
    for each in uses {
        let units = each.units(unit);
        let (_, sum) = licenses.entry(each.license_id).or_insert((each.buyer, 0));
        *sum = sum.saturating_add(units);
    }
    let mut lines = Vec::new();
    let mut total = 0_i64;
    for (license_id, (buyer, units)) in licenses {
        let usage = Usage { units, month: 1, ..Usage::default() };
        let Some(rated) = rating::on_tiers(&tiers, &usage)? else { continue };
        let line = line(license_id, buyer, units, &rated)?;
        total = total.checked_add(line.total.micros).ok_or_else(|| {
            Refusal::invalid("paid_base", t!("This comes to more than an amount can hold."))
        })?;
        lines.push(line);
    }
    let used = !lines.is_empty();
    if member.sees_coarsely(Side::Creator) {
        lines.clear();
    }
    Ok(Preview { month, tiers, used, lines, total: Money::new(total, currency) })
}

fn line(
    license_id: LicenseId,
    buyer: String,
    units: i64,
    rated: &Rated<'_>,
) -> Result<PreviewLine> {
    let charge =
        |charge: &rating::Charge| (charge.in_words(rated.tier), rated.tier.money(charge.micros));
    Ok(PreviewLine {
        license_id,
        buyer,
        units,
        tier: rated.tier.name.clone(),
        charges: rated.charges.iter().map(charge).collect(),
        stopped_units: rated.stopped_units,
        total: rating::total(rated.tier, &rated.charges)?,
    })
}

/// What a license used for one purpose in the month.
struct MonthOfUse {
    license_id: LicenseId,
    buyer: String,
    scope: Scope,
    billable_units: i64,
    measures: Measures,
}

impl MonthOfUse {
    /// What it counts for where this unit is sold: training is counted by the billed delivery.
    fn units(&self, unit: Unit) -> i64 {
        match self.scope {
            Scope::Preview => 0,
            Scope::Training => self.billable_units,
            Scope::Inference | Scope::Display => self.measures.of(unit),
        }
    }
}

// SQL

async fn is_own(services: &Services, org_id: OrgId, asset_id: AssetId) -> Result<()> {
    sqlx::query!(
        "select asset_id from asset where org_id = $1 and asset_id = $2",
        org_id.uuid(),
        asset_id.uuid(),
    )
    .fetch_optional(&services.pool)
    .await?
    .ok_or_else(|| Refusal::not_found("work"))?;
    Ok(())
}

async fn uses(
    services: &Services,
    org_id: OrgId,
    asset_id: AssetId,
    month: Month,
) -> Result<Vec<MonthOfUse>> {
    let rows = sqlx::query!(
        r#"select used.license_id as "license_id!: LicenseId", buyer.name as buyer,
                  used.scope as "scope!: Scope",
                  sum(used.billable_units)::bigint as "billable_units!",
                  sum(used.calls)::bigint as "calls!", sum(used.pages)::bigint as "pages!",
                  sum(used.tokens)::bigint as "tokens!", sum(used.bytes)::bigint as "bytes!",
                  sum(used.inference_requests)::bigint as "inference_requests!"
           from usage_month used join organization buyer on buyer.org_id = used.org_id
           where used.creator_org_id = $1 and used.asset_id = $2 and used.bucket = $3
           group by used.license_id, buyer.name, used.scope
           order by used.license_id"#,
        org_id.uuid(),
        asset_id.uuid(),
        month.from(),
    )
    .fetch_all(&services.pool)
    .await?;
    let uses = rows.into_iter().map(|row| MonthOfUse {
        license_id: row.license_id,
        buyer: row.buyer,
        scope: row.scope,
        billable_units: row.billable_units,
        measures: Measures {
            calls: row.calls,
            pages: row.pages,
            tokens: row.tokens,
            bytes: row.bytes,
            inference_requests: row.inference_requests,
            training_examples: 0,
        },
    });
    Ok(uses.collect())
}
