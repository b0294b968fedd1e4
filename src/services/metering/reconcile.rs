//! The proof that sums, events, billed units and receipts agree, and the name of each difference.
//!
//! Everything is read in one state of the database, so what is written meanwhile makes no
//! difference. Nothing is mended here: a difference is a fault that somebody must look at.

mod proof;

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgPool};

pub use proof::{Check, Difference, Proof};

use crate::{
    domain::{
        ids::{LicenseId, UsageEventId},
        metering::{Grain, Totals},
        terms::Scope,
    },
    services::Result,
};

/// The most differing rows of one check that are named; all are counted.
const NAMED_MAX: i64 = 100;

/// Compares everything that happened from one instant until before another; all there is where
/// none is given. The ends are moved out to whole months, so that sums of months can be compared.
pub async fn reconcile(
    pool: &PgPool,
    from: Option<DateTime<Utc>>,
    until: Option<DateTime<Utc>>,
) -> Result<Proof> {
    let mut tx = pool.begin().await?;
    hold_still(&mut tx).await?;
    let proof = prove(&mut tx, from, until).await?;
    tx.commit().await?;
    Ok(proof)
}

/// The same as this transaction sees it.
pub(super) async fn prove(
    tx: &mut PgConnection,
    from: Option<DateTime<Utc>>,
    until: Option<DateTime<Utc>>,
) -> Result<Proof> {
    let from = from.map(|from| Grain::Month.start(from)).unwrap_or(FIRST_INSTANT);
    let until = until.map(after_month).unwrap_or(LAST_INSTANT);
    let archived = archived_until(tx).await?.unwrap_or(FIRST_INSTANT);
    let in_archive = archived_months(tx, from, until.min(archived)).await?;
    let from = from.max(archived);
    let checks = vec![
        in_archive,
        hours(tx, from, until).await?,
        days(tx, from, until).await?,
        months(tx, from, until).await?,
        units(tx, from, until).await?,
        repeats(tx, from, until).await?,
        receipts(tx, from, until).await?,
    ];
    Ok(Proof { checks })
}

/// The end of the month this instant is in, unless it is the end of one.
fn after_month(until: DateTime<Utc>) -> DateTime<Utc> {
    let start = Grain::Month.start(until);
    if start == until { until } else { Grain::Month.next(start).unwrap_or(LAST_INSTANT) }
}

/// The years 0 to 9999: what both PostgreSQL and chrono know.
const FIRST_INSTANT: DateTime<Utc> = instant(-62_135_596_800);
const LAST_INSTANT: DateTime<Utc> = instant(253_402_300_799);

const fn instant(seconds: i64) -> DateTime<Utc> {
    match DateTime::from_timestamp(seconds, 0) {
        Some(at) => at,
        None => DateTime::UNIX_EPOCH,
    }
}

// SQL

/// All statements of the transaction see the same state.
async fn hold_still(tx: &mut PgConnection) -> Result<()> {
    sqlx::query!("set transaction isolation level repeatable read, read only").execute(tx).await?;
    Ok(())
}

/// The end of the last month whose events are in the archive. Months go there oldest first.
async fn archived_until(tx: &mut PgConnection) -> Result<Option<DateTime<Utc>>> {
    let until = sqlx::query_scalar!(
        "select (max(month) + interval '1 month') at time zone 'UTC' from usage_archive
         where released_at is not null"
    )
    .fetch_one(tx)
    .await?;
    Ok(until)
}

