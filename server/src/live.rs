//! `/live`: figures of a page that go on moving, as server-sent events (WHATWG HTML, section 9.2).
//!
//! Always true: a stream ends within seconds of the session it was opened with, of the membership it
//! reads for, and of the process being told to stop; and there are never more than `SEATS`, so that
//! open pages cannot use up the process. Where there is no seat the page keeps the figures it has.

use std::{
    collections::HashMap,
    convert::Infallible,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use app::{
    pages::live::{Metered, Reading},
    request::Request,
};
use axum::{
    extract::State,
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{
        IntoResponse as _, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use futures::{Stream, stream};
use imprimatur::{
    domain::{
        actor::{Actor, Who},
        ids::{OrgId, PersonId, SessionId},
    },
    services::{Error, Result, Services, identity, sessions},
};
use tokio::{
    sync::watch,
    time::{Instant, Interval, MissedTickBehavior, interval},
};

use crate::{
    portal::{Ask, Portal},
    refused,
};

/// How often a stream looks for something new.
const EVERY: Duration = Duration::from_secs(1);
/// Then the browser opens another, and is asked anew who it is.
const LIFETIME: Duration = Duration::from_secs(10 * 60);
/// Streams open at once, and of one session.
const SEATS: usize = 256;
const SEATS_PER_SESSION: usize = 8;
/// A proxy between must not wait for more.
const UNBUFFERED: (HeaderName, HeaderValue) =
    (HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));

/// The streams of a process.
#[derive(Clone)]
pub struct Live {
    seats: Arc<Mutex<HashMap<SessionId, usize>>>,
    stop: watch::Receiver<bool>,
}

impl Live {
    /// No streams yet; all end when told to stop.
    pub fn new(stop: watch::Receiver<bool>) -> Self {
        Self { seats: Arc::default(), stop }
    }

    fn seat(&self, session_id: SessionId) -> Option<Seat> {
        let mut taken = self.seats.lock().unwrap_or_else(PoisonError::into_inner);
        let of_session = taken.get(&session_id).copied().unwrap_or_default();
        if taken.values().sum::<usize>() >= SEATS || of_session >= SEATS_PER_SESSION {
            return None;
        }
        taken.insert(session_id, of_session + 1);
        Some(Seat { seats: Arc::clone(&self.seats), session_id })
    }
}

/// The right to one stream, given back when it ends.
struct Seat {
    seats: Arc<Mutex<HashMap<SessionId, usize>>>,
    session_id: SessionId,
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.seats.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = taken.get_mut(&self.session_id) {
            *count -= 1;
            if *count == 0 {
                taken.remove(&self.session_id);
            }
        }
    }
}

/// Opens a stream for whoever is signed in.
pub async fn open(State(portal): State<Portal>, Ask(request): Ask) -> Response {
    match begin(&portal.live, &request).await {
        Ok(response) => response,
        Err(error) => refused::answer(&error, request.request_id(), "/overview"),
    }
}

async fn begin(live: &Live, request: &Request) -> Result<Response> {
    let metered = Metered::asked(request)?;
    let (Some(session_id), Some(person_id), Some(org_id)) =
        (request.session_id, request.actor.person_id(), request.actor.org_id())
    else {
        return Ok(StatusCode::NO_CONTENT.into_response());
    };
    // Nothing to follow: the answer after which a browser does not ask again.
    let Some(reading) = metered.read(&request.services, &request.actor).await? else {
        return Ok(StatusCode::NO_CONTENT.into_response());
    };
    let Some(seat) = live.seat(session_id) else {
        return Ok(StatusCode::SERVICE_UNAVAILABLE.into_response());
    };
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let watcher = Watcher {
        services: request.services.clone(),
        actor: request.actor.clone(),
        metered,
        said: None,
        next: Some(reading),
        who: (session_id, person_id, org_id),
        ticks,
        until: Instant::now() + LIFETIME,
        stop: live.stop.clone(),
        _seat: seat,
    };
    let headers = [UNBUFFERED, (header::CACHE_CONTROL, HeaderValue::from_static("no-store"))];
    Ok((headers, Sse::new(watcher.events()).keep_alive(KeepAlive::default())).into_response())
}

/// One stream.
struct Watcher {
    services: Services,
    actor: Actor,
    metered: Metered,
    /// What was sent last.
    said: Option<Reading>,
    /// Read and not looked at yet.
    next: Option<Reading>,
    who: (SessionId, PersonId, OrgId),
    ticks: Interval,
    until: Instant,
    stop: watch::Receiver<bool>,
    _seat: Seat,
}

impl Watcher {
    fn events(self) -> impl Stream<Item = std::result::Result<Event, Infallible>> {
        stream::unfold(self, async |mut watcher| {
            let event = watcher.event().await?;
            Some((Ok(event), watcher))
        })
    }

    /// The next event; nothing once the stream is over.
    async fn event(&mut self) -> Option<Event> {
        loop {
            if let Some(reading) = self.next.take()
                && self.said.as_ref() != Some(&reading)
            {
                let event = written(&reading);
                self.said = Some(reading);
                return event;
            }
            tokio::select! {
                () = stopped(&mut self.stop) => return None,
                _ = self.ticks.tick() => {}
            }
            if Instant::now() >= self.until {
                return None;
            }
            self.next = match self.read().await {
                Ok(reading) => Some(reading?),
                Err(Error::Refused(_)) => return None,
                Err(error @ Error::Fault { .. }) => {
                    refused::log_fault(&error, self.actor.request_id);
                    return None;
                }
            };
        }
    }

    /// Reads again, as whoever the person is by now.
    async fn read(&mut self) -> Result<Option<Reading>> {
        let (session_id, person_id, org_id) = self.who;
        if !sessions::is_live(&self.services, person_id, session_id).await? {
            return Ok(None);
        }
        let member = identity::member_of(&self.services.pool, person_id, org_id).await?;
        let Some(member) = member else { return Ok(None) };
        self.actor.who = Who::Member(member);
        self.metered.read(&self.services, &self.actor).await
    }
}

fn written(reading: &Reading) -> Option<Event> {
    let figures: HashMap<&str, &str> =
        reading.iter().map(|(name, text)| (*name, text.as_str())).collect();
    Event::default().json_data(figures).ok()
}

async fn stopped(stop: &mut watch::Receiver<bool>) {
    // Whoever could say so is gone: nobody will.
    if stop.wait_for(|stop| *stop).await.is_err() {
        std::future::pending::<()>().await;
    }
}

#[cfg(test)]
mod tests {
    use imprimatur::services::mint;

    use super::*;

    #[test]
    fn seats_are_given_back_and_nobody_takes_them_all() {
        let live = Live::new(watch::channel(false).1);
        let session_id = mint();
        let mut taken: Vec<Seat> = std::iter::from_fn(|| live.seat(session_id)).collect();
        assert_eq!(taken.len(), SEATS_PER_SESSION);
        taken.pop();
        assert!(live.seat(session_id).is_some());
        drop(taken);
        let all: Vec<Seat> = std::iter::from_fn(|| live.seat(mint())).collect();
        assert_eq!(all.len(), SEATS);
        drop(all);
        assert!(live.seats.lock().unwrap().is_empty());
    }
}
