//! Signing in through a real authorization server, and everything that must not work.

use server::sign_in::ProviderKind;
use sqlx::PgPool;
use url::Url;

use crate::{
    browser::Browser,
    stage::{CALLBACK, portal, stage},
};

#[sqlx::test(migrator = "imprimatur::MIGRATOR")]
async fn a_person_signs_in_founds_an_organization_and_signs_out(pool: PgPool) {
    let stage = stage(pool).await;
    let mut browser = stage.browser();
    let before = browser.get("/whoami").await;
    assert_eq!(before.body, "Visitor");
    assert!(browser.cookie.is_none(), "a visitor gets no cookie");
    assert_eq!(before.headers["x-request-id"].len(), 26);

    let answer = stage.sign_in(&mut browser, "mira", "/works").await;
    assert_eq!((answer.status.as_u16(), answer.location()), (303, "/welcome?next=%2Fworks"));
    assert!(browser.get("/whoami").await.body.starts_with("Person("));
    let org_id = stage.member(&mut browser, "mira").await;
    assert!(browser.get("/whoami").await.body.contains(&org_id.to_string()));

    // The next time it goes straight on, for the organization acted for last.
    let mut other = stage.browser();
    let answer = stage.sign_in(&mut other, "mira", "/works").await;
    assert_eq!(answer.location(), "/works");
    assert!(other.get("/whoami").await.body.contains(&org_id.to_string()));

    let kept = browser.cookie.clone();
    let out = browser.post("/auth/sign-out", &[]).await;
    assert_eq!((out.status.as_u16(), out.location()), (303, "/"));
    assert_eq!(browser.cookie, None, "the cookie is taken back");
    browser.cookie = kept;
    assert_eq!(browser.get("/whoami").await.body, "Visitor", "a kept cookie is worth nothing");
    assert_eq!(browser.post("/auth/sign-out", &[]).await.status, 303);
    assert!(other.get("/whoami").await.body.contains(&org_id.to_string()));
}

#[sqlx::test(migrator = "imprimatur::MIGRATOR")]
async fn the_page_of_the_provider_lists_people_and_takes_newcomers(pool: PgPool) {
    let stage = stage(pool).await;
    let mut browser = stage.browser();
    let authorize = stage.start(&mut browser, "").await;
    let page = stage.http.get(authorize.clone()).send().await.unwrap();
    assert_eq!(page.status(), 200);
    let page = page.text().await.unwrap();
    assert!(page.contains("Mira Okonjo") && page.contains("Theo Lindqvist"));
    assert!(page.contains("Somebody &lt;b&gt;of the tests"), "text is escaped");
    let back = stage.choose(&authorize, ("name", "Zoë Nguyen")).await;
    assert_eq!(browser.get(&back).await.location(), "/welcome");
    assert!(stage.dump().await.contains("Zoë Nguyen"));
    let mut again = stage.browser();
    let authorize = stage.start(&mut again, "").await;
    let back = stage.choose(&authorize, ("name", " zoë nguyen ")).await;
    again.get(&back).await;
    assert_eq!(again.get("/whoami").await.body, browser.get("/whoami").await.body);
}

#[sqlx::test(migrator = "imprimatur::MIGRATOR")]
async fn an_answer_for_another_browser_or_another_attempt_is_refused(pool: PgPool) {
    let stage = stage(pool).await;
    let (mut victim, mut attacker) = (stage.browser(), stage.browser());
    let authorize = stage.start(&mut attacker, "").await;
    let back = stage.choose(&authorize, ("subject", "mira")).await;

    // A victim led to the attacker's answer does not end up in the attacker's account.
    let refused = victim.get(&back).await;
    assert_eq!(refused.status, 400);
    assert!(refused.body.contains("did not begin in this browser"), "{}", refused.body);
    assert!(refused.body.contains("href=\"/sign-in\""), "there is a way back");
    assert_eq!(victim.get("/whoami").await.body, "Visitor");

    stage.start(&mut victim, "").await;
    for wrong in ["state=x&code=y", "code=y", "state=x", "", "state=a&state=b", "state=%00"] {
        let refused = victim.get(&format!("{CALLBACK}?{wrong}")).await;
        assert_eq!(refused.status, 400, "{wrong}");
    }
    assert_eq!(victim.get("/auth/callback/unknown?state=x&code=y").await.status, 404);
    assert_eq!(victim.post("/auth/start/unknown", &[]).await.status, 404);

    // Its own attempt still works after all that, but not with another issuer's name on it.
    let foreign = back.replace("iss=http", "iss=https");
    assert_eq!(attacker.get(&foreign).await.status, 400);
    assert_eq!(attacker.get(&back).await.status, 400, "an attempt is over with its first answer");
    assert_eq!(stage.sign_in(&mut victim, "theo", "").await.status, 303);
}

