//! Uses reported from outside, in batches: each answered for itself, each counted once.
//!
//! A buyer reports its own use. An event that cannot be counted takes no other with it, and one
//! sent again is answered as the first time, whatever has become of its license since, until its
//! month is archived: then it comes too late.

use std::collections::{BTreeSet, HashMap, HashSet};

use chrono::{DateTime, SubsecRound as _, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::{
    Observed, Parties, Place, judged,
    keys::{self, Sent},
    licenses, record_under,
};
use crate::{
    domain::{
        actor::{Actor, Deed},
        error::{Kind, Refusal},
        ids::{AssetId, LicenseId, OrgId, TypedId as _, UsageEventId},
        metering::{BATCH_MAX, Judgement, Reported},
        terms::Scope,
    },
    services::{Error, Result, Services, gate::Machine, mint},
};

/// The answer to one reported event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Counted, now for the first time.
    Accepted { usage_event_id: UsageEventId, judgement: Judgement },
    /// Counted before, as it is here.
    Duplicate { usage_event_id: UsageEventId, judgement: Judgement },
    /// Its key was sent before, for this event, which said something else.
    Conflict { usage_event_id: UsageEventId },
    /// Not counted now. Nothing is kept of it, and its key is free, unless it was counted before and
    /// its month is archived.
    Rejected(Refusal),
}

/// Counts what a buyer observed, and answers each event in its order.
///
/// # Errors
///
/// A refusal if the actor may not report for an organization that buys, or sends too many events at
/// once. What is wrong with one event is in its outcome.
pub async fn report(
    services: &Services,
    actor: &Actor,
    batch: &[Reported],
) -> Result<Vec<Outcome>> {
    let sender = actor.may_as_buyer(Deed::ReportUsage)?.org_id;
    take(services, sender, None, batch).await
}

/// The same for a machine, which reports under the license of its token alone.
///
/// # Errors
///
/// A refusal if it sends too many events at once.
pub async fn report_as_machine(
    services: &Services,
    machine: &Machine,
    batch: &[Reported],
) -> Result<Vec<Outcome>> {
    take(services, machine.org_id, Some(machine.license_id), batch).await
}

async fn take(
    services: &Services,
    sender: OrgId,
    only: Option<LicenseId>,
    batch: &[Reported],
) -> Result<Vec<Outcome>> {
    if batch.len() > BATCH_MAX {
        let sentence = t!("Report at most {BATCH_MAX} events at once.");
        return Err(Refusal::new(Kind::TooLarge, "batch_too_large", sentence).into());
    }
    let now = services.now();
    let mut tx = services.pool.begin().await?;
    let mut entries: Vec<Entry<'_>> =
        batch.iter().map(|reported| Entry::new(reported, sender, now)).collect();
    let licenses = licenses(&mut tx, entries.iter().map(Entry::license_id).collect()).await?;
    let foreign = foreign_contents(&mut tx, &entries, &licenses).await?;
    for entry in entries.iter_mut().filter(|entry| entry.refusal.is_none()) {
        let license = licenses.get(&entry.license_id()).filter(|license| {
            license.org_id == sender && only.is_none_or(|only| only == entry.license_id())
        });
        entry.refusal = entry.check(license, &foreign).err();
    }
    let answers = count(&mut tx, sender, now, &entries, &licenses).await?;
    tx.commit().await?;
    entries.into_iter().map(|entry| entry.outcome(&answers)).collect()
}

/// A reported event on its way to an answer.
struct Entry<'a> {
    reported: &'a Reported,
    /// When it happened, as exactly as it is kept.
    occurred_at: DateTime<Utc>,
    sent: Sent,
    /// Why it cannot be counted, unless it was before.
    refusal: Option<Refusal>,
}

impl<'a> Entry<'a> {
    fn new(reported: &'a Reported, sender: OrgId, now: DateTime<Utc>) -> Self {
        let sent = Sent {
            key_hash: reported.key_hash(sender),
            body_hash: reported.body_hash(),
            usage_event_id: mint(),
        };
        let occurred_at = reported.occurred_at.trunc_subsecs(6);
        Self { reported, occurred_at, sent, refusal: reported.check(now).err() }
    }

