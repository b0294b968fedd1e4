//! Sessions on a real database: how long they live, whose they are, how they end.

use std::time::Duration;

use super::*;
use crate::{
    domain::{actor::Who, identity::ProvenIdentity},
    services::{identity, testing},
};

const DAY: u64 = 24 * 3600;

async fn person(services: &Services, subject: &str) -> Actor {
    let proven = ProvenIdentity::new("https://id.example", subject, Some(subject), None).unwrap();
    let visitor = Actor { who: Who::Visitor, request_id: mint() };
    let person = identity::sign_in(services, &visitor, proven).await.unwrap();
    Actor { who: Who::Person(person.person_id), request_id: mint() }
}

fn record(data: &[(&str, Value)]) -> Record {
    let data = data.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect();
    Record { id: Id::default(), data, expiry_date: OffsetDateTime::UNIX_EPOCH }
}

async fn signed_in(services: &Services, actor: &Actor) -> Record {
    let mut record = record(&[
        (PERSON_KEY, json!(actor.person_id())),
        (USER_AGENT_KEY, json!("Mozilla/5.0 (X11; Linux) Firefox/140\n")),
        ("org_id", json!("kept")),
    ]);
    PostgresSessions::new(services).create(&mut record).await.unwrap();
    record
}

async fn id_of(store: &PostgresSessions, record: &Record) -> Option<SessionId> {
    let loaded = store.load(&record.id).await.unwrap()?;
    loaded.data[SESSION_KEY].as_str().unwrap().parse().ok()
}

#[sqlx::test]
async fn a_session_reads_back_and_its_secret_is_not_kept(pool: PgPool) {
    let (services, _) = testing::services(pool);
    let store = PostgresSessions::new(&services);
    let mira = person(&services, "mira").await;
    let record = signed_in(&services, &mira).await;
    let loaded = store.load(&record.id).await.unwrap().unwrap();
    assert_eq!(loaded.data[PERSON_KEY], json!(mira.person_id()));
    assert_eq!(loaded.data["org_id"], json!("kept"));
    assert!(store.load(&Id::default()).await.unwrap().is_none());
    let kept =
        sqlx::query_scalar!(r#"select string_agg(session::text, '') as "all!" from session"#)
            .fetch_one(&services.pool)
            .await
            .unwrap();
    assert!(!kept.contains(&record.id.to_string()));
}

#[sqlx::test]
async fn a_session_ends_after_two_quiet_weeks(pool: PgPool) {
    let (services, clock) = testing::services(pool);
    let store = PostgresSessions::new(&services);
    let mira = person(&services, "mira").await;
    let record = signed_in(&services, &mira).await;
    clock.advance(Duration::from_secs(14 * DAY - 1));
    assert!(id_of(&store, &record).await.is_some());
    clock.advance(Duration::from_secs(14 * DAY - 1));
    assert!(id_of(&store, &record).await.is_some());
    assert_eq!(sweep(&services).await.unwrap(), 0);
    clock.advance(Duration::from_secs(14 * DAY));
    assert!(id_of(&store, &record).await.is_none());
    assert_eq!(list(&services, &mira, None).await.unwrap(), []);
    assert_eq!(sweep(&services).await.unwrap(), 1);
}

#[sqlx::test]
async fn a_session_ends_after_ninety_days_however_busy(pool: PgPool) {
    let (services, clock) = testing::services(pool);
    let store = PostgresSessions::new(&services);
    let record = signed_in(&services, &person(&services, "mira").await).await;
    for _ in 0..8 {
        clock.advance(Duration::from_secs(11 * DAY));
        assert!(id_of(&store, &record).await.is_some());
    }
    clock.advance(Duration::from_secs(2 * DAY));
    assert!(id_of(&store, &record).await.is_none());
}

#[sqlx::test]
async fn being_seen_is_written_once_a_minute(pool: PgPool) {
    let (services, clock) = testing::services(pool);
    let store = PostgresSessions::new(&services);
    let mira = person(&services, "mira").await;
    let record = signed_in(&services, &mira).await;
    let began = services.now();
    for (seconds, seen) in [(59, 0), (1, 60), (59, 60), (1, 120)] {
        clock.advance(Duration::from_secs(seconds));
        id_of(&store, &record).await.unwrap();
        let rows = list(&services, &mira, None).await.unwrap();
        assert_eq!((rows[0].last_seen_at - began).num_seconds(), seen);
    }
}

#[sqlx::test]
async fn a_browser_that_has_not_signed_in_is_forgotten_within_the_hour(pool: PgPool) {
    let (services, clock) = testing::services(pool);
    let store = PostgresSessions::new(&services);
    let mut visitor = record(&[("sign_in", json!({ "state": "x" }))]);
    store.create(&mut visitor).await.unwrap();
    clock.advance(Duration::from_secs(3599));
    assert!(id_of(&store, &visitor).await.is_some());
    clock.advance(Duration::from_secs(1));
    assert!(id_of(&store, &visitor).await.is_none());
}

#[sqlx::test]
async fn a_person_revokes_their_own_sessions_only(pool: PgPool) {
    let (services, clock) = testing::services(pool);
    let store = PostgresSessions::new(&services);
    let (mira, theo) = (person(&services, "mira").await, person(&services, "theo").await);
    let first = signed_in(&services, &mira).await;
    clock.advance(Duration::from_secs(5));
    let (second, third) = (signed_in(&services, &mira).await, signed_in(&services, &mira).await);
    let foreign = signed_in(&services, &theo).await;
    let ids = [&first, &second, &third, &foreign];
    let mut session_ids = Vec::new();
    for record in ids {
        session_ids.push(id_of(&store, record).await.unwrap());
    }

    let rows = list(&services, &mira, Some(session_ids[0])).await.unwrap();
    assert_eq!(rows.len(), 3);
    assert_eq!((rows[0].session_id, rows[0].current), (session_ids[0], true));
    assert_eq!(rows[0].browser, "Firefox on Linux");
    assert!(!rows[1].current && !rows[2].current);

    let not_mine = revoke(&services, &mira, session_ids[3]).await.unwrap_err();
    assert_eq!(not_mine.refusal().unwrap().code, "not_found");
    revoke(&services, &mira, session_ids[1]).await.unwrap();
    assert!(id_of(&store, &second).await.is_none());
    // A request that was under way when it was revoked does not bring it back.
    store.save(&second).await.unwrap();
    assert!(id_of(&store, &second).await.is_none());

    assert_eq!(revoke_all_others(&services, &mira, session_ids[0]).await.unwrap(), 1);
    assert!(id_of(&store, &first).await.is_some());
    assert!(id_of(&store, &third).await.is_none());
    assert!(id_of(&store, &foreign).await.is_some());
    let visitor = Actor { who: Who::Visitor, request_id: mint() };
    assert!(list(&services, &visitor, None).await.is_err());
}

#[sqlx::test]
async fn a_session_never_changes_hands(pool: PgPool) {
    let (services, _) = testing::services(pool);
    let store = PostgresSessions::new(&services);
    let (mira, theo) = (person(&services, "mira").await, person(&services, "theo").await);
    let mut record = signed_in(&services, &mira).await;
    record.data.insert(PERSON_KEY.to_owned(), json!(theo.person_id()));
    record.data.insert("note".to_owned(), json!("new"));
    store.save(&record).await.unwrap();
    let loaded = store.load(&record.id).await.unwrap().unwrap();
    assert_eq!(loaded.data[PERSON_KEY], json!(mira.person_id()));
    assert_eq!(loaded.data["note"], json!("new"));
}