/// The sums of archived months, held against what their files hold, and what came after them.
async fn archived_months(
    tx: &mut PgConnection,
    from: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<Check> {
    let rows = sqlx::query!(
        r#"with counted as (
               select month, calls, pages, tokens, bytes, training_examples, inference_requests,
                      billable_units, cache_hits, attribution_sum, attribution_count
               from usage_archive
               where released_at is not null and month >= ($1 at time zone 'UTC')::date
                 and month < ($2 at time zone 'UTC')::date
               union all
               select (date_trunc('month', occurred_at at time zone 'UTC'))::date, calls, pages,
                      tokens, bytes, training_examples, inference_requests, billable_units,
                      cache_hit::int, coalesce(attribution, 0), (attribution is not null)::int
               from usage_event where occurred_at >= $1 and occurred_at < $2),
           said as (
               select month, row(sum(calls), sum(pages), sum(tokens), sum(bytes),
                      sum(training_examples), sum(inference_requests), sum(billable_units),
                      sum(cache_hits), sum(attribution_sum), sum(attribution_count))::text as sums
               from counted group by month),
           rolled as (
               select 'hour' as grain, * from usage_hour where bucket >= $1 and bucket < $2
               union all
               select 'day', * from usage_day where bucket >= $1 and bucket < $2
               union all
               select 'month', * from usage_month where bucket >= $1 and bucket < $2),
           held as (
               select grain, (date_trunc('month', bucket at time zone 'UTC'))::date as month,
                      row(sum(calls), sum(pages), sum(tokens), sum(bytes), sum(training_examples),
                      sum(inference_requests), sum(billable_units), sum(cache_hits),
                      sum(attribution_sum), sum(attribution_count))::text as sums
               from rolled group by 1, 2)
           select to_char(month, 'YYYY-MM') as "month!", grain as "grain!",
                  coalesce(held.sums, 'nothing') as "held!", coalesce(said.sums, 'nothing') as "said!"
           from (select month, grain, sums from said
                 cross join (values ('hour'), ('day'), ('month')) grains (grain)) said
           full join held using (month, grain)
           order by 1, 2"#,
        from,
        until,
    )
    .fetch_all(tx)
    .await?;
    let compared = i64::try_from(rows.len()).unwrap_or(i64::MAX);
    let differences: Vec<Difference> = rows
        .into_iter()
        .filter(|row| row.held != row.said)
        .map(|row| Difference::Archived {
            month: row.month,
            fault: format!(
                "the sums by {} are {}, its events add up to {}",
                row.grain, row.held, row.said
            ),
        })
        .collect();
    Ok(Check {
        claim: "Sums of archived months are what their files hold",
        compared,
        differing: i64::try_from(differences.len()).unwrap_or(i64::MAX),
        differences,
    })
}