    fn license_id(&self) -> LicenseId {
        self.reported.license_id
    }

    /// Holds it against the license, which is missing where it is not the sender's.
    fn check(
        &self,
        license: Option<&Parties>,
        foreign: &Foreign<'_>,
    ) -> std::result::Result<(), Refusal> {
        let license = license.ok_or_else(|| Refusal::not_found(LicenseId::NOUN))?;
        self.reported.check_against(&license.standing, &license.scopes)?;
        match foreign.contains(&(license.asset_id, self.reported.content_id.as_str())) {
            true => Err(Refusal::not_found("content under this license")),
            false => Ok(()),
        }
    }

    fn observed(&self, sender: OrgId) -> Observed {
        let reported = self.reported.clone();
        Observed {
            usage_event_id: self.sent.usage_event_id,
            sender_org_id: Some(sender),
            license_id: reported.license_id,
            content_id: reported.content_id,
            scope: reported.scope,
            job: reported.job,
            occurred_at: self.occurred_at,
            measures: reported.measures,
            dimensions: reported.dimensions,
            attribution: reported.attribution,
            cache_hit: reported.cache_hit,
            free_said: None,
        }
    }

    fn outcome(self, answers: &HashMap<Uuid, Answer>) -> Result<Outcome> {
        let Some(answer) = answers.get(&self.sent.key_hash) else {
            let refusal = self.refusal.ok_or_else(|| lost("its key"))?;
            return Ok(Outcome::Rejected(refusal));
        };
        let Answer { usage_event_id, body_hash, judgement } = *answer;
        if body_hash != self.sent.body_hash {
            return Ok(Outcome::Conflict { usage_event_id });
        }
        let Some(judgement) = judgement else {
            // Its month is archived, so it comes too late to be answered as the first time.
            let refusal = self.refusal.ok_or_else(|| lost("what it cost"))?;
            return Ok(Outcome::Rejected(refusal));
        };
        Ok(match usage_event_id == self.sent.usage_event_id {
            true => Outcome::Accepted { usage_event_id, judgement },
            false => Outcome::Duplicate { usage_event_id, judgement },
        })
    }
}

fn lost(what: &str) -> Error {
    Error::fault("answering a usage event", format!("{what} is not there"))
}

/// The event a key stands for.
struct Answer {
    usage_event_id: UsageEventId,
    body_hash: Uuid,
    /// Missing where nobody asks, because another event was sent, and where its month is archived.
    judgement: Option<Judgement>,
}

