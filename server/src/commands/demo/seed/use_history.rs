//! Ninety days of machines at the gate: nightly crawls that repeat themselves, assistants that answer
//! more each week and less on Sundays, a quiet week, a day on which one runs away, clients that ask
//! for what they may not have or leave before the end.
//!
//! Always true: what is delivered goes the way of every delivery; nothing is written beside the gate.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv4Addr},
};

use chrono::{DateTime, Datelike as _, NaiveTime, TimeDelta, Utc, Weekday};
use futures::future::try_join_all;
use imprimatur::{
    domain::{
        gate::{Ask, AskedScope, Subject},
        metering::{Dimensions, JobName, Measures, Reported},
        terms::Scope,
    },
    services::{
        Error, Result,
        gate::{
            Delivery, Keeper, Parcel,
            attempts::{ABORTED, Attempt, Attempts, Delivered},
        },
        metering,
    },
};

use super::{DAYS, Held, Story, dice::Dice};

/// So many receipts may wait for the books before the story waits for them.
const AHEAD_MAX: u64 = 20_000;
/// The days, counted from the first, of the holidays, of the burst, and of the client that asks for
/// another use than it has.
const QUIET: std::ops::Range<i64> = 38..45;
const BURST: i64 = 71;
/// Who runs away then, by its place among those who hold a license.
const BURSTING: usize = 2;
const CONFUSED: std::ops::Range<i64> = 60..67;
/// How much of a day's use falls into each hour.
const HOURS: [i64; 24] =
    [2, 1, 1, 1, 1, 2, 4, 7, 11, 14, 15, 14, 12, 13, 15, 15, 13, 11, 9, 8, 7, 6, 5, 3];

/// One request to come.
struct Fetch {
    second: i64,
    held: usize,
    scope: Scope,
    job: Option<String>,
    /// The client goes away before the end.
    leaves: bool,
}

/// Plays every day up to `now`.
pub async fn tell(
    story: &Story,
    keeper: &Keeper,
    attempts: &Attempts,
    held: &[Held],
    now: DateTime<Utc>,
) -> Result<()> {
    let mut dice = Dice::new(90);
    for day in 0..DAYS {
        let midnight =
            (now - TimeDelta::days(DAYS - 1 - day)).date_naive().and_time(NaiveTime::MIN).and_utc();
        let mut gate = Gate { keeper, attempts, shut: HashMap::new() };
        let mut records = Vec::new();
        for fetch in plan(held, day, midnight, &mut dice) {
            let at = midnight + TimeDelta::seconds(fetch.second);
            let one = &held[fetch.held];
            if at >= now || at < one.since {
                continue;
            }
            story.clock.set(at);
            if let Some(delivery) = gate.ask(one, &fetch, at)? {
                records.push(keeper.record(delivery));
            }
        }
        for stranger in 0..dice.within(0, 6) {
            let network = u8::try_from(stranger).unwrap_or(0);
            let address = IpAddr::V4(Ipv4Addr::new(192, 0, 2, network));
            attempts.stranger(story.clock.told(), "invalid_token", address);
        }
        if midnight.weekday() == Weekday::Sun {
            report(story, held, &mut dice).await?;
        }
        try_join_all(records).await?;
        attempts.flush().await;
        if keeper.status().receipts > AHEAD_MAX {
            keeper.settled().await;
        }
    }
    keeper.settled().await;
    Ok(())
}

/// Once a week buyers report what the gate cannot see: where, and by which model, a work was used.
async fn report(story: &Story, held: &[Held], dice: &mut Dice) -> Result<()> {
    const REGIONS: [&str; 5] = ["EU", "EU", "US", "US", "APAC"];
    const MODELS: [&str; 3] = ["assistant-large", "assistant-small", "search-answers"];
    let now = story.clock.told();
    for one in held.iter().filter(|one| one.since < now && one.weight >= 15) {
        if !one.scopes.contains(&Scope::Inference) {
            continue;
        }
        let batch: Vec<Reported> = (0..dice.within(6, 24))
            .map(|n| Reported {
                key: format!("{}-{}-{n}", one.license_id, now.date_naive()),
                license_id: one.license_id,
                content_id: one.content_id.clone(),
                scope: Scope::Inference,
                job: None,
                occurred_at: now - TimeDelta::seconds(dice.within(0, 3600)),
                measures: Measures {
                    calls: 1,
                    tokens: dice.within(200, 2400),
                    inference_requests: 1,
                    ..Measures::default()
                },
                dimensions: Dimensions {
                    region: (*dice.pick(&REGIONS)).into(),
                    model: (*dice.pick(&MODELS)).into(),
                    consumer_class: "assistant".into(),
                },
                attribution: None,
                cache_hit: n % 3 == 0,
            })
            .collect();
        // What is reported of a license that is over is answered with a refusal, and not counted.
        metering::report(&story.services, &story.acting(one.buyer).await?, &batch).await?;
    }
    Ok(())
}