#[sqlx::test(migrator = "imprimatur::MIGRATOR")]
async fn a_code_signs_in_once(pool: PgPool) {
    let stage = stage(pool).await;
    let mut browser = stage.browser();
    let authorize = stage.start(&mut browser, "").await;
    let back = stage.choose(&authorize, ("subject", "mira")).await;
    assert_eq!(browser.get(&back).await.status, 303);
    let replayed = browser.get(&back).await;
    assert_eq!(replayed.status, 400);
    assert!(browser.get("/whoami").await.body.starts_with("Person("), "nobody is signed out by it");

    // The same code inside a fresh attempt: the provider does not take it.
    let mut thief = stage.browser();
    let fresh = stage.start(&mut thief, "").await;
    let state = fresh.query_pairs().find(|(name, _)| name == "state").unwrap().1.into_owned();
    let code = back.split("code=").nth(1).unwrap().split('&').next().unwrap().to_owned();
    let refused = thief.get(&format!("{CALLBACK}?code={code}&state={state}")).await;
    assert_eq!(refused.status, 400);
    assert!(refused.body.contains("did not accept this sign-in"), "{}", refused.body);
    assert_eq!(thief.get("/whoami").await.body, "Visitor");
}

#[sqlx::test(migrator = "imprimatur::MIGRATOR")]
async fn a_code_stolen_on_its_way_needs_the_verifier(pool: PgPool) {
    let stage = stage(pool).await;
    let (mut victim, mut thief) = (stage.browser(), stage.browser());
    let authorize = stage.start(&mut victim, "").await;
    let back = stage.choose(&authorize, ("subject", "mira")).await;
    let code = back.split("code=").nth(1).unwrap().split('&').next().unwrap().to_owned();
    let fresh = stage.start(&mut thief, "").await;
    let state = fresh.query_pairs().find(|(name, _)| name == "state").unwrap().1.into_owned();
    let refused = thief.get(&format!("{CALLBACK}?code={code}&state={state}")).await;
    assert_eq!(refused.status, 400);
    assert_eq!(thief.get("/whoami").await.body, "Visitor");
}

#[sqlx::test(migrator = "imprimatur::MIGRATOR")]
async fn whoever_cancels_at_the_provider_is_told_so(pool: PgPool) {
    let stage = stage(pool).await;
    let mut browser = stage.browser();
    let authorize = stage.start(&mut browser, "").await;
    let back = stage.choose(&authorize, ("deny", "1")).await;
    let refused = browser.get(&back).await;
    assert_eq!(refused.status, 403);
    assert!(refused.body.contains("You cancelled at Sandbox. Nothing has changed."));
    assert_eq!(browser.get("/whoami").await.body, "Visitor");
}

#[sqlx::test(migrator = "imprimatur::MIGRATOR")]
async fn a_provider_that_is_down_is_said_to_be(pool: PgPool) {
    let stage = stage(pool).await;
    let free = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let base_url = Url::parse("http://portal.test").unwrap();
    let portal =
        portal(&stage.services, &base_url, ProviderKind::Oidc { issuer: format!("http://{free}") });
    let answer = Browser::new(portal.clone()).post("/auth/start/sandbox", &[]).await;
    assert_eq!(answer.status, 503);
    assert!(answer.body.contains("Sandbox did not answer as it should"), "{}", answer.body);
    assert!(!answer.body.contains(&free.to_string()), "the inside stays inside");
}

#[sqlx::test(migrator = "imprimatur::MIGRATOR")]
async fn nobody_is_sent_to_another_site(pool: PgPool) {
    let stage = stage(pool).await;
    let mut browser = stage.browser();
    let org_id = stage.member(&mut browser, "mira").await.to_string();
    for next in
        ["//evil.example", "https://evil.example", "/\\evil.example", "/\t/evil.example", ""]
    {
        assert_eq!(
            stage.sign_in(&mut browser, "mira", next).await.location(),
            "/overview",
            "{next:?}"
        );
        let form = [("org_id", org_id.as_str()), ("next", next)];
        let switched = browser.post("/auth/act-for", &form).await;
        assert_eq!(switched.location(), "/overview", "{next:?}");
    }
    let back_at_a_door = stage.sign_in(&mut browser, "mira", "/auth/act-for").await;
    assert_eq!(back_at_a_door.location(), "/overview");
    assert_eq!(stage.sign_in(&mut browser, "mira", "/a?b=c#d").await.location(), "/a?b=c#d");
}