/// Counts what is new, and answers by its key every event that is counted now or was before.
async fn count(
    tx: &mut PgConnection,
    sender: OrgId,
    now: DateTime<Utc>,
    entries: &[Entry<'_>],
    licenses: &HashMap<LicenseId, Parties>,
) -> Result<HashMap<Uuid, Answer>> {
    let mut keys = HashSet::with_capacity(entries.len());
    let mut asked: Vec<&Entry<'_>> = entries
        .iter()
        .filter(|entry| entry.refusal.is_none() && keys.insert(entry.sent.key_hash))
        .collect();
    let new = keys::keep(tx, now, asked.iter().map(|entry| entry.sent).collect()).await?;
    asked.retain(|entry| new.contains(&entry.sent.key_hash));
    let observed: Vec<Observed> = asked.iter().map(|entry| entry.observed(sender)).collect();
    let judgements = record_under(tx, now, &observed, licenses).await?;
    announce(tx, &observed, &judgements).await?;
    let answer = |(entry, judgement): (&&Entry<'_>, Judgement)| {
        let Sent { key_hash, body_hash, usage_event_id } = entry.sent;
        (key_hash, Answer { usage_event_id, body_hash, judgement: Some(judgement) })
    };
    let mut answers: HashMap<Uuid, Answer> = asked.iter().zip(judgements).map(answer).collect();
    let rest: Vec<&Entry<'_>> =
        entries.iter().filter(|entry| !answers.contains_key(&entry.sent.key_hash)).collect();
    answers.extend(answers_before(tx, &rest).await?);
    Ok(answers)
}

async fn answers_before(
    tx: &mut PgConnection,
    rest: &[&Entry<'_>],
) -> Result<HashMap<Uuid, Answer>> {
    let keys: Vec<Uuid> = rest.iter().map(|entry| entry.sent.key_hash).collect();
    let kept = keys::kept(tx, &keys).await?;
    let place = |entry: &&Entry<'_>| {
        let &(body_hash, usage_event_id) = kept.get(&entry.sent.key_hash)?;
        let (license_id, occurred_at) = (entry.license_id(), entry.occurred_at);
        (body_hash == entry.sent.body_hash).then_some(Place {
            license_id,
            occurred_at,
            usage_event_id,
        })
    };
    let places: Vec<Place> = rest.iter().filter_map(place).collect();
    let judged = judged(tx, &places).await?;
    Ok(kept
        .into_iter()
        .map(|(key_hash, (body_hash, usage_event_id))| {
            let judgement = judged.get(&usage_event_id).copied();
            (key_hash, Answer { usage_event_id, body_hash, judgement })
        })
        .collect())
}

/// Contents that are no version of the work they are reported for.
type Foreign<'a> = HashSet<(AssetId, &'a str)>;

async fn foreign_contents<'a>(
    tx: &mut PgConnection,
    entries: &[Entry<'a>],
    licenses: &HashMap<LicenseId, Parties>,
) -> Result<Foreign<'a>> {
    let pairs: BTreeSet<(AssetId, &str)> = entries
        .iter()
        .filter_map(|entry| {
            let license = licenses.get(&entry.license_id())?;
            Some((license.asset_id, entry.reported.content_id.as_str()))
        })
        .collect();
    let assets: Vec<Uuid> = pairs.iter().map(|(asset_id, _)| asset_id.uuid()).collect();
    let contents: Vec<&str> = pairs.iter().map(|&(_, content_id)| content_id).collect();
    let known = known_contents(tx, &assets, &contents).await?;
    Ok(pairs.into_iter().zip(known).filter(|(_, known)| !known).map(|(pair, _)| pair).collect())
}

// SQL

/// Tells the gates of licenses whose quota has less left: of previews too, which cost nothing and
/// count all the same.
async fn announce(
    tx: &mut PgConnection,
    observed: &[Observed],
    judgements: &[Judgement],
) -> Result<()> {
    let counted: BTreeSet<Uuid> = observed
        .iter()
        .zip(judgements)
        .filter(|(each, judged)| judged.billable_units > 0 || each.scope == Scope::Preview)
        .map(|(each, _)| each.license_id.uuid())
        .collect();
    if counted.is_empty() {
        return Ok(());
    }
    let counted: Vec<Uuid> = counted.into_iter().collect();
    sqlx::query!(
        "select pg_notify('gate_snapshot', 'license:' || license_id)
         from unnest($1::uuid[]) counted (license_id)",
        &counted,
    )
    .fetch_all(tx)
    .await?;
    Ok(())
}

/// Whether each content is a version of the work beside it. Any content may be a page of a site.
async fn known_contents(
    tx: &mut PgConnection,
    assets: &[Uuid],
    contents: &[&str],
) -> Result<Vec<bool>> {
    let known = sqlx::query_scalar!(
        r#"select version.asset_id is not null or asset.kind = 'site' as "known!"
           from unnest($1::uuid[], $2::text[]) with ordinality
               asked (asset_id, content_id, number)
           join asset on asset.asset_id = asked.asset_id
           left join asset_version version
               on version.content_id = asked.content_id and version.asset_id = asked.asset_id
           order by asked.number"#,
        assets,
        contents as &[&str],
    )
    .fetch_all(tx)
    .await?;
    Ok(known)
}