/// The sums of one grain, held against their events.
macro_rules! sums {
    ($name:ident, $grain:ident, $table:tt, $unit:tt, $claim:tt) => {
        async fn $name(
            tx: &mut PgConnection,
            from: DateTime<Utc>,
            until: DateTime<Utc>,
        ) -> Result<Check> {
            let rows = sqlx::query!(
                r#"with raw as (
                       select date_trunc('"# + $unit + r#"', occurred_at, 'UTC') as bucket, license_id,
                              scope, region, model, consumer_class, org_id, creator_org_id, asset_id,
                              sum(calls)::bigint as calls, sum(pages)::bigint as pages,
                              sum(tokens)::bigint as tokens, sum(bytes)::bigint as bytes,
                              sum(training_examples)::bigint as training_examples,
                              sum(inference_requests)::bigint as inference_requests,
                              sum(billable_units)::bigint as billable_units,
                              count(*) filter (where cache_hit) as cache_hits,
                              coalesce(sum(attribution), 0)::bigint as attribution_sum,
                              count(attribution) as attribution_count
                       from usage_event where occurred_at >= $1 and occurred_at < $2
                       group by 1, 2, 3, 4, 5, 6, 7, 8, 9),
                   held as (select * from "# + $table + r#" where bucket >= $1 and bucket < $2),
                   differing as (
                       select bucket, license_id, scope, region, model, consumer_class,
                              row (raw.calls, raw.pages, raw.tokens, raw.bytes,
                                   raw.training_examples, raw.inference_requests,
                                   raw.billable_units, raw.cache_hits, raw.attribution_sum,
                                   raw.attribution_count)
                                  is distinct from
                              row (held.calls, held.pages, held.tokens, held.bytes,
                                   held.training_examples, held.inference_requests,
                                   held.billable_units, held.cache_hits, held.attribution_sum,
                                   held.attribution_count) as differs,
                              array[held.calls, held.pages, held.tokens, held.bytes,
                                    held.training_examples, held.inference_requests,
                                    held.billable_units, held.cache_hits, held.attribution_sum,
                                    held.attribution_count] as stored,
                              array[raw.calls, raw.pages, raw.tokens, raw.bytes,
                                    raw.training_examples, raw.inference_requests,
                                    raw.billable_units, raw.cache_hits, raw.attribution_sum,
                                    raw.attribution_count] as added
                       from raw full join held using (bucket, license_id, scope, region, model,
                           consumer_class, org_id, creator_org_id, asset_id)),
                   counted as (
                       select count(*) as compared, count(*) filter (where differs) as differing
                       from differing)
                   select compared as "compared!", counted.differing as "differing!", named.*
                   from counted left join (
                       select bucket as "bucket?", license_id as "license_id?: LicenseId",
                              scope as "scope?: Scope", region as "region?", model as "model?",
                              consumer_class as "consumer_class?",
                              array_replace(stored, null, 0) as "stored?",
                              array_replace(added, null, 0) as "added?"
                       from differing where differs
                       order by bucket, license_id, scope limit $3) named on true"#,
                from,
                until,
                NAMED_MAX,
            )
            .fetch_all(tx)
            .await?;
            let (compared, differing) =
                rows.first().map_or((0, 0), |row| (row.compared, row.differing));
            let mut differences = Vec::new();
            for row in rows {
                let (Some(bucket), Some(license_id), Some(scope)) =
                    (row.bucket, row.license_id, row.scope)
                else {
                    continue;
                };
                let (stored, raw) = (row.stored.unwrap_or_default(), row.added.unwrap_or_default());
                let metrics = Totals::default().named().into_iter().map(|(metric, _)| metric);
                let each = metrics.zip(stored.into_iter().zip(raw));
                differences.extend(each.filter(|(_, (stored, raw))| stored != raw).map(
                    |(metric, (stored, raw))| Difference::Sum {
                        grain: Grain::$grain,
                        bucket,
                        license_id,
                        scope,
                        dimensions: [&row.region, &row.model, &row.consumer_class]
                            .map(|name| name.clone().unwrap_or_default()),
                        metric,
                        stored,
                        raw,
                    },
                ));
            }
            Ok(Check { claim: $claim, compared, differing, differences })
        }
    };
}
sums!(hours, Hour, "usage_hour", "hour", "Sums of hours are what their events add up to");
sums!(days, Day, "usage_day", "day", "Sums of days are what their events add up to");
sums!(months, Month, "usage_month", "month", "Sums of months are what their events add up to");

/// An event that differs, with the counts of its check on every row.
struct EventRow {
    compared: i64,
    differing: i64,
    usage_event_id: Option<UsageEventId>,
    fault: Option<String>,
}

fn check(claim: &'static str, rows: Vec<EventRow>) -> Check {
    let (compared, differing) = rows.first().map_or((0, 0), |row| (row.compared, row.differing));
    let differences = rows
        .into_iter()
        .filter_map(|row| {
            let (usage_event_id, fault) = (row.usage_event_id?, row.fault?);
            Some(Difference::Event { usage_event_id, fault })
        })
        .collect();
    Check { claim, compared, differing, differences }
}

