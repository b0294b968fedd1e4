//! What a session is worth: when it begins and ends, for whom, and what it never gives away.

use std::{
    io::Write,
    sync::{Arc, Mutex},
};

use imprimatur::{
    domain::actor::{Actor, Role, Who},
    services::{identity, mint, sessions},
};
use sqlx::PgPool;
use tracing::instrument::WithSubscriber as _;

use crate::stage::{SECRET, secret_of, stage, stage_at};

#[sqlx::test(migrator = "imprimatur::MIGRATOR")]
async fn the_session_changes_with_the_sign_in(pool: PgPool) {
    let stage = stage(pool).await;
    let mut browser = stage.browser();
    let authorize = stage.start(&mut browser, "").await;
    let planted = browser.cookie.clone();
    let back = stage.choose(&authorize, ("subject", "mira")).await;
    browser.get(&back).await;
    assert_ne!(browser.cookie, planted);
    let signed_in = browser.cookie.clone();
    let mut fixed = stage.browser();
    fixed.cookie = planted;
    assert_eq!(fixed.get("/whoami").await.body, "Visitor");

    // And again with the next one: the session before ends.
    stage.sign_in(&mut browser, "theo", "").await;
    let mut old = stage.browser();
    old.cookie = signed_in;
    assert_eq!(old.get("/whoami").await.body, "Visitor");
    assert!(browser.get("/whoami").await.body.starts_with("Person("));
}

#[sqlx::test(migrator = "imprimatur::MIGRATOR")]
async fn a_session_is_listed_and_revoked(pool: PgPool) {
    let stage = stage(pool).await;
    let (mut desk, mut phone) = (stage.browser(), stage.browser());
    stage.sign_in(&mut desk, "mira", "").await;
    stage.sign_in(&mut phone, "mira", "").await;
    let actor = stage.actor("mira").await;
    let current = desk.get("/session").await.body.parse().unwrap();
    let rows = sessions::list(&stage.services, &actor, Some(current)).await.unwrap();
    assert_eq!(rows.len(), 2);
    assert!(rows[0].current && rows[0].browser == "Firefox on Linux");
    sessions::revoke(&stage.services, &actor, rows[1].session_id).await.unwrap();
    assert_eq!(phone.get("/whoami").await.body, "Visitor");
    assert!(desk.get("/whoami").await.body.starts_with("Person("));
}

#[sqlx::test(migrator = "imprimatur::MIGRATOR")]
async fn whoever_is_removed_acts_for_the_organization_no_more(pool: PgPool) {
    let stage = stage(pool).await;
    let (mut owner, mut guest) = (stage.browser(), stage.browser());
    let org_id = stage.member(&mut owner, "mira").await;
    stage.sign_in(&mut guest, "theo", "").await;
    let form = [("org_id", org_id.to_string())];
    let form: Vec<_> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
    assert_eq!(guest.post("/auth/act-for", &form).await.status, 404);
    assert_eq!(stage.browser().post("/auth/act-for", &form).await.status, 401);
    for wrong in ["", "x", "01ARZ3NDEKTSV4RRFFQ69G5FAV"] {
        assert_eq!(guest.post("/auth/act-for", &[("org_id", wrong)]).await.status, 404);
    }
    assert_eq!(guest.post("/auth/act-for", &[]).await.status, 404);

    let actor = stage.actor("mira").await;
    let member = identity::act_for(&stage.services, &actor, org_id).await.unwrap();
    let owner_actor = Actor { who: Who::Member(member), ..actor };
    let invite = identity::Invite { invitation_id: mint(), role: Role::Viewer };
    let link = identity::invite(&stage.services, &owner_actor, invite).await.unwrap();
    let theo = stage.actor("theo").await;
    let code = link.code.unwrap().reveal();
    identity::accept_invitation(&stage.services, &theo, &code).await.unwrap();
    assert_eq!(guest.post("/auth/act-for", &form).await.status, 303);
    assert!(guest.get("/whoami").await.body.contains("Viewer"));
    let theo_id = theo.person_id().unwrap();
    identity::remove_member(&stage.services, &owner_actor, theo_id).await.unwrap();
    assert!(guest.get("/whoami").await.body.starts_with("Person("));
}

#[sqlx::test(migrator = "imprimatur::MIGRATOR")]
async fn a_forged_cookie_is_a_visitor(pool: PgPool) {
    let stage = stage(pool).await;
    let mut browser = stage.browser();
    for value in ["", "x", "AAAAAAAAAAAAAAAAAAAAAA", "%00", "' or 1=1 --", &"x".repeat(4000)] {
        browser.cookie = Some(format!("session={value}"));
        let answer = browser.get("/whoami").await;
        assert_eq!((answer.status.as_u16(), answer.body.as_str()), (200, "Visitor"), "{value:?}");
    }
}

#[sqlx::test(migrator = "imprimatur::MIGRATOR")]
async fn another_site_changes_nothing(pool: PgPool) {
    let stage = stage(pool).await;
    let mut browser = stage.browser();
    stage.sign_in(&mut browser, "mira", "").await;
    for path in ["/auth/sign-out", "/auth/start/sandbox", "/auth/act-for"] {
        for site in ["cross-site", "same-site"] {
            let refused = browser.post_from(site, path, &[]).await;
            assert_eq!(refused.status, 403, "{site} {path}");
            assert!(refused.body.contains("came from another site"));
        }
    }
    assert!(browser.get("/whoami").await.body.starts_with("Person("));
    assert_eq!(browser.get("/auth/sign-out").await.status, 405, "a link signs nobody out");
}

#[sqlx::test(migrator = "imprimatur::MIGRATOR")]
async fn the_cookie_is_as_narrow_as_the_address_allows(pool: PgPool) {
    let plain = stage(pool.clone()).await;
    let set = plain.browser().post("/auth/start/sandbox", &[]).await;
    let set = set.headers["set-cookie"].to_str().unwrap().to_owned();
    assert!(set.starts_with("session=") && !set.contains("Secure"), "{set}");
    let secure = stage_at(pool, "https://portal.test").await;
    let set = secure.browser().post("/auth/start/sandbox", &[]).await;
    let set = set.headers["set-cookie"].to_str().unwrap().to_owned();
    assert!(set.starts_with("__Host-session=") && set.contains("Secure"), "{set}");
    for part in ["HttpOnly", "SameSite=Lax", "Path=/"] {
        assert!(set.contains(part), "{set}");
    }
    assert!(!set.contains("Domain"), "{set}");
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[sqlx::test(migrator = "imprimatur::MIGRATOR")]
async fn no_secret_is_logged_or_kept(pool: PgPool) {
    let stage = stage(pool).await;
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || writer.clone())
        .finish();
    let mut browser = stage.browser();
    let (code, state) = async {
        let authorize = stage.start(&mut browser, "").await;
        let back = stage.choose(&authorize, ("subject", "mira")).await;
        assert_eq!(browser.get(&back).await.status, 303);
        assert_eq!(browser.get(&back).await.status, 400);
        browser.get("/whoami").await;
        let part =
            |name: &str| back.split(name).nth(1).unwrap().split('&').next().unwrap().to_owned();
        (part("code="), part("state="))
    }
    .with_subscriber(subscriber)
    .await;
    let logged = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(logged.contains("request.id"), "the log was caught");
    let dumped = stage.dump().await;
    for secret in [SECRET, &secret_of(&browser), &code, &state] {
        assert!(!dumped.contains(secret), "{secret} is in the database");
        let line = logged.lines().find(|line| line.contains(secret));
        assert_eq!(line, None, "{secret} is in the log");
    }
}
