//! Somebody in front of the portal and the gate, and what they do there.
//!
//! Every deed loads the page first, takes from its form what a browser would, and sends it back.

mod forms;

use std::time::Duration;

use axum::{
    body::Body,
    http::{Request, header},
};
use imprimatur::{
    domain::{
        actor::{Actor, Role, Who},
        asset::ContentId,
        ids::{AssetId, LicenseId, OrgId, PersonId, ReceiptId, TokenId},
        receipt,
    },
    services::{Services, identity, mint},
};

use url::{Url, form_urlencoded};

pub use self::forms::*;
use crate::browser::{Answer, Browser};

pub const BOUNDARY: &str = "----a-boundary-of-the-tests";

/// Somebody, signed in or not.
#[derive(Clone)]
pub struct Visitor {
    pub browser: Browser,
    pub person_id: Option<PersonId>,
    pub org_id: Option<OrgId>,
    services: Services,
}

/// A token, as its one showing gave it.
#[derive(Clone, Debug)]
pub struct Held {
    pub token_id: TokenId,
    pub secret: String,
}

impl Visitor {
    pub fn new(browser: Browser, services: Services) -> Self {
        Self { browser, person_id: None, org_id: None, services }
    }

    /// Who they are to a service.
    pub async fn actor(&self) -> Actor {
        let who = match (self.person_id, self.org_id) {
            (None, _) => Who::Visitor,
            (Some(person_id), None) => Who::Person(person_id),
            (Some(person_id), Some(org_id)) => {
                let member = identity::member_of(&self.services.pool, person_id, org_id).await;
                Who::Member(member.unwrap().unwrap())
            }
        };
        Actor { who, request_id: mint() }
    }

    /// Loads a page that must be there.
    pub async fn open(&mut self, path: &str) -> String {
        let answer = self.browser.get(path).await;
        let page = shown(&answer.body);
        assert_eq!(answer.status, 200, "{path}: {page}");
        page
    }

    pub async fn post(&mut self, path: &str, form: &[(&str, &str)]) -> Answer {
        self.browser.post(path, form).await
    }