/// The name of each unit is made again from its event.
async fn units(tx: &mut PgConnection, from: DateTime<Utc>, until: DateTime<Utc>) -> Result<Check> {
    let rows = sqlx::query_as!(
        EventRow,
        r#"with billed as (
               select usage_event_id, org_id, occurred_at, billable_units,
                      encode(substring(sha256(uuid_send(org_id) || convert_to(content_id || coalesce(
                          'job:' || job_id, 'month:' || to_char(occurred_at at time zone 'UTC', 'YYYY-MM')),
                          'UTF8')) for 16), 'hex')::uuid as unit_hash
               from usage_event
               where scope = 'training' and billable_units > 0
                 and occurred_at >= $1 and occurred_at < $2),
           units as (
               select org_id, unit_hash, usage_event_id as first_id, occurred_at as first_at
               from billed_unit where occurred_at >= $1 and occurred_at < $2),
           compared as (
               select coalesce(usage_event_id, first_id) as usage_event_id,
                      case when usage_event_id is null then 'its unit is billed, and it is no billed event'
                           when first_id is null then 'it is billed, and its unit is not'
                           when usage_event_id <> first_id or occurred_at <> first_at
                               then 'it is billed, and so is another event of its unit'
                           when billable_units <> 1 then 'it is billed more than once'
                      end as fault
               from billed full join units using (org_id, unit_hash)),
           counted as (select count(*) as compared, count(fault) as differing from compared)
           select compared as "compared!", differing as "differing!",
                  usage_event_id as "usage_event_id?: UsageEventId", fault as "fault?"
           from counted
           left join (select * from compared where fault is not null order by 1 limit $3) named on true"#,
        from,
        until,
        NAMED_MAX,
    )
    .fetch_all(tx)
    .await?;
    Ok(check("Billed units are the units of billed events, each once", rows))
}

async fn repeats(
    tx: &mut PgConnection,
    from: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<Check> {
    let rows = sqlx::query_as!(
        EventRow,
        r#"with compared as (
               select event.usage_event_id,
                      case when unit.org_id is null then 'it is a repeat of nothing' end as fault
               from usage_event event
               left join billed_unit unit on unit.org_id = event.org_id
                   and unit.unit_hash = encode(substring(sha256(uuid_send(event.org_id)
                       || convert_to(content_id || coalesce('job:' || job_id,
                           'month:' || to_char(event.occurred_at at time zone 'UTC', 'YYYY-MM')),
                       'UTF8')) for 16), 'hex')::uuid
               where free_reason = 'repeat'
                 and event.occurred_at >= $1 and event.occurred_at < $2),
           counted as (select count(*) as compared, count(fault) as differing from compared)
           select compared as "compared!", differing as "differing!",
                  usage_event_id as "usage_event_id?: UsageEventId", fault as "fault?"
           from counted
           left join (select * from compared where fault is not null order by 1 limit $3) named on true"#,
        from,
        until,
        NAMED_MAX,
    )
    .fetch_all(tx)
    .await?;
    Ok(check("Repeats repeat a billed unit", rows))
}

async fn receipts(
    tx: &mut PgConnection,
    from: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<Check> {
    let rows = sqlx::query_as!(
        EventRow,
        r#"with delivered as (
               select receipt_id as usage_event_id, license_id, delivered_at as occurred_at, scope, bytes,
                      content_id, job_id
               from receipt where delivered_at >= $1 and delivered_at < $2),
           observed as (
               select usage_event_id, license_id, occurred_at, scope, bytes, content_id, job_id
               from usage_event
               where sender_org_id is null and occurred_at >= $1 and occurred_at < $2),
           compared as (
               select usage_event_id,
                      case when observed.scope is null then 'its receipt has no event'
                           when delivered.scope is null then 'it has no receipt'
                           when row (observed.*) is distinct from row (delivered.*)
                               then 'it says something else than its receipt'
                      end as fault
               from delivered full join observed using (usage_event_id)),
           counted as (select count(*) as compared, count(fault) as differing from compared)
           select compared as "compared!", differing as "differing!",
                  usage_event_id as "usage_event_id?: UsageEventId", fault as "fault?"
           from counted
           left join (select * from compared where fault is not null order by 1 limit $3) named on true"#,
        from,
        until,
        NAMED_MAX,
    )
    .fetch_all(tx)
    .await?;
    Ok(check("Receipts and the events of the gate are one to one", rows))
}
