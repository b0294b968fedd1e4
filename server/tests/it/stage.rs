//! Where the tests of signing in play: a portal, and a real authorization server on loopback.

use std::sync::Arc;

use axum::{Extension, Router, routing::get};
use chrono::{DateTime, Utc};
use imprimatur::{
    domain::{
        actor::{Actor, Who},
        ids::{OrgId, RequestId},
    },
    services::{Clock, Services, content::ContentStore, identity, mint},
};
use object_store::memory::InMemory;
use server::{
    sandbox::authorization_server::{AuthorizationServer, SandboxClient, SandboxPerson},
    session::{self, CurrentSession},
    sign_in::{self, ProviderConfig, ProviderKind, Providers, SignIn},
};
use sqlx::PgPool;
use url::Url;

use crate::browser::{Answer, Browser};

pub const SECRET: &str = "the-clients-secret";
pub const CALLBACK: &str = "/auth/callback/sandbox";

struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> DateTime<Utc> {
        DateTime::from_timestamp_micros(Utc::now().timestamp_micros()).unwrap()
    }
}

/// The portal, its services, and an authorization server beside it.
pub struct Stage {
    pub services: Services,
    pub portal: Router,
    pub issuer: String,
    pub http: reqwest::Client,
}

pub async fn stage(pool: PgPool) -> Stage {
    stage_at(pool, "http://portal.test").await
}

pub async fn stage_at(pool: PgPool, base_url: &str) -> Stage {
    let services = Services {
        pool,
        clock: Arc::new(SystemClock),
        content: ContentStore::new(Arc::new(InMemory::new()), 1024),
        live: false,
    };
    let base_url = Url::parse(base_url).unwrap();
    let client = SandboxClient {
        client_id: "imprimatur".to_owned(),
        client_secret: SECRET.to_owned(),
        redirect_uris: vec![base_url.join(CALLBACK).unwrap().into()],
    };
    let person = |subject: &str, name: &str| SandboxPerson {
        subject: subject.to_owned(),
        name: name.to_owned(),
        email: format!("{subject}@example.com"),
        about: "Somebody <b>of the tests".to_owned(),
    };
    let people = vec![person("mira", "Mira Okonjo"), person("theo", "Theo Lindqvist")];
    let server = AuthorizationServer::bind(0, client, people).await.unwrap();
    let issuer = server.issuer().to_owned();
    tokio::spawn(server.serve(std::future::pending()));
    let portal = portal(&services, &base_url, ProviderKind::Oidc { issuer: issuer.clone() });
    let http = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .build()
        .unwrap();
    Stage { services, portal, issuer, http }
}

/// A portal with one provider of this kind.
pub fn portal(services: &Services, base_url: &Url, kind: ProviderKind) -> Router {
    let providers = Providers::new(vec![ProviderConfig {
        key: "sandbox".to_owned(),
        label: "Sandbox".to_owned(),
        kind,
        client_id: "imprimatur".to_owned(),
        client_secret: SECRET.to_owned(),
    }])
    .unwrap();
    let base_url = base_url.clone();
    let sign_in = SignIn { services: services.clone(), providers, base_url: base_url.clone() };
    let router = Router::new()
        .merge(sign_in::routes(sign_in))
        .route("/whoami", get(|actor: Extension<Actor>| async move { format!("{:?}", actor.who) }))
        .route(
            "/session",
            get(|current: Extension<CurrentSession>| async move { current.0.0.to_string() }),
        );
    session::portal(router, services, &base_url)
}

impl Stage {
    pub fn browser(&self) -> Browser {
        Browser::new(self.portal.clone())
    }

    /// Starts at the portal and answers with the provider's own address.
    pub async fn start(&self, browser: &mut Browser, next: &str) -> Url {
        let started = browser.post("/auth/start/sandbox", &[("next", next)]).await;
        assert_eq!(started.status, 303, "{}", started.body);
        assert!(started.location().starts_with(&self.issuer), "{}", started.location());
        Url::parse(started.location()).unwrap()
    }

    /// Presses a button at the provider; answers with path and query it sends the browser to.
    pub async fn choose(&self, authorize: &Url, button: (&str, &str)) -> String {
        let mut form: Vec<(String, String)> = authorize.query_pairs().into_owned().collect();
        form.push((button.0.to_owned(), button.1.to_owned()));
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let answer = self
            .http
            .post(authorize.as_str().split('?').next().unwrap())
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body)
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), 303);
        let location = Url::parse(answer.headers()["location"].to_str().unwrap()).unwrap();
        format!("{}?{}", location.path(), location.query().unwrap())
    }

    pub async fn sign_in(&self, browser: &mut Browser, subject: &str, next: &str) -> Answer {
        let authorize = self.start(browser, next).await;
        let back = self.choose(&authorize, ("subject", subject)).await;
        browser.get(&back).await
    }

    /// Signs in, founds an organization, and signs in again to act for it.
    pub async fn member(&self, browser: &mut Browser, subject: &str) -> OrgId {
        self.sign_in(browser, subject, "").await;
        let actor = self.actor(subject).await;
        let new = identity::NewOrganization {
            org_id: mint(),
            name: subject.to_owned(),
            creator: true,
            buyer: true,
            person_name: None,
        };
        let org_id =
            identity::found_organization(&self.services, &actor, new).await.unwrap().org_id;
        let switched =
            browser.post("/auth/act-for", &[("org_id", &org_id.to_string()), ("next", "/a")]).await;
        assert_eq!((switched.status.as_u16(), switched.location()), (303, "/a"));
        org_id
    }

    pub async fn actor(&self, subject: &str) -> Actor {
        let request_id: RequestId = mint();
        let visitor = Actor { who: Who::Visitor, request_id };
        let proven = imprimatur::domain::identity::ProvenIdentity::new(
            &self.issuer,
            subject,
            Some(subject),
            None,
        );
        let person = identity::sign_in(&self.services, &visitor, proven.unwrap()).await.unwrap();
        Actor { who: Who::Person(person.person_id), request_id }
    }

    pub async fn dump(&self) -> String {
        sqlx::query_scalar!(
            r#"select concat((select string_agg(session::text, '') from session),
                             (select string_agg(event::text, '') from event),
                             (select string_agg(person::text, '') from person)) as "all!""#
        )
        .fetch_one(&self.services.pool)
        .await
        .unwrap()
    }
}

pub fn secret_of(browser: &Browser) -> String {
    browser.cookie.as_deref().unwrap().split_once('=').unwrap().1.to_owned()
}