/// A day at the gate.
struct Gate<'a> {
    keeper: &'a Keeper,
    attempts: &'a Attempts,
    /// Who was sent away for the rest of the month, and how often they have come back since.
    shut: HashMap<usize, u32>,
}

impl Gate<'_> {
    /// Asks, and answers with what is to be recorded. What is refused is noted as the gate notes it.
    fn ask(&mut self, held: &Held, fetch: &Fetch, at: DateTime<Utc>) -> Result<Option<Delivery>> {
        let patient = self.shut.get_mut(&fetch.held).is_some_and(|tries| {
            *tries += 1;
            *tries % 40 != 0
        });
        if patient {
            return Ok(None);
        }
        let ask = Ask {
            host: "demo".into(),
            subject: Subject::Content(Some(held.content_id.clone())),
            scope: AskedScope::Named(fetch.scope),
            job: fetch.job.as_deref().map(JobName::parse).transpose(),
            nonce: Ok(None),
        };
        let bearer = self.keeper.bearer(Some(held.secret.reveal()));
        let known = bearer
            .token()
            .ok_or_else(|| Error::fault("seeding", "the gate does not know a token"))?;
        let client = held.client.clone();
        match self.keeper.admit(&bearer, &ask) {
            Err(denial) => {
                let code = denial.refusal.code;
                if !matches!(code, "rate_limited" | "scope_not_granted") {
                    self.shut.entry(fetch.held).or_default();
                }
                self.attempts.attempt(Attempt::new(at, code, known, &ask, client));
                Ok(None)
            }
            Ok(_) if fetch.leaves => {
                let scope = Some(fetch.scope.as_str());
                let left = Attempt::new(at, ABORTED, known, &ask, client);
                self.attempts.attempt(Attempt { scope, bytes_out: held.bytes / 3, ..left });
                Ok(None)
            }
            Ok(admission) => {
                let (token_id, bytes) = (known.token_id, held.bytes);
                self.attempts.delivered(Delivered { at, token_id, client, bytes });
                let content_id = held.content_id.clone();
                let parcel = Parcel { content_id, bytes, range: None, resource: None };
                self.keeper.seal(admission, parcel).map(Some)
            }
        }
    }
}

/// What machines fetch on a day, in the order of time.
fn plan(held: &[Held], day: i64, midnight: DateTime<Utc>, dice: &mut Dice) -> Vec<Fetch> {
    let weekday = midnight.weekday();
    let rhythm = match weekday {
        Weekday::Sun => 58,
        Weekday::Sat => 70,
        _ => 108 + dice.within(-6, 7),
    };
    let rhythm = if QUIET.contains(&day) { rhythm * 45 / 100 } else { rhythm };
    // Each license grows with its buyer, from a third of its size to all of it.
    let answers = |weight: i64| weight * (40 + day) * rhythm / 1900;
    let mut fetches = Vec::new();
    for (at, one) in held.iter().enumerate() {
        if one.scopes.contains(&Scope::Inference) {
            let runs_away = day == BURST && at == BURSTING;
            let count = answers(one.weight) + dice.within(0, 4);
            for _ in 0..count {
                fetches.push(Fetch {
                    second: hour(dice) * 3600 + dice.within(0, 3600),
                    held: at,
                    scope: Scope::Inference,
                    job: None,
                    leaves: dice.within(0, 260) == 0,
                });
            }
            let burst = if runs_away { 1500 } else { 0 };
            fetches.extend((0..burst).map(|n| Fetch {
                second: 50_400 + n * 48 / 100,
                held: at,
                scope: Scope::Inference,
                job: None,
                leaves: false,
            }));
            let asks_too_much = CONFUSED.contains(&day) && !one.scopes.contains(&Scope::Training);
            if asks_too_much && one.weight % 4 == 0 {
                fetches.extend((0..12).map(|n| Fetch {
                    second: 7200 + n * 900,
                    held: at,
                    scope: Scope::Training,
                    job: None,
                    leaves: false,
                }));
            }
        }
        if one.scopes.contains(&Scope::Training) && weekday != Weekday::Sun {
            // A crawl that restarts fetches the same work again: a repeat, and free.
            let seat = i64::try_from(at).unwrap_or_default();
            let tries = 1 + (day + seat) % 3;
            fetches.extend((0..tries).map(|n| Fetch {
                second: (125 + n * 11 + seat % 40) * 60,
                held: at,
                scope: Scope::Training,
                job: Some(format!("crawl-{}", midnight.format("%Y-%m-%d"))),
                leaves: false,
            }));
        }
    }
    fetches.sort_by_key(|fetch| (fetch.second, fetch.held));
    fetches
}

/// An hour of the day, those at work more often than those at night.
fn hour(dice: &mut Dice) -> i64 {
    let mut left = dice.within(0, HOURS.iter().sum());
    for (hour, weight) in (0..).zip(HOURS) {
        if left < weight {
            return hour;
        }
        left -= weight;
    }
    12
}
