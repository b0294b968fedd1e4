//! Thirty days of machines at the gate: nightly crawls that repeat themselves, an assistant that
//! answers more each week and less on Sundays.

use chrono::{DateTime, Datelike as _, TimeDelta, Timelike as _, Utc, Weekday};
use futures::future::try_join_all;
use imprimatur::{
    domain::{
        asset::ContentId,
        gate::{Ask, AskedScope, Subject},
        metering::JobName,
        terms::{self, Scope},
    },
    services::{
        Error, Result,
        gate::{Delivery, Keeper, Parcel},
    },
};

use super::{DAYS, Held, Story};

/// One delivery to come.
struct Fetch {
    minute: i64,
    held: usize,
    scope: Scope,
    job: Option<String>,
}

/// Plays every day up to `now`.
pub async fn tell(story: &Story, keeper: &Keeper, held: &[Held], now: DateTime<Utc>) -> Result<()> {
    let first = now - TimeDelta::days(DAYS - 1);
    for day in 0..DAYS {
        let date = first + TimeDelta::days(day);
        let midnight =
            date - TimeDelta::seconds(i64::from(date.time().num_seconds_from_midnight()));
        let mut deliveries = Vec::new();
        for fetch in plan(held, day, midnight) {
            let at = midnight + TimeDelta::minutes(fetch.minute);
            if at >= now {
                continue;
            }
            story.clock.set(at);
            deliveries.push(deliver(keeper, &held[fetch.held], &fetch)?);
        }
        try_join_all(deliveries.into_iter().map(|delivery| keeper.record(delivery))).await?;
        keeper.settled().await;
    }
    Ok(())
}

fn deliver(keeper: &Keeper, held: &Held, fetch: &Fetch) -> Result<Delivery> {
    let bytes = held.asset.bytes();
    let content_id = ContentId::of(bytes.as_bytes());
    let ask = Ask {
        host: "demo".into(),
        subject: Subject::Content(Some(content_id.clone())),
        scope: AskedScope::Named(fetch.scope),
        job: fetch.job.as_deref().map(JobName::parse).transpose(),
        nonce: Ok(None),
    };
    let admission = keeper
        .admit(&keeper.bearer(Some(held.secret.reveal())), &ask)
        .map_err(|denial| Error::fault("seeding", format!("the gate said no: {denial:?}")))?;
    let bytes = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    keeper.seal(admission, Parcel { content_id, bytes, range: None, resource: None })
}

/// What machines fetch on a day, in the order of time.
fn plan(held: &[Held], day: i64, midnight: DateTime<Utc>) -> Vec<Fetch> {
    let weekday = midnight.weekday();
    let mut fetches = Vec::new();
    for (at, one) in held.iter().enumerate() {
        let Some(offer) = &one.asset.offer else { continue };
        let scopes =
            terms::template(offer.terms).map(|template| template.terms.scopes).unwrap_or_default();
        let seat = i64::try_from(at).unwrap_or_default();
        if scopes.contains(&Scope::Inference) {
            let answers = 12
                + day
                + match weekday {
                    Weekday::Sun => 0,
                    Weekday::Sat => 4,
                    _ => 14,
                }
                + (day * 7 + seat * 5) % 6;
            fetches.extend((0..answers).map(|n| Fetch {
                minute: 420 + n * 900 / answers + seat,
                held: at,
                scope: Scope::Inference,
                job: None,
            }));
        }
        if scopes.contains(&Scope::Training) && weekday != Weekday::Sun {
            // A crawl that restarts fetches the same work again: a repeat, and free.
            let tries = 1 + (day + seat) % 3;
            fetches.extend((0..tries).map(|n| Fetch {
                minute: 125 + n * 11 + seat,
                held: at,
                scope: Scope::Training,
                job: Some(format!("crawl-{}", midnight.format("%Y-%m-%d"))),
            }));
        }
    }
    fetches.sort_by_key(|fetch| fetch.minute);
    fetches
}