    /// Goes to the provider and back, as a browser does; answers with where it lands.
    pub async fn sign_in(&mut self, issuer: &str, subject: &str, next: &str) -> String {
        let started = self.post("/auth/start/oidc", &[("next", next)]).await;
        assert_eq!(started.status, 303, "{}", started.body);
        assert!(started.location().starts_with(issuer));
        let authorize = Url::parse(started.location()).unwrap();
        let mut form: Vec<(String, String)> = authorize.query_pairs().into_owned().collect();
        form.push(("subject".to_owned(), subject.to_owned()));
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let stay = reqwest::redirect::Policy::none();
        let chosen = reqwest::Client::builder()
            .redirect(stay)
            .no_proxy()
            .build()
            .unwrap()
            .post(authorize.as_str().split('?').next().unwrap())
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body)
            .send()
            .await
            .unwrap();
        let back = Url::parse(chosen.headers()["location"].to_str().unwrap()).unwrap();
        let callback = format!("{}?{}", back.path(), back.query().unwrap());
        let arrived = self.browser.get(&callback).await;
        assert_eq!(arrived.status, 303, "{}", arrived.body);
        arrived.location().to_owned()
    }

    /// Founds an organization and acts for it from then on.
    pub async fn found(&mut self, name: &str, sides: &[&str]) -> OrgId {
        self.found_at("/welcome", "/overview", name, sides).await
    }

    /// Founds an organization on the way from one page to another.
    pub async fn found_at(&mut self, path: &str, next: &str, name: &str, sides: &[&str]) -> OrgId {
        let page = self.open(path).await;
        let id = input(&page, "id");
        let person_name = inputs(&page, "person_name");
        let mut form = vec![("id", id.as_str()), ("name", name)];
        form.extend(person_name.iter().map(|name| ("person_name", name.as_str())));
        form.extend(sides.iter().map(|side| ("sides", *side)));
        let answer = self.post(path, &form).await;
        assert_eq!((answer.status.as_u16(), answer.location()), (303, next));
        let org_id = id.parse().unwrap();
        self.org_id = Some(org_id);
        org_id
    }

    /// Makes an invitation; answers with the code in its link.
    pub async fn invite(&mut self, role: Role) -> String {
        let id = input(&self.open("/settings/members").await, "id");
        let form = [("form", "invite"), ("id", &id), ("role", role.as_str())];
        let made = self.post("/settings/members", &form).await;
        assert_eq!(made.status, 200, "{}", shown(&made.body));
        between(&shown(&made.body), "/join/", "<").to_owned()
    }

    pub async fn join(&mut self, code: &str) {
        let joined = self.post(&format!("/join/{code}"), &[]).await;
        assert_eq!((joined.status.as_u16(), joined.location()), (303, "/overview"));
    }

    /// Registers a text.
    pub async fn register(&mut self, title: &str, text: &str) -> AssetId {
        let id = input(&self.open("/assets/new").await, "id");
        let answer = self.upload(&work(&id, title), Some(("work.txt", text.as_bytes()))).await;
        assert_eq!(answer.status, 303, "{}", shown(&answer.body));
        assert_eq!(answer.location(), format!("/assets/{id}"));
        id.parse().unwrap()
    }

    /// Sends the form that registers works.
    pub async fn upload(&mut self, fields: &[(&str, &str)], file: Option<(&str, &[u8])>) -> Answer {
        self.send("/assets/new", &multipart_type(), multipart(fields, file)).await
    }

    /// Posts any body from a page of the portal.
    pub async fn send(&mut self, path: &str, media_type: &str, body: Vec<u8>) -> Answer {
        let request = Request::post(path)
            .header("sec-fetch-site", "same-origin")
            .header(header::CONTENT_TYPE, media_type);
        self.browser.send(request.body(Body::from(body)).unwrap()).await
    }

    /// Publishes an offer for training: free previews, and a paid tier.
    pub async fn publish_offer(&mut self, asset_id: AssetId) {
        self.publish_offer_as(asset_id, "training").await;
    }

    /// Publishes an offer under a template.
    pub async fn publish_offer_as(&mut self, asset_id: AssetId, template: &str) {
        self.publish_offer_with(asset_id, &[("terms", template)]).await;
    }

    /// Publishes an offer with these fields filled in otherwise.
    pub async fn publish_offer_with(&mut self, asset_id: AssetId, changes: &[(&str, &str)]) {
        let path = format!("/assets/{asset_id}/offer");
        let id = input(&self.open(&path).await, "id");
        let answer = self.post(&path, &with(&offer(&id), changes)).await;
        assert_eq!(answer.status, 303, "{}", shown(&answer.body));
        assert_eq!(answer.location(), format!("/assets/{asset_id}"));
    }

    /// What the form of acceptance holds: license id, terms digest, and a tier's id.
    pub async fn acceptance(&mut self, asset_id: AssetId, tier: Tier) -> Vec<(String, String)> {
        let page = self.open(&format!("/catalogue/{asset_id}/license")).await;
        let tiers: Vec<String> = inputs(&page, "tier");
        assert_eq!(tiers.len(), 2, "{page}");
        let tier = match tier {
            Tier::Free => &tiers[0],
            Tier::Paid => &tiers[1],
        };
        [
            ("id", input(&page, "id")),
            ("tier", tier.clone()),
            ("terms_digest", input(&page, "terms_digest")),
            ("agreed", "yes".to_owned()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .to_vec()
    }

    /// Accepts an offer.
    pub async fn accept(&mut self, asset_id: AssetId, tier: Tier) -> LicenseId {
        let form = self.acceptance(asset_id, tier).await;
        let path = format!("/catalogue/{asset_id}/license");
        let answer = self.post(&path, &pairs(&form)).await;
        assert_eq!(answer.status, 303, "{}", shown(&answer.body));
        let license_id = answer.location().strip_prefix("/licenses/").unwrap();
        assert_eq!(license_id, form[0].1);
        license_id.parse().unwrap()
    }

    /// Creates a token for everything the license grants.
    pub async fn create_token(&mut self, license_id: LicenseId) -> Held {
        let path = format!("/licenses/{license_id}/tokens/new");
        let page = self.open(&path).await;
        let (id, scopes) = (input(&page, "id"), inputs(&page, "scopes"));
        let mut form = vec![("id", id.as_str()), ("name", "nightly crawl"), ("expires", "90")];
        form.extend(scopes.iter().map(|scope| ("scopes", scope.as_str())));
        let answer = self.post(&path, &form).await;
        assert_eq!(answer.status, 200, "{}", shown(&answer.body));
        let secret = between(&shown(&answer.body), "secret__value\">", "<").to_owned();
        Held { token_id: id.parse().unwrap(), secret }
    }

    pub async fn revoke_token(&mut self, license_id: LicenseId, token_id: TokenId) {
        let path = format!("/licenses/{license_id}");
        let token_id = token_id.to_string();
        let answer = self.post(&path, &[("form", "revoke"), ("token_id", &token_id)]).await;
        let said = format!("{path}?done=revoked");
        assert_eq!((answer.status.as_u16(), answer.location()), (303, said.as_str()));
    }

    /// Asks the gate as a machine does. What it delivers is in the books afterwards.
    pub async fn fetch(&self, content_id: &ContentId, secret: &str) -> Answer {
        let bearer = format!("Bearer {secret}");
        let answer = self.ask_gate(&format!("/c/{content_id}"), Some(&bearer)).await;
        if let Some(jws) = answer.headers.get("imprimatur-receipt") {
            let (_, receipt) = receipt::stated(jws.to_str().unwrap()).unwrap();
            self.booked(receipt.receipt_id).await;
        }
        answer
    }

    async fn booked(&self, receipt_id: ReceiptId) {
        let asking = async {
            loop {
                let found =
                    sqlx::query_scalar("select exists (select from receipt where receipt_id = $1)");
                if found.bind(receipt_id.uuid()).fetch_one(&self.services.pool).await.unwrap() {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let booked = tokio::time::timeout(Duration::from_secs(10), asking).await;
        assert!(booked.is_ok(), "receipt {receipt_id} never came into the books");
    }

    /// Asks for any path with these credentials and no cookie.
    pub async fn ask_gate(&self, path: &str, authorization: Option<&str>) -> Answer {
        let mut machine = self.browser.clone();
        machine.cookie = None;
        let mut request = Request::get(path);
        if let Some(authorization) = authorization {
            request = request.header(header::AUTHORIZATION, authorization);
        }
        machine.send(request.body(Body::empty()).unwrap()).await
    }

    /// Fetches until the gate, which learns of changes within a second, answers with this status.
    pub async fn fetch_until(&self, content_id: &ContentId, secret: &str, status: u16) -> Answer {
        let asking = async {
            loop {
                let answer = self.fetch(content_id, secret).await;
                if answer.status.as_u16() == status {
                    return answer;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        let answer = tokio::time::timeout(Duration::from_secs(5), asking).await;
        answer.unwrap_or_else(|_| panic!("the gate never answered {status}"))
    }
}
